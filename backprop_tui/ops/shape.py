"""Other views of the same numbers: transpose, view, expand …"""

from __future__ import annotations

from backprop_tui.ops.base import Formula, Op, Shape, Vjp, define


def t_shape(self: Shape) -> Shape:
    """Rows become columns; at most 2 dimensions."""
    if len(self) > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {len(self)}D")
    return self[::-1]


define(
    Op(
        name="t",
        grad_fn="TBackward0",
        view=True,
        forward=lambda self: self.T,
        shape=t_shape,
        formula=Formula("$selfᵀ", r"{$self}^\top"),
        vjps={"self": Vjp(lambda g, s: g.T, Formula("$gradᵀ", r"{$grad}^\top"))},
        help="Rows become columns.",
    )
)
