"""Regularisation in one file: mixup, label smoothing, weight averaging, EMA, warm-up and checkpoints."""
import copy
import math
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.swa_utils import AveragedModel, SWALR, update_bn, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
X = torch.randn(64, 3)
Y = ((X ** 2).sum(1) > 2.5).long()
loader = DataLoader(TensorDataset(X, Y), batch_size=16, shuffle=True)


def mixup_data(x, y, lam):
    index = torch.randperm(x.size(0))
    mixed_x = lam * x + (1 - lam) * x[index, :]
    return mixed_x, y, y[index]


def mixup_criterion(criterion, pred, y_a, y_b, lam):
    return lam * criterion(pred, y_a) + (1 - lam) * criterion(pred, y_b)


class EMA:
    def __init__(self, model, decay):
        self.decay = decay
        self.shadow = {k: v.clone().detach() for k, v in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model):
        for k, v in model.state_dict().items():
            if v.dtype.is_floating_point:
                self.shadow[k].mul_(self.decay).add_(v, alpha=1 - self.decay)
            else:
                self.shadow[k].copy_(v)


def init_weights(m):
    if type(m) == nn.Linear:
        nn.init.kaiming_normal_(m.weight, nonlinearity='relu')
        if m.bias is not None:
            m.bias.data.fill_(0.01)


model = nn.Sequential(nn.Linear(3, 16, bias=False), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 2))
model.apply(init_weights)
decay, no_decay = [], []
for name, param in model.named_parameters():
    (no_decay if param.ndim == 1 or name.endswith("bias") else decay).append(param)
optimizer = torch.optim.AdamW([
    {"params": decay, "weight_decay": 0.1},
    {"params": no_decay, "weight_decay": 0.0, "lr": 2e-2},
], lr=1e-2)
warmup = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=4)
cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=8)
scheduler = torch.optim.lr_scheduler.SequentialLR(optimizer, [warmup, cosine], milestones=[4])
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
ema = EMA(model, 0.9)
swa_model = AveragedModel(model)
ema_model = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
best, best_loss = None, math.inf
for epoch in range(3):
    model.train()
    for inputs, targets in loader:
        lam = 0.7 if epoch % 2 else 0.4
        inputs, ta, tb = mixup_data(inputs, targets, lam)
        loss = mixup_criterion(criterion, model(inputs), ta, tb, lam)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        ema.update(model)
        ema_model.update_parameters(model)
    if epoch >= 1:
        swa_model.update_parameters(model)
    model.eval()
    with torch.inference_mode():
        val = F.cross_entropy(model(X), Y).item()
    if val < best_loss:
        best_loss = val
        best = {"epoch": epoch, "model": copy.deepcopy(model.state_dict()), "opt": optimizer.state_dict(),
                "sched": scheduler.state_dict()}
    print(epoch, f"{val:.4f}", [f"{lr:.5f}" for lr in scheduler.get_last_lr()])
swa_scheduler = SWALR(optimizer, swa_lr=0.05, anneal_epochs=3)
for _ in range(4):
    optimizer.step()
    swa_scheduler.step()
print([round(g["lr"], 6) for g in optimizer.param_groups], swa_model.n_averaged)
update_bn(loader, swa_model)
swa_model.eval()
print(swa_model.module[1].running_mean[:4], F.cross_entropy(swa_model(X), Y))
print(ema.shadow["0.weight"].norm(), ema_model.module[0].weight.norm())
model.load_state_dict(best["model"])
optimizer.load_state_dict(best["opt"])
print(best["epoch"], best["sched"]["last_epoch"], len(best["opt"]["state"]), F.cross_entropy(model(X), Y))
clone = copy.deepcopy(model)
assert all(torch.equal(a, b) for a, b in zip(model.parameters(), clone.parameters()))
