"""How iterations and phases are found, a step at a time. Where an iteration begins:

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
    Where,
    ZeroGrad,
)

SETUP, FORWARD, BACKWARD, UPDATE = range(4)
_OP = TYPES[Forward]
#: Of most steps the class alone tells the kind.
_KIND_OF = {
    SeedGrad: BACKWARD, Backward: BACKWARD, Accumulate: BACKWARD, Update: UPDATE, ZeroGrad: UPDATE,
}  # fmt: skip


class Intake:
    """The shape of a run as far as it was taken in, step by step, or all at once by ``load``."""

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
        # What taking in goes by; about the current iteration, unless said otherwise.
        self._number_of: dict[Span, int] = {}
        self._where: Where | None = None
        self._place: tuple[object, ...] = ()
        self._number = 0
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

    @property
    def iterations(self) -> int:
        """The number of the last iteration: how many there were, recorded or not, but the setup."""
        return self.columns.numbers[-1] if self.columns.numbers else 0

    def take(self, step: Step) -> None:
        """Take in the next step."""
        index, where = len(self._kinds), step.where
        depth = len(where.loops)
        marks = 0
        self._types.append(TYPES[type(step)])
        self._depths.append(min(depth, 255))
        if isinstance(step, Forward):
            if step.node is not None:
                marks |= NODE
                if self._has_run and not step.changed and not self._in_round(depth):
                    self._begin(index)
        elif isinstance(step, SeedGrad):
            marks |= self._begin_backward(index, step)
        elif isinstance(step, Loop):
            self._begin_round(index, depth)
        elif isinstance(step, Resumed):
            self._rounds = [index] * depth
            self._backward_depth = 0
            self._begin(index, step.iteration)
        if where is not self._where:
            self._where = where
            place = (where.statement, where.call, where.loops)
            if place != self._place:
                self._place = place
                self._number = self._statement(where.statement)
                marks |= STATEMENT
        kind = self._kind(index, step)
        if self.starts[-1] == index and len(self.starts) > 1:
            marks |= BEGINS
        self._kinds.append(kind | marks)
        self.columns.statements.append(self._number)
        if kind == UPDATE:
            self._claim_statement(index, self._number)

    def _statement(self, span: Span) -> int:
        number = self._number_of.get(span)
        if number is None:
            number = self._number_of[span] = len(self._number_of)
            self.columns.spans.append(span)
        return number

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
                if self._kinds[i] & KIND == SETUP:
                    self._change(i, self._kinds[i] | FORWARD)

    def _kind(self, index: int, step: Step) -> int:
        kind = _KIND_OF.get(type(step))
        if kind is not None:
            return kind
        computes = SETUP if len(self.starts) == 1 else FORWARD
        if isinstance(step, Forward):
            if any(value.requires_grad and value.is_leaf for value in step.changed):
                return UPDATE
            if step.node is not None:
                return computes
        elif isinstance(step, Call):
            return computes
        elif isinstance(step, Assign) and step.attribute == "data" and self._any_has_run:
            return UPDATE
        if index == self.starts[-1]:
            return computes
        return self._kinds[index - 1] & KIND

    def _claim_statement(self, index: int, number: int) -> None:
        """The arithmetic of an updating statement (``lr * w.grad``) belongs to the update."""
        i = index - 1
        while (
            i >= self.starts[-1] and self._types[i] == _OP and self.columns.statements[i] == number
        ):
            self._change(i, self._kinds[i] & ~KIND | UPDATE)
            i -= 1

    def _change(self, index: int, kind: int) -> None:
        self._kinds[index] = kind
        self.changed_from = min(self.changed_from, index)

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
