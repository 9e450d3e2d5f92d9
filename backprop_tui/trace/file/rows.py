"""Steps as rows: what is written, each shared object once while it lives."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from weakref import ref

from backprop_tui.trace.arrays import pack
from backprop_tui.trace.file.schema import TABLES
from backprop_tui.trace.plain import Encoder
from backprop_tui.trace.steps import STEPS, Step


def text(data: Any) -> str:
    """Compact JSON in ASCII, so that no text of a program is beyond what SQLite holds."""
    return json.dumps(data, separators=(",", ":"))


def clean(words: str) -> str:
    """Text as SQLite holds it: half a surrogate pair is none."""
    return words.encode("utf-8", "replace").decode()


class Rows(Encoder):
    """Encodes steps; ``pending`` holds the rows to be written, by table.

    An object is known by its identity for as long as it lives: nothing is kept alive here, so a
    recording of millions of steps needs no more memory than what the program itself holds.
    """

    compact = True

    def __init__(self) -> None:
        self.pending: dict[str, list[tuple[Any, ...]]] = {}
        self.bytes = 0
        self._known: dict[int, tuple[ref[Any], int]] = {}
        self._counts: dict[str, int] = {}

    def add(self, table: str, *row: Any) -> None:
        """A row to be written."""
        self.pending.setdefault(table, []).append(row)

    def step(self, step: Step) -> None:
        """A step, after all that it refers to."""
        if not isinstance(step, STEPS):
            raise TypeError(f"{type(step).__name__} is not a step")
        data = text(self.encode(step))
        self.bytes += len(data)
        self.add("step", step.index, data)

    def shared(self, table: str, value: Any) -> int:
        key = id(value)
        known = self._known.get(key)
        if known is not None and known[0]() is value:
            return known[1]
        if table == "array":
            row: tuple[Any, ...] = pack(value, lambda corner: self.shared("array", corner))
            self.bytes += len(row[3])
        else:
            row = (text(self.fields(value)),)
            self.bytes += len(row[0])
        name = TABLES.get(table, table)
        number = self._counts[name] = self._counts.get(name, 0) + 1
        self._known[key] = (ref(value, self._forgetter(key)), number)
        self.add(name, number, *row)
        return number

    def _forgetter(self, key: int) -> Callable[[ref[Any]], None]:
        known = self._known

        def forget(gone: ref[Any]) -> None:
            entry = known.get(key)
            if entry is not None and entry[0] is gone:
                del known[key]

        return forget
