"""Questions about how often and where: counts, histograms, places in an order. No gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Shape, define


def asked(
    name: str, forward: Callable[..., Any], shape: Callable[..., Any], text: str, latex: str,
    help: str,
) -> Op:  # fmt: skip
    """Define a question whose answer has no gradient."""
    return define(
        Op(
            name=name,
            grad_fn="",
            forward=forward,
            shape=shape,
            formula=Formula(text, latex),
            help=help,
        )
    )


def of_first(first: Shape, *others: Shape, **how: Any) -> Shape:
    """The shape of the first input."""
    return first


def bins_shape(self: Shape, *, bins: int = 100, **how: Any) -> Shape:
    """As many as there are bins."""
    if bins <= 0:
        raise RuntimeError("torch.histc(): bins must be > 0")
    return (bins,)


def bincount_shape(self: Shape, weights: Shape | None = None, *, minlength: int = 0) -> None:
    """Known only when the largest number is."""
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    if len(self) != 1:
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights and weights != self:
        raise RuntimeError("weights should be 1-d and have the same length as input")


def _bincount(self: Any, weights: Any = None, *, minlength: int = 0) -> Any:
    if self.dtype.kind == "f":
        name = {2: "Half", 4: "Float", 8: "Double"}[self.dtype.itemsize]
        raise NotImplementedError(f"\"bincount_cpu\" not implemented for '{name}'")
    if self.size and self.min() < 0:
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    counts = np.bincount(self, weights, minlength)
    if weights is None:
        return counts.astype(np.int64)
    return counts.astype(weights.dtype if weights.dtype == np.float32 else np.float64)


def _histc(self: Any, *, bins: int = 100, min: Any = 0, max: Any = 0) -> Any:
    low, high = float(min), float(max)
    if low == high and self.size:
        low, high = float(self.min()), float(self.max())
    if low == high:
        low, high = low - 1, high + 1
    if not (np.isfinite(low) and np.isfinite(high)):
        raise RuntimeError(f"range of [{low:g}, {high:g}] is not finite")
    if low > high:
        raise RuntimeError("max must be larger than min")
    inside = self[(self >= low) & (self <= high)]
    at = ((inside - low) / (high - low) * bins).astype(np.int64)
    return np.bincount(np.minimum(at, bins - 1), minlength=bins).astype(self.dtype)


def _isin(
    elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False
) -> Any:
    return np.asarray(np.isin(elements, test_elements, invert=invert))


def searchsorted_shape(sorted_sequence: Shape, self: Shape, **how: Any) -> Shape:
    """The shape of what is looked for; the rows of both are the same if there are several."""
    if len(sorted_sequence) != 1 and sorted_sequence[:-1] != self[:-1]:
        raise RuntimeError(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 "
            "dimensions of boundaries tensor and input value tensor must match, but we got "
            f"boundaries tensor {list(sorted_sequence)} and input value tensor {list(self)}"
        )
    return self


def _searchsorted(
    sorted_sequence: Any, self: Any, *, out_int32: bool = False, right: bool = False
) -> Any:
    side: Any = "right" if right else "left"
    kind = np.int32 if out_int32 else np.int64
    if sorted_sequence.ndim == 1:
        return np.asarray(np.searchsorted(sorted_sequence, self, side), kind)
    result = np.zeros(self.shape, kind)
    for row in np.ndindex(self.shape[:-1]):
        result[row] = np.searchsorted(sorted_sequence[row], self[row], side)
    return result


def _bucketize(self: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False) -> Any:
    return _searchsorted(boundaries, self, out_int32=out_int32, right=right)


asked(
    "bincount",
    _bincount,
    bincount_shape,
    "how often each number is in $self",
    r"\left|\{i: {$self}_i = j\}\right|",
    "Counts how often each whole number comes.",
)
asked(
    "histc",
    _histc,
    bins_shape,
    "how many of $self fall into each of $bins bins",
    r"\left|\{i: {$self}_i \in B_j\}\right|",
    "Counts how many numbers fall into each of the bins.",
)
asked(
    "isin",
    _isin,
    of_first,
    "$elements ∈ $test_elements",
    r"$elements \in $test_elements",
    "Asks of every element whether it is among others.",
)
asked(
    "searchsorted",
    _searchsorted,
    searchsorted_shape,
    "how many of $sorted_sequence are below $self",
    r"\left|\{i: {$sorted_sequence}_i < $self\}\right|",
    "Where each number would go in an ordered row.",
)
asked(
    "bucketize",
    _bucketize,
    of_first,
    "how many of $boundaries are below $self",
    r"\left|\{i: {$boundaries}_i < $self\}\right|",
    "The number of the bucket into which each number falls.",
)
