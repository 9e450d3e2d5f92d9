"""A trace in memory, with its Readings: what ``record()`` gives when no file is named."""

from __future__ import annotations

from collections.abc import Sequence

from backprop_tui.trace.trace import Program, Trace
from backprop_tui.trace.training import Reading


class KeptTrace(Trace):
    """A Trace with the Readings of its run; ``parameters`` names their columns."""

    def __init__(self, program: Program, engine: str = "torch") -> None:
        super().__init__(program, engine)
        self.parameters: Sequence[str] = ()
        self._readings: list[Reading] = []

    def readings(self, start: int = 0) -> Sequence[Reading]:
        """The Readings from number ``start`` on, counted from 0."""
        return self._readings[start:]

    def measure(self, reading: Reading) -> None:
        """Keep what one optimizer step told."""
        self._readings.append(reading)

    def wished(self) -> tuple[int, str, float | None]:
        """Nobody else can look at a trace in memory, so nobody wishes anything."""
        return 0, "", None

    def say(self, state: str) -> None:
        """Nobody listens."""

    def flush(self) -> None:
        """Nothing waits to be written."""

    def close(self, error: str | None = None) -> None:
        """The run has ended."""
        self.finished = True
