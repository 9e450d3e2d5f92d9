"""``torch.scatter`` and its relatives: numbers written, or added, where an index says."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.indexing import gather
from backprop_tui.engines.numpy_engine.inplace import apply_
from backprop_tui.engines.numpy_engine.pointwise import need_tensor, remainder
from backprop_tui.engines.numpy_engine.shaping import expand, view
from backprop_tui.engines.numpy_engine.tensor import Tensor
from backprop_tui.ops.rules import broadcast, wrap_dim

__all__ = [
    "argwhere", "index_add", "index_copy", "index_fill", "index_put", "masked_scatter", "nonzero",
    "scatter", "scatter_add", "scatter_reduce", "take", "take_along_dim",
]  # fmt: skip


def _index(index: Any, function: str) -> Any:
    if need_tensor(index, function, "index", 3).array.dtype.kind not in "iu":
        raise RuntimeError(f"{function}(): Expected dtype int32/int64 for index")
    return index


def _same_dtype(function: str, input: Any, src: Any) -> None:
    if input.array.dtype != src.array.dtype:
        raise RuntimeError(f"{function}(): Expected self.dtype to be equal to src.dtype")


def _written(run: Any, input: Any, dim: int, index: Any, src: Any, reduce: Any) -> Any:
    need_tensor(input, "scatter")
    _index(index, "scatter")
    if reduce is not None:
        raise NotImplementedError("scatter with reduce= is not offered: use scatter_reduce")
    if isinstance(src, Tensor):
        _same_dtype("scatter", input, src)
        return run("scatter", input, index, src, dim=dim)
    return run("scatter.value", input, index, dim=dim, value=src)


def _src(src: Any, value: Any) -> Any:
    return value if src is None else src


def scatter(
    input: Any, dim: int, index: Any, src: Any = None, *, value: Any = None, reduce: Any = None
) -> Any:
    """A copy with numbers written where ``index`` says."""
    return _written(apply, input, dim, index, _src(src, value), reduce)


def scatter_(
    input: Any, dim: int, index: Any, src: Any = None, *, value: Any = None, reduce: Any = None
) -> Any:
    """Numbers written where ``index`` says."""
    return _written(apply_, input, dim, index, _src(src, value), reduce)


def _added(run: Any, input: Any, dim: int, index: Any, src: Any) -> Any:
    _same_dtype("scatter", need_tensor(input, "scatter_add"), src)
    return run("scatter_add", input, _index(index, "scatter"), src, dim=dim)


def scatter_add(input: Any, dim: int, index: Any, src: Any) -> Any:
    """A copy with numbers added up where ``index`` says."""
    return _added(apply, input, dim, index, src)


def scatter_add_(input: Any, dim: int, index: Any, src: Any) -> Any:
    """Numbers added up where ``index`` says."""
    return _added(apply_, input, dim, index, src)


def _reduced(
    run: Any, input: Any, dim: int, index: Any, src: Any, reduce: str, include_self: bool
) -> Any:
    _same_dtype("scatter", need_tensor(input, "scatter_reduce"), src)
    index = _index(index, "scatter_reduce")
    return run(
        "scatter_reduce", input, index, src, dim=dim, reduce=reduce, include_self=include_self
    )


def scatter_reduce(
    input: Any, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True
) -> Any:
    """Numbers that ``index`` brings to one place, summed, averaged or compared."""
    return _reduced(apply, input, dim, index, src, reduce, include_self)


def scatter_reduce_(
    input: Any, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True
) -> Any:
    """The same, in place."""
    return _reduced(apply_, input, dim, index, src, reduce, include_self)


# ---------------------------------------------------------------- whole slices


def _slices_added(run: Any, input: Any, dim: int, index: Any, source: Any, alpha: Any) -> Any:
    need_tensor(input, "index_add")
    if input.array.dtype != source.array.dtype:
        raise RuntimeError(
            "index_add_(): self and source expected to have the same dtype, but got (self) "
            f"{input.dtype.legacy} and (source) {source.dtype.legacy}"
        )
    return run("index_add", input, _index(index, "index_add_"), source, dim=dim, alpha=alpha)


def index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: Any = 1) -> Any:
    """A copy with slices added where ``index`` says."""
    return _slices_added(apply, input, dim, index, source, alpha)


def index_add_(input: Any, dim: int, index: Any, source: Any, *, alpha: Any = 1) -> Any:
    """Slices added where ``index`` says."""
    return _slices_added(apply_, input, dim, index, source, alpha)


def _slices_copied(run: Any, input: Any, dim: int, index: Any, source: Any) -> Any:
    need_tensor(input, "index_copy")
    if input.array.dtype != source.array.dtype:
        raise RuntimeError(
            "index_copy_(): self and source expected to have the same dtype, but got (self) "
            f"{input.dtype.legacy} and (source) {source.dtype.legacy}"
        )
    return run("index_copy", input, _index(index, "index_copy_"), source, dim=dim)


def index_copy(input: Any, dim: int, index: Any, source: Any) -> Any:
    """A copy with slices written where ``index`` says."""
    return _slices_copied(apply, input, dim, index, source)


def index_copy_(input: Any, dim: int, index: Any, source: Any) -> Any:
    """Slices written where ``index`` says."""
    return _slices_copied(apply_, input, dim, index, source)


def _slices_filled(run: Any, input: Any, dim: int, index: Any, value: Any) -> Any:
    need_tensor(input, "index_fill")
    index = _index(index, "index_fill_")
    if isinstance(value, Tensor):
        if value.ndim:
            raise RuntimeError(
                "index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
                f"{value.ndim} dimension(s)."
            )
        return run("index_fill.tensor", input, index, value, dim=dim)
    return run("index_fill", input, index, dim=dim, value=value)


def index_fill(input: Any, dim: int, index: Any, value: Any) -> Any:
    """A copy with one number in the slices that ``index`` names."""
    return _slices_filled(apply, input, dim, index, value)


def index_fill_(input: Any, dim: int, index: Any, value: Any) -> Any:
    """One number in the slices that ``index`` names."""
    return _slices_filled(apply_, input, dim, index, value)


def _put(run: Any, input: Any, indices: Any, values: Any, accumulate: bool) -> Any:
    if accumulate:
        raise NotImplementedError("index_put with accumulate=True is not offered: use index_add")
    places = tuple(i for i, one in enumerate(indices) if one is not None)
    found = [one for one in indices if one is not None]
    return run("index_put", input, values, *found, places=places)


def index_put(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """A copy with elements overwritten: ``x[indices] = values``."""
    return _put(apply, need_tensor(input, "index_put"), indices, values, accumulate)


def index_put_(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """Elements overwritten: ``x[indices] = values``."""
    return _put(apply_, need_tensor(input, "index_put_"), indices, values, accumulate)


# ---------------------------------------------------------------- masks and places


def _masked(run: Any, input: Any, mask: Any, source: Any) -> Any:
    if need_tensor(mask, "masked_scatter", "mask", 2).array.dtype.kind != "b":
        raise RuntimeError(
            "masked_scatter_ only supports boolean masks, but got mask with dtype "
            + mask.dtype.c_name
        )
    if input.array.dtype != source.array.dtype:
        raise RuntimeError(
            "masked_scatter_: expected self and source to have same dtypes but got "
            f"{input.dtype.legacy} and {source.dtype.legacy}"
        )
    return run("masked_scatter", input, mask, source)


def masked_scatter(input: Any, mask: Any, source: Any) -> Any:
    """A copy with the numbers of ``source``, one after the other, where ``mask`` is true."""
    return _masked(apply, input, mask, source)


def masked_scatter_(input: Any, mask: Any, source: Any) -> Any:
    """The numbers of ``source``, one after the other, where ``mask`` is true."""
    return _masked(apply_, input, mask, source)


def take(input: Any, index: Any) -> Any:
    """Elements by their number in the order of memory."""
    if _index(index, "take").array.dtype.itemsize != 8:
        raise RuntimeError(
            f"take(): Expected a long tensor for index, but got {index.dtype.legacy}"
        )
    return apply("take", need_tensor(input, "take"), index)


def take_along_dim(input: Any, indices: Any, dim: int | None = None) -> Any:
    """One element per position along a dimension, as ``argsort`` and ``topk`` name them."""
    need_tensor(input, "take_along_dim")
    if need_tensor(indices, "take_along_dim", "indices", 2).array.dtype.kind not in "iu":
        raise RuntimeError(
            "torch.take_along_dim(): dtype of indices should be Long but got "
            + indices.dtype.legacy
        )
    if dim is None:
        return gather(view(input, (-1,)), 0, view(indices, (-1,)))
    if input.ndim != indices.ndim:
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of "
            f"dimensions, but got {input.ndim} dimensions for input, and {indices.ndim} "
            "dimensions for indices"
        )
    at = wrap_dim(dim, input.ndim)
    sizes, wanted = list(input.shape), list(indices.shape)
    alike = broadcast((*sizes[:at], 1, *sizes[at + 1 :]), (*wanted[:at], 1, *wanted[at + 1 :]))
    places = expand(indices, (*alike[:at], wanted[at], *alike[at + 1 :]))
    whole = expand(input, (*alike[:at], sizes[at], *alike[at + 1 :]))
    return gather(whole, at, remainder(places, sizes[at]))


def nonzero(input: Any, *, as_tuple: bool = False) -> Any:
    """Where the elements are that are not 0: a row for each, or a tensor for each dimension."""
    array = need_tensor(input, "nonzero").array
    if as_tuple:
        return tuple(Tensor(places) for places in np.nonzero(np.atleast_1d(array)))
    return Tensor(np.argwhere(array).reshape(int(np.count_nonzero(array)), array.ndim))


def argwhere(input: Any) -> Any:
    """Where the elements are that are not 0, a row for each."""
    return nonzero(input)
