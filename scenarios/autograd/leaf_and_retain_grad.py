# /// scenario
# title = "Leaves, retain_grad, detach, no_grad"
# chapter = "autograd"
# level = 2
# order = 5
# watch = ["x", "a", "y", "p"]
# ///
"""Which tensors keep a gradient, and how to step out of the graph.
A leaf is a tensor that was not computed by a recorded operation. Leaves that require grad get a
.grad; everything in between only passes the gradient on, unless it is asked to keep it."""
import torch

# x is a leaf, and wants a gradient. a lies between x and y: it is no leaf.
x = torch.tensor(3.0, requires_grad=True)
a = 2 * x

# Without this line a.grad would stay None. For debugging it is the tool to reach for.
a.retain_grad()
y = a**2
y.backward()
print("a.grad =", a.grad)
print("x.grad =", x.grad)

# detach() gives the same number without its history: a new leaf that no gradient passes.
c = a.detach()
print("c =", c, "is_leaf", c.is_leaf, "requires_grad", c.requires_grad)

# requires_grad_() turns a plain tensor into a leaf that gets a gradient (mind the underscore).
p = torch.tensor(5.0).requires_grad_()
# In this product c is a constant: ∂q/∂p = c = 6, and x.grad stays what it was.
q = p * c
q.backward()
print("p.grad =", p.grad)
print("x.grad =", x.grad)

# Under no_grad() nothing is recorded: r has no grad_fn, and r.backward() would be an error.
with torch.no_grad():
    r = a * p
print("r =", r, "requires_grad", r.requires_grad)
