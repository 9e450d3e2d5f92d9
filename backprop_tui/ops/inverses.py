"""Inverse and hyperbolic functions, and triangles of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Saved, Shape, Vjp, define
from backprop_tui.ops.elementary import by_input, by_result, unary
from backprop_tui.ops.joining import in_order

unary(
    "expm1",
    "Expm1Backward0",
    lambda self: np.expm1(self),
    Formula("exp($self) − 1", r"e^{$self} - 1"),
    by_result(
        lambda g, s: g * (s.result + 1), "$grad · ($result + 1)", r"$grad \cdot ($result + 1)"
    ),
    "eˣ − 1, exact for small x.",
)
unary(
    "sinh",
    "SinhBackward0",
    lambda self: np.sinh(self),
    Formula("sinh($self)", r"\sinh($self)"),
    by_input(lambda g, s: g * np.cosh(s.self), "$grad · cosh($self)", r"$grad \cdot \cosh($self)"),
    "The hyperbolic sine.",
)
unary(
    "cosh",
    "CoshBackward0",
    lambda self: np.cosh(self),
    Formula("cosh($self)", r"\cosh($self)"),
    by_input(lambda g, s: g * np.sinh(s.self), "$grad · sinh($self)", r"$grad \cdot \sinh($self)"),
    "The hyperbolic cosine.",
)
unary(
    "asin",
    "AsinBackward0",
    lambda self: np.arcsin(self),
    Formula("asin($self)", r"\arcsin($self)"),
    by_input(
        lambda g, s: g / np.sqrt(1 - s.self * s.self),
        "$grad / √(1 − $self²)",
        r"\frac{$grad}{\sqrt{1 - {$self}^2}}",
    ),
    "The inverse sine.",
)
unary(
    "acos",
    "AcosBackward0",
    lambda self: np.arccos(self),
    Formula("acos($self)", r"\arccos($self)"),
    by_input(
        lambda g, s: g * -(1 / np.sqrt(1 - s.self * s.self)),
        "−$grad / √(1 − $self²)",
        r"-\frac{$grad}{\sqrt{1 - {$self}^2}}",
    ),
    "The inverse cosine.",
)


def triangle_shape(self: Shape, *, diagonal: int = 0) -> Shape:
    """The shape of the matrices."""
    if len(self) < 2:
        raise RuntimeError("tril: input tensor must have at least 2 dimensions")
    return self


def _lower(self: Any, *, diagonal: int = 0) -> Any:
    return in_order(np.tril(self, diagonal))


def _upper(self: Any, *, diagonal: int = 0) -> Any:
    return in_order(np.triu(self, diagonal))


def _lower_vjp(g: Any, s: Saved) -> Any:
    return np.tril(g, s.diagonal)


def _upper_vjp(g: Any, s: Saved) -> Any:
    return np.triu(g, s.diagonal)


for _name, _grad_fn, _forward, _rule, _where in (
    ("tril", "TrilBackward0", _lower, _lower_vjp, "below"),
    ("triu", "TriuBackward0", _upper, _upper_vjp, "above"),
):
    define(
        Op(
            name=_name,
            grad_fn=_grad_fn,
            forward=_forward,
            shape=triangle_shape,
            formula=Formula(
                f"$self on and {_where} diagonal $diagonal, else 0",
                rf"\operatorname{{{_name}}}($self)",
            ),
            vjps={
                "self": Vjp(
                    _rule,
                    Formula(
                        f"$grad on and {_where} diagonal $diagonal, else 0",
                        rf"\operatorname{{{_name}}}($grad)",
                    ),
                )
            },
            help=f"Keeps what lies {_where} the diagonal of a matrix.",
        )
    )
