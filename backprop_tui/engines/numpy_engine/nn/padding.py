"""Padding as modules: zeros, a constant, mirrored, repeated or from the other side."""

from __future__ import annotations

from typing import Any, ClassVar

from backprop_tui.engines.numpy_engine.convolution import pad
from backprop_tui.engines.numpy_engine.nn.module import Module
from backprop_tui.engines.numpy_engine.tensor import Tensor


class _Pad(Module):
    """So many numbers more on each side, the last dimension first."""

    dims: ClassVar[int]
    mode: ClassVar[str]

    def __init__(self, padding: Any) -> None:
        super().__init__()
        sides = 2 * self.dims
        self.padding = (padding,) * sides if isinstance(padding, int) else tuple(padding)

    def forward(self, input: Tensor) -> Any:
        return pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPad(_Pad):
    mode = "constant"

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Any:
        return pad(input, self.padding, self.mode, self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """A row with a constant on both sides."""

    dims = 1


class ConstantPad2d(_ConstantPad):
    """An image with a constant around it."""

    dims = 2


class ConstantPad3d(_ConstantPad):
    """A volume with a constant around it."""

    dims = 3


class _ZeroPad(_ConstantPad):
    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad1d(_ZeroPad):
    """A row with zeros on both sides."""

    dims = 1


class ZeroPad2d(_ZeroPad):
    """An image with zeros around it."""

    dims = 2


class ZeroPad3d(_ZeroPad):
    """A volume with zeros around it."""

    dims = 3


class ReflectionPad1d(_Pad):
    """A row mirrored at both ends."""

    dims = 1
    mode = "reflect"


class ReflectionPad2d(_Pad):
    """An image mirrored at its edges."""

    dims = 2
    mode = "reflect"


class ReplicationPad1d(_Pad):
    """A row whose ends are repeated."""

    dims = 1
    mode = "replicate"


class ReplicationPad2d(_Pad):
    """An image whose edges are repeated."""

    dims = 2
    mode = "replicate"
