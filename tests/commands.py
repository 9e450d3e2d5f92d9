"""The command line, called in this process: what it prints, where, and with which exit status.

An error that nobody meant for the user comes out as it is. What a process of its own has beside
that (the terminal, pipes, signals, what is imported) is tested with one.
"""

from __future__ import annotations

import contextlib
import io
import subprocess
from pathlib import Path

import pytest

from backprop_tui.cli import main


def called(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """What ``backprop-tui ARGUMENTS`` does."""
    words = [str(argument) for argument in arguments]
    printed, said = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(said),
        contextlib.chdir(cwd or Path.cwd()),
        pytest.raises(SystemExit) as ended,
    ):
        main(words, prog_name="backprop-tui")
    status = ended.value.code or 0
    assert isinstance(status, int)
    return subprocess.CompletedProcess(words, status, printed.getvalue(), said.getvalue())
