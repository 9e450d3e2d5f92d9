# /// scenario
# title = "One linear neuron, squared error"
# chapter = "published"
# level = 1
# order = 1
# watch = ["w", "b", "y_hat", "loss"]
# ///
"""The example of many a textbook: one weight, one bias, no activation, one sample.
Every number can be checked with a pocket calculator: loss (4 − 2.1)² = 3.61,
∂L/∂w = −2 · 1.9 · 2.1 = −7.98, ∂L/∂b = −2 · 1.9 = −3.8."""
import torch

# One sample, and where learning starts: ŷ = 1 · x + 0.
x = torch.tensor(2.1)
y = torch.tensor(4.0)
w = torch.tensor(1.0, requires_grad=True)
b = torch.tensor(0.0, requires_grad=True)
lr = 0.01

# The prediction 2.1 is 1.9 too small.
y_hat = w * x + b
loss = (y - y_hat) ** 2
print(f"loss {loss.item():.4f}")

# Both gradients are negative: more w and more b would make the loss smaller.
loss.backward()
print(f"dw {w.grad.item():.4f}, db {b.grad.item():.4f}")

# Minus a negative gradient is a step up: w 1.0798, b 0.038.
with torch.no_grad():
    w -= lr * w.grad
    b -= lr * b.grad
print(f"w {w.item():.4f}, b {b.item():.4f}")

# Did it help? Always look at the loss after the step.
print(f"loss after the step {((y - (w * x + b)) ** 2).item():.4f}")
