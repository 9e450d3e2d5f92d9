"""Where two traces differ first, and how.

Everything is compared field by field: kinds, ops, names, edges, order, shapes, dtypes, places.
Numbers may differ by rounding if asked. Tensor and Node ids must agree up to renaming.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from backprop_tui.engines.summary import digest_of
from backprop_tui.trace.trace import Trace

#: Fields that hold an id, and of what.
_IDENTITIES = {"tensor": "tensor", "variable": "tensor", "node": "node"}

#: Fields that hold text in which the program wrote numbers.
_TEXTS = ("text", "value")
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?")


def first_difference(a: Trace, b: Trace, rtol: float = 0.0, atol: float = 0.0) -> str | None:
    """In words, the first place where ``b`` is not as ``a``; None if they are equal.

    ``rtol`` and ``atol`` are NumPy's, for floating-point data, ``rtol`` of the largest number in an
    array; 0 means equal to the bit.
    """
    comparison = _Comparison(rtol, atol)
    for x, y in zip(a, b, strict=False):
        found = comparison.differ(x, y)
        if found is not None:
            return (
                f"step {x.index + 1} ({type(x).__name__}) at line {x.where.statement.line}{found}"
            )
    if len(a) != len(b):
        return f"{len(a)} steps, the other has {len(b)}"
    return comparison.differ(a.program, b.program)


class _Comparison:
    def __init__(self, rtol: float, atol: float) -> None:
        self._rtol, self._atol = rtol, atol
        self._renamed: dict[tuple[str, int], int] = {}

    def differ(self, x: Any, y: Any, field: str = "") -> str | None:
        """None if equal, else ``.path: x is not y``."""
        if isinstance(x, np.ndarray) or isinstance(y, np.ndarray):
            return self._arrays(x, y)
        if type(x) is not type(y):
            return f": {x!r} is not {y!r}"
        if is_dataclass(x):
            names = ((f.name, getattr(x, f.name), getattr(y, f.name)) for f in fields(x))
        elif isinstance(x, Mapping):
            if x.keys() != y.keys():
                return f": {sorted(x)} is not {sorted(y)}"
            names = ((str(key), x[key], y[key]) for key in x)
        elif isinstance(x, tuple | list):
            if len(x) != len(y):
                return f": {len(x)} entries, the other has {len(y)}"
            names = ((str(i), *pair) for i, pair in enumerate(zip(x, y, strict=True)))
        else:
            return self._plain(x, y, field)
        for name, left, right in names:
            found = self.differ(left, right, name)
            if found is not None:
                return f".{name}{found}"
        return None

    def _plain(self, x: Any, y: Any, field: str) -> str | None:
        if field in _IDENTITIES and isinstance(x, int):
            same = self._renamed.setdefault((_IDENTITIES[field], x), y) == y
        elif field == "sequence_nr":
            same = True
        elif isinstance(x, str) and field in _TEXTS and self._rtol + self._atol:
            same = self._texts(x, y)
        elif isinstance(x, float):
            same = bool(np.isclose(x, y, self._rtol, self._atol, equal_nan=True))
        else:
            same = x == y
        return None if same else f": {x!r} is not {y!r}"

    def _texts(self, x: str, y: str) -> bool:
        """Printed numbers may also differ by one unit of their last digit."""
        if _NUMBER.sub("#", x) != _NUMBER.sub("#", y):
            return False
        for one, other in zip(_NUMBER.findall(x), _NUMBER.findall(y), strict=True):
            mantissa, _, exponent = other.partition("e")
            digits = len(mantissa.partition(".")[2])
            unit = 1.01 * 10.0 ** (int(exponent or 0) - digits) if digits else 0.0
            if not np.isclose(float(one), float(other), self._rtol, self._atol + unit):
                return False
        return True

    def _arrays(self, x: Any, y: Any) -> str | None:
        if not isinstance(x, np.ndarray) or not isinstance(y, np.ndarray):
            return f": {x!r} is not {y!r}"
        if x.shape != y.shape or x.dtype != y.dtype:
            return f": {x.dtype.name}{x.shape} is not {y.dtype.name}{y.shape}"
        one, other = digest_of(x), digest_of(y)
        if one is not None and other is not None:
            counted = replace(other, histogram=one.histogram)  # rounding moves a number to the next
            return self.differ(one, other if not self._rtol + self._atol else counted)
        if one is not None or other is not None:
            return ": only one of the two is a summary"
        exact = x.dtype.kind not in "fc"
        if exact or not self._rtol + self._atol:
            same = np.array_equal(x, y, equal_nan=not exact)
        else:
            # what cancels out in a sum keeps the rounding of its largest parts
            sizes = np.abs(y[np.isfinite(y)])
            room = self._atol + self._rtol * float(sizes.max(initial=0))
            same = np.allclose(x, y, self._rtol, room, equal_nan=True)
        return None if same else f": {x.tolist()} is not {y.tolist()}"
