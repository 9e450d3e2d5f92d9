"""A real pseudo-terminal to time programs in: spawn, wait for a word, press a key."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
from time import perf_counter
from types import TracebackType

#: No byte for this long means that a frame is complete.
QUIET_SECONDS = 0.06


class Terminal:
    """One program in a pseudo-terminal of ``columns`` × ``rows``; ends with the ``with`` block."""

    def __init__(self, command: list[str], columns: int = 160, rows: int = 45) -> None:
        self.started = perf_counter()
        self.pid, self.fd = pty.fork()
        if not self.pid:
            environment = {
                **os.environ,
                "TERM": "xterm-256color",
                "COLORTERM": "truecolor",
                "COLUMNS": str(columns),
                "LINES": str(rows),
            }
            environment.pop("NO_COLOR", None)
            os.execvpe(command[0], command, environment)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)

    def _read(self, timeout: float) -> bytes:
        ready, _, _ = select.select([self.fd], [], [], timeout)
        if not ready:
            return b""
        try:
            return os.read(self.fd, 1 << 16)
        except OSError:
            raise RuntimeError("the program ended") from None

    def until(self, word: bytes, timeout: float = 20.0) -> float:
        """Seconds from the start until ``word`` was written."""
        seen = b""
        while word not in seen:
            if perf_counter() - self.started > timeout:
                raise RuntimeError(
                    f"{word!r} was not written; the end of what was: {seen[-500:]!r}"
                )
            seen += self._read(0.5)
        return perf_counter() - self.started

    def settle(self, quiet: float = 0.3) -> None:
        """Read until nothing has been written for ``quiet`` seconds."""
        while self._read(quiet):
            pass

    def press(self, key: bytes) -> tuple[float, int]:
        """(seconds from the key to the last byte painted, bytes) for one key press."""
        start = last = perf_counter()
        count = 0
        os.write(self.fd, key)
        while True:
            data = self._read(QUIET_SECONDS if count else 1.0)
            if not data:
                return last - start, count
            last = perf_counter()
            count += len(data)
