"""The way back of picking: numbers put, or added, where an index says.

scatter       result[index[i]] = src[i]        along one dimension
scatter_add   result[index[i]] += src[i]       what several bring is added up

A gradient goes the same ways turned round: it is gathered where the numbers were put. Whole slices
are put in slices.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Saved, Shape, Vjp, define
from backprop_tui.ops.gathering import gather_index
from backprop_tui.ops.rules import wrap_dim

PASS_ON = Vjp(lambda g, s: g, Formula("$grad", "$grad"))


def as_row(array: Any) -> Any:
    """A number seen as a row of one."""
    return array.reshape(1) if not array.ndim else array


def _places(self: Any, index: Any, dim: int) -> tuple[Any, ...]:
    """Where the elements of ``index`` point to in ``self`` (both with a dimension at least)."""
    outside = index[(index < 0) | (index >= self.shape[dim])]
    if outside.size:
        raise RuntimeError(
            f"index {int(outside.flat[0])} is out of bounds for dimension {dim % self.ndim} with "
            f"size {self.shape[dim]}"
        )
    return gather_index(index, dim % self.ndim)


def _corner(src: Any, index: Any) -> Any:
    """The part of ``src`` that ``index`` covers."""
    return as_row(src)[tuple(slice(0, n) for n in as_row(index).shape)]


def scatter_shape(self: Shape, index: Shape, src: Shape = (), *, dim: int, **how: Any) -> Shape:
    """The shape of what is written into; ``index`` must fit in it, and in ``src``."""
    axis = wrap_dim(dim, len(self))
    if 0 in index:
        return self
    if len(index or (1,)) != len(self or (1,)):
        raise RuntimeError("Index tensor must have the same number of dimensions as self tensor")
    if src and len(index or (1,)) != len(src):
        raise RuntimeError("Index tensor must have the same number of dimensions as src tensor")
    for i, n in enumerate(index):
        if (i != axis and n > self[i]) or (src and n > src[i]):
            apart = f" apart from dimension {axis}"
            beside = f" and to be no larger size than src {list(src)}" if src else ""
            raise RuntimeError(
                f"Expected index {list(index)} to be no larger than self {list(self)}"
                f"{apart}{beside}"
            )
    return self


def _scattered(self: Any, index: Any, src: Any, dim: int, add: bool = False) -> Any:
    result = np.array(self)
    if index.size:
        row, at = as_row(result), as_row(index)
        places = _places(row, at, dim)
        values = _corner(src, index) if isinstance(src, np.ndarray) else src
        if isinstance(values, np.ndarray):
            values = values.reshape(at.shape)
        if add:
            np.add.at(row, places, values)
        else:
            row[places] = values
    return result


def _gathered(g: Any, index: Any, shape: Shape, dim: int, node: str) -> Any:
    """What ``index`` points to in ``g``; ``shape`` is that of what was put there."""
    if index.shape != shape:
        # PyTorch has no more than this to say of a src of which only a part was used.
        raise RuntimeError(
            f"Function {node}Backward0 returned an invalid gradient at index 1 - got "
            f"{list(index.shape)} but expected shape compatible with {list(shape)}"
        )
    row, at = as_row(g), as_row(index)
    if not at.size:
        return np.zeros(shape, g.dtype)
    return row[gather_index(at, dim % row.ndim)].reshape(shape)


OVERWRITTEN = Vjp(
    lambda g, s: _scattered(g, s.index, 0, s.dim),
    Formula("$grad, but 0 where it was overwritten", "$grad"),
    saves=("index",),
)


def _from_its_place(node: str) -> Vjp:
    return Vjp(
        lambda g, s: _gathered(g, s.index, s.src_shape, s.dim, node),
        Formula("$grad at $index along dim $dim", r"{$grad}_{$index}"),
        saves=("src_shape", "index"),
    )


define(
    Op(
        name="scatter",
        grad_fn="ScatterBackward0",
        forward=lambda self, index, src, *, dim: _scattered(self, index, src, dim),
        shape=scatter_shape,
        plain=("index",),
        formula=Formula("$self with $src at $index along dim $dim", r"{$self}_{$index} \gets $src"),
        vjps={"self": OVERWRITTEN, "src": _from_its_place("Scatter")},
        help="Writes numbers where an index says.",
    )
)
define(
    Op(
        name="scatter.value",
        grad_fn="ScatterBackward1",
        forward=lambda self, index, *, dim, value: _scattered(self, index, value, dim),
        shape=scatter_shape,
        plain=("index",),
        formula=Formula(
            "$self with $value at $index along dim $dim", r"{$self}_{$index} \gets $value"
        ),
        vjps={"self": OVERWRITTEN},
        help="Writes one number where an index says.",
    )
)
define(
    Op(
        name="scatter_add",
        grad_fn="ScatterAddBackward0",
        forward=lambda self, index, src, *, dim: _scattered(self, index, src, dim, add=True),
        shape=scatter_shape,
        plain=("index",),
        formula=Formula(
            "$self + $src at $index along dim $dim", r"$self + \sum {$src} \text{ at } $index"
        ),
        vjps={"self": PASS_ON, "src": _from_its_place("ScatterAdd")},
        help="Adds numbers up where an index says: what several bring to one place is summed.",
    )
)

# ---------------------------------------------------------------- reduced where they meet


def _reduced(
    self: Any, index: Any, src: Any, dim: int, reduce: str, include_self: bool = True
) -> Any:
    if not index.size:
        return self.copy()
    row, at = as_row(self.copy()), as_row(index)
    places = _places(row, at, dim)
    values = _corner(src, index).reshape(at.shape)
    if not include_self:
        row[places] = _NOTHING[reduce](row.dtype)
    _UFUNCS[reduce].at(row, places, values)
    if reduce == "mean":
        row = _mean_of(row, _counts(row, at, dim, include_self))
    return row.reshape(self.shape)


def _mean_of(total: Any, counts: Any) -> Any:
    if total.dtype.kind == "f":
        return total / counts
    return np.floor_divide(total, counts.astype(total.dtype))


def _counts(self: Any, index: Any, dim: int, include_self: bool) -> Any:
    """How many numbers meet at each place; 1 where there are none."""
    kind = self.dtype if self.dtype.kind == "f" else np.float64
    counts = np.full(self.shape, int(include_self), kind)
    np.add.at(as_row(counts), gather_index(as_row(index), dim % as_row(counts).ndim), 1)
    return np.maximum(counts, 1)


def _largest(kind: np.dtype[Any]) -> Any:
    return np.inf if kind.kind == "f" else kind.type(np.iinfo(kind).max)


def _smallest(kind: np.dtype[Any]) -> Any:
    return -np.inf if kind.kind == "f" else kind.type(np.iinfo(kind).min)


_UFUNCS: dict[str, Any] = {
    "sum": np.add, "mean": np.add, "prod": np.multiply, "amax": np.maximum, "amin": np.minimum,
}  # fmt: skip
#: What each reduction begins with where the tensor itself is not counted.
_NOTHING: dict[str, Any] = {
    "sum": lambda kind: 0, "mean": lambda kind: 0, "prod": lambda kind: 1,
    "amax": _smallest, "amin": _largest,
}  # fmt: skip


def reduce_shape(
    self: Shape, index: Shape, src: Shape, *, dim: int, reduce: str, **how: Any
) -> Shape:
    """As ``scatter_shape``; the reduction must be one of five."""
    if reduce not in _UFUNCS:
        raise RuntimeError(
            "reduce argument must be either sum, prod, mean, amax or amin, got " + reduce
        )
    return scatter_shape(self, index, src, dim=dim)


def _reduce_self(g: Any, s: Saved) -> Any:
    if s.reduce == "sum":
        grad = g
    elif s.reduce == "mean":
        grad = g / _counts(g, s.index, s.dim, s.include_self)
    elif s.reduce == "prod":
        filled = np.where(s.self == 0, 1, s.self)
        grad = g * _reduced(filled, s.index, s.src, s.dim, "prod", s.include_self) / filled
    else:
        grad = (s.self == s.result) * _shared(g, s)
    return grad if s.include_self else _scattered(grad, s.index, 0, s.dim)


def _reduce_src(g: Any, s: Saved) -> Any:
    if s.reduce == "sum":
        return _gathered(g, s.index, s.src.shape, s.dim, "ScatterReduce")
    if s.reduce == "mean":
        g = g / _counts(g, s.index, s.dim, s.include_self)
        return _gathered(g, s.index, s.src.shape, s.dim, "ScatterReduce")
    if s.reduce == "prod":
        return _others_of(g, s)
    hit = s.src == _gathered(s.result, s.index, s.src.shape, s.dim, "ScatterReduce")
    return hit * _gathered(_shared(g, s), s.index, s.src.shape, s.dim, "ScatterReduce")


def _shared(g: Any, s: Saved) -> Any:
    """The gradient, divided among all that are equal to the extreme."""
    hit = s.src == _gathered(s.result, s.index, s.src.shape, s.dim, "ScatterReduce")
    own = (s.self == s.result).astype(g.dtype)
    counts = _scattered(own, s.index, hit.astype(g.dtype), s.dim, add=True)
    return g / np.maximum(counts, 1)


def _others_of(g: Any, s: Saved) -> Any:
    """Of a product each factor's gradient is the product of the others, a 0 among them or not."""
    zero = (s.src == 0).astype(g.dtype)
    zeros = _scattered(np.zeros(s.self.shape, g.dtype), s.index, zero, s.dim, add=True)
    zeros = _gathered(zeros, s.index, s.src.shape, s.dim, "ScatterReduce")
    alone = (s.src == 0) & (zeros == 1)
    without = np.where(alone, 1, s.src)
    rest = _reduced(s.self, s.index, without, s.dim, "prod", s.include_self)
    by_rest = _gathered(g * rest, s.index, s.src.shape, s.dim, "ScatterReduce")
    by_all = _gathered(g * s.result, s.index, s.src.shape, s.dim, "ScatterReduce")
    return np.where(alone, by_rest, by_all / np.where(s.src == 0, 1, s.src))


define(
    Op(
        name="scatter_reduce",
        grad_fn="ScatterReduceBackward0",
        forward=lambda self, index, src, *, dim, reduce, include_self=True: _reduced(
            self, index, src, dim, reduce, include_self
        ),
        shape=reduce_shape,
        plain=("index",),
        formula=Formula(
            "$reduce of $src at $index along dim $dim",
            r"\operatorname{$reduce} {$src} \text{ at } $index",
        ),
        vjps={
            "self": Vjp(
                _reduce_self,
                Formula("$grad by its share in the $reduce", "$grad"),
                saves=("self", "index", "src", "result"),
            ),
            "src": Vjp(
                _reduce_src,
                Formula("$grad at $index by its share in the $reduce", r"{$grad}_{$index}"),
                saves=("self", "index", "src", "result"),
            ),
        },
        help="Numbers that an index brings to one place are summed, averaged or compared there.",
    )
)
