"""Functions of one number, applied to every element: exp, log, tanh, sigmoid, relu …"""

from __future__ import annotations

import numpy as np

from backprop_tui.ops.base import Formula, Op, Vjp, define
from backprop_tui.ops.rules import same

define(
    Op(
        name="exp",
        grad_fn="ExpBackward0",
        elementwise=True,
        promotes="float",
        forward=lambda self: np.exp(self),
        shape=same,
        formula=Formula("exp($self)", "e^{$self}"),
        vjps={
            "self": Vjp(
                lambda g, s: g * s.result,
                Formula("$grad · $result", r"$grad \cdot $result"),
                saves=("result",),
            )
        },
        help="e to the power of x; it is its own derivative.",
    )
)
define(
    Op(
        name="log",
        grad_fn="LogBackward0",
        elementwise=True,
        promotes="float",
        forward=lambda self: np.log(self),
        shape=same,
        formula=Formula("log($self)", r"\log($self)"),
        vjps={
            "self": Vjp(
                lambda g, s: g / s.self,
                Formula("$grad / $self", r"\frac{$grad}{$self}"),
                saves=("self",),
            )
        },
        help="The natural logarithm; its derivative is 1 / x.",
    )
)
define(
    Op(
        name="tanh",
        grad_fn="TanhBackward0",
        elementwise=True,
        promotes="float",
        forward=lambda self: np.tanh(self),
        shape=same,
        formula=Formula("tanh($self)", r"\tanh($self)"),
        vjps={
            "self": Vjp(
                lambda g, s: g * (1 - s.result * s.result),
                Formula("$grad · (1 − $result · $result)", r"$grad \cdot (1 - {$result}^2)"),
                saves=("result",),
            )
        },
        help="Squeezes any number between −1 and 1; flat, so a small gradient, far from 0.",
    )
)
define(
    Op(
        name="sigmoid",
        grad_fn="SigmoidBackward0",
        elementwise=True,
        promotes="float",
        forward=lambda self: 1 / (1 + np.exp(-self)),
        shape=same,
        formula=Formula("1 / (1 + exp(−$self))", r"\frac{1}{1 + e^{-$self}}"),
        vjps={
            "self": Vjp(
                lambda g, s: g * (1 - s.result) * s.result,
                Formula(
                    "$grad · (1 − $result) · $result", r"$grad \cdot (1 - $result) \cdot $result"
                ),
                saves=("result",),
            )
        },
        help="Squeezes any number between 0 and 1; its derivative is at most 0.25.",
    )
)
define(
    Op(
        name="relu",
        grad_fn="ReluBackward0",
        elementwise=True,
        forward=lambda self: np.maximum(self, 0),
        shape=same,
        formula=Formula("max($self, 0)", r"\max($self, 0)"),
        vjps={
            "self": Vjp(
                lambda g, s: np.where(s.result > 0, g, 0),
                Formula("$grad where $result > 0, else 0", r"$grad \cdot [$result > 0]"),
                saves=("result",),
            )
        },
        help="Keeps positive numbers, makes negative ones 0; a 0 lets no gradient through.",
    )
)
