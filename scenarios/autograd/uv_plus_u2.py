# /// scenario
# title = "f(u, v) = u·v + u²: two paths meet"
# chapter = "autograd"
# level = 1
# order = 3
# watch = ["u", "v", "f"]
# ///
"""Two paths lead from f back to u: one through the product u·v, one through the square u².
Each path brings its own contribution, and u.grad is their sum: v + 2u = 2 + 2 = 4.
Only one path leads to v, so v.grad = u = 1."""
import torch

# Two leaves. requires_grad=True asks autograd to remember everything computed from them.
u = torch.tensor(1.0, requires_grad=True)
v = torch.tensor(2.0, requires_grad=True)

# u enters twice: once in the product, once in the square. Watch the graph grow two branches.
f = u * v + u**2

# Backward walks the graph from f to the leaves. Where paths meet, gradients are added:
# forgetting one of the paths is the most common mistake when doing this by hand.
f.backward()

# ∂f/∂u = v + 2u and ∂f/∂v = u, at u = 1 and v = 2.
print("f =", f.item())
print("df/du =", u.grad.item())
print("df/dv =", v.grad.item())
