"""Traces while they are written: followed, amended, interrupted, killed; what is not kept."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from weakref import ref

import numpy as np
import pytest
from test_trace_files import looks, training

from backprop_tui.engines.base import TensorValue
from backprop_tui.errors import TraceError
from backprop_tui.trace.compare import first_difference
from backprop_tui.trace.file import StoredTrace, WritingTrace, writer
from backprop_tui.trace.steps import Bind, Forward, Named, Output, Span, Where
from backprop_tui.trace.trace import Program
from backprop_tui.trace.training import Reading
from backprop_tui.view.frame import frame
from backprop_tui.view.types import Selection, Sizes

ROOT = Path(__file__).parent.parent


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


def for_ever(writing: WritingTrace, place: Where) -> None:
    for index in range(10**6):
        writing.append(Output(index, place, "said"))


def test_what_cannot_be_written_is_said_at_the_next_step(tmp_path: Path) -> None:
    writing = WritingTrace(tmp_path / "a.trace", Program("a", ""))
    place = Where(Span(1, 0, 1, 0), Span(1, 0, 1, 0))
    writing._pages.step = None  # type: ignore[assignment,method-assign]
    with pytest.raises(TraceError, match="cannot be written"):
        for_ever(writing, place)
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


INTERRUPTED = """
import signal, sys
from tests.test_trace_files import training
from backprop_tui.trace.compare import first_difference
from backprop_tui.trace.file import StoredTrace, WritingTrace
trace = training(60)
writing = WritingTrace(sys.argv[1], trace.program)
signal.signal(signal.SIGALRM, signal.default_int_handler)
interrupted = 0
while len(writing) < len(trace):
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.004)
        while len(writing) < len(trace):
            writing.append(trace[len(writing)])
        signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        interrupted += 1
writing.close()
print(interrupted > 3, first_difference(trace, StoredTrace(sys.argv[1])))
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="timers like these are Unix's")
def test_ctrl_c_at_any_time_loses_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path / "a.trace")],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.stdout == "True None\n", done.stderr


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
