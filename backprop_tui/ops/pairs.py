"""Functions of two or three tensors, element by element: angles, lengths, mixtures of two."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from backprop_tui.ops.base import Formula, Op, Vjp, define
from backprop_tui.ops.comparison import one, two
from backprop_tui.ops.rules import broadcast, same

PASS_ON = Formula("$grad", "$grad")
Rule = Callable[..., Any]


def pair(
    name: str,
    grad_fn: str,
    forward: Rule,
    formula: Formula,
    self: tuple[Rule, str, str],
    other: tuple[Rule, str, str],
    help: str,
    saves: tuple[str, ...] = ("self", "other"),
    promotes: Literal["common", "float"] = "float",
) -> Op:
    """Define an element-wise function of ``self`` and ``other``."""
    return define(
        Op(
            name=name,
            grad_fn=grad_fn,
            elementwise=True,
            promotes=promotes,
            forward=forward,
            shape=broadcast,
            formula=formula,
            vjps={
                argument: Vjp(rule, Formula(text, latex), saves=saves)
                for argument, (rule, text, latex) in (("self", self), ("other", other))
            },
            help=help,
        )
    )


pair(
    "atan2",
    "Atan2Backward0",
    lambda self, other: np.arctan2(self, other),
    Formula("the angle of ($other, $self)", r"\operatorname{atan2}($self, $other)"),
    (
        lambda g, s: g * s.other * (1 / (s.self * s.self + s.other * s.other)),
        "$grad · $other / ($self² + $other²)",
        r"$grad \cdot \frac{$other}{{$self}^2 + {$other}^2}",
    ),
    (
        lambda g, s: g * -s.self * (1 / (s.self * s.self + s.other * s.other)),
        "−$grad · $self / ($self² + $other²)",
        r"-$grad \cdot \frac{$self}{{$self}^2 + {$other}^2}",
    ),
    "The angle of a point seen from the origin, from −π to π.",
)
pair(
    "hypot",
    "HypotBackward0",
    lambda self, other: np.sqrt(self * self + other * other),
    Formula("√($self² + $other²)", r"\sqrt{{$self}^2 + {$other}^2}"),
    (lambda g, s: g * (s.self / s.result), "$grad · $self / $result",
     r"$grad \cdot \frac{$self}{$result}"),
    (lambda g, s: g * (s.other / s.result), "$grad · $other / $result",
     r"$grad \cdot \frac{$other}{$result}"),
    "The length of the longest side of a right triangle.",
    saves=("self", "other", "result"),
    promotes="common",
)  # fmt: skip


def _log_of_sum(self: Any, other: Any) -> Any:
    top = np.where(self >= other, self, other)
    apart = np.where(self == other, 0, -np.abs(self - other))
    return top + np.log1p(np.exp(apart))


def _log2_of_sum(self: Any, other: Any) -> Any:
    top = np.where(self >= other, self, other)
    apart = np.where(self == other, 0, -np.abs(self - other))
    return top + np.log1p(2.0**apart) / math.log(2)


pair(
    "logaddexp",
    "LogaddexpBackward0",
    _log_of_sum,
    Formula("log(exp($self) + exp($other))", r"\log(e^{$self} + e^{$other})"),
    (lambda g, s: g / (1 + np.exp(s.other - s.self)), "$grad / (1 + exp($other − $self))",
     r"\frac{$grad}{1 + e^{$other - $self}}"),
    (lambda g, s: g / (1 + np.exp(s.self - s.other)), "$grad / (1 + exp($self − $other))",
     r"\frac{$grad}{1 + e^{$self - $other}}"),
    "Adds two numbers that are known by their logarithms.",
)  # fmt: skip
pair(
    "logaddexp2",
    "Logaddexp2Backward0",
    _log2_of_sum,
    Formula("log₂(2^$self + 2^$other)", r"\log_2(2^{$self} + 2^{$other})"),
    (lambda g, s: g / (1 + 2.0 ** (s.other - s.self)), "$grad / (1 + 2^($other − $self))",
     r"\frac{$grad}{1 + 2^{$other - $self}}"),
    (lambda g, s: g / (1 + 2.0 ** (s.self - s.other)), "$grad / (1 + 2^($self − $other))",
     r"\frac{$grad}{1 + 2^{$self - $other}}"),
    "Adds two numbers that are known by their logarithms to base 2.",
)  # fmt: skip
define(
    Op(
        name="fmod",
        grad_fn="FmodBackward0",
        elementwise=True,
        promotes="common",
        forward=lambda self, *, other: np.fmod(self, other),
        shape=same,
        formula=Formula("$self − trunc($self / $other) · $other", r"$self \bmod $other"),
        vjps={"self": Vjp(lambda g, s: g, PASS_ON)},
        help="What is left after dividing, with the sign of what is divided.",
    )
)
pair(
    "fmod.tensor",
    "FmodBackward1",
    lambda self, other: np.fmod(self, other),
    Formula("$self − trunc($self / $other) · $other", r"$self \bmod $other"),
    (lambda g, s: g, "$grad", "$grad"),
    (lambda g, s: -g * np.trunc(s.self / s.other), "−$grad · trunc($self / $other)",
     r"-$grad \cdot \operatorname{trunc}\frac{$self}{$other}"),
    "What is left after dividing by a tensor, with the sign of what is divided.",
    promotes="common",
)  # fmt: skip
for _name, _function, _ahead, _sign, _latex, _word in (
    ("fmax", np.fmax, np.greater_equal, "≥", r"\ge", "larger"),
    ("fmin", np.fmin, np.less_equal, "≤", r"\le", "smaller"),
):
    pair(
        _name,
        f"{_name.title()}Backward0",
        lambda self, other, *, _function=_function: _function(self, other),
        Formula(f"{_name[1:]}($self, $other), numbers before NaN", rf"\{_name[1:]}($self, $other)"),
        (lambda g, s, _ahead=_ahead: np.where(_ahead(s.self, s.other) | (s.other != s.other), g, 0),
         f"$grad where $self {_sign} $other, else 0", rf"$grad \cdot [$self {_latex} $other]"),
        (lambda g, s, _ahead=_ahead: np.where(_ahead(s.self, s.other) | (s.other != s.other), 0, g),
         f"0 where $self {_sign} $other, else $grad",
         rf"$grad \cdot [\neg ($self {_latex} $other)]"),
        f"The {_word} of two; where one is NaN, the other.",
        promotes="common",
    )  # fmt: skip


def _sign_ratio(g: Any, s: Any) -> Any:
    return np.where(s.self == 0, g * 0, g * (s.result / np.where(s.self == 0, 1, s.self)))


pair(
    "copysign",
    "CopysignBackward0",
    lambda self, other: np.copysign(self, other),
    Formula("|$self| with the sign of $other", r"\left|$self\right| \operatorname{sign} $other"),
    (_sign_ratio, "$grad · $result / $self", r"$grad \cdot \frac{$result}{$self}"),
    (lambda g, s: np.zeros(s.other_shape, g.dtype), "0", "0"),
    "One number with the sign of another.",
    saves=("self", "other_shape", "result"),
)
define(
    Op(
        name="copysign.scalar",
        grad_fn="CopysignBackward1",
        elementwise=True,
        promotes="float",
        forward=lambda self, *, other: np.copysign(self, other),
        shape=same,
        formula=Formula(
            "|$self| with the sign of $other", r"\left|$self\right| \operatorname{sign} $other"
        ),
        vjps={
            "self": Vjp(
                _sign_ratio,
                Formula("$grad · $result / $self", r"$grad \cdot \frac{$result}{$self}"),
                saves=("self", "result"),
            )
        },
        help="A tensor with the sign of a number.",
    )
)
pair(
    "special_xlog1py",
    "SpecialXlog1PyBackward0",
    lambda self, other: np.where(self == 0, self * 0, self * np.log1p(other)),
    Formula("$self · log(1 + $other)", r"$self \cdot \log(1 + $other)"),
    (lambda g, s: np.where((s.self == 0) & (s.other <= -1), g * 0, g * np.log1p(s.other)),
     "$grad · log(1 + $other)", r"$grad \cdot \log(1 + $other)"),
    (lambda g, s: g * s.self / (s.other + 1), "$grad · $self / ($other + 1)",
     r"$grad \cdot \frac{$self}{$other + 1}"),
    "x · log(1 + y), and 0 where x is 0.",
)  # fmt: skip

# ---------------------------------------------------------------- mixtures


def _mixed(self: Any, end: Any, weight: Any) -> Any:
    # From the nearer side, as PyTorch does it: both ends come out exactly.
    near = np.asarray(np.abs(weight) < 0.5)
    apart = end - self
    return np.where(near, self + weight * apart, end - apart * (1 - weight))


_BY_START = Formula("$grad · (1 − $weight)", r"$grad \cdot (1 - $weight)")
_BY_END = Formula("$grad · $weight", r"$grad \cdot $weight")
_LERP = Formula("$self + $weight · ($end − $self)", r"$self + $weight \cdot ($end - $self)")
define(
    Op(
        name="lerp",
        grad_fn="LerpBackward0",
        elementwise=True,
        promotes="common",
        forward=lambda self, end, *, weight: _mixed(self, end, weight),
        shape=broadcast,
        formula=_LERP,
        vjps={
            "self": Vjp(lambda g, s: g * (1 - s.weight), _BY_START),
            "end": Vjp(lambda g, s: g * s.weight, _BY_END),
        },
        help="On the straight line from one number to another.",
    )
)
define(
    Op(
        name="lerp.tensor",
        grad_fn="LerpBackward1",
        elementwise=True,
        promotes="common",
        forward=lambda self, end, weight: _mixed(self, end, weight),
        shape=broadcast,
        formula=_LERP,
        vjps={
            "self": Vjp(lambda g, s: g * (1 - s.weight), _BY_START, saves=("weight",)),
            "end": Vjp(lambda g, s: g * s.weight, _BY_END, saves=("weight",)),
            "weight": Vjp(
                lambda g, s: g * (s.end - s.self),
                Formula("$grad · ($end − $self)", r"$grad \cdot ($end - $self)"),
                saves=("self", "end"),
            ),
        },
        help="On the straight line from one number to another, as far as a tensor says.",
    )
)
define(
    Op(
        name="addcmul",
        grad_fn="AddcmulBackward0",
        elementwise=True,
        promotes="common",
        forward=lambda self, tensor1, tensor2, *, value=1: self + value * tensor1 * tensor2,
        shape=broadcast,
        formula=Formula(
            "$self + $value · $tensor1 · $tensor2",
            r"$self + $value \cdot $tensor1 \odot $tensor2",
        ),
        vjps={
            "self": Vjp(lambda g, s: g, PASS_ON),
            "tensor1": Vjp(
                lambda g, s: g * (s.tensor2 * s.value),
                Formula("$grad · $tensor2 · $value", r"$grad \odot $tensor2 \cdot $value"),
                saves=("tensor2",),
            ),
            "tensor2": Vjp(
                lambda g, s: g * (s.tensor1 * s.value),
                Formula("$grad · $tensor1 · $value", r"$grad \odot $tensor1 \cdot $value"),
                saves=("tensor1",),
            ),
        },
        help="Adds a multiple of a product: how Adam's second moment grows.",
    )
)
define(
    Op(
        name="addcdiv",
        grad_fn="AddcdivBackward0",
        elementwise=True,
        promotes="common",
        forward=lambda self, tensor1, tensor2, *, value=1: self + value * tensor1 / tensor2,
        shape=broadcast,
        formula=Formula(
            "$self + $value · $tensor1 / $tensor2",
            r"$self + $value \cdot \frac{$tensor1}{$tensor2}",
        ),
        vjps={
            "self": Vjp(lambda g, s: g, PASS_ON),
            "tensor1": Vjp(
                lambda g, s: g * (s.value / s.tensor2),
                Formula("$grad · $value / $tensor2", r"$grad \cdot \frac{$value}{$tensor2}"),
                saves=("tensor2",),
            ),
            "tensor2": Vjp(
                lambda g, s: -g * (s.value * s.tensor1 / (s.tensor2 * s.tensor2)),
                Formula(
                    "−$grad · $value · $tensor1 / ($tensor2 · $tensor2)",
                    r"-$grad \cdot \frac{$value \cdot $tensor1}{{$tensor2}^2}",
                ),
                saves=("tensor1", "tensor2"),
            ),
        },
        help="Adds a multiple of a quotient: how Adam changes a parameter.",
    )
)

# ---------------------------------------------------------------- without a gradient

two("gcd", lambda self, other: np.gcd(self, other), "gcd", r"\gcd", "What divides both.")
two("lcm", lambda self, other: np.lcm(self, other), "lcm", r"\operatorname{lcm}",
    "What both divide.")  # fmt: skip
two("bitwise_left_shift", lambda self, other: np.left_shift(self, other), "<<", r"\ll",
    "Moves the bits to the left: times 2 for each.")  # fmt: skip
two("bitwise_right_shift", lambda self, other: np.right_shift(self, other), ">>", r"\gg",
    "Moves the bits to the right: halved for each.")  # fmt: skip
one("signbit", lambda self: np.signbit(self), "$self is negative", r"$self < 0")
one("isposinf", lambda self: np.isposinf(self), "$self = ∞", r"$self = \infty")
one("isneginf", lambda self: np.isneginf(self), "$self = −∞", r"$self = -\infty")
