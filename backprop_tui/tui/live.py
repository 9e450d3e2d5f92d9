"""A run being watched while it trains: the app's training screen without the screen.

trace file ──look()──▶ Curves, state ──▶ view.training
key ──ask(wish)──▶ trace file ──▶ the run, at the end of its iteration
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from backprop_tui.errors import TraceError
from backprop_tui.view.training import Board, Curves, Sizes, Standing, standing_words, training

if TYPE_CHECKING:
    from backprop_tui.trace.file import StoredTrace

#: A run that waits is told so often, in seconds, that somebody is still here.
ATTEND_EVERY = 1.0
#: So many readings are taken in at a time.
CHUNK = 20_000


class Live:
    """The readings and the state of a trace file, and what a viewer wishes of the run.

    ``chosen`` is the iteration selected among those that have steps; while it is the last, it stays
    the last as more come. ``wish`` is what has been asked for and has not come about.
    """

    def __init__(self, trace: StoredTrace) -> None:
        self.trace = trace
        self.curves = Curves()
        self.state = "running"
        self.wish = ""
        self.chosen: int | None = None
        self._asked_at = 0
        self._attended = 0.0

    @property
    def waits(self) -> bool:
        """Whether the run is still there to obey."""
        return self.state in ("running", "paused")

    @property
    def words(self) -> str:
        """How the run is, in a few words."""
        return standing_words(self.curves, self.state)

    def look(self) -> None:
        """Take in what has been written since; raises TraceError where the file is damaged."""
        trace, curves = self.trace, self.curves
        trace.refresh()
        self.state = trace.state()
        recorded = curves.recorded
        following = not recorded or self.chosen == recorded[-1][0]
        curves.parameters = trace.parameters
        while readings := trace.readings(curves.count, CHUNK):
            curves.add(readings)
        if recorded and following:
            self.chosen = recorded[-1][0]
        self._come_about()
        if self.waits and monotonic() - self._attended > ATTEND_EVERY:
            self._attended = monotonic()
            trace.attend()

    def _come_about(self) -> None:
        last = 0 if self.curves.last is None else self.curves.last.iteration
        came = {
            "pause": self.state == "paused",
            "next": self.state == "paused" and last > self._asked_at,
            "run": self.state == "running",
        }
        if not self.waits or came.get(self.wish, False):
            self.wish = ""

    # ------------------------------------------------------------------ wishes

    def toggle(self) -> None:
        """Pause the run, or let it go on."""
        self.ask("run" if self.state == "paused" or self.wish == "pause" else "pause")

    def ask(self, wish: str) -> None:
        """Wish "pause", "next" or "run"; raises TraceError where the file cannot be written."""
        self._asked_at = 0 if self.curves.last is None else self.curves.last.iteration
        self.trace.ask(wish)
        self._attended = monotonic()
        self.wish = wish

    # ------------------------------------------------------------------ iterations with steps

    def choose(self, move: int) -> None:
        """Select another of the iterations that have steps, ``move`` further down."""
        numbers = [iteration for iteration, _ in self.curves.recorded]
        if numbers:
            at = numbers.index(self.chosen) if self.chosen in numbers else len(numbers) - 1
            self.chosen = numbers[max(0, min(len(numbers) - 1, at + move))]

    def choose_step(self, step: int) -> None:
        """Select the iteration that begins with this step."""
        self.chosen = next((i for i, first in self.curves.recorded if first == step), self.chosen)

    @property
    def step(self) -> int | None:
        """The index of the first step of the selected iteration."""
        return next((s for i, s in self.curves.recorded if i == self.chosen), None)

    def board(self, sizes: Sizes) -> Board:
        """All that the screen shows now."""
        failed = self.trace.error if self.state == "failed" else ""
        standing = Standing(self.trace.program.name, self.state, failed, self.wish)
        return training(self.curves, standing, sizes, self.chosen)


def watched(trace: object) -> Live | None:
    """A trace as a run to watch, if it is a file that can tell of one."""
    from backprop_tui.trace.file import StoredTrace

    if not isinstance(trace, StoredTrace):
        return None
    live = Live(trace)
    try:
        live.look()
    except TraceError:
        return None
    return live if live.waits or live.curves.count else None
