"""Convolutions and pooling as modules."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import backprop_tui.engines.numpy_engine.convolution as C
import backprop_tui.engines.numpy_engine.pooling as P
from backprop_tui.engines.numpy_engine import events
from backprop_tui.engines.numpy_engine.dtypes import dtype, on_cpu
from backprop_tui.engines.numpy_engine.nn import init
from backprop_tui.engines.numpy_engine.nn.layers import parameter
from backprop_tui.engines.numpy_engine.nn.module import Module
from backprop_tui.engines.numpy_engine.tensor import Tensor

MODES = ("zeros", "reflect", "replicate", "circular")


class _Conv(Module):
    """A weight (out, in / groups, *kernel) and a bias (out); transposed: (in, out / groups, …)."""

    dims: ClassVar[int]
    transposed: ClassVar[bool] = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups:
            raise ValueError("out_channels must be divisible by groups")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = self._sizes(kernel_size)
        self.stride = self._sizes(stride)
        self.padding = padding if isinstance(padding, str) else self._sizes(padding)
        self.dilation = self._sizes(dilation)
        self.output_padding = self._sizes(output_padding)
        self.groups = groups
        self.padding_mode = padding_mode
        self._check_padding()
        inner = (
            (in_channels, out_channels // groups)
            if self.transposed
            else (out_channels, in_channels // groups)
        )
        self.weight = parameter(*inner, *self.kernel_size, dtype=dtype)
        if bias:
            self.bias = parameter(out_channels, dtype=dtype)
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _sizes(self, given: Any) -> tuple[int, ...]:
        return (given,) * self.dims if isinstance(given, int) else tuple(given)

    def _check_padding(self) -> None:
        if isinstance(self.padding, str):
            if self.padding not in ("valid", "same"):
                raise ValueError(
                    f"Invalid padding string {self.padding!r}, should be one of {{'valid', 'same'}}"
                )
            if self.padding == "same" and any(s != 1 for s in self.stride):
                raise ValueError("padding='same' is not supported for strided convolutions")
        if self.padding_mode not in MODES:
            raise ValueError(
                f"padding_mode must be one of {set(MODES)}, but got "
                f"padding_mode={self.padding_mode!r}"
            )
        if self.padding_mode != "zeros":
            raise NotImplementedError(
                f"padding_mode={self.padding_mode!r} is not offered here; use 'zeros'"
            )

    def reset_parameters(self) -> None:
        """Uniform within ±1/√fan_in: the weight first, then the bias."""
        with events.muted():
            init.kaiming_uniform_(self.weight, a=math.sqrt(5))
            if self.bias is not None:
                fan_in, _ = init.fans(self.weight)
                if fan_in:
                    bound = 1 / math.sqrt(fan_in)
                    init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        parts = [
            f"{self.in_channels}, {self.out_channels}",
            f"kernel_size={self.kernel_size}",
            f"stride={self.stride}",
        ]
        if self.padding != (0,) * self.dims:
            parts.append(f"padding={self.padding}")
        if self.dilation != (1,) * self.dims:
            parts.append(f"dilation={self.dilation}")
        if self.output_padding != (0,) * self.dims:
            parts.append(f"output_padding={self.output_padding}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        return ", ".join(parts)


class _Straight(_Conv):
    """A convolution; its arguments in PyTorch's order."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: dtype | None = None,
    ) -> None:
        on_cpu(device)
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, 0, dilation, groups, bias,
            padding_mode, dtype,
        )  # fmt: skip

    def forward(self, input: Tensor) -> Any:
        run = C.conv1d if self.dims == 1 else C.conv2d
        return run(
            input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
        )


class Conv1d(_Straight):
    """A kernel along a row: (N, C, L) → (N, out, places)."""

    dims = 1


class Conv2d(_Straight):
    """A kernel over an image: (N, C, H, W) → (N, out, rows, columns)."""

    dims = 2


class _Transposed(_Conv):
    """A transposed convolution; its arguments in PyTorch's order."""

    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: dtype | None = None,
    ) -> None:
        on_cpu(device)
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, output_padding, dilation,
            groups, bias, padding_mode, dtype,
        )  # fmt: skip

    def forward(self, input: Tensor) -> Any:
        run = C.conv_transpose1d if self.dims == 1 else C.conv_transpose2d
        return run(
            input, self.weight, self.bias, self.stride, self.padding, self.output_padding,
            self.groups, self.dilation,
        )  # fmt: skip


class ConvTranspose1d(_Transposed):
    """Kernels laid side by side along a row."""

    dims = 1


class ConvTranspose2d(_Transposed):
    """Kernels laid side by side into a larger image."""

    dims = 2


# ---------------------------------------------------------------- pooling


class _MaxPool(Module):
    """The largest number of each window."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def _arguments(self) -> tuple[Any, ...]:
        return (
            self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
            self.return_indices,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """The largest number of each window along a row."""

    def forward(self, input: Tensor) -> Any:
        return P.max_pool1d(input, *self._arguments())


class MaxPool2d(_MaxPool):
    """The largest number of each window of an image."""

    def forward(self, input: Tensor) -> Any:
        return P.max_pool2d(input, *self._arguments())


class AvgPool1d(Module):
    """The mean of each window along a row."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        single = [kernel_size, kernel_size if stride is None else stride, padding]
        single = [(n,) if isinstance(n, int) else tuple(n) for n in single]
        self.kernel_size, self.stride, self.padding = single
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Any:
        return P.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(Module):
    """The mean of each window of an image."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Any:
        return P.avg_pool2d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad, self.divisor_override,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _Adaptive(Module):
    """So many parts, whatever the size of the input."""

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_Adaptive):
    """The means of so many parts of a row."""

    def forward(self, input: Tensor) -> Any:
        return P.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_Adaptive):
    """The means of so many parts of an image."""

    def forward(self, input: Tensor) -> Any:
        return P.adaptive_avg_pool2d(input, self.output_size)


class _AdaptiveMax(_Adaptive):
    """The largest of so many parts."""

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices


class AdaptiveMaxPool1d(_AdaptiveMax):
    """The largest of so many parts of a row."""

    def forward(self, input: Tensor) -> Any:
        return P.adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMax):
    """The largest of so many parts of an image."""

    def forward(self, input: Tensor) -> Any:
        return P.adaptive_max_pool2d(input, self.output_size, self.return_indices)
