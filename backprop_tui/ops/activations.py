"""Functions of one number, applied to every element: exp, log, tanh, sigmoid, relu …"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from backprop_tui.ops.base import Formula, Op, Vjp, define
from backprop_tui.ops.rules import same


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

# ---------------------------------------------------------------- activations

unary(
    "tanh",
    "TanhBackward0",
    lambda self: np.tanh(self),
    Formula("tanh($self)", r"\tanh($self)"),
    by_result(
        lambda g, s: g * (1 - s.result * s.result),
        "$grad · (1 − $result · $result)",
        r"$grad \cdot (1 - {$result}^2)",
    ),
    "Squeezes any number between −1 and 1; flat, so a small gradient, far from 0.",
)
unary(
    "sigmoid",
    "SigmoidBackward0",
    lambda self: 1 / (1 + np.exp(-self)),
    Formula("1 / (1 + exp(−$self))", r"\frac{1}{1 + e^{-$self}}"),
    by_result(
        lambda g, s: g * (1 - s.result) * s.result,
        "$grad · (1 − $result) · $result",
        r"$grad \cdot (1 - $result) \cdot $result",
    ),
    "Squeezes any number between 0 and 1; its derivative is at most 0.25.",
)
unary(
    "relu",
    "ReluBackward0",
    lambda self: np.maximum(self, 0),
    Formula("max($self, 0)", r"\max($self, 0)"),
    by_result(
        lambda g, s: np.where(s.result > 0, g, 0),
        "$grad where $result > 0, else 0",
        r"$grad \cdot [$result > 0]",
    ),
    "Keeps positive numbers, makes negative ones 0; a 0 lets no gradient through.",
    promotes="none",
)
unary(
    "leaky_relu",
    "LeakyReluBackward0",
    lambda self, *, negative_slope=0.01: np.where(self > 0, self, self * negative_slope),
    Formula(
        "$self where $self > 0, else $negative_slope · $self",
        r"\max($self, 0) + $negative_slope \cdot \min($self, 0)",
    ),
    by_input(
        lambda g, s: np.where(s.self > 0, g, g * s.negative_slope),
        "$grad where $self > 0, else $grad · $negative_slope",
        r"$grad \cdot ([$self > 0] + $negative_slope \, [$self \le 0])",
    ),
    "Like relu, but negative numbers keep a small slope.",
)
unary(
    "elu",
    "EluBackward0",
    lambda self, *, alpha=1.0, scale=1.0: np.where(
        self <= 0, alpha * scale * (np.exp(self) - 1), scale * self
    ),
    Formula(
        "$scale · ($self where $self > 0, else $alpha · (exp($self) − 1))",
        r"$scale \cdot \begin{cases} $self & $self > 0 \\ $alpha (e^{$self} - 1) \end{cases}",
    ),
    by_input(
        lambda g, s: np.where(s.self <= 0, g * (s.alpha * s.scale * np.exp(s.self)), g * s.scale),
        "$grad · $scale · (1 where $self > 0, else $alpha · exp($self))",
        r"$grad \cdot $scale \cdot \begin{cases} 1 & $self > 0 \\ $alpha e^{$self} \end{cases}",
    ),
    "Like relu, but bends smoothly to −α on the negative side.",
)
unary(
    "softplus",
    "SoftplusBackward0",
    lambda self, *, beta=1.0, threshold=20.0: np.where(
        self * beta > threshold, self, np.log1p(np.exp(np.minimum(self * beta, threshold))) / beta
    ),
    Formula("log(1 + exp($beta · $self)) / $beta", r"\frac{1}{$beta} \log(1 + e^{$beta $self})"),
    by_input(
        lambda g, s: np.where(
            s.self * s.beta > s.threshold, g, g * (1 - 1 / (1 + np.exp(s.self * s.beta)))
        ),
        "$grad · sigmoid($beta · $self)",
        r"$grad \cdot \sigma($beta $self)",
    ),
    "A smooth relu; its derivative is the sigmoid.",
)
unary(
    "silu",
    "SiluBackward0",
    lambda self: self / (1 + np.exp(-self)),
    Formula("$self / (1 + exp(−$self))", r"\frac{$self}{1 + e^{-$self}}"),
    by_input(
        lambda g, s: (
            g * (1 / (1 + np.exp(-s.self))) * (1 + s.self * (1 - 1 / (1 + np.exp(-s.self))))
        ),
        "$grad · σ · (1 + $self · (1 − σ)), σ = sigmoid($self)",
        r"$grad \cdot \sigma($self) \cdot (1 + $self \cdot (1 - \sigma($self)))",
    ),
    "x times sigmoid(x), also called swish.",
)


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


def _normal_cdf(x: Any) -> Any:
    return 0.5 * (1 + erf(x * math.sqrt(0.5)))


def _tanh_part(x: Any) -> Any:
    return np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x))


def _gelu_vjp(g: Any, s: Any) -> Any:
    x = s.self
    if s.approximate == "tanh":
        tanh = _tanh_part(x)
        inner = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x * x)
        return g * (0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh) * inner)
    bell = np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    return g * (_normal_cdf(x) + x * bell)


unary(
    "gelu",
    "GeluBackward0",
    lambda self, *, approximate="none": (
        0.5 * self * (1 + _tanh_part(self)) if approximate == "tanh" else self * _normal_cdf(self)
    ),
    Formula("$self · Φ($self)", r"$self \cdot \Phi($self)"),
    by_input(
        _gelu_vjp,
        "$grad · (Φ($self) + $self · φ($self))",
        r"$grad \cdot (\Phi($self) + $self \cdot \varphi($self))",
    ),
    "x weighted by how much of a bell curve lies below x.",
)
unary(
    "log_sigmoid",
    "LogSigmoidBackward0",
    lambda self: np.minimum(self, 0) - np.log1p(np.exp(-np.abs(self))),
    Formula("log(1 / (1 + exp(−$self)))", r"\log \frac{1}{1 + e^{-$self}}"),
    by_input(
        lambda g, s: g * (1 / (1 + np.exp(s.self))),
        "$grad · (1 − sigmoid($self))",
        r"$grad \cdot (1 - \sigma($self))",
    ),
    "The logarithm of the sigmoid, without overflow.",
)
unary(
    "hardtanh",
    "HardtanhBackward0",
    lambda self, *, min_val=-1.0, max_val=1.0: np.minimum(np.maximum(self, min_val), max_val),
    Formula("$self kept between $min_val and $max_val", r"\min(\max($self, $min_val), $max_val)"),
    by_input(
        lambda g, s: np.where((s.self <= s.min_val) | (s.self >= s.max_val), 0, g),
        "$grad where $min_val < $self < $max_val, else 0",
        r"$grad \cdot [$min_val < $self < $max_val]",
    ),
    "A straight line, cut off below and above.",
    promotes="none",
)

# ---------------------------------------------------------------- limits and steps


def _inside(s: Any) -> Any:
    low = True if s.min is None else s.self >= s.min
    high = True if s.max is None else s.self <= s.max
    return low & high


unary(
    "clamp",
    "ClampBackward1",
    lambda self, *, min=None, max=None: _clamped(self, min, max),
    Formula("$self kept between $min and $max", r"\operatorname{clamp}($self, $min, $max)"),
    by_input(
        lambda g, s: np.where(_inside(s), g, 0),
        "$grad where $min ≤ $self ≤ $max, else 0",
        r"$grad \cdot [$min \le $self \le $max]",
    ),
    "Cuts off below min and above max; what was cut gets no gradient.",
    promotes="none",
)


def _clamped(self: Any, low: Any, high: Any) -> Any:
    if low is not None:
        self = np.maximum(self, low)
    return self if high is None else np.minimum(self, high)


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
