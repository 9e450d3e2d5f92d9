# /// scenario
# title = "XOR, a long run"
# chapter = "benchmarks"
# ///
"""Net(2,4,1) with sigmoids on XOR data, batch 1: the net of the recording benchmark."""

import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(0)
X = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]).repeat(25, 1)
X = X + 0.01 * torch.randn(100, 2)
Y = torch.tensor([[0.0], [1.0], [1.0], [0.0]]).repeat(25, 1)


class Net(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__()
        self.linear1 = nn.Linear(n_in, n_hidden)
        self.linear2 = nn.Linear(n_hidden, n_out)

    def forward(self, x):
        x = torch.sigmoid(self.linear1(x))
        return torch.sigmoid(self.linear2(x))


model = Net(2, 4, 1)
criterion = nn.BCELoss()
optimizer = optim.SGD(model.parameters(), lr=0.01)

for epoch in range(4):
    for i in range(100):
        x, y = X[i : i + 1], Y[i : i + 1]
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
