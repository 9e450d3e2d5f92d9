"""How numbers spread and how long a vector is: var, std, norm."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Saved, Vjp, define
from backprop_tui.ops.reductions import axes_of, count, spread
from backprop_tui.ops.rules import Dim, reduce


def variance(self: Any, dim: Dim, correction: float, keepdim: bool) -> Any:
    axes = axes_of(self, dim)
    n = count(self.shape, dim)
    below = self - self.sum(axis=axes, keepdims=True) / n
    return (below * below).sum(axis=axes, keepdims=keepdim) / max(n - correction, 0)


def variance_vjp(g: Any, s: Saved) -> Any:
    axes = axes_of(s.self, s.dim)
    n = count(s.self.shape, s.dim)
    below = s.self - s.self.sum(axis=axes, keepdims=True) / n
    factor = np.float64(2.0) / (n - s.correction)
    return float(factor) * spread(g, s.self.shape, s.dim, s.keepdim) * below


def deviation_vjp(g: Any, s: Saved) -> Any:
    return variance_vjp(np.where(s.result == 0, 0, g / (s.result * 2)), s)


define(
    Op(
        name="var",
        grad_fn="VarBackward0",
        forward=lambda self, *, dim=None, correction=1, keepdim=False: variance(
            self, dim, correction, keepdim
        ),
        shape=reduce,
        formula=Formula(
            "Σ ($self − mean)² / (N − $correction)",
            r"\frac{\sum ($self - \mu)^2}{N - $correction}",
        ),
        vjps={
            "self": Vjp(
                variance_vjp,
                Formula(
                    "2 / (N − $correction) · $grad · ($self − mean)",
                    r"\frac{2}{N - $correction} \cdot $grad \cdot ($self - \mu)",
                ),
                saves=("self",),
            )
        },
        help="How far the numbers lie from their mean, squared.",
    )
)
define(
    Op(
        name="std",
        grad_fn="StdBackward0",
        forward=lambda self, *, dim=None, correction=1, keepdim=False: np.sqrt(
            variance(self, dim, correction, keepdim)
        ),
        shape=reduce,
        formula=Formula(
            "√(Σ ($self − mean)² / (N − $correction))",
            r"\sqrt{\frac{\sum ($self - \mu)^2}{N - $correction}}",
        ),
        vjps={
            "self": Vjp(
                deviation_vjp,
                Formula(
                    "$grad / (2 · $result) · 2 / (N − $correction) · ($self − mean)",
                    r"\frac{$grad}{$result} \cdot \frac{$self - \mu}{N - $correction}",
                ),
                saves=("self", "result"),
            )
        },
        help="The standard deviation: the square root of the variance.",
    )
)


def norm_of(self: Any, p: float, dim: Dim, keepdim: bool) -> Any:
    """The length of a vector, or of each along ``dim``."""
    axes = axes_of(self, dim)
    sizes = np.abs(self)
    if p == np.inf:
        return sizes.max(axis=axes, keepdims=keepdim)
    if p == -np.inf:
        return sizes.min(axis=axes, keepdims=keepdim)
    if p == 0:
        return (self != 0).sum(axis=axes, keepdims=keepdim).astype(self.dtype)
    if p == 1:
        return sizes.sum(axis=axes, keepdims=keepdim)
    if p == 2:
        return np.sqrt((self * self).sum(axis=axes, keepdims=keepdim))
    return (sizes**p).sum(axis=axes, keepdims=keepdim) ** (1 / p)


def norm_vjp(g: Any, s: Saved) -> Any:
    """The gradient of ``norm_of``, whose ``p`` is called ``ord``."""
    if s.ord == 0:
        return None
    g, norm = (spread(x, s.self.shape, s.dim, s.keepdim) for x in (g, s.result))
    if s.ord == 1:
        return np.sign(s.self) * g
    if abs(s.ord) == np.inf:
        hit = np.abs(s.self) == norm
        ties = hit.sum(axis=axes_of(s.self, s.dim), keepdims=True)
        return np.where(hit, np.sign(s.self) * g / ties, 0)
    if s.ord == 2:
        return np.where(norm == 0, 0, s.self * (g / norm))
    steep = s.self * np.abs(s.self) ** (s.ord - 2) * (g / norm ** (s.ord - 1))
    return np.where((norm == 0) | (s.self == 0), 0, steep)


define(
    Op(
        name="linalg_vector_norm",
        grad_fn="LinalgVectorNormBackward0",
        forward=lambda self, *, ord=2.0, dim=None, keepdim=False: norm_of(self, ord, dim, keepdim),
        shape=reduce,
        formula=Formula("(Σ |$self| ^ $ord) ^ (1 / $ord)", r"\left\|$self\right\|_{$ord}"),
        vjps={
            "self": Vjp(
                norm_vjp,
                Formula(
                    "$self · |$self| ^ ($ord − 2) · ($grad / $result ^ ($ord − 1))",
                    r"$grad \cdot \frac{$self \, |$self|^{$ord - 2}}{{$result}^{$ord - 1}}",
                ),
                saves=("self", "result"),
            )
        },
        help="The length of a vector.",
    )
)
