"""Tensors from nothing, from Python lists and from NumPy arrays."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from backprop_tui.engines.base import Array
from backprop_tui.engines.numpy_engine import state
from backprop_tui.engines.numpy_engine.dtypes import (
    OF_NUMPY,
    Size,
    dtype,
    float32,
    float64,
    int64,
    of_array,
    on_cpu,
)
from backprop_tui.engines.numpy_engine.tensor import Tensor


def tensor(
    data: Any, *, dtype: dtype | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """``torch.tensor``: a new leaf holding a copy of ``data`` (numbers, nested lists, an array)."""
    on_cpu(device)
    array = as_array(data, dtype)
    return _leaf(array, requires_grad)


def _leaf(array: Array, requires_grad: bool) -> Tensor:
    if requires_grad and array.dtype.kind != "f":
        raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
    return Tensor(array, requires_grad)


def as_array(data: Any, wanted: dtype | None = None) -> Array:
    """A fresh array of ``data``, in ``wanted`` or else in the dtype that PyTorch would choose."""
    target = None if wanted is None else wanted.numpy
    if isinstance(data, Tensor):
        return np.array(data.array, target)
    if isinstance(data, np.ndarray | np.generic):
        of_array(data)
        return np.array(data, target)
    shape = _shape_of(data)
    state.make_room(shape, 8)
    plain = _plain(data)
    if target is None:
        kinds = {type(x) for x in _leaves(plain)}
        if not kinds or float in kinds:
            target = state.now().default_dtype.numpy
        else:
            target = int64.numpy if int in kinds else np.dtype(np.bool_)
    try:
        return np.array(plain, dtype=target).reshape(shape)
    except OverflowError:
        raise RuntimeError("Overflow when unpacking long long") from None


#: What stands for a dimension in the data of a new tensor.
SEQUENCES = (list, tuple, range, deque)


def _shape_of(data: Any) -> tuple[int, ...]:
    """The shape of nested sequences, or PyTorch's error when they are ragged."""
    if isinstance(data, np.ndarray):
        return tuple(data.shape)
    if not isinstance(data, SEQUENCES):
        return ()
    if not len(data):
        return (0,)
    shape = (len(data), *_shape_of(data[0]))
    _check_shape(data, shape, 0)
    return shape


def _check_shape(data: Any, shape: tuple[int, ...], level: int) -> None:
    if level == len(shape):
        if isinstance(data, SEQUENCES):
            raise TypeError(f"'{type(data).__name__}' object cannot be interpreted as an integer")
        return
    length = len(data) if isinstance(data, SEQUENCES) else None
    if isinstance(data, np.ndarray):
        length = data.shape[0] if data.ndim else None
    if length is None:
        raise TypeError("not a sequence")
    if length != shape[level]:
        raise ValueError(
            f"expected sequence of length {shape[level]} at dim {level} (got {length})"
        )
    if isinstance(data, SEQUENCES):
        for part in data:
            _check_shape(part, shape, level + 1)


def _plain(data: Any) -> Any:
    """Nested sequences with the tensors and NumPy numbers in them as Python numbers."""
    if isinstance(data, SEQUENCES):
        return [_plain(part) for part in data]
    if isinstance(data, Tensor):
        return data._one()
    if isinstance(data, np.ndarray | np.generic):
        return data.tolist()
    if isinstance(data, bool | int | float):
        return data
    if isinstance(data, str):
        raise TypeError(f"new(): invalid data type '{type(data).__name__}'")
    raise RuntimeError(f"Could not infer dtype of {type(data).__name__}")


def _leaves(data: Any) -> Any:
    if isinstance(data, list):
        for part in data:
            yield from _leaves(part)
    else:
        yield data


def as_tensor(data: Any, dtype: dtype | None = None, device: Any = None) -> Tensor:
    """``torch.as_tensor``: the tensor itself, or memory shared with an array, where it can be."""
    on_cpu(device)
    if isinstance(data, Tensor):
        return data if dtype in (None, data.dtype) else data.to(dtype)
    if isinstance(data, np.ndarray) and (dtype is None or data.dtype == dtype.numpy):
        return from_numpy(data)
    return tensor(data, dtype=dtype)


def from_numpy(array: Any) -> Tensor:
    """``torch.from_numpy``: a tensor on the array's own memory."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(array).__name__})")
    of_array(array)
    return Tensor(array)


def size_of(size: tuple[Any, ...]) -> tuple[int, ...]:
    """Sizes given as ``(2, 3)`` or as one sequence; PyTorch's errors for other things."""
    if len(size) == 1 and isinstance(size[0], list | tuple):
        size = tuple(size[0])
    sizes = tuple(int(n) if isinstance(n, np.integer) else n for n in size)
    for n in sizes:
        if not isinstance(n, int) or isinstance(n, bool):
            raise TypeError(f"size must be a tuple of ints, but found an element of {n!r}")
        if n < 0:
            raise RuntimeError(
                f"Trying to create tensor with negative dimension {n}: {list(sizes)}"
            )
    return sizes


def need_dtype(wanted: object) -> None:
    """Raise PyTorch's TypeError for a dtype that is none, such as ``"float32"``."""
    if not isinstance(wanted, dtype):
        raise TypeError(f"argument 'dtype' must be torch.dtype, not {type(wanted).__name__}")


def _new(size: tuple[int, ...], wanted: dtype, requires_grad: bool, fill: Any) -> Tensor:
    need_dtype(wanted)
    state.make_room(size, wanted.itemsize)
    return _leaf(np.full(size, fill, wanted.numpy), requires_grad)


def _floating(wanted: dtype | None) -> dtype:
    return state.now().default_dtype if wanted is None else wanted


def zeros(
    *sizes: Any,
    size: Any = None,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """``torch.zeros``."""
    on_cpu(device)
    if any(n < 0 for n in sizes if isinstance(n, int)):
        raise RuntimeError("zeros: Dimension size must be non-negative.")
    return _new(size_of(sizes if size is None else (size,)), _floating(dtype), requires_grad, 0)


def ones(
    *sizes: Any,
    size: Any = None,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """``torch.ones``."""
    on_cpu(device)
    return _new(size_of(sizes if size is None else (size,)), _floating(dtype), requires_grad, 1)


def empty(
    *sizes: Any,
    size: Any = None,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """``torch.empty``; here its numbers are zeros, so that every run shows the same."""
    on_cpu(device)
    return _new(size_of(sizes if size is None else (size,)), _floating(dtype), requires_grad, 0)


def full(
    size: Any,
    fill_value: Any,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """``torch.full``: the dtype follows ``fill_value``."""
    on_cpu(device)
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    wanted = OF_NUMPY[as_array(value).dtype] if dtype is None else dtype
    sizes = (size,) if isinstance(size, int) else size
    return _new(size_of(tuple(sizes)), wanted, requires_grad, value)


def zeros_like(
    input: Tensor, *, dtype: dtype | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """``torch.zeros_like``."""
    on_cpu(device)
    return _new(input.array.shape, dtype or input.dtype, requires_grad, 0)


def ones_like(
    input: Tensor, *, dtype: dtype | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """``torch.ones_like``."""
    on_cpu(device)
    return _new(input.array.shape, dtype or input.dtype, requires_grad, 1)


def empty_like(
    input: Tensor, *, dtype: dtype | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """``torch.empty_like``; its numbers are zeros."""
    on_cpu(device)
    return _new(input.array.shape, dtype or input.dtype, requires_grad, 0)


def full_like(
    input: Tensor,
    fill_value: Any,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """``torch.full_like``."""
    on_cpu(device)
    return _new(input.array.shape, dtype or input.dtype, requires_grad, fill_value)


def eye(
    n: int,
    m: int | None = None,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """``torch.eye``."""
    on_cpu(device)
    made = _new((n, n if m is None else m), _floating(dtype), requires_grad, 0)
    np.fill_diagonal(made.array, 1)
    return made


def arange(
    start: Any,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """``torch.arange``: int64 when all of start, end, step are ints."""
    on_cpu(device)
    if end is None:
        start, end = 0, start
    start, end, step = (x.item() if isinstance(x, Tensor) else x for x in (start, end, step))
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if dtype is None:
        whole = all(isinstance(x, int) for x in (start, end, step))
        dtype = int64 if whole else state.now().default_dtype
    count = int(np.ceil((end - start) / step))
    made = _new((count,), dtype, requires_grad, 0)
    made.array[...] = start + step * np.arange(count)
    return made


def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """``torch.linspace``: counted from both ends, as PyTorch does, so that it is symmetric."""
    on_cpu(device)
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    made = _new((steps,), _floating(dtype), requires_grad, start)
    if steps > 1:
        kind = made.array.dtype.type
        step = kind((kind(end) - kind(start)) / (steps - 1))
        places = np.arange(steps)
        lower = kind(start) + step * places.astype(made.array.dtype)
        upper = kind(end) - step * (steps - 1 - places).astype(made.array.dtype)
        made.array[...] = np.where(places < steps // 2, lower, upper)
    return made


class _TensorClass(type):
    """Lets ``torch.Tensor`` be called in its old way and still be the class of all tensors."""

    def __call__(cls, *data: Any) -> Tensor:
        wanted: dtype = cls.dtype or state.now().default_dtype  # type: ignore[attr-defined]
        if not data:
            return _new((0,), wanted, False, 0)
        if isinstance(data[0], int) and not isinstance(data[0], bool):
            return _new(size_of(data), wanted, False, 0)
        if isinstance(data[0], Size):
            return _new(tuple(data[0]), wanted, False, 0)
        if isinstance(data[0], float):
            raise TypeError("new(): data must be a sequence (got float)")
        return Tensor(as_array(data[0], wanted))

    def __instancecheck__(cls, value: object) -> bool:
        wanted = cls.dtype  # type: ignore[attr-defined]
        return isinstance(value, Tensor) and wanted in (None, value.dtype)


class TensorClass(metaclass=_TensorClass):
    """``torch.Tensor``: called with values it makes a float32 tensor of them."""

    dtype: dtype | None = None


class FloatTensor(TensorClass):
    """``torch.FloatTensor``."""

    dtype = float32


class DoubleTensor(TensorClass):
    """``torch.DoubleTensor``."""

    dtype = float64


class LongTensor(TensorClass):
    """``torch.LongTensor``."""

    dtype = int64


def get_default_dtype() -> dtype:
    """``torch.get_default_dtype``."""
    return state.now().default_dtype


def set_default_dtype(d: dtype) -> None:
    """``torch.set_default_dtype``: what floats become from now on."""
    if not d.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    state.now().default_dtype = d


__all__ = [
    "DoubleTensor",
    "FloatTensor",
    "LongTensor",
    "arange",
    "as_tensor",
    "empty",
    "empty_like",
    "eye",
    "from_numpy",
    "full",
    "full_like",
    "get_default_dtype",
    "linspace",
    "ones",
    "ones_like",
    "set_default_dtype",
    "tensor",
    "zeros",
    "zeros_like",
]
