"""``x[…]`` and ``x[…] = …``: taken apart into ops as PyTorch takes them apart.

x[0]          select            x[None]      unsqueeze
x[1:3]        slice             x[...]       alias
x[0, 1:]      select, slice     x[idx, :]    index
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine import tensor as tensors
from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.creation import as_array
from backprop_tui.engines.numpy_engine.inplace import apply_
from backprop_tui.engines.numpy_engine.shaping import expand, view
from backprop_tui.ops.indexing import check_masks
from backprop_tui.ops.rules import wrap_dim

__all__ = [
    "gather", "index_select", "masked_select", "narrow", "select",
]  # fmt: skip

INVALID = (
    "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid "
    "indices (got {})"
)


def getitem(self: Any, index: Any) -> Any:
    """``x[index]``."""
    whole = not isinstance(index, tuple)
    part, indices, places = _take(self, index, keep_full_slices=whole)
    if indices:
        return apply("index", part, *indices, places=tuple(places))
    return apply("alias", part) if part is self else part


def setitem(self: Any, index: Any, value: Any) -> None:
    """``x[index] = value``."""
    if not isinstance(value, tensors.Tensor | int | float):
        raise TypeError(
            f"can't assign a {type(value).__name__} to a torch.{self.dtype.legacy}Tensor"
        )
    part, indices, places = _take(self, index, keep_full_slices=False)
    if indices:
        check_masks(part.array.shape, [one.array for one in indices], places)
        values = value if isinstance(value, tensors.Tensor) else _as_value(value, part)
        if values.array.dtype != part.array.dtype:
            raise RuntimeError(
                "Index put requires the source and destination dtypes match, got "
                f"{part.dtype.legacy} for the destination and {values.dtype.legacy} for the source."
            )
        if isinstance(value, tensors.Tensor) and (ones := _ones_before(tuple(values.shape))):
            values = view(values, values.shape[ones:])
        apply_("index_put", part, values, *indices, places=tuple(places))
    elif isinstance(value, tensors.Tensor) and (value.ndim or not part.ndim):
        apply_("copy", part, _fitted(value, tuple(part.shape)))
    else:
        apply_("fill.tensor" if part.ndim else "copy", part, value)


def _fitted(value: Any, shape: tuple[int, ...]) -> Any:
    """A value as PyTorch brings it to the shape of what it is assigned to."""
    sizes = tuple(value.shape)
    if sizes == shape:
        return value
    value = view(value, sizes[_ones_before(sizes) :])
    return value if tuple(value.shape) == shape else expand(value, shape)


def _ones_before(sizes: tuple[int, ...]) -> int:
    return next((i for i, n in enumerate(sizes) if n != 1), len(sizes))


def _as_value(value: Any, part: Any) -> Any:
    return tensors.Tensor(as_array(value).astype(part.array.dtype))


def _take(self: Any, index: Any, keep_full_slices: bool) -> tuple[Any, list[Any], list[int]]:
    """The views that plain indices make, then the index tensors and the dims that they are for."""
    items = list(index) if isinstance(index, tuple) else [index]
    items = [_tensor_index(item) for item in items]
    used = sum(_dims_used(item) for item in items)
    if used > self.ndim:
        if not self.ndim:
            raise IndexError(
                "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or "
                "`tensor.item<T>()` in C++ to convert a 0-dim tensor to a number"
            )
        raise IndexError(f"too many indices for tensor of dimension {self.ndim}")
    part, dim, consumed = self, 0, 0
    indices: list[Any] = []
    places: list[int] = []
    for item in items:
        if item is None:
            part = apply("unsqueeze", part, dim=dim)
            dim += 1
        elif item is Ellipsis:
            dim += self.ndim - used
            consumed += self.ndim - used
        elif isinstance(item, bool):
            part = apply("unsqueeze", part, dim=dim)
            indices.append(tensors.Tensor(np.array([item])))
            places.append(dim)
            dim += 1
        elif isinstance(item, slice):
            part = _sliced(part, dim, item, keep_full_slices)
            dim += 1
            consumed += 1
        elif isinstance(item, int):
            part = _selected(part, dim, item, consumed)
            consumed += 1
        else:
            indices.append(item)
            places.append(dim)
            dim += item.ndim if item.array.dtype.kind == "b" else 1
            consumed += _dims_used(item)
    return part, indices, places


def _tensor_index(item: Any) -> Any:
    """An index as one of: None, ``...``, bool, int, slice, a tensor of positions or a mask."""
    if item is None or item is Ellipsis or isinstance(item, bool | int | slice):
        return item
    if isinstance(item, np.integer):
        return int(item)
    if isinstance(item, list | range | np.ndarray):
        item = tensors.Tensor(as_array(list(item) if isinstance(item, range) else item))
        if not item.array.size:
            item = tensors.Tensor(item.array.astype(np.int64))
    if not isinstance(item, tensors.Tensor):
        if isinstance(item, str):
            raise TypeError("new(): invalid data type 'str'")
        raise IndexError(INVALID.format(type(item).__name__))
    if item.array.dtype.kind not in "iub":
        raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    if not item.ndim:
        found = item.array.item()
        return found if isinstance(found, bool) else int(found)
    return item


def _dims_used(item: Any) -> int:
    if item is None or item is Ellipsis or isinstance(item, bool):
        return 0
    if isinstance(item, tensors.Tensor) and item.array.dtype.kind == "b":
        return item.ndim
    return 1


def _selected(part: Any, dim: int, index: int, place: int) -> Any:
    size = part.array.shape[dim]
    if not -size <= index < size:
        raise IndexError(f"index {index} is out of bounds for dimension {place} with size {size}")
    return apply("select", part, dim=dim, index=index)


def _sliced(part: Any, dim: int, item: slice, keep: bool) -> Any:
    start, stop, step = (
        n.item() if isinstance(n, tensors.Tensor) else n for n in (item.start, item.stop, item.step)
    )
    if step is not None and step <= 0:
        raise ValueError("step must be greater than zero")
    size = part.array.shape[dim]
    first, last, stride = slice(start, stop, step).indices(size)
    # PyTorch looks at the start as it was written: x[:, -9:] is a slice even where it takes all.
    if not keep and not start and (last, stride) == (size, 1):
        return part
    return apply("slice", part, dim=dim, start=first, end=max(first, last), step=stride)


def gather(input: Any, dim: int, index: Any) -> Any:
    """Elements picked by index along a dimension."""
    return apply("gather", input, index, dim=dim)


def index_select(input: Any, dim: int, index: Any) -> Any:
    """Slices picked by index."""
    return apply("index_select", input, index, dim=dim)


def masked_select(input: Any, mask: Any) -> Any:
    """The elements where ``mask`` is true."""
    if mask.array.dtype.kind != "b":
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    return apply("masked_select", input, mask)


def narrow(input: Any, dim: int, start: int, length: int) -> Any:
    """A stretch of ``length`` along a dimension."""
    if not input.ndim:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if isinstance(start, tensors.Tensor):
        if start.ndim or start.array.dtype.kind not in "iu":
            raise RuntimeError("start must be an 0-dim integral Tensor.")
        start = int(start.item())
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    size = input.shape[wrap_dim(dim, input.ndim)]
    if not -size <= start <= size:
        raise IndexError(
            f"start out of range (expected to be in range of [{-size}, {size}], but got {start})"
        )
    start = start + size if start < 0 else start
    if start > size - length:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return apply("slice", input, dim=dim, start=start, end=start + length, step=1)


def select(input: Any, dim: int, index: int) -> Any:
    """One slice along a dimension."""
    return apply("select", input, dim=dim, index=index)


def iterate(self: Any) -> Any:
    """The slices along the first dimension."""
    if not self.ndim:
        raise TypeError("iteration over a 0-d tensor")
    return iter(apply("unbind", self, dim=0)) if self.array.shape[0] else iter(())
