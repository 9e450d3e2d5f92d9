"""What the program prints: it passes through unchanged, and is kept for the trace."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any


class Tee:
    """Stands in for ``sys.stdout``: writes to it, and tells ``heard`` what was written.

    Only what the recording thread writes is told.
    """

    def __init__(self, stream: Any, heard: Callable[[str], None]) -> None:
        self._stream = stream
        self._heard = heard
        self._thread = threading.get_ident()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __iter__(self) -> Any:
        return iter(self._stream)

    def write(self, text: str) -> int:
        """Write to the stream."""
        count: int = self._stream.write(text)
        if text and threading.get_ident() == self._thread:
            self._heard(text)
        return count

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts to the stream."""
        for line in lines:
            self.write(line)
