"""``nn.init``: how weights begin. All fill a tensor in place, outside of any graph."""

from __future__ import annotations

import math
import warnings

import numpy as np

from backprop_tui.engines.base import Array
from backprop_tui.engines.numpy_engine import events, random
from backprop_tui.engines.numpy_engine.generator import Generator
from backprop_tui.engines.numpy_engine.tensor import Tensor

__all__ = [
    "calculate_gain",
    "constant_",
    "dirac_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

_GAIN_ONE = (
    "linear",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "sigmoid",
)


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor that keeps the scale of activations through this nonlinearity."""
    if nonlinearity in _GAIN_ONE:
        return 1
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        if param is not None and (isinstance(param, bool) or not isinstance(param, int | float)):
            raise ValueError(f"negative_slope {param} not a valid number")
        slope = 0.01 if param is None else param
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity == "selu":
        return 3.0 / 4
    raise ValueError(f"Unsupported nonlinearity {nonlinearity}")


def fans(tensor: Tensor) -> tuple[int, int]:
    """How many inputs and outputs a weight connects; ValueError below two dimensions."""
    shape = tensor.array.shape
    if len(shape) < 2:
        raise ValueError(
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions"
        )
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


def uniform_(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Uniform in [a, b)."""
    return random.uniform_(tensor, a, b, generator)


def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Normal with this mean and standard deviation."""
    return random.normal_(tensor, mean, std, generator)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """All the same value."""
    events.write(tensor, np.full_like(tensor.array, val))
    return tensor


def zeros_(tensor: Tensor) -> Tensor:
    """All zeros."""
    return constant_(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """All ones."""
    return constant_(tensor, 1.0)


def eye_(tensor: Tensor) -> Tensor:
    """The identity matrix; ValueError for a tensor that is no matrix."""
    if tensor.array.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    events.write(tensor, np.eye(*tensor.array.shape, dtype=tensor.array.dtype))
    return tensor


def xavier_uniform_(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Glorot's: uniform, with a variance that suits both directions."""
    fan_in, fan_out = fans(tensor)
    std = gain * math.sqrt(2.0 / float(fan_in + fan_out))
    bound = math.sqrt(3.0) * std
    return random.uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Glorot's: normal, with a variance that suits both directions."""
    fan_in, fan_out = fans(tensor)
    std = gain * math.sqrt(2.0 / float(fan_in + fan_out))
    return random.normal_(tensor, 0.0, std, generator)


def _kaiming(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    if mode.lower() not in ("fan_in", "fan_out"):
        raise ValueError(
            f"Mode {mode.lower()} not supported, please use one of ['fan_in', 'fan_out']"
        )
    fan = fans(tensor)[mode.lower() == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """He's: uniform, with a variance that suits rectifiers."""
    if 0 in tensor.array.shape:
        return tensor
    bound = math.sqrt(3.0) * _kaiming(tensor, a, mode, nonlinearity)
    return random.uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """He's: normal, with a variance that suits rectifiers."""
    if 0 in tensor.array.shape:
        return tensor
    return random.normal_(tensor, 0, _kaiming(tensor, a, mode, nonlinearity), generator)


def _share_below(x: float) -> float:
    """How much of a standard normal lies below ``x``."""
    return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Normal; what falls outside of [a, b] is drawn again."""
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
            "The distribution of values may be incorrect.",
            stacklevel=2,
        )
    stream = generator or random.default_generator()
    if _share_below((b - mean) / std) - _share_below((a - mean) / std) > 0.3:
        values, rounds = _drawn_again(tensor.array, stream, mean, std, a, b)
    else:
        values, rounds = _accepted(tensor.array, stream, mean, std, a, b)
    if rounds > 1:
        tensor._write(values)  # PyTorch writes the first draw and the last
    events.write(tensor, values)
    return tensor


def _drawn_again(
    like: Array, stream: Generator, mean: float, std: float, a: float, b: float
) -> tuple[Array, int]:
    """Normal numbers, drawn until all lie within, and how often that was."""
    low, high = (np.asarray(bound, like.dtype) for bound in (a, b))
    values = stream.normal(like.shape, mean, std, like.dtype)
    rounds = 1
    while (outside := (values < low) | (values > high)).any():
        values = np.where(outside, stream.normal(like.shape, mean, std, like.dtype), values)
        rounds += 1
    return values, rounds


def _accepted(
    like: Array, stream: Generator, mean: float, std: float, a: float, b: float
) -> tuple[Array, int]:
    """Uniform numbers, each accepted as often as the normal density says: [a, b] is far out."""
    peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2
    values = np.empty_like(like)
    pending = np.ones(like.shape, bool)
    rounds = 0
    while pending.any():
        candidates = stream.uniform(like.shape, a, b, like.dtype)
        values = np.where(pending, candidates, values)
        density = ((candidates - mean) / std) ** 2 * -0.5 - peak
        with np.errstate(divide="ignore"):
            refused = np.log(stream.uniform(like.shape, 0.0, 1.0, like.dtype)) > density
        pending &= refused
        rounds += 1
    return values.astype(like.dtype), rounds


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """Rows (or columns, where there are more rows) at right angles, of length ``gain``."""
    if tensor.array.ndim < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if not tensor.array.size:
        return tensor
    rows = tensor.array.shape[0]
    shape = (rows, tensor.array.size // rows)
    stream = generator or random.default_generator()
    flat = stream.normal(shape, 0.0, 1.0, tensor.array.dtype)
    wide = shape[0] < shape[1]
    q, r = np.linalg.qr(flat.T if wide else flat)
    q = q * np.sign(np.diagonal(r))  # without this, QR prefers some directions
    values = np.reshape(q.T if wide else q, tensor.array.shape)
    tensor._write(values)
    events.write(tensor, values * np.asarray(gain, values.dtype))
    return tensor


def sparse_(
    tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None
) -> Tensor:
    """Normal, with so great a share of every column 0."""
    if tensor.array.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor.array.shape
    stream = generator or random.default_generator()
    values = stream.normal((rows, columns), 0.0, std, tensor.array.dtype)
    for column in range(columns):
        tensor._write(values)
        order = random.default_generator().randperm(rows)
        values[order[: math.ceil(sparsity * rows)], column] = 0
    events.write(tensor, values)
    return tensor


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """The kernel of a convolution that passes its input on."""
    shape = tensor.array.shape
    if len(shape) not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    if shape[0] % groups:
        raise ValueError("dim 0 must be divisible by groups")
    values = np.zeros_like(tensor.array)
    middle = tuple(size // 2 for size in shape[2:])
    each = shape[0] // groups
    for group in range(groups):
        for channel in range(min(each, shape[1])):
            tensor._write(values)
            values[(group * each + channel, channel, *middle)] = 1
    events.write(tensor, values)
    return tensor
