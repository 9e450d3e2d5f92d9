"""Plays: something is done so many times a second, until it is paused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.timer import Timer

SPEEDS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


class Player:
    """Does ``tick`` at a speed that can be changed; ``every`` makes the screen's timers."""

    def __init__(self, every: Callable[..., Timer], tick: Callable[[], Any]) -> None:
        self._every = every
        self._tick = tick
        self._index = 1
        self._timer: Timer | None = None

    @property
    def playing(self) -> bool:
        """Whether it plays now."""
        return self._timer is not None

    @property
    def speed(self) -> float:
        """How many times a second."""
        return SPEEDS[self._index]

    def play(self) -> None:
        """Begin, at the present speed."""
        self.pause()
        self._timer = self._every(1 / self.speed, self._tick)

    def pause(self) -> None:
        """Stop; nothing happens if it does not play."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def change(self, by: int) -> None:
        """The next faster (or slower) speed, at once if it plays."""
        self._index = max(0, min(len(SPEEDS) - 1, self._index + by))
        if self.playing:
            self.play()
