"""Matrices taken apart: Cholesky, QR, eigenvectors, singular values, the pseudo-inverse."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Saved, Shape, Vjp, define
from backprop_tui.ops.matrices import LinAlgError, square, turned


def _halved(matrix: Any) -> Any:
    """The lower triangle, its diagonal halved."""
    at = np.arange(matrix.shape[-1])
    part = np.tril(matrix)
    part[..., at, at] = part[..., at, at] / 2
    return part


def _cholesky(self: Any, upper: bool) -> Any:
    try:
        lower = np.linalg.cholesky(self)
    except np.linalg.LinAlgError:
        raise LinAlgError(
            "linalg.cholesky: The factorization could not be completed because the input is not "
            f"positive-definite (the leading minor of order {_first_minor(self)} is not "
            "positive-definite)."
        ) from None
    return turned(lower).copy() if upper else lower


def _first_minor(matrix: Any) -> int:
    """The order of the first leading minor that is not positive-definite."""
    matrix = matrix.reshape(-1, *matrix.shape[-2:])[0]
    for order in range(1, len(matrix) + 1):
        try:
            np.linalg.cholesky(matrix[:order, :order])
        except np.linalg.LinAlgError:
            return order
    return len(matrix)


def _cholesky_vjp(g: Any, s: Saved) -> Any:
    lower, grad = (turned(s.result), turned(g)) if s.upper else (s.result, g)
    middle = _halved(turned(lower) @ grad)
    middle = middle + turned(middle)
    inverse = np.linalg.inv(lower)
    return turned(inverse) @ middle @ inverse / 2


define(
    Op(
        name="linalg_cholesky_ex",
        grad_fn="LinalgCholeskyExBackward0",
        forward=lambda self, *, upper=False: _cholesky(self, upper),
        shape=lambda self, *, upper=False: square("linalg.cholesky", self),
        formula=Formula("L with L @ Lᵀ = $self", r"L: L L^\top = $self"),
        vjps={
            "self": Vjp(
                _cholesky_vjp,
                Formula(
                    "½ · L⁻ᵀ @ sym(Lᵀ @ $grad) @ L⁻¹",
                    r"\tfrac{1}{2} L^{-\top} \operatorname{sym}(L^\top $grad) \, L^{-1}",
                ),
                saves=("result",),
            )
        },
        help="The triangle whose product with itself turned is the matrix.",
    )
)


def qr_shape(A: Shape, *, mode: str = "reduced") -> tuple[Shape, Shape]:
    """Orthogonal columns, and a triangle."""
    if len(A) < 2:
        raise RuntimeError("linalg.qr: The input tensor A must have at least 2 dimensions.")
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), "
            "'r', or 'complete'"
        )
    *batch, rows, columns = A
    inner = rows if mode == "complete" else min(rows, columns)
    first = (0,) if mode == "r" else (*batch, rows, inner)
    return first, (*batch, inner, columns)


def _qr(A: Any, *, mode: str = "reduced") -> tuple[Any, Any]:
    if mode == "r":
        return np.zeros(0, A.dtype), np.linalg.qr(A, "r")
    q, r = np.linalg.qr(A, "complete" if mode == "complete" else "reduced")
    return q, r


def _qr_vjp(g: Any, s: Saved) -> Any:
    q, r = s.result
    rows, columns = s.A_shape[-2:]
    if s.mode == "r":
        raise RuntimeError(
            "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. "
            "Please use linalg.qr(A, mode='reduced') if you are going to require gradients"
        )
    if s.mode == "complete" and rows > columns:
        raise RuntimeError(
            "The QR decomposition is not differentiable when mode='complete' and nrows > ncols"
        )
    if rows >= columns:
        inner = np.triu(g[1] @ turned(r) - turned(q) @ g[0])
        return _right_by(g[0] + q @ _symmetric(inner), r)
    # A wide matrix: its square part is taken apart, the rest of R follows from Q.
    inner = turned(q) @ g[0] - g[1] @ turned(r)
    pivots = _right_by(np.tril(inner - turned(inner), -1), r[..., :rows])
    rest = np.zeros((*pivots.shape[:-1], columns - rows), pivots.dtype)
    return q @ (g[1] + np.concatenate([pivots, rest], axis=-1))


def _right_by(x: Any, triangle: Any) -> Any:
    """x @ triangle⁻ᵀ."""
    return turned(np.linalg.solve(triangle, turned(x)))


def _symmetric(upper: Any) -> Any:
    at = np.arange(upper.shape[-1])
    whole = upper + turned(upper)
    whole[..., at, at] = upper[..., at, at]
    return whole


define(
    Op(
        name="linalg_qr",
        grad_fn="LinalgQrBackward0",
        outputs=2,
        forward=_qr,
        shape=qr_shape,
        formula=Formula("Q, R with Q @ R = $A", r"Q, R: Q R = $A"),
        vjps={
            "A": Vjp(
                _qr_vjp,
                Formula("$grad through Q and R", r"(\bar Q + Q \operatorname{sym}(M)) R^{-\top}"),
                saves=("A_shape", "result"),
            )
        },
        help="Columns at right angles, and the triangle that makes the matrix of them.",
    )
)


def eigh_shape(A: Shape, *, UPLO: str = "L") -> tuple[Shape, Shape]:
    """Values, and a vector for each."""
    square("linalg.eigh", A)
    return A[:-1], A


def _eigh(A: Any, *, UPLO: str = "L") -> tuple[Any, Any]:
    lower: Any = UPLO
    values, vectors = np.linalg.eigh(A, lower)
    return values, vectors


def _eigh_vjp(g: Any, s: Saved) -> Any:
    values, vectors = s.result
    at = np.arange(values.shape[-1])
    middle = turned(vectors) @ g[1]
    apart = values[..., np.newaxis, :] - values[..., :, np.newaxis]
    apart[..., at, at] = 1
    middle = middle / apart if np.any(g[1]) else middle * 0
    middle[..., at, at] = g[0]
    return vectors @ middle @ turned(vectors)


define(
    Op(
        name="_linalg_eigh",
        grad_fn="LinalgEighBackward0",
        outputs=2,
        forward=_eigh,
        shape=eigh_shape,
        formula=Formula("λ, V with $A = V @ diag(λ) @ Vᵀ", r"$A = V \Lambda V^\top"),
        vjps={
            "A": Vjp(
                _eigh_vjp,
                Formula(
                    "V @ (diag(λ̄) + Vᵀ @ V̄ / (λⱼ − λᵢ)) @ Vᵀ",
                    r"V \left(\bar\Lambda + \frac{V^\top \bar V}{\lambda_j - \lambda_i}\right)"
                    r" V^\top",
                ),
                saves=("result",),
            )
        },
        help="The eigenvalues of a symmetric matrix, from small to large, and their vectors.",
    )
)


def svd_shape(
    A: Shape, *, full_matrices: bool = False, compute_uv: bool = True
) -> tuple[Shape, Shape, Shape]:
    """Two matrices of orthogonal vectors, and the values between them."""
    if len(A) < 2:
        raise RuntimeError("linalg.svd: The input tensor A must have at least 2 dimensions.")
    *batch, rows, columns = A
    few = min(rows, columns)
    if not compute_uv:
        return (0,), (*batch, few), (0,)
    left, right = (rows, columns) if full_matrices else (few, few)
    return (*batch, rows, left), (*batch, few), (*batch, right, columns)


def _svd(A: Any, *, full_matrices: bool = False, compute_uv: bool = True) -> tuple[Any, Any, Any]:
    if not compute_uv:
        none = np.zeros(0, A.dtype)
        return none, np.linalg.svd(A, compute_uv=False), none
    u, values, vh = np.linalg.svd(A, full_matrices=full_matrices)
    return u, values, vh


def _svd_vjp(g: Any, s: Saved) -> Any:
    u, values, vh = s.result
    few = values.shape[-1]
    u, vh = u[..., :few], vh[..., :few, :]
    if not (np.any(g[0]) or np.any(g[2])):
        return (u * g[1][..., np.newaxis, :]) @ vh
    gu, gvh = g[0][..., :few], g[2][..., :few, :]
    v = turned(vh)
    skew_u, skew_v = (_skew(turned(a) @ b) for a, b in ((u, gu), (v, turned(gvh))))
    row, column = values[..., np.newaxis, :], values[..., :, np.newaxis]
    apart = row * row - column * column
    at = np.arange(few)
    apart[..., at, at] = 1
    middle = skew_u / apart * row + column * (skew_v / apart)
    middle[..., at, at] = g[1]
    rows, columns = s.A_shape[-2:]
    result = u @ middle @ vh
    if rows > few:
        result = result + ((gu - u @ (turned(u) @ gu)) / row) @ vh
    if columns > few:
        result = result + (u / row) @ (gvh - (gvh @ v) @ vh)
    return result


def _skew(matrix: Any) -> Any:
    return matrix - turned(matrix)


define(
    Op(
        name="_linalg_svd",
        grad_fn="LinalgSvdBackward0",
        outputs=3,
        forward=_svd,
        shape=svd_shape,
        formula=Formula("U, S, Vᵀ with $A = U @ diag(S) @ Vᵀ", r"$A = U \Sigma V^\top"),
        vjps={
            "A": Vjp(
                _svd_vjp,
                Formula(
                    "U @ (diag(S̄) + (skew(UᵀŪ) · S + S · skew(VᵀV̄)) / (sⱼ² − sᵢ²)) @ Vᵀ",
                    r"U \left(\bar\Sigma + \frac{\operatorname{skew}(U^\top \bar U) \Sigma + "
                    r"\Sigma \operatorname{skew}(V^\top \bar V)}{\sigma_j^2 - \sigma_i^2}\right)"
                    r" V^\top",
                ),
                saves=("A_shape", "result"),
            )
        },
        help="The directions that a matrix stretches, and by how much.",
    )
)


def pinv_shape(self: Shape, *, hermitian: bool = False) -> Shape:
    """Rows and columns exchanged."""
    if len(self) < 2:
        raise RuntimeError("linalg.pinv: The input tensor A must have at least 2 dimensions.")
    return (*self[:-2], self[-1], self[-2])


def _pinv(self: Any, hermitian: bool) -> Any:
    if not self.size:
        return np.zeros(pinv_shape(self.shape), self.dtype)
    few = max(self.shape[-2:]) * np.finfo(self.dtype).eps
    return np.linalg.pinv(self, few, hermitian)


def _pinv_vjp(g: Any, s: Saved) -> Any:
    pinv, matrix = s.result, s.self
    back, grad = turned(pinv), turned(g)
    rows, columns = matrix.shape[-2:]
    if rows <= columns:
        k = grad @ pinv
        kp = k @ back
        return -turned(pinv @ k) + kp - (matrix @ pinv) @ kp + (back @ pinv) @ (grad - k @ matrix)
    k = pinv @ grad
    pk = back @ k
    return -turned(k @ pinv) + (grad - matrix @ k) @ pinv @ back + pk - (pk @ pinv) @ matrix


define(
    Op(
        name="linalg_pinv",
        grad_fn="LinalgPinvBackward0",
        forward=lambda self, *, hermitian=False: _pinv(self, hermitian),
        shape=pinv_shape,
        formula=Formula("$self⁺", r"{$self}^{+}"),
        vjps={
            "self": Vjp(
                _pinv_vjp,
                Formula(
                    "−($self⁺ @ $grad @ $self⁺)ᵀ + …",
                    r"-({$self}^{+} $grad {$self}^{+})^\top + \dots",
                ),
                saves=("self", "result"),
            )
        },
        help="The nearest to an inverse that any matrix has: it solves in the least squares.",
    )
)
