"""``torch.*`` functions that lay the same numbers out anew: grids, diagonals, windows, stacks."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine import state
from backprop_tui.engines.numpy_engine import tensor as tensors
from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.dtypes import dtype as DType
from backprop_tui.engines.numpy_engine.dtypes import int64, on_cpu
from backprop_tui.engines.numpy_engine.events import muted
from backprop_tui.engines.numpy_engine.indexing import masked_select
from backprop_tui.engines.numpy_engine.inplace import apply_
from backprop_tui.engines.numpy_engine.pointwise import logical_xor, need_tensor, sub
from backprop_tui.engines.numpy_engine.shaping import (
    cat,
    expand,
    flip,
    movedim,
    reshape,
    stack,
    transpose,
    unsqueeze,
    view,
    vstack,
)
from backprop_tui.engines.numpy_engine.tensor import Tensor
from backprop_tui.ops.rules import broadcast, wrap_dim

__all__ = [
    "adjoint", "atleast_1d", "atleast_2d", "atleast_3d", "block_diag", "broadcast_shapes",
    "cartesian_prod", "column_stack", "combinations", "diag", "diag_embed", "diagflat", "diff",
    "dsplit", "dstack", "fliplr", "flipud", "hsplit", "meshgrid", "moveaxis", "roll", "rot90",
    "row_stack", "select_scatter", "slice_scatter", "tensor_split", "trace", "tril_indices",
    "triu_indices", "unfold", "vsplit",
]  # fmt: skip

moveaxis = movedim
row_stack = vstack


def _several(given: tuple[Any, ...]) -> list[Any]:
    """Tensors given one by one or as one list."""
    if len(given) == 1 and isinstance(given[0], list | tuple):
        given = tuple(given[0])
    return list(given)


# ---------------------------------------------------------------- grids


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Any, ...]:
    """The coordinates of a grid, one tensor for each direction."""
    found = _several(tensors)
    if not found:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    for one in found:
        if need_tensor(one, "meshgrid").ndim > 1:
            raise RuntimeError(
                "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: "
                + str(one.ndim)
            )
    if len({one.dtype for one in found}) > 1:
        raise RuntimeError("torch.meshgrid expects all tensors to have the same dtype")
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(
            'torch.meshgrid: indexing must be one of "xy" or "ij", but received: ' + indexing
        )
    turned = indexing == "xy" and len(found) > 1
    if turned:
        found[:2] = found[1::-1]
    size = tuple(one.numel() for one in found)
    places = [[1] * i + [-1] + [1] * (len(found) - i - 1) for i in range(len(found))]
    grids = [expand(view(one, at), size) for one, at in zip(found, places, strict=True)]
    if turned:
        grids[:2] = grids[1::-1]
    return tuple(grids)


def cartesian_prod(*tensors: Any) -> Any:
    """Every pair (or triple …) of elements, a row each."""
    found = _several(tensors)
    for one in found:
        if need_tensor(one, "cartesian_prod").ndim != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(one.shape)}")
    if len(found) == 1:
        return found[0]
    return stack([reshape(grid, -1) for grid in meshgrid(*found)], 1)


def combinations(input: Any, r: int = 2, with_replacement: bool = False) -> Any:
    """Every choice of ``r`` elements, a row each."""
    if need_tensor(input, "combinations").ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return Tensor(np.zeros(0, input.array.dtype))
    size = input.numel()
    grids = meshgrid(*[input] * r)
    numbers = Tensor(np.arange(size))
    places = meshgrid(*[numbers] * r)
    mask = Tensor(np.ones((size,) * r, bool))
    for one, following in pairwise(places):
        in_order = apply("le" if with_replacement else "lt", one, following)
        with muted():
            apply_("mul", mask, in_order)
    return stack([masked_select(grid, mask) for grid in grids], 1)


def _triangle(row: int, col: int, offset: int, lower: bool, dtype: DType | None) -> Any:
    for name, size in (("row", row), ("col", col)):
        if size < 0:
            raise RuntimeError(f"{name} must be non-negative, got{size}")
    state.make_room((2, row * col), 8)
    found = np.tril_indices(row, offset, col) if lower else np.triu_indices(row, offset, col)
    return Tensor(np.stack(found).astype((dtype or int64).numpy))


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: DType | None = None, device: Any = None
) -> Any:
    """The places of the lower triangle of a matrix: rows above columns."""
    on_cpu(device)
    return _triangle(row, col, offset, True, dtype)


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: DType | None = None, device: Any = None
) -> Any:
    """The places of the upper triangle of a matrix: rows above columns."""
    on_cpu(device)
    return _triangle(row, col, offset, False, dtype)


def broadcast_shapes(*shapes: Any) -> Any:
    """The shape that several stretch to."""
    from backprop_tui.engines.numpy_engine.dtypes import Size

    plain = [(shape,) if isinstance(shape, int) else tuple(shape) for shape in shapes]
    return Size(broadcast((), *plain))


# ---------------------------------------------------------------- diagonals


def diag(input: Any, diagonal: int = 0) -> Any:
    """A vector on the diagonal of a matrix, or the diagonal of a matrix as a vector."""
    ndim = need_tensor(input, "diag").ndim
    if ndim == 1:
        return diag_embed(input, diagonal)
    if ndim == 2:
        return apply("diagonal_copy", input, offset=diagonal, dim1=0, dim2=1)
    raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {ndim}D")


def diag_embed(input: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """Matrices with these numbers on their diagonals."""
    return apply("diag_embed", need_tensor(input, "diag_embed"), offset=offset, dim1=dim1,
                 dim2=dim2)  # fmt: skip


def diagflat(input: Any, offset: int = 0) -> Any:
    """All elements on the diagonal of one matrix."""
    return diag_embed(reshape(need_tensor(input, "diagflat"), -1), offset)


def trace(input: Any) -> Any:
    """The sum of the diagonal."""
    return apply("trace", need_tensor(input, "trace"))


def block_diag(*tensors: Any) -> Any:
    """Matrices along the diagonal of a larger one."""
    return apply("block_diag", list(tensors)) if tensors else Tensor(np.zeros((1, 0), np.float32))


def adjoint(input: Any) -> Any:
    """Its matrices transposed."""
    return transpose(need_tensor(input, "adjoint"), -2, -1)


# ---------------------------------------------------------------- turned and rolled


def roll(input: Any, shifts: Any, dims: Any = ()) -> Any:
    """Everything moved along; what leaves at one end comes in at the other."""
    need_tensor(input, "roll")
    shifts = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    dims = () if dims is None else (dims,) if isinstance(dims, int) else tuple(dims)
    return apply("roll", input, shifts=shifts, dims=dims)


def rot90(input: Any, k: int = 1, dims: Any = (0, 1)) -> Any:
    """Turned by quarters."""
    return apply("rot90", need_tensor(input, "rot90"), k=k, dims=tuple(dims))


def fliplr(input: Any) -> Any:
    """The columns in the opposite order."""
    if need_tensor(input, "fliplr").ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input, (1,))


def flipud(input: Any) -> Any:
    """The rows in the opposite order."""
    if need_tensor(input, "flipud").ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip(input, (0,))


def unfold(input: Any, dimension: int, size: int, step: int) -> Any:
    """Windows that slide along a dimension, as a view."""
    return apply("unfold", input, dimension=dimension, size=size, step=step)


def diff(input: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """Each element minus the one before it, n times."""
    if not need_tensor(input, "diff").ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    if n == 0:
        return apply_("copy", Tensor(np.zeros_like(input.array)), input)
    axis = wrap_dim(dim, input.ndim)
    parts = [part for part in (prepend, input, append) if part is not None]
    if len(parts) > 1:
        input = apply("cat", parts, dim=axis)
    for _ in range(min(n, input.shape[axis])):
        size = input.shape[axis]
        first = apply("slice", input, dim=dim, start=0, end=size - 1, step=1)
        second = apply("slice", input, dim=dim, start=1, end=size, step=1)
        whole = input.array.dtype.kind == "b"
        input = logical_xor(second, first) if whole else sub(second, first)
    return input


# ---------------------------------------------------------------- dimensions added, and stacks


def _each(given: tuple[Any, ...], function: Any) -> Any:
    found = _several(given)
    made = [function(one) for one in found]
    return made[0] if len(given) == 1 and isinstance(given[0], tensors.Tensor) else tuple(made)


def _one_dim(x: Any) -> Any:
    return x if x.ndim else reshape(x, (1,))


def _two_dims(x: Any) -> Any:
    if not x.ndim:
        return reshape(x, (1, 1))
    return unsqueeze(x, 0) if x.ndim == 1 else x


def _three_dims(x: Any) -> Any:
    if not x.ndim:
        return reshape(x, (1, 1, 1))
    if x.ndim == 1:
        return unsqueeze(unsqueeze(x, 0), -1)
    return unsqueeze(x, -1) if x.ndim == 2 else x


def atleast_1d(*tensors: Any) -> Any:
    """With one dimension or more."""
    return _each(tensors, _one_dim)


def atleast_2d(*tensors: Any) -> Any:
    """With two dimensions or more."""
    return _each(tensors, _two_dims)


def atleast_3d(*tensors: Any) -> Any:
    """With three dimensions or more."""
    return _each(tensors, _three_dims)


def dstack(tensors: Any) -> Any:
    """One behind the other."""
    return cat([_three_dims(one) for one in tensors], 2)


def column_stack(tensors: Any) -> Any:
    """Vectors as columns beside each other."""
    return cat([reshape(x, (x.numel(), 1)) if x.ndim < 2 else x for x in tensors], 1)


# ---------------------------------------------------------------- taken apart


def tensor_split(input: Any, indices_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
    """Cut into so many parts, or at these places."""
    if not need_tensor(input, "tensor_split").ndim:
        raise RuntimeError(
            "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims"
        )
    size = input.shape[wrap_dim(dim, input.ndim)]
    where = indices_or_sections
    if isinstance(where, Tensor):
        where = where.tolist()
    if isinstance(where, int):
        if where <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {where}")
        large, rest = divmod(size, where)
        lengths = [large + 1] * rest + [large] * (where - rest)
        ends = [int(n) for n in np.cumsum(lengths)]
    else:
        ends = [*(int(n) for n in where), size]
    parts, start = [], 0
    for end in ends:
        first, last, _ = slice(start, end).indices(size)
        last = max(first, last)
        parts.append(apply("slice", input, dim=dim, start=first, end=last, step=1))
        start = end
    return tuple(parts)


def _split_along(name: str, dims: int, dim: int, input: Any, where: Any) -> tuple[Any, ...]:
    ndim = need_tensor(input, name).ndim
    if ndim < dims:
        raise RuntimeError(
            f"torch.{name} requires a tensor with at least {dims} "
            f"dimension{'s' if dims > 1 else ''}, but got a tensor with {ndim} dimensions!"
        )
    if isinstance(where, int) and (where <= 0 or input.shape[dim] % where):
        raise RuntimeError(
            f"torch.{name} attempted to split along dimension {dim}, but the size of the "
            f"dimension {input.shape[dim]} is not divisible by the split_size {where}!"
        )
    return tensor_split(input, where, dim)


def hsplit(input: Any, indices_or_sections: Any) -> tuple[Any, ...]:
    """Cut along the columns."""
    dim = 0 if need_tensor(input, "hsplit").ndim == 1 else 1
    return _split_along("hsplit", 1, dim, input, indices_or_sections)


def vsplit(input: Any, indices_or_sections: Any) -> tuple[Any, ...]:
    """Cut along the rows."""
    return _split_along("vsplit", 2, 0, input, indices_or_sections)


def dsplit(input: Any, indices_or_sections: Any) -> tuple[Any, ...]:
    """Cut along the third dimension."""
    return _split_along("dsplit", 3, 2, input, indices_or_sections)


def select_scatter(input: Any, src: Any, dim: int, index: int) -> Any:
    """A copy with one slice replaced."""
    return apply("select_scatter", need_tensor(input, "select_scatter"), src, dim=dim, index=index)


def slice_scatter(
    input: Any, src: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1
) -> Any:
    """A copy with a stretch replaced."""
    need_tensor(input, "slice_scatter")
    return apply("slice_scatter", input, src, dim=dim, start=start, end=end, step=step)
