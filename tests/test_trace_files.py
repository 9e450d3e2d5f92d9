"""Traces in files: read back equal, lazily, beside their writer; damage is told, never obeyed."""

from __future__ import annotations

from pathlib import Path

import pytest

from backprop_tui.scenario.library import bundled
from backprop_tui.session import Session
from backprop_tui.trace.compare import first_difference
from backprop_tui.trace.file import StoredTrace, WritingTrace, is_trace_file
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


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_is_written_is_read_back_equal(name: str, tmp_path: Path) -> None:
    trace = beginning(name)
    stored = StoredTrace(write(trace, tmp_path / "a.trace"))
    assert first_difference(trace, stored) is None
    assert stored.finished
    assert stored.state() == "finished"
    assert is_trace_file(stored.path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.trace"]
