# /// scenario
# title = "z = x² + 2x + 1: several operations in one line"
# chapter = "autograd"
# level = 1
# order = 2
# watch = ["x", "z"]
# ///
"""One line of Python, four operations, four nodes in the graph.
Go through the line step by step and see that PyTorch computes a formula from the inside out,
and differentiates it in the opposite order. On paper: dz/dx = 2x + 2 = 6 at x = 2."""
import torch

# The point at which we ask for the slope.
x = torch.tensor(2.0, requires_grad=True)

# Four operations: a square, a product with 2, a sum, and a sum with 1.
# The constants 2 and 1 need no gradient: no edge of the graph leads to them.
z = x**2 + 2 * x + 1
print("z =", z)

# The two additions pass the gradient on unchanged. The square contributes 2x = 4, the product 2.
z.backward()
print("dz/dx =", x.grad)

# Always worth doing with a new formula: compare with the derivative done by hand.
print("by hand:", 2 * x.item() + 2)
