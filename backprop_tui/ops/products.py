"""Products of vectors and matrices with something added, and the cross product."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Shape, Vjp, define
from backprop_tui.ops.linalg import bmm_shape, dot_shape, mv_shape
from backprop_tui.ops.rules import broadcast, expand, wrap_dim

BY_BETA = Vjp(lambda g, s: g * s.beta, Formula("$grad · $beta", r"$grad \cdot $beta"))


def addmv_shape(self: Shape, mat: Shape, vec: Shape, **factors: Any) -> Shape:
    """A matrix times a vector, with ``self`` stretched to it."""
    result = mv_shape(mat, vec)
    expand(self, size=result)
    return result


define(
    Op(
        name="addmv",
        grad_fn="AddmvBackward0",
        forward=lambda self, mat, vec, *, beta=1, alpha=1: beta * self + alpha * (mat @ vec),
        shape=addmv_shape,
        formula=Formula(
            "$beta · $self + $alpha · $mat @ $vec", r"$beta \cdot $self + $alpha \cdot $mat \, $vec"
        ),
        vjps={
            "self": BY_BETA,
            "mat": Vjp(
                lambda g, s: g[:, np.newaxis] * s.vec * s.alpha,
                Formula("$grad ⊗ $vec · $alpha", r"$grad \, {$vec}^\top \cdot $alpha"),
                saves=("vec",),
            ),
            "vec": Vjp(
                lambda g, s: (s.mat.T @ g) * s.alpha,
                Formula("$matᵀ @ $grad · $alpha", r"{$mat}^\top \, $grad \cdot $alpha"),
                saves=("mat",),
            ),
        },
        help="A matrix times a vector, and a vector added.",
    )
)


def addr_shape(self: Shape, vec1: Shape, vec2: Shape, **factors: Any) -> Shape:
    """Rows of the one, columns of the other, with ``self`` stretched to it."""
    if len(vec1) != 1 or len(vec2) != 1:
        raise RuntimeError(
            f"addr: Expected 1-D argument vec1 and vec2, but got {len(vec1)}-D and {len(vec2)}-D"
        )
    result = (*vec1, *vec2)
    expand(self, size=result)
    return result


define(
    Op(
        name="addr",
        grad_fn="AddrBackward0",
        forward=lambda self, vec1, vec2, *, beta=1, alpha=1: (
            beta * self + alpha * (vec1[:, np.newaxis] * vec2)
        ),
        shape=addr_shape,
        formula=Formula(
            "$beta · $self + $alpha · $vec1 ⊗ $vec2",
            r"$beta \cdot $self + $alpha \cdot $vec1 {$vec2}^\top",
        ),
        vjps={
            "self": BY_BETA,
            "vec1": Vjp(
                lambda g, s: (g @ s.vec2) * s.alpha,
                Formula("$grad @ $vec2 · $alpha", r"$grad \, $vec2 \cdot $alpha"),
                saves=("vec2",),
            ),
            "vec2": Vjp(
                lambda g, s: (g.T @ s.vec1) * s.alpha,
                Formula("$gradᵀ @ $vec1 · $alpha", r"{$grad}^\top \, $vec1 \cdot $alpha"),
                saves=("vec1",),
            ),
        },
        help="Every product of two vectors' elements, and a matrix added.",
    )
)


def baddbmm_shape(self: Shape, batch1: Shape, batch2: Shape, **factors: Any) -> Shape:
    """A matrix for each pair of the batch, with ``self`` stretched to it."""
    result = bmm_shape(batch1, batch2)
    expand(self, size=result)
    return result


def addbmm_shape(self: Shape, batch1: Shape, batch2: Shape, **factors: Any) -> Shape:
    """One matrix, the sum over the batch, with ``self`` stretched to it."""
    result = bmm_shape(batch1, batch2)[1:]
    expand(self, size=result)
    return result


define(
    Op(
        name="baddbmm",
        grad_fn="BaddbmmBackward0",
        forward=lambda self, batch1, batch2, *, beta=1, alpha=1: (
            alpha * (batch1 @ batch2) if beta == 0 else beta * self + alpha * (batch1 @ batch2)
        ),
        shape=baddbmm_shape,
        formula=Formula(
            "$beta · $self + $alpha · $batch1 @ $batch2",
            r"$beta \cdot $self + $alpha \cdot $batch1 \, $batch2",
        ),
        vjps={
            "self": BY_BETA,
            "batch1": Vjp(
                lambda g, s: (g @ np.swapaxes(s.batch2, 1, 2)) * s.alpha,
                Formula("$grad @ $batch2ᵀ · $alpha", r"$grad \, {$batch2}^\top \cdot $alpha"),
                saves=("batch2",),
            ),
            "batch2": Vjp(
                lambda g, s: (np.swapaxes(s.batch1, 1, 2) @ g) * s.alpha,
                Formula("$batch1ᵀ @ $grad · $alpha", r"{$batch1}^\top \, $grad \cdot $alpha"),
                saves=("batch1",),
            ),
        },
        help="One matrix product for each pair of a batch and what is added, each with a factor.",
    )
)
define(
    Op(
        name="addbmm",
        grad_fn="AddbmmBackward0",
        forward=lambda self, batch1, batch2, *, beta=1, alpha=1: (
            beta * self + alpha * (batch1 @ batch2).sum(axis=0)
        ),
        shape=addbmm_shape,
        formula=Formula(
            "$beta · $self + $alpha · Σ $batch1 @ $batch2",
            r"$beta \cdot $self + $alpha \sum_b {$batch1}_b \, {$batch2}_b",
        ),
        vjps={
            "self": BY_BETA,
            "batch1": Vjp(
                lambda g, s: (g @ np.swapaxes(s.batch2, 1, 2)) * s.alpha,
                Formula("$grad @ $batch2ᵀ · $alpha", r"$grad \, {$batch2}^\top \cdot $alpha"),
                saves=("batch2",),
            ),
            "batch2": Vjp(
                lambda g, s: (np.swapaxes(s.batch1, 1, 2) @ g) * s.alpha,
                Formula("$batch1ᵀ @ $grad · $alpha", r"{$batch1}^\top \, $grad \cdot $alpha"),
                saves=("batch1",),
            ),
        },
        help="The matrix products of a batch added up, and a matrix added.",
    )
)


def vdot_shape(self: Shape, other: Shape) -> Shape:
    """As ``dot``."""
    return dot_shape(self, other)


define(
    Op(
        name="vdot",
        grad_fn="VdotBackward0",
        forward=lambda self, other: self @ other,
        shape=vdot_shape,
        formula=Formula("$self @ $other", r"{$self}^\top $other"),
        vjps={
            "self": Vjp(
                lambda g, s: g * s.other,
                Formula("$grad · $other", r"$grad \cdot $other"),
                saves=("other",),
            ),
            "other": Vjp(
                lambda g, s: g * s.self,
                Formula("$grad · $self", r"$grad \cdot $self"),
                saves=("self",),
            ),
        },
        help="Multiplies pairs and adds them up.",
    )
)


def cross_shape(self: Shape, other: Shape, *, dim: int = -1) -> Shape:
    """Vectors of three numbers along ``dim``."""
    if len(self) != len(other):
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    axis = wrap_dim(dim, len(self))
    if self[axis] != 3 or other[axis] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {self[axis]} and "
            f"{other[axis]}"
        )
    return broadcast(self, other)


def cross(a: Any, b: Any, dim: int) -> Any:
    """The cross product along ``dim``."""
    a, b = np.broadcast_arrays(a, b)
    x, y = np.moveaxis(a, dim, 0), np.moveaxis(b, dim, 0)
    parts = [x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]]
    return np.moveaxis(np.stack(parts), 0, dim)


define(
    Op(
        name="linalg_cross",
        grad_fn="LinalgCrossBackward0",
        promotes="common",
        forward=lambda self, other, *, dim=-1: cross(self, other, dim),
        shape=cross_shape,
        formula=Formula("$self × $other", r"$self \times $other"),
        vjps={
            "self": Vjp(
                lambda g, s: cross(s.other, g, s.dim),
                Formula("$other × $grad", r"$other \times $grad"),
                saves=("other",),
            ),
            "other": Vjp(
                lambda g, s: cross(g, s.self, s.dim),
                Formula("$grad × $self", r"$grad \times $self"),
                saves=("self",),
            ),
        },
        help="The vector at right angles to two others.",
    )
)
