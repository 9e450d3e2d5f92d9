"""Programs that write to what was told of large tensors: told as if all had been copied."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import backprop_tui
from backprop_tui.engines.torch_engine.promises import Promises
from backprop_tui.engines.torch_engine.recorder import current
from backprop_tui.trace.compare import first_difference
from backprop_tui.trace.trace import Trace


def told() -> None:
    """Have everything told that happened so far."""
    recorder = current()
    assert recorder is not None
    recorder.drain()


#: Programs that write to what was told, in ways of their own.
PROGRAMS = {
    "views": """
w = torch.rand(200, 100)
a, b = w[:150], w.t()
c, d = a.view(-1), w + 1
told(); a.mul_(2); e = b * 1
told(); c[5:].zero_(); f = w * 1
told(); w.t_(); g = w * 1
told(); w.unsqueeze_(0); w * 1
""",
    "parts": """
a, b, c = nn.Linear(64, 192)(torch.rand(100, 64)).chunk(3, -1)
told(); (a * b + c).sum().backward()
a, b = torch.rand(200, 100).split(100)
told(); a.add_(1); (a * b).sum()
""",
    "by hand": """
w, x = torch.rand(128, 128, requires_grad=True), torch.rand(64, 128)
for _ in range(3):
    (x @ w).relu().sum().backward(); told()
    with torch.no_grad():
        w -= 0.01 * w.grad; w.grad.zero_()
    told()
""",
    "gradients swapped": """
w = torch.rand(100, 100, requires_grad=True)
(w * 2).sum().backward(); told()
g = w.grad; w.grad = g * 2
told(); g.zero_(); w.grad.add_(1)
(w * w.grad).sum().backward(); told(); w.grad * 1
""",
    "hooks": """
w = torch.rand(100, 100, requires_grad=True)
h = w * 2
h.retain_grad(); h.register_hook(lambda g: g.mul_(2)); w.register_hook(lambda g: g + 1)
(h * h).sum().backward(); told(); h.grad.zero_(); w.grad.add_(1); (w * w.grad).sum()
""",
    "gradients of gradients": """
w, x = torch.rand(80, 80, requires_grad=True), torch.rand(80, 80)
g, = torch.autograd.grad((w @ x).tanh().pow(2).sum(), w, create_graph=True)
told(); (g * g).sum().backward(); told(); w.data.sub_(w.grad); (w * 2).sum()
""",
    "normalised, dropped": """
net = nn.Sequential(
    nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU(inplace=True), nn.Dropout(0.3),
    nn.Flatten(), nn.Linear(3136, 8),
)
optimizer = torch.optim.AdamW(net.parameters(), amsgrad=True)
for i in range(3):
    optimizer.zero_grad(set_to_none=i % 2 == 0)
    net(torch.rand(16, 3, 16, 16)).pow(2).mean().backward(); told()
    nn.utils.clip_grad_norm_(net.parameters(), 0.5); told(); optimizer.step()
""",
    "searched": """
layer, x = nn.Linear(128, 64), torch.rand(32, 128)
optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=4)
def closure():
    optimizer.zero_grad(); loss = layer(x).pow(2).mean(); loss.backward(); told(); return loss
for _ in range(2):
    optimizer.step(closure); told()
""",
    "no numbers": """
w, a = torch.rand(100, 100, requires_grad=True), torch.full((100, 100), float("nan"))
((w * a).sum() + (w * (a * 2)).sum()).backward(); told(); w.grad.nan_to_num_(); w.grad * 1
""",
    "cast": """
net, x = nn.Linear(128, 128), torch.rand(50, 128)
net(x).sum().backward(); told(); net.double(); net(x.double()).sum().backward()
told(); net.float(); net(x)
""",
}


@pytest.mark.filterwarnings("error:the numbers of a tensor")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_told_as_if_all_was_copied(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    code = compile(PROGRAMS[name], name, "exec")

    def run() -> Trace:
        torch.manual_seed(0)
        with backprop_tui.record(limit=None) as trace:
            exec(code, {"torch": torch, "nn": nn, "told": told})
        return trace

    promised = run()
    monkeypatch.setattr(Promises, "of", lambda *_: None)
    found = first_difference(promised, run())
    assert found is None, found
