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


# The sum hands a 1 to each element of y, so what arrives at x are the slopes.
def show(name, y):
    x.grad = None
    y.sum().backward()
    print(f"{name:10} {y.data}")
    print(f"     slope {x.grad}")


# sigmoid: 0 to 1, a probability. Slope at most 1/4, and 0.02 at ±4: such a neuron is saturated.
show("sigmoid", torch.sigmoid(x))
# tanh: −1 to 1, centred on 0, slope up to 1. It saturates even sooner.
show("tanh", torch.tanh(x))

# ReLU: slope 1 however large x is, but 0 on the left: a neuron that is negative for all data is
# dead for ever. At 0 there is no derivative; PyTorch takes 0.
show("ReLU", F.relu(x))
# Leaky ReLU: a small slope on the left keeps the neuron alive; PyTorch's own default is 0.01.
show("Leaky ReLU", F.leaky_relu(x, negative_slope=0.1))
# ELU: eˣ − 1 on the left, so that the slope has no jump at 0.
show("ELU", F.elu(x))
