"""Products of vectors and matrices."""

from __future__ import annotations

from backprop_tui.ops.base import Formula, Op, Shape, Vjp, define
from backprop_tui.ops.rules import expand


def mm_shape(mat1: Shape, mat2: Shape) -> Shape:
    """(n, m) by (m, p) is (n, p)."""
    if len(mat1) != 2:
        raise RuntimeError(f"self must be a matrix, got {len(mat1)}-D tensor")
    if len(mat2) != 2:
        raise RuntimeError(f"mat2 must be a matrix, got {len(mat2)}-D tensor")
    if mat1[1] != mat2[0]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied "
            f"({mat1[0]}x{mat1[1]} and {mat2[0]}x{mat2[1]})"
        )
    return (mat1[0], mat2[1])


def addmm_shape(self: Shape, mat1: Shape, mat2: Shape) -> Shape:
    """``mm_shape``, with ``self`` stretched to it."""
    result = mm_shape(mat1, mat2)
    expand(self, size=result)
    return result


define(
    Op(
        name="mm",
        grad_fn="MmBackward0",
        promotes="none",
        forward=lambda self, mat2: self @ mat2,
        shape=mm_shape,
        formula=Formula("$self @ $mat2", "$self \\, $mat2"),
        vjps={
            "self": Vjp(
                lambda g, s: g @ s.mat2.T,
                Formula("$grad @ $mat2ᵀ", r"$grad \, {$mat2}^\top"),
                saves=("mat2",),
            ),
            "mat2": Vjp(
                lambda g, s: s.self.T @ g,
                Formula("$selfᵀ @ $grad", r"{$self}^\top $grad"),
                saves=("self",),
            ),
        },
        help="Matrix product: rows of the first with columns of the second.",
    )
)
define(
    Op(
        name="addmm",
        grad_fn="AddmmBackward0",
        forward=lambda self, mat1, mat2: self + mat1 @ mat2,
        shape=addmm_shape,
        formula=Formula("$self + $mat1 @ $mat2", r"$self + $mat1 \, $mat2"),
        vjps={
            "self": Vjp(lambda g, s: g, Formula("$grad", "$grad")),
            "mat1": Vjp(
                lambda g, s: g @ s.mat2.T,
                Formula("$grad @ $mat2ᵀ", r"$grad \, {$mat2}^\top"),
                saves=("mat2",),
            ),
            "mat2": Vjp(
                lambda g, s: s.mat1.T @ g,
                Formula("$mat1ᵀ @ $grad", r"{$mat1}^\top $grad"),
                saves=("mat1",),
            ),
        },
        help="A matrix product plus a bias: what nn.Linear computes.",
    )
)
