"""More of NumPy: each function with how many numbers it makes of how many, asked for first."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from backprop_tui.scenario.numpy_names import NumpyNames

#: Options that a scenario may give, besides numbers: the texts that they can be.
TEXTS = {"indexing": ("xy", "ij"), "ord": ("fro", "nuc")}
#: Options that leave the size of the result as it is; ``num`` is counted.
OPTIONS = frozenset({
    "axis", "keepdims", "ddof", "dtype", "out", "decimals", "k", "num", "weights", "a_min", "a_max",
    "return_counts", "return_index", "return_inverse", "rtol", "atol", *TEXTS,
})  # fmt: skip
#: As many numbers as go in, at most.
SAME = (
    "square", "sign", "floor", "ceil", "log2", "log10", "log1p", "expm1", "tan", "arcsin",
    "arccos", "arctan", "sinh", "cosh", "absolute", "negative", "isnan", "isinf", "isfinite",
    "logical_not", "reciprocal", "round", "around", "var", "prod", "any", "all", "argmin",
    "median", "cumsum", "cumprod", "argsort", "sort", "unique", "count_nonzero", "ravel",
    "reshape", "transpose", "squeeze", "expand_dims", "flip", "roll", "zeros_like", "ones_like",
    "full_like", "argwhere", "nonzero", "percentile", "quantile", "average", "swapaxes",
    "ndim", "size", "shape", "copy", "triu", "tril", "trace", "diagonal",
    "polyval", "exp2", "rad2deg", "deg2rad", "nan_to_num",
)  # fmt: skip
#: Elements side by side, repeated where one is smaller.
SIDE_BY_SIDE = (
    "add", "subtract", "multiply", "divide", "power", "mod", "equal", "not_equal", "greater",
    "greater_equal", "less", "less_equal", "logical_and", "logical_or", "isclose", "array_equal",
    "arctan2", "hypot", "where", "clip", "floor_divide",
)  # fmt: skip
#: Functions whose first argument is a list of arrays.
JOINED = ("concatenate", "stack", "vstack", "hstack", "column_stack", "row_stack", "append")
LINEAR = ("norm", "inv", "det", "solve", "pinv", "matrix_rank")


class Columns:
    """``np.c_[a, b]``: vectors as the columns of a matrix."""

    def __init__(self, of: NumpyNames) -> None:
        self.of = of

    def __getitem__(self, parts: Any) -> Any:
        listed = parts if isinstance(parts, tuple) else (parts,)
        arrays = [np.asarray(self.of.numbers(part)) for part in listed]
        self.of.meter.size(sum(each.size for each in arrays))
        return np.column_stack(arrays)


def more_names(of: NumpyNames) -> dict[str, Any]:
    """The functions by name, as ``numpy`` has them."""

    def guarded(name: str, count: Callable[..., int], many: bool = False) -> Callable[..., Any]:
        function = vars(np)[name]

        def call(*args: Any, **options: Any) -> Any:
            given = [_argument(of, each, many and not i) for i, each in enumerate(args)]
            checked = _options(of, options)
            of.meter.size(max(count(*given), int(checked.get("num", 0))))
            return function(*given, **checked)

        return call

    def grown(*args: Any) -> int:
        return sum(np.size(each) if not isinstance(each, list) else grown(*each) for each in args)

    def broadcast(*args: Any) -> int:
        return math.prod(np.broadcast_shapes(*(np.shape(each) for each in args)))

    def times(a: Any, repeats: Any, *rest: Any) -> int:
        return np.size(a) * math.prod(abs(int(n)) for n in np.ravel(repeats)[:32])

    def repeated(a: Any, repeats: Any, *rest: Any) -> int:
        return np.size(a) * int(np.max(np.abs(repeats)))

    def product(*args: Any) -> int:
        return math.prod(np.size(each) for each in args) * len(args)

    def square(n: Any, m: Any = None, *rest: Any) -> int:
        return int(n) * int(n if m is None else m)

    def diagonal(v: Any, *rest: Any) -> int:
        return int(np.size(v)) ** (2 if np.ndim(v) == 1 else 1)

    def powers(x: Any, y: Any, deg: Any, *rest: Any) -> int:
        return int(np.size(x) * (int(deg) + 1))

    def diff(a: Any, axis: int = -1) -> Any:
        return np.diff(_argument(of, a), axis=axis)

    def spaced(start: Any, stop: Any, num: Any = 50, *rest: Any) -> int:
        return int(num)

    def counted(x: Any, *rest: Any) -> int:
        return int(max(np.max(x, initial=0) + 1, *(rest[1:] or (0,))))

    def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
        return np.full(of.shape(shape), of.numbers(fill_value), dtype=of.dtype(dtype))

    def linear(name: str) -> Callable[..., Any]:
        function = vars(np.linalg)[name]

        def call(*args: Any, **options: Any) -> Any:
            given = [_argument(of, each) for each in args]
            of.meter.size(grown(*given))
            of.meter.tick(int(grown(*given) ** 1.5) // 64)
            return function(*given, **_options(of, options))

        return call

    return {
        **{name: guarded(name, grown) for name in SAME},
        **{name: guarded(name, broadcast) for name in SIDE_BY_SIDE},
        **{name: guarded(name, grown, True) for name in JOINED if name in vars(np)},
        "tile": guarded("tile", times),
        "repeat": guarded("repeat", repeated),
        "meshgrid": guarded("meshgrid", product),
        "outer": guarded("outer", product),
        "eye": guarded("eye", square),
        "identity": guarded("identity", square),
        "diag": guarded("diag", diagonal),
        "logspace": guarded("logspace", spaced),
        "bincount": guarded("bincount", counted),
        "polyfit": guarded("polyfit", powers),
        "diff": diff,
        "full": full,
        "c_": Columns(of),
        "linalg": {name: linear(name) for name in LINEAR},
    }


def _argument(of: NumpyNames, value: Any, many: bool = False) -> Any:
    """A number, an array, or a list of numbers; with ``many``, a list of such."""
    if value is None:
        return None
    if isinstance(value, list | tuple):
        if many:
            of.meter.length(len(value))
            return [of.numbers(each) for each in value]
        if all(type(each) is int for each in value):
            of.meter.length(len(value))
            return tuple(value) if isinstance(value, tuple) else list(value)
    return of.numbers(value)


def _options(of: NumpyNames, options: dict[str, Any]) -> dict[str, Any]:
    out = {}
    for name, value in options.items():
        if name not in OPTIONS:
            raise TypeError(f"the option {name!r} is not supported in a scenario")
        if name == "dtype":
            out[name] = of.dtype(value)
        elif isinstance(value, str):
            if value not in TEXTS.get(name, ()):
                raise TypeError(f"{name}={value!r} is not supported in a scenario")
            out[name] = value
        else:
            out[name] = _argument(of, value)
    return out
