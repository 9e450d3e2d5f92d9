"""Operations that exist only in place: filling and copying over."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Shape, Vjp, define
from backprop_tui.ops.rules import expand, same

GONE = Vjp(lambda g, s: g * 0, Formula("0", "0"))


def fill_shape(self: Shape, value: Shape) -> Shape:
    """``value`` must be a single number."""
    if value:
        raise RuntimeError(
            "fill_ only supports 0-dimension value tensor but got tensor with "
            f"{len(value)} dimensions."
        )
    return self


def copy_shape(self: Shape, src: Shape) -> Shape:
    """``src`` must stretch to ``self``."""
    expand(src, size=self)
    return self


define(
    Op(
        name="zero",
        grad_fn="ZeroBackward0",
        forward=lambda self: np.zeros_like(self),
        shape=same,
        formula=Formula("0", "0"),
        vjps={"self": GONE},
        help="Overwrites everything with 0.",
    )
)
define(
    Op(
        name="fill",
        grad_fn="FillBackward2",
        forward=lambda self, *, value: np.full_like(self, value),
        shape=same,
        formula=Formula("$value", "$value"),
        vjps={"self": GONE},
        help="Overwrites everything with one number.",
    )
)
define(
    Op(
        name="fill.tensor",
        grad_fn="FillBackward3",
        forward=lambda self, value: _copied(self, value),
        shape=fill_shape,
        formula=Formula("$value", "$value"),
        vjps={
            "self": GONE,
            "value": Vjp(lambda g, s: g.sum(), Formula("Σ $grad", r"\sum $grad")),
        },
        help="Overwrites everything with one tensor's number, which gets all the gradient.",
    )
)
define(
    Op(
        name="copy",
        grad_fn="CopyBackwards",
        elementwise=True,
        forward=lambda self, src: _copied(self, src),
        shape=copy_shape,
        formula=Formula("$src", "$src"),
        vjps={
            "self": GONE,
            "src": Vjp(lambda g, s: g, Formula("$grad", "$grad")),
        },
        help="Overwrites a tensor with the numbers of another, which gets the gradient.",
    )
)


def _copied(self: Any, src: Any) -> Any:
    return np.array(np.broadcast_to(np.asarray(src).astype(self.dtype), self.shape))
