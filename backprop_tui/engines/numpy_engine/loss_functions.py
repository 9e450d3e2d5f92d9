"""The losses of ``torch.nn.functional``, composed of ops as PyTorch does."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine import tensor as tensors
from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.indexing import gather
from backprop_tui.engines.numpy_engine.inplace import apply_
from backprop_tui.engines.numpy_engine.pointwise import abs as abs_
from backprop_tui.engines.numpy_engine.pointwise import (
    add,
    bitwise_not,
    div,
    eq,
    masked_fill,
    mul,
    need_tensor,
    neg,
    pow,
    sub,
    where,
)
from backprop_tui.engines.numpy_engine.pointwise import log_softmax as log_softmax_
from backprop_tui.engines.numpy_engine.reduce import mean, sum
from backprop_tui.engines.numpy_engine.shaping import broadcast_tensors, flatten, reshape


def check_reduction(reduction: str) -> None:
    """ValueError for a reduction that there is not."""
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")


def reduced(loss: Any, reduction: str) -> Any:
    """A loss as a mean, as a sum, or as it is."""
    check_reduction(reduction)
    return loss if reduction == "none" else (mean(loss) if reduction == "mean" else sum(loss))


def _both(input: Any, target: Any) -> tuple[Any, Any]:
    """Two tensors of one shape, with PyTorch's warning where that takes broadcasting."""
    for one in (target, input):
        if not isinstance(one, tensors.Tensor):
            raise AttributeError(f"'{type(one).__name__}' object has no attribute 'size'")
    if target.array.shape != input.array.shape:
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}). This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.",
            stacklevel=4,
        )
    first, second = broadcast_tensors(input, target)
    return first, second


def _weighing(input: Any, weight: Any, reduction: str) -> None:
    if weight.array.shape != input.array.shape:
        raise ValueError("Weights and input must have the same size.")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(
            f"Invalid reduction mode: {reduction}. Expected one of 'none', 'mean', 'sum'."
        )


def _weighed(losses: Any, weight: Any, reduction: str) -> Any:
    """Each loss times its weight; the mean is one of weights."""
    losses = mul(losses, weight)
    if reduction == "none":
        return losses
    total = sum(losses)
    return total if reduction == "sum" else div(total, sum(weight))


def mse_loss(
    input: Any, target: Any, *old: Any, reduction: str = "mean", weight: Any = None
) -> Any:
    """The mean of (ŷ − y)²."""
    first, second = _both(input, target)
    if weight is not None:
        _weighing(input, weight, reduction)
        return _weighed(pow(sub(first, second), 2), weight, reduction)
    check_reduction(reduction)
    return apply("mse_loss", first, second, reduction=reduction)


def smooth_l1_loss(
    input: Any, target: Any, *old: Any, reduction: str = "mean", beta: float = 1.0
) -> Any:
    """Squared near 0, absolute beyond."""
    first, second = _both(input, target)
    check_reduction(reduction)
    if beta == 0:
        return reduced(abs_(sub(first, second)), reduction)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    return apply("smooth_l1_loss", first, second, reduction=reduction, beta=float(beta))


def huber_loss(
    input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None
) -> Any:
    """Squared for errors below ``delta``, straight beyond."""
    first, second = _both(input, target)
    if weight is None:
        check_reduction(reduction)
    else:
        _weighing(input, weight, reduction)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    if weight is None:
        return apply("huber_loss", first, second, reduction=reduction, delta=float(delta))
    losses = apply("huber_loss", first, second, reduction="none", delta=float(delta))
    return reduced(mul(losses, weight), reduction)


def l1_loss(input: Any, target: Any, *old: Any, reduction: str = "mean", weight: Any = None) -> Any:
    """The mean of |ŷ − y|."""
    first, second = _both(input, target)
    if weight is not None:
        _weighing(input, weight, reduction)
        return _weighed(abs_(sub(first, second)), weight, reduction)
    return reduced(abs_(sub(first, second)), reduction)


def binary_cross_entropy(
    input: Any, target: Any, weight: Any = None, *old: Any, reduction: str = "mean"
) -> Any:
    """Of probabilities."""
    need_tensor(input, "binary_cross_entropy")
    need_tensor(target, "binary_cross_entropy", "target", 2)
    check_reduction(reduction)
    if target.array.shape != input.array.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}) is deprecated. Please ensure they have the same size."
        )
    _floats(input, target)
    if ((input.array < 0) | (input.array > 1)).any():
        raise RuntimeError("all elements of input should be between 0 and 1")
    weights = () if weight is None else (weight,)
    return apply("binary_cross_entropy", input, target, *weights, reduction=reduction)


def _floats(input: Any, target: Any) -> None:
    if input.array.dtype != target.array.dtype:
        raise RuntimeError(f"Found dtype {target.dtype.legacy} but expected {input.dtype.legacy}")


def binary_cross_entropy_with_logits(
    input: Any,
    target: Any,
    weight: Any = None,
    *old: Any,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Any:
    """Of scores: sigmoid and binary cross-entropy in one."""
    need_tensor(input, "binary_cross_entropy_with_logits")
    need_tensor(target, "binary_cross_entropy_with_logits", "target", 2)
    check_reduction(reduction)
    if target.array.shape != input.array.shape:
        raise ValueError(
            f"Target size ({target.shape}) must be the same as input size ({input.shape})"
        )
    weights = () if weight is None and pos_weight is None else (weight, pos_weight)
    return apply("binary_cross_entropy_with_logits", input, target, *weights, reduction=reduction)


def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    *old: Any,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Any:
    """Of log-probabilities and class numbers."""
    need_tensor(input, "nll_loss_nd")
    need_tensor(target, "nll_loss_nd", "target", 2)
    check_reduction(reduction)
    if input.ndim >= 2 and target.ndim and input.shape[0] != target.shape[0]:
        raise ValueError(
            f"Expected input batch_size ({input.shape[0]}) to match target batch_size "
            f"({target.shape[0]})."
        )
    if target.array.dtype != np.int64:
        raise RuntimeError(
            f"expected target dtype to be Long or Byte, but got {target.dtype.legacy}"
        )
    weights = () if weight is None else (weight,)
    how = {"reduction": reduction, "ignore_index": ignore_index}
    if input.ndim <= 2:
        return apply("nll_loss", input, target, *weights, **how)
    wanted = (input.shape[0], *input.shape[2:])
    if tuple(target.shape) != wanted:
        raise ValueError(f"Expected target size {list(wanted)}, got {list(target.shape)}")
    if input.ndim == 4:
        return apply("nll_loss2d", input, target, *weights, **how)
    count = target.array.size // max(input.shape[0], 1)
    loss = apply(
        "nll_loss2d",
        reshape(input, (*input.shape[:2], 1, count)),
        reshape(target, (input.shape[0], 1, count)),
        *weights,
        **how,
    )
    return reshape(loss, wanted) if reduction == "none" else loss


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    *old: Any,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """Of scores, with class numbers or with a probability for every class."""
    need_tensor(input, "cross_entropy_loss")
    need_tensor(target, "cross_entropy_loss", "target", 2)
    check_reduction(reduction)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing:g}")
    dim = 0 if input.ndim == 1 else 1
    scores = log_softmax_(input, dim)
    if target.array.shape != input.array.shape:
        loss = nll_loss(scores, target, weight, ignore_index=ignore_index, reduction=reduction)
        if not label_smoothing:
            return loss
        even = _even_loss(scores, target, weight, ignore_index, dim, reduction)
        share = label_smoothing / input.array.shape[dim]
        # PyTorch's compiler works out the right side of this sum first.
        smoothing = apply("mul.scalar", even, other=share)
        return add(apply("mul.scalar", loss, other=1 - label_smoothing), smoothing)
    if not target.is_floating_point():
        raise RuntimeError(
            "Expected floating point type for target with class probabilities, got "
            f"{target.dtype.legacy}"
        )
    if label_smoothing:
        classes = input.array.shape[dim]
        target = add(mul(target, 1 - label_smoothing), label_smoothing / classes)
    products = mul(scores, target)
    if weight is not None:
        products = mul(products, weight.view(*(1,) * dim, -1))
    if reduction == "none":
        return neg(sum(products, dim))
    total = neg(sum(products))
    if reduction == "sum":
        return total
    count = input.array.size // input.array.shape[dim]
    return apply("div.scalar", total, other=count)


def _even_loss(
    scores: Any, target: Any, weight: Any, ignore_index: int, dim: int, reduction: str
) -> Any:
    """The loss if all classes were equally true: what label smoothing mixes in."""
    if weight is not None:
        scores = mul(scores, weight.view(*(1,) * dim, -1, *(1,) * (scores.ndim - dim - 1)))
    each = neg(sum(scores, dim))
    ignored = eq(target, ignore_index)
    each = each.masked_fill_(ignored, 0.0)
    if reduction == "none":
        return each
    if reduction == "sum":
        return sum(each)
    if weight is None:
        count = sum(bitwise_not(ignored))
        return div(sum(each), count)
    flat = masked_fill(target, ignored, 0)
    used = gather(weight, 0, flatten(flat)).masked_fill_(flatten(ignored), 0)
    total = sum(used)
    return div(sum(each), total)


def kl_div(
    input: Any, target: Any, *old: Any, reduction: str = "mean", log_target: bool = False
) -> Any:
    """The Kullback–Leibler divergence of log-probabilities from probabilities."""
    if log_target:
        difference = sub(target, input)  # PyTorch's compiler works out the right side first
        loss = mul(target.exp(), difference)
    else:
        products = mul(target, input)
        loss = sub(apply("xlogy", target, target), products)
    if reduction == "batchmean":
        total = sum(loss)
        return div(total, input.shape[0]) if input.ndim else total
    return reduced(loss, reduction)


def hinge_embedding_loss(
    input: Any, target: Any, margin: float = 1.0, *old: Any, reduction: str = "mean"
) -> Any:
    """x where y is 1, max(0, margin − x) where y is −1."""
    zeros = tensors.Tensor(np.zeros_like(input.array))
    margins = apply_("sub", tensors.Tensor(np.full_like(input.array, margin)), input)
    margins = apply_("clamp_min", margins, min=0)
    far = where(target != 1, margins, zeros)
    near = where(target != -1, input, zeros)
    return reduced(add(far, near), reduction)


__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "hinge_embedding_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "nll_loss",
    "smooth_l1_loss",
]
