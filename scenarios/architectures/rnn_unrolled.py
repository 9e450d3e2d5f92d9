# /// scenario
# title = "A recurrent network, unrolled over four time steps"
# chapter = "architectures"
# level = 2
# order = 5
# watch = ["u", "w", "h1", "h2", "h3", "h4", "loss"]
# ///
"""A recurrent cell reads a sequence and keeps a state h: the same two weights at every time step.
Written out, it is a deep network whose layers share their weights, and back-propagation through
time is plain back-propagation in it. Look how small the gradient gets on its way to h1."""
import torch

# A signal at the first time step, then silence: remember it to the end.
x = torch.tensor([1.0, 0.0, 0.0, 0.0])
y = torch.tensor(1.0)

# u lets the input in, w carries the state on: two, for any length.
u = torch.tensor(1.0, requires_grad=True)
w = torch.tensor(0.5, requires_grad=True)

# The graph grows by one cell per time step; in practice this is a loop.
h0 = torch.tensor(0.0)
h1 = torch.tanh(u * x[0] + w * h0)
h2 = torch.tanh(u * x[1] + w * h1)
h3 = torch.tanh(u * x[2] + w * h2)
h4 = torch.tanh(u * x[3] + w * h3)
states = [h1, h2, h3, h4]
print("h:", " ".join(f"{h.item():.4f}" for h in states))

# Only the last state is compared. Backward goes through time, last step first; we keep what
# arrives at each h.
for h in states:
    h.retain_grad()
loss = (h4 - y) ** 2
loss.backward()
print(f"loss {loss.item():.4f}")

# Each step back multiplies by w·(1 − h²), here less than ½: the gradient vanishes. With a large w
# it can explode instead: then clip its norm.
for t, h in enumerate(states, start=1):
    print(f"dL/dh{t} = {h.grad.item():.4f}")

# w was used four times, so four contributions add up: what arrives inside the tanh, times the
# state before. The first is 0, as h0 is. u got its gradient through h1 alone: it learns slowest.
parts = [(h.grad * (1 - h**2) * before).item() for before, h in zip(states, states[1:])]
print("parts of dL/dw:", " ".join(f"{part:.4f}" for part in parts))
print(f"their sum {sum(parts):.4f}, w.grad {w.grad.item():.4f}, u.grad {u.grad.item():.4f}")
