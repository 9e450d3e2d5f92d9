# /// scenario
# title = "Initialisation: uniform, default, Xavier, He"
# chapter = "training"
# level = 3
# order = 8
# watch = ["model.0.weight", "out", "loss"]
# ///
"""The start decides whether a deep net can learn at all. Six ReLU layers, four ways to draw the
weights, one forward and one backward: the deviation of the activations after each layer, and of
the gradients. Good is what keeps its scale from layer to layer, in both directions."""
import torch
import torch.nn as nn

# What each rule draws: 0 to 1; ±1/√n (PyTorch's default is left as it is); variance
# 2/(n_in + n_out), made for tanh; variance 2/n_in, made for ReLU.
for name, init in [
    ("uniform", nn.init.uniform_),
    ("default", lambda weight: weight),
    ("Xavier", nn.init.xavier_normal_),
    ("He", lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu")),
]:
    # The same samples and the same order of draws for each rule; all biases zero.
    torch.manual_seed(0)
    out = torch.randn(64, 32)
    model = nn.Sequential(*[nn.Linear(32, 32) for _ in range(6)])
    outs = []
    for layer in model:
        init(layer.weight)
        nn.init.zeros_(layer.bias)
        out = torch.relu(layer(out))
        out.retain_grad()
        outs.append(out)
    loss = (out**2).mean()
    loss.backward()

    # uniform grows sixteenfold per layer: all weights push the same way. Default and Xavier
    # shrink, because ReLU throws half away; He's factor 2 makes up for it.
    print(f"{name}: activations", " ".join(f"{out.std().item():.1e}" for out in outs))
    print("  gradients", " ".join(f"{out.grad.std().item():.1e}" for out in outs))
