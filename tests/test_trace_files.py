"""Traces in files: read back equal, lazily, beside their writer; damage is told, never obeyed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from backprop_tui.scenario.library import bundled
from backprop_tui.session import Session
from backprop_tui.trace import state
from backprop_tui.trace.compare import first_difference
from backprop_tui.trace.file import StoredTrace, WritingTrace, is_trace_file
from backprop_tui.trace.phases import phases_of
from backprop_tui.trace.trace import Trace

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
