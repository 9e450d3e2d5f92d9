"""Normalization: numbers moved to mean 0 and variance 1, then scaled and shifted as learned.

All three do the same over other numbers: batch norm over the batch (for each channel), layer norm
over the last dimensions (for each row), group norm over groups of channels (for each sample). The
mean and the spread depend on every number too, so the gradient loses its mean and its part along
the normalized input.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Saved, Shape, Vjp, define
from backprop_tui.ops.joining import in_order

Axes = tuple[int, ...]


def _moments(x: Any, axes: Axes, eps: float) -> tuple[Any, Any]:
    """Mean, and 1 / √(variance + eps), over ``axes``, which are kept with size 1."""
    count = math.prod(x.shape[axis] for axis in axes)
    mean = x.sum(axis=axes, keepdims=True) / count
    below = x - mean
    variance = (below * below).sum(axis=axes, keepdims=True) / count
    return mean, 1 / np.sqrt(variance + eps)


def _scaled(x: Any, weight: Any, bias: Any, shape: Shape) -> Any:
    """``x · weight + bias``, each where there is one, seen in ``shape``."""
    if weight is not None:
        x = x * weight.reshape(shape)
    return x if bias is None else x + bias.reshape(shape)


def _through(g: Any, x: Any, rstd: Any, axes: Axes) -> Any:
    """The gradient of ``x`` normalized over ``axes``; ``x`` is the normalized one."""
    count = math.prod(g.shape[axis] for axis in axes)
    mean = g.sum(axis=axes, keepdims=True) / count
    along = (g * x).sum(axis=axes, keepdims=True) / count
    return (g - mean - x * along) * rstd


# ---------------------------------------------------------------- over the batch


def _channels(ndim: int) -> tuple[Axes, Shape]:
    """The axes that are not the channel, and the shape in which a channel's number is seen."""
    return (0, *range(2, ndim)), (1, -1, *(1,) * (ndim - 2))


def batch_norm_shape(
    input: Shape, *others: Shape, training: bool, momentum: float, eps: float
) -> tuple[Shape, Shape, Shape]:
    """The input's shape; for each channel its mean and 1 / standard deviation while training."""
    each = (input[1] if training else 0,)
    return input, each, each


def _batch_norm(
    input: Any,
    weight: Any = None,
    bias: Any = None,
    running_mean: Any = None,
    running_var: Any = None,
    *,
    training: bool,
    momentum: float,
    eps: float,
) -> tuple[Any, Any, Any]:
    axes, seen = _channels(input.ndim)
    if training:
        mean, rstd = _moments(input, axes, eps)
        kept = mean.reshape(-1), rstd.reshape(-1)
    else:
        mean, rstd = _running(running_mean, running_var, eps, seen)
        kept = np.empty(0, input.dtype), np.empty(0, input.dtype)
    return (in_order(_scaled((input - mean) * rstd, weight, bias, seen)), *kept)


def _running(mean: Any, var: Any, eps: float, seen: Shape) -> tuple[Any, Any]:
    return mean.reshape(seen), (1 / np.sqrt(var + eps)).reshape(seen)


def _batch_parts(s: Saved) -> tuple[Any, Any, Axes, Shape]:
    """The normalized input, 1 / standard deviation, and how channels lie."""
    axes, seen = _channels(s.input.ndim)
    if s.training:
        mean, rstd = s.result[1].reshape(seen), s.result[2].reshape(seen)
    else:
        mean, rstd = _running(s.running_mean, s.running_var, s.eps, seen)
    return (s.input - mean) * rstd, rstd, axes, seen


def _batch_vjp(g: Any, s: Saved) -> Any:
    x, rstd, axes, seen = _batch_parts(s)
    arriving = _scaled(g[0], getattr(s, "weight", None), None, seen)
    return _through(arriving, x, rstd, axes) if s.training else arriving * rstd


def _batch_weight_vjp(g: Any, s: Saved) -> Any:
    x, _, axes, _ = _batch_parts(s)
    return (g[0] * x).sum(axis=axes)


_INPUT = Formula(
    "(ĝ − mean(ĝ) − x̂ · mean(ĝ · x̂)) / √(var + $eps), ĝ = $grad · $weight",
    r"\frac{\hat g - \overline{\hat g} - \hat x \cdot \overline{\hat g \cdot \hat x}}"
    r"{\sqrt{\sigma^2 + $eps}}, \; \hat g = $grad \cdot $weight",
)
_WEIGHT = Formula("Σ $grad · x̂", r"\sum $grad \cdot \hat x")
_BIAS = Formula("Σ $grad", r"\sum $grad")
_VALUE = Formula(
    "($input − mean) / √(var + $eps) · $weight + $bias",
    r"\frac{$input - \mu}{\sqrt{\sigma^2 + $eps}} \cdot $weight + $bias",
)
_KEPT = ("input", "running_mean", "running_var", "result")

define(
    Op(
        name="native_batch_norm",
        grad_fn="NativeBatchNormBackward0",
        outputs=3,
        differentiable=1,
        forward=_batch_norm,
        shape=batch_norm_shape,
        plain=("running_mean", "running_var"),
        formula=_VALUE,
        vjps={
            "input": Vjp(_batch_vjp, _INPUT, saves=(*_KEPT, "weight")),
            "weight": Vjp(_batch_weight_vjp, _WEIGHT, saves=_KEPT),
            "bias": Vjp(lambda g, s: g[0].sum(axis=_channels(g[0].ndim)[0]), _BIAS),
        },
        help="Gives each channel mean 0 and variance 1 over the batch, then scales and shifts it.",
    )
)

# ---------------------------------------------------------------- over the last dimensions


def layer_norm_shape(
    input: Shape, *others: Shape, normalized_shape: Sequence[int], eps: float
) -> tuple[Shape, Shape, Shape]:
    """The input's shape; for each row its mean and 1 / standard deviation."""
    count = len(normalized_shape)
    each = (*input[: len(input) - count], *(1,) * count)
    return input, each, each


def _last(ndim: int, normalized_shape: Sequence[int]) -> Axes:
    return tuple(range(ndim - len(normalized_shape), ndim))


def _layer_norm(
    input: Any, weight: Any = None, bias: Any = None, *, normalized_shape: Sequence[int], eps: float
) -> tuple[Any, Any, Any]:
    mean, rstd = _moments(input, _last(input.ndim, normalized_shape), eps)
    made = _scaled((input - mean) * rstd, weight, bias, tuple(normalized_shape))
    return in_order(made), in_order(mean), in_order(rstd)


def _layer_vjp(g: Any, s: Saved) -> Any:
    mean, rstd = s.result[1:]
    arriving = _scaled(g[0], getattr(s, "weight", None), None, tuple(s.normalized_shape))
    axes = _last(s.input.ndim, s.normalized_shape)
    return _through(arriving, (s.input - mean) * rstd, rstd, axes)


def _layer_weight_vjp(g: Any, s: Saved) -> Any:
    mean, rstd = s.result[1:]
    lead = tuple(range(s.input.ndim - len(s.normalized_shape)))
    return (g[0] * (s.input - mean) * rstd).sum(axis=lead)


def _layer_bias_vjp(g: Any, s: Saved) -> Any:
    return g[0].sum(axis=tuple(range(g[0].ndim - len(s.normalized_shape))))


define(
    Op(
        name="native_layer_norm",
        grad_fn="NativeLayerNormBackward0",
        outputs=3,
        differentiable=1,
        forward=_layer_norm,
        shape=layer_norm_shape,
        formula=_VALUE,
        vjps={
            "input": Vjp(_layer_vjp, _INPUT, saves=("input", "weight", "result")),
            "weight": Vjp(_layer_weight_vjp, _WEIGHT, saves=("input", "result")),
            "bias": Vjp(_layer_bias_vjp, _BIAS),
        },
        help="Gives each row mean 0 and variance 1, then scales and shifts every feature.",
    )
)

# ---------------------------------------------------------------- over groups of channels


def group_norm_shape(
    input: Shape,
    *others: Shape,
    N: int,
    C: int,
    HxW: int,
    group: int,
    eps: float,
) -> tuple[Shape, Shape, Shape]:
    """The input's shape; for each group its mean and 1 / standard deviation."""
    return input, (N, group), (N, group)


def _group_norm(
    input: Any,
    weight: Any = None,
    bias: Any = None,
    *,
    N: int,
    C: int,
    HxW: int,
    group: int,
    eps: float,
) -> tuple[Any, Any, Any]:
    groups = input.reshape(N, group, C // group * HxW)
    mean, rstd = _moments(groups, (2,), eps)
    made = ((groups - mean) * rstd).reshape(input.shape)
    seen = (1, -1, *(1,) * (input.ndim - 2))
    return _scaled(made, weight, bias, seen), mean[:, :, 0], rstd[:, :, 0]


def _group_parts(s: Saved) -> tuple[Any, Any]:
    """The normalized input in groups, and 1 / standard deviation."""
    mean, rstd = s.result[1:]
    groups = s.input.reshape(s.N, s.group, s.C // s.group * s.HxW)
    rstd = rstd[:, :, np.newaxis]
    return (groups - mean[:, :, np.newaxis]) * rstd, rstd


def _group_vjp(g: Any, s: Saved) -> Any:
    x, rstd = _group_parts(s)
    seen = (1, -1, *(1,) * (s.input.ndim - 2))
    arriving = _scaled(g[0], getattr(s, "weight", None), None, seen)
    return _through(arriving.reshape(x.shape), x, rstd, (2,)).reshape(s.input.shape)


def _group_weight_vjp(g: Any, s: Saved) -> Any:
    x, _ = _group_parts(s)
    return (g[0] * x.reshape(s.input.shape)).sum(axis=(0, *range(2, s.input.ndim)))


define(
    Op(
        name="native_group_norm",
        grad_fn="NativeGroupNormBackward0",
        outputs=3,
        forward=_group_norm,
        shape=group_norm_shape,
        formula=_VALUE,
        vjps={
            "input": Vjp(_group_vjp, _INPUT, saves=("input", "weight", "result")),
            "weight": Vjp(_group_weight_vjp, _WEIGHT, saves=("input", "result")),
            "bias": Vjp(lambda g, s: g[0].sum(axis=(0, *range(2, g[0].ndim))), _BIAS),
        },
        help="Gives each group of channels mean 0 and variance 1, sample by sample.",
    )
)
