"""The shape of a run: iterations, and in each the phases forward, backward, update.

An *iteration* is one round of the loop that calls backward; without such a loop it is one forward
pass with its backward. Steps before the first are iteration 0, the *setup*. The rules:

- a Loop step begins a new iteration if the current one has already run backward; a loop inside the
  round that ran it does not (``for p in parameters: p -= lr * p.grad``);
- outside loops, so does the next op of a graph;
- when backward begins inside a loop, the iteration starts at that loop's latest round.
- numbers set before the first backward (``w.data = …``) are no update, they belong to the setup.

A *phase* is a run of steps of one kind. What neither computes nor learns (names, output) belongs to
the phase around it. A statement that changes a parameter is an update, its arithmetic included.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal
from weakref import WeakKeyDictionary, proxy

from backprop_tui.trace.steps import (
    Accumulate,
    Assign,
    Backward,
    Call,
    Forward,
    Loop,
    SeedGrad,
    Step,
    Update,
    ZeroGrad,
)
from backprop_tui.trace.trace import Trace

Kind = Literal["setup", "forward", "backward", "update"]
_KINDS: tuple[Kind, ...] = ("setup", "forward", "backward", "update")
_SETUP, _FORWARD, _BACKWARD, _UPDATE = range(4)


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
        phases = _known[trace] = Phases(trace)
    phases.update()
    return phases


class Phases:
    """Iterations and phases of a trace; call ``update`` after the trace has grown."""

    def __init__(self, trace: Trace) -> None:
        self._trace = proxy(trace)
        self._kinds = bytearray()
        self._starts = [0]
        self._losses: list[tuple[float, ...]] = [()]
        self._curve: list[float] = []
        self._curve_from: list[int] = []
        self._backward = [False]
        self._backward_depth = 0
        self._rounds: list[int] = []
        self._lines: dict[int, list[int]] = {}
        self.update()

    def update(self) -> None:
        """Take in the steps recorded since the last call."""
        for index in range(len(self._kinds), len(self._trace)):
            self._take(index, self._trace[index])

    # ------------------------------------------------------------------ looking

    @property
    def iterations(self) -> int:
        """How many iterations there are, the setup not counted."""
        return len(self._starts) - 1

    def iteration_at(self, index: int) -> Iteration:
        """The iteration a step belongs to."""
        return self.iteration(bisect_right(self._starts, index) - 1)

    def iteration(self, number: int) -> Iteration:
        """Iteration ``number``; 0 is the setup (which may be empty)."""
        last = number + 1 >= len(self._starts)
        stop = len(self._kinds) if last else self._starts[number + 1]
        return Iteration(number, self._starts[number], stop, self._losses[number])

    def kind_at(self, index: int) -> Kind:
        """The kind of phase a step belongs to."""
        return _KINDS[self._kinds[index]]

    def phase_at(self, index: int) -> Phase:
        """The phase a step belongs to."""
        around = self.iteration_at(index)
        kind = self._kinds[index]
        start, stop = index, index + 1
        while start > around.start and self._kinds[start - 1] == kind:
            start -= 1
        while stop < around.stop and self._kinds[stop] == kind:
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

    def step_on_line(self, line: int, after: int) -> int | None:
        """The first step of a statement on this source line after step ``after``; if none
        follows, the last one before; None if the line never ran."""
        runs = self._lines.get(line)
        if not runs:
            return None
        return runs[min(bisect_right(runs, after), len(runs) - 1)]

    # ------------------------------------------------------------------ moving

    def next_statement(self, index: int) -> int:
        """The first step after ``index`` that belongs to another statement, or the last step."""
        here = self._statement(index)
        for i in range(index + 1, len(self._kinds)):
            if self._statement(i) != here or isinstance(self._trace[i], Loop):
                return i
        return len(self._kinds) - 1

    def previous_statement(self, index: int) -> int:
        """The first step of this statement, or of the one before if already there."""
        i = max(index - 1, 0)
        here = self._statement(i)
        while i > 0 and self._statement(i - 1) == here and not isinstance(self._trace[i], Loop):
            i -= 1
        return i

    def next_phase(self, index: int) -> int:
        """The first step of the next phase, or the last step."""
        return min(self.phase_at(index).stop, len(self._kinds) - 1)

    def previous_phase(self, index: int) -> int:
        """The first step of this phase, or of the one before if already there."""
        start = self.phase_at(index).start
        return start if start < index or start == 0 else self.phase_at(start - 1).start

    def next_iteration(self, index: int) -> int:
        """The first step of the next iteration, or the last step."""
        return min(self.iteration_at(index).stop, len(self._kinds) - 1)

    def previous_iteration(self, index: int) -> int:
        """The first step of this iteration, or of the one before if already there."""
        start = self.iteration_at(index).start
        return start if start < index or start == 0 else self.iteration_at(start - 1).start

    def _statement(self, index: int) -> tuple[object, ...]:
        where = self._trace[index].where
        return (where.statement, where.call, where.loops)

    # ------------------------------------------------------------------ taking in

    def _take(self, index: int, step: Step) -> None:
        if isinstance(step, Loop):
            depth = len(step.where.loops)
            del self._rounds[depth - 1 :]
            self._rounds.extend([index] * (depth - len(self._rounds)))
            inside = 0 < self._backward_depth < depth
            if self._backward[-1] and not inside:
                self._begin(index)
        elif (
            isinstance(step, Forward)
            and self._backward[-1]
            and step.node is not None
            and not step.changed
            and not self._in_round(step)
        ):
            self._begin(index)
        elif isinstance(step, SeedGrad):
            self._begin_backward(index, step)
        if not index or self._statement(index) != self._statement(index - 1):
            self._lines.setdefault(step.where.statement.line, []).append(index)
        kind = self._kind(index, step)
        self._kinds.append(kind)
        if kind == _UPDATE:
            self._claim_statement(index, step)

    def _in_round(self, step: Step) -> bool:
        """Whether the current iteration began with a loop round that still runs."""
        begun = self._trace[self._starts[-1]]
        return isinstance(begun, Loop) and len(step.where.loops) >= len(begun.where.loops)

    def _begin(self, index: int) -> None:
        self._starts.append(index)
        self._losses.append(())
        self._backward.append(False)

    def _begin_backward(self, index: int, step: SeedGrad) -> None:
        if not self._backward[-1]:
            self._settle_start(index, step)
        self._backward[-1] = True
        self._backward_depth = len(step.where.loops)
        if step.tensor.data.size == 1:
            loss = float(step.tensor.data.reshape(()))
            if self._losses[-1]:
                self._curve[-1] = loss
            else:
                self._curve.append(loss)
                self._curve_from.append(index)
            self._losses[-1] += (loss,)

    def _settle_start(self, index: int, step: SeedGrad) -> None:
        """Now that backward runs: did this iteration begin later than it seemed?"""
        start = self._starts[-1]
        setup = len(self._starts) == 1
        depth = len(step.where.loops)
        if depth and len(self._rounds) >= depth:
            begun = self._rounds[depth - 1]
            while begun > start and isinstance(self._trace[begun - 1], Loop):
                begun -= 1  # the rounds of outer loops that begin here belong to it
        elif setup:
            begun = self._graph_start(index)
        else:
            return
        if setup or any(self._makes_node(i) for i in range(start, begun)):
            self._begin(begun)
            for i in range(begun, index):
                if self._kinds[i] == _SETUP:
                    self._kinds[i] = _FORWARD

    def _makes_node(self, index: int) -> bool:
        step = self._trace[index]
        return isinstance(step, Forward) and step.node is not None

    def _graph_start(self, index: int) -> int:
        """The first op with a Node before step ``index``: where the first graph begins."""
        return next((i for i in range(index) if self._makes_node(i)), index)

    def _kind(self, index: int, step: Step) -> int:
        if isinstance(step, SeedGrad | Backward | Accumulate):
            return _BACKWARD
        if isinstance(step, Update | ZeroGrad):
            return _UPDATE
        if isinstance(step, Assign) and step.attribute == "data" and any(self._backward):
            return _UPDATE
        if isinstance(step, Call):
            return _SETUP if len(self._starts) == 1 else _FORWARD
        if isinstance(step, Forward):
            if any(value.requires_grad and value.is_leaf for value in step.changed):
                return _UPDATE
            if step.node is not None:
                return _SETUP if len(self._starts) == 1 else _FORWARD
        if index == self._starts[-1]:
            return _SETUP if len(self._starts) == 1 else _FORWARD
        return self._kinds[index - 1]

    def _claim_statement(self, index: int, step: Step) -> None:
        """The arithmetic of an updating statement (``lr * w.grad``) belongs to the update."""
        statement = step.where.statement
        i = index - 1
        while (
            i >= self._starts[-1]
            and isinstance(self._trace[i], Forward)
            and self._trace[i].where.statement is statement
        ):
            self._kinds[i] = _UPDATE
            i -= 1
