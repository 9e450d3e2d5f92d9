"""The losses of ``torch.nn.functional`` that compare: pairs, triplets, scores with each other.

Composed of ops as PyTorch does it. ``*old`` are ``size_average`` and ``reduce``, which PyTorch
deprecates and which nobody gives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine import tensor as tensors
from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.inplace import apply_
from backprop_tui.engines.numpy_engine.loss_functions import check_reduction, reduced
from backprop_tui.engines.numpy_engine.nn_functional import logsigmoid
from backprop_tui.engines.numpy_engine.pointwise import (
    add,
    clamp_min,
    div,
    eq,
    minimum,
    mul,
    need_tensor,
    neg,
    sub,
    where,
)
from backprop_tui.engines.numpy_engine.reduce import sum

__all__ = [
    "cosine_embedding_loss",
    "margin_ranking_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "pairwise_distance",
    "soft_margin_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]

#: What PyTorch adds to squared lengths, as the float32 that it is there.
_EPSILON = float(np.float32(1e-12))


def _more(input: Any, number: float) -> Any:
    return apply("add.scalar", input, other=number)


def _at_least_0(input: Any) -> Any:
    return apply_("clamp_min", input, min=0)


def pairwise_distance(
    x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Any:
    """The length of each difference between two rows."""
    need_tensor(x1, "pairwise_distance", "x1")
    need_tensor(x2, "pairwise_distance", "x2", 2)
    difference = _more(sub(x1, x2), eps)
    return apply("norm.dim", difference, p=float(p), dim=difference.ndim - 1, keepdim=keepdim)


def margin_ranking_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0,
    *old: Any,
    reduction: str = "mean",
) -> Any:
    """max(0, −y · (x₁ − x₂) + margin): x₁ should be larger where y is 1."""
    if input1.ndim != input2.ndim or input1.ndim != target.ndim:
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.shape}, input2: {input2.shape}, target: {target.shape} "
        )
    check_reduction(reduction)
    difference = sub(input1, input2)  # PyTorch's compiler works out the right side first
    products = mul(neg(target), difference)
    return reduced(_at_least_0(_more(products, margin)), reduction)


def cosine_embedding_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0,
    *old: Any,
    reduction: str = "mean",
) -> Any:
    """1 − cos where y is 1, max(0, cos − margin) where y is −1."""
    check_reduction(reduction)
    if target.ndim > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    _check_pairs(input1, input2, target)
    dim = target.ndim
    products = sum(mul(input1, input2), dim)
    first = _more(sum(mul(input1, input1), dim), _EPSILON)
    second = _more(sum(mul(input2, input2), dim), _EPSILON)
    cosine = div(products, apply_("sqrt", mul(first, second)))
    zeros = tensors.Tensor(np.zeros_like(cosine.array))
    ones = tensors.Tensor(np.ones_like(cosine.array))
    near = apply_("sub", ones, cosine)
    far = _at_least_0(apply("sub.scalar", cosine, other=margin))
    return reduced(
        add(where(eq(target, 1), near, zeros), where(eq(target, -1), far, zeros)), reduction
    )


def _check_pairs(input1: Any, input2: Any, target: Any) -> None:
    sizes = f"{list(input1.shape)}", f"{list(input2.shape)}", f"{list(target.shape)}"
    if target.ndim == 1 and input1.ndim != 2:
        raise RuntimeError(
            "1D target tensor expects 2D input tensors, but found inputs with sizes "
            f"{sizes[0]} and {sizes[1]}."
        )
    if target.ndim == 0 and input1.ndim != 1:
        raise RuntimeError(
            "0D target tensor expects 1D input tensors, but found inputs with sizes "
            f"{sizes[0]} and {sizes[1]}."
        )


def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    *old: Any,
    reduction: str = "mean",
) -> Any:
    """max(0, margin + |a − p| − |a − n|): the positive is to be nearer by a margin."""
    check_reduction(reduction)
    _check_triplet(margin, anchor, positive, negative)
    near = pairwise_distance(anchor, positive, p, eps)
    far = pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = minimum(far, pairwise_distance(positive, negative, p, eps))
    return reduced(clamp_min(sub(_more(near, margin), far), 0), reduction)


def triplet_margin_with_distance_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    distance_function: Callable[[Any, Any], Any] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Any:
    """The same, with a distance of one's own."""
    check_reduction(reduction)
    _check_triplet(margin, anchor, positive, negative)
    distance = pairwise_distance if distance_function is None else distance_function
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return reduced(clamp_min(sub(add(near, margin), far), 0), reduction)


def _check_triplet(margin: float, anchor: Any, positive: Any, negative: Any) -> None:
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    dims = [tensor.ndim for tensor in (anchor, positive, negative)]
    if len(set(dims)) > 1:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: anchor {dims[0]}D, positive {dims[1]}D, and negative "
            f"{dims[2]}D inputs"
        )


def soft_margin_loss(input: Any, target: Any, *old: Any, reduction: str = "mean") -> Any:
    """The logistic loss, of targets −1 and 1."""
    need_tensor(input, "soft_margin_loss")
    need_tensor(target, "soft_margin_loss", "target", 2)
    check_reduction(reduction)
    return apply("soft_margin_loss", input, target, reduction=reduction)


def multi_margin_loss(
    input: Any,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    *old: Any,
    reduction: str = "mean",
) -> Any:
    """Each wrong score is to stay a margin below the true one."""
    check_reduction(reduction)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.ndim != 1:
        raise ValueError("weight must be one-dimensional")
    weights = () if weight is None else (weight,)
    how = {"p": p, "margin": float(margin), "reduction": reduction}
    return apply("multi_margin_loss", input, target, *weights, **how)


def multilabel_margin_loss(input: Any, target: Any, *old: Any, reduction: str = "mean") -> Any:
    """Each wrong score is to stay 1 below each true one; −1 ends the list of true ones."""
    check_reduction(reduction)
    return apply("multilabel_margin_loss", input, target, reduction=reduction)


def multilabel_soft_margin_loss(
    input: Any, target: Any, weight: Any = None, *old: Any, reduction: str = "mean"
) -> Any:
    """Binary cross-entropy of scores, averaged over the classes of each row."""
    yes = mul(target, logsigmoid(input))
    no = mul(apply("rsub", target, other=1), logsigmoid(neg(input)))
    loss = neg(add(yes, no))
    if weight is not None:
        loss = mul(loss, weight)
    dim = input.ndim - 1
    loss = div(sum(loss, dim), input.array.shape[dim])
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction + " is not valid")
    return reduced(loss, reduction)
