"""Questions with answers that have no gradient: larger? equal? where is the maximum?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, define
from backprop_tui.ops.rules import Dim, broadcast, reduce, reduced_axes, same

Function = Callable[..., Any]


def two(name: str, forward: Function, sign: str, latex: str, help: str) -> Op:
    """Define a question about pairs of elements."""
    return define(
        Op(
            name=name,
            grad_fn="",
            elementwise=True,
            promotes="common",
            forward=forward,
            shape=broadcast,
            formula=Formula(f"$self {sign} $other", f"$self {latex} $other"),
            help=help,
        )
    )


COMPARES = "Compares element by element; True and False have no gradient."
two("eq", lambda self, other: self == other, "=", "=", COMPARES)
two("ne", lambda self, other: self != other, "≠", r"\ne", COMPARES)
two("lt", lambda self, other: self < other, "<", "<", COMPARES)
two("le", lambda self, other: self <= other, "≤", r"\le", COMPARES)
two("gt", lambda self, other: self > other, ">", ">", COMPARES)
two("ge", lambda self, other: self >= other, "≥", r"\ge", COMPARES)

COMBINES = "Combines element by element, without a gradient."
two("logical_and", lambda self, other: np.logical_and(self, other), "and", r"\land", COMBINES)
two("logical_or", lambda self, other: np.logical_or(self, other), "or", r"\lor", COMBINES)
two("logical_xor", lambda self, other: np.logical_xor(self, other), "xor", r"\oplus", COMBINES)
two("bitwise_and", lambda self, other: self & other, "&", r"\land", COMBINES)
two("bitwise_or", lambda self, other: self | other, "|", r"\lor", COMBINES)
two("bitwise_xor", lambda self, other: self ^ other, "^", r"\oplus", COMBINES)
two("floor_divide", lambda self, other: self // other, "//", r"\div", "Divides and rounds down.")


def one(name: str, forward: Function, text: str, latex: str) -> Op:
    """Define a question about each element."""
    return define(
        Op(
            name=name,
            grad_fn="",
            elementwise=True,
            forward=forward,
            shape=same,
            formula=Formula(text, latex),
            help="Asks something of every element; the answers have no gradient.",
        )
    )


one("logical_not", lambda self: np.logical_not(self), "not $self", r"\neg $self")
one("bitwise_not", lambda self: ~self, "~$self", r"\neg $self")
one("isnan", lambda self: np.isnan(self), "$self is NaN", r"$self \text{ is NaN}")
one("isinf", lambda self: np.isinf(self), "$self is infinite", r"$self \text{ is infinite}")
one("isfinite", lambda self: np.isfinite(self), "$self is finite", r"$self \text{ is finite}")


def _axis(self: Any, dim: Dim) -> Any:
    return None if dim is None else reduced_axes(dim, self.ndim)


def whole(name: str, forward: Function, help: str) -> Op:
    """Define a question about all elements, or all along a dimension."""
    return define(
        Op(
            name=name,
            grad_fn="",
            forward=forward,
            shape=reduce,
            formula=Formula(f"{name}($self)", rf"\operatorname{{{name}}} $self"),
            help=help,
        )
    )


whole(
    "argmax",
    lambda self, *, dim=None, keepdim=False: np.argmax(self, axis=dim, keepdims=keepdim),
    "Where the largest number is; a position has no gradient.",
)
whole(
    "argmin",
    lambda self, *, dim=None, keepdim=False: np.argmin(self, axis=dim, keepdims=keepdim),
    "Where the smallest number is; a position has no gradient.",
)
whole(
    "any",
    lambda self, *, dim=None, keepdim=False: np.any(self, axis=_axis(self, dim), keepdims=keepdim),
    "Whether any element is True.",
)
whole(
    "all",
    lambda self, *, dim=None, keepdim=False: np.all(self, axis=_axis(self, dim), keepdims=keepdim),
    "Whether all elements are True.",
)
define(
    Op(
        name="count_nonzero",
        grad_fn="",
        forward=lambda self, *, dim=None: np.asarray(np.count_nonzero(self, axis=dim)),
        shape=reduce,
        formula=Formula("how many of $self are not 0", r"\left|\{$self \ne 0\}\right|"),
        help="How many elements are not 0.",
    )
)
