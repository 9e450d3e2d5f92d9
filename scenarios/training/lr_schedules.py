# /// scenario
# title = "Schedules: a learning rate that falls"
# chapter = "training"
# level = 2
# order = 4
# watch = ["w", "loss"]
# ///
"""Two samples that disagree: one wants w = 1, the other w = 3; together they want 2. One sample at
a time and a constant rate, w is pulled to and fro for ever. A schedule lowers the rate: large
steps first to get there, small ones later to settle. Look at w once per epoch."""
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, StepLR

# Constant; a third of it every 3 epochs; down to 0 along a cosine.
for name in ["constant", "step", "cosine"]:
    w = torch.tensor(8.0, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.3)
    scheduler = None
    if name == "step":
        scheduler = StepLR(optimizer, step_size=3, gamma=1 / 3)
    elif name == "cosine":
        scheduler = CosineAnnealingLR(optimizer, T_max=12)
    rates = []
    for epoch in range(12):
        rates.append(f"{optimizer.param_groups[0]['lr']:.2f}")
        for target in [1.0, 3.0]:
            optimizer.zero_grad()
            loss = (w - target) ** 2
            loss.backward()
            optimizer.step()
        # Once per epoch, and after optimizer.step(): the other way round PyTorch warns, and the
        # first rate of the schedule is skipped.
        if scheduler is not None:
            scheduler.step()

    # The constant rate stops at 2.43, pulled by whichever sample came last.
    print(f"{name}: w {w.item():.2f}, rates {' '.join(rates)}")
