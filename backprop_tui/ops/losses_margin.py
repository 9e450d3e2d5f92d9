"""Losses that compare scores with each other by a margin, and the length that pairs are told by."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Saved, Shape, Vjp, define
from backprop_tui.ops.losses import loss_shape, reduced, share
from backprop_tui.ops.rules import reduce, same
from backprop_tui.ops.statistics import norm_of, norm_vjp

# ---------------------------------------------------------------- parts of composed losses

define(
    Op(
        name="norm.dim",
        grad_fn="NormBackward1",
        forward=lambda self, *, p=2.0, dim=None, keepdim=False: norm_of(self, p, dim, keepdim),
        shape=reduce,
        formula=Formula("(Σ |$self| ^ $p) ^ (1 / $p)", r"\left\|$self\right\|_{$p}"),
        vjps={
            "self": Vjp(
                lambda g, s: norm_vjp(g, Saved(**vars(s), ord=s.p)),
                Formula(
                    "$self · |$self| ^ ($p − 2) · ($grad / $result ^ ($p − 1))",
                    r"$grad \cdot \frac{$self \, |$self|^{$p - 2}}{{$result}^{$p - 1}}",
                ),
                saves=("self", "result"),
            )
        },
        help="The length of each difference, as a loss of pairs takes it.",
    )
)

define(
    Op(
        name="sub.scalar",
        grad_fn="SubBackward1",
        promotes="common",
        elementwise=True,
        forward=lambda self, *, other: self - other,
        shape=same,
        formula=Formula("$self − $other", "$self - $other"),
        vjps={"self": Vjp(lambda g, s: g, Formula("$grad", "$grad"))},
        help="A number taken away, inside a composed loss.",
    )
)

# ---------------------------------------------------------------- two classes, −1 and 1


def _soft_vjp(g: Any, s: Saved) -> Any:
    bent = np.exp(-s.target * s.self)
    return -s.target * bent / (1 + bent) * share(g, s)


define(
    Op(
        name="soft_margin_loss",
        grad_fn="SoftMarginLossBackward0",
        promotes="common",
        forward=lambda self, target, *, reduction="mean": reduced(
            np.log1p(np.exp(-target * self)), reduction
        ),
        shape=loss_shape,
        plain=("target",),
        formula=Formula(
            "$reduction(log(1 + exp(−$target · $self)))",
            r"\text{$reduction}(\log(1 + e^{-$target \cdot $self}))",
        ),
        vjps={
            "self": Vjp(
                _soft_vjp,
                Formula(
                    "−$target · exp(−$target · $self) / (1 + exp(−$target · $self)) · $grad / N",
                    r"-$target \cdot \frac{e^{-$target \cdot $self}}{1 + e^{-$target \cdot $self}}"
                    r" \cdot \frac{$grad}{N}",
                ),
                saves=("self", "target"),
            )
        },
        help="The logistic loss, of targets −1 and 1.",
    )
)

# ---------------------------------------------------------------- many classes


def rows_shape(
    self: Shape, target: Shape, weight: Shape = (), *, reduction: str, **attrs: Any
) -> Shape:
    """(N, C) scores with N losses, or (C,) with one."""
    return self[:-1] if reduction == "none" else ()


def _short(self: Any, target: Any, weight: Any, margin: float) -> tuple[Any, Any, Any, Any]:
    """By how much each score comes too near the true one, where at all; the weight of each row."""
    scores = self.reshape(-1, self.shape[-1])
    true = np.reshape(target, -1)
    if ((true < 0) | (true >= scores.shape[1])).any():
        raise RuntimeError("target out of range")
    rows = np.arange(len(true))
    short = margin - scores[rows, true][:, None] + scores
    wrong = np.arange(scores.shape[1]) != true[:, None]
    weights = 1 if weight is None else weight[true][:, None]
    return np.where(wrong & (short > 0), short, 0), rows, true, weights


def _of_rows(losses: Any, self: Any, reduction: str) -> Any:
    return reduced(losses.reshape(self.shape[:-1]), reduction)


def _multi(
    self: Any,
    target: Any,
    weight: Any = None,
    *,
    p: int = 1,
    margin: float = 1.0,
    reduction: str = "mean",
) -> Any:
    short, _, _, weights = _short(self, target, weight, margin)
    sizes = short * short if p == 2 else short
    losses = (sizes * weights).sum(axis=1) / self.shape[-1]
    return _of_rows(losses.astype(self.dtype), self, reduction)


def _for_rows(g: Any, s: Saved, rows: int) -> Any:
    """The gradient that each row gets."""
    each = g / rows if s.reduction == "mean" else g
    return np.broadcast_to(np.reshape(each, (-1, 1)), (rows, 1))


def _multi_vjp(g: Any, s: Saved) -> Any:
    short, rows, true, weights = _short(s.self, s.target, getattr(s, "weight", None), s.margin)
    slope = 2 * short if s.p == 2 else np.where(short > 0, 1.0, 0.0)
    slope = slope * weights / s.self.shape[-1] * _for_rows(g, s, len(rows))
    slope[rows, true] = -slope.sum(axis=1)
    return slope.reshape(s.self.shape).astype(s.self.dtype)


define(
    Op(
        name="multi_margin_loss",
        grad_fn="MultiMarginLossBackward0",
        forward=_multi,
        shape=rows_shape,
        plain=("target", "weight"),
        formula=Formula(
            "$reduction(Σ max(0, $margin − $self[$target] + $self[j])^$p / C), j ≠ $target",
            r"\text{$reduction}(\tfrac{1}{C} \sum_{j \ne $target} "
            r"\max(0, $margin - {$self}_{$target} + {$self}_j)^{$p})",
        ),
        vjps={
            "self": Vjp(
                _multi_vjp,
                Formula(
                    "$grad / (N · C) at every j that comes too near, minus their sum at $target",
                    r"\frac{$grad}{N C} \cdot [{$self}_j > {$self}_{$target} - $margin]",
                ),
                saves=("self", "target", "weight"),
            )
        },
        help="Each wrong score is to stay a margin below the true one.",
    )
)


def _pairs(self: Any, target: Any) -> tuple[Any, Any]:
    """Which classes are true, and by how much each wrong one comes too near each true one."""
    scores = self.reshape(-1, self.shape[-1])
    listed = np.reshape(target, scores.shape)
    if ((listed < -1) | (listed >= scores.shape[1])).any():
        raise RuntimeError("target out of range")
    ended = np.cumsum(listed < 0, axis=1) > 0
    true = np.zeros(scores.shape, bool)
    rows, places = np.nonzero(~ended)
    true[rows, listed[rows, places]] = True
    # A class that is listed twice counts twice.
    times = np.zeros(scores.shape, int)
    np.add.at(times, (rows, listed[rows, places]), 1)
    short = 1 - scores[:, :, None] + scores[:, None, :]
    near = (short > 0) & true[:, :, None] & ~true[:, None, :]
    return np.where(near, short, 0), times[:, :, None] * near


def _multilabel(self: Any, target: Any, *, reduction: str = "mean") -> Any:
    short, times = _pairs(self, target)
    losses = (short * times).sum(axis=(1, 2)) / self.shape[-1]
    return _of_rows(losses.astype(self.dtype), self, reduction)


def _multilabel_vjp(g: Any, s: Saved) -> Any:
    _, times = _pairs(s.self, s.target)
    slope = (times.sum(axis=1) - times.sum(axis=2)) / s.self.shape[-1]
    slope = slope * _for_rows(g, s, len(slope))
    return slope.reshape(s.self.shape).astype(s.self.dtype)


define(
    Op(
        name="multilabel_margin_loss",
        grad_fn="MultilabelMarginLossBackward0",
        forward=_multilabel,
        shape=rows_shape,
        plain=("target",),
        formula=Formula(
            "$reduction(Σ max(0, 1 − $self[t] + $self[j]) / C), t in $target, j not",
            r"\text{$reduction}(\tfrac{1}{C} \sum_{t \in $target} \sum_{j \notin $target} "
            r"\max(0, 1 - {$self}_t + {$self}_j))",
        ),
        vjps={
            "self": Vjp(
                _multilabel_vjp,
                Formula(
                    "±$grad / (N · C) for each pair that comes too near",
                    r"\pm\frac{$grad}{N C} \text{ for each pair that comes too near}",
                ),
                saves=("self", "target"),
            )
        },
        help="Each wrong score is to stay 1 below each true one; −1 ends the list of true ones.",
    )
)
