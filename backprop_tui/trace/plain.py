"""Steps as plain data (what JSON can hold), and back: shared by every file format of a trace.

    Operand("self", value)  ──Encoder──▶  {"$": "Operand", "name": "self", "value": {"$value": 7}}
                            ◀──Decoder──

What many steps share (arrays, tensor values, places, nodes) is referred to by a number; where it is
kept is up to the format (``shared``, ``lookup``). Decoding builds only the classes named in
``CLASSES``, with exactly their fields, each of the type it is declared with: a stranger's file can
be wrong, but it cannot run anything, and what it yields is what the rest of the program expects.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

import numpy as np

from backprop_tui.engines.base import (
    Edge,
    GradValue,
    NodeValue,
    Operand,
    Outgoing,
    TensorValue,
)
from backprop_tui.trace import steps
from backprop_tui.trace.declared import check
from backprop_tui.trace.trace import Program

CLASSES: dict[str, type[Any]] = {
    cls.__name__: cls
    for cls in (
        *steps.STEPS, steps.Span, steps.LoopAt, steps.Where, steps.Named, steps.Cleared,
        TensorValue, NodeValue, Edge, Operand, Outgoing, GradValue, Program,
    )
}  # fmt: skip
#: What is shared, and what its references are called; arrays are shared, too.
TABLES: dict[type[Any], str] = {TensorValue: "value", steps.Where: "where", NodeValue: "node"}
DTYPES = frozenset(
    (
        "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16",
        "uint32", "uint64", "bool", "complex64", "complex128",
    )
)  # fmt: skip

#: What damaged data raises while it is decoded.
DAMAGE = (
    KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, RecursionError,
)  # fmt: skip

#: The fields of each class with their defaults.
FIELDS = {cls: tuple((f.name, f.default) for f in fields(cls)) for cls in CLASSES.values()}
_KNOWN = {cls: frozenset(name for name, _ in of) for cls, of in FIELDS.items()}
_NEEDED = {
    cls: frozenset(name for name, default in of if default is MISSING) for cls, of in FIELDS.items()
}
#: A torch.Size is a tuple, an IntEnum an int.
_BASES: tuple[type[Any], ...] = (int, float, str, tuple, list)
_AS_IT_IS = frozenset((type(None), bool, int, str))


class Encoder:
    """Makes plain data; ``shared`` says what an object of a table is referred to by."""

    def shared(self, table: str, value: Any) -> int:
        """The number of a shared object, which is kept at its first sight."""
        raise NotImplementedError

    def encode(self, value: Any) -> Any:
        """``value`` as plain data; what is no data at all (an op's generator) as its text."""
        cls = type(value)
        if cls in _AS_IT_IS:
            return value
        if cls is float:
            return value if math.isfinite(value) else {"$float": str(value)}
        if cls is tuple or cls is list:
            return [self.encode(item) for item in value]
        table = TABLES.get(cls)
        if table is not None:
            return {f"${table}": self.shared(table, value)}
        if cls in FIELDS:
            return {"$": cls.__name__} | self.fields(value)
        if isinstance(value, np.ndarray):
            return {"$array": self.shared("array", value)}
        if isinstance(value, np.generic):
            return self.encode(value.item())
        if isinstance(value, complex):
            return {"$complex": [self.encode(value.real), self.encode(value.imag)]}
        if isinstance(value, Mapping):
            return self._mapping(value)
        for base in _BASES:
            if isinstance(value, base):
                return self.encode(base(value))
        return str(value)

    def fields(self, value: Any) -> dict[str, Any]:
        """The fields of a dataclass, each as plain data."""
        return {name: self.encode(getattr(value, name)) for name, _ in FIELDS[type(value)]}

    def _mapping(self, value: Mapping[Any, Any]) -> dict[str, Any]:
        found = {str(key): self.encode(item) for key, item in value.items()}
        if any(key.startswith("$") for key in found):
            return {"$mapping": [[key, item] for key, item in found.items()]}
        return found


class Decoder:
    """Builds objects from plain data; ``lookup`` finds what a reference stands for.

    Raises one of DAMAGE where the data is damaged.
    """

    def __init__(self) -> None:
        self._spans: dict[steps.Span, steps.Span] = {}

    def lookup(self, table: str, position: int) -> Any:
        """The shared object of this number."""
        raise NotImplementedError

    def step(self, data: Any, index: int) -> steps.Step:
        """The step that stands at ``index``."""
        step = self.decode(data)
        if not isinstance(step, steps.STEPS):
            raise TypeError(f"{type(step).__name__} is not a step")
        if step.index != index:
            raise ValueError(f"step {step.index} stands at {index}")
        return step

    def decode(self, data: Any) -> Any:
        """The object that plain data stands for; lists are tuples."""
        if isinstance(data, list):
            return tuple([self.decode(item) for item in data])
        if not isinstance(data, dict):
            return data
        name = data.get("$")
        if name is not None:
            return self.build(CLASSES[name], {k: v for k, v in data.items() if k != "$"})
        if len(data) == 1:
            ((key, item),) = data.items()
            if key == "$float":
                return float(item)
            if key == "$complex":
                real, imaginary = self.decode(item)
                return complex(real, imaginary)
            if key == "$mapping":
                return {_text(key): self.decode(value) for key, value in item}
            if key.startswith("$"):
                return self.lookup(key[1:], _position(item))
        return {key: self.decode(item) for key, item in data.items()}

    def build(self, cls: type[Any], row: Mapping[str, Any]) -> Any:
        """An object of a class from its fields as plain data."""
        known, needed = _KNOWN[cls], _NEEDED[cls]
        if not needed <= row.keys() <= known:
            odd = sorted((row.keys() - known) | (needed - row.keys()))
            raise ValueError(f"{cls.__name__} with other fields than expected: {', '.join(odd)}")
        built = cls(**{key: self.decode(item) for key, item in row.items()})
        check(built)
        if cls is steps.Span:
            # One object for one place: readers ask whether two steps are of the same statement.
            return self._spans.setdefault(built, built)
        return built


def _text(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"{key!r} is no name")
    return key


def _position(item: Any) -> int:
    if type(item) is not int or not 0 <= item < 2**63:
        raise ValueError(f"{item!r} is no position in a table")
    return item
