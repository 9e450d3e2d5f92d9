"""A trace as JSON, and back.

What many steps share (arrays, tensor values, places, nodes) stands once in a table and is referred
to by its position: ``{"$array": 3}``. Everything else is written as it is (``trace.plain``). See
docs/trace-format.md.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from backprop_tui.engines.base import Array, NodeValue, TensorValue
from backprop_tui.engines.summary import digest_of
from backprop_tui.errors import TraceError
from backprop_tui.trace import state
from backprop_tui.trace.arrays import figures, summary
from backprop_tui.trace.marks import FORMAT
from backprop_tui.trace.plain import DAMAGE, DTYPES, TABLES, Decoder, Encoder
from backprop_tui.trace.steps import Where
from backprop_tui.trace.trace import Program, Trace

#: 2: other sources, devices, summaries, Resumed. What version 1 lacks has its default.
VERSION = 2


def dumps(trace: Trace, start: int = 0, stop: int | None = None) -> str:
    """The steps ``start`` to ``stop`` (exclusive) of a trace as JSON text, a step a line.

    With ``final``: every named tensor as it is after the last of these steps.
    """
    stop = len(trace) if stop is None else min(stop, len(trace))
    writer = _Writer()
    written = [json.dumps(writer.encode(trace[i]), ensure_ascii=False) for i in range(start, stop)]
    head = {
        "format": FORMAT,
        "version": VERSION,
        "engine": trace.engine,
        "finished": trace.finished,
        "first": start,
        "program": writer.encode(trace.program),
        "sources": {name: text for name, text in trace.sources.items() if name},
    }
    parts = [
        f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in head.items()
    ]
    for table in ("array", "where", "node", "value"):
        rows = [json.dumps(row, ensure_ascii=False) for row in writer.tables[table]]
        parts.append(f'"{table}s": [{_lines(rows)}]')
    parts.append(f'"steps": [{_lines(written)}]')
    last = final(trace, stop - 1) if stop else {}
    rows = [f"{json.dumps(k, ensure_ascii=False)}: {json.dumps(v)}" for k, v in last.items()]
    parts.append(f'"final": {{{_lines(rows)}}}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(rows: list[str]) -> str:
    return "\n" + ",\n".join(rows) + "\n" if rows else ""


def final(trace: Trace, index: int) -> dict[str, dict[str, Any]]:
    """Every named tensor at step ``index``, as plain data."""
    named = {}
    for name, tensor in state.at(trace, index).visible():
        value = tensor.value
        named[name] = {
            "data": _numbers(value.data),
            "grad": None if tensor.grad is None else _numbers(tensor.grad),
            "grad_fn": value.grad_fn,
            "is_leaf": value.is_leaf,
            "requires_grad": value.requires_grad,
            "shape": list(value.data.shape),
            "dtype": value.dtype,
        }
    return named


def loads(text: str) -> Trace:
    """A trace from JSON text.

    Raises TraceError where the text is no trace, is damaged, holds only a part, or was written by
    a newer version.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TraceError(f"this is not a trace: it is not JSON ({error})") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise TraceError("this is not a trace: it does not say so in its first line")
    version = document.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise TraceError(
            f"this trace has version {version}; this program reads up to version {VERSION}. "
            "A newer backprop-tui reads it."
        )
    if document.get("first") != 0:
        raise TraceError("this trace was exported in part (--steps) and cannot be read back")
    try:
        return _Reader(document).trace()
    except DAMAGE as error:
        raise TraceError(f"this trace is damaged: {type(error).__name__}: {error}") from None


class _Writer(Encoder):
    def __init__(self) -> None:
        self.tables: dict[str, list[Any]] = {"array": [], "where": [], "node": [], "value": []}
        self._places: dict[int, int] = {}
        #: What was written is kept, so that no two objects ever have one id.
        self._kept: list[object] = []

    def shared(self, table: str, value: Any) -> int:
        place = self._places.get(id(value))
        if place is None:
            row = self._array(value) if table == "array" else self.fields(value)
            place = self._places[id(value)] = len(self.tables[table])
            self.tables[table].append(row)
            self._kept.append(value)
        return place

    def _array(self, array: Array) -> dict[str, Any]:
        head = {"dtype": array.dtype.name, "shape": list(array.shape)}
        digest = digest_of(array)
        if digest is None:
            return head | {"data": _flat(array)}
        return head | {"digest": {k: self.encode(v) for k, v in figures(digest).items()}}


class _Reader(Decoder):
    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__()
        self._document = document
        self._tables: dict[str, list[Any]] = {"array": []}
        for row in document["arrays"]:
            self._tables["array"].append(self._array(row))
        for cls in (Where, NodeValue, TensorValue):
            table = TABLES[cls]
            self._tables[table] = [self.build(cls, row) for row in document[f"{table}s"]]

    def trace(self) -> Trace:
        document = self._document
        program = self.decode(document["program"])
        if not isinstance(program, Program):
            raise TypeError("'program' is not a Program")
        trace = Trace(program, str(document["engine"]))
        for name, text in document.get("sources", {}).items():
            trace.add_source(name, str(text))
        for index, row in enumerate(document["steps"]):
            trace.append(self.step(row, index))
        trace.finished = bool(document["finished"])
        return trace

    def lookup(self, table: str, position: int) -> Any:
        return self._tables[table][position]

    def _array(self, row: dict[str, Any]) -> Array:
        if row["dtype"] not in DTYPES:
            raise ValueError(f"unknown dtype {row['dtype']!r}")
        if "digest" in row:
            return summary(row["shape"], row["dtype"], self.decode(row["digest"]))
        return _read_array(row)


def _flat(array: Array) -> list[Any]:
    if array.dtype.kind == "c":
        return _flat(np.ascontiguousarray(array).view(f"f{array.itemsize // 2}"))
    if array.dtype.kind != "f":
        return list(array.ravel().tolist())
    # The shortest digits that give the same float32 back: 0.9, not 0.8999999761581421.
    numbers = array.ravel().astype(np.str_).astype(np.float64)
    if np.isfinite(numbers).all():
        return list(numbers.tolist())
    return [x if math.isfinite(x) else str(x) for x in numbers.tolist()]


def _numbers(array: Array) -> Any:
    """Nested lists, as ``tolist`` gives; NaN and infinities as text, which JSON can hold. What is
    kept of a large tensor is an object with its figures; a complex number is a pair."""
    digest = digest_of(array)
    if digest is not None:
        kept = figures(digest) | {"corner": _numbers(digest.corner)}
        return {key: _text_if_not_finite(value) for key, value in kept.items()}
    if array.dtype.kind == "c":
        parts = np.ascontiguousarray(array)[..., np.newaxis]
        return _numbers(parts.view(f"f{array.itemsize // 2}"))
    nested: Any = np.empty(array.shape, dtype=object)
    nested.flat = _flat(array) if array.size else []
    return nested.tolist()


def _text_if_not_finite(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _read_array(row: dict[str, Any]) -> Array:
    dtype = np.dtype(row["dtype"])
    if dtype.kind == "c":
        parts = np.array(row["data"], dtype=f"f{dtype.itemsize // 2}")
        array: Array = parts.view(dtype).reshape(row["shape"])
    else:
        array = np.array(row["data"], dtype=dtype).reshape(row["shape"])
    array.flags.writeable = False
    return array
