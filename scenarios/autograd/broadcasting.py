# /// scenario
# title = "A bias for a whole batch: the gradient is summed back"
# chapter = "autograd"
# level = 2
# order = 8
# watch = ["X", "b", "out", "loss"]
# ///
"""One bias row serves three samples. Forward, PyTorch copies it for every row (broadcasting);
backward, the gradients of the copies are summed, because each copy was the same b.
Look at the gradient of out, shape (3, 2), and at b.grad, shape (2)."""
import torch

# Three samples (rows) with two features (columns) each.
X = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
b = torch.tensor([1.0, -1.0], requires_grad=True)

# (3, 2) + (2): b is stretched over the rows. No node of the graph says so: it happens inside.
out = X + b
out.retain_grad()
loss = (out**2).sum()
print("loss =", loss.item())

# Each row sends its own gradient to b. b.grad is their sum down the column.
loss.backward()
print("gradient of out:", out.grad)
print("b.grad:", b.grad)

# mean() divides by the number of elements, 6: a larger batch then needs no smaller rate.
b.grad = None
loss = ((X + b) ** 2).mean()
loss.backward()
print("with mean():", b.grad)

# The trap: a column (3, 1) minus a row (3) is stretched both ways, to (3, 3), without an error.
# Every prediction is compared with every target. Print shapes before you trust a loss.
y_hat = torch.tensor([[1.0], [2.0], [3.0]])
y = torch.tensor([1.0, 2.0, 3.0])
print("wrong:", (y_hat - y).shape)
print("right:", (y_hat - y.view(3, 1)).shape)
