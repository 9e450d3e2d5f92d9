# /// scenario
# title = "Ten layers: the gradient vanishes"
# chapter = "training"
# level = 2
# order = 6
# watch = ["model.0.weight", "model.18.weight", "loss"]
# ///
"""Ten layers with a sigmoid after each. Back-propagation multiplies by the slope of every sigmoid,
at most 1/4, and after ten of them nothing is left for the first layers: they stay as random as
they were. Follow one backward pass and look at the size of the gradients."""
import torch
import torch.nn as nn

# Sixteen random samples with eight features, and random targets: one backward is enough.
torch.manual_seed(0)
X, y = torch.randn(16, 8), torch.randn(16, 8)

for activation in [nn.Sigmoid(), nn.ReLU()]:
    # Linear and activation in turn, ten times. He's start keeps the size of a signal through
    # ReLU; the sigmoid is not helped by it.
    torch.manual_seed(1)
    modules = []
    for _ in range(10):
        modules += [nn.Linear(8, 8), activation]
    model = nn.Sequential(*modules)
    for layer in model[::2]:
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")

    # Forward through all ten, backward once. No training: only a look.
    loss = nn.functional.mse_loss(model(X), y)
    loss.backward()

    # From the last layer to the first. Sigmoid: each layer costs a factor of three or more. ReLU
    # has slope 1 or 0: much more arrives. But one that is always 0 is dead, slope 0 for ever.
    print(activation)
    norms = [layer.weight.grad.norm().item() for layer in model[::2]]
    for number in [10, 7, 4, 1]:
        print(f"  layer {number}: gradient norm {norms[number - 1]:.1e}")
    print(f"  first / last: {norms[0] / norms[-1]:.1e}")
