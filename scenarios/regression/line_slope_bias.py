# /// scenario
# title = "Slope and bias: downhill on a surface"
# chapter = "regression"
# level = 1
# order = 2
# watch = ["w", "b", "loss"]
# ///
"""Two numbers are learned, so the loss is a landscape over (w, b): a bowl, deepest at (1, −1).
The scenario first surveys it on a grid, then walks down from (−2, 2). The gradient has two
elements, one for each direction; together they point straight uphill."""
import torch

# Points exactly on y = x − 1. Not symmetric about 0: so w and b interact.
X = torch.tensor([-1.0, 0.0, 1.0, 2.0])
Y = 1.0 * X - 1.0

# The loss of every slope (a row each) with every bias (a column each). A real network has
# millions of directions: nobody can draw that surface, only walk on it.
slopes = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0]).view(5, 1, 1)
biases = torch.tensor([-3.0, -2.0, -1.0, 0.0, 1.0, 2.0]).view(1, 6, 1)
surface = ((slopes * X + biases - Y) ** 2).mean(dim=2)
print(surface)

# The start is the upper right corner of the table.
w = torch.tensor(-2.0, requires_grad=True)
b = torch.tensor(2.0, requires_grad=True)
lr = 0.25

for step in range(30):
    # Both gradients come from the same errors: ∂/∂w weighs them with x, ∂/∂b leaves them as is.
    w.grad = b.grad = None
    loss = ((w * X + b - Y) ** 2).mean()
    loss.backward()
    if step in (0, 1, 2, 5, 10, 29):
        print(f"step {step:2}: w {w:6.3f}, b {b:6.3f}, loss {loss:.3f}")
    # Where one direction is much steeper than the other, the way down zigzags: normalise inputs.
    with torch.no_grad():
        w -= lr * w.grad
        b -= lr * b.grad
