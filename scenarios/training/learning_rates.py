# /// scenario
# title = "The learning rate: too small, right, too large"
# chapter = "training"
# level = 1
# order = 1
# watch = ["w", "loss"]
# ///
"""Gradient descent on the simplest valley there is, loss = w², from w = 4, with five rates. The
gradient is 2w, so each step multiplies w by the same factor 1 − 2·lr: predict it, then look.
Whether a training crawls, arrives, swings or explodes is decided by this one number."""
import torch

# Five rates, the same start, eight steps each.
for lr in [0.01, 0.4, 0.5, 0.95, 1.1]:
    w = torch.tensor(4.0, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=lr)
    places = []
    for step in range(8):
        # The usual loop; the "model" is w alone. Its gradient: 2w.
        optimizer.zero_grad()
        loss = w**2
        loss.backward()
        optimizer.step()
        places.append(f"{w.item():.2f}")

    # 0.98 hardly moves, 0.2 arrives, 0 is luck (only this valley has it), −0.9 swings from side
    # to side, −1.2 lands further away each time. If a loss grows or turns to nan, lower the rate
    # before all else.
    print(f"lr {lr}: factor {1 - 2 * lr:.2f}, w = {' '.join(places)}")
