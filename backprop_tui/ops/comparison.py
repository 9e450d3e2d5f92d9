"""Questions with answers that have no gradient: larger? equal? where is the maximum?"""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, define
from backprop_tui.ops.rules import Dim, broadcast, reduce, reduced_axes, same, scalar

for _name, _function, _sign, _latex in (
    ("eq", np.equal, "=", "="),
    ("ne", np.not_equal, "≠", r"\ne"),
    ("lt", np.less, "<", "<"),
    ("le", np.less_equal, "≤", r"\le"),
    ("gt", np.greater, ">", ">"),
    ("ge", np.greater_equal, "≥", r"\ge"),
):
    define(
        Op(
            name=_name,
            grad_fn="",
            elementwise=True,
            promotes="common",
            forward=lambda self, other, *, _compare=_function: _compare(self, other),
            shape=broadcast,
            formula=Formula(f"$self {_sign} $other", f"$self {_latex} $other"),
            help="Compares element by element; the answers are True or False, without a gradient.",
        )
    )

for _name, _function, _sign, _latex in (
    ("logical_and", np.logical_and, "and", r"\land"),
    ("logical_or", np.logical_or, "or", r"\lor"),
    ("logical_xor", np.logical_xor, "xor", r"\oplus"),
    ("bitwise_and", np.bitwise_and, "&", r"\land"),
    ("bitwise_or", np.bitwise_or, "|", r"\lor"),
    ("bitwise_xor", np.bitwise_xor, "^", r"\oplus"),
    ("floor_divide", np.floor_divide, "//", r"\div"),
):
    define(
        Op(
            name=_name,
            grad_fn="",
            elementwise=True,
            promotes="common",
            forward=lambda self, other, *, _combine=_function: _combine(self, other),
            shape=broadcast,
            formula=Formula(f"$self {_sign} $other", f"$self {_latex} $other"),
            help="Combines element by element, without a gradient.",
        )
    )

for _name, _function, _text, _latex in (
    ("logical_not", np.logical_not, "not $self", r"\neg $self"),
    ("bitwise_not", np.invert, "~$self", r"\neg $self"),
    ("isnan", np.isnan, "$self is NaN", r"$self \text{ is NaN}"),
    ("isinf", np.isinf, "$self is infinite", r"$self \text{ is infinite}"),
    ("isfinite", np.isfinite, "$self is finite", r"$self \text{ is finite}"),
):
    define(
        Op(
            name=_name,
            grad_fn="",
            elementwise=True,
            forward=lambda self, *, _ask=_function: _ask(self),
            shape=same,
            formula=Formula(_text, _latex),
            help="Asks something of every element; the answers have no gradient.",
        )
    )


def _axis(self: Any, dim: Dim) -> Any:
    return None if dim is None else reduced_axes(dim, self.ndim)


for _name, _function, _help in (
    ("argmax", np.argmax, "Where the largest number is."),
    ("argmin", np.argmin, "Where the smallest number is."),
):
    define(
        Op(
            name=_name,
            grad_fn="",
            forward=lambda self, *, dim=None, keepdim=False, _find=_function: _find(
                self, axis=dim, keepdims=keepdim
            ),
            shape=reduce,
            formula=Formula(f"{_name}($self)", rf"\operatorname{{{_name}}} $self"),
            help=f"{_help} A position has no gradient.",
        )
    )

for _name, _function, _help in (
    ("any", np.any, "Whether any element is True."),
    ("all", np.all, "Whether all elements are True."),
):
    define(
        Op(
            name=_name,
            grad_fn="",
            forward=lambda self, *, dim=None, keepdim=False, _ask=_function: _ask(
                self, axis=_axis(self, dim), keepdims=keepdim
            ),
            shape=reduce,
            formula=Formula(f"{_name}($self)", rf"\operatorname{{{_name}}} $self"),
            help=_help,
        )
    )

define(
    Op(
        name="count_nonzero",
        grad_fn="",
        forward=lambda self: np.count_nonzero(self),
        shape=scalar,
        formula=Formula("how many of $self are not 0", r"\left|\{$self \ne 0\}\right|"),
        help="How many elements are not 0.",
    )
)
