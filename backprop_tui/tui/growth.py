"""The trace grows behind the screen: a slice of recording at a time, and never in a key's way."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from textual.timer import Timer

if TYPE_CHECKING:
    from backprop_tui.tui.film import Film

#: Recording ahead rests this long after a key press.
QUIET_SECONDS = 0.15
GROW_EVERY = 0.02
REPAINT_EVERY = 0.5
#: Steps that must lie ahead before recording may rest.
NEAR = 200


class Growth:
    """Has a film record ahead of where one looks; ``grown`` is told when there is more to see.

    ``every`` makes the screen's timers; ``crashed`` is told of each film that grew.
    """

    def __init__(
        self,
        every: Callable[..., Timer],
        crashed: Callable[[Film], None],
        grown: Callable[[], None],
    ) -> None:
        self._every = every
        self._crashed = crashed
        self._grown = grown
        self._timer: Timer | None = None
        self._film: Film | None = None
        self._last_key = 0.0
        self._last_paint = 0.0

    def start(self, film: Film | None) -> None:
        """From now on slices are recorded, of this film if there is one already."""
        self._film = film
        self._timer = self._every(GROW_EVERY, self._grow)

    def wake(self, film: Film) -> None:
        """This is the film now, and one may have come nearer to its end."""
        self._film = film
        if self._timer is not None and film.growing:
            self._timer.resume()

    def pressed(self) -> None:
        """A key was pressed: recording rests for a moment."""
        self._last_key = monotonic()

    def painted(self) -> None:
        """The screen was painted: what has grown since can wait a little."""
        self._last_paint = monotonic()

    def _grow(self) -> None:
        film = self._film
        if film is None or self._timer is None:
            return
        if not film.growing:
            self._timer.pause()
            self._grown()
            return
        near = film.last - film.index < NEAR
        if not (film.recording or near) and monotonic() - self._last_key < QUIET_SECONDS:
            return
        waited = film.recording
        film.grow()
        self._crashed(film)
        if (waited and not film.recording) or monotonic() - self._last_paint > REPAINT_EVERY:
            self._grown()
