"""How far points lie apart: every pair of two sets, of one set, or two tensors as a whole."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Saved, Shape, Vjp, define
from backprop_tui.ops.rules import broadcast


def cdist_shape(x1: Shape, x2: Shape, **how: Any) -> Shape:
    """A number for every row of the one and every row of the other."""
    for name, shape in (("X1", x1), ("X2", x2)):
        if len(shape) < 2:
            raise RuntimeError(
                f"cdist only supports at least 2D tensors, {name} got: {len(shape)}D"
            )
    if x1[-1] != x2[-1]:
        raise RuntimeError(
            f"X1 and X2 must have the same number of columns. X1: {x1[-1]} X2: {x2[-1]}"
        )
    return (*broadcast(x1[:-2], x2[:-2]), x1[-2], x2[-2])


def length(apart: Any, p: float) -> Any:
    """The p-norm of the last dimension."""
    if p == 0:
        return (apart != 0).sum(axis=-1).astype(apart.dtype)
    if p == 1:
        return np.abs(apart).sum(axis=-1)
    if p == 2:
        return np.sqrt((apart * apart).sum(axis=-1))
    if p == math.inf:
        return np.abs(apart).max(axis=-1) if apart.shape[-1] else apart.sum(axis=-1)
    return (np.abs(apart) ** p).sum(axis=-1) ** (1 / p)


def slope(g: Any, apart: Any, far: Any, p: float) -> Any:
    """The gradient of ``length`` for each difference; 0 where two points are the same."""
    g, far = g[..., np.newaxis], far[..., np.newaxis]
    if p == 0:
        return apart * 0
    if p == 1:
        return g * np.sign(apart)
    if p == math.inf:
        return g * np.sign(apart) * (np.abs(apart) == far)
    safe = np.where(far == 0, 1, far)
    if p == 2:
        return np.where(far == 0, 0, g * apart / safe)
    steep = np.sign(apart) * np.abs(apart) ** (p - 1)
    return np.where((far == 0) | (apart == 0), 0, g * steep / safe ** (p - 1))


def _pairs(x1: Any, x2: Any) -> Any:
    return x1[..., :, np.newaxis, :] - x2[..., np.newaxis, :, :]


def _cdist_to_first(g: Any, s: Saved) -> Any:
    return slope(g, _pairs(s.x1, s.x2), s.result, s.p).sum(axis=-2)


def _cdist_to_second(g: Any, s: Saved) -> Any:
    return -slope(g, _pairs(s.x1, s.x2), s.result, s.p).sum(axis=-3)


_SLOPES = {
    "x1": Vjp(
        _cdist_to_first,
        Formula(
            "Σ of $grad · ($x1 − $x2) / $result over $x2",
            r"\sum_j $grad \frac{{$x1}_i - {$x2}_j}{$result}",
        ),
        saves=("x1", "x2", "result"),
    ),
    "x2": Vjp(
        _cdist_to_second,
        Formula(
            "Σ of $grad · ($x2 − $x1) / $result over $x1",
            r"\sum_i $grad \frac{{$x2}_j - {$x1}_i}{$result}",
        ),
        saves=("x1", "x2", "result"),
    ),
}
define(
    Op(
        name="_cdist_forward",
        grad_fn="CdistBackward0",
        forward=lambda x1, x2, *, p: length(_pairs(x1, x2), p),
        shape=cdist_shape,
        formula=Formula("‖$x1[i] − $x2[j]‖, p = $p", r"\left\|{$x1}_i - {$x2}_j\right\|_{$p}"),
        vjps=_SLOPES,
        help="The distance of every row to every other; the gradient pulls them together.",
    )
)


def _euclidean(x1: Any, x2: Any) -> Any:
    # As PyTorch does it for many rows: |a|² + |b|² − 2ab as one product of matrices.
    square1, square2 = ((x * x).sum(axis=-1, keepdims=True) for x in (x1, x2))
    left = np.concatenate([x1 * -2, square1, np.ones_like(square1)], axis=-1)
    right = np.concatenate([x2, np.ones_like(square2), square2], axis=-1)
    return np.sqrt(np.maximum(left @ np.swapaxes(right, -1, -2), 0))


def _ratio(g: Any, s: Saved) -> Any:
    return np.where(s.result == 0, 0, g / np.where(s.result == 0, 1, s.result))


define(
    Op(
        name="_euclidean_dist",
        grad_fn="EuclideanDistBackward0",
        forward=lambda x1, x2: _euclidean(x1, x2),
        shape=cdist_shape,
        formula=Formula("‖$x1[i] − $x2[j]‖", r"\left\|{$x1}_i - {$x2}_j\right\|"),
        vjps={
            "x1": Vjp(
                lambda g, s: s.x1 * _ratio(g, s).sum(axis=-1, keepdims=True) - _ratio(g, s) @ s.x2,
                _SLOPES["x1"].formula,
                saves=("x1", "x2", "result"),
            ),
            "x2": Vjp(
                lambda g, s: (
                    s.x2 * _ratio(g, s).sum(axis=-2)[..., np.newaxis]
                    - np.swapaxes(_ratio(g, s), -1, -2) @ s.x1
                ),
                _SLOPES["x2"].formula,
                saves=("x1", "x2", "result"),
            ),
        },
        help="The distance of every row to every other, by one product of matrices.",
    )
)


def pdist_shape(self: Shape, *, p: float = 2.0) -> Shape:
    """A number for every pair of rows."""
    if len(self) != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {len(self)}D")
    return (self[0] * (self[0] - 1) // 2,)


def _pdist_vjp(g: Any, s: Saved) -> Any:
    first, second = np.triu_indices(len(s.self), 1)
    pull = slope(g, s.self[first] - s.self[second], s.result, s.p)
    result = np.zeros(s.self.shape, pull.dtype)
    np.add.at(result, first, pull)
    np.add.at(result, second, -pull)
    return result


def _pdist(self: Any, *, p: float = 2.0) -> Any:
    first, second = np.triu_indices(len(self), 1)
    return length(self[first] - self[second], p)


define(
    Op(
        name="_pdist_forward",
        grad_fn="PdistBackward0",
        forward=_pdist,
        shape=pdist_shape,
        formula=Formula(
            "‖$self[i] − $self[j]‖, i < j", r"\left\|{$self}_i - {$self}_j\right\|_{$p}"
        ),
        vjps={
            "self": Vjp(
                _pdist_vjp,
                Formula(
                    "Σ of $grad · ($self[i] − $self[j]) / $result",
                    r"\sum_j $grad \frac{{$self}_i - {$self}_j}{$result}",
                ),
                saves=("self", "result"),
            )
        },
        help="The distance of every row to every later one.",
    )
)


def dist_shape(self: Shape, other: Shape, *, p: Any = 2) -> Shape:
    """One number."""
    broadcast(self, other)
    return ()


def _dist_vjp(g: Any, s: Saved) -> Any:
    apart = np.asarray(s.self - s.other)
    flat = slope(np.asarray(g), apart.reshape(-1), np.asarray(s.result), float(s.p))
    return flat.reshape(apart.shape)


def _dist(self: Any, other: Any, *, p: Any = 2) -> Any:
    return length(np.asarray(self - other).reshape(-1), float(p))


define(
    Op(
        name="dist",
        grad_fn="DistBackward0",
        promotes="common",
        forward=_dist,
        shape=dist_shape,
        formula=Formula("‖$self − $other‖, p = $p", r"\left\|$self - $other\right\|_{$p}"),
        vjps={
            "self": Vjp(
                _dist_vjp,
                Formula(
                    "$grad · ($self − $other) / $result", r"$grad \frac{$self - $other}{$result}"
                ),
                saves=("self", "other", "result"),
            ),
            "other": Vjp(
                lambda g, s: -_dist_vjp(g, s),
                Formula(
                    "$grad · ($other − $self) / $result", r"$grad \frac{$other - $self}{$result}"
                ),
                saves=("self", "other", "result"),
            ),
        },
        help="How far two tensors lie apart, as one number.",
    )
)
