"""``F.batch_norm``, ``F.layer_norm``, ``F.group_norm`` and the like, checked as PyTorch does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine import state
from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.inplace import apply_
from backprop_tui.engines.numpy_engine.pointwise import need_tensor, refuse
from backprop_tui.engines.numpy_engine.shaping import repeat, view

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm"]


def batch_norm(
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Any:
    """Each channel to mean 0 and variance 1; while training the running statistics follow."""
    need_tensor(input, "batch_norm")
    if training:
        _more_than_one(input)
    parts = {
        "weight": weight,
        "bias": bias,
        "running_mean": running_mean,
        "running_var": running_var,
    }
    if not training and (running_mean is None or running_var is None):
        missing = "running_mean" if running_mean is None else "running_var"
        raise RuntimeError(f"Expected {missing} to be defined when training=False")
    for name in ("running_mean", "running_var", "weight", "bias"):
        given = parts[name]
        if given is not None and given.array.size != input.shape[1]:
            raise RuntimeError(
                f"{name} should contain {input.shape[1]} elements not {given.array.size}"
            )
    if any(p is not None and p.array.dtype != input.array.dtype for p in parts.values()):
        raise RuntimeError("mixed dtype (CPU): all inputs must share same datatype.")
    refuse("batch_norm", "iub", input)
    made = apply(
        "native_batch_norm",
        input,
        weight,
        bias,
        running_mean,
        running_var,
        training=training,
        momentum=float(momentum),
        eps=float(eps),
    )
    if training:
        _follow(input.array, running_mean, running_var, momentum)
    return made[0]


def _more_than_one(input: Any) -> None:
    values = input.array.size // input.shape[1] if input.shape[1] else 0
    if values == 1:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {input.shape}"
        )


def _follow(x: Any, running_mean: Any, running_var: Any, momentum: float) -> None:
    """A step of the running statistics towards those of this batch (the variance with N − 1)."""
    axes = (0, *range(2, x.ndim))
    for running, found in (
        (running_mean, x.mean(axis=axes)),
        (running_var, x.var(axis=axes, ddof=1)),
    ):
        if running is None:
            continue
        # As in PyTorch this is no in-place change that autograd would notice: no new version.
        running.data._write((1 - momentum) * running.array + momentum * found)
        listener = state.now().listener
        if listener is not None:
            for changed in running._changed():
                listener.assign("data", changed, running._grad_array())


def instance_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Any:
    """Each channel of each sample to mean 0 and variance 1: a batch norm of one sample that has
    all channels of all of them."""
    need_tensor(input, "instance_norm")
    if use_input_stats and math.prod(input.shape[2:]) == 1:
        raise ValueError(
            f"Expected more than 1 spatial element when training, got input size {input.shape}"
        )
    samples, channels, *rest = input.shape
    weight, bias, mean, var = (
        None if one is None else repeat(one, (samples,))
        for one in (weight, bias, running_mean, running_var)
    )
    wide = view(input.contiguous(), (1, samples * channels, *rest))
    made = batch_norm(wide, mean, var, weight, bias, use_input_stats, momentum, eps)
    for running, found in ((running_mean, mean), (running_var, var)):
        if running is not None and use_input_stats:
            target = apply("alias", running)
            each = view(found, (samples, channels))
            apply_("copy", target, apply("mean.dim", each, dim=0, keepdim=False))
    return view(made, input.shape)


def layer_norm(
    input: Any,
    normalized_shape: Sequence[int],
    weight: Any = None,
    bias: Any = None,
    eps: float = 1e-05,
) -> Any:
    """The last dimensions to mean 0 and variance 1."""
    need_tensor(input, "layer_norm")
    if not isinstance(normalized_shape, list | tuple):
        raise TypeError(
            "layer_norm(): argument 'normalized_shape' (position 2) must be tuple of ints, not "
            f"{type(normalized_shape).__name__}"
        )
    shape = tuple(normalized_shape)
    if not shape:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least "
            "one element, but got normalized_shape = []"
        )
    for name, part in (("weight", weight), ("bias", bias)):
        if part is not None and tuple(part.shape) != shape:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{list(part.shape)} and normalized_shape = {list(shape)}"
            )
    if tuple(input.shape[-len(shape) :]) != shape:
        wanted = "".join(f", {n}" for n in shape)
        raise RuntimeError(
            f"Given normalized_shape={list(shape)}, expected input with shape [*{wanted}], but "
            f"got input of size{list(input.shape)}"
        )
    refuse("LayerNormKernelImpl", "iub", input)
    return apply("native_layer_norm", input, weight, bias, normalized_shape=shape, eps=float(eps))[
        0
    ]


def group_norm(
    input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-05
) -> Any:
    """Groups of channels to mean 0 and variance 1, sample by sample."""
    need_tensor(input, "group_norm")
    if input.ndim < 2:
        raise RuntimeError(
            f"Expected at least 2 dimensions for input tensor but received {input.ndim}"
        )
    samples, channels = input.shape[:2]
    if num_groups <= 0:
        raise RuntimeError(f"Expected num groups to be greater than 0, got {num_groups}")
    if channels % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of "
            f"shape {list(input.shape)} and num_groups={num_groups}"
        )
    if samples * channels // num_groups * math.prod(input.shape[2:]) == 1:
        raise ValueError(
            "Expected more than 1 value per channel when training, got input size "
            f"{[samples * channels // num_groups, num_groups, *input.shape[2:]]}"
        )
    for name, part in (("weight", weight), ("bias", bias)):
        if part is not None and tuple(part.shape) != (channels,):
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, "
                f"but got {name} of shape {list(part.shape)} and input of shape {list(input.shape)}"
            )
    refuse("GroupNormKernelImpl", "iub", input)
    return apply(
        "native_group_norm",
        input,
        weight,
        bias,
        N=samples,
        C=channels,
        HxW=int(np.prod(input.shape[2:], dtype=int)),
        group=num_groups,
        eps=float(eps),
    )[0]
