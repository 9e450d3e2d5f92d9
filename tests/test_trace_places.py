"""Trace files in folders of others: where nothing can be written they are read, or it is said why.

A process that is root may write anywhere: the one that looks gives that up first.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from backprop_tui.trace.file import WritingTrace
from backprop_tui.trace.trace import Program

pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="folders of others are Unix's")

ROOT = Path(__file__).parent.parent
PREPARE = """
import os, sys
from pathlib import Path
from backprop_tui.errors import TraceError
from backprop_tui.session import Session, StoredSession
from backprop_tui.trace.file import StoredTrace, WritingTrace
from backprop_tui.tui.film import Film
from backprop_tui.view.types import Sizes
PROGRAM = '''
import torch
w = torch.tensor([1.0, 2.0], requires_grad=True)
for epoch in range(5):
    loss = (w * 3.0).sum()
    loss.backward()
'''
path = Path(sys.argv[1])
"""
WRITE = """
trace = Session.of_text(PROGRAM).complete()
writing = WritingTrace(path, trace.program)
for step in trace:
    writing.append(step)
writing.flush()
"""
KILLED = WRITE + "os.kill(os.getpid(), 9)"
LOOK = """
if os.geteuid() == 0:
    # What is imported later must be there, too.
    Film(Session.of_text(PROGRAM)).frame(Sizes())
    os.setegid(65534), os.seteuid(65534)
assert not os.access(path.parent, os.W_OK, effective_ids=True)
try:
    film = Film(StoredSession(path))
    film.go(len(film.trace) - 1)
    film.frame(Sizes())
    print(len(film.trace), film.trace.state())
except TraceError as error:
    print(error)
try:
    StoredTrace(path).ask("pause")
except TraceError as error:
    print(error)
"""


def run(program: str, path: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PREPARE + program, str(path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.stdout


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that anybody may enter."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)
        os.chmod(name, 0o755)


def look(path: Path) -> str:
    """What is said of a trace whose folder cannot be written to."""
    for file in path.parent.iterdir():
        file.chmod(0o444)
    path.parent.chmod(0o555)
    return run(LOOK, path)


STEPS = 36
CANNOT_WRITE = "cannot be written: attempt to write a readonly database"


def test_a_run_that_has_ended_is_read_where_nothing_can_be_written(folder: Path) -> None:
    run(WRITE + "writing.close()", folder / "a.trace")
    said = look(folder / "a.trace")
    assert said == f"{STEPS} finished\n{folder / 'a.trace'} {CANNOT_WRITE}\n"
    assert [file.name for file in folder.iterdir()] == ["a.trace"]


def test_a_run_that_was_killed_is_read_where_nothing_can_be_written(folder: Path) -> None:
    run(KILLED, folder / "a.trace")
    assert {file.name for file in folder.iterdir()} == {"a.trace", "a.trace-shm", "a.trace-wal"}
    said = look(folder / "a.trace").splitlines()
    assert said[0] in (f"{STEPS} running", f"{STEPS} stopped")
    assert said[1].endswith(CANNOT_WRITE)


def test_a_log_that_cannot_be_read_there_is_told_with_a_way_out(folder: Path) -> None:
    run(KILLED, folder / "a.trace")
    (folder / "a.trace-shm").unlink()
    assert "Copy it and a.trace-wal to another folder." in look(folder / "a.trace")
    folder.chmod(0o755)
    (folder / "elsewhere").mkdir()
    for name in ("a.trace", "a.trace-wal"):
        shutil.copy(folder / name, folder / "elsewhere" / name)
        (folder / "elsewhere" / name).chmod(0o644)
    found = run("print(len(StoredTrace(path)))", folder / "elsewhere" / "a.trace")
    assert found == f"{STEPS}\n"


def test_a_file_without_its_log_says_what_is_missing(folder: Path) -> None:
    run(KILLED, folder / "a.trace")
    shutil.copy(folder / "a.trace", folder / "b.trace")
    assert "b.trace-wal beside it is a part" in look(folder / "b.trace")


def test_a_run_is_followed_in_a_folder_that_cannot_be_written_to(folder: Path) -> None:
    with WritingTrace(folder / "a.trace", Program("a", "x = 1\n")) as writing:
        writing.flush()
        for file in folder.iterdir():
            file.chmod(0o644)
        folder.chmod(0o555)
        said = run(LOOK.replace("film.go(len(film.trace) - 1)\n    film.frame(Sizes())", ""),
                   folder / "a.trace")  # fmt: skip
        folder.chmod(0o755)
    assert said == f"0 running\n{folder / 'a.trace'} {CANNOT_WRITE}\n"
