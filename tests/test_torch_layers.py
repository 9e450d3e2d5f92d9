"""Layers that are not watched are told as if they had been."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from test_torch_watch import watched

from backprop_tui.engines.torch_engine import layers
from backprop_tui.engines.torch_engine.recorder import Recorder
from backprop_tui.trace.compare import first_difference
from backprop_tui.trace.steps import Forward

pytestmark = pytest.mark.filterwarnings("ignore")

#: What is done with a Linear between two others, or with an activation or a loss in its place.
LAYERS = {
    "rows": "net(torch.randn(4, 2)).sum().backward()",
    "one row": "net(torch.randn(2)).sum().backward()",
    "rows of rows": "net(torch.randn(3, 4, 2)).sum().backward()",
    "rows that do not lie in order": "net(torch.randn(2, 4).t()).sum().backward()",
    "an input that is learned": """
x = torch.randn(4, 2, requires_grad=True)
net(x).sum().backward()
x.grad * 2
""",
    "rows that do not fit": "net(torch.randn(4, 3))",
    "another dtype": "net(torch.randn(4, 2).double())",
    "double precision": "net.double()(torch.randn(4, 2).double()).sum().backward()",
    "half precision": "net.bfloat16()(torch.randn(4, 2).bfloat16()).sum().backward()",
    "no bias": "nn.Linear(2, 3, bias=False)(torch.randn(4, 2)).sum().backward()",
    "a weight that is not learned": """
net[0].weight.requires_grad_(False)
net(torch.randn(4, 2)).sum().backward()
""",
    "nothing is learned": """
net.requires_grad_(False)
net(torch.randn(4, 2))
""",
    "gradients off": """
with torch.no_grad():
    net(torch.randn(4, 2))
""",
    "inference": """
with torch.inference_mode():
    net(torch.randn(4, 2))
""",
    "autocast": """
with torch.autocast("cpu", dtype=torch.bfloat16):
    net(torch.randn(4, 2)).sum().backward()
""",
    "vmap": "torch.vmap(net)(torch.randn(5, 4, 2)).sum().backward()",
    "forward mode": """
with torch.autograd.forward_ad.dual_level():
    x = torch.autograd.forward_ad.make_dual(torch.randn(4, 2), torch.ones(4, 2))
    net(x).sum().backward()
""",
    "other parameters for a call": """
other = {name: torch.ones_like(p).requires_grad_() for name, p in net.named_parameters()}
torch.func.functional_call(net, other, (torch.randn(4, 2),)).sum().backward()
""",
    "a weight set between": """
y = net(torch.randn(4, 2))
net[0].weight = nn.Parameter(torch.zeros(3, 2))
(y + net(torch.randn(4, 2))).sum().backward()
""",
    "a weight written to between": """
y = net(torch.randn(4, 2)).sum()
y.backward()
with torch.no_grad():
    net[0].weight.mul_(2)
net(torch.randn(4, 2)).sum().backward()
""",
    "a weight shared": """
net[2].weight = net[0].weight
net[2].bias = net[0].bias
nn.Sequential(net[0], net[1])(torch.randn(4, 2)).sum().backward()
""",
    "parametrized": """
torch.nn.utils.parametrizations.weight_norm(net[0])
net(torch.randn(4, 2)).sum().backward()
""",
    "a hook on a layer": """
net[1].register_forward_hook(lambda m, i, o: o * 2)
net(torch.randn(4, 2)).sum().backward()
""",
    "a hook on what is saved": """
with torch.autograd.graph.saved_tensors_hooks(lambda t: t * 1, lambda t: t):
    y = net(torch.randn(4, 2)).sum()
y.backward()
""",
    "an activation changed in place": """
h = net[1](net[0](torch.randn(4, 2)))
h.mul_(1)
net[2](h).sum()
""",
    "a graph with Nodes by hand": """
y = net(torch.randn(4, 2))
y.grad_fn.next_functions[2][0].name()
y.sum().backward(retain_graph=True)
y.sum().backward()
""",
    "gradients of gradients": """
x = torch.randn(4, 2, requires_grad=True)
(g,) = torch.autograd.grad(nn.Sigmoid()(net(x)).sum(), x, create_graph=True)
g.pow(2).sum().backward()
""",
    "called with nothing, or too much": """
w = torch.ones(2, requires_grad=True)
for call in (lambda: net[0](), lambda: net[1](), lambda: net[1](w, w), lambda: nn.MSELoss()(w)):
    try:
        call()
    except TypeError as error:
        print(error)
        w = w * (2 if "forward() " in str(error) else 3)
w.sum().backward()
""",
    "backward begins at a leaf, too": """
w = torch.ones(3, requires_grad=True)
torch.autograd.backward([(w * 2).sum(), w], [None, torch.full((3,), 5.0)])
w.grad * 2
""",
    "backward begins at a leaf alone": """
w = torch.ones(3, requires_grad=True)
w.backward(torch.ones(3))
w.grad * 2
""",
    "trained": """
for Optimizer in (optim.SGD, optim.Adam):
    opt = Optimizer(net.parameters(), lr=0.1)
    for i in range(2):
        opt.zero_grad()
        nn.MSELoss()(net(torch.randn(4, 2)), torch.randn(4, 1)).backward()
        opt.step()
""",
    **{
        f"{layer}": f"x = torch.randn(4, 3, requires_grad=True)\n{layer}(x * 2).sum().backward()"
        for layer in ("nn.Tanh()", "nn.Sigmoid()", "nn.ReLU()", "nn.ReLU(inplace=True)")
    },
    **{
        f"{loss}, {reduction}, {shape}": f"""
x = torch.randn(4, 3, requires_grad=True)
{loss}(reduction="{reduction}")(x.sigmoid(), torch.rand({shape})).sum().backward()
"""
        for loss in ("nn.MSELoss", "nn.BCELoss", "nn.BCEWithLogitsLoss")
        for reduction in ("mean", "sum", "none")
        for shape in ("4, 3", "3")
    },
    "a weighted loss": """
x = torch.randn(4, 3, requires_grad=True)
nn.BCELoss(weight=torch.rand(3))(x.sigmoid(), torch.rand(4, 3)).backward()
nn.BCEWithLogitsLoss(pos_weight=torch.rand(3))(x, torch.rand(4, 3)).backward()
""",
    "a target that is learned": """
x, y = torch.randn(4, 3, requires_grad=True), torch.rand(4, 3, requires_grad=True)
nn.MSELoss()(x, y).backward()
nn.MSELoss()(y.detach(), y).backward()
""",
}
NET = "net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))\n"


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_told_as_if_it_were_watched(name: str) -> None:
    source = NET + LAYERS[name]
    found = first_difference(watched(source, 0), watched(source, 10**9))
    assert found is None, found


def operations(source: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What PyTorch's modes are told."""
    seen: list[str] = []
    plain = Recorder.dispatch

    def dispatch(self: Recorder, func: Any, *what: Any) -> Any:
        seen.append(func.overloadpacket.__name__)
        return plain(self, func, *what)

    monkeypatch.setattr(Recorder, "dispatch", dispatch)
    watched(NET + "x = torch.randn(4, 2)\n" + source, 10**9)
    return [name for name in seen if name in ("t", "addmm", "tanh", "mm", "mse_loss", "slice")]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("net(x)", []),
        ("net[2](net[0](x).tanh())", ["tanh"]),
        ("net[0](x[0])", ["t", "addmm"]),
        ("nn.MSELoss()(net(x), x[:, :1])", ["slice"]),
    ],
)
def test_only_what_is_not_known_is_watched(
    source: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert operations(source, monkeypatch) == expected


def test_a_layer_with_another_node_than_expected_is_told_as_pytorch_made_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = layers.LAYERS[torch.nn.Sigmoid]
    monkeypatch.setitem(layers.LAYERS, torch.nn.Tanh, other)
    trace = watched(NET + "net(torch.randn(4, 2)).sum().backward()", 10**9)
    told = next(s for s in trace if isinstance(s, Forward) and s.op == "Tanh")
    assert told.node is not None
    assert told.node.name == "TanhBackward0"
    assert told.outputs[0].data.shape == (4, 3)
