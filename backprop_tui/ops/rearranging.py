"""Numbers of images laid out anew: patches side by side (``unfold``), channels as finer pixels
(``pixel_shuffle``), channels of groups in turn (``channel_shuffle``).

Each number goes to one place or to several, so the gradient only walks the way back.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Shape, Vjp, define

Pair = tuple[int, int]


# ---------------------------------------------------------------- channels as pixels


def _need_image(name: str, shape: Shape, factor: int, word: str) -> None:
    if len(shape) < 3:
        raise RuntimeError(
            f"{name} expects input to have at least 3 dimensions, but got input with "
            f"{len(shape)} dimension(s)"
        )
    if factor <= 0:
        raise RuntimeError(f"{name} expects a positive {word}, but got {factor}")


def shuffle_shape(self: Shape, *, upscale_factor: int) -> Shape:
    """Fewer channels, more pixels."""
    _need_image("pixel_shuffle", self, upscale_factor, "upscale_factor")
    *lead, channels, rows, columns = self
    area = upscale_factor**2
    if channels % area:
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square "
            f"of upscale_factor, but input.size(-3)={channels} is not divisible by {area}"
        )
    return (*lead, channels // area, rows * upscale_factor, columns * upscale_factor)


def unshuffle_shape(self: Shape, *, downscale_factor: int) -> Shape:
    """More channels, fewer pixels."""
    _need_image("pixel_unshuffle", self, downscale_factor, "downscale_factor")
    *lead, channels, rows, columns = self
    for name, at, size in (("height", -2, rows), ("width", -1, columns)):
        if size % downscale_factor:
            raise RuntimeError(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but "
                f"input.size({at})={size} is not divisible by {downscale_factor}"
            )
    area = downscale_factor**2
    return (*lead, channels * area, rows // downscale_factor, columns // downscale_factor)


def _shuffled(x: Any, by: int) -> Any:
    *lead, channels, rows, columns = x.shape
    x = x.reshape(*lead, channels // by**2, by, by, rows, columns)
    n = len(lead)
    x = x.transpose(*range(n), n, n + 3, n + 1, n + 4, n + 2)
    return x.reshape(*lead, channels // by**2, rows * by, columns * by)


def _unshuffled(x: Any, by: int) -> Any:
    *lead, channels, rows, columns = x.shape
    x = x.reshape(*lead, channels, rows // by, by, columns // by, by)
    n = len(lead)
    x = x.transpose(*range(n), n, n + 2, n + 4, n + 1, n + 3)
    return x.reshape(*lead, channels * by**2, rows // by, columns // by)


define(
    Op(
        name="pixel_shuffle",
        grad_fn="PixelShuffleBackward0",
        forward=lambda self, *, upscale_factor: _shuffled(self, upscale_factor),
        shape=shuffle_shape,
        formula=Formula(
            "$self, $upscale_factor² channels laid out as one finer image",
            r"\operatorname{shuffle}_{$upscale_factor}($self)",
        ),
        vjps={
            "self": Vjp(
                lambda g, s: _unshuffled(g, s.upscale_factor),
                Formula(
                    "$grad, its pixels laid out as channels again",
                    r"\operatorname{shuffle}_{$upscale_factor}^{-1}($grad)",
                ),
            )
        },
        help="Channels become pixels: a larger image with fewer channels.",
    )
)
define(
    Op(
        name="pixel_unshuffle",
        grad_fn="PixelUnshuffleBackward0",
        forward=lambda self, *, downscale_factor: _unshuffled(self, downscale_factor),
        shape=unshuffle_shape,
        formula=Formula(
            "$self, its pixels laid out as $downscale_factor² channels",
            r"\operatorname{shuffle}_{$downscale_factor}^{-1}($self)",
        ),
        vjps={
            "self": Vjp(
                lambda g, s: _shuffled(g, s.downscale_factor),
                Formula(
                    "$grad, its channels laid out as pixels again",
                    r"\operatorname{shuffle}_{$downscale_factor}($grad)",
                ),
            )
        },
        help="Pixels become channels: a smaller image with more channels.",
    )
)


def channel_shuffle_shape(self: Shape, *, groups: int) -> Shape:
    """The same shape; the channels must divide among the groups."""
    if len(self) <= 2:
        raise RuntimeError(
            f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(self)}"
        )
    if groups <= 0:
        raise RuntimeError(
            f"Number of groups to divide channels in must be positive. Value of groups:{groups}"
        )
    if self[1] % groups:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {self[1]} channels and "
            f"{groups} groups."
        )
    return self


def _in_turn(x: Any, groups: int) -> Any:
    batch, channels, *rest = x.shape
    parts = x.reshape(batch, groups, channels // groups, *rest)
    return parts.swapaxes(1, 2).reshape(x.shape)


define(
    Op(
        name="channel_shuffle",
        grad_fn="ChannelShuffleBackward0",
        forward=lambda self, *, groups: _in_turn(self, groups),
        shape=channel_shuffle_shape,
        formula=Formula(
            "$self, its $groups groups of channels in turn",
            r"\operatorname{shuffle}_{$groups}($self)",
        ),
        vjps={
            "self": Vjp(
                lambda g, s: _in_turn(g, g.shape[1] // s.groups),
                Formula(
                    "$grad, its channels back in their groups",
                    r"\operatorname{shuffle}_{$groups}^{-1}($grad)",
                ),
            )
        },
        help="Channels of several groups are dealt out like cards.",
    )
)

# ---------------------------------------------------------------- patches


def _check_windows(kernel_size: Pair, dilation: Pair, padding: Pair, stride: Pair) -> None:
    for name, sizes, short in (
        ("kernel size", kernel_size, "kernel"),
        ("stride", stride, "stride"),
        ("dilation", dilation, "dilation"),
    ):
        if min(sizes) <= 0:
            raise RuntimeError(
                f"{name} should be greater than zero, but got {short}_height: {sizes[0]} "
                f"{short}_width: {sizes[1]}"
            )
    if min(padding) < 0:
        raise RuntimeError(
            f"padding should be non-negative, but got pad_height: {padding[0]} "
            f"pad_width: {padding[1]}"
        )


def _blocks(size: Pair, kernel_size: Pair, dilation: Pair, padding: Pair, stride: Pair) -> Pair:
    """How many windows there are, downwards and to the right."""
    found = [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, d, p, s in zip(size, kernel_size, dilation, padding, stride, strict=True)
    ]
    return found[0], found[1]


def im2col_shape(
    self: Shape, *, kernel_size: Pair, dilation: Pair, padding: Pair, stride: Pair
) -> Shape:
    """For each window a column of all its numbers."""
    _check_windows(kernel_size, dilation, padding, stride)
    if len(self) < 3:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [-{len(self)}, {len(self) - 1}], "
            f"but got 2)"
        )
    *lead, channels, rows, columns = self
    down, right = _blocks((rows, columns), kernel_size, dilation, padding, stride)
    if down < 1 or right < 1:
        raise RuntimeError(
            f"Given input with spatial size ({rows}, {columns}), kernel_size={tuple(kernel_size)}, "
            f"dilation={tuple(dilation)}, padding={tuple(padding)}, calculated shape of the array "
            f"of sliding blocks as ({down}, {right}), but its components must be at least one."
        )
    return (*lead, channels * math.prod(kernel_size), down * right)


def col2im_shape(
    self: Shape,
    *,
    output_size: Pair,
    kernel_size: Pair,
    dilation: Pair,
    padding: Pair,
    stride: Pair,
) -> Shape:
    """An image from a column for each of its windows."""
    _check_windows(kernel_size, dilation, padding, stride)
    if len(self) not in (2, 3):
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and "
            f"non-zero dimensions for input, but got: {list(self)}"
        )
    *lead, rows, windows = self
    area = math.prod(kernel_size)
    at = len(lead)
    if rows % area:
        raise RuntimeError(
            f"Expected size of input's dimension {at} to be divisible by the product of "
            f"kernel_size, but got input.size({at})={rows} and kernel_size={tuple(kernel_size)}."
        )
    down, right = _blocks(output_size, kernel_size, dilation, padding, stride)
    if down * right != windows:
        raise RuntimeError(
            f"Given output_size={tuple(output_size)}, kernel_size={tuple(kernel_size)}, "
            f"dilation={tuple(dilation)}, padding={tuple(padding)}, stride={tuple(stride)}, "
            f"expected size of input's dimension {at + 1} to match the calculated number of "
            f"sliding blocks {down} * {right} = {down * right}, but got "
            f"input.size({at + 1})={windows}."
        )
    return (*lead, rows // area, *output_size)


def _im2col(x: Any, kernel_size: Pair, dilation: Pair, padding: Pair, stride: Pair) -> Any:
    *lead, channels, rows, columns = x.shape
    down, right = _blocks((rows, columns), kernel_size, dilation, padding, stride)
    around = [(0, 0)] * (x.ndim - 2) + [(p, p) for p in padding]
    padded = np.pad(x, around) if any(padding) else x
    places = []
    for count, k, d, s in zip((down, right), kernel_size, dilation, stride, strict=True):
        places.append(np.arange(k)[:, np.newaxis] * d + np.arange(count) * s)
    picked = padded[..., places[0][:, np.newaxis, :, np.newaxis], places[1][:, np.newaxis, :]]
    return picked.reshape(*lead, channels * math.prod(kernel_size), down * right)


def _col2im(
    columns: Any, size: Pair, kernel_size: Pair, dilation: Pair, padding: Pair, stride: Pair
) -> Any:
    *lead, rows, _ = columns.shape
    channels = rows // math.prod(kernel_size)
    down, right = _blocks(size, kernel_size, dilation, padding, stride)
    parts = columns.reshape(*lead, channels, *kernel_size, down, right)
    around = [n + 2 * p for n, p in zip(size, padding, strict=True)]
    made = np.zeros((*lead, channels, *around), columns.dtype)
    for i, j in np.ndindex(*kernel_size):
        first = slice(i * dilation[0], i * dilation[0] + stride[0] * down, stride[0])
        second = slice(j * dilation[1], j * dilation[1] + stride[1] * right, stride[1])
        made[..., first, second] = made[..., first, second] + parts[..., i, j, :, :]
    return made[..., padding[0] : padding[0] + size[0], padding[1] : padding[1] + size[1]]


define(
    Op(
        name="im2col",
        grad_fn="Im2ColBackward0",
        forward=lambda self, *, kernel_size, dilation, padding, stride: _im2col(
            self, kernel_size, dilation, padding, stride
        ),
        shape=im2col_shape,
        formula=Formula(
            "the numbers of each window of $self in a column",
            r"\operatorname{unfold}($self)",
        ),
        vjps={
            "self": Vjp(
                lambda g, s: _col2im(
                    g, s.self_shape[-2:], s.kernel_size, s.dilation, s.padding, s.stride
                ),
                Formula("Σ of $grad over the windows of a pixel", r"\operatorname{fold}($grad)"),
                saves=("self_shape",),
            )
        },
        help="Cuts images into windows, a column for each; a pixel may be in several.",
    )
)
define(
    Op(
        name="col2im",
        grad_fn="Col2ImBackward0",
        forward=lambda self, *, output_size, kernel_size, dilation, padding, stride: _col2im(
            self, output_size, kernel_size, dilation, padding, stride
        ),
        shape=col2im_shape,
        formula=Formula("Σ of $self over the windows of a pixel", r"\operatorname{fold}($self)"),
        vjps={
            "self": Vjp(
                lambda g, s: _im2col(g, s.kernel_size, s.dilation, s.padding, s.stride),
                Formula(
                    "the numbers of each window of $grad in a column",
                    r"\operatorname{unfold}($grad)",
                ),
            )
        },
        help="Puts windows back into images; where they overlap they are added up.",
    )
)
