"""By what a trace is known from outside, whichever form it has; imports nothing heavy."""

from __future__ import annotations

import struct
from pathlib import Path

FORMAT = "backprop-tui-trace"
#: SQLite's own mark of whose file it is (``PRAGMA application_id``): "BPTT".
APPLICATION = 0x42505454
#: What SQLite's header is long, and what it begins with.
HEAD, SQLITE = 100, b"SQLite format 3\0"


def is_trace_file(path: Path | str) -> bool:
    """Whether a file says of itself that it is a trace file (of whatever version)."""
    return application(head(Path(path))) == APPLICATION


def is_trace_text(path: Path | str) -> bool:
    """Whether a file begins as a trace exported as JSON does."""
    start = head(Path(path)).lstrip()
    return start.startswith(b"{") and b'"format": "%s"' % FORMAT.encode() in start


def is_trace(path: Path | str) -> bool:
    """Whether a file is a trace, not a scenario."""
    return is_trace_file(path) or is_trace_text(path)


def head(path: Path) -> bytes:
    """The first bytes of a file; none if there is no such file."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(HEAD)
    except (OSError, ValueError):
        return b""


def application(start: bytes) -> int:
    """SQLite's ``application_id`` in the first bytes of a file; 0 if it is none of SQLite's."""
    if len(start) < HEAD or not start.startswith(SQLITE):
        return 0
    return int(struct.unpack(">I", start[68:72])[0])
