from collections import defaultdict

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset


class Moons(Dataset):
    """Two half circles."""

    def __init__(self, n=60, noise=0.1, transform=None):
        t = torch.linspace(0, torch.pi, n // 2)
        outer = torch.stack([torch.cos(t), torch.sin(t)], dim=1)
        inner = torch.stack([1 - torch.cos(t), 0.5 - torch.sin(t)], dim=1)
        self.X = torch.cat([outer, inner]) + noise * torch.randn(n, 2)
        self.y = torch.cat([torch.zeros(n // 2), torch.ones(n // 2)]).long()
        self.transform = transform

    def __len__(self):
        return len(self.X)

    def __getitem__(self, idx):
        x = self.X[idx]
        if self.transform:
            x = self.transform(x)
        return x, self.y[idx]


def reset_weights(m):
    if isinstance(m, nn.Linear):
        m.reset_parameters()


torch.manual_seed(42)
data = Moons(transform=lambda x: (x - 0.5) * 2)
k = 3
indices = torch.randperm(len(data)).tolist()
fold_size = len(data) // k
results = defaultdict(list)
model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))
for fold in range(k):
    val_idx = indices[fold * fold_size:(fold + 1) * fold_size]
    train_idx = [i for i in indices if i not in val_idx]
    train_loader = DataLoader(Subset(data, train_idx), batch_size=10, shuffle=True)
    val_loader = DataLoader(Subset(data, val_idx), batch_size=10)
    model.apply(reset_weights)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.05)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(4):
        for inputs, targets in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), targets)
            loss.backward()
            optimizer.step()
    correct, total = 0, 0
    with torch.no_grad():
        for inputs, targets in val_loader:
            _, predicted = torch.max(model(inputs).data, 1)
            total += targets.size(0)
            correct += (predicted == targets).sum().item()
    results["acc"].append(100.0 * correct / total)
    results["loss"].append(loss.item())
    print(f"Accuracy for fold {fold}: {results['acc'][-1]:.1f} %")
print(f"Average: {sum(results['acc']) / k:.2f} %", {key: len(v) for key, v in results.items()})
