"""The numbers in order, and picked by their rank: sort, topk, median, the largest so far."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Saved, Shape, Vjp, define
from backprop_tui.ops.gathering import gather_index
from backprop_tui.ops.indexing import along
from backprop_tui.ops.reductions import axes_of, spread
from backprop_tui.ops.rules import reduce, scalar, wrap_dim


def _ordered(self: Any, dim: int, descending: bool) -> Any:
    keys = -self if descending else self
    return np.argsort(keys, axis=dim, kind="stable")


def _sorted_vjp(g: Any, s: Saved) -> Any:
    if not s.self_shape:
        return g[0]
    axis = s.dim % len(s.self_shape)
    result = np.zeros(s.self_shape, g[0].dtype)
    np.put_along_axis(result, s.result[1], g[0], axis)
    return result


def _sort(self: Any, *, dim: int = -1, descending: bool = False) -> tuple[Any, Any]:
    if not self.ndim:
        return self.copy(), np.zeros((), np.int64)
    order = _ordered(self, dim, descending)
    return np.take_along_axis(self, order, axis=dim), order


def _topk(self: Any, *, k: int, dim: int = -1, largest: bool = True) -> tuple[Any, Any]:
    values, order = _sort(self, dim=dim, descending=largest)
    if not self.ndim:
        return values, order
    first = along(dim % self.ndim, slice(0, k))
    return values[first].copy(), order[first].copy()


def topk_shape(self: Shape, *, k: int, dim: int = -1, **attrs: Any) -> tuple[Shape, Shape]:
    """Values and indices, ``k`` long along ``dim``."""
    axis = wrap_dim(dim, len(self))
    if self and k > self[axis]:
        raise RuntimeError("selected index k out of range")
    shape = (*self[:axis], k, *self[axis + 1 :]) if self else ()
    return shape, shape


def sort_shape(self: Shape, *, dim: int = -1, **attrs: Any) -> tuple[Shape, Shape]:
    """Values and indices in the input's shape."""
    wrap_dim(dim, len(self))
    return self, self


TO_ITS_PLACE = Vjp(
    _sorted_vjp,
    Formula("$grad at the places the numbers came from", r"$grad \text{ at } $result"),
    saves=("self_shape", "result"),
)
define(
    Op(
        name="sort",
        grad_fn="SortBackward0",
        outputs=2,
        forward=_sort,
        shape=sort_shape,
        formula=Formula("$self in order", r"\operatorname{sort} $self"),
        vjps={"self": TO_ITS_PLACE},
        help="The numbers in order, and where each was.",
    )
)
define(
    Op(
        name="topk",
        grad_fn="TopkBackward0",
        outputs=2,
        forward=_topk,
        shape=topk_shape,
        formula=Formula("the $k largest of $self", r"\operatorname{top}_{$k} $self"),
        vjps={"self": TO_ITS_PLACE},
        help="The k largest numbers, and where they were.",
    )
)


# ---------------------------------------------------------------- by rank


def ranked_shape(self: Shape, *, dim: int = -1, keepdim: bool = False, **how: Any) -> Any:
    """Values and indices, both without (or with 1 at) ``dim``."""
    shape = reduce(self, dim=dim, keepdim=keepdim)
    return shape, shape


def kth_shape(self: Shape, *, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """As ``ranked_shape``; there must be a k-th."""
    axis = wrap_dim(dim, len(self))
    if not 1 <= k <= (self[axis] if self else 1):
        raise RuntimeError("kthvalue(): selected number k out of range for dimension " + str(axis))
    return ranked_shape(self, dim=dim, keepdim=keepdim)


def _ranked(self: Any, order: Any, rank: Any, dim: int, keepdim: bool) -> tuple[Any, Any]:
    """The numbers of one rank, and where each is."""
    where = np.take_along_axis(order, np.expand_dims(np.asarray(rank), dim), axis=dim)
    values = np.take_along_axis(self, where, axis=dim)
    if keepdim:
        return values, where
    return np.squeeze(values, axis=dim), np.squeeze(where, axis=dim)


def _kthvalue(self: Any, *, k: int, dim: int = -1, keepdim: bool = False) -> tuple[Any, Any]:
    if not self.ndim:
        return self.copy(), np.zeros((), np.int64)
    order = _ordered(self, dim, False)
    rest = np.delete(np.array(self.shape), dim % self.ndim)
    return _ranked(self, order, np.full(rest, k - 1), dim, keepdim)


def _median_dim(
    self: Any, dim: int, keepdim: bool = False, without_nan: bool = False
) -> tuple[Any, Any]:
    if not self.ndim:
        return self.copy(), np.zeros((), np.int64)
    order = _ordered(self, dim, False)
    nan = (self != self).sum(axis=dim)
    length = self.shape[dim]
    if without_nan:
        rank = np.maximum((length - nan - 1) // 2, 0)
    else:
        rank = np.where(nan > 0, length - nan, (length - 1) // 2)
    return _ranked(self, order, rank, dim, keepdim)


def _median(self: Any, without_nan: bool = False) -> Any:
    if not self.size:
        return np.array(np.nan, self.dtype)
    return np.asarray(_median_dim(self.reshape(-1), 0, without_nan=without_nan)[0])


def _mode(self: Any, *, dim: int = -1, keepdim: bool = False) -> tuple[Any, Any]:
    if not self.ndim:
        return self.copy(), np.zeros((), np.int64)
    order = np.moveaxis(_ordered(self, dim, False), dim, -1)
    ordered = np.take_along_axis(np.moveaxis(self, dim, -1), order, axis=-1)
    length = ordered.shape[-1]
    run = np.ones(ordered.shape, int)
    for i in range(1, length):
        run[..., i] = np.where(ordered[..., i] == ordered[..., i - 1], run[..., i - 1] + 1, 1)
    best = np.argmax(run, axis=-1)
    return _ranked(self, np.moveaxis(order, -1, dim), best, dim, keepdim)


def _to_rank(g: Any, s: Saved) -> Any:
    values, where = g[0], s.result[1]
    if not s.self_shape:
        return values
    if not s.keepdim:
        values, where = np.expand_dims(values, s.dim), np.expand_dims(where, s.dim)
    result = np.zeros(s.self_shape, values.dtype)
    np.put_along_axis(result, where, values, s.dim)
    return result


BACK_TO_RANK = Vjp(
    _to_rank,
    Formula("$grad where the number is, else 0", r"$grad \cdot [$self = $result]"),
    saves=("self_shape", "result"),
)
define(
    Op(
        name="kthvalue",
        grad_fn="KthvalueBackward0",
        outputs=2,
        forward=_kthvalue,
        shape=kth_shape,
        formula=Formula("the $k-th smallest of $self", r"{$self}_{($k)}"),
        vjps={"self": BACK_TO_RANK},
        help="The number that comes k-th in order, and where it is; it alone gets the gradient.",
    )
)
define(
    Op(
        name="mode",
        grad_fn="ModeBackward0",
        outputs=2,
        forward=_mode,
        shape=ranked_shape,
        formula=Formula("the most frequent of $self", r"\operatorname{mode} $self"),
        vjps={"self": BACK_TO_RANK},
        help="The number that comes most often, and where it is; that place gets the gradient.",
    )
)


def _median_of(self: Any) -> Any:
    return _median(self)


def _nanmedian_of(self: Any) -> Any:
    return _median(self, without_nan=True)


def _median_along(self: Any, *, dim: int, keepdim: bool = False) -> tuple[Any, Any]:
    return _median_dim(self, dim, keepdim)


def _nanmedian_along(self: Any, *, dim: int, keepdim: bool = False) -> tuple[Any, Any]:
    return _median_dim(self, dim, keepdim, without_nan=True)


for _name, _of, _along, _words in (
    ("median", _median_of, _median_along, "The number in the middle"),
    ("nanmedian", _nanmedian_of, _nanmedian_along, "The middle of those that are numbers"),
):
    define(
        Op(
            name=_name,
            grad_fn=f"{_name.title()}Backward0",
            forward=_of,
            shape=scalar,
            formula=Formula(f"{_name}($self)", rf"\operatorname{{{_name}}} $self"),
            vjps={
                "self": Vjp(
                    lambda g, s: evenly(g, s.self, s.result),
                    Formula(
                        "$grad at the middle (shared where several are), else 0",
                        r"$grad \cdot [$self = $result]",
                    ),
                    saves=("self", "result"),
                )
            },
            help=f"{_words}, the lower of two; it alone gets the gradient.",
        )
    )
    define(
        Op(
            name=f"{_name}.dim",
            grad_fn=f"{_name.title()}Backward1",
            outputs=2,
            forward=_along,
            shape=ranked_shape,
            formula=Formula(
                f"{_name} over dim $dim of $self", rf"\operatorname{{{_name}}}_{{$dim}} $self"
            ),
            vjps={"self": BACK_TO_RANK},
            help=f"{_words} along a dimension, and where it is.",
        )
    )


def evenly(g: Any, self: Any, result: Any) -> Any:
    """The gradient of one number out of many, divided among all that are equal to it."""
    hit = (self != self) if result != result else self == result
    return np.where(hit, g / np.count_nonzero(hit), 0)


# ---------------------------------------------------------------- the largest so far


def _so_far(self: Any, dim: int, larger: bool) -> tuple[Any, Any]:
    if not self.ndim:
        return self.copy(), np.zeros((), np.int64)
    rows = np.moveaxis(self, dim, 0)
    values, where = rows.copy(), np.zeros(rows.shape, np.int64)
    for i in range(1, len(rows)):
        before = values[i - 1]
        beyond = rows[i] >= before if larger else rows[i] <= before
        taken = (rows[i] != rows[i]) | (beyond & (before == before))
        values[i] = np.where(taken, rows[i], before)
        where[i] = np.where(taken, i, where[i - 1])
    return np.moveaxis(values, 0, dim), np.moveaxis(where, 0, dim)


def so_far_shape(self: Shape, *, dim: int) -> Any:
    """Values and indices in the input's shape."""
    wrap_dim(dim, len(self))
    return self, self


def _cummax(self: Any, *, dim: int) -> tuple[Any, Any]:
    return _so_far(self, dim, True)


def _cummin(self: Any, *, dim: int) -> tuple[Any, Any]:
    return _so_far(self, dim, False)


def _so_far_vjp(g: Any, s: Saved) -> Any:
    if not s.self_shape:
        return g[0]
    result = np.zeros(s.self_shape, g[0].dtype)
    at = gather_index(s.result[1], s.dim % len(s.self_shape))
    np.add.at(result, at, g[0])
    return result


for _name, _running, _word in (
    ("cummax", _cummax, "largest"),
    ("cummin", _cummin, "smallest"),
):
    define(
        Op(
            name=_name,
            grad_fn=f"{_name.title()}Backward0",
            outputs=2,
            forward=_running,
            shape=so_far_shape,
            formula=Formula(
                f"the {_word} of $self so far, along dim $dim",
                rf"\{_name[3:]}_{{j \le i}} {{$self}}_j",
            ),
            vjps={
                "self": Vjp(
                    _so_far_vjp,
                    Formula("Σ of $grad where each number was in use", r"\sum $grad"),
                    saves=("self_shape", "result"),
                )
            },
            help=f"The {_word} number so far, and where it was.",
        )
    )


def aminmax_shape(self: Shape, *, dim: Any = None, keepdim: bool = False) -> Any:
    """Two reduced shapes."""
    shape = reduce(self, dim=dim, keepdim=keepdim)
    return shape, shape


def _aminmax(self: Any, *, dim: Any = None, keepdim: bool = False) -> tuple[Any, Any]:
    axis = dim if self.ndim else None
    return self.min(axis=axis, keepdims=keepdim), self.max(axis=axis, keepdims=keepdim)


def _aminmax_vjp(g: Any, s: Saved) -> Any:
    total = np.zeros(s.self.shape, g[0].dtype)
    axes = axes_of(s.self, s.dim)
    for grad, result in zip(g, s.result, strict=True):
        hit = s.self == spread(result, s.self.shape, s.dim, s.keepdim)
        share = hit / hit.sum(axis=axes, keepdims=True)
        total = total + np.where(hit, spread(grad, s.self.shape, s.dim, s.keepdim) * share, 0)
    return total


define(
    Op(
        name="aminmax",
        grad_fn="AminmaxBackward0",
        outputs=2,
        forward=_aminmax,
        shape=aminmax_shape,
        formula=Formula("min and max of $self", r"\min $self, \max $self"),
        vjps={
            "self": Vjp(
                _aminmax_vjp,
                Formula(
                    "$grad at the extremes (shared where several are), else 0",
                    r"$grad \cdot [$self = $result]",
                ),
                saves=("self", "result"),
            )
        },
        help="The smallest and the largest number at once.",
    )
)
