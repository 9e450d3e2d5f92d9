"""Steps as rows: what is written, each shared object once while it lives."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from json.encoder import encode_basestring_ascii as quoted
from typing import Any
from weakref import ref

import numpy as np

from backprop_tui.trace.arrays import pack
from backprop_tui.trace.file.schema import TABLES
from backprop_tui.trace.plain import FIELDS, Encoder
from backprop_tui.trace.plain import TABLES as SHARED
from backprop_tui.trace.steps import STEPS, Span, Step

#: The texts of so many spans are kept.
MOST_SPANS = 4096
_AS_TEXT = {True: "true", False: "false", None: "null"}
#: Of each class: the text before each field, the field, its default.
_PARTS = {
    cls: tuple((f',"{name}":', name, default) for name, default in of) for cls, of in FIELDS.items()
}


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

    ``write`` is ``text(encode(value))`` in one go and with defaults left out: it runs beside the
    program that is recorded, a dozen times a step.
    """

    def __init__(self) -> None:
        self.pending: dict[str, list[tuple[Any, ...]]] = {}
        self.bytes = 0
        self._known: dict[int, tuple[ref[Any], int]] = {}
        self._counts: dict[str, int] = {}
        self._spans: dict[Span, str] = {}

    def add(self, table: str, *row: Any) -> None:
        """A row to be written."""
        rows = self.pending.get(table)
        if rows is None:
            rows = self.pending[table] = []
        rows.append(row)

    def step(self, step: Step) -> None:
        """A step, after all that it refers to."""
        if not isinstance(step, STEPS):
            raise TypeError(f"{type(step).__name__} is not a step")
        data = self.write(step)
        self.bytes += len(data)
        self.add("step", step.index, data)

    def write(self, value: Any) -> str:
        """A value as JSON text."""
        cls = type(value)
        if cls is str:
            return quoted(value)
        if cls is int:
            return repr(value)
        if cls is bool or value is None:
            return _AS_TEXT[value]
        if cls is tuple:
            return f"[{','.join([self.write(item) for item in value])}]"
        if cls is Span:
            return self._span(value)
        table = SHARED.get(cls)
        if table is not None:
            return f'{{"${table}":{self.shared(table, value)}}}'
        if cls in _PARTS:
            return f'{{"$":"{cls.__name__}"{self._fields(value)}}}'
        if isinstance(value, np.ndarray):
            return f'{{"$array":{self.shared("array", value)}}}'
        if cls is float and math.isfinite(value):
            return repr(value)
        if cls is dict and not any(type(key) is not str or key[:1] == "$" for key in value):
            items = [f"{quoted(key)}:{self.write(item)}" for key, item in value.items()]
            return f"{{{','.join(items)}}}"
        return text(self.encode(value))

    def shared(self, table: str, value: Any) -> int:
        key = id(value)
        known = self._known.get(key)
        if known is not None and known[0]() is value:
            return known[1]
        if table == "array":
            row: tuple[Any, ...] = pack(value, lambda corner: self.shared("array", corner))
            self.bytes += len(row[3])
        else:
            row = (f"{{{self._fields(value)[1:]}}}",)
            self.bytes += len(row[0])
        name = TABLES.get(table, table)
        number = self._counts[name] = self._counts.get(name, 0) + 1
        self._known[key] = (ref(value, self._forgetter(key)), number)
        self.add(name, number, *row)
        return number

    def _fields(self, value: Any) -> str:
        parts = []
        for before, name, default in _PARTS[type(value)]:
            item = getattr(value, name)
            if item is not default:
                parts.append(before + self.write(item))
        return "".join(parts)

    def _span(self, span: Span) -> str:
        known = self._spans.get(span)
        if known is None:
            if len(self._spans) >= MOST_SPANS:
                self._spans.clear()
            known = self._spans[span] = f'{{"$":"Span"{self._fields(span)}}}'
        return known

    def _forgetter(self, key: int) -> Callable[[ref[Any]], None]:
        known = self._known

        def forget(gone: ref[Any]) -> None:
            entry = known.get(key)
            if entry is not None and entry[0] is gone:
                del known[key]

        return forget
