"""Convolution: the same small kernel laid over every place of the input.

Each place under the kernel becomes a column of numbers, so that one matrix product does the whole
work (``im2col``). What the forward pass gathers, the gradient of the input scatters back; a
transposed convolution is exactly that scattering, so the two share their functions.

Inputs are (N, C, *spatial), kernels (out, C / groups, *kernel), in any number of dimensions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Saved, Shape, Vjp, define

Sizes = Sequence[int]


def windows(
    kernel: Sizes, out: Sizes, stride: Sizes, dilation: Sizes
) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
    """For each place of the kernel: its index, and where the padded input lies under it."""
    for at in np.ndindex(*kernel):
        yield (
            at,
            tuple(
                slice(i * d, i * d + (n - 1) * s + 1, s)
                for i, n, s, d in zip(at, out, stride, dilation, strict=True)
            ),
        )


def padded(x: Any, padding: Sizes, value: float = 0) -> Any:
    """``x`` with ``padding`` on both sides of each spatial dimension."""
    if not any(padding):
        return x
    lead = x.ndim - len(padding)
    shape = [n + 2 * p for n, p in zip(x.shape[lead:], padding, strict=True)]
    result: Any = np.full((*x.shape[:lead], *shape), value, x.dtype)
    inside = (slice(p, p + n) for p, n in zip(padding, x.shape[lead:], strict=True))
    result[(..., *inside)] = x
    return result


def _columns(x: Any, kernel: Sizes, out: Sizes, stride: Sizes, dilation: Sizes, groups: int) -> Any:
    """(N, groups, C/groups · kernel, places): what lies under the kernel at each place."""
    n, channels = x.shape[:2]
    made: Any = np.empty((n, channels, *kernel, *out), x.dtype)
    for at, under in windows(kernel, out, stride, dilation):
        made[(slice(None), slice(None), *at)] = x[(..., *under)]
    return made.reshape(n, groups, channels // groups * math.prod(kernel), math.prod(out))


def _correlate(
    x: Any, weight: Any, out: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Any:
    """The kernel's sum of products at each place of ``x``."""
    kernel = weight.shape[2:]
    columns = _columns(padded(x, padding), kernel, out, stride, dilation, groups)
    rows = weight.reshape(groups, weight.shape[0] // groups, columns.shape[2])
    return (rows @ columns).reshape(len(x), weight.shape[0], *out)


def _scatter(
    g: Any, weight: Any, size: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Any:
    """Each number of ``g`` times the kernel, added up where the kernel lay; the gradient of
    ``_correlate`` for an input of ``size``."""
    kernel, out = weight.shape[2:], g.shape[2:]
    rows = weight.reshape(groups, weight.shape[0] // groups, -1)
    flat = g.reshape(len(g), groups, weight.shape[0] // groups, math.prod(out))
    columns = np.swapaxes(rows, 1, 2) @ flat
    channels = weight.shape[1] * groups
    columns = columns.reshape(len(g), channels, *kernel, *out)
    whole = [n + 2 * p for n, p in zip(size, padding, strict=True)]
    result: Any = np.zeros((len(g), channels, *whole), columns.dtype)
    for at, under in windows(kernel, out, stride, dilation):
        result[(..., *under)] += columns[(slice(None), slice(None), *at)]
    inside = (slice(p, p + n) for p, n in zip(padding, size, strict=True))
    return result[(..., *inside)]


def _kernel_gradient(
    x: Any, g: Any, shape: Shape, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Any:
    """The gradient of the kernel in ``_correlate(x, kernel)``."""
    out = g.shape[2:]
    columns = _columns(padded(x, padding), shape[2:], out, stride, dilation, groups)
    flat = g.reshape(len(g), groups, shape[0] // groups, math.prod(out))
    return (flat @ np.swapaxes(columns, 2, 3)).sum(axis=0).reshape(shape)


def convolution_shape(
    input: Shape,
    weight: Shape,
    bias: Shape = (),
    *,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    transposed: bool = False,
    output_padding: Sizes = (),
    groups: int = 1,
) -> Shape:
    """(N, out channels, *places)."""
    spatial, kernel = input[2:], weight[2:]
    if transposed:
        sizes = [
            (n - 1) * s - 2 * p + d * (k - 1) + extra + 1
            for n, s, p, d, k, extra in zip(
                spatial, stride, padding, dilation, kernel, output_padding, strict=True
            )
        ]
        return (input[0], weight[1] * groups, *sizes)
    places = [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, p, d, k, s in zip(spatial, padding, dilation, kernel, stride, strict=True)
    ]
    return (input[0], weight[0], *places)


def _convolution(
    input: Any,
    weight: Any,
    bias: Any = None,
    *,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    transposed: bool = False,
    output_padding: Sizes = (),
    groups: int = 1,
) -> Any:
    shape = convolution_shape(
        input.shape, weight.shape, stride=stride, padding=padding, dilation=dilation,
        transposed=transposed, output_padding=output_padding, groups=groups,
    )  # fmt: skip
    work = _scatter if transposed else _correlate
    made = work(input, weight, shape[2:], stride, padding, dilation, groups)
    return made if bias is None else made + bias.reshape(-1, *(1,) * (input.ndim - 2))


def _input_vjp(g: Any, s: Saved) -> Any:
    work = _correlate if s.transposed else _scatter
    return work(g, s.weight, s.input_shape[2:], s.stride, s.padding, s.dilation, s.groups)


def _weight_vjp(g: Any, s: Saved) -> Any:
    x, arriving = (g, s.input) if s.transposed else (s.input, g)
    return _kernel_gradient(x, arriving, s.weight_shape, s.stride, s.padding, s.dilation, s.groups)


define(
    Op(
        name="convolution",
        grad_fn="ConvolutionBackward0",
        forward=_convolution,
        shape=convolution_shape,
        formula=Formula("$weight ⋆ $input + $bias", r"$weight \star $input + $bias"),
        vjps={
            "input": Vjp(
                _input_vjp,
                Formula(
                    "each $grad times the kernel $weight, added up where it lay",
                    r"$weight \ast $grad",
                ),
                saves=("weight", "input_shape"),
            ),
            "weight": Vjp(
                _weight_vjp,
                Formula(
                    "Σ $grad · the part of $input under the kernel",
                    r"\sum_{p} {$grad}_{p} \, {$input}_{p + k}",
                ),
                saves=("input", "weight_shape"),
            ),
            "bias": Vjp(
                lambda g, s: g.sum(axis=(0, *range(2, g.ndim))),
                Formula("Σ $grad of each channel", r"\sum $grad"),
            ),
        },
        help="Lays one small kernel over every place; all places share its weights.",
    )
)
