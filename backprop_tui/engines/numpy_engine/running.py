"""``torch.*`` functions that go along a dimension, leave NaN out, or answer twice."""

from __future__ import annotations

from typing import Any

from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.events import detached
from backprop_tui.engines.numpy_engine.inplace import apply_
from backprop_tui.engines.numpy_engine.pointwise import add, div, mul, need_tensor, sub
from backprop_tui.engines.numpy_engine.reduce import sum as sum_
from backprop_tui.engines.numpy_engine.words import numpys_words

__all__ = [
    "cumprod", "cumulative_trapezoid", "logcumsumexp", "nanmean", "nansum", "std_mean",
    "trapezoid", "trapz", "var_mean",
]  # fmt: skip


@numpys_words
def cumprod(input: Any, dim: int, *, dtype: Any = None) -> Any:
    """Running products."""
    need_tensor(input, "cumprod")
    return apply("cumprod", input if dtype is None else input.to(dtype), dim=dim)


@numpys_words
def logcumsumexp(input: Any, dim: int) -> Any:
    """Running log Σ eˣ."""
    return apply("logcumsumexp", need_tensor(input, "logcumsumexp"), dim=dim)


def _dims(dim: Any) -> Any:
    return tuple(dim) if isinstance(dim, list | tuple) else None if dim is None else (dim,)


@numpys_words
def nansum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The sum of what is a number."""
    need_tensor(input, "nansum")
    if input.array.dtype.kind != "f":
        return sum_(input, dim, keepdim, dtype=dtype)
    input = input if dtype is None else input.to(dtype)
    return apply("nansum", input, dim=_dims(dim), keepdim=keepdim)


@numpys_words
def nanmean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The mean of what is a number."""
    if need_tensor(input, "nanmean").array.dtype.kind != "f":
        raise RuntimeError(
            "nanmean(): expected input to have floating point or complex dtype but got "
            + input.dtype.legacy
        )
    values = detached(input)
    numbers = apply_("logical_not", apply("ne", values, values))
    counted = apply("sum.dim", numbers, dim=_one_or_several(dim), keepdim=keepdim)
    return div(nansum(input, dim, keepdim, dtype=dtype), counted)


def _one_or_several(dim: Any) -> Any:
    return dim[0] if isinstance(dim, list | tuple) and len(dim) == 1 else dim


def _both(name: str, input: Any, dim: Any, unbiased: Any, correction: Any, keepdim: bool) -> Any:
    need_tensor(input, name)
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if correction is None:
        correction = 0 if unbiased is False else 1
    if input.array.dtype.kind != "f":
        raise RuntimeError(f"{name} only support floating point and complex dtypes")
    return apply(name, input, dim=_one_or_several(dim), correction=correction, keepdim=keepdim)


@numpys_words
def var_mean(
    input: Any,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> Any:
    """The variance and the mean."""
    return _both("var_mean", input, dim, unbiased, correction, keepdim)


@numpys_words
def std_mean(
    input: Any,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> Any:
    """The standard deviation and the mean."""
    return _both("std_mean", input, dim, unbiased, correction, keepdim)


# ---------------------------------------------------------------- areas


def _but_one(x: Any, dim: int, first: bool) -> Any:
    size = x.shape[dim]
    start, end = (0, max(size - 1, 0)) if first else (min(1, size), size)
    return apply("slice", x, dim=dim, start=start, end=end, step=1)


def trapezoid(y: Any, x: Any = None, *, dx: Any = None, dim: int = -1) -> Any:
    """The area below points that straight lines join."""
    if need_tensor(y, "trapezoid").shape[dim] == 0:
        return sum_(y, dim)
    if x is None:
        ends = add(apply("select", y, dim=dim, index=-1), apply("select", y, dim=dim, index=0))
        inner = sub(sum_(y, (dim,)), apply("mul.scalar", ends, other=0.5))
        return apply("mul.scalar", inner, other=1.0 if dx is None else float(dx))
    axis = dim % y.ndim
    along = dim % x.ndim if x.ndim == y.ndim else 0
    if x.ndim != y.ndim:
        x = x.view(*(1,) * (axis), -1, *(1,) * (y.ndim - axis - 1))
        along = axis
    widths = _gaps(x, along)
    last, first = _but_one(y, axis, True), _but_one(y, axis, False)
    heights = add(last, first)
    return apply("div.scalar", sum_(mul(heights, widths), (axis,)), other=2.0)


def _gaps(x: Any, dim: int) -> Any:
    first, last = _but_one(x, dim, True), _but_one(x, dim, False)
    return sub(last, first)


def cumulative_trapezoid(y: Any, x: Any = None, *, dx: Any = None, dim: int = -1) -> Any:
    """The area so far."""
    if x is not None:
        return _areas(y, x, dim)
    first, last = _but_one(y, dim, True), _but_one(y, dim, False)
    step = 0.5 if dx is None else float(dx) / 2
    return apply("cumsum", apply("mul.scalar", add(first, last), other=step), dim=dim)


def _areas(y: Any, x: Any, dim: int) -> Any:
    axis = dim % y.ndim
    if x.ndim != y.ndim:
        x = x.view(*(1,) * axis, -1, *(1,) * (y.ndim - axis - 1))
    widths = _gaps(x, axis)
    first, last = _but_one(y, axis, True), _but_one(y, axis, False)
    return apply("div.scalar", apply("cumsum", mul(widths, add(first, last)), dim=axis), other=2.0)


trapz = trapezoid
