"""A siamese network that learns a distance from pairs, and then one from triplets."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader, ConcatDataset, WeightedRandomSampler


class PairDataset(Dataset):
    def __init__(self, data, labels, n_pairs, seed=0):
        self.data, self.labels = data, labels
        g = torch.Generator().manual_seed(seed)
        self.pairs = torch.randint(0, len(data), (n_pairs, 2), generator=g)

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, idx):
        i, j = self.pairs[idx].tolist()
        same = float(self.labels[i] == self.labels[j])
        return {"a": self.data[i], "b": self.data[j], "same": torch.tensor(same)}


class ContrastiveLoss(nn.Module):
    def __init__(self, margin=2.0):
        super(ContrastiveLoss, self).__init__()
        self.margin = margin

    def forward(self, output1, output2, label):
        euclidean_distance = F.pairwise_distance(output1, output2, keepdim=True).squeeze(1)
        loss = torch.mean(label * torch.pow(euclidean_distance, 2) +
                          (1 - label) * torch.pow(torch.clamp(self.margin - euclidean_distance, min=0.0), 2))
        return loss


class Encoder(nn.Module):
    def __init__(self, d_in=6, d_out=2):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(d_in, 16),
            nn.ReLU(inplace=True),
            nn.Dropout(p=0.1),
            nn.Linear(16, d_out),
        )
        self.apply(self._init)

    @staticmethod
    def _init(m):
        if isinstance(m, nn.Linear):
            nn.init.trunc_normal_(m.weight, std=0.2)
            nn.init.zeros_(m.bias)

    def forward(self, x1, x2):
        return self.layers(x1), self.layers(x2)


torch.manual_seed(7)
centers = torch.randn(3, 6) * 2
labels = torch.arange(30) % 3
data = centers[labels] + 0.5 * torch.randn(30, 6)
a, b = PairDataset(data, labels, 40), PairDataset(data, labels, 24, seed=1)
ds = ConcatDataset([a, b])
print(len(ds), ds[45]["same"], ds.cumulative_sizes)
weights = [3.0 if ds[i]["same"] > 0.5 else 1.0 for i in range(len(ds))]
sampler = WeightedRandomSampler(weights, num_samples=len(weights), replacement=True)
loader = DataLoader(ds, batch_size=16, sampler=sampler)

net = Encoder()
criterion = ContrastiveLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
for epoch in range(3):
    total, share = 0.0, []
    for batch in loader:
        out1, out2 = net(batch["a"], batch["b"])
        loss = criterion(out1, out2, batch["same"])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch["same"])
        share.append(batch["same"].mean().item())
    print(f"epoch {epoch}: {total / len(ds):.4f}  positives {sum(share) / len(share):.3f}")

net.eval()
embed = net.layers
triplet = nn.TripletMarginLoss(margin=1.0)
opt = torch.optim.SGD(embed.parameters(), lr=0.05, nesterov=True, momentum=0.9)
for step in range(5):
    anchors, pos, neg = data[:10], data[3:13], data[1:11]
    loss = triplet(embed(anchors), embed(pos), embed(neg))
    opt.zero_grad(); loss.backward(); opt.step()
    print(step, round(loss.item(), 4))
with torch.no_grad():
    e = embed(data)
    d = F.pairwise_distance(e[0:1], e)
    order = d.argsort()
    print(labels[order[:6]].tolist(), F.cosine_similarity(e[0:1], e[:4]))
