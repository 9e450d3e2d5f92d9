"""Traces in files: read back equal, lazily, beside their writer; damage is told, never obeyed."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from weakref import ref

import numpy as np
import pytest

from backprop_tui.engines.base import TensorValue
from backprop_tui.errors import TraceError
from backprop_tui.scenario.library import bundled
from backprop_tui.session import Session
from backprop_tui.trace import state
from backprop_tui.trace.compare import first_difference
from backprop_tui.trace.file import StoredTrace, WritingTrace, is_trace_file, reader, writer
from backprop_tui.trace.file.objects import Objects
from backprop_tui.trace.file.schema import CHUNK
from backprop_tui.trace.phases import phases_of
from backprop_tui.trace.steps import Bind, Forward, Named, Output, Span, Where
from backprop_tui.trace.trace import Program, Trace
from backprop_tui.trace.training import Reading
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


# ------------------------------------------------------------------------------ while it is written


def test_a_reader_follows_a_writer(tmp_path: Path) -> None:
    trace = training(20)
    writing = WritingTrace(tmp_path / "a.trace", trace.program, trace.engine)
    stored = None
    for step in trace:
        writing.append(step)
        if step.index % 101 == 50:
            writing.flush()
            if stored is None:
                stored = StoredTrace(writing.path)
            else:
                assert stored.refresh()
            assert not stored.refresh()
            assert len(stored) == step.index + 1
            assert stored.state() == "running"
            assert not stored.finished
            assert looks(stored, step.index)
    writing.close()
    assert stored is not None
    assert stored.refresh()
    assert stored.state() == "finished"
    assert first_difference(trace, stored) is None
    for index in range(0, len(trace), 31):
        assert repr(looks(stored, index)) == repr(looks(trace, index)), f"step {index}"


def test_a_step_amended_after_it_was_written_is_read_as_amended(tmp_path: Path) -> None:
    trace = training(1)
    with WritingTrace(tmp_path / "a.trace", trace.program) as writing:
        stored = None
        for step in trace:
            writing.append(replace(step, binds=()) if isinstance(step, Forward) else step)
            writing.flush()
            stored = stored or StoredTrace(writing.path)
            stored.refresh()
            assert stored[step.index].index == step.index
            writing.amend(step)
        writing.flush()
        stored.refresh()
        assert first_difference(trace, stored) is None
        assert sorted(stored.names()) == sorted(trace.names())
        assert writing[-1] is trace[-1]
        assert first_difference(trace, writing) is None


def test_only_the_next_step_is_appended_and_only_the_last_amended(tmp_path: Path) -> None:
    trace = training(1)
    with WritingTrace(tmp_path / "a.trace", trace.program) as writing:
        writing.append(trace[0])
        with pytest.raises(ValueError, match="step 2 cannot follow 1 steps"):
            writing.append(trace[2])
        writing.append(trace[1])
        with pytest.raises(ValueError, match="only the last step"):
            writing.amend(trace[0])


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "a.trace").write_text("dear diary")
    with pytest.raises(TraceError, match="exists already"):
        WritingTrace(tmp_path / "a.trace", Program("a", ""))
    assert (tmp_path / "a.trace").read_text() == "dear diary"


def test_what_cannot_be_written_is_said_to_whoever_records(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="cannot be written"):
        WritingTrace(tmp_path / "nowhere" / "a.trace", Program("a", ""))
    writing = WritingTrace(tmp_path / "a.trace", Program("a", ""))
    writing.append(Output(0, Where(Span(1, 0, 1, 0), Span(1, 0, 1, 0)), object()))  # type: ignore[arg-type]
    writing._pages.step = None  # type: ignore[assignment,method-assign]
    with pytest.raises(TraceError, match="cannot be written"):
        writing.flush()
    with pytest.raises(TraceError, match="cannot be written"):
        writing.close()


def test_what_cannot_be_written_is_said_at_the_next_step(tmp_path: Path) -> None:
    writing = WritingTrace(tmp_path / "a.trace", Program("a", ""))
    place = Where(Span(1, 0, 1, 0), Span(1, 0, 1, 0))
    writing._pages.step = None  # type: ignore[assignment,method-assign]
    with pytest.raises(TraceError, match="cannot be written"):
        for index in range(2000):
            writing.append(Output(index, place, "said"))
    with pytest.raises(TraceError, match="cannot be written"):
        writing.close()
    assert len(StoredTrace(writing.path)) == 0


KILLED = """
import os, signal, sys, time
from tests.test_trace_files import training
from backprop_tui.trace.file import WritingTrace
trace = training(60)
writing = WritingTrace(sys.argv[1], trace.program)
for step in trace:
    writing.append(step)
    if step.index == 1000:
        writing.flush()
        print("flushed", flush=True)
    if step.index > 1000:
        time.sleep(0.0005)
"""


def test_a_killed_recording_loses_its_last_moment_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.trace"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "flushed\n"
    time.sleep(0.5)
    process.kill()
    process.wait()
    process.stdout.close()
    stored = StoredTrace(path)
    assert len(stored) >= 1001
    whole = training(60)
    for index in range(len(stored)):
        assert stored[index].index == index
    assert repr(looks(stored, 900)) == repr(looks(whole, 900))
    frame(stored, len(stored) - 1, Selection(), Sizes())
    deadline = time.monotonic() + 10
    while stored.state() == "running" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert stored.state() == "stopped"
    assert stored.refresh() is True
    assert stored.finished


def test_a_run_is_told_what_is_wished_and_whether_anybody_looks(tmp_path: Path) -> None:
    with WritingTrace(tmp_path / "a.trace", Program("a", "")) as writing:
        assert writing.wish() == ""
        assert writing.wished() == (0, "", None)
        stored = StoredTrace(writing.path)
        stored.ask("pause")
        assert writing.wish() == "pause"
        stored.ask("next")
        stored.ask("next")
        stored.attend()
        number, wish, ago = writing.wished()
        assert (number, wish) == (3, "next")
        assert ago is not None
        assert ago < 60
        writing.say("paused")
        writing.flush()
        assert stored.state() == "paused"


def test_readings_are_read_back(tmp_path: Path) -> None:
    nan = float("nan")
    readings = [
        Reading(1, 0.5, 0.7, (1.0, None), (None, 0.25), 1000, 3),
        Reading(2, 0.75, None, (nan, 0.0), (float("inf"), None), 2**40),
        Reading(3, 1.0, nan, (), (), 0),
        Reading(4, 1.0, float("-inf"), (), (), 0),
    ]
    with WritingTrace(tmp_path / "a.trace", Program("a", "")) as writing:
        writing.parameters = ("w", "b")
        for reading in readings:
            writing.measure(reading)
    stored = StoredTrace(writing.path)
    assert stored.parameters == ("w", "b")
    assert repr(stored.readings()) == repr(readings)
    assert repr(stored.readings(2)) == repr(readings[2:])


def test_a_run_that_failed_says_why(tmp_path: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        WritingTrace(tmp_path / "a.trace", Program("a", "")) as writing,
    ):
        raise ZeroDivisionError("by nothing")
    stored = StoredTrace(tmp_path / "a.trace")
    assert stored.state() == "failed"
    assert stored.error == "ZeroDivisionError: by nothing"
    assert writing.finished


def test_what_is_written_is_not_kept_alive(tmp_path: Path) -> None:
    place = Where(Span(1, 0, 1, 0), Span(1, 0, 1, 0))
    with WritingTrace(tmp_path / "a.trace", Program("a", "")) as writing:
        gone = []
        for index in range(500):
            value = TensorValue(index + 1, np.ones(10), "torch.float64", False, True)
            gone.append(ref(value.data))
            writing.append(Bind(index, place, (Named("x", value),)))
        del value
        writing.flush()
        writing.append(Output(500, place, "end"))
        writing.append(Output(501, place, "end"))
        writing.flush()
        assert sum(array() is not None for array in gone) < 3
        writing._pages._most_known = 0
        writing.append(Output(502, place, "end"))
        writing.flush()
        assert len(writing._pages._known) < 10


def test_whoever_records_waits_when_too_much_waits_to_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MOST_WAITING", 100_000)
    place = Where(Span(1, 0, 1, 0), Span(1, 0, 1, 0))
    with WritingTrace(tmp_path / "a.trace", Program("a", "")) as writing:
        for index in range(100):
            value = TensorValue(index + 1, np.full(5000, index), "torch.int64", False, True)
            writing.append(Forward(index, place, "full", (), {}, (value,), None))
            assert writing._bytes_waiting <= 140_000
            assert len(writing._steps_waiting) <= 4
            assert writing._pages.bytes <= 240_000
    assert len(StoredTrace(writing.path)) == 100
