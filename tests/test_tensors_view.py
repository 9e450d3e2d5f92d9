"""Tensors of large models: by module, none out of reach, and what a step changed in sight."""

from __future__ import annotations

import pytest
from real_models import recorded

from backprop_tui.session import Session
from backprop_tui.trace import state
from backprop_tui.trace.steps import Accumulate, Update
from backprop_tui.trace.trace import Trace
from backprop_tui.tui.app import BackpropApp
from backprop_tui.view.tensor_groups import MOST_GROUPS, MOST_ROWS
from backprop_tui.view.tensors import tensors_pane
from backprop_tui.view.types import Pane, plain

DEEP = """import torch
from torch import nn
model = nn.Sequential(*[nn.Linear(2, 2) for _ in range(30)])
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
loss = model(torch.ones(1, 2)).sum()
loss.backward()
optimizer.step()
"""


@pytest.fixture(scope="module")
def deep() -> Trace:
    return Session.of_text(DEEP).complete()


def named(trace: Trace, index: int) -> dict[str, int]:
    return {name: tensor.value.tensor for name, tensor in state.at(trace, index).visible()}


def modules(pane: Pane) -> list[str]:
    return [plain(line)[2:] for line in pane.lines if plain(line)[2:3] in ("▸", "▾")]


def row_of(pane: Pane, tensor: int) -> str:
    """The row of a tensor itself, no module's."""
    rows = [plain(pane.lines[at]) for at, target in pane.targets.items() if target == tensor]
    return next((row for row in rows if row[2:3] not in ("▸", "▾")), "")


def steps_of(trace: Trace, kind: type) -> list[int]:
    return [step.index for step in trace if isinstance(step, kind)]


@pytest.mark.parametrize("name", ["two_points", "xor", "digits_mlp"])
def test_few_tensors_have_a_row_each(name: str) -> None:
    session = Session.open(name)
    session.grow(5.0, until=60)
    pane = tensors_pane(session.trace, 40, 79)
    assert not modules(pane)
    assert len(pane.targets) == len(set(named(session.trace, 40).values())) <= MOST_ROWS
    session.close()


def test_a_large_models_tensors_are_folded_by_module() -> None:
    rows = modules(tensors_pane(recorded("resnet"), 5, 150))
    assert 8 < len(rows) <= MOST_GROUPS
    (row,) = [row for row in rows if row.startswith("▸ layer1.0")]
    assert row.split("  ")[0] == "▸ layer1.0"
    assert "12 tensors, 322 numbers" in row


def test_where_modules_are_many_they_are_not_all_in_one(deep: Trace) -> None:
    rows = modules(tensors_pane(deep, 5, 100))
    assert [row.split()[1] for row in rows] == [f"model.{i}" for i in range(30)]


@pytest.mark.parametrize("width", [160, 79, 40])
def test_every_tensor_is_there_when_it_is_selected(width: int) -> None:
    trace = recorded("resnet")
    index = steps_of(trace, Accumulate)[3]
    tensors = named(trace, index)
    assert len(tensors) > 100
    for name, tensor in tensors.items():
        pane = tensors_pane(trace, index, width, tensor)
        row = row_of(pane, tensor)
        assert row, name
        assert name.rpartition(".")[2][-4:] in row
        assert pane.focus is not None
        assert plain(pane.lines[pane.focus[0]]) == row
        assert len(pane.lines) < len(tensors) / 2


@pytest.mark.parametrize("kind", [Accumulate, Update])
def test_what_a_step_changed_is_in_sight(kind: type) -> None:
    trace = recorded("resnet")
    for index in steps_of(trace, kind):
        changed = state.at(trace, index).changed & set(named(trace, index).values())
        pane = tensors_pane(trace, index, 79)
        for tensor in changed:
            assert row_of(pane, tensor).startswith("●"), index
        if changed:
            assert pane.focus is not None
            assert plain(pane.lines[pane.focus[0]]).startswith("●")


def test_gradients_that_have_arrived_are_counted(deep: Trace) -> None:
    last = steps_of(deep, Accumulate)[-1]
    first = steps_of(deep, Accumulate)[0]
    assert [row.split()[-3:] for row in modules(tensors_pane(deep, last, 100))] == [
        ["2", "of", "2"]
    ] * 30
    counts = [" ".join(row.split()[-3:]) for row in modules(tensors_pane(deep, first, 100))]
    assert counts.count("1 of 2") == 1


async def test_down_goes_through_all_of_them(deep: Trace) -> None:
    app = BackpropApp(Session.of_text(DEEP), at=5)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        film = app.stepper.film
        assert film is not None
        everything = named(film.trace, film.index)
        await pilot.press("3")
        seen = set()
        for _ in range(3 * len(everything)):
            before = film.selection.tensor
            await pilot.press("down")
            if film.selection.tensor == before:
                break
            seen.add(film.selection.tensor)
        assert seen == set(everything.values())
        for _ in range(32):  # up it goes from module to module
            await pilot.press("up")
        assert film.selection.tensor == min(seen)
        await pilot.press("escape")
        assert film.selection.tensor is None
