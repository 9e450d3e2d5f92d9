import math
import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR, OneCycleLR, StepLR, LinearLR

torch.manual_seed(0)
X = torch.randn(64, 4)
y = (X @ torch.tensor([1.0, -2.0, 0.5, 0.0]) + 0.1 * torch.randn(64)).unsqueeze(-1)


def make():
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))


model = make()
opt = torch.optim.SGD(model.parameters(), lr=1e-5)
num, end_lr = 20, 10.0
gamma = (end_lr / 1e-5) ** (1 / num)
lrs, losses, best = [], [], None
for step in range(num):
    opt.zero_grad()
    loss = nn.functional.mse_loss(model(X), y)
    if best is None or loss.item() < best:
        best = loss.item()
    if math.isnan(loss.item()) or loss.item() > 4 * best:
        print("diverged at lr %.2e" % opt.param_groups[0]["lr"])
        break
    lrs.append(opt.param_groups[0]["lr"])
    losses.append(loss.item())
    loss.backward()
    opt.step()
    for group in opt.param_groups:
        group["lr"] *= gamma
i = min(range(len(losses)), key=lambda j: losses[j])
print("best lr {:.4f} loss {:.3f}".format(lrs[i], losses[i]))

for cls, kw in [(OneCycleLR, dict(max_lr=0.1, total_steps=10)),
                (StepLR, {"step_size": 3}), (LinearLR, {"total_iters": 4}),
                (LambdaLR, {"lr_lambda": lambda e: 0.9 ** e})]:
    model = make()
    opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    sched = cls(opt, **kw)
    history = []
    for _ in range(9):
        opt.zero_grad()
        nn.functional.mse_loss(model(X), y).backward()
        opt.step()
        sched.step()
        history.append(round(sched.get_last_lr()[0], 5))
    print(cls.__name__, history)
