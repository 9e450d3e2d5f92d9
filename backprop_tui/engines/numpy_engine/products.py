"""Products of vectors and matrices, dispatched by the number of dimensions as PyTorch does it."""

from __future__ import annotations

import math
from typing import Any

from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.graph import plan_of
from backprop_tui.engines.numpy_engine.pointwise import add, mul, need_tensor
from backprop_tui.engines.numpy_engine.shaping import expand, reshape, t, unsqueeze, view
from backprop_tui.ops.rules import broadcast

__all__ = [
    "addmm", "bmm", "dot", "matmul", "mm", "mv", "outer",
]  # fmt: skip


def mm(input: Any, mat2: Any) -> Any:
    """Matrix times matrix."""
    need_tensor(input, "mm")
    need_tensor(mat2, "mm", "mat2", 2)
    _matching(input, mat2)
    return apply("mm", input, mat2)


def _matching(a: Any, b: Any, op: str = "mm") -> None:
    plan_of(op).op.shape(a.array.shape, b.array.shape)
    if a.array.dtype != b.array.dtype:
        raise RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {a.dtype.c_name} != "
            f"{b.dtype.c_name}"
        )


def mv(input: Any, vec: Any) -> Any:
    """Matrix times vector."""
    _matching(need_tensor(input, "mv"), need_tensor(vec, "mv", "vec", 2), "mv")
    return apply("mv", input, vec)


def dot(input: Any, tensor: Any) -> Any:
    """The scalar product of two vectors."""
    need_tensor(input, "dot")
    need_tensor(tensor, "dot", "tensor", 2)
    if input.array.dtype != tensor.array.dtype:
        raise RuntimeError(
            "dot : expected both vectors to have same dtype, but found "
            f"{input.dtype.legacy} and {tensor.dtype.legacy}"
        )
    return apply("dot", input, tensor)


def bmm(input: Any, mat2: Any) -> Any:
    """A batch of matrices times a batch of matrices."""
    _matching(need_tensor(input, "bmm"), need_tensor(mat2, "bmm", "mat2", 2), "bmm")
    return apply("bmm", input, mat2)


def addmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """beta · input + alpha · mat1 @ mat2."""
    _matching(need_tensor(mat1, "addmm", "mat1", 2), need_tensor(mat2, "addmm", "mat2", 3))
    if beta != 1 or alpha != 1:
        return apply("addmm.alpha", input, mat1, mat2, beta=beta, alpha=alpha)
    return apply("addmm", input, mat1, mat2)


def outer(input: Any, vec2: Any) -> Any:
    """Every product of two vectors' elements."""
    if input.ndim != 1:
        raise RuntimeError(f"outer: Expected 1-D argument self, but got {input.ndim}-D")
    if vec2.ndim != 1:
        raise RuntimeError(f"outer: Expected 1-D argument vec2, but got {vec2.ndim}-D")
    return mul(view(input, (input.array.size, 1)), vec2)


def matmul(input: Any, other: Any) -> Any:
    """``input @ other``: which product it is, the dimensions decide."""
    need_tensor(input, "matmul")
    need_tensor(other, "matmul", "other", 2)
    left, right = input.ndim, other.ndim
    if not left or not right:
        raise RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {left}D and {right}D"
        )
    if left == 1 and right == 1:
        return dot(input, other)
    if left == 2 and right == 1:
        return mv(input, other)
    if left == 1 and right == 2:
        return apply("squeeze.matmul", mm(unsqueeze(input, 0), other), dim=0)
    if left == 2 and right == 2:
        return mm(input, other)
    return _folded(input, other) if _should_fold(input, other) else _batched(input, other)


def _should_fold(a: Any, b: Any) -> bool:
    """Whether the batch can be laid into one matrix (PyTorch's ``should_fold``)."""
    larger = a.ndim >= b.ndim
    big, small = (a, b) if larger else (b, a)
    if big.ndim < 3 or small.ndim > 2:
        return False
    if small.requires_grad:
        return True
    if a.ndim == 2:
        return False
    array = big.array if larger else big.array.swapaxes(-1, -2)
    if not array.size:
        return True
    return all(
        array.strides[i] == array.shape[i + 1] * array.strides[i + 1] for i in range(array.ndim - 2)
    )


def _folded(a: Any, b: Any) -> Any:
    turned = a.ndim < b.ndim
    big, small = (b.mT, t(a) if a.ndim == 2 else a) if turned else (a, b)
    sizes = list(big.shape[:-1])
    folded = reshape(big, (math.prod(sizes), big.shape[-1]))
    if small.ndim == 1:
        return apply("_unsafe_view", mv(folded, small), size=tuple(sizes))
    product = mm(folded, small)
    result = apply("_unsafe_view", product, size=(*sizes, small.shape[1]))
    return result.mT.contiguous() if turned else result


def _batched(a: Any, b: Any) -> Any:
    n = a.shape[-2] if a.ndim > 1 else 1
    m1 = a.shape[-1]
    m2 = b.shape[-2] if b.ndim > 1 else b.shape[-1]
    p = b.shape[-1] if b.ndim > 1 else 1
    batch = broadcast(tuple(a.shape[:-2]), tuple(b.shape[:-2]))
    count = math.prod(batch)
    left = reshape(expand(a, (*batch, n, m1)), (count, n, m1))
    if b.ndim == 1:
        right = unsqueeze(reshape(expand(b, (*batch, m2)), (count, m2)), 2)
    else:
        right = reshape(expand(b, (*batch, m2, p)), (count, m2, p))
    result = bmm(left, right)
    if b.ndim == 1:
        result = result.squeeze(-1)
    size = batch + ((n,) if a.ndim > 1 else ()) + ((p,) if b.ndim > 1 else ())
    return apply("_unsafe_view", result, size=size)


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """x Wᵀ + b, with the Nodes that PyTorch makes of it."""
    need_tensor(input, "linear")
    need_tensor(weight, "linear", "weight", 2)
    if bias is None:
        return matmul(input, t(weight))
    if weight.array.dtype != input.array.dtype:
        _linear_dtypes(input, weight)
    if input.ndim == 2:
        return apply("addmm", bias, input, t(weight))
    if input.ndim == 1 or (input.ndim >= 3 and input.is_contiguous()):
        width = input.shape[-1]
        flat = view(input, (math.prod(input.shape[:-1]), width))
        product = apply("addmm", bias, flat, t(weight))
        return view(product, (*input.shape[:-1], weight.shape[0]))
    return add(matmul(input, t(weight)), bias)


def _linear_dtypes(input: Any, weight: Any) -> None:
    raise RuntimeError(
        f"mat1 and mat2 must have the same dtype, but got {input.dtype.legacy} and "
        f"{weight.dtype.legacy}"
    )
