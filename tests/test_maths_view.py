"""Maths where rows are few: what fits, what is said more briefly, and that it says so."""

from __future__ import annotations

import re
from functools import lru_cache

import pytest

from backprop_tui.explain import Explanation, explain
from backprop_tui.session import Session
from backprop_tui.trace.steps import Backward, Update, ZeroGrad
from backprop_tui.trace.trace import Trace
from backprop_tui.view.frame import frame
from backprop_tui.view.maths import ROOMY, SHORTENED, maths_pane
from backprop_tui.view.types import Pane, Selection, Sizes, plain

#: The inside of Maths on a screen of 80×24, of 160×45, and of 80×24 when it is zoomed.
SMALL, LARGE, ZOOMED = (79, 10), (71, 18), (79, 16)

#: Of many kinds: sums because of broadcasting, paths that meet, fan-out, optimizers, long names.
SCENARIOS = (
    "accuracy_and_confusion",
    "xor_learns",
    "vae",
    "gru_cell",
    "exploding_gradient",
    "batch_norm",
    "diffusion_step",
)

ADAM = """import torch
from torch import nn
model = nn.Sequential(nn.Linear(2, 1), nn.ReLU(), nn.Linear(1, 1))
nn.init.constant_(model[0].weight, 0.5)
nn.init.constant_(model[2].weight, 2.0)
optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
loss = model(torch.tensor([[1.0, 3.0], [2.0, 1.0]])).pow(2).sum()
loss.backward()
optimizer.step()
optimizer.zero_grad()
"""


@lru_cache
def steps(name: str, count: int = 300) -> Trace:
    session = Session.open(name)
    while len(session.trace) < count and session.grow(1.0, until=count):
        pass
    session.close()
    return session.trace


@lru_cache
def adam() -> Trace:
    return Session.of_text(ADAM).complete()


def of(trace: Trace, kind: type, title: str = "") -> Explanation:
    found = (explain(trace, step.index) for step in trace if isinstance(step, kind))
    return next(said for said in found if title in said.title)


def text(pane: Pane) -> list[str]:
    return [plain(line) for line in pane.lines]


def squeezed(words: str) -> str:
    return "".join(words.split())


# ------------------------------------------------------------------------------ what fits


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("size", [SMALL, (79, 4), (40, 10)])
def test_no_more_rows_than_there_are(name: str, size: tuple[int, int]) -> None:
    trace = steps(name)
    for index in range(len(trace)):
        pane = maths_pane(explain(trace, index), *size)
        assert len(pane.lines) <= size[1], index
        assert max(map(len, text(pane)), default=0) <= max(size[0], 24), index


@pytest.mark.parametrize("name", SCENARIOS)
def test_rule_numbers_and_sums_fit_on_a_small_screen(name: str) -> None:
    trace = steps(name)
    for index in range(len(trace)):
        said = explain(trace, index)
        if not isinstance(trace[index], Backward | Update):
            continue
        shown = text(maths_pane(said, *SMALL))
        needed = {part.heading for part in said.parts} & {"rule", "numbers", "paths meet"}
        if isinstance(trace[index], Update):
            needed -= {"numbers"}  # they may stand behind the rule
        heads = {line.split("  ")[0] for line in shown} | set(shown)
        assert needed <= heads, (index, shown)


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("size", [LARGE, ZOOMED, (79, ROOMY)])
def test_a_roomy_pane_loses_nothing(name: str, size: tuple[int, int]) -> None:
    trace = steps(name)
    for index in range(len(trace)):
        said = explain(trace, index)
        assert holds_all(maths_pane(said, *size), said), index


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_pane_that_does_not_say_so_is_not_shortened(name: str) -> None:
    trace = steps(name)
    shortened = 0
    for index in range(len(trace)):
        said = explain(trace, index)
        pane = maths_pane(said, *SMALL)
        shortened += SHORTENED in pane.title
        assert SHORTENED in pane.title or holds_all(pane, said), index
    assert shortened < len(trace) / 3


def holds_all(pane: Pane, said: Explanation) -> bool:
    """Whether every line's right-hand side, or a sentence's few words, are there."""
    words = " ".join(text(pane))
    where = re.match(r"where +([ḡg]) = (\S+(?: \S+)*?)(?= = | +rule|$)", words)
    if where is not None:
        name = where[2]
        words = re.sub(rf"(?<!\w){where[1]}(?!\w)", lambda _: name, words)
    words = squeezed(words)
    found = []
    for part in said.parts:
        for line in part.lines:
            right = squeezed(line.text.partition(" = ")[2] or line.text.partition(" ← ")[2])
            said_so = {squeezed(line.text), right, "" if line.latex else squeezed(line.brief)} - {
                ""
            }
            found.append(any(one in words for one in said_so))
    return all(found)


# ------------------------------------------------------------------------------ how it is said


def test_an_optimizers_rule_and_numbers_are_one_line_each() -> None:
    said = of(adam(), Update, "model.0.weight")
    assert text(maths_pane(said, *SMALL))[:2] == [
        "rule    t ← t + 1 = 1",
        "        m ← β₁ · m + (1 − β₁) · model.0.weight.grad = 0 + 0.1·41.3004 = 4.13",
    ]


def test_a_long_name_that_comes_often_gets_a_letter() -> None:
    said = of(steps("accuracy_and_confusion"), Backward, "Addmm")
    assert text(maths_pane(said, *SMALL))[:3] == [
        "where       ḡ = ∂loss/∂model(X_train)",
        "rule        ∂loss/∂model.bias = ḡ",
        "            ∂loss/∂model.weightᵀ = X_trainᵀ @ ḡ",
    ]


def test_values_stand_side_by_side() -> None:
    assert text(maths_pane(of(adam(), ZeroGrad), 79, 3)) == [
        "values  model.0.weight.grad = None   model.0.bias.grad = None",
        "        model.2.weight.grad = None   model.2.bias.grad = None",
    ]


def test_what_was_printed_is_not_moved() -> None:
    trace = Session.of_text("for i in range(1):\n    print('a\\nb\\nc\\nd')\n").complete()
    shown = text(maths_pane(explain(trace, len(trace) - 1), 79, 4))
    assert shown == ["values  a", "        b", "        c", "        d"]


def test_zoom_gives_all_of_it() -> None:
    trace = steps("accuracy_and_confusion")
    index = next(s.index for s in trace if isinstance(s, Backward) and "Addmm" in s.node.name)
    none = (0, 0)
    beside = frame(trace, index, Selection(), Sizes(maths=(79, 4))).maths
    alone = frame(trace, index, Selection(), Sizes(none, none, none, (79, 4), (79, 2))).maths
    assert SHORTENED in beside.title
    assert len(beside.lines) <= 4
    assert SHORTENED not in alone.title
    assert len(alone.lines) > 4
