"""Inverse and hyperbolic functions, triangles of matrices, and losses of pairs."""

from __future__ import annotations

from typing import Any

from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.pointwise import abs as abs_
from backprop_tui.engines.numpy_engine.pointwise import (
    add,
    clamp_min,
    div,
    mul,
    need_tensor,
    neg,
    sub,
    tanh,
    unary,
)
from backprop_tui.engines.numpy_engine.reduce import mean, sum

__all__ = [
    "acos",
    "asin",
    "cosh",
    "expm1",
    "margin_ranking_loss",
    "sinh",
    "softsign",
    "tanhshrink",
    "tril",
    "triu",
]

expm1, sinh, cosh, asin, acos = map(unary, ("expm1", "sinh", "cosh", "asin", "acos"))


def tril(input: Any, diagonal: int = 0) -> Any:
    """The lower triangle of matrices."""
    return apply("tril", need_tensor(input, "tril"), diagonal=diagonal)


def triu(input: Any, diagonal: int = 0) -> Any:
    """The upper triangle of matrices."""
    return apply("triu", need_tensor(input, "triu"), diagonal=diagonal)


def softsign(input: Any) -> Any:
    """x / (1 + |x|)."""
    return div(input, add(abs_(input), 1))


def tanhshrink(input: Any) -> Any:
    """x − tanh(x)."""
    return sub(input, tanh(input))


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
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    products = mul(neg(target), sub(input1, input2))
    loss = clamp_min(apply("add.scalar", products, other=margin), 0)
    return loss if reduction == "none" else mean(loss) if reduction == "mean" else sum(loss)
