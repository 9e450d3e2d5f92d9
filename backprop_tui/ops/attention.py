"""Attention: every query takes a mean of the values, weighted by how well it matches their keys.

    scores  S = scale · Q Kᵀ + mask      one row for each query, one column for each key
    weights P = softmax(S)               along the keys
    output  O = P V

PyTorch runs all of it in one Node on the CPU where it can (four dimensions, no dropout), and
computes the weights again on the way back instead of keeping them: so do these rules.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Saved, Shape, Vjp, define
from backprop_tui.ops.joining import in_order
from backprop_tui.ops.rules import dim_shape


def _safe_softmax(scores: Any, dim: int = -1) -> Any:
    """Softmax; a row that may look at nothing gets nothing instead of nan."""
    if not scores.size:
        return scores * 0
    top = scores.max(axis=dim, keepdims=True)
    powers = np.exp(scores - np.where(top == -math.inf, 0, top))
    total = powers.sum(axis=dim, keepdims=True)
    return in_order(powers / np.where(total == 0, 1, total))


define(
    Op(
        name="_safe_softmax",
        grad_fn="SafeSoftmaxBackward0",
        promotes="float",
        forward=lambda self, *, dim: _safe_softmax(self, dim) if self.ndim else self * 0 + 1,
        shape=dim_shape,
        formula=Formula(
            "exp($self) / Σ exp($self), 0 where all are −∞", r"\frac{e^{$self}}{\sum e^{$self}}"
        ),
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
        help="Softmax that gives 0 where everything is masked.",
    )
)


# ---------------------------------------------------------------- attention in one


def attention_shape(
    query: Shape, key: Shape, value: Shape, attn_mask: Shape = (), **how: object
) -> Shape:
    """As many rows as queries, as many columns as the values have."""
    return (*query[:-1], value[-1])


def _shared(heads: Any, count: int) -> Any:
    """Each head of the keys or values as often as there are heads of queries for it."""
    have = heads.shape[1]
    return heads if have == count else np.repeat(heads, count // have, axis=1)


def _gathered(grad: Any, have: int) -> Any:
    """The gradient of heads that were shared: the sum over those who shared them."""
    batch, count, *rest = grad.shape
    if have == count:
        return grad
    return grad.reshape(batch, have, count // have, *rest).sum(axis=2)


def _factor(scale: float | None, width: int) -> float:
    return 1 / math.sqrt(width) if scale is None else scale


def _weights(query: Any, key: Any, mask: Any, is_causal: bool, scale: float) -> Any:
    """What each query takes of each value: the softmax of the masked scores."""
    scores = (query @ np.swapaxes(_shared(key, query.shape[1]), -1, -2)) * scale
    if mask is not None:
        scores = scores + mask
    if is_causal:
        seen = np.tri(*scores.shape[-2:]) > 0
        scores = scores + np.where(seen, 0.0, -math.inf).astype(_kind(scores))
    return _safe_softmax(scores)


def _kind(scores: Any) -> Any:
    return np.float64 if scores.dtype == object else scores.dtype


def _attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    *,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
) -> Any:
    factor = _factor(scale, query.shape[-1])
    weights = _weights(query, key, attn_mask, is_causal, factor)
    made = weights @ _shared(value, query.shape[1])
    if made.dtype == object:
        return made
    # It lies in memory as the queries do: what follows it is a view or a copy because of that.
    laid = np.empty_like(query)
    laid[...] = made
    return laid


def _again(s: Saved) -> tuple[Any, float]:
    """The weights, and the factor of the scores."""
    factor = _factor(s.scale, s.query.shape[-1])
    mask = getattr(s, "attn_mask", None)
    return _weights(s.query, s.key, mask, s.is_causal, factor), factor


def _of_scores(g: Any, s: Saved) -> tuple[Any, float]:
    """The gradient of the scores, and their factor."""
    weights, factor = _again(s)
    of_weights = g @ np.swapaxes(_shared(s.value, g.shape[1]), -1, -2)
    mean = (of_weights * weights).sum(axis=-1, keepdims=True)
    return (of_weights - mean) * weights, factor


def _query_vjp(g: Any, s: Saved) -> Any:
    of_scores, factor = _of_scores(g, s)
    return (of_scores @ _shared(s.key, g.shape[1])) * factor


def _key_vjp(g: Any, s: Saved) -> Any:
    of_scores, factor = _of_scores(g, s)
    return _gathered((np.swapaxes(of_scores, -1, -2) @ s.query) * factor, s.key.shape[1])


def _value_vjp(g: Any, s: Saved) -> Any:
    weights, _ = _again(s)
    return _gathered(np.swapaxes(weights, -1, -2) @ g, s.value_shape[1])


_SAVES = ("query", "key", "value", "attn_mask")
_SCORES = "S̄ = P · ($grad @ $valueᵀ − Σ P · ($grad @ $valueᵀ)), P = softmax($query @ $keyᵀ / √d)"
_SCORES_LATEX = (
    r"\bar S = P \odot ($grad \, {$value}^\top - \textstyle\sum P \odot $grad \, {$value}^\top),"
    r"\; P = \operatorname{softmax}(\tfrac{$query \, {$key}^\top}{\sqrt d})"
)

define(
    Op(
        name="_scaled_dot_product_flash_attention_for_cpu",
        grad_fn="ScaledDotProductFlashAttentionForCpuBackward0",
        forward=_attention,
        shape=attention_shape,
        formula=Formula(
            "softmax($query @ $keyᵀ / √d + mask) @ $value",
            r"\operatorname{softmax}\left(\tfrac{$query \, {$key}^\top}{\sqrt d} + M\right) $value",
        ),
        vjps={
            "query": Vjp(
                _query_vjp,
                Formula(
                    f"S̄ @ $key / √d, {_SCORES}",
                    rf"\tfrac{{1}}{{\sqrt d}} \bar S \, $key,\; {_SCORES_LATEX}",
                ),
                saves=_SAVES,
            ),
            "key": Vjp(
                _key_vjp,
                Formula(
                    f"S̄ᵀ @ $query / √d, {_SCORES}",
                    rf"\tfrac{{1}}{{\sqrt d}} \bar S^\top $query,\; {_SCORES_LATEX}",
                ),
                saves=_SAVES,
            ),
            "value": Vjp(
                _value_vjp,
                Formula(
                    "Pᵀ @ $grad, P = softmax($query @ $keyᵀ / √d + mask)",
                    r"P^\top $grad,\; P = "
                    r"\operatorname{softmax}(\tfrac{$query \, {$key}^\top}{\sqrt d} + M)",
                ),
                saves=("query", "key", "attn_mask", "value_shape"),
            ),
        },
        plain=("attn_mask",),
        help="Each query's mean of the values, weighted by how well it matches their keys.",
    )
)
