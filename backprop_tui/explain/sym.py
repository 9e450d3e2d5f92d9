"""Numbers that remember how they were made.

The arithmetic shown is the rule itself, run on such numbers: put ``Sym`` scalars into NumPy arrays
of dtype object, call an op's own ``forward`` or vjp ``rule`` on them, and what comes out is at once
the value and the expression::

    x = symbols(np.array([0.9, -0.2]), named("x"))
    w = symbols(np.array([0.5, -0.3]), named("w"))
    y = (x * w).sum()
    y.value                 0.51
    text(y)                 0.9·0.5 + (-0.2)·(-0.3)
    text(y, names=True)     x[0]·w[0] + x[1]·w[1]
    latex(y)                0.9 \\cdot 0.5 + (-0.2) \\cdot (-0.3)

NumPy does the rest: for objects, ``+`` and ``@`` call the operators below, ``np.exp`` calls the
method ``exp``, ``np.maximum`` and ``np.where`` compare by value and so pick the branch taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from backprop_tui.engines.base import Array
from backprop_tui.explain.naming import Name


class TooLong(Exception):
    """More scalar operations than the budget allows: the rule is not worth spelling out."""


_left: ContextVar[list[int] | None] = ContextVar("_left", default=None)


@contextmanager
def budget(operations: int) -> Iterator[None]:
    """Within this block more than ``operations`` operations on Syms raise TooLong."""
    token = _left.set([operations])
    try:
        yield
    finally:
        _left.reset(token)


def _divide(a: float, b: float) -> float:
    """As IEEE 754 and NumPy divide: no exception at zero."""
    if b:
        return a / b
    return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1, b)


def _power(a: float, b: float) -> float:
    try:
        value = a**b
    except ZeroDivisionError:
        return math.inf
    except OverflowError:
        return math.inf
    return value if isinstance(value, float | int) else math.nan


class Sym:
    """A number and the expression it came from; ``args`` are Syms, or a leaf's name."""

    __slots__ = ("args", "kind", "value")

    def __init__(self, value: float, kind: str = "leaf", args: tuple[Any, ...] = (None,)) -> None:
        left = _left.get()
        if left is not None:
            left[0] -= 1
            if left[0] < 0:
                raise TooLong
        self.value = value
        self.kind = kind
        self.args = args

    def _binary(self, other: object, kind: str, turned: bool = False) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented
        a, b = (sym(other), self) if turned else (self, sym(other))
        return Sym(_BINARY[kind](a.value, b.value), kind, (a, b))

    def __add__(self, other: object) -> Any:
        return self._binary(other, "add")

    def __radd__(self, other: object) -> Any:
        return self._binary(other, "add", turned=True)

    def __sub__(self, other: object) -> Any:
        return self._binary(other, "sub")

    def __rsub__(self, other: object) -> Any:
        return self._binary(other, "sub", turned=True)

    def __mul__(self, other: object) -> Any:
        return self._binary(other, "mul")

    def __rmul__(self, other: object) -> Any:
        return self._binary(other, "mul", turned=True)

    def __truediv__(self, other: object) -> Any:
        return self._binary(other, "div")

    def __rtruediv__(self, other: object) -> Any:
        return self._binary(other, "div", turned=True)

    def __pow__(self, other: object) -> Any:
        return self._binary(other, "pow")

    def __rpow__(self, other: object) -> Any:
        return self._binary(other, "pow", turned=True)

    def __mod__(self, other: object) -> Any:
        return self._binary(other, "mod")

    def __rmod__(self, other: object) -> Any:
        return self._binary(other, "mod", turned=True)

    def __neg__(self) -> Sym:
        return Sym(-self.value, "neg", (self,))

    def __pos__(self) -> Sym:
        return self

    def __abs__(self) -> Sym:
        return Sym(abs(self.value), "abs", (self,))

    def __trunc__(self) -> Sym:
        return Sym(float(math.trunc(self.value)), "call", ("trunc", self))

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __hash__(self) -> int:
        return hash(self.value)

    def __eq__(self, other: object) -> bool:
        return bool(self.value == _value(other))

    def __ne__(self, other: object) -> bool:
        return bool(self.value != _value(other))

    def __lt__(self, other: object) -> bool:
        return bool(self.value < _value(other))

    def __le__(self, other: object) -> bool:
        return bool(self.value <= _value(other))

    def __gt__(self, other: object) -> bool:
        return bool(self.value > _value(other))

    def __ge__(self, other: object) -> bool:
        return bool(self.value >= _value(other))

    def __repr__(self) -> str:
        return f"Sym({self.value})"

    def conjugate(self) -> Sym:
        """Itself: a Sym is real (``np.var`` asks)."""
        return self

    def __getattr__(self, name: str) -> Callable[[], Sym]:
        # np.exp on an object array calls the method exp of each element, np.tanh tanh, and so on.
        function = FUNCTIONS.get(name)
        if function is None:
            raise AttributeError(name)
        compute = function.compute

        def call() -> Sym:
            try:
                value = compute(self.value)
            except OverflowError:
                value = -math.inf if name == "sinh" and self.value < 0 else math.inf
            except ValueError:
                # log 0, and log1p of -1, are infinite to NumPy; what else is refused is nan.
                pole = _POLES.get(name)
                value = -math.inf if pole is not None and self.value == pole else math.nan
            return Sym(value, "call", (name, self))

        return call


_BINARY: dict[str, Callable[[float, float], float]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": _divide,
    "pow": _power,
    "mod": lambda a, b: a % b if b else math.nan,
}

_POLES = {"log": 0, "log2": 0, "log10": 0, "log1p": -1}


class Function(NamedTuple):
    """How a function is computed, and how it is written around its argument."""

    compute: Callable[[float], float]
    text: str
    latex: str


_BY_NAME: dict[str, tuple[Callable[[float], float], str, str]] = {
    "exp": (math.exp, "exp({})", r"\exp\left({}\right)"),
    "expm1": (math.expm1, "(exp({}) − 1)", r"\left(\exp\left({}\right) - 1\right)"),
    "log": (math.log, "log({})", r"\log\left({}\right)"),
    "log1p": (math.log1p, "log1p({})", r"\operatorname{{log1p}}\left({}\right)"),
    "log2": (math.log2, "log₂({})", r"\log_2\left({}\right)"),
    "log10": (math.log10, "log₁₀({})", r"\log_{{10}}\left({}\right)"),
    "sqrt": (math.sqrt, "√({})", r"\sqrt{{{}}}"),
    "tanh": (math.tanh, "tanh({})", r"\tanh\left({}\right)"),
    "sin": (math.sin, "sin({})", r"\sin\left({}\right)"),
    "cos": (math.cos, "cos({})", r"\cos\left({}\right)"),
    "tan": (math.tan, "tan({})", r"\tan\left({}\right)"),
    "sinh": (math.sinh, "sinh({})", r"\sinh\left({}\right)"),
    "cosh": (math.cosh, "cosh({})", r"\cosh\left({}\right)"),
    "exp2": (lambda x: 2.0**x, "2^({})", r"2^{{{}}}"),
    "trunc": (math.trunc, "trunc({})", r"\operatorname{{trunc}}\left({}\right)"),
    "arcsinh": (math.asinh, "asinh({})", r"\operatorname{{arsinh}}\left({}\right)"),
    "arccosh": (math.acosh, "acosh({})", r"\operatorname{{arcosh}}\left({}\right)"),
    "arctanh": (math.atanh, "atanh({})", r"\operatorname{{artanh}}\left({}\right)"),
    "arctan": (math.atan, "atan({})", r"\arctan\left({}\right)"),
    "arcsin": (math.asin, "asin({})", r"\arcsin\left({}\right)"),
    "arccos": (math.acos, "acos({})", r"\arccos\left({}\right)"),
    "rint": (lambda x: float(round(x)), "round({})", r"\operatorname{{round}}\left({}\right)"),
    "erf": (math.erf, "erf({})", r"\operatorname{{erf}}\left({}\right)"),
}

#: NumPy's name of a function → the function.
FUNCTIONS = {name: Function(*row) for name, row in _BY_NAME.items()}


def _value(other: object) -> Any:
    return other.value if isinstance(other, Sym) else other


def sym(value: Any) -> Sym:
    """``value`` as a Sym; a plain number becomes a leaf without a name."""
    if isinstance(value, Sym):
        return value
    return Sym(value.item() if isinstance(value, np.generic) else value)


def symbols(values: Array, name: Name) -> Array:
    """An object array of leaves of the same shape, named ``name[0,1]`` (``name`` if 0-d)."""
    out = np.empty(values.shape, dtype=object)
    for index, value in zip(np.ndindex(values.shape), values.ravel().tolist(), strict=True):
        out[index] = leaf(value, name, index)
    return out


def leaf(value: float, name: Name, index: tuple[int, ...] = ()) -> Sym:
    """A number that can be spelled by its name too, which is made only when asked for."""
    return Sym(value, "leaf", ((name, index),))
