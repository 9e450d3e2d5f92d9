"""The rarer layers as functions: whole channels dropped, patches, shuffles, cosines, RMS."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine import events, state
from backprop_tui.engines.numpy_engine import tensor as tensors
from backprop_tui.engines.numpy_engine.apply import apply, result_type
from backprop_tui.engines.numpy_engine.inplace import apply_
from backprop_tui.engines.numpy_engine.pointwise import add, div, mul, need_tensor, neg, refuse, sub
from backprop_tui.engines.numpy_engine.pointwise import softmax as softmax_
from backprop_tui.engines.numpy_engine.random import default_generator
from backprop_tui.engines.numpy_engine.reduce import sum as sum_
from backprop_tui.engines.numpy_engine.shaping import expand, reshape, squeeze, unsqueeze
from backprop_tui.ops.rules import broadcast

__all__ = [
    "alpha_dropout",
    "bilinear",
    "channel_shuffle",
    "cosine_similarity",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "feature_alpha_dropout",
    "fold",
    "gumbel_softmax",
    "pixel_shuffle",
    "pixel_unshuffle",
    "rms_norm",
    "unfold",
]

# ---------------------------------------------------------------- dropout


def _drops(input: Any, p: float, training: bool) -> bool:
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    return bool(training and p > 0.0 and input.array.size)


def _kept(shape: tuple[int, ...], kind: Any, p: float) -> Any:
    """1 where something is kept, 0 where it is dropped."""
    return default_generator().bernoulli(shape, 1 - p).astype(kind)


def _times(input: Any, noise: Any, inplace: bool) -> Any:
    noise = tensors.Tensor(np.asarray(noise))
    return apply_("mul", input, noise) if inplace else mul(input, noise)


def _of_channels(input: Any) -> tuple[int, ...]:
    if input.ndim < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    return (*input.shape[:2], *(1,) * (input.ndim - 2))


def _feature_dropout(input: Any, p: float, training: bool, inplace: bool) -> Any:
    if not _drops(input, p, training):
        return input
    kind = input.array.dtype
    if p == 1.0:
        return _times(input, np.zeros((), kind), inplace)
    return _times(input, _kept(_of_channels(input), kind, p) / kind.type(1 - p), inplace)


def _without_batch(input: Any, dims: int, p: float, training: bool, inplace: bool) -> Any:
    if input.ndim != dims - 1:
        return _feature_dropout(input, p, training, inplace)
    return squeeze(_feature_dropout(unsqueeze(input, 0), p, training, inplace), 0)


def dropout1d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Whole channels of a row are dropped."""
    _drops(input, p, training)
    if input.ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {input.ndim}D input. Note that "
            "dropout1d exists to provide channel-wise dropout on inputs with 1 spatial dimension, "
            "a channel dimension, and an optional batch dimension (i.e. 2D or 3D inputs)."
        )
    return _without_batch(input, 3, p, training, inplace)


def dropout2d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Whole channels of an image are dropped."""
    return _feature_dropout(input, p, training, inplace)


def dropout3d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Whole channels of a volume are dropped."""
    _drops(input, p, training)
    return _without_batch(input, 5, p, training, inplace)


#: What selu's numbers become that are dropped, so that mean and variance stay.
ALPHA = 1.7580993408473766


def _alpha(input: Any, p: float, training: bool, inplace: bool, channels: bool) -> Any:
    if not _drops(input, p, training):
        return input
    kind = input.array.dtype
    if p == 1.0:
        return _times(input, np.zeros((), kind), inplace)
    shape = _of_channels(input) if channels else input.array.shape
    noise = tensors.Tensor(_kept(shape, kind, p))
    by = 1.0 / math.sqrt((ALPHA * ALPHA * p + 1) * (1 - p))
    shift = apply_("mul.scalar", apply("add.scalar", noise, other=-1), other=ALPHA * by)
    shift = apply_("add.scalar", shift, other=ALPHA * by * p)
    with events.muted():
        apply_("mul.scalar", noise, other=by)
    made = apply_("mul", input, noise) if inplace else mul(input, noise)
    return apply_("add", made, shift)


def alpha_dropout(input: Any, p: float = 0.5, training: bool = False, inplace: bool = False) -> Any:
    """Dropout that keeps mean and variance of what selu made."""
    return _alpha(input, p, training, inplace, False)


def feature_alpha_dropout(
    input: Any, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Any:
    """The same for whole channels."""
    return _alpha(input, p, training, inplace, True)


# ---------------------------------------------------------------- layouts


def _pair(value: Any) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    first, second = value
    return first, second


def pixel_shuffle(input: Any, upscale_factor: int) -> Any:
    """Channels as finer pixels."""
    return apply(
        "pixel_shuffle", need_tensor(input, "pixel_shuffle"), upscale_factor=upscale_factor
    )


def pixel_unshuffle(input: Any, downscale_factor: int) -> Any:
    """Pixels as channels."""
    need_tensor(input, "pixel_unshuffle")
    return apply("pixel_unshuffle", input, downscale_factor=downscale_factor)


def channel_shuffle(input: Any, groups: int) -> Any:
    """Channels of several groups in turn."""
    return apply("channel_shuffle", need_tensor(input, "channel_shuffle"), groups=groups)


def unfold(
    input: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Any:
    """A column for each window of an image."""
    need_tensor(input, "im2col")
    if input.array.dtype.kind != "f":
        raise NotImplementedError(f"\"im2col_out_cpu\" not implemented for '{input.dtype.legacy}'")
    return apply(
        "im2col", input, kernel_size=_pair(kernel_size), dilation=_pair(dilation),
        padding=_pair(padding), stride=_pair(stride),
    )  # fmt: skip


def fold(
    input: Any,
    output_size: Any,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
) -> Any:
    """An image from a column for each of its windows."""
    need_tensor(input, "col2im")
    return apply(
        "col2im", input, output_size=_pair(output_size), kernel_size=_pair(kernel_size),
        dilation=_pair(dilation), padding=_pair(padding), stride=_pair(stride),
    )  # fmt: skip


# ---------------------------------------------------------------- the rest


def bilinear(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Any:
    """x1ᵀ W x2 + b for each of the outputs."""
    for position, (name, one) in enumerate((("input1", input1), ("input2", input2)), 1):
        need_tensor(one, "bilinear", name, position)
    if input1.ndim != input2.ndim:
        raise RuntimeError(
            f"bilinear(): input dimensions do not match: got {input1.ndim} and {input2.ndim}"
        )
    for dim, (one, other) in enumerate(zip(input1.shape[:-1], input2.shape[:-1], strict=True)):
        if one != other:
            raise RuntimeError(
                f"bilinear(): input batch dimensions do not match at dim {dim}: got {one} and "
                f"{other}"
            )
    for number, one in ((1, input1), (2, input2)):
        if one.shape[-1] != weight.shape[number]:
            raise RuntimeError(
                f"bilinear(): input{number} size does not match weight size: got {one.shape[-1]} "
                f"but expected {weight.shape[number]}"
            )
    rows = math.prod(input1.shape[:-1])
    state.make_room((weight.shape[0], rows, weight.shape[2]), input1.array.itemsize)
    first, second = (reshape(one, (rows, one.shape[-1])) for one in (input1, input2))
    made = apply(
        "_trilinear", first, weight, second,
        expand1=(1, 3), expand2=(0,), expand3=(1, 2), sumdim=(2, 3), unroll_dim=1,
    )  # fmt: skip
    made = reshape(made, (*input1.shape[:-1], weight.shape[0]))
    return made if bias is None else add(made, bias)


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """The cosine of the angle between two vectors."""
    need_tensor(x1, "cosine_similarity", "x1")
    need_tensor(x2, "cosine_similarity", "x2", 2)
    common = result_type([x1, x2], [])
    if not common.is_floating_point:
        raise RuntimeError(
            f"expected common dtype to be floating point, yet common dtype is {common.legacy}"
        )
    both = (x1.to(common), x2.to(common))
    if x1.shape != x2.shape:
        size = broadcast(x1.array.shape, x2.array.shape)
        second = expand(both[1], size)
        both = (expand(both[0], size), second)
    lengths = [
        apply("clone", apply("linalg_vector_norm", one, ord=2.0, dim=dim, keepdim=True))
        for one in both
    ]
    for length in lengths:
        _at_least(length, eps)
    second = div(both[1], lengths[1])
    return sum_(mul(div(both[0], lengths[0]), second), dim)


def _at_least(length: Any, eps: float) -> None:
    """Smaller numbers raised to ``eps`` in place, which the graph does not see."""
    now = state.now()
    before, now.grad_enabled = now.grad_enabled, False
    try:
        apply_("clamp_min.tensor", length, eps)
    finally:
        now.grad_enabled = before


def rms_norm(input: Any, normalized_shape: Any, weight: Any = None, eps: Any = None) -> Any:
    """Divided by the root of the mean square over the last dimensions."""
    need_tensor(input, "rms_norm")
    shape = tuple(normalized_shape)
    if tuple(input.shape[-len(shape) :]) != shape:
        wanted = ", ".join(str(n) for n in shape)
        raise RuntimeError(
            f"Given normalized_shape={list(shape)}, expected input with shape [*{wanted}], but "
            f"got input of size{list(input.shape)}"
        )
    refuse("rms_norm", "iub", input)
    if eps is None:
        eps = float(np.finfo(input.array.dtype).eps)
    axes = tuple(range(input.ndim - 1, input.ndim - len(shape) - 1, -1))
    square = apply("pow", input, exponent=2)
    mean = apply("mean.dim", square, dim=axes[0] if len(axes) == 1 else axes, keepdim=True)
    made = mul(input, apply("rsqrt", apply_("add.scalar", mean, other=eps)))
    return (made if weight is None else mul(made, weight)).contiguous()


def gumbel_softmax(
    logits: Any, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Any:
    """A softmax of scores with random numbers added; ``hard``: its largest as 1, the rest as 0."""
    need_tensor(logits, "gumbel_softmax", "logits")
    waits = default_generator().exponential(logits.array.shape, logits.array.dtype)
    noise = neg(tensors.Tensor(np.asarray(waits)).log())
    soft = softmax_(div(add(logits, noise), tau), dim)
    if not hard:
        return soft
    index = soft.max(dim, keepdim=True)[1]
    one_hot = tensors.Tensor(np.zeros_like(logits.array, order="C"))
    with events.muted():
        np.put_along_axis(one_hot.array, index.array, 1, dim)
        constant = soft.detach()
    return add(sub(one_hot, constant), soft)
