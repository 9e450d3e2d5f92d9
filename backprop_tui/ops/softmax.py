"""Scores to probabilities: softmax and its logarithm."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Vjp, define
from backprop_tui.ops.joining import in_order
from backprop_tui.ops.rules import dim_shape


def _softmax(self: Any, dim: int) -> Any:
    if not self.size:
        return self * 0
    powers = np.exp(self - self.max(axis=dim, keepdims=True))
    return in_order(powers / powers.sum(axis=dim, keepdims=True))


def _log_softmax(self: Any, dim: int) -> Any:
    if not self.size:
        return self * 0
    below = self - self.max(axis=dim, keepdims=True)
    return in_order(below - np.log(np.exp(below).sum(axis=dim, keepdims=True)))


define(
    Op(
        name="softmax",
        grad_fn="SoftmaxBackward0",
        promotes="float",
        forward=lambda self, *, dim: _softmax(self, dim) if self.ndim else self * 0 + 1,
        shape=dim_shape,
        formula=Formula("exp($self) / Σ exp($self)", r"\frac{e^{$self}}{\sum e^{$self}}"),
        vjps={
            "self": Vjp(
                lambda g, s: (
                    (g - (g * s.result).sum(axis=s.dim, keepdims=True)) * s.result
                    if g.ndim
                    else g * 0
                ),
                Formula(
                    "($grad − Σ $grad · $result) · $result",
                    r"($grad - \sum $grad \cdot $result) \cdot $result",
                ),
                saves=("result",),
            )
        },
        help="Turns scores into probabilities that add up to 1.",
    )
)
define(
    Op(
        name="log_softmax",
        grad_fn="LogSoftmaxBackward0",
        promotes="float",
        forward=lambda self, *, dim: _log_softmax(self, dim) if self.ndim else self * 0,
        shape=dim_shape,
        formula=Formula("$self − log Σ exp($self)", r"$self - \log \sum e^{$self}"),
        vjps={
            "self": Vjp(
                lambda g, s: (
                    g - np.exp(s.result) * g.sum(axis=s.dim, keepdims=True) if g.ndim else g * 0
                ),
                Formula("$grad − exp($result) · Σ $grad", r"$grad - e^{$result} \cdot \sum $grad"),
                saves=("result",),
            )
        },
        help="The logarithm of the softmax, without overflow.",
    )
)
