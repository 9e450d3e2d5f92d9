"""Losses that are one node in PyTorch's graph; the others are composed from ops."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Saved, Shape, Vjp, define
from backprop_tui.ops.rules import broadcast


def reduced(loss: Any, reduction: str) -> Any:
    """``"none"``: all of them; ``"sum"``; ``"mean"``: their average."""
    if reduction == "none":
        return loss
    total = loss.sum()
    return total / loss.size if reduction == "mean" else total


def loss_shape(self: Shape, target: Shape, *weights: Shape, reduction: str, **attrs: Any) -> Shape:
    """One number, or with ``"none"`` one for every element."""
    whole = broadcast(self, target)
    return whole if reduction == "none" else ()


def share(g: Any, s: Saved) -> Any:
    """The part of the gradient that one element gets: 1/N of it for a mean."""
    return g / s.self.size if s.reduction == "mean" else g


# ---------------------------------------------------------------- regression


def _mse_vjp(g: Any, s: Saved) -> Any:
    factor = 2 / s.self.size if s.reduction == "mean" else 2.0
    return factor * (s.self - s.target) * g


define(
    Op(
        name="mse_loss",
        grad_fn="MseLossBackward0",
        promotes="common",
        forward=lambda self, target, *, reduction="mean": reduced(
            (self - target) * (self - target), reduction
        ),
        shape=loss_shape,
        formula=Formula(
            "$reduction(($self − $target)²)", r"\text{$reduction}(($self - $target)^2)"
        ),
        vjps={
            "self": Vjp(
                _mse_vjp,
                Formula(
                    "2 / N · ($self − $target) · $grad",
                    r"\tfrac{2}{N} ($self - $target) \cdot $grad",
                ),
                saves=("self", "target"),
            ),
            "target": Vjp(
                lambda g, s: -_mse_vjp(g, s),
                Formula(
                    "−2 / N · ($self − $target) · $grad",
                    r"-\tfrac{2}{N} ($self - $target) \cdot $grad",
                ),
                saves=("self", "target"),
            ),
        },
        help="The mean of the squared errors; a large error pulls hardest.",
    )
)


def _huber(self: Any, target: Any, delta: float) -> Any:
    error = np.abs(self - target)
    return np.where(error < delta, 0.5 * error * error, delta * (error - 0.5 * delta))


def _huber_vjp(g: Any, s: Saved) -> Any:
    error = s.self - s.target
    slope = np.minimum(np.maximum(error, -s.delta), s.delta)
    return slope * share(g, s)


define(
    Op(
        name="huber_loss",
        grad_fn="HuberLossBackward0",
        promotes="common",
        forward=lambda self, target, *, reduction="mean", delta=1.0: reduced(
            _huber(self, target, delta), reduction
        ),
        shape=loss_shape,
        formula=Formula(
            "$reduction(½ e² where |e| < $delta, else $delta · (|e| − ½ $delta)), "
            "e = $self − $target",
            r"\text{$reduction}(\text{huber}_{$delta}($self - $target))",
        ),
        vjps={
            "self": Vjp(
                _huber_vjp,
                Formula(
                    "($self − $target, at most ±$delta) · $grad / N",
                    r"\operatorname{clamp}($self - $target, \pm $delta) \cdot \tfrac{$grad}{N}",
                ),
                saves=("self", "target"),
            ),
            "target": Vjp(
                lambda g, s: -_huber_vjp(g, s),
                Formula(
                    "−($self − $target, at most ±$delta) · $grad / N",
                    r"-\operatorname{clamp}($self - $target, \pm $delta) \cdot \tfrac{$grad}{N}",
                ),
                saves=("self", "target"),
            ),
        },
        help="Squared for small errors, straight for large ones, so outliers pull less.",
    )
)


def _smooth(self: Any, target: Any, beta: float) -> Any:
    error = np.abs(self - target)
    return np.where(error < beta, 0.5 * error * error / beta, error - 0.5 * beta)


def _smooth_vjp(g: Any, s: Saved) -> Any:
    slope = np.minimum(np.maximum((s.self - s.target) / s.beta, -1), 1)
    return slope * share(g, s)


define(
    Op(
        name="smooth_l1_loss",
        grad_fn="SmoothL1LossBackward0",
        promotes="common",
        forward=lambda self, target, *, reduction="mean", beta=1.0: reduced(
            _smooth(self, target, beta), reduction
        ),
        shape=loss_shape,
        formula=Formula(
            "$reduction(½ e² / $beta where |e| < $beta, else |e| − ½ $beta), e = $self − $target",
            r"\text{$reduction}(\text{smooth}_{$beta}($self - $target))",
        ),
        vjps={
            "self": Vjp(
                _smooth_vjp,
                Formula(
                    "(($self − $target) / $beta, at most ±1) · $grad / N",
                    r"\operatorname{clamp}(\tfrac{$self - $target}{$beta}, \pm 1) "
                    r"\cdot \tfrac{$grad}{N}",
                ),
                saves=("self", "target"),
            ),
            "target": Vjp(
                lambda g, s: -_smooth_vjp(g, s),
                Formula(
                    "−(($self − $target) / $beta, at most ±1) · $grad / N",
                    r"-\operatorname{clamp}(\tfrac{$self - $target}{$beta}, \pm 1) "
                    r"\cdot \tfrac{$grad}{N}",
                ),
                saves=("self", "target"),
            ),
        },
        help="The absolute error, rounded off near 0.",
    )
)

# ---------------------------------------------------------------- two classes


def _weighted(loss: Any, weight: Any) -> Any:
    return loss if weight is None else loss * weight


def _bce(self: Any, target: Any) -> Any:
    """PyTorch never lets a logarithm fall below −100."""
    return (target - 1) * np.maximum(np.log1p(-self), -100) - target * np.maximum(
        np.log(self), -100
    )


def _bce_vjp(g: Any, s: Saved) -> Any:
    slope = g * (s.self - s.target) / np.maximum((1 - s.self) * s.self, 1e-12)
    slope = _weighted(slope, getattr(s, "weight", None))
    return slope / s.self.size if s.reduction == "mean" else slope


def _bce_target_vjp(g: Any, s: Saved) -> Any:
    slope = _weighted((np.log(1 - s.self) - np.log(s.self)) * g, getattr(s, "weight", None))
    return slope / s.self.size if s.reduction == "mean" else slope


define(
    Op(
        name="binary_cross_entropy",
        grad_fn="BinaryCrossEntropyBackward0",
        promotes="none",
        forward=lambda self, target, weight=None, *, reduction="mean": reduced(
            _weighted(_bce(self, target), weight), reduction
        ),
        shape=loss_shape,
        plain=("weight",),
        formula=Formula(
            "$reduction(−($target · log($self) + (1 − $target) · log(1 − $self)))",
            r"\text{$reduction}(-($target \log $self + (1 - $target) \log(1 - $self)))",
        ),
        vjps={
            "self": Vjp(
                _bce_vjp,
                Formula(
                    "$grad · ($self − $target) / ((1 − $self) · $self) / N",
                    r"\frac{$grad}{N} \cdot \frac{$self - $target}{(1 - $self) \cdot $self}",
                ),
                saves=("self", "target", "weight"),
            ),
            "target": Vjp(
                _bce_target_vjp,
                Formula(
                    "$grad · (log(1 − $self) − log($self)) / N",
                    r"\frac{$grad}{N} \cdot (\log(1 - $self) - \log $self)",
                ),
                saves=("self", "weight"),
            ),
        },
        help="How surprised a predicted probability is by the true 0 or 1.",
    )
)


def _logits_loss(self: Any, target: Any, weight: Any, pos_weight: Any) -> Any:
    log_sigmoid = np.minimum(self, 0) - np.log1p(np.exp(-np.abs(self)))
    if pos_weight is not None:
        log_sigmoid = ((pos_weight - 1) * target + 1) * log_sigmoid
    return _weighted((1 - target) * self - log_sigmoid, weight)


def _logits_vjp(g: Any, s: Saved) -> Any:
    sigmoid = 1 / (1 + np.exp(-s.self))
    pos_weight = getattr(s, "pos_weight", None)
    if pos_weight is None:
        slope = (sigmoid - s.target) * g
    else:
        t = pos_weight * s.target
        slope = ((t + 1 - s.target) * sigmoid - t) * g
    slope = _weighted(slope, getattr(s, "weight", None))
    return slope / s.self.size if s.reduction == "mean" else slope


def _logits_target_vjp(g: Any, s: Saved) -> Any:
    pos_weight = getattr(s, "pos_weight", None)
    if pos_weight is None:
        slope = -s.self * g
    else:
        negative = np.minimum(-s.self, 0) - np.log1p(np.exp(-np.abs(s.self)))
        positive = np.minimum(s.self, 0) - np.log1p(np.exp(-np.abs(s.self)))
        slope = (negative - pos_weight * positive) * g
    slope = _weighted(slope, getattr(s, "weight", None))
    return slope / s.self.size if s.reduction == "mean" else slope


define(
    Op(
        name="binary_cross_entropy_with_logits",
        grad_fn="BinaryCrossEntropyWithLogitsBackward0",
        promotes="none",
        forward=lambda self, target, weight=None, pos_weight=None, *, reduction="mean": reduced(
            _logits_loss(self, target, weight, pos_weight), reduction
        ),
        shape=loss_shape,
        plain=("weight", "pos_weight"),
        formula=Formula(
            "$reduction((1 − $target) · $self − log sigmoid($self))",
            r"\text{$reduction}((1 - $target) \cdot $self - \log \sigma($self))",
        ),
        vjps={
            "self": Vjp(
                _logits_vjp,
                Formula(
                    "(sigmoid($self) − $target) · $grad / N",
                    r"(\sigma($self) - $target) \cdot \frac{$grad}{N}",
                ),
                saves=("self", "target", "weight", "pos_weight"),
            ),
            "target": Vjp(
                _logits_target_vjp,
                Formula("−$self · $grad / N", r"-$self \cdot \frac{$grad}{N}"),
                saves=("self", "weight", "pos_weight"),
            ),
        },
        help="Sigmoid and binary cross-entropy in one; its gradient is just ŷ − y.",
    )
)

# ---------------------------------------------------------------- many classes


def nll_shape(
    self: Shape, target: Shape, weight: Shape = (), *, reduction: str, **attrs: Any
) -> Shape:
    """(N, C) scores with (N,) classes, or (C,) with one class."""
    if not 1 <= len(self) <= 2:
        raise RuntimeError("input tensor should be 1D or 2D")
    if len(target) > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if len(self) == 2 and target != self[:1]:
        got = f"got size {list(self)} and {list(target)}"
        raise RuntimeError(f"size mismatch ({got[4:].replace('size ', 'got input: ', 1)})")
    return target if reduction == "none" else ()


def _counted(self: Any, target: Any, weight: Any, ignore_index: int) -> tuple[Any, Any, Any]:
    """The rows that count, the class of each, and how much each counts."""
    target = np.reshape(target, -1)
    rows = np.flatnonzero(target != ignore_index)
    classes = target[rows]
    outside = classes[(classes < 0) | (classes >= self.shape[-1])]
    if outside.size:
        raise IndexError(f"Target {int(outside[0])} is out of bounds.")
    return rows, classes, None if weight is None else weight[classes]


def _nll(
    self: Any, target: Any, weight: Any = None, *, reduction: str = "mean", ignore_index: int = -100
) -> Any:
    scores = self.reshape(-1, self.shape[-1])
    rows, classes, weights = _counted(scores, target, weight, ignore_index)
    losses = _weighted(-scores[rows, classes], weights)
    if reduction == "none":
        every = np.zeros(len(scores), losses.dtype)
        every[rows] = losses
        return every.reshape(np.shape(target))
    if reduction == "sum":
        return losses.sum()
    return losses.sum() / (len(rows) if weights is None else weights.sum())


def _nll_vjp(g: Any, s: Saved) -> Any:
    shape = s.self.shape
    weight = getattr(s, "weight", None)
    scores = s.self.reshape(-1, shape[-1])
    rows, classes, weights = _counted(scores, s.target, weight, s.ignore_index)
    if s.reduction == "none":
        each = -np.reshape(g, -1)[rows]
    elif s.reduction == "sum":
        each = np.repeat(-g, len(rows))
    else:
        each = np.repeat(-g / (len(rows) if weights is None else weights.sum()), len(rows))
    result = np.zeros(scores.shape, each.dtype)
    result[rows, classes] = _weighted(each, weights)
    return result.reshape(shape)


define(
    Op(
        name="nll_loss",
        grad_fn="NllLossBackward0",
        forward=_nll,
        shape=nll_shape,
        plain=("target", "weight"),
        formula=Formula(
            "$reduction(−$self[row, $target])", r"\text{$reduction}(-{$self}_{i, {$target}_i})"
        ),
        vjps={
            "self": Vjp(
                _nll_vjp,
                Formula(
                    "−$grad / N at the true class, else 0",
                    r"-\frac{$grad}{N} \cdot [j = $target]",
                ),
                saves=("self", "target", "weight"),
            )
        },
        help="Takes minus the log-probability of the true class; only it gets a gradient.",
    )
)


def nll_2d_shape(
    self: Shape, target: Shape, weight: Shape = (), *, reduction: str, **attrs: Any
) -> Shape:
    """(N, C, H, W) scores with (N, H, W) classes."""
    return target if reduction == "none" else ()


def _nll_2d(
    self: Any, target: Any, weight: Any = None, *, reduction: str = "mean", ignore_index: int = -100
) -> Any:
    rows = np.moveaxis(self, 1, -1).reshape(-1, self.shape[1])
    flat = np.reshape(target, -1)
    loss = _nll(rows, flat, weight, reduction=reduction, ignore_index=ignore_index)
    return loss.reshape(np.shape(target)) if reduction == "none" else loss


def _nll_2d_vjp(g: Any, s: Saved) -> Any:
    n, classes, *places = s.self.shape
    rows = Saved(**{**vars(s), "self": np.moveaxis(s.self, 1, -1).reshape(-1, classes)})
    return np.moveaxis(_nll_vjp(g, rows).reshape(n, *places, classes), -1, 1)


define(
    Op(
        name="nll_loss2d",
        grad_fn="NllLoss2DBackward0",
        forward=_nll_2d,
        shape=nll_2d_shape,
        plain=("target", "weight"),
        formula=Formula(
            "$reduction(−$self[sample, $target, place])",
            r"\text{$reduction}(-{$self}_{i, {$target}_i})",
        ),
        vjps={
            "self": Vjp(
                _nll_2d_vjp,
                Formula(
                    "−$grad / N at the true class, else 0",
                    r"-\frac{$grad}{N} \cdot [j = $target]",
                ),
                saves=("self", "target", "weight"),
            )
        },
        help="Minus the log-probability of the true class, at every place of an image.",
    )
)
