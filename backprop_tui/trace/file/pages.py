"""Steps as pages: up to PAGE of them, with all that they are the first to refer to.

    step ──▶ words: 3  41  text 5  2 …  7 …      (file.layout)
                       │                └▶ value 7 ──▶ array 12 ──▶ its numbers, end to end
                       └▶ place 41

What steps share has a number, counted through the whole file, and stands once, in the page of the
first step that mentions it. Making pages is what writing costs the program that is recorded, so
Python's part is to append numbers to lists; all else is done by C, much of it while the program
goes on.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable
from typing import Any
from weakref import ref

import numpy as np

from backprop_tui.engines.base import Array, NodeValue, TensorValue
from backprop_tui.engines.summary import Summary
from backprop_tui.trace.arrays import LEAST_ZLIB, RAW, head, pack, raw
from backprop_tui.trace.columns import TYPES
from backprop_tui.trace.file import written_out
from backprop_tui.trace.file.layout import Writers
from backprop_tui.trace.file.rows import Rows
from backprop_tui.trace.file.schema import NUMBERED
from backprop_tui.trace.plain import Encoder
from backprop_tui.trace.steps import STEPS, Forward, Span, Step, Where

#: So many steps to a page: more are smaller, fewer are sooner read.
PAGE = 256
#: So many shared objects are known before it is asked which of them live.
LEAST_KNOWN = 4096
#: What stands for an array that has a row of its own; the kinds of others follow.
ALONE = 0
_SIMPLE = frozenset((int, float, bool, str, type(None)))
#: A word holds no more.
_MOST = 2**64 - 1


def text(data: Any) -> str:
    """Compact JSON in ASCII, so that no text of a program is beyond what SQLite holds."""
    return json.dumps(data, separators=(",", ":"))


class _Table:
    """What the open page holds of one table: words, where each row ends, and the first's number."""

    __slots__ = ("ends", "first", "words")

    def __init__(self) -> None:
        self.first = 0
        self.ends: list[int] = []
        self.words: list[int] = []


class _Counted(dict[Any, int]):
    """Numbers what it is asked for, from 0."""

    def __missing__(self, key: Any) -> int:
        number = self[key] = len(self)
        return number


class Pages(Encoder):
    """Takes in steps, and adds their pages to ``rows``; ``bytes`` counts what was made.

    An object is known by its identity for as long as it lives: nothing is kept alive here, so a
    recording of millions of steps needs no more memory than what the program itself holds.
    """

    def __init__(self, rows: Rows) -> None:
        self.bytes = 0
        self._rows = rows
        self._count = 0
        self._tables = {name: _Table() for name in ("step", *NUMBERED)}
        self._known: dict[int, tuple[ref[Any], int]] = {}
        self._most_known = LEAST_KNOWN
        self._spans: dict[Span, int] = {}
        # Beside the words of the open page: texts, plain data, the kinds of arrays, their numbers.
        self._texts = _Counted()
        self._plains: list[Any] = []
        self._simple: dict[str, int] = {}
        self._kinds = _Counted()
        self._heads: list[list[Any]] = []
        self._numbers: list[bytes] = []
        #: Each tells the number of a shared object.
        self.array = self._numbering("array", self._array)
        self._number: dict[type[Any], Callable[[Any], int]] = {
            Span: self._span, np.ndarray: self.array,
        }  # fmt: skip
        words = {name: table.words for name, table in self._tables.items()}
        number, texts = self._number, self._texts
        writers = Writers(number, texts, self._plain)
        self._put_span = writers.of(Span, words["span"])
        put_place = written_out.place(words["place"], number, texts)
        number[Where] = self._numbering("place", put_place)
        number[NodeValue] = self._numbering("node", written_out.node(words["node"], texts))
        put_value = written_out.value(words["value"], number, texts)
        self.value = number[TensorValue] = self._numbering("value", put_value)
        steps = words["step"]
        few = writers.of(Forward, steps, ("changed", "binds", "grads"))
        self._put_step = {cls: writers.of(cls, steps) for cls in STEPS}
        self._put_step |= written_out.steps(steps, number, texts, self._plain, few)

    def step(self, step: Step) -> None:
        """The next step; or the last one once more, as it was amended, after ``end``."""
        put = self._put_step.get(type(step))
        if put is None:
            raise TypeError(f"{type(step).__name__} is not a step")
        table = self._tables["step"]
        if not table.ends:
            table.first = step.index
        table.words.append(TYPES[type(step)])
        put(step)
        table.ends.append(len(table.words))
        if len(table.ends) == PAGE:
            self.end()

    def end(self) -> None:
        """End the page, if one has begun: its rows are to be written."""
        tables = self._tables.values()
        if not any(table.ends for table in tables):
            return
        words = array("Q")
        for table in tables:
            words.append(len(table.ends))
            words.extend(array("Q", table.ends))
            words.extend(_within(table.words))
        beside = {"texts": list(self._texts), "plain": self._plains, "kinds": self._heads}
        page = text(beside), b"".join(self._numbers), RAW, words.tobytes()
        self.bytes += len(page[0]) + len(page[1]) + len(page[3])
        steps, *others = tables
        stop = steps.first + len(steps.ends)
        self._rows.add("page", self._count, steps.first, stop, *(each.first for each in others))
        self._rows.add("body", self._count, *page)
        self._count += 1
        for table in tables:
            table.first += len(table.ends)
            table.ends.clear()
            table.words.clear()
        for kept in (
            self._texts, self._plains, self._simple, self._kinds, self._heads, self._numbers,
        ):  # fmt: skip
            kept.clear()

    def forget(self) -> None:
        """Forget what lives no more, whenever there is twice as much as the last time."""
        known = self._known
        if len(known) > self._most_known:
            for key in [key for key, (value, _) in known.items() if value() is None]:
                del known[key]
            self._most_known = max(2 * len(known), LEAST_KNOWN)

    def shared(self, table: str, value: Any) -> int:
        return (self.array if table == "array" else self._number[type(value)])(value)

    # -- numbers and rows --------------------------------------------------------------------------

    def _numbering(self, name: str, put: Callable[[Any], None]) -> Callable[[Any], int]:
        known, table = self._known, self._tables[name]
        words, ends = table.words, table.ends

        def number(value: Any) -> int:
            entry = known.get(id(value))
            if entry is not None and entry[0]() is value:
                return entry[1]
            put(value)
            number = table.first + len(ends)
            ends.append(len(words))
            known[id(value)] = ref(value), number
            return number

        return number

    def _span(self, span: Span) -> int:
        number = self._spans.get(span)
        if number is None:
            table = self._tables["span"]
            number = self._spans[span] = table.first + len(table.ends)
            self._put_span(span)
            table.ends.append(len(table.words))
        return number

    def _array(self, array: Array) -> None:
        table = self._tables["array"]
        if isinstance(array, Summary) or array.nbytes > LEAST_ZLIB:
            row = pack(array, self.array)
            self.bytes += len(row[3])
            self._rows.add("array", table.first + len(table.ends), *row)
            table.words.append(ALONE)
            return
        kind = self._kinds[array.dtype.num, array.shape]
        if kind == len(self._heads):
            self._heads.append(head(array))
        table.words.append(kind + 1)
        self._numbers.append(raw(array))

    def _plain(self, value: Any) -> int:
        cls = type(value)
        # The hyper-parameters of one update are those of the next: equal text, equal types.
        simple = cls in _SIMPLE or (cls is dict and _SIMPLE.issuperset(map(type, value.values())))
        key = repr(value) if simple else ""
        place = self._simple.get(key)
        if place is None:
            place = len(self._plains)
            self._plains.append(self.encode(value))
            if simple:
                self._simple[key] = place
        return place


def _within(words: list[int]) -> array[int]:
    """Words in 64 bits; what needs more (a loop of 10**30 rounds) is as large as there is room."""
    try:
        return array("Q", words)
    except OverflowError:
        return array("Q", [max(min(word, _MOST), 0) for word in words])
