# /// scenario
# title = "Activations: value and slope"
# chapter = "neuron"
# level = 1
# order = 2
# watch = ["x", "y"]
# ///
"""Five activation functions on the same five inputs. The value is what the next layer sees; the
slope is the factor by which the gradient is multiplied on the way back. Read the slopes: where
they are near 0, a neuron has all but stopped learning."""
import torch
import torch.nn.functional as F

# From far left to far right. Sums like these come out of the layer before.
x = torch.tensor([-4.0, -1.0, 0.0, 1.0, 4.0], requires_grad=True)

# sigmoid: 0 to 1, a probability. Its slope is at most 1/4, and 0.02 at ±4:
# such a neuron is called saturated.
y = torch.sigmoid(x)
y.sum().backward()
print("sigmoid   ", y.data)
print("     slope", x.grad)

# tanh: −1 to 1, centred on 0, slope up to 1. It saturates even sooner.
x.grad = None
y = torch.tanh(x)
y.sum().backward()
print("tanh      ", y.data)
print("     slope", x.grad)

# ReLU: nothing below 0, everything above. Slope 1 however large x is, but 0
# on the left: a neuron that is negative for all data is dead for ever.
# At 0 there is no derivative; PyTorch takes 0.
x.grad = None
y = F.relu(x)
y.sum().backward()
print("ReLU      ", y.data)
print("     slope", x.grad)

# Leaky ReLU: a small slope on the left keeps the neuron alive. The notes
# take 0.1, PyTorch's own default is 0.01.
x.grad = None
y = F.leaky_relu(x, negative_slope=0.1)
y.sum().backward()
print("Leaky ReLU", y.data)
print("     slope", x.grad)

# ELU: eˣ − 1 on the left, so that the slope has no jump at 0.
x.grad = None
y = F.elu(x)
y.sum().backward()
print("ELU       ", y.data)
print("     slope", x.grad)
