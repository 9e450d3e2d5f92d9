"""What neurons do to their sum: tanh, sigmoid, relu and its relatives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula
from backprop_tui.ops.elementary import by_input, by_result, erf, unary
from backprop_tui.ops.joining import in_order

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
        lambda g, s: np.where(s.result <= 0, 0, g),  # nan lets the gradient through
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
    lambda self: in_order(np.minimum(self, 0) - np.log1p(np.exp(-np.abs(self)))),
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
