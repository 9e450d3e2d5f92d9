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


def masked_scatter_shape(self: Shape, mask: Shape, source: Shape) -> Shape:
    """``self`` and ``mask`` stretched to each other."""
    return broadcast(self, mask)


def _masked_scatter(self: Any, mask: Any, source: Any) -> Any:
    self, mask = np.broadcast_arrays(self, mask)
    wanted = int(np.count_nonzero(mask))
    if source.size < wanted:
        raise RuntimeError("Number of elements of source < number of ones in mask")
    result = self.copy()
    result[mask] = source.reshape(-1)[:wanted]
    return result


def _scattered_source(g: Any, s: Saved) -> Any:
    g, mask = np.broadcast_arrays(g, s.mask)
    picked = g[mask]
    result = np.zeros(int(np.prod(s.source_shape, dtype=int)), g.dtype)
    result[: picked.size] = picked
    return result.reshape(s.source_shape)


define(
    Op(
        name="masked_scatter",
        grad_fn="MaskedScatterBackward0",
        forward=_masked_scatter,
        shape=masked_scatter_shape,
        plain=("mask",),
        formula=Formula(
            "$self with the numbers of $source where $mask", r"{$self}_{$mask} \gets $source"
        ),
        vjps={
            "self": Vjp(
                lambda g, s: np.where(s.mask, 0, g),
                Formula("$grad, but 0 where $mask", r"$grad \cdot \neg $mask"),
                saves=("mask",),
            ),
            "source": Vjp(
                _scattered_source,
                Formula("$grad where $mask, in a row, then 0", r"{$grad}_{$mask}"),
                saves=("mask", "source_shape"),
            ),
        },
        help="Writes numbers one after the other where a mask is True.",
    )
)


def take_shape(self: Shape, index: Shape) -> Shape:
    """The shape of ``index``."""
    return index


def _take(self: Any, index: Any) -> Any:
    flat = self.reshape(-1)
    outside = index[(index < -flat.size) | (index >= flat.size)]
    if outside.size:
        raise IndexError("out of range: tried to access index " + str(int(outside.flat[0])))
    return np.asarray(flat[index])


define(
    Op(
        name="take",
        grad_fn="TakeBackward0",
        forward=_take,
        shape=take_shape,
        plain=("index",),
        formula=Formula("$self, counted through, at $index", r"{$self}_{$index}"),
        vjps={
            "self": Vjp(
                lambda g, s: put(g, (int(np.prod(s.self_shape, dtype=int)),), (s.index,)).reshape(
                    s.self_shape
                ),
                Formula("$grad added at its places, else 0", r"$grad \text{ at } $index"),
                saves=("self_shape", "index"),
            )
        },
        help="Picks elements by their number in the order of memory.",
    )
)
