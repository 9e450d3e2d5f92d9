"""Inverses, determinants, systems of equations: what linear algebra makes of square matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Saved, Shape, Vjp, define
from backprop_tui.ops.rules import broadcast


class LinAlgError(RuntimeError):
    """A matrix has no inverse, or no such decomposition; the name is PyTorch's own."""


LinAlgError.__name__ = "_LinAlgError"


def turned(matrix: Any) -> Any:
    """The matrices transposed."""
    return np.swapaxes(matrix, -1, -2)


def square(name: str, shape: Shape) -> Shape:
    """``shape``, or PyTorch's error for what is no square matrix."""
    if len(shape) < 2:
        raise RuntimeError(f"{name}: The input tensor A must have at least 2 dimensions.")
    if shape[-1] != shape[-2]:
        raise RuntimeError(
            f"{name}: A must be batches of square matrices, but they are {shape[-2]} by "
            f"{shape[-1]} matrices"
        )
    return shape


def _inverse(A: Any) -> Any:
    try:
        return np.linalg.inv(A)
    except np.linalg.LinAlgError:
        raise singular("linalg.inv", A) from None


def singular(name: str, A: Any) -> LinAlgError:
    """PyTorch's error for a matrix that cannot be inverted."""
    batch = ""
    matrices = A.reshape(-1, *A.shape[-2:])
    ranks = [np.linalg.matrix_rank(one) for one in matrices]
    number = next((i for i, rank in enumerate(ranks) if rank < A.shape[-1]), 0)
    if A.ndim > 2:
        batch = f"(Batch element {number}): "
    if name == "linalg.inv":
        what = "The diagonal element {} is zero, the inversion could not be completed because the "
        what += "input matrix is singular."
    else:
        what = "The solver failed because the input matrix is singular."
    return LinAlgError(f"{name}: {batch}" + what.format(_first_zero(matrices[number])))


def _first_zero(matrix: Any) -> int:
    """The first pivot, counted from 1, that elimination finds to be 0."""
    rest = np.array(matrix, np.float64)
    for i in range(len(rest)):
        best = i + int(np.argmax(np.abs(rest[i:, i])))
        if rest[best, i] == 0:
            return i + 1
        rest[[i, best]] = rest[[best, i]]
        rest[i + 1 :] -= np.outer(rest[i + 1 :, i] / rest[i, i], rest[i])
    return len(rest)


define(
    Op(
        name="linalg_inv_ex",
        grad_fn="LinalgInvExBackward0",
        forward=lambda A: _inverse(A),
        shape=lambda A: square("linalg.inv", A),
        formula=Formula("$A⁻¹", r"{$A}^{-1}"),
        vjps={
            "A": Vjp(
                lambda g, s: -(turned(s.result) @ (g @ turned(s.result))),
                Formula(
                    "−$resultᵀ @ $grad @ $resultᵀ", r"-{$result}^\top \, $grad \, {$result}^\top"
                ),
                saves=("result",),
            )
        },
        help="The inverse of a matrix.",
    )
)


def _cofactors(A: Any) -> Any:
    """What the determinant gains with each element; defined for singular matrices too."""
    u, values, vh = np.linalg.svd(A)
    size = A.shape[-1]
    others = np.ones((*values.shape[:-1], size), A.dtype)
    for i in range(size):
        others[..., i] = np.delete(values, i, axis=-1).prod(axis=-1)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return sign[..., np.newaxis, np.newaxis] * ((u * others[..., np.newaxis, :]) @ vh)


def det_shape(A: Shape) -> Shape:
    """A number for each matrix."""
    return square("linalg.det", A)[:-2]


define(
    Op(
        name="_linalg_det",
        grad_fn="LinalgDetBackward0",
        forward=lambda A: np.asarray(np.linalg.det(A), A.dtype),
        shape=det_shape,
        formula=Formula("det($A)", r"\det $A"),
        vjps={
            "A": Vjp(
                lambda g, s: np.asarray(g)[..., np.newaxis, np.newaxis] * _cofactors(s.A),
                Formula("$grad · $result · $A⁻ᵀ", r"$grad \cdot $result \cdot {$A}^{-\top}"),
                saves=("A",),
            )
        },
        help="By how much a matrix stretches volumes.",
    )
)


def slogdet_shape(A: Shape) -> tuple[Shape, Shape]:
    """Two numbers for each matrix."""
    shape = square("linalg.slogdet", A)[:-2]
    return shape, shape


def _slogdet(A: Any) -> tuple[Any, Any]:
    sign, logarithm = np.linalg.slogdet(A)
    return np.asarray(sign, A.dtype), np.asarray(logarithm, A.dtype)


define(
    Op(
        name="_linalg_slogdet",
        grad_fn="LinalgSlogdetBackward0",
        outputs=2,
        forward=_slogdet,
        shape=slogdet_shape,
        formula=Formula("sign and log |det($A)|", r"\log \left|\det $A\right|"),
        vjps={
            "A": Vjp(
                lambda g, s: (
                    np.asarray(g[1])[..., np.newaxis, np.newaxis] * turned(np.linalg.inv(s.A))
                ),
                Formula("$grad · $A⁻ᵀ", r"$grad \cdot {$A}^{-\top}"),
                saves=("A",),
            )
        },
        help="The sign of the determinant, and the logarithm of its size.",
    )
)

# ---------------------------------------------------------------- systems of equations


def is_vector(A: Shape, B: Shape) -> bool:
    """Whether ``B`` is one right-hand side for each matrix."""
    return len(B) == 1 or (len(A) - 1 == len(B) and A[:-1] == B)


def _size(A: Shape, B: Shape) -> str:
    """The size of the right-hand side, a vector as one column."""
    return f"{B[-1]}x1" if is_vector(A, B) else f"{B[-2]}x{B[-1]}"


def solve_shape(A: Shape, B: Shape, *, left: bool = True) -> Shape:
    """The shape of the unknowns."""
    square("linalg.solve", A)
    if not left:
        raise NotImplementedError("linalg.solve with left=False is not offered here")
    if is_vector(A, B):
        rows = B[-1]
    else:
        rows = B[-2]
    if rows != A[-1]:
        raise RuntimeError(
            "linalg.solve: Incompatible shapes of A and B for the equation AX = B "
            f"({A[-2]}x{A[-1]} and {_size(A, B)})"
        )
    if is_vector(A, B):
        return (*broadcast(A[:-2], B[:-1]), B[-1])
    return (*broadcast(A[:-2], B[:-2]), *B[-2:])


def _solved(A: Any, B: Any) -> Any:
    vector = is_vector(A.shape, B.shape)
    try:
        found = np.linalg.solve(A, B[..., np.newaxis] if vector else B)
    except np.linalg.LinAlgError:
        raise singular("torch.linalg.solve", A) from None
    return found[..., 0] if vector else found


def _solve_left(g: Any, s: Saved) -> Any:
    back = _solved(turned(s.A), g)
    if is_vector(s.A.shape, s.B_shape):
        return -back[..., :, np.newaxis] * s.result[..., np.newaxis, :]
    return -back @ turned(s.result)


define(
    Op(
        name="_linalg_solve_ex",
        grad_fn="LinalgSolveExBackward0",
        forward=lambda A, B, *, left=True: _solved(A, B),
        shape=solve_shape,
        formula=Formula("$A⁻¹ @ $B", r"{$A}^{-1} $B"),
        vjps={
            "A": Vjp(
                _solve_left,
                Formula("−$A⁻ᵀ @ $grad ⊗ $result", r"-{$A}^{-\top} \, $grad \, {$result}^\top"),
                saves=("A", "B_shape", "result"),
            ),
            "B": Vjp(
                lambda g, s: _solved(turned(s.A), g),
                Formula("$A⁻ᵀ @ $grad", r"{$A}^{-\top} \, $grad"),
                saves=("A",),
            ),
        },
        help="The unknowns of a system of equations: the x of A x = b.",
    )
)


def triangular_shape(
    self: Shape, B: Shape, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Shape:
    """The shape of the unknowns."""
    square("linalg.solve_triangular", self)
    if not left:
        raise NotImplementedError("linalg.solve_triangular with left=False is not offered here")
    if len(B) < 2 or B[-2] != self[-1]:
        raise RuntimeError(
            "linalg.solve_triangular: Incompatible shapes of A and B for the equation AX = B "
            f"({self[-2]}x{self[-1]} and {'x'.join(map(str, B[-2:]))})"
        )
    return (*broadcast(self[:-2], B[:-2]), *B[-2:])


def _triangle(A: Any, upper: bool, unitriangular: bool) -> Any:
    part = np.triu(A) if upper else np.tril(A)
    if unitriangular:
        at = np.arange(A.shape[-1])
        part[..., at, at] = 1
    return part


def _triangular_left(g: Any, s: Saved) -> Any:
    back = np.linalg.solve(turned(_triangle(s.self, s.upper, s.unitriangular)), g)
    whole = -back @ turned(s.result)
    inner = 1 if s.unitriangular else 0
    return np.triu(whole, inner) if s.upper else np.tril(whole, -inner)


define(
    Op(
        name="linalg_solve_triangular",
        grad_fn="LinalgSolveTriangularBackward0",
        forward=lambda self, B, *, upper, left=True, unitriangular=False: np.linalg.solve(
            _triangle(self, upper, unitriangular), B
        ),
        shape=triangular_shape,
        formula=Formula("$self⁻¹ @ $B", r"{$self}^{-1} $B"),
        vjps={
            "self": Vjp(
                _triangular_left,
                Formula(
                    "the triangle of −$self⁻ᵀ @ $grad @ $resultᵀ",
                    r"-{$self}^{-\top} \, $grad \, {$result}^\top",
                ),
                saves=("self", "result"),
            ),
            "B": Vjp(
                lambda g, s: np.linalg.solve(
                    turned(_triangle(s.self, s.upper, s.unitriangular)), g
                ),
                Formula("$self⁻ᵀ @ $grad", r"{$self}^{-\top} \, $grad"),
                saves=("self",),
            ),
        },
        help="The unknowns of a system whose matrix is a triangle: one after the other.",
    )
)
