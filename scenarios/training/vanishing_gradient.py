# /// scenario
# title = "Ten layers: the gradient vanishes"
# chapter = "training"
# level = 2
# order = 6
# watch = ["x", "loss"]
# ///
"""Ten layers with a sigmoid after each. Back-propagation multiplies by
the slope of every sigmoid, at most 1/4, and after ten of them nothing is
left for the first layers: they stay as random as they were. Follow one
backward pass and look at the size of the gradients."""
import torch
import torch.nn as nn

# Sixteen random samples with eight features, and random targets: one
# backward is enough.
torch.manual_seed(0)
X = torch.randn(16, 8)
y = torch.randn(16, 8)

for activation in [torch.sigmoid, torch.relu]:
    # He's start keeps the signal's size through ReLU; the sigmoid is not
    # helped by it.
    torch.manual_seed(1)
    layers = [nn.Linear(8, 8) for _ in range(10)]
    for layer in layers:
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")

    # Forward through all ten, backward once. No training: only a look.
    x = X
    for layer in layers:
        x = activation(layer(x))
    loss = nn.functional.mse_loss(x, y)
    loss.backward()

    # From the last layer to the first. Sigmoid: each layer costs a factor
    # of three or more. ReLU has slope 1 or 0: much more arrives. A partial
    # cure, for a ReLU can also die.
    print("sigmoid" if activation is torch.sigmoid else "relu")
    norms = [layer.weight.grad.norm().item() for layer in layers]
    for number in [10, 7, 4, 1]:
        print(f"  layer {number}: gradient norm {norms[number - 1]:.1e}")
    print(f"  first / last: {norms[0] / norms[-1]:.1e}")
