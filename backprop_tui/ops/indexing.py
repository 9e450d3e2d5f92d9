"""Parts of a tensor: one index, a slice, a list of indices; the gradient goes back to its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Saved, Shape, Vjp, define
from backprop_tui.ops.rules import broadcast, wrap_dim


def along(dim: int, index: Any) -> tuple[Any, ...]:
    """A NumPy index that picks ``index`` in dimension ``dim``."""
    return (*(slice(None),) * dim, index)


def put(g: Any, shape: Shape, index: tuple[Any, ...]) -> Any:
    """Zeros of ``shape`` with ``g`` at ``index``, added where an index comes twice."""
    g = np.asarray(g)
    result = np.zeros(shape, g.dtype)
    np.add.at(result, index, g)
    return result


def placed(g: Any, shape: Shape, index: tuple[Any, ...]) -> Any:
    """Zeros of ``shape`` with ``g`` at ``index``."""
    result = np.zeros(shape, np.asarray(g).dtype)
    result[index] = g
    return result


def select_shape(self: Shape, *, dim: int, index: int) -> Shape:
    """Without ``dim``; the index must exist."""
    if not self:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    axis = wrap_dim(dim, len(self))
    if not -self[axis] <= index < self[axis]:
        raise IndexError(
            f"index {index} is out of bounds for dimension {axis} with size {self[axis]}"
        )
    return (*self[:axis], *self[axis + 1 :])


def slice_shape(self: Shape, *, dim: int, start: Any, end: Any, step: int = 1) -> Shape:
    """As many as the slice picks along ``dim``."""
    axis = wrap_dim(dim, len(self))
    picked = len(range(*slice(start, end, step).indices(self[axis])))
    return (*self[:axis], picked, *self[axis + 1 :])


define(
    Op(
        name="select",
        grad_fn="SelectBackward0",
        view=True,
        forward=lambda self, *, dim, index: self[(*along(dim % self.ndim, index), ...)],
        shape=select_shape,
        formula=Formula("$self at $index in dim $dim", r"{$self}_{$index}"),
        vjps={
            "self": Vjp(
                lambda g, s: placed(g, s.self_shape, along(s.dim % len(s.self_shape), s.index)),
                Formula("$grad at its place, else 0", r"$grad \cdot e_{$index}"),
                saves=("self_shape",),
            )
        },
        help="One index along a dimension; all the others get gradient 0.",
    )
)
define(
    Op(
        name="slice",
        grad_fn="SliceBackward0",
        view=True,
        forward=lambda self, *, dim, start, end, step=1: self[
            along(dim % self.ndim, slice(start, end, step))
        ],
        shape=slice_shape,
        formula=Formula("$self from $start to $end in dim $dim", r"{$self}_{$start:$end}"),
        vjps={
            "self": Vjp(
                lambda g, s: placed(
                    g,
                    s.self_shape,
                    along(s.dim % len(s.self_shape), slice(s.start, s.end, s.step)),
                ),
                Formula("$grad at its place, else 0", r"$grad \text{ at } {$start:$end}"),
                saves=("self_shape",),
            )
        },
        help="A stretch along a dimension; what is left out gets gradient 0.",
    )
)


def _where_to(indices: Sequence[Any], places: Sequence[int]) -> tuple[Any, ...]:
    index: list[Any] = [slice(None)] * (max(places) + 1)
    for place, positions in zip(places, indices, strict=True):
        index[place] = positions
    return tuple(index)


def index_shape(self: Shape, *indices: Shape, places: Sequence[int]) -> None:
    """Known only when the indices are: a mask picks as many as it has Trues."""


def _index(self: Any, *indices: Any, places: Sequence[int]) -> Any:
    for place, positions in zip(places, indices, strict=True):
        if positions.dtype != bool and positions.size and place < self.ndim:
            size = self.shape[place]
            outside = positions[(positions < -size) | (positions >= size)]
            if outside.size:
                raise IndexError(
                    f"index {outside.flat[0]} is out of bounds for dimension {place} "
                    f"with size {size}"
                )
    check_masks(self.shape, indices, places)
    try:
        return np.array(self[_where_to(indices, places)])
    except IndexError:
        shapes = ", ".join(str(list(positions.shape)) for positions in indices)
        raise IndexError(
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {shapes}"
        ) from None


def check_masks(shape: Shape, indices: Sequence[Any], places: Sequence[int]) -> None:
    """Raise PyTorch's IndexError for a mask of another shape than what it masks."""
    for place, positions in zip(places, indices, strict=True):
        if positions.dtype == bool:
            for i, n in enumerate(positions.shape):
                if place + i >= len(shape) or shape[place + i] != n:
                    raise IndexError(
                        f"The shape of the mask {list(positions.shape)} at index {i} does not "
                        f"match the shape of the indexed tensor {list(shape)} at index {place + i}"
                    )


define(
    Op(
        name="index",
        grad_fn="IndexBackward0",
        forward=_index,
        shape=index_shape,
        plain=("indices",),
        formula=Formula("$self at $indices", r"{$self}_{$indices}"),
        vjps={
            "self": Vjp(
                lambda g, s: put(g, s.self_shape, _where_to(s.indices, s.places)),
                Formula("$grad added at its places, else 0", r"$grad \text{ at } $indices"),
                saves=("self_shape", "indices"),
            )
        },
        help="Picks elements by lists of positions or by a mask.",
    )
)


def masked_select_shape(self: Shape, mask: Shape) -> None:
    """Known only when the mask is; the two must stretch to each other."""
    broadcast(self, mask)


define(
    Op(
        name="masked_select",
        grad_fn="MaskedSelectBackward0",
        elementwise=True,
        forward=lambda self, mask: np.array(
            np.broadcast_arrays(self, mask)[0][np.broadcast_arrays(self, mask)[1]]
        ),
        shape=masked_select_shape,
        plain=("mask",),
        formula=Formula("$self where $mask", r"{$self}_{$mask}"),
        vjps={
            "self": Vjp(
                lambda g, s: placed(
                    g,
                    np.broadcast_shapes(s.self_shape, s.mask.shape),
                    (np.broadcast_to(s.mask, np.broadcast_shapes(s.self_shape, s.mask.shape)),),
                ),
                Formula("$grad where $mask, else 0", r"$grad \text{ at } $mask"),
                saves=("self_shape", "mask"),
            )
        },
        help="The elements where a mask is True, in one row.",
    )
)


def index_put_shape(self: Shape, values: Shape, *indices: Shape, places: Sequence[int]) -> Shape:
    """The shape of what is overwritten in part."""
    return self


def _index_put(self: Any, values: Any, *indices: Any, places: Sequence[int]) -> Any:
    result = self.copy()
    result[_where_to(indices, places)] = values
    return result


define(
    Op(
        name="index_put",
        grad_fn="IndexPutBackward0",
        forward=_index_put,
        shape=index_put_shape,
        plain=("indices",),
        formula=Formula("$self with $values at $indices", r"$self"),
        vjps={
            "self": Vjp(
                lambda g, s: _index_put(g, 0, *s.indices, places=s.places),
                Formula("$grad, but 0 where it was overwritten", r"$grad"),
                saves=("indices",),
            ),
            "values": Vjp(
                lambda g, s: g[_where_to(s.indices, s.places)],
                Formula("$grad at $indices", r"{$grad}_{$indices}"),
                saves=("indices",),
            ),
        },
        help="Overwrites elements by lists of positions or by a mask.",
    )
)


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


def _gather_index(index: Any, dim: int) -> tuple[Any, ...]:
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
    return row[_gather_index(places, dim)].reshape(index.shape)


def _gather_vjp(g: Any, s: Saved) -> Any:
    if not s.index.size:
        return np.zeros(s.self_shape, g.dtype)
    places = np.atleast_1d(s.index)
    at = _gather_index(places, s.dim)
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
