"""Traces in files: read back equal, and lazily."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from backprop_tui.scenario.library import bundled
from backprop_tui.session import Session
from backprop_tui.trace import state
from backprop_tui.trace.compare import first_difference
from backprop_tui.trace.file import StoredTrace, WritingTrace, is_trace_file, reader
from backprop_tui.trace.file.objects import Objects
from backprop_tui.trace.file.schema import CHUNK
from backprop_tui.trace.phases import phases_of
from backprop_tui.trace.steps import Forward
from backprop_tui.trace.trace import Trace
from backprop_tui.tui.places import Query, next_match
from backprop_tui.view.frame import frame
from backprop_tui.view.types import Selection, Sizes

ROOT = Path(__file__).parent.parent
SCENARIOS = [entry.name for entry in bundled()]


def beginning(name: str, steps: int = 300, engine: str = "numpy") -> Trace:
    """A bundled scenario, recorded so far."""
    session = Session.open(name, engine)
    while session.grow(seconds=1.0, until=steps) and len(session.trace) <= steps:
        pass
    session.close()
    return session.trace


def write(trace: Trace, path: Path) -> Path:
    with WritingTrace(path, trace.program, trace.engine) as writing:
        for step in trace:
            writing.append(step)
    return path


def looks(trace: Trace, index: int) -> object:
    """What a state and the phases say at a step, by number and text."""
    now, phases = state.at(trace, index), phases_of(trace)
    return (
        now.call,
        sorted(now.changed),
        sorted(now.ran),
        [
            (name, *(None if a is None else a.tolist() for a in (t.value.data, t.grad, t.flowing)))
            for name, t in now.visible()
        ],
        list(now.numbers()),
        phases.phase_at(index),
        repr(phases.iteration_at(index)),
        phases.next_statement(index),
        phases.losses_until(index),
    )


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_is_written_is_read_back_equal(name: str, tmp_path: Path) -> None:
    trace = beginning(name)
    stored = StoredTrace(write(trace, tmp_path / "a.trace"))
    assert first_difference(trace, stored) is None
    assert stored.finished
    assert stored.state() == "finished"
    assert is_trace_file(stored.path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.trace"]
    order = list(range(len(trace)))
    random.Random(1).shuffle(order)
    for index in order[:40]:
        assert repr(looks(stored, index)) == repr(looks(trace, index)), f"step {index}"


@pytest.mark.parametrize("name", ["two_points", "xor", "two_points_hidden"])
def test_what_pytorch_did_is_written_and_read_back_equal(name: str, tmp_path: Path) -> None:
    trace = beginning(name, engine="torch")
    stored = StoredTrace(write(trace, tmp_path / "a.trace"))
    assert first_difference(trace, stored) is None
    assert stored.engine == "torch"


# ------------------------------------------------------------------------------ look-ups

TRAINING = """
import torch
from torch import nn
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(ROUNDS):
    x = torch.ones(3, 2)
    optimizer.zero_grad()
    loss = (model(x) - 1.0).square().mean()
    loss.backward()
    optimizer.step()
    print(loss)
"""


def training(rounds: int = 3) -> Trace:
    session = Session.of_text(TRAINING.replace("ROUNDS", str(rounds)))
    trace = session.complete()
    assert session.error is None, session.error
    return trace


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trace, Path]:
    """A trace of several keyframes and chunks, in memory and in a file."""
    trace = training(150)
    assert len(trace) > CHUNK
    return trace, write(trace, tmp_path_factory.mktemp("traces") / "long.trace")


def test_look_ups_say_what_they_say_in_memory(long: tuple[Trace, Path]) -> None:
    trace, stored = long[0], StoredTrace(long[1])
    assert sorted(stored.names()) == sorted(trace.names())
    for step in list(trace)[-200:]:
        if isinstance(step, Forward):
            tensor = step.outputs[0].tensor
            assert list(stored.namings_of(tensor)) == list(trace.namings_of(tensor))
            assert stored.produced_at(tensor) == trace.produced_at(tensor)
            if step.node is not None:
                node = step.node.node
                for look in ("forward_of", "backward_of"):
                    found, known = getattr(stored, look)(node), getattr(trace, look)(node)
                    assert (found and found.index) == (known and known.index), look
    assert stored.forward_of(10**6) is None
    assert stored.producer_of(-1) is None


@pytest.mark.parametrize(
    "query",
    [
        Query("loss"),
        Query("line", line=10),
        Query("line", line=99),
        Query("tensor", name="loss"),
        Query("tensor", name="model.0.weight"),
        Query("tensor", name="z"),
    ],
    ids=lambda query: query.name or f"{query.kind} {query.line}",
)
def test_searches_find_what_they_find_in_memory(query: Query, long: tuple[Trace, Path]) -> None:
    trace, stored = long[0], StoredTrace(long[1])
    for after in (-1, 0, 17, 2000, len(trace) - 40, len(trace) - 1):
        assert next_match(query, stored, after) == next_match(query, trace, after), after


def test_every_frame_is_the_one_of_the_trace_in_memory(long: tuple[Trace, Path]) -> None:
    trace = long[0]
    for index in (0, 1, 40, 1000, len(trace) // 2, len(trace) - 2, len(trace) - 1):
        stored = StoredTrace(long[1])
        assert frame(stored, index, Selection(), Sizes()) == frame(
            trace, index, Selection(), Sizes()
        ), f"step {index}"


def test_a_step_far_away_is_shown_without_reading_what_lies_before(
    long: tuple[Trace, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = StoredTrace(long[1])
    read = []
    at = Objects.at
    monkeypatch.setattr(Objects, "at", lambda self, index: read.append(index) or at(self, index))
    frame(stored, len(stored) - 5, Selection(), Sizes())
    assert len(set(read)) < 800
    assert read
    assert sum(index < len(stored) - 1500 for index in read) < 20, "what is long ago"


def test_what_is_kept_in_memory_is_bounded(
    long: tuple[Trace, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "MOST_STEPS", 50)
    stored = StoredTrace(long[1])
    for index in range(2000):
        assert stored[index].index == index
    assert len(stored._steps_kept) == 50
    monkeypatch.setattr(reader, "MOST_BYTES", 1000)
    for index in range(2000):
        assert stored[index].index == index
    assert stored._bytes_kept <= 1000
    assert len(stored._objects._known) < 500


def test_a_shared_object_is_one_while_anything_holds_it(long: tuple[Trace, Path]) -> None:
    trace, stored = long[0], StoredTrace(long[1])
    here = state.at(stored, 1000).tensors
    there = state.at(stored, 1003).tensors
    same = [tensor for tensor in here if here[tensor].value is there[tensor].value]
    here, there = state.at(trace, 1000).tensors, state.at(trace, 1003).tensors
    assert same == [tensor for tensor in here if here[tensor].value is there[tensor].value]
