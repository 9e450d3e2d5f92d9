"""More activations: gates (mish, hardswish, glu, prelu) and those that cut a stretch away."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Shape, Vjp, define
from backprop_tui.ops.elementary import by_input, unary
from backprop_tui.ops.rules import broadcast, wrap_dim

#: PyTorch keeps a sixth as a float32 number, for float64 as well.
SIXTH = float(np.float32(1 / 6))

unary(
    "hardsigmoid",
    "HardsigmoidBackward0",
    lambda self: np.minimum(np.maximum(self + 3, 0), 6) / 6,
    Formula("min(max($self + 3, 0), 6) / 6", r"\frac{\min(\max($self + 3, 0), 6)}{6}"),
    by_input(
        lambda g, s: np.where((s.self > -3) & (s.self < 3), g * SIXTH, 0),
        "$grad / 6 where −3 < $self < 3, else 0",
        r"\tfrac{1}{6} $grad \cdot [-3 < $self < 3]",
    ),
    "A sigmoid of three straight lines.",
)
unary(
    "hardswish",
    "HardswishBackward0",
    lambda self: self * np.minimum(np.maximum(self + 3, 0), 6) / 6,
    Formula(
        "$self · min(max($self + 3, 0), 6) / 6",
        r"$self \cdot \frac{\min(\max($self + 3, 0), 6)}{6}",
    ),
    by_input(
        lambda g, s: np.where(s.self <= -3, 0, np.where(s.self < 3, g * (s.self / 3 + 0.5), g)),
        "0 where $self ≤ −3, $grad · ($self / 3 + 0.5) where $self < 3, else $grad",
        r"$grad \cdot \begin{cases} 0 & $self \le -3 \\ $self / 3 + 0.5 & $self < 3 \\ 1 "
        r"\end{cases}",
    ),
    "x times its hardsigmoid.",
)
unary(
    "mish",
    "MishBackward0",
    lambda self: self * np.tanh(np.log1p(np.exp(self))),
    Formula("$self · tanh(log(1 + exp($self)))", r"$self \cdot \tanh(\log(1 + e^{$self}))"),
    by_input(
        lambda g, s: (
            g
            * (
                np.tanh(np.log1p(np.exp(s.self)))
                + s.self
                * (1 / (1 + np.exp(-s.self)))
                * (1 - np.tanh(np.log1p(np.exp(s.self))) * np.tanh(np.log1p(np.exp(s.self))))
            )
        ),
        "$grad · (t + $self · σ · (1 − t · t)), t = tanh(log(1 + exp($self))), σ = sigmoid($self)",
        r"$grad \cdot (t + $self \cdot \sigma($self) (1 - t^2)),\; t = \tanh(\log(1 + e^{$self}))",
    ),
    "x times the tanh of its softplus.",
)
unary(
    "celu",
    "CeluBackward0",
    lambda self, *, alpha=1.0: np.where(self <= 0, alpha * (np.exp(self / alpha) - 1), self),
    Formula(
        "$self where $self > 0, else $alpha · (exp($self / $alpha) − 1)",
        r"\begin{cases} $self & $self > 0 \\ $alpha (e^{$self / $alpha} - 1) \end{cases}",
    ),
    by_input(
        lambda g, s: np.where(s.self <= 0, g * np.exp(s.self / s.alpha), g),
        "$grad where $self > 0, else $grad · exp($self / $alpha)",
        r"$grad \cdot \begin{cases} 1 & $self > 0 \\ e^{$self / $alpha} \end{cases}",
    ),
    "Like elu, with slope 1 on both sides of 0 for every α.",
)

OUTSIDE = by_input(
    lambda g, s: np.where((s.self >= -s.lambd) & (s.self <= s.lambd), 0, g),
    "$grad where |$self| > $lambd, else 0",
    r"$grad \cdot [|$self| > $lambd]",
)
unary(
    "hardshrink",
    "HardshrinkBackward0",
    lambda self, *, lambd=0.5: np.where((self >= -lambd) & (self <= lambd), 0, self),
    Formula("$self where |$self| > $lambd, else 0", r"$self \cdot [|$self| > $lambd]"),
    OUTSIDE,
    "Small numbers become 0, the others stay.",
)
unary(
    "softshrink",
    "SoftshrinkBackward0",
    lambda self, *, lambd=0.5: np.where(
        self > lambd, self - lambd, np.where(self < -lambd, self + lambd, self * 0)
    ),
    Formula(
        "$self moved by $lambd towards 0, and 0 in between",
        r"\operatorname{sign}($self) \max(|$self| - $lambd, 0)",
    ),
    OUTSIDE,
    "Every number comes nearer to 0, and small ones become 0.",
)
unary(
    "threshold",
    "ThresholdBackward0",
    lambda self, *, threshold, value: np.where(self <= threshold, value, self),
    Formula(
        "$self where $self > $threshold, else $value",
        r"\begin{cases} $self & $self > $threshold \\ $value \end{cases}",
    ),
    by_input(
        lambda g, s: np.where(s.self <= s.threshold, 0, g),
        "$grad where $self > $threshold, else 0",
        r"$grad \cdot [$self > $threshold]",
    ),
    "Small numbers are replaced, and get no gradient.",
    promotes="none",
)
define(
    Op(
        name="_prelu_kernel",
        grad_fn="PreluKernelBackward0",
        elementwise=True,
        forward=lambda self, weight: np.where(self > 0, self, weight * self),
        shape=broadcast,
        formula=Formula(
            "$self where $self > 0, else $weight · $self",
            r"\max($self, 0) + $weight \cdot \min($self, 0)",
        ),
        vjps={
            "self": Vjp(
                lambda g, s: np.where(s.self > 0, g, s.weight * g),
                Formula(
                    "$grad where $self > 0, else $weight · $grad",
                    r"$grad \cdot ([$self > 0] + $weight \, [$self \le 0])",
                ),
                saves=("self", "weight"),
            ),
            "weight": Vjp(
                lambda g, s: np.where(s.self > 0, 0, s.self * g),
                Formula(
                    "0 where $self > 0, else $self · $grad",
                    r"$grad \cdot \min($self, 0)",
                ),
                saves=("self", "weight"),
            ),
        },
        help="A leaky relu whose slope below 0 is learned.",
    )
)


def glu_shape(self: Shape, *, dim: int) -> Shape:
    """Half as long along ``dim``, which must be even."""
    if not self:
        raise RuntimeError("glu does not support 0-dimensional tensors")
    axis = wrap_dim(dim, len(self))
    if self[axis] % 2:
        raise RuntimeError(
            f"Halving dimension must be even, but dimension {axis} is size {self[axis]}"
        )
    return (*self[:axis], self[axis] // 2, *self[axis + 1 :])


def _halves(x: Any, dim: int) -> tuple[Any, Any]:
    """The first and the second half along ``dim``."""
    half, at = x.shape[dim] // 2, (slice(None),) * (dim % x.ndim)
    return x[(*at, slice(None, half))], x[(*at, slice(half, None))]


def _glu(self: Any, *, dim: int = -1) -> Any:
    value, gate = _halves(self, dim)
    return value * (1 / (1 + np.exp(-gate)))


def _glu_vjp(g: Any, s: Any) -> Any:
    value, gate = _halves(s.self, s.dim)
    open_ = 1 / (1 + np.exp(-gate))
    return np.concatenate([g * open_, g * value * (1 - open_) * open_], axis=s.dim)


define(
    Op(
        name="glu",
        grad_fn="GluBackward0",
        promotes="float",
        forward=_glu,
        shape=glu_shape,
        formula=Formula(
            "a · sigmoid(b), a and b the halves of $self", r"a \cdot \sigma(b),\; (a, b) = $self"
        ),
        vjps={
            "self": Vjp(
                _glu_vjp,
                Formula(
                    "for a: $grad · σ, for b: $grad · a · (1 − σ) · σ, σ = sigmoid(b)",
                    r"($grad \cdot \sigma(b),\; $grad \cdot a \cdot \sigma(b) (1 - \sigma(b)))",
                ),
                saves=("self",),
            )
        },
        help="One half lets the other through, as far as its sigmoid is open.",
    )
)
