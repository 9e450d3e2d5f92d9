"""A trace as JSON, and back.

What many steps share (arrays, tensor values, places, nodes) stands once in a table and is referred
to by its position: ``{"$array": 3}``. Everything else is written as it is, a dataclass as
``{"$": "Operand", …}``. Reading builds only the classes named in ``_CLASSES``, with exactly their
fields: a stranger's file can be wrong, but it cannot run anything. See docs/trace-format.md.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any

import numpy as np

from backprop_tui.engines.base import (
    Array,
    Edge,
    GradValue,
    NodeValue,
    Operand,
    Outgoing,
    TensorValue,
)
from backprop_tui.errors import TraceError
from backprop_tui.trace import state, steps
from backprop_tui.trace.trace import Program, Trace

FORMAT = "backprop-tui-trace"
#: 2: other sources, devices, summaries, Resumed. What version 1 lacks has its default.
VERSION = 2

_STEPS = (
    steps.Bind, steps.Call, steps.Loop, steps.Forward, steps.SeedGrad, steps.Backward,
    steps.Accumulate, steps.ZeroGrad, steps.Update, steps.Assign, steps.Output, steps.Failed,
    steps.Resumed,
)  # fmt: skip
_CLASSES: dict[str, type[Any]] = {
    cls.__name__: cls
    for cls in (
        *_STEPS, steps.Span, steps.LoopAt, steps.Where, steps.Named, steps.Cleared,
        TensorValue, NodeValue, Edge, Operand, Outgoing, GradValue, Program,
    )
}  # fmt: skip
_TABLES: dict[type[Any], str] = {TensorValue: "value", steps.Where: "where", NodeValue: "node"}
_DTYPES = frozenset(
    ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool")
)


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
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError) as error:
        raise TraceError(f"this trace is damaged: {type(error).__name__}: {error}") from None


class _Writer:
    def __init__(self) -> None:
        self.tables: dict[str, list[Any]] = {"array": [], "where": [], "node": [], "value": []}
        self._places: dict[int, int] = {}
        #: What was written is kept, so that no two objects ever have one id.
        self._kept: list[object] = []

    def encode(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | str):
            return value
        if isinstance(value, float):
            return _number(value)
        if isinstance(value, np.generic):
            return self.encode(value.item())
        if isinstance(value, np.ndarray):
            return {"$array": self._shared("array", value, _array)}
        if isinstance(value, tuple | list):
            return [self.encode(item) for item in value]
        if isinstance(value, Mapping):
            return {str(key): self.encode(item) for key, item in value.items()}
        cls = type(value)
        if cls in _TABLES:
            table = _TABLES[cls]
            return {f"${table}": self._shared(table, value, self._fields)}
        if _CLASSES.get(cls.__name__) is cls:
            return {"$": cls.__name__} | self._fields(value)
        raise TypeError(f"a trace cannot hold a {cls.__name__}")

    def _fields(self, value: Any) -> dict[str, Any]:
        return {field.name: self.encode(getattr(value, field.name)) for field in fields(value)}

    def _shared(self, table: str, value: Any, write: Callable[[Any], Any]) -> int:
        place = self._places.get(id(value))
        if place is None:
            row = write(value)
            place = self._places[id(value)] = len(self.tables[table])
            self.tables[table].append(row)
            self._kept.append(value)
        return place


class _Reader:
    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._tables: dict[str, list[Any]] = {}
        self._tables["array"] = [_read_array(row) for row in document["arrays"]]
        for cls in (steps.Where, NodeValue, TensorValue):
            table = _TABLES[cls]
            self._tables[table] = [self._build(cls, row) for row in document[f"{table}s"]]

    def trace(self) -> Trace:
        document = self._document
        program = self._decode(document["program"])
        if not isinstance(program, Program):
            raise TypeError("'program' is not a Program")
        trace = Trace(program, str(document["engine"]))
        for name, text in document.get("sources", {}).items():
            trace.add_source(name, str(text))
        for row in document["steps"]:
            step = self._decode(row)
            if not isinstance(step, _STEPS):
                raise TypeError(f"{type(step).__name__} is not a step")
            trace.append(step)
        trace.finished = bool(document["finished"])
        return trace

    def _decode(self, value: Any) -> Any:
        if isinstance(value, list):
            return tuple(self._decode(item) for item in value)
        if not isinstance(value, dict):
            return value
        if "$" in value:
            row = {key: item for key, item in value.items() if key != "$"}
            return self._build(_CLASSES[value["$"]], row)
        if len(value) == 1:
            ((key, item),) = value.items()
            if key == "$float":
                return float(item)
            if key.startswith("$"):
                return self._tables[key[1:]][_position(item)]
        return {key: self._decode(item) for key, item in value.items()}

    def _build(self, cls: type[Any], row: dict[str, Any]) -> Any:
        known = {field.name for field in fields(cls)}
        needed = {field.name for field in fields(cls) if field.default is MISSING}
        if not needed <= row.keys() <= known:
            odd = sorted((row.keys() - known) | (needed - row.keys()))
            raise ValueError(f"{cls.__name__} with other fields than expected: {', '.join(odd)}")
        return cls(**{key: self._decode(item) for key, item in row.items()})


def _position(item: Any) -> int:
    if not isinstance(item, int) or item < 0:
        raise ValueError(f"{item!r} is no position in a table")
    return item


def _number(value: float) -> Any:
    return value if math.isfinite(value) else {"$float": str(value)}


def _array(array: Array) -> dict[str, Any]:
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": _flat(array)}


def _flat(array: Array) -> list[Any]:
    if array.dtype.kind != "f":
        return list(array.ravel().tolist())
    # The shortest digits that give the same float32 back: 0.9, not 0.8999999761581421.
    numbers = array.ravel().astype(np.str_).astype(np.float64)
    if np.isfinite(numbers).all():
        return list(numbers.tolist())
    return [x if math.isfinite(x) else str(x) for x in numbers.tolist()]


def _numbers(array: Array) -> Any:
    """Nested lists, as ``tolist`` gives; NaN and infinities as text, which JSON can hold."""
    nested: Any = np.empty(array.shape, dtype=object)
    nested.flat = _flat(array) if array.size else []
    return nested.tolist()


def _read_array(row: dict[str, Any]) -> Array:
    if row["dtype"] not in _DTYPES:
        raise ValueError(f"unknown dtype {row['dtype']!r}")
    array = np.array(row["data"], dtype=row["dtype"]).reshape(row["shape"])
    array.flags.writeable = False
    return array
