"""Many numbers to few: sum, mean, max, min …"""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.ops.base import Array, Formula, Op, Saved, Shape, Vjp, define
from backprop_tui.ops.joining import in_order
from backprop_tui.ops.rules import Dim, dim_shape, reduce, reduced_axes, scalar


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


# ---------------------------------------------------------------- extremes


def _evenly(g: Any, s: Saved) -> Any:
    dim = getattr(s, "dim", None)
    keepdim = getattr(s, "keepdim", False)
    hit = s.self == spread(s.result, s.self.shape, dim, keepdim)
    ties = hit.sum(axis=axes_of(s.self, dim), keepdims=True)
    return np.where(hit, spread(g, s.self.shape, dim, keepdim) / ties, 0)


def _place_one(g: Any, s: Saved) -> Any:
    """The gradient put where the picked number was."""
    values, indices = g[0], s.result[1]
    if not s.self_shape:
        return values
    axis = s.dim % len(s.self_shape)
    if not s.keepdim:
        values, indices = np.expand_dims(values, axis), np.expand_dims(indices, axis)
    result = np.zeros(s.self_shape, values.dtype)
    np.put_along_axis(result, indices, values, axis)
    return result


def _pick(self: Any, indices: Any, dim: int, keepdim: bool) -> tuple[Any, Any]:
    if not self.ndim:
        return self.copy(), np.zeros((), np.int64)
    values = np.take_along_axis(self, indices, axis=dim)
    if keepdim:
        return values, indices
    return np.squeeze(values, axis=dim), np.squeeze(indices, axis=dim)


def picked_shape(self: Shape, *, dim: int, keepdim: bool = False) -> tuple[Shape, Shape]:
    """Values and indices, both without (or with 1 at) ``dim``."""
    shape = reduce(self, dim=dim, keepdim=keepdim)
    return shape, shape


for _name, _grad_fn, _find, _word in (
    ("max", "MaxBackward", np.argmax, "largest"),
    ("min", "MinBackward", np.argmin, "smallest"),
):
    define(
        Op(
            name=_name,
            grad_fn=f"{_grad_fn}1",
            forward=lambda self, *, _method=_name: getattr(self, _method)(),
            shape=scalar,
            formula=Formula(f"{_name}($self)", rf"\{_name} $self"),
            vjps={
                "self": Vjp(
                    _evenly,
                    Formula(
                        f"$grad at the {_word} (shared where several are), else 0",
                        r"$grad \cdot [$self = $result]",
                    ),
                    saves=("self", "result"),
                )
            },
            help=f"The {_word} element; it alone gets the gradient.",
        )
    )
    define(
        Op(
            name=f"{_name}.dim",
            grad_fn=f"{_grad_fn}0",
            outputs=2,
            forward=lambda self, *, dim, keepdim=False, _search=_find: _pick(
                self, _search(self, axis=dim, keepdims=True), dim, keepdim
            ),
            shape=picked_shape,
            formula=Formula(
                f"{_name} over dim $dim of $self", rf"\{_name}_{{\text{{dim }} $dim}} $self"
            ),
            vjps={
                "self": Vjp(
                    _place_one,
                    Formula(f"$grad at the {_word}, else 0", r"$grad \cdot [$self = $result]"),
                    saves=("self_shape", "result"),
                )
            },
            help=f"The {_word} along a dimension, and where it is.",
        )
    )
    define(
        Op(
            name=f"a{_name}",
            grad_fn=f"A{_grad_fn[0].lower()}{_grad_fn[1:]}0",
            forward=lambda self, *, dim=(), keepdim=False, _method=_name: getattr(self, _method)(
                axis=axes_of(self, dim), keepdims=keepdim
            ),
            shape=reduce,
            formula=Formula(
                f"{_name} over dim $dim of $self", rf"\{_name}_{{\text{{dim }} $dim}} $self"
            ),
            vjps={
                "self": Vjp(
                    _evenly,
                    Formula(
                        f"$grad at the {_word} (shared where several are), else 0",
                        r"$grad \cdot [$self = $result]",
                    ),
                    saves=("self", "result"),
                )
            },
            help=f"The {_word} along some dimensions.",
        )
    )


# ---------------------------------------------------------------- products and running sums


def _others(self: Any, axis: int) -> Any:
    """For each element the product of all others along ``axis``; a 0 among them is no trouble."""
    before = np.ones_like(self)
    after = np.ones_like(self)
    first, last = [slice(None)] * self.ndim, [slice(None)] * self.ndim
    first[axis], last[axis] = slice(None, -1), slice(1, None)
    before[tuple(last)] = np.cumprod(self, axis=axis)[tuple(first)]
    backwards = np.flip(np.cumprod(np.flip(self, axis), axis=axis), axis)
    after[tuple(first)] = backwards[tuple(last)]
    return before * after


def _prod_vjp(g: Any, s: Saved) -> Any:
    if (s.self == 0).any():
        return g * _others(s.self.reshape(-1), 0).reshape(s.self.shape)
    return g * s.result / s.self


def _prod_dim_vjp(g: Any, s: Saved) -> Any:
    g, result = (spread(x, s.self.shape, s.dim, s.keepdim) for x in (g, s.result))
    if s.self.ndim and (s.self == 0).any():
        return g * _others(s.self, s.dim)
    return g * result / s.self


define(
    Op(
        name="prod",
        grad_fn="ProdBackward0",
        forward=lambda self: self.prod(),
        shape=scalar,
        formula=Formula("Π $self", r"\prod $self"),
        vjps={
            "self": Vjp(
                _prod_vjp,
                Formula("$grad · $result / $self", r"$grad \cdot \frac{$result}{$self}"),
                saves=("self", "result"),
            )
        },
        help="Multiplies all elements.",
    )
)
define(
    Op(
        name="prod.dim",
        grad_fn="ProdBackward1",
        forward=lambda self, *, dim, keepdim=False: self.prod(
            axis=axes_of(self, dim), keepdims=keepdim
        ),
        shape=reduce,
        formula=Formula("Π over dim $dim of $self", r"\prod_{\text{dim } $dim} $self"),
        vjps={
            "self": Vjp(
                _prod_dim_vjp,
                Formula("$grad · $result / $self", r"$grad \cdot \frac{$result}{$self}"),
                saves=("self", "result"),
            )
        },
        help="Multiplies along a dimension.",
    )
)
define(
    Op(
        name="logsumexp",
        grad_fn="LogsumexpBackward0",
        promotes="float",
        forward=lambda self, *, dim, keepdim=False: _logsumexp(self, dim, keepdim),
        shape=reduce,
        formula=Formula("log Σ exp($self)", r"\log \sum e^{$self}"),
        vjps={
            "self": Vjp(
                lambda g, s: (
                    spread(g, s.self.shape, s.dim, s.keepdim)
                    * np.exp(s.self - spread(s.result, s.self.shape, s.dim, s.keepdim))
                ),
                Formula("$grad · exp($self − $result)", r"$grad \cdot e^{$self - $result}"),
                saves=("self", "result"),
            )
        },
        help="A smooth maximum; its gradient is the softmax.",
    )
)


def _logsumexp(self: Any, dim: Dim, keepdim: bool) -> Any:
    axes = axes_of(self, dim)
    top = self.max(axis=axes, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    whole = np.log(np.exp(self - top).sum(axis=axes, keepdims=True)) + top
    return whole if keepdim else whole.reshape(reduce(self.shape, dim=dim))


define(
    Op(
        name="cumsum",
        grad_fn="CumsumBackward0",
        forward=lambda self, *, dim: in_order(
            np.cumsum(self, axis=dim) if self.ndim else self.copy()
        ),
        shape=dim_shape,
        formula=Formula("running Σ over dim $dim of $self", r"\sum_{j \le i} {$self}_j"),
        vjps={
            "self": Vjp(
                lambda g, s: (
                    np.flip(np.cumsum(np.flip(g, s.dim), axis=s.dim), s.dim) if g.ndim else g
                ),
                Formula("Σ of $grad from here on", r"\sum_{j \ge i} {$grad}_j"),
            )
        },
        help="Adds up as it goes along; an early element touches all later sums.",
    )
)
