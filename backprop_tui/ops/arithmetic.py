"""Adding, multiplying, dividing, powers."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Vjp, define
from backprop_tui.ops.rules import broadcast, same

PASS_ON = Formula("$grad", "$grad")
PASS_ON_NEGATED = Formula("−$grad", "-$grad")

define(
    Op(
        name="add",
        grad_fn="AddBackward0",
        elementwise=True,
        promotes="common",
        forward=lambda self, other: self + other,
        shape=broadcast,
        formula=Formula("$self + $other", "$self + $other"),
        vjps={
            "self": Vjp(lambda g, s: g, PASS_ON),
            "other": Vjp(lambda g, s: g, PASS_ON),
        },
        help="Adds; the gradient goes unchanged to both sides.",
    )
)
define(
    Op(
        name="sub",
        grad_fn="SubBackward0",
        elementwise=True,
        promotes="common",
        forward=lambda self, other: self - other,
        shape=broadcast,
        formula=Formula("$self − $other", "$self - $other"),
        vjps={
            "self": Vjp(lambda g, s: g, PASS_ON),
            "other": Vjp(lambda g, s: -g, PASS_ON_NEGATED),
        },
        help="Subtracts; the gradient changes its sign on the way to what is subtracted.",
    )
)
define(
    Op(
        name="add.alpha",
        grad_fn="AddBackward0",
        elementwise=True,
        promotes="common",
        forward=lambda self, other, *, alpha: self + alpha * other,
        shape=broadcast,
        formula=Formula("$self + $alpha · $other", r"$self + $alpha \cdot $other"),
        vjps={
            "self": Vjp(lambda g, s: g, PASS_ON),
            "other": Vjp(
                lambda g, s: g * s.alpha, Formula("$grad · $alpha", r"$grad \cdot $alpha")
            ),
        },
        help="Adds a multiple of the other side.",
    )
)
define(
    Op(
        name="sub.alpha",
        grad_fn="SubBackward0",
        elementwise=True,
        promotes="common",
        forward=lambda self, other, *, alpha: self - alpha * other,
        shape=broadcast,
        formula=Formula("$self − $alpha · $other", r"$self - $alpha \cdot $other"),
        vjps={
            "self": Vjp(lambda g, s: g, PASS_ON),
            "other": Vjp(
                lambda g, s: -g * s.alpha, Formula("−$grad · $alpha", r"-$grad \cdot $alpha")
            ),
        },
        help="Subtracts a multiple of the other side.",
    )
)
define(
    Op(
        name="mul.scalar",
        grad_fn="MulBackward1",
        elementwise=True,
        promotes="common",
        forward=lambda self, *, other: self * other,
        shape=same,
        formula=Formula("$self · $other", r"$self \cdot $other"),
        vjps={
            "self": Vjp(lambda g, s: g * s.other, Formula("$grad · $other", r"$grad \cdot $other"))
        },
        help="A factor inside another function of PyTorch's.",
    )
)
define(
    Op(
        name="add.scalar",
        grad_fn="AddBackward1",
        elementwise=True,
        promotes="common",
        forward=lambda self, *, other: self + other,
        shape=same,
        formula=Formula("$self + $other", "$self + $other"),
        vjps={"self": Vjp(lambda g, s: g, Formula("$grad", "$grad"))},
        help="A number added inside another function of PyTorch's.",
    )
)
define(
    Op(
        name="div.scalar",
        grad_fn="DivBackward1",
        elementwise=True,
        promotes="float",
        forward=lambda self, *, other: self / other,
        shape=same,
        formula=Formula("$self / $other", r"\frac{$self}{$other}"),
        vjps={
            "self": Vjp(
                lambda g, s: g / s.other, Formula("$grad / $other", r"\frac{$grad}{$other}")
            )
        },
        help="A divisor inside another function of PyTorch's.",
    )
)
define(
    Op(
        name="rsub",
        grad_fn="RsubBackward1",
        elementwise=True,
        promotes="common",
        forward=lambda self, *, other: other - self,
        shape=same,
        formula=Formula("$other − $self", "$other - $self"),
        vjps={"self": Vjp(lambda g, s: -g, PASS_ON_NEGATED)},
        help="A number minus a tensor; the gradient changes its sign.",
    )
)
define(
    Op(
        name="mul",
        grad_fn="MulBackward0",
        elementwise=True,
        promotes="common",
        forward=lambda self, other: self * other,
        shape=broadcast,
        formula=Formula("$self · $other", r"$self \cdot $other"),
        vjps={
            "self": Vjp(
                lambda g, s: g * s.other,
                Formula("$grad · $other", r"$grad \cdot $other"),
                saves=("other",),
            ),
            "other": Vjp(
                lambda g, s: g * s.self,
                Formula("$grad · $self", r"$grad \cdot $self"),
                saves=("self",),
            ),
        },
        help="Multiplies; each side's gradient is multiplied by the other side.",
    )
)
define(
    Op(
        name="div",
        grad_fn="DivBackward0",
        elementwise=True,
        promotes="float",
        forward=lambda self, other: self / other,
        shape=broadcast,
        formula=Formula("$self / $other", r"\frac{$self}{$other}"),
        vjps={
            "self": Vjp(
                lambda g, s: g / s.other,
                Formula("$grad / $other", r"\frac{$grad}{$other}"),
                saves=("other",),
            ),
            "other": Vjp(
                lambda g, s: -g * ((s.self / s.other) / s.other),
                Formula(
                    "−$grad · (($self / $other) / $other)", r"-$grad \cdot \frac{$self}{{$other}^2}"
                ),
                saves=("self", "other"),
            ),
        },
        help="Divides; the gradient of the divisor is negative and shrinks with its square.",
    )
)
define(
    Op(
        name="neg",
        grad_fn="NegBackward0",
        elementwise=True,
        forward=lambda self: -self,
        shape=same,
        formula=Formula("−$self", "-$self"),
        vjps={"self": Vjp(lambda g, s: -g, PASS_ON_NEGATED)},
        help="Changes the sign, of the value and of the gradient.",
    )
)
define(
    Op(
        name="reciprocal",
        grad_fn="ReciprocalBackward0",
        elementwise=True,
        promotes="float",
        forward=lambda self: 1 / self,
        shape=same,
        formula=Formula("1 / $self", r"\frac{1}{$self}"),
        vjps={
            "self": Vjp(
                lambda g, s: -g * (s.result * s.result),
                Formula("−$grad · ($result · $result)", r"-$grad \cdot {$result}^2"),
                saves=("result",),
            )
        },
        help="One divided by the input.",
    )
)
define(
    Op(
        name="pow",
        grad_fn="PowBackward0",
        elementwise=True,
        promotes="common",
        forward=lambda self, *, exponent: self**exponent,
        shape=same,
        formula=Formula("$self ^ $exponent", r"{$self}^{$exponent}"),
        vjps={
            "self": Vjp(
                lambda g, s: (
                    g * 0 if s.exponent == 0 else g * (s.exponent * s.self ** (s.exponent - 1))
                ),
                Formula(
                    "$grad · ($exponent · $self ^ ($exponent − 1))",
                    r"$grad \cdot $exponent \cdot {$self}^{$exponent - 1}",
                ),
                saves=("self",),
            )
        },
        help="A tensor to the power of a number: n · x ^ (n − 1) is its derivative.",
    )
)
define(
    Op(
        name="pow.tensor",
        grad_fn="PowBackward1",
        elementwise=True,
        promotes="common",
        forward=lambda self, exponent: self**exponent,
        shape=broadcast,
        formula=Formula("$self ^ $exponent", r"{$self}^{$exponent}"),
        vjps={
            "self": Vjp(
                lambda g, s: np.where(
                    s.exponent == 0, g * 0, g * (s.exponent * s.self ** (s.exponent - 1))
                ),
                Formula(
                    "$grad · ($exponent · $self ^ ($exponent − 1))",
                    r"$grad \cdot $exponent \cdot {$self}^{$exponent - 1}",
                ),
                saves=("self", "exponent"),
            ),
            "exponent": Vjp(
                lambda g, s: np.where(
                    (s.self == 0) & (s.exponent >= 0), g * 0, g * (s.result * np.log(s.self))
                ),
                Formula("$grad · ($result · log($self))", r"$grad \cdot $result \cdot \log($self)"),
                saves=("self", "exponent", "result"),
            ),
        },
        help="A tensor to the power of a tensor; both base and exponent get a gradient.",
    )
)
define(
    Op(
        name="pow.scalar",
        grad_fn="PowBackward2",
        elementwise=True,
        promotes="common",
        forward=lambda exponent, *, self: self**exponent,
        shape=same,
        formula=Formula("$self ^ $exponent", r"{$self}^{$exponent}"),
        vjps={
            "exponent": Vjp(
                lambda g, s: (
                    np.where(s.exponent >= 0, g * 0, g * (s.result * np.log(s.self)))
                    if s.self == 0
                    else g * (s.result * np.log(s.self))
                ),
                Formula("$grad · ($result · log($self))", r"$grad \cdot $result \cdot \log($self)"),
                saves=("exponent", "result"),
            )
        },
        help="A number to the power of a tensor: the result itself times log of the base.",
    )
)
define(
    Op(
        name="remainder",
        grad_fn="RemainderBackward0",
        elementwise=True,
        promotes="common",
        forward=lambda self, *, other: self % other,
        shape=same,
        formula=Formula("$self mod $other", r"$self \bmod $other"),
        vjps={"self": Vjp(lambda g, s: g, PASS_ON)},
        help="What is left after dividing.",
    )
)
define(
    Op(
        name="remainder.tensor",
        grad_fn="RemainderBackward1",
        elementwise=True,
        promotes="common",
        forward=lambda self, other: self % other,
        shape=broadcast,
        formula=Formula("$self mod $other", r"$self \bmod $other"),
        vjps={
            "self": Vjp(lambda g, s: g, PASS_ON),
            "other": Vjp(
                lambda g, s: -g * np.floor(s.self / s.other),
                Formula(
                    "−$grad · ⌊$self / $other⌋", r"-$grad \cdot \lfloor $self / $other \rfloor"
                ),
                saves=("self", "other"),
            ),
        },
        help="What is left after dividing by a tensor.",
    )
)


def _rounded_quotient(self: Any, other: Any, rounding_mode: str) -> Any:
    whole = np.asarray(self).dtype.kind in "iu" and np.asarray(other).dtype.kind in "iu"
    if rounding_mode == "floor":
        return np.floor_divide(self, other)
    if not whole:
        return np.trunc(self / other)
    quotient = np.abs(self) // np.abs(other)
    return np.sign(self) * np.sign(other) * quotient


define(
    Op(
        name="div.mode",
        grad_fn="DivBackward2",
        elementwise=True,
        promotes="common",
        forward=lambda self, other, *, rounding_mode: _rounded_quotient(self, other, rounding_mode),
        shape=broadcast,
        formula=Formula(
            "$self / $other, rounded ($rounding_mode)",
            r"\operatorname{$rounding_mode}(\tfrac{$self}{$other})",
        ),
        vjps={
            "self": Vjp(lambda g, s: g * 0, Formula("0", "0")),
            "other": Vjp(lambda g, s: g * 0, Formula("0", "0")),
        },
        help="A quotient made whole; it has no slope.",
    )
)
