# /// scenario
# title = "The chain rule on one neuron, factor by factor"
# chapter = "autograd"
# level = 2
# order = 4
# watch = ["w", "b", "z", "y_hat", "loss"]
# ///
"""∂L/∂w = ∂L/∂ŷ · ∂ŷ/∂z · ∂z/∂w: three numbers, one for each thing between w and the loss.
Backward multiplies them from the left, one node at a time, and never needs the whole formula.
The numbers are chosen so that everything can be done in the head."""
import torch

# One input, one target, one weight, one bias.
x, y = torch.tensor(2.0), torch.tensor(1.0)
w = torch.tensor(0.5, requires_grad=True)
b = torch.tensor(-1.0, requires_grad=True)

# Forward: z = 0.5 · 2 − 1 = 0, ŷ = sigmoid(0) = 1/2, L = (1/2 − 1)² = 1/4.
z = w * x + b
y_hat = torch.sigmoid(z)
loss = (y_hat - y) ** 2

# ŷ and z are no leaves. retain_grad() keeps what flows through them, for us to look at.
y_hat.retain_grad()
z.retain_grad()
loss.backward()

# The same by hand, each factor on its own.
dL_dy = 2 * (y_hat.item() - y.item())
dy_dz = y_hat.item() * (1 - y_hat.item())
dz_dw = x.item()
print("factors:", dL_dy, dy_dz, dz_dw)

# The product grows by one factor at each node. ∂ŷ/∂z is at most 1/4: every sigmoid on the way
# shrinks the gradient, and ten in a row make it vanish. The bias's own factor is ∂z/∂b = 1.
print("at y_hat:", dL_dy, y_hat.grad.item())
print("at z:", dL_dy * dy_dz, z.grad.item())
print("at w:", dL_dy * dy_dz * dz_dw, w.grad.item())
print("at b:", dL_dy * dy_dz, b.grad.item())
