"""Functions of one number, applied to every element: exp, log, roots, sin, limits, steps."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from backprop_tui.ops.base import Formula, Op, Vjp, define
from backprop_tui.ops.rules import broadcast, same


def unary(
    name: str,
    grad_fn: str,
    forward: Callable[..., Any],
    formula: Formula,
    vjp: Vjp,
    help: str,
    promotes: Literal["common", "float", "none"] = "float",
) -> Op:
    """Define an element-wise function of one tensor."""
    return define(
        Op(
            name=name,
            grad_fn=grad_fn,
            elementwise=True,
            promotes=promotes,
            forward=forward,
            shape=same,
            formula=formula,
            vjps={"self": vjp},
            help=help,
        )
    )


def by_result(rule: Callable[..., Any], text: str, latex: str) -> Vjp:
    """A gradient that reads the result."""
    return Vjp(rule, Formula(text, latex), saves=("result",))


def by_input(rule: Callable[..., Any], text: str, latex: str) -> Vjp:
    """A gradient that reads the input."""
    return Vjp(rule, Formula(text, latex), saves=("self",))


# ---------------------------------------------------------------- exp, log and roots

unary(
    "exp",
    "ExpBackward0",
    lambda self: np.exp(self),
    Formula("exp($self)", "e^{$self}"),
    by_result(lambda g, s: g * s.result, "$grad · $result", r"$grad \cdot $result"),
    "e to the power of x; it is its own derivative.",
)
unary(
    "log",
    "LogBackward0",
    lambda self: np.log(self),
    Formula("log($self)", r"\log($self)"),
    by_input(lambda g, s: g / s.self, "$grad / $self", r"\frac{$grad}{$self}"),
    "The natural logarithm; its derivative is 1 / x.",
)
unary(
    "log1p",
    "Log1PBackward0",
    lambda self: np.log1p(self),
    Formula("log(1 + $self)", r"\log(1 + $self)"),
    by_input(lambda g, s: g / (s.self + 1), "$grad / ($self + 1)", r"\frac{$grad}{$self + 1}"),
    "The logarithm of 1 + x, exact for small x.",
)
unary(
    "log2",
    "Log2Backward0",
    lambda self: np.log2(self),
    Formula("log₂($self)", r"\log_2($self)"),
    by_input(
        lambda g, s: g / (s.self * math.log(2)),
        "$grad / ($self · log 2)",
        r"\frac{$grad}{$self \cdot \log 2}",
    ),
    "The logarithm to the base 2.",
)
unary(
    "log10",
    "Log10Backward0",
    lambda self: np.log10(self),
    Formula("log₁₀($self)", r"\log_{10}($self)"),
    by_input(
        lambda g, s: g / (s.self * math.log(10)),
        "$grad / ($self · log 10)",
        r"\frac{$grad}{$self \cdot \log 10}",
    ),
    "The logarithm to the base 10.",
)
define(
    Op(
        name="xlogy",
        grad_fn="XlogyBackward0",
        elementwise=True,
        promotes="float",
        forward=lambda self, other: np.where(self == 0, self * 0, self * np.log(other)),
        shape=broadcast,
        formula=Formula("$self · log($other)", r"$self \cdot \log($other)"),
        vjps={
            "self": Vjp(
                lambda g, s: np.where((s.self == 0) & (s.other <= 0), g * 0, g * np.log(s.other)),
                Formula("$grad · log($other)", r"$grad \cdot \log($other)"),
                saves=("self", "other"),
            ),
            "other": Vjp(
                lambda g, s: g * s.self / s.other,
                Formula("$grad · $self / $other", r"$grad \cdot \frac{$self}{$other}"),
                saves=("self", "other"),
            ),
        },
        help="x · log(y), and 0 where x is 0; a part of the Kullback–Leibler divergence.",
    )
)
unary(
    "sqrt",
    "SqrtBackward0",
    lambda self: np.sqrt(self),
    Formula("√$self", r"\sqrt{$self}"),
    by_result(
        lambda g, s: g / (2 * s.result), "$grad / (2 · $result)", r"\frac{$grad}{2 \, $result}"
    ),
    "The square root; its slope is infinite at 0.",
)
unary(
    "rsqrt",
    "RsqrtBackward0",
    lambda self: 1 / np.sqrt(self),
    Formula("1 / √$self", r"\frac{1}{\sqrt{$self}}"),
    by_result(
        lambda g, s: -0.5 * g * (s.result * s.result * s.result),
        "−0.5 · $grad · ($result · $result · $result)",
        r"-\tfrac{1}{2} \cdot $grad \cdot {$result}^3",
    ),
    "One divided by the square root.",
)
unary(
    "abs",
    "AbsBackward0",
    lambda self: np.abs(self),
    Formula("|$self|", r"\left|$self\right|"),
    by_input(
        lambda g, s: g * np.sign(s.self),
        "$grad · sign($self)",
        r"$grad \cdot \operatorname{sign}($self)",
    ),
    "The distance from 0; the gradient keeps or changes its sign, and is 0 at 0.",
    promotes="none",
)

# ---------------------------------------------------------------- trigonometry

unary(
    "sin",
    "SinBackward0",
    lambda self: np.sin(self),
    Formula("sin($self)", r"\sin($self)"),
    by_input(lambda g, s: g * np.cos(s.self), "$grad · cos($self)", r"$grad \cdot \cos($self)"),
    "Sine; its derivative is the cosine.",
)
unary(
    "cos",
    "CosBackward0",
    lambda self: np.cos(self),
    Formula("cos($self)", r"\cos($self)"),
    by_input(lambda g, s: g * -np.sin(s.self), "$grad · −sin($self)", r"-$grad \cdot \sin($self)"),
    "Cosine; its derivative is minus the sine.",
)
unary(
    "tan",
    "TanBackward0",
    lambda self: np.tan(self),
    Formula("tan($self)", r"\tan($self)"),
    by_result(
        lambda g, s: g * (1 + s.result * s.result),
        "$grad · (1 + $result · $result)",
        r"$grad \cdot (1 + {$result}^2)",
    ),
    "Tangent.",
)
unary(
    "atan",
    "AtanBackward0",
    lambda self: np.arctan(self),
    Formula("atan($self)", r"\arctan($self)"),
    by_input(
        lambda g, s: g / (s.self * s.self + 1),
        "$grad / ($self · $self + 1)",
        r"\frac{$grad}{{$self}^2 + 1}",
    ),
    "The angle whose tangent is x.",
)

# ---------------------------------------------------------------- the bell curve


def erf(x: Any) -> Any:
    """The error function; NumPy has none."""
    return np.asarray(np.frompyfunc(math.erf, 1, 1)(x), dtype=np.asarray(x).dtype)


unary(
    "erf",
    "ErfBackward0",
    lambda self: erf(self),
    Formula("erf($self)", r"\operatorname{erf}($self)"),
    by_input(
        lambda g, s: 2 / math.sqrt(math.pi) * np.exp(-(s.self * s.self)) * g,
        "2 / √π · exp(−$self · $self) · $grad",
        r"\frac{2}{\sqrt\pi} e^{-{$self}^2} \cdot $grad",
    ),
    "The error function: how much of a bell curve lies within ±x·√2 standard deviations.",
)


# ---------------------------------------------------------------- limits and steps


def _inside(s: Any) -> Any:
    return (s.self >= s.min) & (s.self <= s.max)


unary(
    "clamp",
    "ClampBackward1",
    lambda self, *, min, max: _clamped(self, min, max),
    Formula("$self kept between $min and $max", r"\operatorname{clamp}($self, $min, $max)"),
    by_input(
        lambda g, s: np.where(_inside(s), g, 0),
        "$grad where $min ≤ $self ≤ $max, else 0",
        r"$grad \cdot [$min \le $self \le $max]",
    ),
    "Cuts off below min and above max (no bound is ±inf); what was cut gets no gradient.",
    promotes="none",
)


def _clamped(self: Any, low: Any, high: Any) -> Any:
    if low != -math.inf:
        self = np.maximum(self, low)
    return self if high == math.inf else np.minimum(self, high)


unary(
    "clamp_min",
    "ClampMinBackward0",
    lambda self, *, min: np.maximum(self, min),
    Formula("max($self, $min)", r"\max($self, $min)"),
    by_input(
        lambda g, s: np.where(s.self >= s.min, g, 0),
        "$grad where $self ≥ $min, else 0",
        r"$grad \cdot [$self \ge $min]",
    ),
    "Cuts off below min.",
    promotes="none",
)
unary(
    "clamp_max",
    "ClampMaxBackward0",
    lambda self, *, max: np.minimum(self, max),
    Formula("min($self, $max)", r"\min($self, $max)"),
    by_input(
        lambda g, s: np.where(s.self <= s.max, g, 0),
        "$grad where $self ≤ $max, else 0",
        r"$grad \cdot [$self \le $max]",
    ),
    "Cuts off above max.",
    promotes="none",
)

NO_SLOPE = Vjp(lambda g, s: g * 0, Formula("$grad · 0", r"$grad \cdot 0"))


def step(name: str, forward: Callable[..., Any], text: str, latex: str, help: str) -> Op:
    """Define a function that is flat everywhere, so that no gradient gets through."""
    return unary(
        name,
        f"{name.title()}Backward0",
        forward,
        Formula(text, latex),
        NO_SLOPE,
        f"{help} Flat everywhere: no gradient gets through.",
        promotes="none",
    )


step("sign", lambda self: np.sign(self), "sign($self)", r"\operatorname{sign}($self)", "−1, 0, 1.")
step("floor", lambda self: np.floor(self), "⌊$self⌋", r"\lfloor $self \rfloor", "Rounds down.")
step("ceil", lambda self: np.ceil(self), "⌈$self⌉", r"\lceil $self \rceil", "Rounds up.")
step(
    "round",
    lambda self, *, decimals=0: np.round(self, decimals),
    "round($self)",
    r"\operatorname{round}($self)",
    "Rounds to the nearest, half to the even.",
)
step(
    "trunc",
    lambda self: np.trunc(self),
    "trunc($self)",
    r"\operatorname{trunc}($self)",
    "Drops what is after the point.",
)
