"""``torch.nn.functional``: layers as functions, composed of ops as PyTorch does."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine import state
from backprop_tui.engines.numpy_engine import tensor as tensors
from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.inplace import apply_
from backprop_tui.engines.numpy_engine.pointwise import (
    clamp_min,
    div,
    mul,
    need_tensor,
    neg,
    refuse,
    tanh,
)
from backprop_tui.engines.numpy_engine.pointwise import log_softmax as log_softmax_
from backprop_tui.engines.numpy_engine.pointwise import sigmoid as sigmoid_
from backprop_tui.engines.numpy_engine.pointwise import softmax as softmax_
from backprop_tui.engines.numpy_engine.products import linear
from backprop_tui.engines.numpy_engine.reduce import norm
from backprop_tui.engines.numpy_engine.shaping import expand, reshape
from backprop_tui.ops import OPS

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
    if inplace:
        own = f"{name}.inplace"
        return apply_(own if own in OPS else name, input, **attrs)
    return apply(name, input, **attrs)


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
    mask = np.zeros_like(input.array) if p < 1.0 else np.zeros((), dtype)
    if p < 1.0:
        in_memory = _as_laid(mask)
        kept = default_generator().bernoulli(in_memory.shape, 1 - p).astype(dtype)
        in_memory[...] = kept / dtype.type(1 - p)
    noise = tensors.Tensor(mask)
    return apply_("mul", input, noise) if inplace else mul(input, noise)


def _as_laid(array: Any) -> Any:
    """A view of it whose last dimension is the innermost one in memory, and so on outwards:
    PyTorch fills a tensor with random numbers in the order in which it lies."""
    order = sorted(range(array.ndim), key=lambda dim: -array.strides[dim])
    return array.transpose(order)


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
    return tensors.Tensor((tensor.array[..., None] == classes).astype(np.int64, order="C"))


def normalize(input: Any, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Any:
    """Divided by its length."""
    return div(input, expand(clamp_min(norm(input, p, dim, True), eps), input.shape))


__all__ = [
    "celu",
    "dropout",
    "elu",
    "embedding",
    "gelu",
    "glu",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsigmoid",
    "mish",
    "normalize",
    "one_hot",
    "prelu",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "tanh",
    "threshold",
]
