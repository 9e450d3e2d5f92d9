"""``torch.*`` functions on tensors, composed of ops as PyTorch composes them."""

from __future__ import annotations

from typing import Any

from backprop_tui.engines.numpy_engine.apply import apply


def add(input: Any, other: Any) -> Any:
    return apply("add", input, other)


def sub(input: Any, other: Any) -> Any:
    return apply("sub", input, other)


def rsub(input: Any, other: Any) -> Any:
    return apply("rsub", input, other=other)


def mul(input: Any, other: Any) -> Any:
    return apply("mul", input, other)


def div(input: Any, other: Any) -> Any:
    return apply("div", input, other)


def reciprocal(input: Any) -> Any:
    return apply("reciprocal", input)


def neg(input: Any) -> Any:
    return apply("neg", input)


def pow(input: Any, exponent: Any) -> Any:
    from backprop_tui.engines.numpy_engine.tensor import Tensor

    if not isinstance(input, Tensor):
        return apply("pow.scalar", exponent, self=input)
    if isinstance(exponent, Tensor):
        return apply("pow.tensor", input, exponent)
    return apply("pow", input, exponent=exponent)


def mm(input: Any, mat2: Any) -> Any:
    return apply("mm", input, mat2)


def matmul(input: Any, other: Any) -> Any:
    return apply("mm", input, other)


def addmm(input: Any, mat1: Any, mat2: Any) -> Any:
    return apply("addmm", input, mat1, mat2)


def t(input: Any) -> Any:
    return apply("t", input)


def exp(input: Any) -> Any:
    return apply("exp", input)


def log(input: Any) -> Any:
    return apply("log", input)


def tanh(input: Any) -> Any:
    return apply("tanh", input)


def sigmoid(input: Any) -> Any:
    return apply("sigmoid", input)


def relu(input: Any) -> Any:
    return apply("relu", input)


def sum(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    if dim is None:
        return apply("sum", input)
    return apply("sum.dim", input, dim=dim, keepdim=keepdim)


def mean(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    if dim is None:
        return apply("mean", input)
    return apply("mean.dim", input, dim=dim, keepdim=keepdim)


__all__ = [
    "add",
    "addmm",
    "div",
    "exp",
    "log",
    "matmul",
    "mean",
    "mm",
    "mul",
    "neg",
    "pow",
    "reciprocal",
    "relu",
    "rsub",
    "sigmoid",
    "sub",
    "sum",
    "t",
    "tanh",
]
