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
from typing import Any

import numpy as np

from backprop_tui.engines.base import Array
from backprop_tui.explain.naming import Name
from backprop_tui.explain.numbers import number, number_latex


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

    def __neg__(self) -> Sym:
        return Sym(-self.value, "neg", (self,))

    def __pos__(self) -> Sym:
        return self

    def __abs__(self) -> Sym:
        return Sym(abs(self.value), "abs", (self,))

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __hash__(self) -> int:
        return hash(self.value)

    def __eq__(self, other: object) -> bool:
        return self.value == _value(other)

    def __ne__(self, other: object) -> bool:
        return self.value != _value(other)

    def __lt__(self, other: object) -> bool:
        return self.value < _value(other)

    def __le__(self, other: object) -> bool:
        return self.value <= _value(other)

    def __gt__(self, other: object) -> bool:
        return self.value > _value(other)

    def __ge__(self, other: object) -> bool:
        return self.value >= _value(other)

    def __repr__(self) -> str:
        return f"Sym({text(self)} = {number(self.value)})"

    def conjugate(self) -> Sym:
        """Itself: a Sym is real (``np.var`` asks)."""
        return self

    def __getattr__(self, name: str) -> Callable[[], Sym]:
        # np.exp on an object array calls the method exp of each element, np.tanh tanh, and so on.
        function = FUNCTIONS.get(name)
        if function is None:
            raise AttributeError(name)
        compute = function[0]

        def call() -> Sym:
            try:
                value = compute(self.value)
            except OverflowError:
                value = math.inf
            except ValueError:
                value = -math.inf if name.startswith("log") and not self.value else math.nan
            return Sym(value, "call", (name, self))

        return call


_BINARY: dict[str, Callable[[float, float], float]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": _divide,
    "pow": _power,
}

#: NumPy's name of a function → how it is computed, how it is written, in text and in LaTeX.
FUNCTIONS: dict[str, tuple[Callable[[float], float], str, str]] = {
    "exp": (math.exp, "exp({})", r"\exp\left({}\right)"),
    "expm1": (math.expm1, "(exp({}) − 1)", r"\left(\exp\left({}\right) - 1\right)"),
    "log": (math.log, "log({})", r"\log\left({}\right)"),
    "log1p": (math.log1p, "log(1 + {})", r"\log\left(1 + {}\right)"),
    "log2": (math.log2, "log₂({})", r"\log_2\left({}\right)"),
    "log10": (math.log10, "log₁₀({})", r"\log_{{10}}\left({}\right)"),
    "sqrt": (math.sqrt, "√({})", r"\sqrt{{{}}}"),
    "tanh": (math.tanh, "tanh({})", r"\tanh\left({}\right)"),
    "sin": (math.sin, "sin({})", r"\sin\left({}\right)"),
    "cos": (math.cos, "cos({})", r"\cos\left({}\right)"),
    "tan": (math.tan, "tan({})", r"\tan\left({}\right)"),
    "sinh": (math.sinh, "sinh({})", r"\sinh\left({}\right)"),
    "cosh": (math.cosh, "cosh({})", r"\cosh\left({}\right)"),
    "arctan": (math.atan, "atan({})", r"\arctan\left({}\right)"),
    "arcsin": (math.asin, "asin({})", r"\arcsin\left({}\right)"),
    "arccos": (math.acos, "acos({})", r"\arccos\left({}\right)"),
    "erf": (math.erf, "erf({})", r"\operatorname{{erf}}\left({}\right)"),
}


def _value(other: object) -> Any:
    return other.value if isinstance(other, Sym) else other


def sym(value: Any) -> Sym:
    """``value`` as a Sym; a plain number becomes a leaf without a name."""
    if isinstance(value, Sym):
        return value
    return Sym(value.item() if isinstance(value, np.generic) else value)


def symbols(values: Array, name: Name) -> Array:
    """An object array of leaves of the same shape, named ``name[0, 1]`` (``name`` if 0-d)."""
    out = np.empty(values.shape, dtype=object)
    for index, value in zip(np.ndindex(values.shape), values.ravel().tolist(), strict=True):
        out[index] = leaf(value, name, index)
    return out


def leaf(value: float, name: Name, index: tuple[int, ...] = ()) -> Sym:
    """A number that can be spelled by its name too, which is made only when asked for."""
    return Sym(value, "leaf", ((name, index),))


# --- spelling -------------------------------------------------------------------------------

#: How tightly a piece of text binds: a looser piece inside a tighter place needs parentheses.
_SUM, _QUOTIENT, _PRODUCT, _POWER, _ATOM = range(5)
#: A sum or product of more than this many pieces shows the first two and the last.
LONGEST = 6


def text(value: Sym, *, names: bool = False, longest: int = LONGEST) -> str:
    """The expression in plain text, with numbers (4 significant digits) or with leaf names."""
    return _Text(names, longest).spell(value)[0]


def latex(value: Sym, *, names: bool = False, longest: int = LONGEST) -> str:
    """The expression in LaTeX, with numbers (4 significant digits) or with leaf names."""
    return _Latex(names, longest).spell(value)[0]


class _Text:
    """Spells an expression; ``spell`` returns the words and how tightly they bind."""

    plus, minus, dot, dots = " + ", " − ", "·", "…"

    def __init__(self, names: bool, longest: int) -> None:
        self.names = names
        self.longest = longest

    def spell(self, value: Sym) -> tuple[str, int]:
        kind, args = value.kind, value.args
        if kind == "leaf":
            if self.names and args[0] is not None:
                return self.leaf(*args[0]), _ATOM
            words = self.number(value.value)
            if words.startswith("-"):
                return words, _SUM
            return words, _PRODUCT if self.dot in words else _ATOM
        if kind in ("add", "sub"):
            return self.sum(value)
        if kind == "mul":
            return self.product(value)
        if kind == "div":
            return self.quotient(args[0], args[1])
        if kind == "pow":
            return self.power(args[0], args[1])
        if kind == "neg":
            return "-" + self.inside(args[0], _PRODUCT), _SUM
        if kind == "abs":
            return self.bars(self.spell(args[0])[0]), _ATOM
        return self.call(args[0], args[1]), _ATOM

    def inside(self, value: Sym, place: int) -> str:
        """The words of ``value``, in parentheses if they bind looser than ``place``."""
        words, binds = self.spell(value)
        return words if binds >= place else self.parentheses(words)

    def sum(self, value: Sym) -> tuple[str, int]:
        terms = list(_terms(value))
        words: list[str] = []
        for position in _shown(len(terms), self.longest):
            if position < 0:
                words.append(self.plus + self.dots)
                continue
            minus, term = terms[position]
            if not words:
                words.append("-" + self.inside(term, _PRODUCT) if minus else self.spell(term)[0])
            else:
                words.append((self.minus if minus else self.plus) + self.inside(term, _QUOTIENT))
        return self.counted("".join(words), len(terms), "terms"), _SUM

    def product(self, value: Sym) -> tuple[str, int]:
        factors = list(_factors(value))
        words = [
            self.dots if position < 0 else self.inside(factors[position], _PRODUCT)
            for position in _shown(len(factors), self.longest)
        ]
        return self.counted(self.dot.join(words), len(factors), "factors"), _PRODUCT

    def number(self, value: float) -> str:
        return number(value)

    def leaf(self, name: Name, index: tuple[int, ...]) -> str:
        return name.at(index).text

    def parentheses(self, words: str) -> str:
        return f"({words})"

    def bars(self, words: str) -> str:
        return f"|{words}|"

    def quotient(self, top: Sym, bottom: Sym) -> tuple[str, int]:
        # In one line a quotient inside a product or quotient needs parentheses; \\frac does not.
        return f"{self.inside(top, _PRODUCT)} / {self.inside(bottom, _POWER)}", _QUOTIENT

    def power(self, base: Sym, exponent: Sym) -> tuple[str, int]:
        if exponent.value == 1 and _is_plain(exponent):
            return self.spell(base)
        words = self.inside(base, _ATOM)
        if exponent.value in _SUPERSCRIPTS and _is_plain(exponent):
            return words + _SUPERSCRIPTS[exponent.value], _POWER
        return f"{words}^{self.inside(exponent, _ATOM)}", _POWER

    def call(self, name: str, argument: Sym) -> str:
        return FUNCTIONS[name][1].format(self.spell(argument)[0])

    def counted(self, words: str, count: int, what: str) -> str:
        return f"{words} ({count} {what})" if count > self.longest else words


class _Latex(_Text):
    plus, minus, dot, dots = " + ", " - ", r" \cdot ", r"\dots"

    def number(self, value: float) -> str:
        return number_latex(value)

    def leaf(self, name: Name, index: tuple[int, ...]) -> str:
        return name.at(index).tex

    def parentheses(self, words: str) -> str:
        # \left( … \right) only where something tall stands inside: it spaces worse than ( … ).
        return rf"\left({words}\right)" if "\\frac" in words or "\\left" in words else f"({words})"

    def bars(self, words: str) -> str:
        return rf"\left|{words}\right|"

    def quotient(self, top: Sym, bottom: Sym) -> tuple[str, int]:
        return rf"\frac{{{self.spell(top)[0]}}}{{{self.spell(bottom)[0]}}}", _PRODUCT

    def power(self, base: Sym, exponent: Sym) -> tuple[str, int]:
        if exponent.value == 1 and _is_plain(exponent):
            return self.spell(base)
        return f"{self.inside(base, _ATOM)}^{{{self.spell(exponent)[0]}}}", _POWER

    def call(self, name: str, argument: Sym) -> str:
        return FUNCTIONS[name][2].format(self.spell(argument)[0])

    def counted(self, words: str, count: int, what: str) -> str:
        if count <= self.longest:
            return words
        return rf"\underbrace{{{words}}}_{{{count}\ \text{{{what}}}}}"


_SUPERSCRIPTS = {2: "²", 3: "³"}


def _is_plain(value: Sym) -> bool:
    """A number of the rule's own, not one of a tensor."""
    return value.kind == "leaf" and value.args[0] is None


def _shown(count: int, longest: int) -> list[int]:
    """Which of ``count`` pieces to show; -1 stands for the dots."""
    return list(range(count)) if count <= longest else [0, 1, -1, count - 1]


def _terms(value: Sym) -> Iterator[tuple[bool, Sym]]:
    """The flat terms of a sum, each with whether it is subtracted."""
    stack = [(False, value)]
    while stack:
        minus, term = stack.pop()
        if term.kind == "add" and not minus:
            stack += [(False, term.args[1]), (False, term.args[0])]
        elif term.kind == "sub" and not minus:
            stack += [(True, term.args[1]), (False, term.args[0])]
        elif term.kind == "neg" and not minus:
            stack.append((True, term.args[0]))
        else:
            yield minus, term


def _factors(value: Sym) -> Iterator[Sym]:
    stack = [value]
    while stack:
        factor = stack.pop()
        if factor.kind == "mul":
            stack += [factor.args[1], factor.args[0]]
        else:
            yield factor
