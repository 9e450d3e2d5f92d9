"""Normalization of each image for itself, and by the mean square alone."""

from __future__ import annotations

from typing import Any

import backprop_tui.engines.numpy_engine.layer_functions as L
import backprop_tui.engines.numpy_engine.normalization as N
from backprop_tui.engines.numpy_engine import events
from backprop_tui.engines.numpy_engine.dtypes import dtype, on_cpu
from backprop_tui.engines.numpy_engine.nn import init
from backprop_tui.engines.numpy_engine.nn.layers import parameter
from backprop_tui.engines.numpy_engine.nn.module import Module
from backprop_tui.engines.numpy_engine.nn.normalization import _BatchNorm
from backprop_tui.engines.numpy_engine.tensor import Tensor


class BatchNorm3d(_BatchNorm):
    """Over the batch and the volume, of (N, C, D, H, W)."""

    dims = (5,)


class _InstanceNorm(_BatchNorm):
    """Each channel of each sample for itself; without a batch one dimension less."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-05,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )

    def forward(self, input: Tensor) -> Any:
        alone, together = self.dims
        if input.ndim not in self.dims:
            raise ValueError(f"expected {alone}D or {together}D input (got {input.ndim}D input)")
        at = input.ndim - alone
        if self.affine and input.shape[at] != self.num_features:
            raise ValueError(
                f"expected input's size at dim={at} to match num_features ({self.num_features}), "
                f"but got: {input.shape[at]}."
            )
        if input.ndim == together:
            return self._normalized(input)
        return self._normalized(input.unsqueeze(0)).squeeze(0)

    def _normalized(self, input: Tensor) -> Any:
        return N.instance_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )


class InstanceNorm1d(_InstanceNorm):
    """Each channel of each row for itself, of (N, C, L)."""

    dims = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Each channel of each image for itself, of (N, C, H, W)."""

    dims = (3, 4)


class RMSNorm(Module):
    """Divided by the root of the mean square over the last dimensions; the mean stays."""

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: dtype | None = None,
    ) -> None:
        on_cpu(device)
        super().__init__()
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else normalized_shape
        self.normalized_shape = tuple(shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.register_parameter(
            "weight", parameter(*self.normalized_shape, dtype=dtype) if elementwise_affine else None
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """All 1."""
        if self.weight is not None:
            with events.muted():
                init.ones_(self.weight)

    def forward(self, input: Tensor) -> Any:
        return L.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )
