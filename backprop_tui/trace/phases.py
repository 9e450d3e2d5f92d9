"""The shape of a run: iterations, and in each the phases forward, backward, update.

An *iteration* is one round of the loop that calls backward; without such a loop it is one forward
pass with its backward. Steps before the first are iteration 0, the *setup*. A *phase* is a run of
steps of one kind. How both are found is said in ``intake``; here is what can be asked.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from weakref import WeakKeyDictionary

import numpy as np

from backprop_tui.trace.columns import KIND, STATEMENT, TYPES
from backprop_tui.trace.intake import Intake
from backprop_tui.trace.steps import Loop, SeedGrad
from backprop_tui.trace.trace import Trace

Kind = Literal["setup", "forward", "backward", "update"]
_KINDS: tuple[Kind, ...] = ("setup", "forward", "backward", "update")
_LOOP, _SEED = bytes([TYPES[Loop]]), bytes([TYPES[SeedGrad]])


@dataclass(frozen=True, slots=True)
class Phase:
    """Steps ``start`` to ``stop`` (exclusive) of one iteration, all of one kind."""

    kind: Kind
    iteration: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Iteration:
    """Steps ``start`` to ``stop`` (exclusive); number 0 is the setup. ``losses`` are the values
    that backward began from (usually one)."""

    number: int
    start: int
    stop: int
    losses: tuple[float, ...]


_known: WeakKeyDictionary[Trace, Phases] = WeakKeyDictionary()


def phases_of(trace: Trace) -> Phases:
    """The Phases of a trace as far as it has grown; kept for as long as the trace lives."""
    phases = _known.get(trace)
    if phases is None:
        phases = _known[trace] = Phases()
    trace.inform(phases)
    return phases


class Phases(Intake):
    """Iterations and phases of a trace, taken in step by step, or all at once from ``load``."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: dict[tuple[str, int], array[int]] = {}
        self._lines_until = 0

    # ------------------------------------------------------------------ looking

    @property
    def recorded(self) -> Sequence[int]:
        """The numbers of the iterations that were recorded, the setup's left out."""
        return self.columns.numbers

    def iteration_at(self, index: int) -> Iteration:
        """The iteration a step belongs to."""
        return self._iteration(bisect_right(self.starts, index) - 1)

    def iteration(self, number: int) -> Iteration:
        """Iteration ``number``; 0 is the setup (which may be empty). One that was not recorded has
        no steps."""
        place = bisect_left(self.columns.numbers, number) + 1 if number else 0
        if number and (place >= len(self.starts) or self.columns.numbers[place - 1] != number):
            at = self.starts[place] if place < len(self.starts) else len(self)
            return Iteration(number, at, at, ())
        return self._iteration(place)

    def _iteration(self, place: int) -> Iteration:
        start = self.starts[place]
        stop = self.starts[place + 1] if place + 1 < len(self.starts) else len(self)
        first, last = bisect_left(self.roots_at, start), bisect_left(self.roots_at, stop)
        number = self.columns.numbers[place - 1] if place else 0
        return Iteration(number, start, stop, tuple(self.columns.roots[first:last]))

    def kind_at(self, index: int) -> Kind:
        """The kind of phase a step belongs to."""
        return _KINDS[self._kinds[index] & KIND]

    def phase_at(self, index: int) -> Phase:
        """The phase a step belongs to."""
        around = self.iteration_at(index)
        kind = self._kinds[index] & KIND
        start, stop = index, index + 1
        while start > around.start and self._kinds[start - 1] & KIND == kind:
            start -= 1
        while stop < around.stop and self._kinds[stop] & KIND == kind:
            stop += 1
        return Phase(_KINDS[kind], around.number, start, stop)

    def within(self, number: int) -> tuple[Phase, ...]:
        """The phases of one iteration, in order."""
        around = self.iteration(number)
        phases = []
        index = around.start
        while index < around.stop:
            phase = self.phase_at(index)
            phases.append(phase)
            index = phase.stop
        return tuple(phases)

    def losses(self) -> list[float]:
        """The loss of each iteration that ran backward, in order."""
        return self._curve

    def losses_until(self, index: int) -> int:
        """How many of ``losses`` are known at a step: backward has begun from them."""
        return bisect_right(self._curve_from, index)

    def step_on_line(self, line: int, after: int, file: str = "") -> int | None:
        """The first step of a statement on this source line after step ``after``; if none
        follows, the last one before; None if the line never ran."""
        self._index_lines()
        runs = self._lines.get((file, line))
        if not runs:
            return None
        return runs[min(bisect_right(runs, after), len(runs) - 1)]

    def next_on_line(self, line: int, after: int, file: str = "") -> int | None:
        """The first step after ``after`` that begins a statement of which ``line`` is a part."""
        self._index_lines()
        begin = {
            (span.file, span.line)
            for span in self.columns.spans
            if span.file == file and span.line <= line <= span.end_line
        }
        found = [
            runs[place]
            for runs in (self._lines.get(key, array("q")) for key in begin)
            if (place := bisect_right(runs, after)) < len(runs)
        ]
        return min(found, default=None)

    def round_at(self, index: int) -> int:
        """The latest Loop step at or before step ``index``: where a round began; −1: none."""
        return self._types.rfind(_LOOP, 0, index + 1)

    def next_round(self, after: int) -> int:
        """The first Loop step after step ``after``, or the number of steps if there is none."""
        found = self._types.find(_LOOP, after + 1)
        return len(self) if found < 0 else found

    def seed_at(self, index: int) -> int:
        """The latest SeedGrad at or before step ``index``; −1: none."""
        return self._types.rfind(_SEED, 0, index + 1)

    def next_seed(self, after: int) -> int:
        """The first SeedGrad after step ``after``; −1: none."""
        return self._types.find(_SEED, after + 1)

    # ------------------------------------------------------------------ moving

    def next_statement(self, index: int) -> int:
        """The first step after ``index`` that belongs to another statement, or the last step."""
        for i in range(index + 1, len(self)):
            if self._begins_statement(i):
                return i
        return len(self) - 1

    def previous_statement(self, index: int) -> int:
        """The first step of this statement, or of the one before if already there."""
        i = max(index - 1, 0)
        while i > 0 and not self._begins_statement(i):
            i -= 1
        return i

    def next_phase(self, index: int) -> int:
        """The first step of the next phase, or the last step."""
        return min(self.phase_at(index).stop, len(self) - 1)

    def previous_phase(self, index: int) -> int:
        """The first step of this phase, or of the one before if already there."""
        start = self.phase_at(index).start
        return start if start < index or start == 0 else self.phase_at(start - 1).start

    def next_iteration(self, index: int) -> int:
        """The first step of the next iteration, or the last step."""
        return min(self.iteration_at(index).stop, len(self) - 1)

    def previous_iteration(self, index: int) -> int:
        """The first step of this iteration, or of the one before if already there."""
        start = self.iteration_at(index).start
        return start if start < index or start == 0 else self.iteration_at(start - 1).start

    def _begins_statement(self, index: int) -> bool:
        return bool(self._kinds[index] & STATEMENT) or self._types[index] == TYPES[Loop]

    def _index_lines(self) -> None:
        """Take in where statements begin, for all steps since the last time."""
        start, self._lines_until = self._lines_until, len(self)
        if start == len(self):
            return
        kinds = np.frombuffer(bytes(self._kinds[start:]), np.uint8)
        numbers = np.frombuffer(self.columns.statements[start:].tobytes(), np.uint32)
        begins = np.flatnonzero(kinds & STATEMENT)
        order = begins[np.argsort(numbers[begins], kind="stable")]
        cuts = np.flatnonzero(np.diff(numbers[order])) + 1
        for steps in np.split(order, cuts) if len(order) else ():
            span = self.columns.spans[int(numbers[steps[0]])]
            runs = self._lines.setdefault((span.file, span.line), array("q"))
            shared = bool(runs) and runs[-1] > start + int(steps[0])
            runs.extend((steps + start).tolist())
            if shared:  # with another statement that begins on this line
                self._lines[span.file, span.line] = array("q", sorted(runs))
