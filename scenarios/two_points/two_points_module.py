# /// scenario
# title = "Two points, as every PyTorch program does it"
# chapter = "two_points"
# level = 2
# order = 4
# watch = ["model.linear.weight", "model.linear.bias", "y_hat", "loss"]
# ///
"""The numbers of two_points once more, now with the building blocks of PyTorch: Dataset and
DataLoader, nn.Module, loss and optimizer. The five lines of the loop (zero_grad, predict, loss,
backward, step) stay the same for any network: learn them once."""
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset


# A model is a class: its layers in __init__, the way through them in forward.
class Neuron(nn.Module):
    def __init__(self):
        # Without this line PyTorch cannot register the layers, and says so.
        super().__init__()
        self.linear = nn.Linear(2, 1)

    def forward(self, x):
        return torch.sigmoid(self.linear(x))


# The loader hands out the points one by one. For real data: shuffle=True, a larger batch_size.
X = torch.tensor([[0.9, -0.2], [0.75, 0.6]])
Y = torch.tensor([[0.0], [1.0]])
loader = DataLoader(TensorDataset(X, Y), batch_size=1, shuffle=False)

# A new layer has random weights. To compare with two_points we set them: nn.Linear keeps one
# row per output, so the column w lies down.
model = Neuron()
model.linear.weight.data = torch.tensor([[0.5, -0.3]])
model.linear.bias.data = torch.tensor([0.0])

# The two things that could be exchanged without touching the loop: the loss and the rule.
criterion = nn.BCELoss()
optimizer = optim.SGD(model.parameters(), lr=0.01)

# One epoch. The loader decides what a batch is; the loop need not know.
for x, y in loader:
    # 1. Forget the old gradients. 2. Predict. 3. Measure the error.
    optimizer.zero_grad()
    y_hat = model(x)
    loss = criterion(y_hat, y)
    # 4. Backward: a gradient for every parameter. 5. One step against it.
    loss.backward()
    optimizer.step()
    print(f"y_hat {y_hat.item():.4f}, loss {loss.item():.4f}")
    print("dL/dw", model.linear.weight.grad, "dL/db", model.linear.bias.grad)
    print("new w", model.linear.weight.data, "new b", model.linear.bias.data)
