"""Whole slices written, or added, where an index says: index_add, index_copy, index_fill."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Saved, Shape, Vjp, define
from backprop_tui.ops.indexing import along
from backprop_tui.ops.rules import wrap_dim
from backprop_tui.ops.scattering import PASS_ON, as_row


def _slices(dim: int, index: Any, ndim: int) -> tuple[Any, ...]:
    return along(dim % ndim, np.reshape(index, -1))


def _check_slices(name: str, self: Any, index: Any, dim: int) -> None:
    if ((index < 0) | (index >= self.shape[dim])).any():
        raise IndexError(f"{name}(): index out of range in self")


def slices_shape(self: Shape, index: Shape, *further: Shape, dim: int, **how: Any) -> Shape:
    """The shape of what is written into; ``index`` is a row."""
    wrap_dim(dim, len(self))
    if len(index) > 1:
        raise IndexError("Index is supposed to be a vector")
    return self


def source_shape(self: Shape, index: Shape, source: Shape, *, dim: int, **how: Any) -> Shape:
    """As many slices in ``source`` as there are indices, each of the size of those in ``self``."""
    slices_shape(self, index, dim=dim)
    axis = wrap_dim(dim, len(self))
    count = index[0] if index else 1
    if source and source[axis if len(source) > 1 else 0] != count:
        raise RuntimeError(
            f"Number of indices ({count}) should be equal to source.size(dim): "
            f"({source[axis if len(source) > 1 else 0]}), for dim: {axis}"
        )
    if source and (*source[:axis], *source[axis + 1 :]) != (*self[:axis], *self[axis + 1 :]):
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. "
            f"Got self.shape = {list(self)} source.shape = {list(source)}"
        )
    return self


def _index_add(self: Any, index: Any, source: Any, dim: int, alpha: Any) -> Any:
    result = self.copy()
    row = as_row(result)
    _check_slices("index_add", row, index, dim)
    at = _slices(dim, index, row.ndim)
    values = np.reshape(source, row[at].shape)
    np.add.at(row, at, values if alpha == 1 else values * alpha)
    return result


def _index_write(name: str, self: Any, index: Any, value: Any, dim: int) -> Any:
    result = self.copy()
    row = as_row(result)
    _check_slices(name, row, index, dim)
    at = _slices(dim, index, row.ndim)
    row[at] = np.reshape(value, row[at].shape) if np.ndim(value) else value
    return result


def _slices_of(g: Any, s: Saved, shape: Shape) -> Any:
    row = as_row(g)
    return row[_slices(s.dim, s.index, row.ndim)].reshape(shape)


WITHOUT_SLICES = Vjp(
    lambda g, s: _index_write("index_fill", g, s.index, 0, s.dim),
    Formula("$grad, but 0 where it was overwritten", "$grad"),
    saves=("index",),
)
define(
    Op(
        name="index_add",
        grad_fn="IndexAddBackward0",
        forward=lambda self, index, source, *, dim, alpha=1: _index_add(
            self, index, source, dim, alpha
        ),
        shape=source_shape,
        plain=("index",),
        formula=Formula(
            "$self + $alpha · $source at $index in dim $dim",
            r"$self + $alpha \cdot {$source} \text{ at } $index",
        ),
        vjps={
            "self": PASS_ON,
            "source": Vjp(
                lambda g, s: (
                    _slices_of(g, s, s.source_shape)
                    if s.alpha == 1
                    else _slices_of(g, s, s.source_shape) * s.alpha
                ),
                Formula("$alpha · $grad at $index", r"$alpha \cdot {$grad}_{$index}"),
                saves=("index", "source_shape"),
            ),
        },
        help="Adds slices where an index says; what comes twice is added twice.",
    )
)
define(
    Op(
        name="index_copy",
        grad_fn="IndexCopyBackward0",
        forward=lambda self, index, source, *, dim: _index_write(
            "index_copy", self, index, source, dim
        ),
        shape=source_shape,
        plain=("index",),
        formula=Formula(
            "$self with $source at $index in dim $dim", r"{$self}_{$index} \gets $source"
        ),
        vjps={
            "self": WITHOUT_SLICES,
            "source": Vjp(
                lambda g, s: _slices_of(g, s, s.source_shape),
                Formula("$grad at $index", r"{$grad}_{$index}"),
                saves=("index", "source_shape"),
            ),
        },
        help="Writes slices where an index says.",
    )
)
define(
    Op(
        name="index_fill",
        grad_fn="IndexFillBackward0",
        forward=lambda self, index, *, dim, value: _index_write(
            "index_fill", self, index, value, dim
        ),
        shape=slices_shape,
        plain=("index",),
        formula=Formula(
            "$self with $value at $index in dim $dim", r"{$self}_{$index} \gets $value"
        ),
        vjps={"self": WITHOUT_SLICES},
        help="Writes one number into whole slices.",
    )
)
define(
    Op(
        name="index_fill.tensor",
        grad_fn="IndexFillBackward1",
        forward=lambda self, index, value, *, dim: _index_write(
            "index_fill", self, index, value, dim
        ),
        shape=slices_shape,
        plain=("index",),
        formula=Formula(
            "$self with $value at $index in dim $dim", r"{$self}_{$index} \gets $value"
        ),
        vjps={
            "self": WITHOUT_SLICES,
            "value": Vjp(
                lambda g, s: as_row(g)[_slices(s.dim, np.unique(s.index), as_row(g).ndim)],
                Formula("Σ $grad at $index", r"\sum {$grad}_{$index}"),
                saves=("index",),
            ),
        },
        help="Writes one tensor's number into whole slices; it gets all of their gradient.",
    )
)
