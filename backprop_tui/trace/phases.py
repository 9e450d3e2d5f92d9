"""The shape of a run: iterations, and in each the phases forward, backward, update.

An *iteration* is one round of the loop that calls backward; without such a loop it is one forward
pass with its backward. Steps before the first are iteration 0, the *setup*. The rules:

- a Loop step begins a new iteration if the current one has already run backward; a loop inside the
  round that ran it does not (``for p in parameters: p -= lr * p.grad``);
- outside loops, so does the next op of a graph;
- when backward begins inside a loop, the iteration starts at that loop's latest round;
- numbers set before the first backward (``w.data = …``) are no update, they belong to the setup;
- where recording was resumed, an iteration begins, of the number it says; others are counted on.

A *phase* is a run of steps of one kind. What neither computes nor learns (names, output) belongs to
the phase around it. A statement that changes a parameter is an update, its arithmetic included.

All this is kept as columns, a few bytes per step, that a file can hold as they are.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from weakref import WeakKeyDictionary

import numpy as np

from backprop_tui.trace.columns import BEGINS, KIND, NODE, ROOT, STATEMENT, TYPES, Columns
from backprop_tui.trace.steps import (
    Accumulate,
    Assign,
    Backward,
    Call,
    Forward,
    Loop,
    Resumed,
    SeedGrad,
    Span,
    Step,
    Update,
    ZeroGrad,
)
from backprop_tui.trace.trace import Trace

Kind = Literal["setup", "forward", "backward", "update"]
_KINDS: tuple[Kind, ...] = ("setup", "forward", "backward", "update")
_SETUP, _FORWARD, _BACKWARD, _UPDATE = range(4)
_LOOP, _SEED, _OP = bytes([TYPES[Loop]]), bytes([TYPES[SeedGrad]]), TYPES[Forward]


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


class Phases:
    """Iterations and phases of a trace, taken in step by step, or all at once from ``load``."""

    def __init__(self) -> None:
        self.columns = Columns()
        #: Where iterations begin, the setup first; which steps begin backward from a number.
        self.starts = array("q", [0])
        self.roots_at = array("q")
        #: The first step whose columns have changed since a writer set this to their length.
        self.changed_from = 0
        self._kinds, self._types = self.columns.kinds, self.columns.types
        self._curve: list[float] = []
        self._curve_from: list[int] = []
        self._lines: dict[tuple[str, int], array[int]] = {}
        self._lines_until = 0
        # What taking in goes by; about the current iteration, unless said otherwise.
        self._number_of: dict[Span, int] = {}
        self._place: tuple[object, ...] = ()
        self._has_run = False
        self._any_has_run = False
        self._has_loss = False
        self._begun_in: int | None = None
        self._backward_depth = 0
        self._rounds: list[int] = []
        #: In how many loops a step is.
        self._depths = bytearray()

    def __len__(self) -> int:
        return len(self._kinds)

    # ------------------------------------------------------------------ looking

    @property
    def iterations(self) -> int:
        """The number of the last iteration: how many there were, recorded or not, but the setup."""
        return self.columns.numbers[-1] if self.columns.numbers else 0

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

    # ------------------------------------------------------------------ taking in

    def take(self, step: Step) -> None:
        """Take in the next step."""
        index, where = len(self), step.where
        marks = 0
        self._types.append(TYPES[type(step)])
        self._depths.append(min(len(where.loops), 255))
        if isinstance(step, Resumed):
            self._rounds = [index] * len(where.loops)
            self._backward_depth = 0
            self._begin(index, step.iteration)
        elif isinstance(step, Loop):
            self._begin_round(index, len(where.loops))
        elif isinstance(step, Forward):
            if step.node is not None:
                marks |= NODE
                if self._has_run and not step.changed and not self._in_round(len(where.loops)):
                    self._begin(index)
        elif isinstance(step, SeedGrad):
            marks |= self._begin_backward(index, step)
        place = (where.statement, where.call, where.loops)
        if place != self._place:
            self._place = place
            marks |= STATEMENT
        kind = self._kind(index, step)
        if self.starts[-1] == index and len(self.starts) > 1:
            marks |= BEGINS
        number = self._number_of.get(where.statement)
        if number is None:
            number = self._number_of[where.statement] = len(self._number_of)
            self.columns.spans.append(where.statement)
        self._kinds.append(kind | marks)
        self.columns.statements.append(number)
        if kind == _UPDATE:
            self._claim_statement(index, number)

    def _begin_round(self, index: int, depth: int) -> None:
        del self._rounds[depth - 1 :]
        self._rounds.extend([index] * (depth - len(self._rounds)))
        if self._has_run and not 0 < self._backward_depth < depth:
            self._begin(index)

    def _in_round(self, depth: int) -> bool:
        """Whether the current iteration began with a loop round that still runs."""
        return self._begun_in is not None and depth >= self._begun_in

    def _begin(self, index: int, number: int = 0) -> None:
        """An iteration begins at ``index``, which is the present step or an earlier one."""
        self.starts.append(index)
        self.columns.numbers.append(max(number, self.iterations + 1))
        self._has_run = self._has_loss = False
        self._begun_in = self._depths[index] if self._types[index] == TYPES[Loop] else None
        if index < len(self):
            self._change(index, self._kinds[index] | BEGINS)

    def _begin_backward(self, index: int, step: SeedGrad) -> int:
        depth = len(step.where.loops)
        if not self._has_run:
            self._settle_start(index, depth)
        self._has_run = self._any_has_run = True
        self._backward_depth = depth
        if step.tensor.data.size != 1:
            return 0
        loss = float(step.tensor.data.reshape(()))
        self.columns.roots.append(loss)
        self.roots_at.append(index)
        if self._has_loss:
            self._curve[-1] = loss
        else:
            self._curve.append(loss)
            self._curve_from.append(index)
            self._has_loss = True
        return ROOT

    def _settle_start(self, index: int, depth: int) -> None:
        """Now that backward runs: did this iteration begin later than it seemed?"""
        start = self.starts[-1]
        setup = len(self.starts) == 1
        if depth and len(self._rounds) >= depth:
            begun = self._rounds[depth - 1]
            while begun > start and self._types[begun - 1] == TYPES[Loop]:
                begun -= 1  # the rounds of outer loops that begin here belong to it
        elif setup:
            begun = next((i for i in range(index) if self._kinds[i] & NODE), index)
        else:
            return
        if setup or any(self._kinds[i] & NODE for i in range(start, begun)):
            self._begin(begun)
            for i in range(begun, index):
                if self._kinds[i] & KIND == _SETUP:
                    self._change(i, self._kinds[i] | _FORWARD)

    def _kind(self, index: int, step: Step) -> int:
        computes = _SETUP if len(self.starts) == 1 else _FORWARD
        if isinstance(step, SeedGrad | Backward | Accumulate):
            return _BACKWARD
        if isinstance(step, Update | ZeroGrad):
            return _UPDATE
        if isinstance(step, Assign) and step.attribute == "data" and self._any_has_run:
            return _UPDATE
        if isinstance(step, Call):
            return computes
        if isinstance(step, Forward):
            if any(value.requires_grad and value.is_leaf for value in step.changed):
                return _UPDATE
            if step.node is not None:
                return computes
        if index == self.starts[-1]:
            return computes
        return self._kinds[index - 1] & KIND

    def _claim_statement(self, index: int, number: int) -> None:
        """The arithmetic of an updating statement (``lr * w.grad``) belongs to the update."""
        i = index - 1
        while (
            i >= self.starts[-1] and self._types[i] == _OP and self.columns.statements[i] == number
        ):
            self._change(i, self._kinds[i] & ~KIND | _UPDATE)
            i -= 1

    def _change(self, index: int, kind: int) -> None:
        self._kinds[index] = kind
        self.changed_from = min(self.changed_from, index)

    # ------------------------------------------------------------------ all at once

    def load(self, columns: Columns) -> None:
        """Take over the columns of a trace in a file, which has grown since the last time.

        Raises ValueError where they do not fit together.
        """
        begins, roots_at = columns.marked()
        self.columns, self._kinds, self._types = columns, columns.kinds, columns.types
        self.starts = array("q", [0, *begins.tolist()])
        self.roots_at = array("q", roots_at.tolist())
        of = np.searchsorted(begins, roots_at, "right")
        first = np.flatnonzero(np.diff(of, prepend=-1))
        last = np.flatnonzero(np.diff(of, append=len(begins) + 1))
        self._curve = [columns.roots[i] for i in last]
        self._curve_from = roots_at[first].tolist()
