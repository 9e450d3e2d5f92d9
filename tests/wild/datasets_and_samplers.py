import torch
from torch.utils.data import (BatchSampler, ChainDataset, ConcatDataset, DataLoader, Dataset, IterableDataset,
                              RandomSampler, Sampler, StackDataset, Subset, SubsetRandomSampler, TensorDataset,
                              WeightedRandomSampler, default_collate, get_worker_info, random_split)


class Squares(Dataset):
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        return {"x": torch.tensor([float(i)]), "y": i * i, "name": f"row {i}"}


class Stream(IterableDataset):
    def __init__(self, start, end):
        super().__init__()
        self.start, self.end = start, end

    def __iter__(self):
        info = get_worker_info()
        assert info is None
        for i in range(self.start, self.end):
            yield torch.tensor(i), float(i)


class EvenFirst(Sampler):
    def __init__(self, data_source):
        self.data_source = data_source

    def __iter__(self):
        n = len(self.data_source)
        return iter(list(range(0, n, 2)) + list(range(1, n, 2)))

    def __len__(self):
        return len(self.data_source)


def pad(batch):
    xs = [row["x"] for row in batch]
    return torch.cat(xs), default_collate([row["y"] for row in batch])


torch.manual_seed(0)
ds = Squares(7)
for batch in DataLoader(ds, batch_size=3, sampler=EvenFirst(ds)):
    print(batch)
for x, y in DataLoader(ds, batch_size=4, collate_fn=pad, shuffle=True):
    print(x, y)
for x, y in DataLoader(Stream(2, 9), batch_size=3):
    print(x, y)
for x, y in DataLoader(ChainDataset([Stream(0, 2), Stream(5, 6)]), batch_size=None):
    print(x, y)
both = ConcatDataset([TensorDataset(torch.arange(3)), TensorDataset(torch.arange(10, 14))])
print(len(both), both[4], both.cumulative_sizes, len(ds + ds))
for (x,) in DataLoader(both, 3, shuffle=True, generator=torch.Generator().manual_seed(3)):
    print(x)
for b in DataLoader(both, batch_sampler=BatchSampler(RandomSampler(both, replacement=True, num_samples=5), 2, False)):
    print(b)
w = WeightedRandomSampler([0.1, 0.8, 0.1], 6)
print(list(w), len(w))
train, val = random_split(ds, [0.7, 0.3])
print(train.indices, len(val))
loader = DataLoader(StackDataset(a=both, b=ds), batch_size=2, sampler=SubsetRandomSampler([1, 3, 5]))
print(len(loader), next(iter(loader)))
for i, batch in enumerate(DataLoader(Subset(ds, [6, 1]))):
    print(i, batch["y"], batch["name"])
