"""Layers that learn from their first input how large they are, and are ordinary from then on."""

from __future__ import annotations

from typing import Any, ClassVar

from backprop_tui.engines.numpy_engine import creation, events
from backprop_tui.engines.numpy_engine.dtypes import dtype, int64, on_cpu
from backprop_tui.engines.numpy_engine.nn import init
from backprop_tui.engines.numpy_engine.nn.convolution import Conv1d, Conv2d
from backprop_tui.engines.numpy_engine.nn.layers import Linear
from backprop_tui.engines.numpy_engine.nn.module import Module
from backprop_tui.engines.numpy_engine.nn.normalization import (
    BatchNorm1d,
    BatchNorm2d,
    _BatchNorm,
)
from backprop_tui.engines.numpy_engine.tensor import Tensor
from backprop_tui.engines.numpy_engine.uninitialized import (
    UninitializedBuffer,
    UninitializedParameter,
    is_uninitialized,
    materialize,
)


class _Lazy(Module):
    """Until the first call it has parameters without a shape."""

    becomes: ClassVar[type[Module]]

    def _waits(self) -> bool:
        own = (*self._parameters.values(), *self._buffers.values())
        return any(is_uninitialized(one) for one in own)

    def _wait(self, bias: bool, dtype: dtype | None) -> None:
        self.register_parameter("weight", UninitializedParameter(dtype))
        if bias:
            self.register_parameter("bias", UninitializedParameter(dtype))

    def _begin(self, input: Tensor) -> None:
        """Give every parameter its shape, and its first numbers."""
        raise NotImplementedError

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with events.muted():
            if self._waits():
                self._begin(args[0])
            object.__setattr__(self, "__class__", self.becomes)
        return self(*args, **kwargs)


class LazyLinear(_Lazy, Linear):
    """A Linear whose ``in_features`` its first input says."""

    becomes = Linear

    def __init__(
        self, out_features: int, bias: bool = True, device: Any = None, dtype: dtype | None = None
    ) -> None:
        on_cpu(device)
        super().__init__(0, 0, False)
        self._wait(bias, dtype)
        self.out_features = out_features

    def reset_parameters(self) -> None:
        if self.in_features and not self._waits():
            super().reset_parameters()

    def _begin(self, input: Tensor) -> None:
        self.in_features = input.shape[-1]
        materialize(self.weight, (self.out_features, self.in_features))
        materialize(self.bias, (self.out_features,))
        self.reset_parameters()


class _LazyConv(_Lazy):
    dims: ClassVar[int]
    in_channels: int
    out_channels: int
    groups: int
    kernel_size: tuple[int, ...]

    def __init__(
        self,
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
        super().__init__(0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode)  # type: ignore[call-arg]
        self._wait(bias, dtype)
        self.out_channels = out_channels

    def reset_parameters(self) -> None:
        """Nothing until there is something to fill."""
        if self.in_channels and not self._waits():
            super().reset_parameters()  # type: ignore[misc]

    def _begin(self, input: Tensor) -> None:
        if input.ndim not in (self.dims + 1, self.dims + 2):
            raise RuntimeError(
                f"Expected {self.dims + 1}D (unbatched) or {self.dims + 2}D (batched) input to "
                f"{type(self).__name__}, but got input of size: {input.shape}"
            )
        self.in_channels = input.shape[-1 - self.dims]
        if self.in_channels % self.groups:
            raise ValueError("in_channels must be divisible by groups")
        inner = self.in_channels // self.groups
        materialize(self.weight, (self.out_channels, inner, *self.kernel_size))
        materialize(self.bias, (self.out_channels,))
        self.reset_parameters()


class LazyConv1d(_LazyConv, Conv1d):
    """A Conv1d whose ``in_channels`` its first input says."""

    becomes = Conv1d


class LazyConv2d(_LazyConv, Conv2d):
    """A Conv2d whose ``in_channels`` its first input says."""

    becomes = Conv2d


class _LazyBatchNorm(_Lazy, _BatchNorm):
    def __init__(
        self,
        eps: float = 1e-05,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        on_cpu(device)
        super().__init__(0, eps, momentum, False, False)
        self.affine = affine
        self.track_running_stats = track_running_stats
        if affine:
            self._wait(bias, dtype)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(dtype)
            self.running_var = UninitializedBuffer(dtype)
            with events.muted():
                self.num_batches_tracked = creation.zeros((), dtype=int64)

    def reset_parameters(self) -> None:
        if self.num_features and not self._waits():
            super().reset_parameters()

    def _begin(self, input: Tensor) -> None:
        self.num_features = input.shape[1]
        for one in (self.weight, self.bias, self.running_mean, self.running_var):
            materialize(one, (self.num_features,))
        if self.running_var is not None:
            init.ones_(self.running_var)
        self.reset_parameters()


class LazyBatchNorm1d(_LazyBatchNorm, BatchNorm1d):
    """A BatchNorm1d whose ``num_features`` its first input says."""

    becomes = BatchNorm1d


class LazyBatchNorm2d(_LazyBatchNorm, BatchNorm2d):
    """A BatchNorm2d whose ``num_features`` its first input says."""

    becomes = BatchNorm2d
