"""Parameters and buffers whose shape the first input will say (``nn.LazyLinear`` and the like)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine import state
from backprop_tui.engines.numpy_engine.dtypes import Size, dtype
from backprop_tui.engines.numpy_engine.tensor import Parameter, Tensor

NO_SHAPE = (
    "Can't access the shape of an uninitialized parameter or buffer. This error usually happens "
    "in `load_state_dict` when trying to load an uninitialized parameter into an initialized one. "
    "Call `forward` to initialize the parameters before accessing their attributes."
)


def _kind(dtype: dtype | None) -> Any:
    return (state.now().default_dtype if dtype is None else dtype).numpy


class UninitializedParameter(Parameter):
    """A parameter that has no shape yet."""

    __slots__ = ()

    def __init__(self, dtype: dtype | None = None) -> None:
        super().__init__(Tensor(np.empty(0, _kind(dtype))))

    @property
    def shape(self) -> Size:
        raise RuntimeError(NO_SHAPE)

    def __repr__(self) -> str:
        return "<UninitializedParameter>"


class UninitializedBuffer(Tensor):
    """A buffer that has no shape yet."""

    __slots__ = ()

    def __init__(self, dtype: dtype | None = None) -> None:
        super().__init__(np.empty(0, _kind(dtype)))

    @property
    def shape(self) -> Size:
        raise RuntimeError(NO_SHAPE)

    def __repr__(self) -> str:
        return "<UninitializedBuffer>"


def is_uninitialized(tensor: object) -> bool:
    """Whether it still waits for its shape."""
    return isinstance(tensor, UninitializedParameter | UninitializedBuffer)


def materialize(tensor: Any, shape: Sequence[int]) -> None:
    """Give it a shape, in place: whoever holds it (an optimizer) sees the same object."""
    if not is_uninitialized(tensor):
        return
    state.make_room(tuple(shape), tensor.array.itemsize)
    tensor.data = Tensor(np.zeros(tuple(shape), tensor.array.dtype))
    tensor.__class__ = Parameter if isinstance(tensor, Parameter) else Tensor
