# /// scenario
# title = "Mini-batches: iterations = size / batch"
# chapter = "regression"
# level = 2
# order = 4
# watch = ["x", "w", "b", "loss"]
# ///
"""Between one sample and all of them: a few at a time. A DataLoader cuts the data into batches;
an epoch then takes size / batch iterations, here 12/12, 12/4 and 12/1. The data, the number of
epochs and the learning rate are the same: look at how far each one gets, and at what price."""
import torch
from torch.utils.data import DataLoader, TensorDataset

# Points exactly on y = 2x + 1.
X = torch.linspace(-1, 1, 12).view(-1, 1)
data = TensorDataset(X, 2 * X + 1)
lr = 0.1

for batch_size in [12, 4, 1]:
    # shuffle=True mixes the samples anew in each epoch: sorted data would show the model one
    # side of the line for a while, then the other.
    torch.manual_seed(0)
    loader = DataLoader(data, batch_size=batch_size, shuffle=True)
    w = torch.tensor(0.0, requires_grad=True)
    b = torch.tensor(0.0, requires_grad=True)
    for epoch in range(4):
        for x, y in loader:
            # A batch's gradient is an estimate of that of all data, the better the larger it is.
            loss = ((w * x + b - y) ** 2).mean()
            loss.backward()
            with torch.no_grad():
                w -= lr * w.grad
                b -= lr * b.grad
            w.grad = b.grad = None

    # Many small steps get further in four epochs; few large ones make better use of the machine.
    print(f"batch {batch_size:2}: {len(loader):2} iterations per epoch,", end=" ")
    print(f"w {w.item():.3f}, b {b.item():.3f}")
