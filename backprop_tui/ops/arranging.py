"""The same numbers in other places: turned, rolled, laid on a diagonal, seen through windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backprop_tui.ops.base import OPS, Formula, Op, Saved, Shape, Vjp, define
from backprop_tui.ops.indexing import along
from backprop_tui.ops.rules import wrap_dim
from backprop_tui.ops.shape import diagonal_shape


def roll_shape(self: Shape, *, shifts: Sequence[int], dims: Sequence[int] = ()) -> Shape:
    """The input's shape; a shift for every dimension that is rolled."""
    if not shifts:
        raise RuntimeError("`shifts` required")
    if len(shifts) != len(dims) and not (not dims and len(shifts) == 1):
        raise RuntimeError(
            f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}"
        )
    for dim in dims:
        if not self:
            raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
        wrap_dim(dim, len(self))
    return self


def _rolled(self: Any, shifts: Sequence[int], dims: Sequence[int]) -> Any:
    if not self.ndim:
        return self.copy()
    return np.roll(self, tuple(shifts), tuple(dims)) if dims else np.roll(self, shifts[0])


define(
    Op(
        name="roll",
        grad_fn="RollBackward0",
        forward=lambda self, *, shifts, dims=(): _rolled(self, shifts, dims),
        shape=roll_shape,
        formula=Formula("$self rolled by $shifts", r"\operatorname{roll}_{$shifts} $self"),
        vjps={
            "self": Vjp(
                lambda g, s: _rolled(g, [-n for n in s.shifts], s.dims),
                Formula("$grad rolled back", r"\operatorname{roll}_{-$shifts} $grad"),
            )
        },
        help="Moves everything along; what leaves at one end comes in at the other.",
    )
)


def rot90_shape(self: Shape, *, k: int = 1, dims: Sequence[int] = (0, 1)) -> Shape:
    """Two sizes exchanged if it is turned an odd number of times."""
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if len(self) < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {len(self)}")
    first, second = (wrap_dim(dim, len(self)) for dim in dims)
    if first == second:
        raise RuntimeError(
            f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}"
        )
    sizes = list(self)
    if k % 2:
        sizes[first], sizes[second] = sizes[second], sizes[first]
    return tuple(sizes)


define(
    Op(
        name="rot90",
        grad_fn="Rot90Backward0",
        forward=lambda self, *, k=1, dims=(0, 1): np.rot90(self, k, tuple(dims)).copy(),
        shape=rot90_shape,
        formula=Formula("$self turned $k times by 90°", r"\operatorname{rot}_{$k \cdot 90} $self"),
        vjps={
            "self": Vjp(
                lambda g, s: np.rot90(g, -s.k, tuple(s.dims)),
                Formula("$grad turned back", r"\operatorname{rot}_{-$k \cdot 90} $grad"),
            )
        },
        help="Turns a picture by quarters.",
    )
)

# ---------------------------------------------------------------- diagonals


def diag_embed_shape(self: Shape, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Shape:
    """Two dimensions for the last one, as long as it takes."""
    ndim = len(self) + 1
    first, second = wrap_dim(dim1, ndim), wrap_dim(dim2, ndim)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    if not self:
        raise IndexError("Dimension specified as -1 but tensor has no dimensions")
    length = self[-1] + abs(offset)
    sizes = list(self[:-1])
    for dim in sorted((first, second)):
        sizes.insert(dim, length)
    return tuple(sizes)


def _embedded(self: Any, offset: int, dim1: int, dim2: int) -> Any:
    result = np.zeros(diag_embed_shape(self.shape, offset=offset, dim1=dim1, dim2=dim2), self.dtype)
    at = np.arange(self.shape[-1])
    matrices = np.moveaxis(result, (dim1, dim2), (-2, -1))
    matrices[..., at + max(-offset, 0), at + max(offset, 0)] = self
    return result


define(
    Op(
        name="diag_embed",
        grad_fn="DiagEmbedBackward0",
        forward=lambda self, *, offset=0, dim1=-2, dim2=-1: _embedded(self, offset, dim1, dim2),
        shape=diag_embed_shape,
        formula=Formula("$self on a diagonal", r"\operatorname{diag}($self)"),
        vjps={
            "self": Vjp(
                lambda g, s: np.diagonal(g, s.offset, s.dim1, s.dim2),
                Formula("the diagonal of $grad", r"\operatorname{diag}($grad)"),
            )
        },
        help="A matrix with these numbers on its diagonal and 0 elsewhere.",
    )
)
_DIAGONAL = OPS["diagonal"]
define(
    Op(
        name="diagonal_copy",
        grad_fn="DiagonalBackward0_copy",
        forward=lambda self, *, offset=0, dim1=0, dim2=1: np.diagonal(
            self, offset, dim1, dim2
        ).copy(),
        shape=diagonal_shape,
        formula=_DIAGONAL.formula,
        vjps=_DIAGONAL.vjps,
        help="A copy of the diagonal of a matrix; the rest gets no gradient.",
    )
)


def trace_shape(self: Shape) -> Shape:
    """A matrix gives a number."""
    if len(self) != 2:
        raise RuntimeError("trace: expected a matrix, but got tensor with dim " + str(len(self)))
    return ()


define(
    Op(
        name="trace",
        grad_fn="TraceBackward0",
        forward=lambda self: np.diagonal(self).sum(),
        shape=trace_shape,
        formula=Formula("Σ of the diagonal of $self", r"\operatorname{tr} $self"),
        vjps={
            "self": Vjp(
                lambda g, s: np.eye(*s.self_shape, dtype=np.asarray(g).dtype) * g,
                Formula("$grad on the diagonal, 0 elsewhere", r"$grad \cdot I"),
                saves=("self_shape",),
            )
        },
        help="Adds up the diagonal of a matrix.",
    )
)


def block_diag_shape(shapes: Sequence[Shape]) -> Shape:
    """Rows and columns of all matrices added up."""
    for i, shape in enumerate(shapes):
        if len(shape) > 2:
            raise RuntimeError(
                "torch.block_diag: Input tensors must have 2 or fewer dimensions. "
                f"Input {i} has {len(shape)} dimensions"
            )
    sizes = [_matrix_size(shape) for shape in shapes]
    return (sum(n for n, _ in sizes), sum(m for _, m in sizes))


def _matrix_size(shape: Shape) -> tuple[int, int]:
    rows, columns = (1, 1, *shape)[-2:]
    return rows, columns


def _block_diag(tensors: Sequence[Any]) -> Any:
    result = np.zeros(
        block_diag_shape([t.shape for t in tensors]), np.result_type(*(t.dtype for t in tensors))
    )
    for corner, one in zip(_corners([t.shape for t in tensors]), tensors, strict=True):
        result[corner] = one
    return result


def _corners(shapes: Sequence[Shape]) -> list[tuple[slice, slice]]:
    row, column, found = 0, 0, []
    for rows, columns in (_matrix_size(shape) for shape in shapes):
        found.append((slice(row, row + rows), slice(column, column + columns)))
        row, column = row + rows, column + columns
    return found


def _blocks(g: Any, s: Saved) -> list[Any]:
    blocks = zip(_corners(s.tensors_shape), s.tensors_shape, strict=True)
    return [g[corner] if shape else g[corner].reshape(()) for corner, shape in blocks]


define(
    Op(
        name="block_diag",
        grad_fn="BlockDiagBackward0",
        variadic=True,
        promotes="common",
        forward=lambda tensors: _block_diag(tensors),
        shape=block_diag_shape,
        formula=Formula("$tensors along a diagonal", r"\operatorname{diag}($tensors)"),
        vjps={
            "tensors": Vjp(
                _blocks,
                Formula("the blocks of $grad", "$grad"),
                saves=("tensors_shape",),
            )
        },
        help="Matrices along the diagonal of a larger one, 0 elsewhere.",
    )
)

# ---------------------------------------------------------------- windows, and parts replaced


def unfold_shape(self: Shape, *, dimension: int, size: int, step: int) -> Shape:
    """So many windows along ``dimension``, and their size at the end."""
    axis = wrap_dim(dimension, len(self))
    length = self[axis] if self else 1
    if size < 0 or size > length:
        raise RuntimeError(
            f"maximum size for tensor at dimension {axis} is {length} but size is {size}"
        )
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    if not self:
        return (size,)
    return (*self[:axis], (length - size) // step + 1, *self[axis + 1 :], size)


def _windows(self: Any, dimension: int, size: int, step: int) -> Any:
    if not self.ndim:
        return self.reshape(1)[:size]
    axis = dimension % self.ndim
    shape = unfold_shape(self.shape, dimension=axis, size=size, step=step)
    strides = list(self.strides)
    strides[axis] *= step
    return np.lib.stride_tricks.as_strided(self, shape, (*strides, self.strides[axis]))


def _windows_vjp(g: Any, s: Saved) -> Any:
    if not s.self_shape:
        return g.sum()
    axis = s.dimension % len(s.self_shape)
    result = np.zeros(s.self_shape, g.dtype)
    for i in range(g.shape[axis]):
        window = slice(i * s.step, i * s.step + s.size)
        result[along(axis, window)] += np.moveaxis(g[along(axis, i)], -1, axis)
    return result


define(
    Op(
        name="unfold",
        grad_fn="UnfoldBackward0",
        view=True,
        forward=lambda self, *, dimension, size, step: _windows(self, dimension, size, step),
        shape=unfold_shape,
        formula=Formula(
            "windows of $size along dim $dimension of $self", r"{$self}_{i \, $step + j}"
        ),
        vjps={
            "self": Vjp(
                _windows_vjp,
                Formula("Σ of $grad over the windows that see it", r"\sum $grad"),
                saves=("self_shape",),
            )
        },
        help="Windows that slide along a dimension; a number seen by several gets all of theirs.",
    )
)


def select_scatter_shape(self: Shape, src: Shape, *, dim: int, index: int) -> Shape:
    """``src`` is one slice of ``self``."""
    axis = wrap_dim(dim, len(self))
    if not -self[axis] <= index < self[axis]:
        raise IndexError(
            f"index {index} is out of bounds for dimension {axis} with size {self[axis]}"
        )
    if src != (*self[:axis], *self[axis + 1 :]):
        raise RuntimeError(
            f"expected src to have a size equal to the slice of self. src size = {list(src)}, "
            f"slice size = {[*self[:axis], *self[axis + 1 :]]}"
        )
    return self


def slice_scatter_shape(self: Shape, src: Shape, *, dim: int = 0, **where: Any) -> Shape:
    """``src`` is a stretch of ``self``."""
    axis = wrap_dim(dim, len(self))
    count = len(range(*_stretch(**where).indices(self[axis])))
    wanted = (*self[:axis], count, *self[axis + 1 :])
    if src != wanted:
        raise RuntimeError(
            f"expected src to have a size equal to the slice of self. src size = {list(src)}, "
            f"slice size = {list(wanted)}"
        )
    return self


def _stretch(start: Any = None, end: Any = None, step: int = 1) -> slice:
    return slice(start, end, step)


def _replaced(self: Any, src: Any, place: tuple[Any, ...]) -> Any:
    result = self.copy()
    result[place] = src
    return result


define(
    Op(
        name="select_scatter",
        grad_fn="SelectScatterBackward0",
        forward=lambda self, src, *, dim, index: _replaced(
            self, src, along(dim % self.ndim, index)
        ),
        shape=select_scatter_shape,
        formula=Formula("$self with $src at $index in dim $dim", r"{$self}_{$index} \gets $src"),
        vjps={
            "self": Vjp(
                lambda g, s: _replaced(g, 0, along(s.dim % g.ndim, s.index)),
                Formula("$grad, but 0 where it was replaced", "$grad"),
            ),
            "src": Vjp(
                lambda g, s: g[along(s.dim % g.ndim, s.index)],
                Formula("$grad at $index", r"{$grad}_{$index}"),
            ),
        },
        help="A copy with one slice replaced.",
    )
)
define(
    Op(
        name="slice_scatter",
        grad_fn="SliceScatterBackward0",
        forward=lambda self, src, *, dim=0, start=None, end=None, step=1: _replaced(
            self, src, along(dim % self.ndim, slice(start, end, step))
        ),
        shape=slice_scatter_shape,
        formula=Formula("$self with $src from $start to $end", r"{$self}_{$start:$end} \gets $src"),
        vjps={
            "self": Vjp(
                lambda g, s: _replaced(g, 0, along(s.dim % g.ndim, slice(s.start, s.end, s.step))),
                Formula("$grad, but 0 where it was replaced", "$grad"),
            ),
            "src": Vjp(
                lambda g, s: g[along(s.dim % g.ndim, slice(s.start, s.end, s.step))],
                Formula("$grad from $start to $end", r"{$grad}_{$start:$end}"),
            ),
        },
        help="A copy with a stretch replaced.",
    )
)
