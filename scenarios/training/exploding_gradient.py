# /// scenario
# title = "Large weights: the gradient explodes, and is clipped"
# chapter = "training"
# level = 2
# order = 7
# watch = ["model.0.weight", "loss", "norm"]
# ///
"""The opposite of vanishing: weights so large that each layer multiplies the gradient by more than
1. Ten layers make it enormous, and one step with it throws the weights away. clip_grad_norm_
shortens all gradients together and keeps their direction: a small, safe step."""
import torch
import torch.nn as nn
from torch.nn.utils import clip_grad_norm_

# Sixteen samples with eight features, and one number to predict for each.
torch.manual_seed(0)
X, y = torch.randn(16, 8), torch.randn(16, 1)

for clip in [False, True]:
    # The same large weights for both: normal with deviation 1, twice what He would take.
    torch.manual_seed(1)
    modules = []
    for _ in range(9):
        modules += [nn.Linear(8, 8), nn.ReLU()]
    model = nn.Sequential(*modules, nn.Linear(8, 1))
    for p in model.parameters():
        nn.init.normal_(p)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    print("with clipping" if clip else "without clipping")

    for step in range(4):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(X), y)
        loss.backward()
        # Between backward and step. It returns the norm from before: worth a plot.
        norm = clip_grad_norm_(model.parameters(), 1.0 if clip else float("inf"))
        print(f"  loss {loss.item():.1e}, gradient norm {norm.item():.1e}")
        optimizer.step()
