# /// scenario
# title = "Two points in one batch"
# chapter = "two_points"
# level = 2
# order = 2
# watch = ["w", "b", "y_hat", "loss"]
# ///
"""The same neuron as in two_points, but both points go through together, as the rows of X.
There is one loss (the mean), one backward and one step, with the average of both gradients.
The two points pull in different directions: compare w here with w after two single steps."""
import torch

# One row per point. A row more would cost no line more: that is why batches are used.
X = torch.tensor([[0.9, -0.2], [0.75, 0.6]])
y = torch.tensor([[0.0], [1.0]])
w = torch.tensor([[0.5], [-0.3]], requires_grad=True)
b = torch.tensor([0.0], requires_grad=True)
lr = 0.01

# (2, 2) @ (2, 1) gives one z per point. The one bias is stretched over both rows.
z = X @ w + b
y_hat = torch.sigmoid(z)

# Binary cross-entropy spelled out. y picks one of the two terms for each point.
# An ŷ of exactly 0 or 1 would give log 0: F.binary_cross_entropy guards against that.
losses = -(y * torch.log(y_hat) + (1 - y) * torch.log(1 - y_hat))
loss = losses.mean()
print("y_hat", y_hat.data)
print(f"loss {loss.item():.4f}")

# Backward: the mean hands 1/2 of the gradient to each point; in w and b the parts are added.
loss.backward()
print("dL/dw", w.grad, "dL/db", b.grad)

# One update for the batch, where two_points made two.
with torch.no_grad():
    w -= lr * w.grad
    b -= lr * b.grad
print("new w", w.data, "new b", b.data)
