"""Products of vectors and matrices."""

from __future__ import annotations

import numpy as np

from backprop_tui.ops.base import Formula, Op, Shape, Vjp, define
from backprop_tui.ops.rules import expand


def mm_shape(mat1: Shape, mat2: Shape) -> Shape:
    """(n, m) by (m, p) is (n, p)."""
    if len(mat1) != 2:
        raise RuntimeError("self must be a matrix")
    if len(mat2) != 2:
        raise RuntimeError("mat2 must be a matrix")
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


def mv_shape(self: Shape, vec: Shape) -> Shape:
    """(n, m) by (m,) is (n,)."""
    if len(self) != 2 or len(vec) != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got 1, {len(self)}, {len(vec)}")
    if self[1] != vec[0]:
        raise RuntimeError(
            f"size mismatch, got input ({self[0]}), mat ({self[0]}x{self[1]}), vec ({vec[0]})"
        )
    return self[:1]


def dot_shape(self: Shape, tensor: Shape) -> Shape:
    """Two vectors of one length give a number."""
    if len(self) != 1 or len(tensor) != 1:
        raise RuntimeError(f"1D tensors expected, but got {len(self)}D and {len(tensor)}D tensors")
    if self != tensor:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{self[0]}] and src [{tensor[0]}] to have "
            f"the same number of elements, but got {self[0]} and {tensor[0]} elements respectively"
        )
    return ()


def bmm_shape(self: Shape, mat2: Shape) -> Shape:
    """(b, n, m) by (b, m, p) is (b, n, p)."""
    if len(self) != 3:
        raise RuntimeError("batch1 must be a 3D tensor")
    if len(mat2) != 3:
        raise RuntimeError("batch2 must be a 3D tensor")
    if self[0] != mat2[0] or self[2] != mat2[1]:
        wanted = f"[{self[0]}, {self[2]}]"
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: {wanted} but got: "
            f"[{mat2[0]}, {mat2[1]}]."
        )
    return (self[0], self[1], mat2[2])


define(
    Op(
        name="mm",
        grad_fn="MmBackward0",
        forward=lambda self, mat2: self @ mat2,
        shape=mm_shape,
        formula=Formula("$self @ $mat2", r"$self \, $mat2"),
        vjps={
            "self": Vjp(
                lambda g, s: g @ s.mat2.T,
                Formula("$grad @ $mat2ᵀ", r"$grad \, {$mat2}^\top"),
                saves=("mat2",),
            ),
            "mat2": Vjp(
                lambda g, s: s.self.T @ g,
                Formula("$selfᵀ @ $grad", r"{$self}^\top \, $grad"),
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
                Formula("$mat1ᵀ @ $grad", r"{$mat1}^\top \, $grad"),
                saves=("mat1",),
            ),
        },
        help="A matrix product plus a bias: what nn.Linear computes.",
    )
)
define(
    Op(
        name="addmm.alpha",
        grad_fn="AddmmBackward0",
        forward=lambda self, mat1, mat2, *, beta=1, alpha=1: beta * self + alpha * (mat1 @ mat2),
        shape=lambda self, mat1, mat2, **factors: addmm_shape(self, mat1, mat2),
        formula=Formula(
            "$beta · $self + $alpha · $mat1 @ $mat2",
            r"$beta \cdot $self + $alpha \cdot $mat1 \, $mat2",
        ),
        vjps={
            "self": Vjp(lambda g, s: g * s.beta, Formula("$grad · $beta", r"$grad \cdot $beta")),
            "mat1": Vjp(
                lambda g, s: (g @ s.mat2.T) * s.alpha,
                Formula("$grad @ $mat2ᵀ · $alpha", r"$grad \, {$mat2}^\top \cdot $alpha"),
                saves=("mat2",),
            ),
            "mat2": Vjp(
                lambda g, s: (s.mat1.T @ g) * s.alpha,
                Formula("$mat1ᵀ @ $grad · $alpha", r"{$mat1}^\top \, $grad \cdot $alpha"),
                saves=("mat1",),
            ),
        },
        help="A matrix product and a matrix, each with a factor.",
    )
)
define(
    Op(
        name="mv",
        grad_fn="MvBackward0",
        forward=lambda self, vec: self @ vec,
        shape=mv_shape,
        formula=Formula("$self @ $vec", r"$self \, $vec"),
        vjps={
            "self": Vjp(
                lambda g, s: g[:, np.newaxis] * s.vec,
                Formula("$grad ⊗ $vec", r"$grad \, {$vec}^\top"),
                saves=("vec",),
            ),
            "vec": Vjp(
                lambda g, s: s.self.T @ g,
                Formula("$selfᵀ @ $grad", r"{$self}^\top \, $grad"),
                saves=("self",),
            ),
        },
        help="A matrix times a vector.",
    )
)
define(
    Op(
        name="dot",
        grad_fn="DotBackward0",
        forward=lambda self, tensor: self @ tensor,
        shape=dot_shape,
        formula=Formula("$self @ $tensor", r"{$self}^\top $tensor"),
        vjps={
            "self": Vjp(
                lambda g, s: g * s.tensor,
                Formula("$grad · $tensor", r"$grad \cdot $tensor"),
                saves=("tensor",),
            ),
            "tensor": Vjp(
                lambda g, s: g * s.self,
                Formula("$grad · $self", r"$grad \cdot $self"),
                saves=("self",),
            ),
        },
        help="Multiplies pairs and adds them up.",
    )
)
define(
    Op(
        name="bmm",
        grad_fn="BmmBackward0",
        forward=lambda self, mat2: self @ mat2,
        shape=bmm_shape,
        formula=Formula("$self @ $mat2", r"$self \, $mat2"),
        vjps={
            "self": Vjp(
                lambda g, s: g @ np.swapaxes(s.mat2, 1, 2),
                Formula("$grad @ $mat2ᵀ", r"$grad \, {$mat2}^\top"),
                saves=("mat2",),
            ),
            "mat2": Vjp(
                lambda g, s: np.swapaxes(s.self, 1, 2) @ g,
                Formula("$selfᵀ @ $grad", r"{$self}^\top \, $grad"),
                saves=("self",),
            ),
        },
        help="One matrix product for each pair of a batch.",
    )
)
