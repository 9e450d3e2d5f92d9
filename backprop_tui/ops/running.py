"""Running products and sums, and reductions that leave something out or give two answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Saved, Shape, Vjp, define
from backprop_tui.ops.reductions import axes_of, count, spread
from backprop_tui.ops.rules import dim_shape, reduce
from backprop_tui.ops.statistics import deviation_vjp, variance, variance_vjp


def _from_here(g: Any, dim: int) -> Any:
    """The sum of everything from each place on."""
    return np.flip(np.cumsum(np.flip(g, dim), axis=dim), dim)


def _cumprod_vjp(g: Any, s: Saved) -> Any:
    if not s.self.ndim:
        return g
    if not (s.self == 0).any():
        return _from_here(s.result * g, s.dim) / s.self
    # Where a 0 is among the factors, each product is made once more without the one in question.
    x, grads = np.moveaxis(s.self, s.dim, 0), np.moveaxis(g, s.dim, 0)
    result = np.zeros(x.shape, grads.dtype)
    for i in range(len(x)):
        before = x[:i].prod(axis=0)
        after = np.cumprod(np.concatenate([np.ones_like(x[:1]), x[i + 1 :]]), axis=0)
        result[i] = before * (after * grads[i:]).sum(axis=0)
    return np.moveaxis(result, 0, s.dim)


define(
    Op(
        name="cumprod",
        grad_fn="CumprodBackward0",
        forward=lambda self, *, dim: np.cumprod(self, axis=dim) if self.ndim else self.copy(),
        shape=dim_shape,
        formula=Formula("running Π over dim $dim of $self", r"\prod_{j \le i} {$self}_j"),
        vjps={
            "self": Vjp(
                _cumprod_vjp,
                Formula(
                    "Σ of $grad · $result from here on, / $self",
                    r"\frac{1}{{$self}_i} \sum_{j \ge i} {$grad}_j {$result}_j",
                ),
                saves=("self", "result"),
            )
        },
        help="Multiplies as it goes along: how diffusion models make ᾱ of their α.",
    )
)


def _logcumsumexp(self: Any, *, dim: int) -> Any:
    if not self.ndim:
        return self.copy()
    rows = np.moveaxis(self, dim, 0)
    result = rows.copy()
    for i in range(1, len(rows)):
        top = np.maximum(result[i - 1], rows[i])
        base = np.where(np.abs(top) < np.inf, top, 0)
        result[i] = np.log(np.exp(result[i - 1] - base) + np.exp(rows[i] - base)) + base
    return np.moveaxis(result, 0, dim)


def _logcumsumexp_vjp(g: Any, s: Saved) -> Any:
    if not s.self.ndim:
        return g
    x, grads, results = (np.moveaxis(a, s.dim, 0) for a in (s.self, g, s.result))
    rows = [(grads[i:] * np.exp(x[i] - results[i:])).sum(axis=0) for i in range(len(x))]
    return np.moveaxis(np.stack(rows), 0, s.dim) if rows else g


define(
    Op(
        name="logcumsumexp",
        grad_fn="LogcumsumexpBackward0",
        forward=_logcumsumexp,
        shape=dim_shape,
        formula=Formula(
            "running log Σ exp($self) over dim $dim", r"\log \sum_{j \le i} e^{{$self}_j}"
        ),
        vjps={
            "self": Vjp(
                _logcumsumexp_vjp,
                Formula(
                    "Σ of $grad · exp($self − $result) from here on",
                    r"\sum_{j \ge i} {$grad}_j \, e^{{$self}_i - {$result}_j}",
                ),
                saves=("self", "result"),
            )
        },
        help="log Σ eˣ as it goes along, without overflow.",
    )
)


def _nansum(self: Any, *, dim: Any = None, keepdim: bool = False) -> Any:
    numbers = np.where(self == self, self, 0)
    return numbers.sum(axis=axes_of(self, dim), keepdims=keepdim)


define(
    Op(
        name="nansum",
        grad_fn="NansumBackward0",
        forward=_nansum,
        shape=reduce,
        formula=Formula("Σ of $self where it is a number", r"\sum_{\neq \text{NaN}} $self"),
        vjps={
            "self": Vjp(
                lambda g, s: np.where(
                    s.self == s.self, spread(g, s.self.shape, s.dim, s.keepdim), 0
                ),
                Formula("$grad where $self is a number, else 0", r"$grad \cdot [$self = $self]"),
                saves=("self",),
            )
        },
        help="Adds up what is a number; NaN gets no gradient.",
    )
)

# ---------------------------------------------------------------- deviation and mean at once


def both_shape(
    self: Shape, *, dim: Any = None, correction: Any = 1, keepdim: bool = False
) -> tuple[Shape, Shape]:
    """Two reduced shapes."""
    shape = reduce(self, dim=dim, keepdim=keepdim)
    return shape, shape


def _mean_part(g: Any, s: Saved) -> Any:
    shape = s.self.shape
    return spread(g[1], shape, s.dim, s.keepdim) / max(count(shape, s.dim), 1)


def _through(rule: Any) -> Any:
    """The rule of the first answer, and the mean's."""

    def vjp(g: Any, s: Saved) -> Any:
        first = Saved(**{**vars(s), "result": s.result[0]})
        return rule(g[0], first) + _mean_part(g, s)

    return vjp


def _var_mean(self: Any, *, dim: Any = None, correction: Any = 1, keepdim: bool = False) -> Any:
    mean = self.mean(axis=axes_of(self, dim), keepdims=keepdim)
    return variance(self, dim, correction, keepdim), mean


def _std_mean(self: Any, *, dim: Any = None, correction: Any = 1, keepdim: bool = False) -> Any:
    squared, mean = _var_mean(self, dim=dim, correction=correction, keepdim=keepdim)
    return np.sqrt(squared), mean


for _name, _forward, _rule, _word in (
    ("var", _var_mean, variance_vjp, "variance"),
    ("std", _std_mean, deviation_vjp, "deviation"),
):
    define(
        Op(
            name=f"{_name}_mean",
            grad_fn=f"{_name.title()}MeanBackward0",
            outputs=2,
            forward=_forward,
            shape=both_shape,
            formula=Formula(
                f"{_name} and mean of $self", rf"\operatorname{{{_name}}} $self, \bar{{$self}}"
            ),
            vjps={
                "self": Vjp(
                    _through(_rule),
                    Formula(f"$grad through {_name} and mean", r"$grad \cdot \partial $result"),
                    saves=("self", "result"),
                )
            },
            help=f"The {_word} and the mean at once.",
        )
    )
