"""Images made larger out of their own numbers: mirrored or repeated borders, nearest neighbours.

Each output element is one input element; the gradient of an input element is the sum over all
places where it was used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Shape, Vjp, define
from backprop_tui.ops.joining import in_order


def padded_indices(size: int, before: int, after: int, mirrored: bool) -> Any:
    """For each place along a padded dimension, which element of the input stands there."""
    at = np.arange(-before, size + after)
    if not mirrored:
        return np.clip(at, 0, size - 1)
    at = np.abs(at)
    return np.where(at >= size, 2 * (size - 1) - at, at)


def _pad_places(shape: Shape, padding: Sequence[int], mirrored: bool) -> tuple[Any, ...]:
    count = len(padding) // 2
    lines = []
    for i in range(count):
        size = shape[len(shape) - count + i]
        before, after = padding[2 * (count - 1 - i)], padding[2 * (count - 1 - i) + 1]
        lines.append(padded_indices(size, before, after, mirrored))
    return (..., *np.ix_(*lines))


def _pad_shape(mirrored: bool) -> Any:
    def shape(self: Shape, *, padding: Sequence[int]) -> Shape:
        """Every padded dimension larger by what is added before and after it."""
        count = len(padding) // 2
        sizes = list(self)
        for i in range(count):
            at, before, after = len(self) - 1 - i, padding[2 * i], padding[2 * i + 1]
            if mirrored and (before >= self[at] or after >= self[at]):
                raise RuntimeError(
                    "Argument #4: Padding size should be less than the corresponding input "
                    f"dimension, but got: padding ({before}, {after}) at dimension {at} of input "
                    f"{list(self)}"
                )
            sizes[at] += before + after
        return tuple(sizes)

    return shape


def _scattered(g: Any, shape: Shape, places: tuple[Any, ...]) -> Any:
    """The gradients added up at the places where their numbers came from."""
    out = np.zeros(shape, g.dtype)
    np.add.at(out, places, g)
    return out


def _define_pad(name: str, grad_fn: str, mirrored: bool, words: str) -> None:
    define(
        Op(
            name=name,
            grad_fn=grad_fn,
            forward=lambda self, *, padding: self[_pad_places(self.shape, padding, mirrored)],
            shape=_pad_shape(mirrored),
            formula=Formula(
                f"$self with {words} around it", rf"\operatorname{{{words.split()[0]}}}($self)"
            ),
            vjps={
                "self": Vjp(
                    lambda g, s: _scattered(
                        g, s.self_shape, _pad_places(s.self_shape, s.padding, mirrored)
                    ),
                    Formula("Σ of $grad over the places where the element was used", r"\sum $grad"),
                    saves=("self_shape",),
                )
            },
            help=f"More elements at the border: {words}.",
        )
    )


for _dims in (1, 2):
    _define_pad(
        f"reflection_pad{_dims}d",
        f"ReflectionPad{_dims}DBackward0",
        True,
        "mirrored elements",
    )
    _define_pad(
        f"replication_pad{_dims}d",
        f"ReplicationPad{_dims}DBackward0",
        False,
        "repeated elements",
    )


def _nearest_places(
    shape: Shape, output_size: Sequence[int], scales: Sequence[float | None]
) -> tuple[Any, ...]:
    lines = []
    for size, out, scale in zip(shape[-len(output_size) :], output_size, scales, strict=True):
        step = np.float32(1 / scale if scale else size / out)
        at = np.floor(np.arange(out, dtype=np.float32) * step).astype(np.int64)
        lines.append(np.minimum(at, size - 1))
    return (..., *np.ix_(*lines))


def _nearest_shape(self: Shape, *, output_size: Sequence[int], **scales: float | None) -> Shape:
    return (*self[: -len(output_size)], *output_size)


NEAREST_GRAD = Formula("Σ of $grad over the copies of the element", r"\sum $grad")
NEAREST = Formula("each element of $self repeated", r"\operatorname{repeat}($self)")
NEAREST_HELP = "A larger or smaller image: each place takes the element next to it."
define(
    Op(
        name="upsample_nearest1d",
        grad_fn="UpsampleNearest1DBackward0",
        forward=lambda self, *, output_size, scales=None: in_order(
            self[_nearest_places(self.shape, output_size, (scales,))]
        ),
        shape=_nearest_shape,
        formula=NEAREST,
        vjps={
            "self": Vjp(
                lambda g, s: _scattered(
                    g, s.self_shape, _nearest_places(s.self_shape, s.output_size, (s.scales,))
                ),
                NEAREST_GRAD,
                saves=("self_shape",),
            )
        },
        help=NEAREST_HELP,
    )
)
define(
    Op(
        name="upsample_nearest2d",
        grad_fn="UpsampleNearest2DBackward0",
        forward=lambda self, *, output_size, scales_h=None, scales_w=None: in_order(
            self[_nearest_places(self.shape, output_size, (scales_h, scales_w))]
        ),
        shape=_nearest_shape,
        formula=NEAREST,
        vjps={
            "self": Vjp(
                lambda g, s: _scattered(
                    g,
                    s.self_shape,
                    _nearest_places(s.self_shape, s.output_size, (s.scales_h, s.scales_w)),
                ),
                NEAREST_GRAD,
                saves=("self_shape",),
            )
        },
        help=NEAREST_HELP,
    )
)
