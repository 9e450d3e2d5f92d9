"""Bounds that are tensors themselves: whoever decides a number gets its gradient."""

from __future__ import annotations

import numpy as np

from backprop_tui.ops.base import Formula, Op, Vjp, define
from backprop_tui.ops.rules import broadcast

define(
    Op(
        name="clamp_min.tensor",
        grad_fn="ClampMinBackward1",
        elementwise=True,
        promotes="common",
        forward=lambda self, min: np.maximum(self, min),
        shape=broadcast,
        formula=Formula("max($self, $min)", r"\max($self, $min)"),
        vjps={
            "self": Vjp(
                lambda g, s: np.where(s.self >= s.min, g, 0),
                Formula("$grad where $self ≥ $min, else 0", r"$grad \cdot [$self \ge $min]"),
                saves=("self", "min"),
            ),
            "min": Vjp(
                lambda g, s: np.where(s.self < s.min, g, 0),
                Formula("$grad where $self < $min, else 0", r"$grad \cdot [$self < $min]"),
                saves=("self", "min"),
            ),
        },
        help="Numbers below a bound of their own are raised to it.",
    )
)
define(
    Op(
        name="clamp_max.tensor",
        grad_fn="ClampMaxBackward1",
        elementwise=True,
        promotes="common",
        forward=lambda self, max: np.minimum(self, max),
        shape=broadcast,
        formula=Formula("min($self, $max)", r"\min($self, $max)"),
        vjps={
            "self": Vjp(
                lambda g, s: np.where(s.self <= s.max, g, 0),
                Formula("$grad where $self ≤ $max, else 0", r"$grad \cdot [$self \le $max]"),
                saves=("self", "max"),
            ),
            "max": Vjp(
                lambda g, s: np.where(s.self > s.max, g, 0),
                Formula("$grad where $self > $max, else 0", r"$grad \cdot [$self > $max]"),
                saves=("self", "max"),
            ),
        },
        help="Numbers above a bound of their own are lowered to it.",
    )
)
