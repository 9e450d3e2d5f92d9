"""``torch.*`` functions from many numbers to few."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from backprop_tui.engines.numpy_engine import tensor as tensors
from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.pointwise import maximum, minimum, need_tensor
from backprop_tui.engines.numpy_engine.words import numpys_words

__all__ = [
    "all", "amax", "amin", "any", "argmax", "argmin", "argsort", "count_nonzero", "cumsum",
    "logsumexp", "max", "mean", "min", "norm", "prod", "sort", "std", "sum", "topk", "var",
]  # fmt: skip


def return_type(name: str, *fields: str) -> Any:
    """``torch.return_types.max`` and its like, printed as PyTorch prints them."""

    def text(self: Any) -> str:
        parts = ",\n".join(f"{field}={part!r}" for field, part in zip(fields, self, strict=True))
        return f"torch.return_types.{name}(\n{parts})"

    named = namedtuple(name, fields)  # type: ignore[misc]
    return type(name, (named,), {"__repr__": text, "__slots__": ()})


_TYPES = {name: return_type(name, "values", "indices") for name in ("max", "min", "sort", "topk")}


def _dims(dim: Any) -> Any:
    """``dim`` as a number or a tuple."""
    return tuple(dim) if isinstance(dim, list | tuple) else dim


def _cast(name: str, input: Any, keepdim: Any, dtype: Any) -> Any:
    need_tensor(input, name)
    if not isinstance(keepdim, bool):
        raise TypeError(
            f"{name}(): argument 'keepdim' (position 2) must be bool, not {type(keepdim).__name__}"
        )
    return input if dtype is None else input.to(dtype)


@numpys_words
def sum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The sum of all elements, or along dimensions."""
    input = _cast("sum", input, keepdim, dtype)
    if dim is None and not keepdim:
        return apply("sum", input)
    return apply("sum.dim", input, dim=_dims(dim), keepdim=keepdim)


@numpys_words
def mean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The mean of all elements, or along dimensions."""
    input = _cast("mean", input, keepdim, dtype)
    if not input.dtype.is_floating_point:
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or "
            f"complex dtype. Got: {input.dtype.legacy}"
        )
    if dim is None and not keepdim:
        return apply("mean", input)
    return apply("mean.dim", input, dim=_dims(dim), keepdim=keepdim)


@numpys_words
def prod(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The product."""
    need_tensor(input, "prod")
    if dim is None:
        return apply("prod", input)
    return apply("prod.dim", input, dim=dim, keepdim=keepdim)


def _extreme(name: str, input: Any, dim: Any, keepdim: bool) -> Any:
    need_tensor(input, name)
    if isinstance(dim, tensors.Tensor):
        return (maximum if name == "max" else minimum)(input, dim)
    if dim is None:
        if not input.array.size:
            raise RuntimeError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. "
                "Specify the reduction dim with the 'dim' argument."
            )
        return apply(name, input)
    return _TYPES[name](*apply(f"{name}.dim", input, dim=dim, keepdim=keepdim))


@numpys_words
def max(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest element; along a dimension also where; with a tensor the larger of two."""
    return _extreme("max", input, dim, keepdim)


@numpys_words
def min(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest element; along a dimension also where; with a tensor the smaller of two."""
    return _extreme("min", input, dim, keepdim)


@numpys_words
def amax(input: Any, dim: Any = (), keepdim: bool = False) -> Any:
    """The largest along dimensions, its gradient shared among equals."""
    return apply("amax", need_tensor(input, "amax"), dim=_dims(dim), keepdim=keepdim)


@numpys_words
def amin(input: Any, dim: Any = (), keepdim: bool = False) -> Any:
    """The smallest along dimensions, its gradient shared among equals."""
    return apply("amin", need_tensor(input, "amin"), dim=_dims(dim), keepdim=keepdim)


@numpys_words
def argmax(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """Where the largest element is."""
    return apply("argmax", need_tensor(input, "argmax"), dim=dim, keepdim=keepdim)


@numpys_words
def argmin(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """Where the smallest element is."""
    return apply("argmin", need_tensor(input, "argmin"), dim=dim, keepdim=keepdim)


@numpys_words
def any(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether one is true."""
    return apply("any", need_tensor(input, "any"), dim=_dims(dim), keepdim=keepdim)


@numpys_words
def all(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether all are true."""
    return apply("all", need_tensor(input, "all"), dim=_dims(dim), keepdim=keepdim)


@numpys_words
def count_nonzero(input: Any, dim: Any = None) -> Any:
    """How many elements are not 0."""
    return apply("count_nonzero", need_tensor(input, "count_nonzero"), dim=_dims(dim))


def _spread(name: str, input: Any, dim: Any, unbiased: Any, correction: Any, keepdim: bool) -> Any:
    need_tensor(input, name)
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if correction is None:
        correction = 0 if unbiased is False else 1
    if not input.dtype.is_floating_point:
        raise RuntimeError("std and var only support floating point and complex dtypes")
    return apply(name, input, dim=_dims(dim), correction=correction, keepdim=keepdim)


@numpys_words
def var(
    input: Any,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> Any:
    """The variance; divided by N − 1 unless ``unbiased`` is False."""
    return _spread("var", input, dim, unbiased, correction, keepdim)


@numpys_words
def std(
    input: Any,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> Any:
    """The standard deviation; divided by N − 1 unless ``unbiased`` is False."""
    return _spread("std", input, dim, unbiased, correction, keepdim)


def norm(input: Any, p: Any = 2, dim: Any = None, keepdim: bool = False) -> Any:
    """The length of a vector."""
    need_tensor(input, "norm")
    power = 2.0 if p in (None, "fro") else float(p)
    if not input.dtype.is_floating_point:
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. "
            f"Got {input.dtype.legacy}"
        )
    return apply("linalg_vector_norm", input, ord=power, dim=_dims(dim), keepdim=keepdim)


@numpys_words
def logsumexp(input: Any, dim: Any, keepdim: bool = False) -> Any:
    """log Σ eˣ, without overflow."""
    return apply("logsumexp", need_tensor(input, "logsumexp"), dim=_dims(dim), keepdim=keepdim)


@numpys_words
def cumsum(input: Any, dim: int, *, dtype: Any = None) -> Any:
    """Running sums."""
    need_tensor(input, "cumsum")
    return apply("cumsum", input if dtype is None else input.to(dtype), dim=dim)


@numpys_words
def sort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """In order, and where each came from."""
    found = apply("sort", need_tensor(input, "sort"), dim=dim, descending=descending)
    return _TYPES["sort"](*found)


@numpys_words
def argsort(input: Any, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Any:
    """Where each element of the ordered tensor came from."""
    return sort(input, dim, descending).indices


@numpys_words
def topk(input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """The k largest and where they are."""
    found = apply("topk", need_tensor(input, "topk"), k=k, dim=dim, largest=largest)
    return _TYPES["topk"](*found)
