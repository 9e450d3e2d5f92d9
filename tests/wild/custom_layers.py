"""Layers of one's own: maxout, a residual block, a squeeze and excitation gate, weight sharing."""
from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F


class Residual(nn.Module):
    def __init__(self, fn):
        super().__init__()
        self.fn = fn

    def forward(self, x, *args, **kwargs):
        return self.fn(x, *args, **kwargs) + x


class SqueezeExcite(nn.Module):
    def __init__(self, channels, reduction=2):
        super().__init__()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            nn.Linear(channels, channels // reduction), nn.Mish(),
            nn.Linear(channels // reduction, channels), nn.Hardsigmoid())

    def forward(self, x):
        return x * self.gate(x)[:, :, None, None]


class Tied(nn.Module):
    def __init__(self, n, m):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(m, n) * 0.1)
        self.slope = nn.PReLU()
        self.register_buffer("calls", torch.tensor(0))

    def extra_repr(self):
        return f"{self.weight.shape[1]} -> {self.weight.shape[0]}, tied=True"

    def forward(self, x):
        self.calls += 1
        return F.linear(self.slope(F.linear(x, self.weight)), self.weight.t())


torch.manual_seed(0)
net = nn.Sequential(OrderedDict([
    ("stem", nn.Conv2d(1, 4, 3, padding=1, bias=False)),
    ("se", Residual(SqueezeExcite(4))),
    ("up", nn.Upsample(scale_factor=2, mode="nearest")),
    ("pool", nn.AdaptiveAvgPool2d((2, 2))),
    ("flat", nn.Flatten()),
    ("tied", Tied(16, 5)),
    ("glu", nn.GLU()),
]))
print(net)
x = torch.randn(3, 1, 6, 6)
out = net(x)
loss = F.smooth_l1_loss(out, torch.zeros_like(out)) + F.kl_div(
    F.log_softmax(out, -1), F.softmax(out.detach().flip(1), -1), reduction="batchmean")
loss.backward()
print(out.shape, round(loss.item(), 5), net.tied.calls)
for name, p in net.named_parameters():
    print(name, tuple(p.shape), f"{p.grad.abs().mean():.6f}")
decay = [p for n, p in net.named_parameters() if p.ndim > 1]
rest = [p for n, p in net.named_parameters() if p.ndim <= 1]
opt = torch.optim.Adam([{"params": decay, "weight_decay": 0.1}, {"params": rest}], lr=1e-2)
opt.step()
print([len(g["params"]) for g in opt.param_groups], f"{net.stem.weight.sum().item():.5f}")
state = {k: v.clone() for k, v in net.state_dict().items()}
net.load_state_dict(state)
print(list(state)[:3], len(list(net.modules())), [n for n, _ in net.named_children()])
