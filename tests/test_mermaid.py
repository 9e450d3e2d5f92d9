"""The graph as a Mermaid flowchart: as it is, or folded by module as on the screen."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from real_models import recorded

from backprop_tui.export.mermaid import MOST_BOXES, Flowchart, flowchart
from backprop_tui.session import Session
from backprop_tui.trace.steps import SeedGrad
from backprop_tui.trace.trace import Trace
from backprop_tui.view.graph_fold import MOST_AS_IS, MOST_FOLDED

DEEP = """import torch
from torch import nn
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 2)
    def forward(self, x):
        return x + {activation}(self.linear(x))
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([Block() for _ in range(30)])
    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x.sum()
net = Net()
loss = net(torch.ones(1, 2))
loss.backward()
"""
SQUARES = "".join(f"x{i + 1} = x{i} * x{i}\n" for i in range(130))
LONG = f"import torch\nx0 = torch.ones(1, requires_grad=True)\n{SQUARES}x130.backward()\n"
MANY_LEAVES = """import torch
ws = [torch.ones(1, requires_grad=True) for _ in range(150)]
loss = torch.stack(ws).sum()
loss.backward()
"""


def of(trace: Trace) -> Flowchart:
    seed = next(step for step in trace if isinstance(step, SeedGrad))
    return flowchart(trace, [seed.tensor], seed.index)


def made(text: str) -> Flowchart:
    return of(Session.of_text(text).complete())


def deep(activation: str = "torch.tanh") -> Flowchart:
    return made(DEEP.format(activation=activation))


def boxes(chart: str) -> list[str]:
    return re.findall(r"^    n\d+[(\[].*$", chart, re.MULTILINE)


def ops_in(chart: Flowchart) -> int:
    """How many ops the boxes stand for, those inside folded ones counted."""
    inside = [re.search(r">(\d+) ops<", box) for box in boxes(chart.text) if "[[" in box]
    alone = [box for box in boxes(chart.text) if "[[" not in box and "([" not in box]
    return sum(1 if found is None else int(found[1]) for found in inside) + len(alone)


def links(chart: str) -> list[tuple[int, int]]:
    return [(int(a), int(b)) for a, b in re.findall(r"n(\d+) --> n(\d+)", chart)]


@pytest.mark.parametrize("name", ["two_points", "matt_mazur", "xor"])
def test_a_graph_that_can_be_read_is_drawn_as_it_is(name: str) -> None:
    chart = of(Session.open(name).complete())
    assert (chart.folded, chart.text) == (0, chart.key)
    assert "folded" not in chart.words


@pytest.mark.parametrize(
    ("chart", "named"),
    [
        (lambda: of(recorded("resnet")), ["layer1.0", "layer4.1", "fc", "conv1"]),
        (lambda: of(recorded("transformer")), ["embed", "head"]),
        (deep, ["blocks.0", "blocks.29"]),
        (lambda: made(LONG), []),
    ],
    ids=["resnet", "transformer", "deep", "no modules"],
)
def test_a_large_graph_is_folded_by_module(
    chart: Callable[[], Flowchart], named: list[str]
) -> None:
    drawn = chart()
    assert len(boxes(drawn.key)) > MOST_AS_IS
    assert drawn.folded
    assert drawn.boxes == len(boxes(drawn.text)) <= MOST_FOLDED + 2
    assert "folded" in drawn.words
    for name in named:
        assert f'[["{name}<br/>' in drawn.text
    whole = [box for box in boxes(drawn.key) if "([" not in box]
    assert ops_in(drawn) == len(whole), "an op is lost or told twice"
    assert not any(a == b for a, b in links(drawn.text))
    assert len(set(links(drawn.text))) == len(links(drawn.text))


def test_what_leads_to_the_loss_still_does() -> None:
    chart = of(recorded("resnet"))
    behind: dict[int, set[int]] = {}
    for a, b in links(chart.text):
        behind.setdefault(b, set()).add(a)
    seen, waiting = set(), [chart.boxes]
    while waiting:
        box = waiting.pop()
        if box not in seen:
            seen.add(box)
            waiting += behind.get(box, ())
    assert "nll_loss" in boxes(chart.text)[-1]
    assert seen == set(range(1, chart.boxes + 1))


def test_graphs_that_differ_inside_a_folded_module_differ() -> None:
    one, other = deep(), deep("torch.sigmoid")
    assert one.text == other.text
    assert one.key != other.key
    assert one.key == deep().key


def test_leaves_that_cannot_be_folded_are_counted() -> None:
    assert made(MANY_LEAVES).boxes > MOST_BOXES
