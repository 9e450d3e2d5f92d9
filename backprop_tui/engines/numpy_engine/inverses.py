"""Inverse and hyperbolic functions, and triangles of matrices."""

from __future__ import annotations

from typing import Any

from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.pointwise import abs as abs_
from backprop_tui.engines.numpy_engine.pointwise import (
    add,
    div,
    need_tensor,
    sub,
    tanh,
    unary,
)

__all__ = [
    "acos",
    "asin",
    "cosh",
    "expm1",
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
