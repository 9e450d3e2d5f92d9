"""``torch.*`` functions of ranks and counts: median, quantile, cummax, unique, histograms."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine import state
from backprop_tui.engines.numpy_engine.apply import apply, tell
from backprop_tui.engines.numpy_engine.dtypes import int64
from backprop_tui.engines.numpy_engine.events import muted
from backprop_tui.engines.numpy_engine.graph import plan_of
from backprop_tui.engines.numpy_engine.indexing import gather
from backprop_tui.engines.numpy_engine.inplace import apply_
from backprop_tui.engines.numpy_engine.pointwise import (
    isnan,
    masked_fill,
    need_tensor,
    refuse,
    sub,
)
from backprop_tui.engines.numpy_engine.reduce import any as any_
from backprop_tui.engines.numpy_engine.reduce import return_type, sort
from backprop_tui.engines.numpy_engine.shaping import broadcast_tensors, flatten, unsqueeze, view
from backprop_tui.engines.numpy_engine.tensor import Tensor
from backprop_tui.engines.numpy_engine.words import numpys_words
from backprop_tui.ops.rules import wrap_dim

__all__ = [
    "aminmax", "bincount", "bucketize", "cummax", "cummin", "histc", "isin", "kthvalue",
    "median", "mode", "msort", "nanmedian", "quantile", "searchsorted", "unique",
    "unique_consecutive",
]  # fmt: skip

_TYPES = {
    name: return_type(name, "values", "indices")
    for name in ("median", "nanmedian", "mode", "kthvalue", "cummax", "cummin")
}
AMINMAX = return_type("aminmax", "min", "max")


@numpys_words
def median(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The number in the middle, the lower of two; along a dimension also where."""
    return _middle("median", input, dim, keepdim)


@numpys_words
def nanmedian(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The middle of those that are numbers."""
    return _middle("nanmedian", input, dim, keepdim)


def _middle(name: str, input: Any, dim: int | None, keepdim: bool) -> Any:
    need_tensor(input, name)
    if dim is None:
        return apply(name, input)
    _some_along(name, input, dim)
    return _TYPES[name](*apply(f"{name}.dim", input, dim=dim, keepdim=keepdim))


def _some_along(name: str, input: Any, dim: int) -> None:
    axis = wrap_dim(dim, input.ndim)
    if input.ndim and not input.shape[axis]:
        raise IndexError(f"{name}(): Expected reduction dim {axis} to have non-zero size.")


@numpys_words
def mode(input: Any, dim: int = -1, keepdim: bool = False) -> Any:
    """The number that comes most often along a dimension, and where."""
    _some_along("mode", need_tensor(input, "mode"), dim)
    return _TYPES["mode"](*apply("mode", input, dim=dim, keepdim=keepdim))


@numpys_words
def kthvalue(input: Any, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """The k-th smallest along a dimension, and where."""
    _some_along("kthvalue", need_tensor(input, "kthvalue"), dim)
    return _TYPES["kthvalue"](*apply("kthvalue", input, k=k, dim=dim, keepdim=keepdim))


@numpys_words
def cummax(input: Any, dim: int) -> Any:
    """The largest so far, and where it was."""
    return _TYPES["cummax"](*apply("cummax", need_tensor(input, "cummax"), dim=dim))


@numpys_words
def cummin(input: Any, dim: int) -> Any:
    """The smallest so far, and where it was."""
    return _TYPES["cummin"](*apply("cummin", need_tensor(input, "cummin"), dim=dim))


def aminmax(input: Any, *, dim: int | None = None, keepdim: bool = False) -> Any:
    """The smallest and the largest."""
    need_tensor(input, "aminmax")
    if dim is None and not input.numel():
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no "
            "identity."
        )
    if dim is not None:
        _some_along("aminmax", input, dim)
    return AMINMAX(*apply("aminmax", input, dim=dim, keepdim=keepdim))


def msort(input: Any) -> Any:
    """In order along the first dimension."""
    return sort(input, 0).values


@numpys_words
def quantile(
    input: Any,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
) -> Any:
    """The number below which a share ``q`` of all lies."""
    if interpolation not in ("linear", "lower", "higher", "midpoint", "nearest"):
        raise RuntimeError(
            "quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, "
            f"but got {interpolation}"
        )
    need_tensor(input, "quantile")
    if input.array.dtype.kind != "f":
        raise RuntimeError("quantile() input tensor must be either float or double dtype")
    if not input.numel():
        raise RuntimeError("quantile() input tensor must be non-empty")
    wanted = q if isinstance(q, Tensor) else Tensor(np.asarray(q, input.array.dtype))
    if wanted.array.dtype != input.array.dtype:
        raise RuntimeError("quantile() q tensor must be same dtype as the input tensor")
    if wanted.ndim > 1:
        raise RuntimeError(
            f"quantile() q must be a scalar or 1D tensor, but got q with {wanted.ndim} dimensions"
        )
    if not isinstance(q, Tensor) and not 0 <= q <= 1:
        raise RuntimeError(f"quantile() q must be in the range [0, 1] but got {q:g}")
    return _quantile(input, wanted, q, dim, keepdim, interpolation)


def _rank(q: Any, written: Any, last: int) -> Any:
    """Where a share of all is in their order; told of a number as it was written."""
    if isinstance(written, Tensor):
        return apply("mul.scalar", q, other=last)
    with muted():
        rank = apply("mul.scalar", q, other=last)
    tell(plan_of("mul.scalar"), (written,), {"other": last}, [rank], None)
    return rank


#: How a rank between two places is made whole.
WHOLE = {"lower": "floor", "higher": "ceil", "nearest": "round"}


def _quantile(
    input: Any, q: Any, written: Any, dim: int | None, keepdim: bool, interpolation: str
) -> Any:
    ndim = input.ndim
    axis = wrap_dim(0 if dim is None else dim, ndim)
    if dim is None:
        ordered = sort(flatten(input)).values
        shape = (1,) * ndim if keepdim else ()
    else:
        if axis != ndim - 1:
            ordered = sort(unsqueeze(input, -1).transpose(axis, -1)).values
        else:
            ordered = sort(input).values
        sizes = [1 if i == axis else n for i, n in enumerate(input.shape)]
        shape = tuple(n for i, n in enumerate(sizes) if keepdim or i != axis)
    ordered = view(ordered, (*shape, ordered.shape[-1]))
    last = ordered.shape[-1] - 1
    ranks = _rank(q, written, last)
    missing = any_(isnan(ordered), -1, True)
    ranks, missing = broadcast_tensors(ranks, missing)
    ranks = masked_fill(ranks, missing, last)
    if interpolation in WHOLE:
        how = {"decimals": 0} if interpolation == "nearest" else {}
        apply_(WHOLE[interpolation], ranks, **how)
    below = ranks.to(int64)
    values = gather(ordered, -1, below)
    if interpolation not in WHOLE:
        half = interpolation == "midpoint"
        weights = Tensor(np.full_like(ranks.array, 0.5)) if half else sub(ranks, below)
        apply_("ceil", ranks)
        apply_("lerp.tensor", values, gather(ordered, -1, ranks.to(int64)), weights)
    if q.ndim:
        values = apply("transpose_", apply("unsqueeze_", values, dim=0), dim0=0, dim1=-1)
    return apply("squeeze.matmul", values, dim=-1)


# ---------------------------------------------------------------- counts and places


def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each whole number comes."""
    need_tensor(input, "bincount")
    if input.array.size:
        state.make_room((max(int(np.max(input.array)), 0) + 1,), 8)
    return apply("bincount", input, weights, minlength=minlength)


def histc(input: Any, bins: int = 100, min: Any = 0, max: Any = 0) -> Any:
    """How many numbers fall into each of so many bins."""
    refuse("histogram_cpu", "iub", need_tensor(input, "histc"))
    return apply("histc", input, bins=bins, min=min, max=max)


def isin(
    elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False
) -> Any:
    """Whether each element is among others."""
    if not isinstance(elements, Tensor) and not isinstance(test_elements, Tensor):
        need_tensor(elements, "isin", "elements")
    return apply("isin", elements, test_elements, assume_unique=assume_unique, invert=invert)


def searchsorted(
    sorted_sequence: Any,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Any = None,
) -> Any:
    """Where each number would go in an ordered row."""
    if side not in (None, "left", "right"):
        raise RuntimeError(
            "torch.searchsorted(): side can only be 'left' or 'right' but got " + side
        )
    if side == "left" and right:
        raise RuntimeError(
            "torch.searchsorted(): side and right can't be set to opposites, got side of left "
            "while right was True"
        )
    if sorter is not None:
        raise NotImplementedError("searchsorted with a sorter is not offered: sort the row itself")
    return apply(
        "searchsorted", sorted_sequence, input, out_int32=out_int32, right=right or side == "right"
    )


def bucketize(input: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False) -> Any:
    """The number of the bucket into which each number falls."""
    if need_tensor(boundaries, "bucketize", "boundaries", 2).ndim != 1:
        raise RuntimeError(
            "torch.bucketize(): boundaries tensor must be 1 dimension, but got dim("
            f"{boundaries.ndim})"
        )
    return apply("bucketize", input, boundaries, out_int32=out_int32, right=right)


def unique(
    input: Any,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """Every number (or slice along ``dim``) once, in order."""
    array = need_tensor(input, "unique").array
    found = np.unique(array, return_inverse=True, return_counts=True, axis=dim)
    shape = array.shape if dim is None else -1
    return _with(found[0], found[1].reshape(shape), found[2], return_inverse, return_counts)


def _with(values: Any, inverse: Any, counts: Any, want_inverse: bool, want_counts: bool) -> Any:
    """The values, and what else was asked for."""
    made = [Tensor(np.asarray(values))]
    made += [Tensor(np.asarray(inverse, np.int64))] if want_inverse else []
    made += [Tensor(np.asarray(counts, np.int64))] if want_counts else []
    return made[0] if len(made) == 1 else tuple(made)


def unique_consecutive(
    input: Any, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """Without repetitions that follow each other."""
    array = need_tensor(input, "unique_consecutive").array
    rows = array.reshape(-1) if dim is None else np.moveaxis(array, dim, 0)
    flat = rows.reshape(len(rows), -1)
    new = np.ones(len(rows), bool)
    new[1:] = (flat[1:] != flat[:-1]).any(axis=1)
    kept = rows[new] if dim is None else np.moveaxis(rows[new], 0, dim)
    inverse = np.cumsum(new) - 1
    counts = np.bincount(inverse, minlength=int(new.sum()))
    inverse = inverse.reshape(array.shape) if dim is None else inverse
    return _with(kept, inverse, counts, return_inverse, return_counts)
