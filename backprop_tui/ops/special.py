"""Functions of one number beyond the elementary ones: areas, the gamma function, logit, angles."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Saved, Vjp, define
from backprop_tui.ops.elementary import by_input, by_result, unary
from backprop_tui.ops.rules import same


def each(function: Callable[[float], float]) -> Callable[[Any], Any]:
    """A function of one number for every number of an array; NumPy has none of these."""
    over = np.frompyfunc(function, 1, 1)

    def of_all(x: Any) -> Any:
        return np.asarray(over(x), dtype=np.asarray(x).dtype)

    return of_all


# ---------------------------------------------------------------- inverse hyperbolic

unary(
    "asinh",
    "AsinhBackward0",
    lambda self: np.arcsinh(self),
    Formula("asinh($self)", r"\operatorname{arsinh}($self)"),
    by_input(
        lambda g, s: g / np.sqrt(s.self * s.self + 1),
        "$grad / √($self² + 1)",
        r"\frac{$grad}{\sqrt{{$self}^2 + 1}}",
    ),
    "The inverse of the hyperbolic sine.",
)
unary(
    "acosh",
    "AcoshBackward0",
    lambda self: np.arccosh(self),
    Formula("acosh($self)", r"\operatorname{arcosh}($self)"),
    by_input(
        lambda g, s: g / np.sqrt(s.self * s.self - 1),
        "$grad / √($self² − 1)",
        r"\frac{$grad}{\sqrt{{$self}^2 - 1}}",
    ),
    "The inverse of the hyperbolic cosine.",
)
unary(
    "atanh",
    "AtanhBackward0",
    lambda self: np.arctanh(self),
    Formula("atanh($self)", r"\operatorname{artanh}($self)"),
    by_input(
        lambda g, s: g * (1 / (1 - s.self * s.self)),
        "$grad / (1 − $self²)",
        r"\frac{$grad}{1 - {$self}^2}",
    ),
    "The inverse of the hyperbolic tangent.",
)

# ---------------------------------------------------------------- powers of 2, logit, angles

unary(
    "exp2",
    "Exp2Backward0",
    lambda self: np.exp2(self),
    Formula("2 ^ $self", "2^{$self}"),
    by_result(
        lambda g, s: g * s.result * math.log(2),
        "$grad · $result · log 2",
        r"$grad \cdot $result \cdot \log 2",
    ),
    "2 to the power of x.",
)


def _logit(self: Any, *, eps: float | None = None) -> Any:
    if eps is not None:
        self = np.minimum(np.maximum(self, eps), 1 - eps)
    return np.log(self / (1 - self))


def _logit_vjp(g: Any, s: Saved) -> Any:
    low, high = (0, 1) if s.eps is None else (s.eps, 1 - s.eps)
    inside = (s.self >= low) & (s.self <= high)
    return np.where(inside, g / (s.self * (1 - s.self)), np.nan if s.eps is None else 0)


unary(
    "logit",
    "LogitBackward0",
    _logit,
    Formula("log($self / (1 − $self))", r"\log\frac{$self}{1 - $self}"),
    by_input(_logit_vjp, "$grad / ($self · (1 − $self))", r"\frac{$grad}{$self \, (1 - $self)}"),
    "The logarithm of the odds; the inverse of the sigmoid.",
)
unary(
    "deg2rad",
    "Deg2RadBackward0",
    lambda self: self * (math.pi / 180),
    Formula("$self · π / 180", r"$self \cdot \frac{\pi}{180}"),
    Vjp(
        lambda g, s: g * (math.pi / 180),
        Formula("$grad · π / 180", r"$grad \cdot \frac{\pi}{180}"),
    ),
    "An angle in degrees, in radians.",
)
unary(
    "rad2deg",
    "Rad2DegBackward0",
    lambda self: self * (180 / math.pi),
    Formula("$self · 180 / π", r"$self \cdot \frac{180}{\pi}"),
    Vjp(
        lambda g, s: g * (180 / math.pi),
        Formula("$grad · 180 / π", r"$grad \cdot \frac{180}{\pi}"),
    ),
    "An angle in radians, in degrees.",
)
unary(
    "frac",
    "FracBackward0",
    lambda self: self - np.trunc(self),
    Formula("$self − trunc($self)", r"$self - \operatorname{trunc}($self)"),
    Vjp(lambda g, s: g, Formula("$grad", "$grad")),
    "What is after the point.",
    promotes="none",
)
unary(
    "sgn",
    "SgnBackward0",
    lambda self: np.sign(self),
    Formula("sgn($self)", r"\operatorname{sgn}($self)"),
    Vjp(lambda g, s: g * 0, Formula("0", "0")),
    "−1, 0, 1. Flat everywhere: no gradient gets through.",
    promotes="none",
)


def _nan_to_num(self: Any, *, nan: Any = None, posinf: Any = None, neginf: Any = None) -> Any:
    if self.dtype.kind != "f":
        return self.copy()
    limits = np.finfo(self.dtype)
    high = limits.max if posinf is None else posinf
    low = limits.min if neginf is None else neginf
    return np.nan_to_num(self, nan=0.0 if nan is None else nan, posinf=high, neginf=low)


unary(
    "nan_to_num",
    "NanToNumBackward0",
    _nan_to_num,
    Formula("$self, a number where there was none", "$self"),
    by_input(
        lambda g, s: np.where(np.abs(s.self) < np.inf, g, 0),
        "$grad where $self is finite, else 0",
        r"$grad \cdot [\left|$self\right| < \infty]",
    ),
    "NaN becomes 0, the infinities the largest numbers there are.",
    promotes="none",
)


def _sinc(self: Any) -> Any:
    return np.where(self == 0, 1, np.sin(math.pi * self) / np.where(self == 0, 1, math.pi * self))


def _sinc_vjp(g: Any, s: Saved) -> Any:
    angle = s.self * math.pi
    square = np.where(s.self == 0, 1, s.self * s.self * math.pi)
    return np.where(s.self == 0, g * 0, g * ((angle * np.cos(angle) - np.sin(angle)) / square))


unary(
    "sinc",
    "SincBackward0",
    _sinc,
    Formula("sin(π · $self) / (π · $self)", r"\frac{\sin(\pi \, $self)}{\pi \, $self}"),
    by_input(
        _sinc_vjp,
        "$grad · (π·$self · cos(π·$self) − sin(π·$self)) / (π · $self²)",
        r"$grad \cdot \frac{\pi $self \cos(\pi $self) - \sin(\pi $self)}{\pi {$self}^2}",
    ),
    "sin(πx) / (πx), and 1 at 0.",
)

# ---------------------------------------------------------------- the bell curve

erfc = each(math.erfc)


def _erfinv(y: float) -> float:
    """Giles' approximation, made exact by two steps of Newton's."""
    y = float(y)
    if not -1 < y < 1:
        return math.copysign(math.inf, y) if abs(y) == 1 else math.nan
    logarithm = math.log((1 - y) * (1 + y))
    middle = 2 / (math.pi * 0.147) + logarithm / 2
    x = math.copysign(math.sqrt(math.sqrt(middle * middle - logarithm / 0.147) - middle), y)
    for _ in range(3):
        error = math.erf(x) - y if abs(y) < 0.9 else math.copysign(math.erfc(-abs(x)) - 1, y) - y
        slope = 2 / math.sqrt(math.pi) * math.exp(-x * x)
        if slope:
            x -= error / slope
    return x


erfinv = each(_erfinv)
_HALF_ROOT_PI = 0.5 * math.sqrt(math.pi)
unary(
    "erfc",
    "ErfcBackward0",
    lambda self: erfc(self),
    Formula("1 − erf($self)", r"1 - \operatorname{erf}($self)"),
    by_input(
        lambda g, s: -2 / math.sqrt(math.pi) * np.exp(-(s.self * s.self)) * g,
        "−2 / √π · exp(−$self · $self) · $grad",
        r"-\frac{2}{\sqrt\pi} e^{-{$self}^2} \cdot $grad",
    ),
    "What the error function leaves to 1.",
)
unary(
    "erfinv",
    "ErfinvBackward0",
    lambda self: erfinv(self),
    Formula("erf⁻¹($self)", r"\operatorname{erf}^{-1}($self)"),
    by_input(
        lambda g, s: _HALF_ROOT_PI * np.exp(erfinv(s.self) ** 2) * g,
        "√π / 2 · exp(erf⁻¹($self)²) · $grad",
        r"\frac{\sqrt\pi}{2} e^{\operatorname{erf}^{-1}($self)^2} \cdot $grad",
    ),
    "The inverse of the error function.",
)


def _entr(self: Any) -> Any:
    inside = np.where(self > 0, -self * np.log(np.where(self > 0, self, 1)), 0 * self)
    return np.where(self < 0, -np.inf, inside)


unary(
    "special_entr",
    "SpecialEntrBackward0",
    _entr,
    Formula("−$self · log($self)", r"-$self \log $self"),
    by_input(
        lambda g, s: g * -(1 + np.log(s.self)),
        "−$grad · (1 + log($self))",
        r"-$grad \cdot (1 + \log $self)",
    ),
    "What a probability adds to an entropy.",
)

# ---------------------------------------------------------------- the gamma function


def _lgamma(x: float) -> float:
    x = float(x)
    if x <= 0 and x == math.floor(x):
        return math.inf
    return math.inf if math.isinf(x) else math.lgamma(x)


#: The Bernoulli numbers B₂, B₄ … of the series below.
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)


def _digamma(x: float) -> float:
    x = float(x)
    if x == 0:
        return math.copysign(math.inf, -math.copysign(1, x))
    if x < 0:
        if x == math.floor(x):
            return math.nan
        return _digamma(1 - x) - math.pi / math.tan(math.pi * x)
    total = 0.0
    while x < 10:
        total -= 1 / x
        x += 1
    series = sum(b / (2 * k * x ** (2 * k)) for k, b in enumerate(_BERNOULLI, 1))
    return total + math.log(x) - 0.5 / x - series


def _zeta(s: float, q: float) -> float:
    """Hurwitz's zeta function for s > 1, by Euler and Maclaurin."""
    if q <= 0:
        return math.inf if q == math.floor(q) else math.nan
    total = float(sum((q + k) ** -s for k in range(12)))
    q += 12
    total += q ** (1 - s) / (s - 1) + 0.5 * q**-s
    factor, power = s, q ** (-s - 1)
    for k, b in enumerate(_BERNOULLI, 1):
        total += b / math.factorial(2 * k) * factor * power
        factor *= (s + 2 * k - 1) * (s + 2 * k)
        power /= q * q
    return float(total)


def _polygamma(n: int, x: Any) -> Any:
    if n == 0:
        return digamma(x)
    sign = math.factorial(n) * (1 if n % 2 else -1)
    return each(lambda one: sign * _polygamma_at(n, float(one)))(x)


def _polygamma_at(n: int, x: float) -> float:
    if x >= 0 or x == math.floor(x):
        return _zeta(n + 1, x)
    # By steps of 1 to where the series holds; each adds a term of its own.
    steps = math.ceil(-x)
    before = sum(1 / (x + k) ** (n + 1) for k in range(steps))
    return float(before + _zeta(n + 1, x + steps))


lgamma, digamma = each(_lgamma), each(_digamma)
unary(
    "lgamma",
    "LgammaBackward0",
    lambda self: lgamma(self),
    Formula("log |Γ($self)|", r"\log \left|\Gamma($self)\right|"),
    by_input(lambda g, s: g * digamma(s.self), "$grad · ψ($self)", r"$grad \cdot \psi($self)"),
    "The logarithm of the gamma function: log((x − 1)!) for whole x.",
)
unary(
    "digamma",
    "DigammaBackward0",
    lambda self: digamma(self),
    Formula("ψ($self)", r"\psi($self)"),
    by_input(
        lambda g, s: g * _polygamma(1, s.self), "$grad · ψ′($self)", r"$grad \cdot \psi'($self)"
    ),
    "The slope of the logarithm of the gamma function.",
)
define(
    Op(
        name="polygamma",
        grad_fn="PolygammaBackward0",
        elementwise=True,
        promotes="float",
        forward=lambda self, *, n: _polygamma(n, self),
        shape=same,
        formula=Formula("ψ($self), derived $n times", r"\psi^{($n)}($self)"),
        vjps={
            "self": Vjp(
                lambda g, s: g * _polygamma(s.n + 1, s.self),
                Formula(
                    "$grad · ψ($self), derived $n + 1 times", r"$grad \cdot \psi^{($n + 1)}($self)"
                ),
                saves=("self",),
            )
        },
        help="The n-th derivative of the digamma function.",
    )
)
