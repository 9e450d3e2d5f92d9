# /// scenario
# title = "XOR with sigmoids: one epoch is not enough"
# chapter = "classification"
# level = 2
# order = 3
# watch = ["model.linear1.weight", "model.linear2.weight", "y_hat", "loss"]
# ///
"""Class 1 if exactly one of two inputs is on: no straight line separates the classes, so a hidden
layer is needed. Four hidden sigmoids, learning rate 0.01, a point at a time. Follow the loss: it
hangs about log 2 = 0.693, which is guessing. The next scenario mends it."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


# Two inputs, four hidden neurons, one output.
class Net(nn.Module):
    def __init__(self, D_in, H, D_out):
        super().__init__()
        self.linear1 = nn.Linear(D_in, H)
        self.linear2 = nn.Linear(H, D_out)

    def forward(self, x):
        # Each hidden neuron draws one line; the output combines the four.
        h = torch.sigmoid(self.linear1(x))
        return torch.sigmoid(self.linear2(h))


# The four corners 25 times over, each point a little beside its corner.
torch.manual_seed(0)
corners = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
X = corners.repeat(25, 1) + 0.01 * torch.randn(100, 2)
Y = torch.tensor([[0.0], [1.0], [1.0], [0.0]]).repeat(25, 1)

# Batch size 1 and 100 points: 100 updates in one epoch.
loader = DataLoader(TensorDataset(X, Y), batch_size=1, shuffle=True)
model = Net(2, 4, 1)
criterion = nn.BCELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

for epoch in range(2):
    # The loss of single points jumps about; only the sum over an epoch says anything.
    total = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        y_hat = model(x)
        loss = criterion(y_hat, y)
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch}: mean loss {total / len(X):.3f}")

# Nothing separated yet: all four corners get nearly the same probability. Steps of 0.01 on
# gradients that have passed two flat sigmoids: thousands of epochs would be needed.
print("corners:", [f"{p:.2f}" for p in model(corners).flatten().tolist()])
