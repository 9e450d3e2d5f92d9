"""Pooling: the largest number, or the mean, of each window of an image.

Inputs are (N, C, H, W) or (C, H, W); windows move over the last two dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Saved, Shape, Vjp, define
from backprop_tui.ops.convolution import padded, windows

Pair = Sequence[int]


def _places(
    sizes: Pair, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, ceil: bool
) -> tuple[int, ...]:
    """How many windows fit; with ``ceil`` the last may reach over the edge."""
    found = []
    for n, k, s, p, d in zip(sizes, kernel, stride, padding, dilation, strict=True):
        room = n + 2 * p - d * (k - 1) - 1 + (s - 1 if ceil else 0)
        count = room // s + 1
        if ceil and (count - 1) * s >= n + p:
            count -= 1
        found.append(count)
    return tuple(found)


def _checked(
    self: Shape, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, ceil: bool
) -> Shape:
    """The shape of the result, or PyTorch's errors."""
    if min(stride) <= 0:
        raise RuntimeError("stride should not be zero")
    if min(kernel) <= 0:
        raise RuntimeError("kernel size should be greater than zero")
    if min(dilation) <= 0:
        raise RuntimeError("dilation should be greater than zero")
    for k, p, d in zip(kernel, padding, dilation, strict=True):
        if p < 0:
            raise RuntimeError(f"pad must be non-negative, but got pad: {p}")
        if p > (d * (k - 1) + 1) // 2:
            raise RuntimeError(
                f"pad should be at most half of effective kernel size, but got pad={p}, "
                f"kernel_size={k} and dilation={d}"
            )
    out = _places(self[-2:], kernel, stride, padding, dilation, ceil)
    if min(out) < 1:
        sizes = "x".join(str(n) for n in self[-3:])
        small = "x".join(str(n) for n in (self[-3], *out))
        raise RuntimeError(
            f"Given input size: ({sizes}). Calculated output size: ({small}). "
            "Output size is too small"
        )
    return (*self[:-2], *out)


def _reach(
    self: Any, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, out: Pair, value: float
) -> Any:
    """The padded input, as far as the last windows reach."""
    x = padded(self, padding, value)
    result_shape = list(x.shape)
    for axis, n, s, d, k in zip((-2, -1), out, stride, dilation, kernel, strict=True):
        result_shape[axis] = max(x.shape[axis], (n - 1) * s + d * (k - 1) + 1)
    if tuple(result_shape) == x.shape:
        return x
    result = np.full(result_shape, value, x.dtype)
    result[..., : x.shape[-2], : x.shape[-1]] = x
    return result


# ---------------------------------------------------------------- the largest


def max_pool_shape(
    self: Shape,
    *,
    kernel_size: Pair,
    stride: Pair,
    padding: Pair = (0, 0),
    dilation: Pair = (1, 1),
    ceil_mode: bool = False,
) -> tuple[Shape, Shape]:
    """The largest numbers, and where in their plane they were."""
    shape = _checked(self, kernel_size, stride or kernel_size, padding, dilation, ceil_mode)
    return shape, shape


def _max_pool(
    self: Any,
    *,
    kernel_size: Pair,
    stride: Pair,
    padding: Pair = (0, 0),
    dilation: Pair = (1, 1),
    ceil_mode: bool = False,
) -> tuple[Any, Any]:
    stride = stride or kernel_size
    shape, _ = max_pool_shape(
        self.shape, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation,
        ceil_mode=ceil_mode,
    )  # fmt: skip
    out = shape[-2:]
    lowest: Any = np.iinfo(self.dtype).min if self.dtype.kind == "i" else -np.inf
    x = _reach(self, kernel_size, stride, padding, dilation, out, lowest)
    width = self.shape[-1]
    rows = (np.arange(out[0]) * stride[0] - padding[0])[:, np.newaxis]
    columns = np.arange(out[1]) * stride[1] - padding[1]
    best: Any = None
    for (i, j), under in windows(kernel_size, out, stride, dilation):
        here = x[(..., *under)]
        down, along = rows + i * dilation[0], columns + j * dilation[1]
        at = down * width + along
        inside = (down >= 0) & (down < self.shape[-2]) & (along >= 0) & (along < width)
        if best is None:
            best = here.copy()
            place, seen = (np.broadcast_to(one, shape).copy() for one in (at, inside))
            continue
        # What lies outside is never the largest: the first number inside takes its place.
        better = ((here > best) | (here != here) | ~seen) & inside
        best = np.where(better, here, best)
        place = np.where(better, at, place)
        seen |= inside
    return best, place


def _put_back(g: Any, s: Saved) -> Any:
    """Each gradient at the place where the largest number was."""
    shape = s.self_shape
    planes = int(np.prod(shape[:-2]))
    size = shape[-2] * shape[-1]
    result = np.zeros(planes * size, g[0].dtype)
    at = s.result[1].reshape(planes, -1) + np.arange(planes)[:, np.newaxis] * size
    np.add.at(result, at.reshape(-1), g[0].reshape(-1))
    return result.reshape(shape)


define(
    Op(
        name="max_pool2d_with_indices",
        grad_fn="MaxPool2DWithIndicesBackward0",
        outputs=2,
        forward=_max_pool,
        shape=max_pool_shape,
        formula=Formula("the largest of each window of $self", r"\max_{\text{window}} $self"),
        vjps={
            "self": Vjp(
                _put_back,
                Formula(
                    "$grad at the largest of each window, else 0",
                    r"$grad \cdot [\text{largest of its window}]",
                ),
                saves=("self_shape", "result"),
            )
        },
        help="Keeps the largest number of each window; only it gets a gradient.",
    )
)

# ---------------------------------------------------------------- the mean


def avg_pool_shape(
    self: Shape,
    *,
    kernel_size: Pair,
    stride: Pair,
    padding: Pair = (0, 0),
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Shape:
    """The mean of each window."""
    if divisor_override == 0:
        raise RuntimeError("divisor must be not zero")
    return _checked(self, kernel_size, stride or kernel_size, padding, (1, 1), ceil_mode)


def _divisor(
    shape: Shape,
    out: Pair,
    kernel_size: Pair,
    stride: Pair,
    padding: Pair,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Any:
    """How many numbers each window counts."""
    if divisor_override is not None:
        return divisor_override
    counts = []
    for size, n, k, s, p in zip(shape[-2:], out, kernel_size, stride, padding, strict=True):
        start = np.arange(n) * s - p
        end = np.minimum(start + k, size + p)
        if not count_include_pad:
            start, end = np.maximum(start, 0), np.minimum(end, size)
        counts.append(end - start)
    return counts[0][:, np.newaxis] * counts[1]


def _avg_pool(
    self: Any,
    *,
    kernel_size: Pair,
    stride: Pair,
    padding: Pair = (0, 0),
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    stride = stride or kernel_size
    out = _places(self.shape[-2:], kernel_size, stride, padding, (1, 1), ceil_mode)
    x = _reach(self, kernel_size, stride, padding, (1, 1), out, 0)
    parts = [x[(..., *under)] for _, under in windows(kernel_size, out, stride, (1, 1))]
    total = parts[0].copy()
    for part in parts[1:]:
        total = total + part
    divisor = _divisor(
        self.shape, out, kernel_size, stride, padding, count_include_pad, divisor_override
    )
    return _quotient(total, divisor)


def _quotient(total: Any, divisor: Any) -> Any:
    """``total / divisor`` in the dtype of ``total``."""
    if total.dtype.kind == "f" and isinstance(divisor, np.ndarray):
        return total / divisor.astype(total.dtype)
    return total // divisor if total.dtype.kind == "i" else total / divisor


def _avg_pool_vjp(g: Any, s: Saved) -> Any:
    stride = s.stride or s.kernel_size
    shape, out = s.self_shape, g.shape[-2:]
    each = _quotient(
        g,
        _divisor(
            shape, out, s.kernel_size, stride, s.padding, s.count_include_pad, s.divisor_override
        ),
    )
    whole = [
        max(n + 2 * p, (m - 1) * t + k)
        for n, p, m, t, k in zip(shape[-2:], s.padding, out, stride, s.kernel_size, strict=True)
    ]
    result: Any = np.zeros((*shape[:-2], *whole), g.dtype)
    for _, under in windows(s.kernel_size, out, stride, (1, 1)):
        result[(..., *under)] += each
    top, left = s.padding
    return result[..., top : top + shape[-2], left : left + shape[-1]]


define(
    Op(
        name="avg_pool2d",
        grad_fn="AvgPool2DBackward0",
        forward=_avg_pool,
        shape=avg_pool_shape,
        formula=Formula(
            "the mean of each window of $self", r"\tfrac{1}{k} \sum_{\text{window}} $self"
        ),
        vjps={
            "self": Vjp(
                _avg_pool_vjp,
                Formula("$grad / k to each number of the window", r"\tfrac{1}{k} \, $grad"),
                saves=("self_shape",),
            )
        },
        help="Takes the mean of each window; all its numbers share the gradient.",
    )
)

# ---------------------------------------------------------------- to a given size


def adaptive_shape(self: Shape, *, output_size: Pair) -> Shape:
    """The wanted size, whatever the input's."""
    return (*self[:-2], *output_size)


def _parts(shape: Shape, output_size: Pair) -> list[tuple[int, int, slice, slice]]:
    """The windows that divide the plane into so many parts: they may overlap by one."""
    rows, columns = (
        [slice(i * n // m, -((-(i + 1) * n) // m)) for i in range(m)]
        for n, m in zip(shape[-2:], output_size, strict=True)
    )
    return [(i, j, rows[i], columns[j]) for i in range(len(rows)) for j in range(len(columns))]


def _adaptive_avg(self: Any, *, output_size: Pair) -> Any:
    result = np.zeros((*self.shape[:-2], *output_size), self.dtype)
    for i, j, rows, columns in _parts(self.shape, output_size):
        part = self[..., rows, columns]
        result[..., i, j] = part.sum(axis=(-2, -1)) / (part.shape[-2] * part.shape[-1])
    return result


def _adaptive_avg_vjp(g: Any, s: Saved) -> Any:
    result = np.zeros(s.self_shape, g.dtype)
    for i, j, rows, columns in _parts(s.self_shape, s.output_size):
        count = (rows.stop - rows.start) * (columns.stop - columns.start)
        result[..., rows, columns] += (g[..., i, j] / count)[..., np.newaxis, np.newaxis]
    return result


define(
    Op(
        name="_adaptive_avg_pool2d",
        grad_fn="AdaptiveAvgPool2DBackward0",
        forward=_adaptive_avg,
        shape=adaptive_shape,
        formula=Formula(
            "the mean of each of $output_size parts of $self",
            r"\operatorname{mean}_{\text{part}} $self",
        ),
        vjps={
            "self": Vjp(
                _adaptive_avg_vjp,
                Formula("$grad / k to each number of the part", r"\tfrac{1}{k} \, $grad"),
                saves=("self_shape",),
            )
        },
        help="Averages an image of any size down to a given one.",
    )
)


def _adaptive_max(self: Any, *, output_size: Pair) -> tuple[Any, Any]:
    values = np.zeros((*self.shape[:-2], *output_size), self.dtype)
    places = np.zeros(values.shape, np.int64)
    for i, j, rows, columns in _parts(self.shape, output_size):
        part = self[..., rows, columns]
        flat = part.reshape(*part.shape[:-2], -1)
        at = flat.argmax(axis=-1)
        values[..., i, j] = np.take_along_axis(flat, at[..., np.newaxis], -1)[..., 0]
        down, along = np.divmod(at, part.shape[-1])
        places[..., i, j] = (rows.start + down) * self.shape[-1] + columns.start + along
    return values, places


define(
    Op(
        name="adaptive_max_pool2d",
        grad_fn="AdaptiveMaxPool2DBackward0",
        outputs=2,
        forward=_adaptive_max,
        shape=lambda self, *, output_size: (adaptive_shape(self, output_size=output_size),) * 2,
        formula=Formula(
            "the largest of each of $output_size parts of $self", r"\max_{\text{part}} $self"
        ),
        vjps={
            "self": Vjp(
                _put_back,
                Formula(
                    "$grad at the largest of each part, else 0",
                    r"$grad \cdot [\text{largest of its part}]",
                ),
                saves=("self_shape", "result"),
            )
        },
        help="The largest numbers of an image of any size, in a given size.",
    )
)
