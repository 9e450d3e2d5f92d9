"""``torch.nn.functional``: layers and losses as functions, composed of ops as PyTorch does."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine import state
from backprop_tui.engines.numpy_engine import tensor as tensors
from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.indexing import gather
from backprop_tui.engines.numpy_engine.inplace import apply_
from backprop_tui.engines.numpy_engine.pointwise import abs as abs_
from backprop_tui.engines.numpy_engine.pointwise import (
    add,
    bitwise_not,
    clamp_min,
    div,
    eq,
    masked_fill,
    mul,
    need_tensor,
    neg,
    refuse,
    sub,
    tanh,
    where,
)
from backprop_tui.engines.numpy_engine.pointwise import log_softmax as log_softmax_
from backprop_tui.engines.numpy_engine.pointwise import sigmoid as sigmoid_
from backprop_tui.engines.numpy_engine.pointwise import softmax as softmax_
from backprop_tui.engines.numpy_engine.products import linear
from backprop_tui.engines.numpy_engine.reduce import mean, norm, sum
from backprop_tui.engines.numpy_engine.shaping import broadcast_tensors, expand, flatten, reshape

# ---------------------------------------------------------------- activations


#: What PyTorch's errors call the inner functions that are for floating point numbers alone.
KERNELS = {"gelu": "GeluKernelImpl"} | {
    name: f"{name}_cpu" for name in ("leaky_relu", "elu", "silu", "softplus", "log_sigmoid")
}


def _activation(name: str, input: Any, inplace: bool, **attrs: Any) -> Any:
    need_tensor(input, name)
    if name in KERNELS:
        refuse(KERNELS[name], "iub", input)
    elif input.array.dtype.kind == "b":
        kind = "Boolean" if name == "relu" else "Bool"
        raise RuntimeError(f"{kind} inputs not supported for {name}")
    return apply_(name, input, **attrs) if inplace else apply(name, input, **attrs)


def relu(input: Any, inplace: bool = False) -> Any:
    """max(0, x)."""
    return _activation("relu", input, inplace)


def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    """x, and a small slope below 0."""
    return _activation("leaky_relu", input, inplace, negative_slope=negative_slope)


def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """x, and alpha · (eˣ − 1) below 0."""
    return _activation("elu", input, inplace, alpha=alpha, scale=1.0)


def selu(input: Any, inplace: bool = False) -> Any:
    """An elu with the two constants that keep mean 0 and variance 1."""
    return _activation("elu", input, inplace, alpha=1.6732632423543772, scale=1.0507009873554805)


def gelu(input: Any, approximate: str = "none") -> Any:
    """x · Φ(x)."""
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    return _activation("gelu", input, False, approximate=approximate)


def silu(input: Any, inplace: bool = False) -> Any:
    """x · sigmoid(x)."""
    return _activation("silu", input, inplace)


def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """log(1 + eˣ)."""
    return _activation("softplus", input, False, beta=beta, threshold=threshold)


def logsigmoid(input: Any) -> Any:
    """The logarithm of the sigmoid."""
    return _activation("log_sigmoid", input, False)


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Any:
    """A straight line, cut off below and above."""
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    return _activation("hardtanh", input, inplace, min_val=min_val, max_val=max_val)


def relu6(input: Any, inplace: bool = False) -> Any:
    """A relu that ends at 6."""
    return hardtanh(input, 0.0, 6.0, inplace)


def hardsigmoid(input: Any, inplace: bool = False) -> Any:
    """A sigmoid of three straight lines."""
    return _activation("hardsigmoid", input, inplace)


def hardswish(input: Any, inplace: bool = False) -> Any:
    """x · hardsigmoid(x)."""
    return _activation("hardswish", input, inplace)


def mish(input: Any, inplace: bool = False) -> Any:
    """x · tanh(softplus(x))."""
    return _activation("mish", input, inplace)


def celu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """x, and alpha · (e^(x/alpha) − 1) below 0."""
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return _activation("celu", input, inplace, alpha=alpha)


def hardshrink(input: Any, lambd: float = 0.5) -> Any:
    """x, and 0 where |x| ≤ lambd."""
    return _activation("hardshrink", input, False, lambd=lambd)


def softshrink(input: Any, lambd: float = 0.5) -> Any:
    """x moved by lambd towards 0."""
    if lambd < 0:
        raise RuntimeError(
            f"lambda must be greater or equal to 0, but found to be {_number(lambd)}."
        )
    return _activation("softshrink", input, False, lambd=lambd)


def _number(value: float) -> str:
    return f"{value:g}"


def threshold(input: Any, threshold: float, value: float, inplace: bool = False) -> Any:
    """x where it is above the threshold, ``value`` elsewhere."""
    return _activation("threshold", input, inplace, threshold=threshold, value=value)


def glu(input: Any, dim: int = -1) -> Any:
    """One half times the sigmoid of the other."""
    return _activation("glu", input, False, dim=dim)


def prelu(input: Any, weight: Any) -> Any:
    """x, and weight · x below 0; one weight for all, or one for each channel."""
    need_tensor(input, "prelu")
    need_tensor(weight, "prelu", "weight", 2)
    if input.array.dtype != weight.array.dtype:
        raise RuntimeError(
            "prelu: Type promoting not supported. Got "
            f"{input.dtype.c_name} and {weight.dtype.c_name}"
        )
    if weight.ndim > 1:
        raise RuntimeError(
            f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.ndim}"
        )
    count, channels = weight.array.size, input.shape[1] if input.ndim > 1 else 1
    if count != 1 and count != channels:
        raise RuntimeError(
            "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
            f"{count} and channel size = {channels}."
        )
    if weight.ndim != input.ndim:
        sizes = [1] * input.ndim
        if input.ndim > 1:
            sizes[1] = count
        weight = reshape(weight, tuple(sizes))
    return apply("_prelu_kernel", input, weight)


def sigmoid(input: Any) -> Any:
    """1 / (1 + e⁻ˣ)."""
    return sigmoid_(input)


def _default_dim(ndim: int) -> int:
    return 0 if ndim in (0, 1, 3) else 1


def softmax(input: Any, dim: int | None = None, dtype: Any = None) -> Any:
    """eˣ divided by its sum along ``dim``."""
    return softmax_(input, _default_dim(input.ndim) if dim is None else dim, dtype)


def log_softmax(input: Any, dim: int | None = None, dtype: Any = None) -> Any:
    """The logarithm of softmax."""
    return log_softmax_(input, _default_dim(input.ndim) if dim is None else dim, dtype)


def softmin(input: Any, dim: int | None = None, dtype: Any = None) -> Any:
    """The softmax of −x."""
    return softmax(neg(input), dim, dtype)


# ---------------------------------------------------------------- layers


def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Each element is dropped with probability ``p``, the others are made larger to match."""
    from backprop_tui.engines.numpy_engine.random import default_generator

    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0.0:
        return input
    dtype = input.array.dtype
    if p == 1.0:
        mask = np.zeros(input.array.shape, dtype)
    else:
        kept = default_generator().bernoulli(input.array.shape, 1 - p).astype(dtype)
        mask = kept / dtype.type(1 - p)
    noise = tensors.Tensor(np.asarray(mask))
    return apply_("mul", input, noise) if inplace else mul(input, noise)


def embedding(input: Any, weight: Any, padding_idx: int | None = None) -> Any:
    """Rows of ``weight`` picked by index."""
    at = -1 if padding_idx is None else padding_idx % weight.shape[0]
    return apply("embedding", weight, input, padding_idx=at)


def one_hot(tensor: Any, num_classes: int = -1) -> Any:
    """A 1 at the class number, 0 elsewhere."""
    if tensor.array.dtype != np.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if (tensor.array < 0).any():
        raise RuntimeError("Class values must be non-negative.")
    if num_classes == -1:
        num_classes = int(tensor.array.max()) + 1
    elif (tensor.array >= num_classes).any():
        raise RuntimeError("Class values must be smaller than num_classes.")
    state.make_room((*tensor.array.shape, num_classes), tensor.array.itemsize)
    classes = np.arange(num_classes)
    return tensors.Tensor((tensor.array[..., None] == classes).astype(np.int64))


def normalize(input: Any, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Any:
    """Divided by its length."""
    return div(input, expand(clamp_min(norm(input, p, dim, True), eps), input.shape))


# ---------------------------------------------------------------- losses


def _check(reduction: str) -> None:
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")


def _reduced(loss: Any, reduction: str) -> Any:
    _check(reduction)
    return loss if reduction == "none" else (mean(loss) if reduction == "mean" else sum(loss))


def _pair(name: str, input: Any, target: Any, reduction: str, **attrs: Any) -> Any:
    for one in (target, input):
        if not isinstance(one, tensors.Tensor):
            raise AttributeError(f"'{type(one).__name__}' object has no attribute 'size'")
    _check(reduction)
    input, target = broadcast_tensors(input, target)
    return apply(name, input, target, reduction=reduction, **attrs)


def mse_loss(input: Any, target: Any, *old: Any, reduction: str = "mean") -> Any:
    """The mean of (ŷ − y)²."""
    return _pair("mse_loss", input, target, reduction)


def smooth_l1_loss(
    input: Any, target: Any, *old: Any, reduction: str = "mean", beta: float = 1.0
) -> Any:
    """Squared near 0, absolute beyond."""
    return _pair("smooth_l1_loss", input, target, reduction, beta=beta)


def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0) -> Any:
    """Squared for errors below ``delta``, straight beyond."""
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    return _pair("huber_loss", input, target, reduction, delta=delta)


def l1_loss(input: Any, target: Any, *old: Any, reduction: str = "mean") -> Any:
    """The mean of |ŷ − y|."""
    need_tensor(target, "l1_loss", "target", 2)
    input, target = broadcast_tensors(need_tensor(input, "l1_loss"), target)
    return _reduced(abs_(sub(input, target)), reduction)


def binary_cross_entropy(
    input: Any, target: Any, weight: Any = None, *old: Any, reduction: str = "mean"
) -> Any:
    """Of probabilities."""
    need_tensor(input, "binary_cross_entropy")
    need_tensor(target, "binary_cross_entropy", "target", 2)
    _check(reduction)
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
    _check(reduction)
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
    _check(reduction)
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
    _check(reduction)
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
    return _reduced(loss, reduction)


def hinge_embedding_loss(
    input: Any, target: Any, margin: float = 1.0, *old: Any, reduction: str = "mean"
) -> Any:
    """x where y is 1, max(0, margin − x) where y is −1."""
    zeros = tensors.Tensor(np.zeros_like(input.array))
    margins = clamp_min(sub(tensors.Tensor(np.full_like(input.array, margin)), input), 0)
    far = where(target != 1, margins, zeros)
    near = where(target != -1, input, zeros)
    return _reduced(add(far, near), reduction)


__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "cross_entropy",
    "dropout",
    "elu",
    "embedding",
    "gelu",
    "glu",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hinge_embedding_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsigmoid",
    "mish",
    "mse_loss",
    "nll_loss",
    "normalize",
    "one_hot",
    "prelu",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "tanh",
    "threshold",
]
