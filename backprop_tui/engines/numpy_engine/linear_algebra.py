"""``torch.linalg`` and the functions of ``torch`` that it grew out of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.combining import vdot
from backprop_tui.engines.numpy_engine.composites import diagonal as diagonal_of
from backprop_tui.engines.numpy_engine.inplace import apply_
from backprop_tui.engines.numpy_engine.pointwise import div, mul, need_tensor, where
from backprop_tui.engines.numpy_engine.products import matmul as matmul
from backprop_tui.engines.numpy_engine.reduce import amax, amin, return_type
from backprop_tui.engines.numpy_engine.reduce import sum as sum_
from backprop_tui.engines.numpy_engine.shaping import permute, squeeze, unsqueeze, view
from backprop_tui.engines.numpy_engine.tensor import Tensor
from backprop_tui.ops.rules import wrap_dim

__all__ = [
    "chain_matmul", "cholesky", "cond", "cross", "det", "diagonal", "eigh", "eigvalsh", "inv",
    "inverse", "logdet", "matmul", "matrix_norm", "matrix_power", "matrix_rank", "multi_dot",
    "norm", "pinv", "pinverse", "qr", "slogdet", "solve", "solve_triangular", "svd", "svdvals",
    "vecdot", "vector_norm",
]  # fmt: skip

SLOGDET = return_type("linalg_slogdet", "sign", "logabsdet")
EIGH = return_type("linalg_eigh", "eigenvalues", "eigenvectors")
SVD = return_type("linalg_svd", "U", "S", "Vh")
QR = return_type("linalg_qr", "Q", "R")


def _floating(name: str, *given: Any) -> None:
    for one in given:
        if need_tensor(one, f"linalg_{name}", "A").array.dtype.kind != "f":
            raise RuntimeError(
                f"linalg.{name}: Expected a floating point or complex tensor as input. Got "
                + one.dtype.legacy
            )


# ---------------------------------------------------------------- norms


def vector_norm(
    x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """The length of vectors."""
    _floating("vector_norm", x)
    if not isinstance(ord, int | float):
        raise TypeError(
            "linalg_vector_norm(): argument 'ord' (position 2) must be Number, not "
            + type(ord).__name__
        )
    x = x if dtype is None else x.to(dtype)
    dims = dim[0] if isinstance(dim, list | tuple) and len(dim) == 1 else dim
    dims = tuple(dims) if isinstance(dims, list | tuple) else dims
    return apply("linalg_vector_norm", x, ord=float(ord), dim=dims, keepdim=keepdim)


def matrix_norm(
    A: Any,
    ord: Any = "fro",
    dim: Any = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: Any = None,
) -> Any:
    """The size of matrices, by one of several measures."""
    _floating("matrix_norm", A)
    if A.ndim < 2:
        raise RuntimeError(
            "linalg.matrix_norm: The input tensor A must have at least 2 dimensions."
        )
    if len(dim) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {list(dim)}")
    A = A if dtype is None else A.to(dtype)
    rows, columns = (wrap_dim(d, A.ndim) for d in dim)
    if rows == columns:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    if ord == "fro":
        return vector_norm(A, 2, (rows, columns), keepdim)
    if ord == "nuc" or (not isinstance(ord, str) and abs(ord) == 2):
        return _of_singular_values(A, ord, rows, columns, keepdim)
    if isinstance(ord, str) or abs(ord) not in (1, math.inf):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    if abs(ord) == math.inf:
        rows, columns = columns, rows
    sums = vector_norm(A, 1.0, rows, keepdim)
    along = columns - 1 if columns > rows and not keepdim else columns
    return (amax if ord > 0 else amin)(sums, along, keepdim)


def _of_singular_values(A: Any, ord: Any, rows: int, columns: int, keepdim: bool) -> Any:
    order = [d for d in range(A.ndim) if d not in (rows, columns)] + [rows, columns]
    values = svdvals(permute(A, order))
    if ord == "nuc":
        found = sum_(values, (-1,), keepdim)
    else:
        found = (amax if ord > 0 else amin)(values, -1, keepdim)
    if not keepdim:
        return found
    return permute(unsqueeze(found, -1), [order.index(d) for d in range(A.ndim)])


def norm(
    A: Any,
    ord: Any = None,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
) -> Any:
    """The length of vectors, or the size of matrices."""
    _floating("norm", A)
    if isinstance(dim, int):
        dim = (dim,)
    if dim is not None and len(dim) not in (1, 2) and ord is not None:
        raise RuntimeError(
            f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(dim)}"
        )
    if ord is not None and dim is None and A.ndim not in (1, 2):
        raise RuntimeError(
            "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got "
            f"{A.ndim}D."
        )
    if ord is not None and (len(dim) == 2 if dim is not None else A.ndim == 2):
        return matrix_norm(A, ord, dim or (0, 1), keepdim, dtype=dtype)
    return vector_norm(A, 2 if ord is None else ord, dim, keepdim, dtype=dtype)


def cond(A: Any, p: Any = None) -> Any:
    """How much a matrix can magnify an error."""
    if p not in (None, 2, -2):
        return mul(matrix_norm(A, p), matrix_norm(inv(A), p))
    values = svdvals(A)
    last = values.shape[-1]
    first = apply("slice", values, dim=-1, start=0, end=1, step=1)
    least = apply("slice", values, dim=-1, start=last - 1, end=last, step=1)
    parts = (least, first) if p == -2 else (first, least)
    return squeeze(div(*parts), -1)


# ---------------------------------------------------------------- inverses and determinants


def inv(A: Any) -> Any:
    """The inverse of matrices."""
    _floating("inv", A)
    return apply("linalg_inv_ex", A)


def inverse(input: Any) -> Any:
    """The inverse of matrices."""
    return inv(input)


def det(A: Any) -> Any:
    """The determinant."""
    _floating("det", A)
    return apply("_linalg_det", A)


def slogdet(A: Any) -> Any:
    """The determinant's sign, and the logarithm of its size."""
    _floating("slogdet", A)
    return SLOGDET(*apply("_linalg_slogdet", A))


def logdet(input: Any) -> Any:
    """The logarithm of the determinant; NaN where it is negative."""
    sign, logarithm = slogdet(input)
    return where(
        apply("eq", sign, -1.0), Tensor(np.array(math.nan, logarithm.array.dtype)), logarithm
    )


def solve(A: Any, B: Any, *, left: bool = True) -> Any:
    """The unknowns of a system of equations."""
    _floating("solve", A, B)
    if A.array.dtype != B.array.dtype:
        raise RuntimeError(
            f"linalg.solve: Expected A and B to have the same dtype, but found A of type "
            f"{A.dtype.legacy} and B of type {B.dtype.legacy} instead"
        )
    return apply("_linalg_solve_ex", A, B, left=left)


def solve_triangular(
    A: Any,
    B: Any,
    *,
    upper: bool,
    left: bool = True,
    unitriangular: bool = False,
) -> Any:
    """The unknowns of a system whose matrix is a triangle."""
    _floating("solve_triangular", A, B)
    return apply(
        "linalg_solve_triangular", A, B, upper=upper, left=left, unitriangular=unitriangular
    )


def pinv(
    A: Any,
    *,
    atol: Any = None,
    rtol: Any = None,
    rcond: Any = None,
    hermitian: bool = False,
) -> Any:
    """The pseudo-inverse."""
    _floating("pinv", A)
    if any(one is not None for one in (atol, rtol, rcond)):
        raise NotImplementedError("pinv with a tolerance of its own is not offered: leave it out")
    return apply("linalg_pinv", A, hermitian=hermitian)


def pinverse(input: Any) -> Any:
    """The pseudo-inverse."""
    return pinv(input)


# ---------------------------------------------------------------- decompositions


def cholesky(A: Any, *, upper: bool = False) -> Any:
    """The triangle whose product with itself turned is the matrix."""
    _floating("cholesky", A)
    return apply("linalg_cholesky_ex", A, upper=upper)


def qr(A: Any, mode: str = "reduced") -> Any:
    """Columns at right angles, and the triangle that makes the matrix of them."""
    _floating("qr", A)
    return QR(*apply("linalg_qr", A, mode=mode))


def eigh(A: Any, UPLO: str = "L") -> Any:
    """Eigenvalues and eigenvectors of symmetric matrices."""
    _floating("eigh", A)
    return EIGH(*apply("_linalg_eigh", A, UPLO=UPLO))


def eigvalsh(A: Any, UPLO: str = "L") -> Any:
    """Eigenvalues of symmetric matrices, from small to large."""
    return eigh(A, UPLO).eigenvalues


def svd(A: Any, full_matrices: bool = True) -> Any:
    """The directions that a matrix stretches, and by how much."""
    _floating("svd", A)
    return SVD(*apply("_linalg_svd", A, full_matrices=full_matrices, compute_uv=True))


def svdvals(A: Any) -> Any:
    """By how much a matrix stretches, from most to least."""
    _floating("svdvals", A)
    return apply("_linalg_svd", A, full_matrices=False, compute_uv=True)[1]


def matrix_rank(
    A: Any,
    *,
    atol: Any = None,
    rtol: Any = None,
    tol: Any = None,
    hermitian: bool = False,
) -> Any:
    """How many of a matrix's directions are its own."""
    _floating("matrix_rank", A)
    atol, rtol, tol = (x.array if isinstance(x, Tensor) else x for x in (atol, rtol, tol))
    values = np.linalg.svd(A.array, compute_uv=False)
    if not values.shape[-1]:
        return Tensor(np.zeros(values.shape[:-1], np.int64))
    share = max(A.shape[-2:]) * np.finfo(A.array.dtype).eps if rtol is None else rtol
    least = np.asarray(tol if atol is None else atol) if atol is not None or tol is not None else 0
    if rtol is None:
        share = np.where(np.asarray(least) > 0, 0.0, share)
    bound = np.maximum(least, values.max(axis=-1) * share)
    return Tensor(np.asarray((values > np.asarray(bound)[..., np.newaxis]).sum(axis=-1)))


# ---------------------------------------------------------------- products


def cross(input: Any, other: Any, *, dim: int = -1) -> Any:
    """The vector at right angles to two others."""
    need_tensor(input, "linalg_cross")
    return apply("linalg_cross", input, need_tensor(other, "linalg_cross", "other", 2), dim=dim)


def vecdot(x: Any, y: Any, *, dim: int = -1) -> Any:
    """Scalar products along a dimension."""
    if need_tensor(x, "linalg_vecdot").ndim == 1 and need_tensor(y, "linalg_vecdot").ndim == 1:
        return vdot(x, y)
    return sum_(mul(x, y), (dim,))


def diagonal(A: Any, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """The diagonal of matrices."""
    return diagonal_of(A, offset, dim1, dim2)


def matrix_power(A: Any, n: int) -> Any:
    """A matrix multiplied with itself n times, by doubling."""
    if need_tensor(A, "linalg_matrix_power", "A").ndim < 2 or A.shape[-1] != A.shape[-2]:
        raise RuntimeError("linalg.matrix_power: A must be batches of square matrices")
    if n == 0:
        one = Tensor(np.broadcast_to(np.eye(A.shape[-1], dtype=A.array.dtype), A.shape).copy())
        return apply_("copy", apply("clone", A), one)
    if n == 1:
        return apply("clone", A)
    if n < 0:
        A = inv(A)
        n = -n
        if n == 1:
            return A
    if n == 2:
        return matmul(A, A)
    if n == 3:
        return matmul(matmul(A, A), A)
    power, result = None, None
    while n:
        power = A if power is None else matmul(power, power)
        n, odd = divmod(n, 2)
        if odd:
            result = power if result is None else matmul(result, power)
    return result


def multi_dot(tensors: Sequence[Any]) -> Any:
    """A chain of products, in the order that takes the least work."""
    found = list(tensors)
    if len(found) < 2:
        raise RuntimeError("multi_dot(): expected at least 2 tensors but got " + str(len(found)))
    size: list[int] = []
    if found[0].ndim == 1:
        found[0] = unsqueeze(found[0], 0)
    else:
        size.append(found[0].shape[0])
    if found[-1].ndim == 1:
        found[-1] = unsqueeze(found[-1], -1)
    else:
        size.append(found[-1].shape[1])
    for i, one in enumerate(found):
        if one.ndim != 2:
            raise RuntimeError(f"multi_dot(): tensor {i} must be 2D but got {one.ndim}D")
    for i, (one, after) in enumerate(pairwise(found)):
        if one.shape[1] != after.shape[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {i} and {i + 1} with shapes {list(one.shape)} and "
                f"{list(after.shape)} cannot be multiplied"
            )
    return view(_in_order(found, _order([*(m.shape[0] for m in found), found[-1].shape[1]])), size)


def chain_matmul(*matrices: Any) -> Any:
    """The same as ``multi_dot``, of matrices given one by one."""
    return matrices[0] if len(matrices) == 1 else multi_dot(matrices)


def _order(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where to cut each stretch of the chain for the least work."""
    count = len(sizes) - 1
    cost = {(i, i): 0 for i in range(count)}
    cut: dict[tuple[int, int], int] = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            work = {
                k: cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1]
                for k in range(i, j)
            }
            cut[i, j] = min(work, key=lambda k: work[k])
            cost[i, j] = work[cut[i, j]]
    return cut


def _in_order(chain: list[Any], cut: dict[tuple[int, int], int]) -> Any:
    def product(i: int, j: int) -> Any:
        if i == j:
            return chain[i]
        left = product(i, cut[i, j])
        return matmul(left, product(cut[i, j] + 1, j))

    return product(0, len(chain) - 1)
