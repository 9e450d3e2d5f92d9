# /// scenario
# title = "The same line, as every PyTorch program does it"
# chapter = "regression"
# level = 2
# order = 5
# watch = ["model.linear.weight", "model.linear.bias", "y_hat", "loss"]
# ///
"""A Dataset, a DataLoader, class LR(nn.Module), nn.MSELoss, optim.SGD: what was done by hand has a
name. The model holds its parameters, the optimizer knows how to step, the loader what a batch is.
Look for the lines of the last scenarios: each is still there, inside one of these."""
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset


# A Dataset says how many samples there are, and hands out one; view: a layer wants columns.
class Line(Dataset):
    def __init__(self):
        self.x = torch.linspace(-1, 1, 12).view(-1, 1)
        self.y = -3 * self.x + 1 + 0.1 * torch.randn(self.x.size())

    def __getitem__(self, index):
        return self.x[index], self.y[index]

    def __len__(self):
        return len(self.x)


# A linear layer computes x Wᵀ + b, and starts with random weights.
class LR(nn.Module):
    def __init__(self, in_size, out_size):
        super().__init__()
        self.linear = nn.Linear(in_size, out_size)

    def forward(self, x):
        return self.linear(x)


# model.parameters() tells the optimizer what to change. A tensor that is no parameter of the
# model would never learn, and nothing would complain.
torch.manual_seed(1)
loader = DataLoader(Line(), batch_size=4)
model = LR(1, 1)
criterion = nn.MSELoss()
optimizer = optim.SGD(model.parameters(), lr=0.1)

for epoch in range(20):
    for x, y in loader:
        # The five lines of every training loop.
        optimizer.zero_grad()
        y_hat = model(x)
        loss = criterion(y_hat, y)
        loss.backward()
        optimizer.step()
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1}: last loss {loss.item():.3f}")

# What was learned, by name: the same dictionary that one saves to a file.
for name, p in model.state_dict().items():
    print(name, f"{p.item():.3f}")
