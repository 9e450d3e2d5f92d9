"""Many numbers to few: sum, mean, max, min …"""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.ops.base import Array, Formula, Op, Saved, Shape, Vjp, define
from backprop_tui.ops.rules import Dim, reduce, reduced_axes, scalar


def spread(g: Any, shape: Shape, dim: Dim = None, keepdim: bool = False) -> Array:
    """The gradient of a reduced tensor, repeated over the axes that were reduced."""
    if dim is not None and not keepdim:
        for axis in sorted(reduced_axes(dim, len(shape))):
            g = np.expand_dims(g, axis)
    return np.broadcast_to(g, shape)


def count(shape: Shape, dim: Dim = None) -> int:
    """How many numbers meet in one element of the result."""
    return int(np.prod([shape[axis] for axis in reduced_axes(dim, len(shape))], dtype=int))


def axes_of(self: Any, dim: Dim) -> tuple[int, ...]:
    """NumPy's ``axis`` for PyTorch's ``dim``."""
    return reduced_axes(dim, self.ndim)


define(
    Op(
        name="sum",
        grad_fn="SumBackward0",
        forward=lambda self: self.sum(),
        shape=scalar,
        formula=Formula("Σ $self", r"\sum $self"),
        vjps={
            "self": Vjp(
                lambda g, s: spread(g, s.self_shape),
                Formula("$grad for every element", r"$grad \cdot \mathbf{1}"),
                saves=("self_shape",),
            )
        },
        help="Adds all elements up; every element gets the same gradient.",
    )
)
define(
    Op(
        name="sum.dim",
        grad_fn="SumBackward1",
        forward=lambda self, *, dim, keepdim=False: self.sum(
            axis=axes_of(self, dim), keepdims=keepdim
        ),
        shape=reduce,
        formula=Formula("Σ over dim $dim of $self", r"\sum_{\text{dim } $dim} $self"),
        vjps={
            "self": Vjp(
                lambda g, s: spread(g, s.self_shape, s.dim, s.keepdim),
                Formula("$grad repeated over dim $dim", r"$grad \cdot \mathbf{1}"),
                saves=("self_shape",),
            )
        },
        help="Adds up along some dimensions; the gradient is repeated along them.",
    )
)


def _mean(self: Any, dim: Dim = None, keepdim: bool = False) -> Any:
    axes = axes_of(self, dim)
    return self.sum(axis=axes, keepdims=keepdim) / count(self.shape, dim)


def _mean_vjp(g: Any, s: Saved) -> Array:
    return spread(g, s.self_shape) / count(s.self_shape)


define(
    Op(
        name="mean",
        grad_fn="MeanBackward0",
        forward=_mean,
        shape=scalar,
        formula=Formula("mean($self)", r"\frac{1}{N} \sum $self"),
        vjps={
            "self": Vjp(
                _mean_vjp,
                Formula("$grad / N for every element", r"\frac{$grad}{N} \cdot \mathbf{1}"),
                saves=("self_shape",),
            )
        },
        help="The average; every one of the N elements gets 1/N of the gradient.",
    )
)
define(
    Op(
        name="mean.dim",
        grad_fn="MeanBackward1",
        forward=lambda self, *, dim, keepdim=False: _mean(self, dim, keepdim),
        shape=reduce,
        formula=Formula(
            "mean over dim $dim of $self", r"\frac{1}{n} \sum_{\text{dim } $dim} $self"
        ),
        vjps={
            "self": Vjp(
                lambda g, s: spread(g, s.self_shape, s.dim, s.keepdim) / count(s.self_shape, s.dim),
                Formula("$grad / n repeated over dim $dim", r"\frac{$grad}{n} \cdot \mathbf{1}"),
                saves=("self_shape",),
            )
        },
        help="The average along some dimensions.",
    )
)
