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

# g = step: 1 above the threshold, else 0. It is flat on both sides, its slope is 0, and nothing
# gets past it: no weight is told in which direction to move.
z = (w * I).sum() - t
O = (torch.sign(z) + 1) / 2
O.backward()
print("step:    O =", O.item(), " dO/dw =", w.grad, " dO/dt =", t.grad)

# g = identity, the linear neuron. ∂O/∂wᵢ = Iᵢ and ∂O/∂t = −1.
w.grad = t.grad = None
O = (w * I).sum() - t
O.backward()
print("linear:  O =", O.item(), " dO/dw =", w.grad, " dO/dt =", t.grad)

# g = sigmoid, a step with rounded corners. Slope O·(1 − O): never 0, but small far from 0.
w.grad = t.grad = None
O = torch.sigmoid((w * I).sum() - t)
O.backward()
print(f"sigmoid: O = {O.item():.4f}  dO/dw =", w.grad, " dO/dt =", t.grad)

# A comparison is a step too, and cuts the graph: no grad_fn, and O.backward() is an error.
O = (z > 0).float()
print("z > 0:   requires_grad", O.requires_grad)
