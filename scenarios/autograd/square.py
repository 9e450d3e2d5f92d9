# /// scenario
# title = "y = x²: what autograd remembers"
# chapter = "autograd"
# level = 1
# order = 1
# watch = ["x", "y"]
# ///
"""The smallest graph there is: one leaf, one operation, one result.
Look at the row of x and the row of y: data, grad, grad_fn, is_leaf, requires_grad.
These five attributes are all that back-propagation needs, in this graph and in every larger one."""
import torch

# x is a leaf: made by us, not computed. requires_grad=True says "I shall want ∂/∂x".
x = torch.tensor(2.0, requires_grad=True)

# y is computed, so it is no leaf. Its grad_fn is the node that knows how to go back.
y = x**2
print("y =", y)
print("x: is_leaf", x.is_leaf, "grad_fn", x.grad_fn, "grad", x.grad)
print("y: is_leaf", y.is_leaf, "grad_fn", y.grad_fn.name())

# Backward starts with ∂y/∂y = 1 and multiplies by the local derivative 2x = 4.
y.backward()
print("x.grad =", x.grad)

# Only leaves keep their gradient. y.grad stays None (and PyTorch warns about the question).
print("y.grad =", y.grad)
