"""NumPy as a scenario sees it: arrays of numbers, and no way from them to files or objects.

Every function looks at its arguments first: arrays, numbers and lists of numbers, of a size that
the budget allows, with a dtype from a short list.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from backprop_tui.scenario.limits import Meter
from backprop_tui.scenario.numpy_more import more_names
from backprop_tui.scenario.numpy_random import random_names
from backprop_tui.scenario.surface import NAMESPACES
from backprop_tui.scenario.values import Builtin, Problem

Array = np.ndarray[Any, Any]
NUMBERS = (np.ndarray, np.generic, bool, int, float)
DTYPES: dict[str, type] = {
    "float32": np.float32, "float64": np.float64, "int64": np.int64, "int32": np.int32,
    "float": float, "int": int, "bool": bool, "uint8": np.uint8,
}  # fmt: skip

ELEMENTWISE = ("sqrt", "exp", "log", "sin", "cos", "tanh", "abs")
PAIRWISE = ("maximum", "minimum", "allclose")
REDUCTIONS = ("sum", "mean", "std", "max", "min", "argmax")


TYPES = (np.float32, np.float64, np.int64, np.int32, np.uint8)


class NumpyType(Builtin):
    """A class of NumPy's: to compare with, to pass as a dtype, and to make numbers with."""

    __slots__ = ("dtype",)

    def __init__(self, cls: type, make: Callable[..., Any]) -> None:
        super().__init__(cls.__name__, cls, partial(make, cls))
        self.dtype = np.dtype(cls) if issubclass(cls, np.generic) else None

    def __repr__(self) -> str:
        return f"<class 'numpy.{self.name}'>"


def no_array(cls: type, *args: Any, **kwargs: Any) -> Any:
    """``np.ndarray(…)``, which would show whatever its memory held before."""
    raise Problem(
        "TypeError", "np.ndarray() makes no arrays in a scenario", "use np.zeros(…) or np.array(…)"
    )


class NumpyNames:
    """The functions of one run, by namespace, in ``names``."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        more = more_names(self)
        linear = more.pop("linalg")
        own: dict[str, Any] = {
            "array": self.array,
            "asarray": self.array,
            "zeros": self.filled(np.zeros),
            "ones": self.filled(np.ones),
            "arange": self.arange,
            "linspace": self.linspace,
            **more,
            "dot": self.product(np.dot),
            "matmul": self.product(np.matmul),
            **{name: self.pairwise(vars(np)[name], name == "allclose") for name in PAIRWISE},
            **{name: self.elementwise(vars(np)[name]) for name in ELEMENTWISE},
            **{name: self.reduction(vars(np)[name]) for name in REDUCTIONS},
            **{cls.__name__: NumpyType(cls, self.number) for cls in TYPES},
            "ndarray": NumpyType(np.ndarray, no_array),
        }
        self.names: dict[str, dict[str, Any]] = {
            "numpy": {name: own.get(name, vars(np).get(name)) for name in NAMESPACES["numpy"]},
            "numpy.linalg": linear,
            "numpy.random": random_names(self),
        }

    # ------------------------------------------------------------------ what may go in

    def numbers(self, value: Any) -> Any:
        """An argument that is a number, an array, or a list of them."""
        if isinstance(value, NUMBERS):
            return value
        if isinstance(value, list | tuple):
            self.meter.nested(value)
            made = np.array(value)
            if made.dtype.kind in "biuf":
                return made
        raise TypeError(f"NumPy of a scenario takes numbers and arrays, not {type(value).__name__}")

    def dtype(self, wanted: Any) -> Any:
        """A dtype from the short list."""
        if isinstance(wanted, Builtin):
            wanted = wanted.name
        if isinstance(wanted, np.dtype) and wanted.name in DTYPES:
            return wanted
        if isinstance(wanted, str) and wanted in DTYPES:
            return DTYPES[wanted]
        if wanted is None or wanted in TYPES:
            return wanted
        raise TypeError("this dtype is not supported in a scenario: use " + ", ".join(DTYPES))

    def shape(self, shape: Any) -> tuple[int, ...]:
        """A shape within the budget."""
        sizes = tuple(shape) if isinstance(shape, list | tuple) else (shape,)
        for size in sizes:
            if isinstance(size, bool) or not isinstance(size, int | np.integer):
                kind = type(size).__name__
                raise TypeError(f"{kind!r} object cannot be interpreted as an integer")
        self.meter.size(math.prod(max(int(n), 0) for n in sizes))
        return sizes

    # ------------------------------------------------------------------ what is made of it

    def number(self, cls: type, x: Any = 0) -> Any:
        """``np.float32(x)`` of a number or an array."""
        numbers = self.numbers(x)
        self.meter.size(np.size(numbers))
        return cls(numbers)

    def array(self, object: Any, dtype: Any = None) -> Array:  # noqa: A002 (NumPy's name)
        """``np.array`` of numbers."""
        numbers = self.numbers(object)
        self.meter.size(np.size(numbers))
        return np.array(numbers, dtype=self.dtype(dtype))

    def filled(self, function: Callable[..., Array]) -> Callable[..., Array]:
        """``zeros``, ``ones``."""
        return lambda shape, dtype=None: function(self.shape(shape), dtype=self.dtype(dtype))

    def arange(self, *bounds: Any, step: Any = 1, dtype: Any = None) -> Array:
        """``np.arange``."""
        for bound in bounds:
            self.numbers(bound)
        start, stop, by = (0, *bounds, step)[:3] if len(bounds) == 1 else (*bounds, step)[:3]
        if by:
            self.meter.size(max(0, math.ceil((stop - start) / by)))
        return np.arange(start, stop, by, dtype=self.dtype(dtype))

    def linspace(self, start: Any, stop: Any, num: int = 50) -> Array:
        """``np.linspace``."""
        self.meter.size(num)
        return np.linspace(float(start), float(stop), num)

    def elementwise(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function of every element."""

        def elementwise(x: Any, **options: Any) -> Any:
            numbers = self.numbers(x)
            self.meter.size(np.size(numbers))
            return function(numbers, **{name: self.numbers(out) for name, out in options.items()})

        return elementwise

    def pairwise(self, function: Callable[..., Any], whole: bool) -> Callable[..., Any]:
        """A function of elements side by side."""

        def pairwise(x1: Any, x2: Any, **tolerances: float) -> Any:
            a, b = self.numbers(x1), self.numbers(x2)
            self.meter.size(math.prod(np.broadcast_shapes(np.shape(a), np.shape(b))))
            return function(a, b, **tolerances) if whole else function(a, b)

        return pairwise

    def reduction(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function along an axis."""

        def reduction(a: Any, axis: Any = None, **options: Any) -> Any:
            numbers = {name: self.numbers(value) for name, value in options.items()}
            return function(self.numbers(a), axis=axis, **numbers)

        return reduction

    def product(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A product of vectors or matrices."""

        def product(a: Any, b: Any) -> Any:
            left, right = np.asarray(self.numbers(a)), np.asarray(self.numbers(b))
            shared = left.shape[-1] if left.ndim else 1
            self.meter.size(left.size * right.size // max(shared, 1) ** 2)
            return function(left, right)

        return product

    def drawn(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Random numbers of a shape given as arguments."""
        return lambda *shape: function(*self.shape(shape))

    def sized(self, function: Callable[..., Any], bounds: int) -> Callable[..., Any]:
        """Random numbers between bounds, of a shape given as ``size``."""

        def sized(*given: Any, size: Any = None, **options: Any) -> Any:
            if len(given) > bounds:
                *given_bounds, size = given
                given = tuple(given_bounds)
            if size is not None:
                size = self.shape(size)
            numbers = {name: self.numbers(value) for name, value in options.items()}
            return function(*(self.numbers(g) for g in given), size=size, **numbers)

        return sized
