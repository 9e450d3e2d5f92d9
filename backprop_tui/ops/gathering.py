"""Elements and slices picked by their positions: gather, index_select, the rows of a table."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Saved, Shape, Vjp, define
from backprop_tui.ops.indexing import along, put
from backprop_tui.ops.rules import wrap_dim


def gather_shape(self: Shape, index: Shape, *, dim: int) -> Shape:
    """The shape of ``index``."""
    shape = index
    self, index = self or (1,), index or (1,)
    if len(self) != len(index) and 0 not in index:
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    axis = wrap_dim(dim, len(self))
    for i, (n, m) in enumerate(zip(self, index, strict=False)):
        if i != axis and m > n and 0 not in index:
            raise RuntimeError(
                f"Size does not match at dimension {i} expected index {list(index)} to be no "
                f"larger than self {list(self)} apart from dimension {axis}"
            )
    return shape


def gather_index(index: Any, dim: int) -> tuple[Any, ...]:
    grid = list(np.indices(index.shape, sparse=True))
    grid[dim] = index
    return tuple(grid)


def _check_index(index: Any, size: int) -> None:
    outside = index[(index < 0) | (index >= size)]
    if outside.size:
        raise RuntimeError(
            f"index {int(outside.flat[0])} is out of bounds for dimension 0 with size {size}"
        )


def _gather(self: Any, index: Any, *, dim: int) -> Any:
    if not index.size:
        return np.empty(index.shape, self.dtype)
    row, places = np.atleast_1d(self), np.atleast_1d(index)
    _check_index(places, row.shape[dim])
    return row[gather_index(places, dim)].reshape(index.shape)


def _gather_vjp(g: Any, s: Saved) -> Any:
    if not s.index.size:
        return np.zeros(s.self_shape, g.dtype)
    places = np.atleast_1d(s.index)
    at = gather_index(places, s.dim)
    return put(g.reshape(places.shape), s.self_shape or (1,), at).reshape(s.self_shape)


define(
    Op(
        name="gather",
        grad_fn="GatherBackward0",
        forward=_gather,
        shape=gather_shape,
        plain=("index",),
        formula=Formula("$self at $index along dim $dim", r"{$self}_{$index}"),
        vjps={
            "self": Vjp(
                _gather_vjp,
                Formula("$grad added at its places, else 0", r"$grad \text{ at } $index"),
                saves=("self_shape", "index"),
            )
        },
        help="Picks one element per position along a dimension.",
    )
)


def index_select_shape(self: Shape, index: Shape, *, dim: int) -> Shape:
    """``dim`` as long as ``index``."""
    if len(index) > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    axis = wrap_dim(dim, len(self))
    if not self:
        return ()
    return (*self[:axis], index[0] if index else 1, *self[axis + 1 :])


def _index_select(self: Any, index: Any, *, dim: int) -> Any:
    index = np.reshape(index, -1)
    if not self.ndim:
        return self.copy()
    outside = index[(index < 0) | (index >= self.shape[dim])]
    if outside.size:
        raise IndexError("index out of range in self")
    return np.take(self, index, axis=dim)


define(
    Op(
        name="index_select",
        grad_fn="IndexSelectBackward0",
        forward=_index_select,
        shape=index_select_shape,
        plain=("index",),
        formula=Formula("$self at $index along dim $dim", r"{$self}_{$index}"),
        vjps={
            "self": Vjp(
                lambda g, s: (
                    put(g, s.self_shape, along(s.dim % len(s.self_shape), np.reshape(s.index, -1)))
                    if s.self_shape
                    else g
                ),
                Formula("$grad added at its places, else 0", r"$grad \text{ at } $index"),
                saves=("self_shape", "index"),
            )
        },
        help="Picks whole slices by their positions.",
    )
)


def embedding_shape(weight: Shape, indices: Shape, **attrs: Any) -> Shape:
    """A row of ``weight`` for every index."""
    if len(weight) != 2:
        raise RuntimeError("'weight' must be 2-D")
    return (*indices, weight[1])


def _embedding(weight: Any, indices: Any, *, padding_idx: int = -1) -> Any:
    if ((indices < 0) | (indices >= weight.shape[0])).any():
        raise IndexError("index out of range in self")
    return weight[indices]


def _embedding_vjp(g: Any, s: Saved) -> Any:
    result = put(g, s.weight_shape, (s.indices,))
    if s.padding_idx >= 0:
        result[s.padding_idx] = 0
    return result


define(
    Op(
        name="embedding",
        grad_fn="EmbeddingBackward0",
        forward=_embedding,
        shape=embedding_shape,
        plain=("indices",),
        formula=Formula("the rows $indices of $weight", r"{$weight}_{$indices}"),
        vjps={
            "weight": Vjp(
                _embedding_vjp,
                Formula("$grad added to the rows that were picked", r"$grad \text{ at } $indices"),
                saves=("weight_shape", "indices"),
            )
        },
        help="Picks rows of a table by number; only those rows get a gradient.",
    )
)
