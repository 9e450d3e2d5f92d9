"""``backprop-tui record --watch``: the run in a process of its own, the app beside it.

begin() ──▶ backprop-tui record … > FILE.log     a process that outlives the app
wait()  ──▶ its trace file is there: the app can open it
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from backprop_tui.errors import TraceError
from backprop_tui.trace.file import StoredTrace, is_trace_file

LOOK_EVERY = 0.05


class Beside:
    """A recording that runs by itself; what it prints goes to ``log``."""

    def __init__(self, arguments: Sequence[str], trace: Path) -> None:
        self.trace = trace
        self.log = trace.with_name(trace.name + ".log")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "backprop_tui", "record", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )

    def wait(self) -> bool:
        """Wait for the trace file; False if the run ended without one."""
        while not self._opens():
            if self.process.poll() is not None:
                return self._opens()
            time.sleep(LOOK_EVERY)
        return True

    def _opens(self) -> bool:
        if not is_trace_file(self.trace):
            return False
        try:
            StoredTrace(self.trace).close()
        except TraceError:  # it is being made
            return False
        return True

    @property
    def status(self) -> int | None:
        """The exit status of the run; None while it goes on."""
        return self.process.poll()

    def printed(self) -> str:
        """What the run has printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")
