"""The shape of a run and its state in the file: columns in chunks, keyframes.

    Keeper.take(step) ──▶ Intake, State (of references) ──▶ rows of chunk, statement, keyframe
    columns_of, state_of ◀── rows

Both are folds, made once while the run is written, so that whoever opens the file at step 100,000
need not begin at step 0.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, cast

from backprop_tui.engines.base import Array, TensorValue
from backprop_tui.trace.columns import Columns
from backprop_tui.trace.file.pages import Pages, text
from backprop_tui.trace.file.rows import Rows, clean
from backprop_tui.trace.file.schema import CHUNK
from backprop_tui.trace.intake import Intake
from backprop_tui.trace.state import Fold, State, TensorState
from backprop_tui.trace.steps import Forward, Named, Span, Step

#: kinds, types, statements, roots, numbers
Chunk = tuple[bytes, bytes, bytes, bytes, bytes]

#: At least so many steps between keyframes, and as many as there are things in one.
LEAST_BETWEEN = 256
#: What the ops of so many Nodes made is remembered while writing.
MOST_NODES = 65_536


class _Written:
    """A value by the number of its row."""

    __slots__ = ("number", "tensor")

    def __init__(self, tensor: int, number: int) -> None:
        self.tensor = tensor
        self.number = number


class Keeper(Fold):
    """Takes in each step that is written; ``save`` adds the rows that have changed.

    ``find`` tells which tensors a Node's op made if that is long ago.
    """

    def __init__(self, rows: Rows, pages: Pages, find: Callable[[int], tuple[int, ...]]) -> None:
        super().__init__(self._made_by)
        self._rows = rows
        self._pages = pages
        self._find = find
        self._phases = Intake()
        self._state = State()
        self._keyframe_at = 0
        #: The last step may yet be amended: it is folded when the next one comes.
        self._last: Step | None = None
        self._made: OrderedDict[int, tuple[int, ...]] = OrderedDict()
        self._values: dict[int, _Written] = {}
        self._spans = 0

    def take(self, step: Step) -> None:
        """Take in the next step, or the last one once more as it was amended."""
        if self._last is None or step.index > self._last.index:
            self._phases.take(step)
            if self._last is not None:
                self._fold(self._last)
        self._last = step

    def _fold(self, step: Step) -> None:
        if isinstance(step, Forward) and step.node is not None:
            self._made[step.node.node] = tuple([output.tensor for output in step.outputs])
            if len(self._made) > MOST_NODES:
                self._made.popitem(last=False)
        state = self._state
        self.apply(state, step)
        between = step.index - self._keyframe_at
        if between < LEAST_BETWEEN:
            return
        if between >= len(state.names) + len(state.tensors) + len(state.ran):
            self._keyframe_at = step.index
            self._rows.add("keyframe", step.index, text(_plain(state)))
            self._values = {
                tensor: value for tensor, value in self._values.items() if tensor in state.tensors
            }

    def save(self, commit: int) -> None:
        """Add the rows of all columns that have changed since the last time."""
        phases = self._phases
        columns, starts = phases.columns, phases.starts
        first = min(phases.changed_from, len(phases)) // CHUNK
        phases.changed_from = len(phases)
        for number in range(first, (len(phases) + CHUNK - 1) // CHUNK):
            start, stop = number * CHUNK, (number + 1) * CHUNK
            # The first of the starts is the setup's, which has no number.
            begun = slice(*(max(bisect_left(starts, at, 1) - 1, 0) for at in (start, stop)))
            backward = slice(*(bisect_left(phases.roots_at, at) for at in (start, stop)))
            self._rows.add(
                "chunk",
                number,
                commit,
                bytes(columns.kinds[start:stop]),
                bytes(columns.types[start:stop]),
                columns.statements[start:stop].tobytes(),
                columns.roots[backward].tobytes(),
                columns.numbers[begun].tobytes(),
            )
        for number in range(self._spans, len(columns.spans)):
            span = columns.spans[number]
            self._rows.add("statement", number, clean(span.file), span.line, span.end_line)
        self._spans = len(columns.spans)

    # -- the state, of references ---------------------------------------------------------------

    def value(self, value: TensorValue) -> TensorValue:
        number = self._pages.value(value)
        known = self._values.get(value.tensor)
        if known is None or known.number != number:
            known = self._values[value.tensor] = _Written(value.tensor, number)
        return cast("TensorValue", known)

    def gradient(self, gradient: Array) -> Array:
        return cast("Array", self._pages.array(gradient))

    def _made_by(self, node: int) -> tuple[int, ...]:
        made = self._made.get(node)
        return self._find(node) if made is None else made


def _plain(state: State) -> dict[str, Any]:
    return {
        "call": state.call,
        "names": [
            [call, name, named.kind, _named(named.value)]
            for (call, name), named in state.names.items()
        ],
        "tensors": [
            [tensor, cast("_Written", known.value).number, known.grad, known.flowing]
            for tensor, known in state.tensors.items()
        ],
        "ran": sorted(state.ran),
        "changed": sorted(state.changed),
    }


def _named(value: TensorValue | str) -> int | str:
    return value if isinstance(value, str) else cast("_Written", value).number


def state_of(data: Any, index: int, lookup: Callable[[str, int], Any]) -> State:
    """The state of a keyframe row; ``lookup`` finds values and arrays by their numbers.

    Raises one of ``plain.DAMAGE`` where it is none.
    """
    state = State(index, data["call"])
    for call, name, kind, value in data["names"]:
        if not (isinstance(name, str) and isinstance(kind, str)):
            raise TypeError("a name that is no text")
        named = value if isinstance(value, str) else lookup("value", value)
        state.names[int(call), name] = Named(name, named, kind)
    for tensor, value, grad, flowing in data["tensors"]:
        state.tensors[int(tensor)] = TensorState(
            lookup("value", value),
            None if grad is None else lookup("array", grad),
            None if flowing is None else lookup("array", flowing),
        )
    state.ran = {int(node) for node in data["ran"]}
    state.changed = frozenset(int(tensor) for tensor in data["changed"])
    return state


def columns_of(chunks: Sequence[Chunk], spans: list[Span]) -> Columns:
    """The columns that chunks hold; raises ValueError where bytes are missing."""
    whole = [b"".join(parts) for parts in zip(*chunks, strict=True)] or [b""] * 5
    kinds, types, statements, roots, numbers = whole
    columns = Columns(bytearray(kinds), bytearray(types), spans=spans)
    columns.statements.frombytes(statements)
    columns.roots.frombytes(roots)
    columns.numbers.frombytes(numbers)
    return columns
