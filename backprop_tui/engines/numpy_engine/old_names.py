"""Functions of ``torch`` whose namesakes in ``torch.linalg`` answer in another form."""

from __future__ import annotations

from typing import Any

from backprop_tui.engines.numpy_engine import linear_algebra
from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.pointwise import need_tensor
from backprop_tui.engines.numpy_engine.reduce import return_type
from backprop_tui.engines.numpy_engine.shaping import transpose

__all__ = ["slogdet", "svd"]

SLOGDET = return_type("slogdet", "sign", "logabsdet")
SVD = return_type("svd", "U", "S", "V")


def slogdet(input: Any) -> Any:
    """The determinant's sign, and the logarithm of its size."""
    return SLOGDET(*linear_algebra.slogdet(input))


def svd(input: Any, some: bool = True, compute_uv: bool = True) -> Any:
    """The directions that a matrix stretches, the right ones as columns, and by how much."""
    if not compute_uv:
        raise NotImplementedError(
            "svd without its vectors is not offered: use torch.linalg.svdvals"
        )
    need_tensor(input, "svd")
    left, values, right = apply("_linalg_svd", input, full_matrices=not some, compute_uv=True)
    return SVD(left, values, transpose(right, -2, -1))
