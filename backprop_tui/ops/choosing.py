"""Choosing between numbers: the larger, the smaller, by a condition, by a mask.

A number that was not chosen did not change the result, so no gradient gets through to it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Shape, Vjp, define
from backprop_tui.ops.joining import in_order
from backprop_tui.ops.rules import broadcast

define(
    Op(
        name="maximum",
        grad_fn="MaximumBackward0",
        elementwise=True,
        promotes="common",
        forward=lambda self, other: np.maximum(self, other),
        shape=broadcast,
        formula=Formula("max($self, $other)", r"\max($self, $other)"),
        vjps={
            "self": Vjp(
                lambda g, s: np.where(s.self == s.other, g / 2, np.where(s.self < s.other, 0, g)),
                Formula(
                    "$grad where $self > $other, half of it where equal, else 0",
                    r"$grad \cdot [$self > $other]",
                ),
                saves=("self", "other"),
            ),
            "other": Vjp(
                lambda g, s: np.where(s.self == s.other, g / 2, np.where(s.self > s.other, 0, g)),
                Formula(
                    "$grad where $other > $self, half of it where equal, else 0",
                    r"$grad \cdot [$other > $self]",
                ),
                saves=("self", "other"),
            ),
        },
        help="The larger of two numbers; it alone gets the gradient.",
    )
)
define(
    Op(
        name="minimum",
        grad_fn="MinimumBackward0",
        elementwise=True,
        promotes="common",
        forward=lambda self, other: np.minimum(self, other),
        shape=broadcast,
        formula=Formula("min($self, $other)", r"\min($self, $other)"),
        vjps={
            "self": Vjp(
                lambda g, s: np.where(s.self == s.other, g / 2, np.where(s.self > s.other, 0, g)),
                Formula(
                    "$grad where $self < $other, half of it where equal, else 0",
                    r"$grad \cdot [$self < $other]",
                ),
                saves=("self", "other"),
            ),
            "other": Vjp(
                lambda g, s: np.where(s.self == s.other, g / 2, np.where(s.self < s.other, 0, g)),
                Formula(
                    "$grad where $other < $self, half of it where equal, else 0",
                    r"$grad \cdot [$other < $self]",
                ),
                saves=("self", "other"),
            ),
        },
        help="The smaller of two numbers; it alone gets the gradient.",
    )
)
define(
    Op(
        name="where",
        grad_fn="WhereBackward0",
        elementwise=True,
        promotes="common",
        forward=lambda condition, self, other: np.where(condition, self, other),
        shape=broadcast,
        plain=("condition",),
        formula=Formula(
            "$self where $condition, else $other",
            r"\begin{cases} $self & $condition \\ $other \end{cases}",
        ),
        vjps={
            "self": Vjp(
                lambda g, s: np.where(s.condition, g, 0),
                Formula("$grad where $condition, else 0", r"$grad \cdot [$condition]"),
                saves=("condition",),
            ),
            "other": Vjp(
                lambda g, s: np.where(s.condition, 0, g),
                Formula("0 where $condition, else $grad", r"$grad \cdot [\neg $condition]"),
                saves=("condition",),
            ),
        },
        help="Picks from one tensor or the other; the gradient goes where the number came from.",
    )
)
define(
    Op(
        name="masked_fill",
        grad_fn="MaskedFillBackward0",
        elementwise=True,
        forward=lambda self, mask, *, value: in_order(np.where(mask, value, self)),
        shape=broadcast,
        plain=("mask",),
        formula=Formula(
            "$value where $mask, else $self",
            r"\begin{cases} $value & $mask \\ $self \end{cases}",
        ),
        vjps={
            "self": Vjp(
                lambda g, s: np.where(s.mask, 0, g),
                Formula("0 where $mask, else $grad", r"$grad \cdot [\neg $mask]"),
                saves=("mask",),
            )
        },
        help="Overwrites the masked elements; they get no gradient.",
    )
)
define(
    Op(
        name="masked_fill.tensor",
        grad_fn="MaskedFillBackward1",
        elementwise=True,
        forward=lambda self, mask, value: in_order(
            np.asarray(np.where(mask, value, self)).astype(self.dtype)
        ),
        shape=broadcast,
        plain=("mask",),
        formula=Formula(
            "$value where $mask, else $self",
            r"\begin{cases} $value & $mask \\ $self \end{cases}",
        ),
        vjps={
            "self": Vjp(
                lambda g, s: np.where(s.mask, 0, g),
                Formula("0 where $mask, else $grad", r"$grad \cdot [\neg $mask]"),
                saves=("mask",),
            ),
            "value": Vjp(
                lambda g, s: np.where(s.mask, g, 0),
                Formula("$grad where $mask, else 0", r"$grad \cdot [$mask]"),
                saves=("mask",),
            ),
        },
        help="Overwrites the masked elements with a number that gets their gradients.",
    )
)


def _clamped(self: Any, low: Any, high: Any) -> Any:
    if low is not None:
        self = np.maximum(self, low)
    return self if high is None else np.minimum(self, high)


def _bound(s: Any, name: str) -> Any:
    return getattr(s, name, None)


def _kept(g: Any, s: Any) -> Any:
    low, high = _bound(s, "min"), _bound(s, "max")
    if low is None:
        return np.where(s.self <= high, g, 0)
    if high is None:
        return np.where(s.self >= low, g, 0)
    return np.where((s.self >= low) & (s.self <= high), g, 0)


def _at_min(g: Any, s: Any) -> Any:
    high = _bound(s, "max")
    if high is None:
        return np.where(s.self < s.min, g, 0)
    return np.where((s.min < high) & (s.self < s.min), g, 0)


def _at_max(g: Any, s: Any) -> Any:
    low = _bound(s, "min")
    if low is None:
        return np.where(s.self > s.max, g, 0)
    return np.where((s.self > s.max) | (s.max < low), g, 0)


def _clamp_shape(self: Shape, *bounds: Shape) -> Shape:
    """The input and its bounds, broadcast."""
    return broadcast(self, *bounds)


ALL = ("self", "min", "max")
define(
    Op(
        name="clamp.tensor",
        grad_fn="ClampBackward0",
        elementwise=True,
        promotes="common",
        forward=lambda self, min=None, max=None: _clamped(self, min, max),
        shape=_clamp_shape,
        formula=Formula(
            "$self, kept within the bounds given as tensors", r"\operatorname{clamp}($self)"
        ),
        vjps={
            "self": Vjp(
                _kept,
                Formula("$grad where $self lies within its bounds, else 0", "$grad"),
                saves=ALL,
            ),
            "min": Vjp(
                _at_min,
                Formula("$grad where $self < $min, else 0", r"$grad \cdot [$self < $min]"),
                saves=ALL,
            ),
            "max": Vjp(
                _at_max,
                Formula("$grad where $self > $max, else 0", r"$grad \cdot [$self > $max]"),
                saves=ALL,
            ),
        },
        help="Cuts off at bounds that are tensors; where a bound was taken, it gets the gradient.",
    )
)
