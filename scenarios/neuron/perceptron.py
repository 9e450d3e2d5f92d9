# /// scenario
# title = "The perceptron, and why its step had to go"
# chapter = "neuron"
# level = 1
# order = 1
# watch = ["w", "t", "z", "O"]
# ///
"""O = g(Σ wᵢIᵢ − t): weigh the inputs, subtract a threshold, apply g.
The same neuron three times, with g a step, the identity, and a sigmoid. All three answer; only
two of them can learn. Watch the gradient on its way from O back to w."""
import torch

# Two inputs, a weight for each, and the threshold t that the sum must pass.
I = torch.tensor([1.0, 0.5])
w = torch.tensor([0.5, -1.0], requires_grad=True)
t = torch.tensor(-1.0, requires_grad=True)

# g = step: 1 above the threshold, else 0. Here z = 0.5 − 0.5 + 1 = 1.
z = (w * I).sum() - t
O = (torch.sign(z) + 1) / 2
print("step:    O =", O.item())

# A step is flat on both sides. Its slope is 0, so nothing gets past it:
# no weight is told in which direction to move.
O.backward()
print("dO/dw =", w.grad, " dO/dt =", t.grad)

# g = identity, the linear neuron. ∂O/∂wᵢ = Iᵢ and ∂O/∂t = −1.
w.grad = t.grad = None
O = (w * I).sum() - t
O.backward()
print("linear:  O =", O.item())
print("dO/dw =", w.grad, " dO/dt =", t.grad)

# g = sigmoid, a step with rounded corners. The gradient is that of the
# linear neuron times the slope O·(1 − O): never 0, but small far from 0.
w.grad = t.grad = None
z = (w * I).sum() - t
O = torch.sigmoid(z)
O.backward()
print(f"sigmoid: O = {O.item():.4f}")
print("dO/dw =", w.grad, " dO/dt =", t.grad)

# A comparison is a step too, and cuts the graph altogether: no grad_fn, and
# O.backward() would be an error. Never put one between weights and loss.
O = (z > 0).float()
print("z > 0:   requires_grad", O.requires_grad)
