"""What ``torch`` is asked of tensors and dtypes, and how samples vary together."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine import state
from backprop_tui.engines.numpy_engine.apply import apply, tell
from backprop_tui.engines.numpy_engine.dtypes import dtype as DType
from backprop_tui.engines.numpy_engine.dtypes import promote
from backprop_tui.engines.numpy_engine.graph import plan_of
from backprop_tui.engines.numpy_engine.layer_functions import cosine_similarity
from backprop_tui.engines.numpy_engine.margin_losses import pairwise_distance
from backprop_tui.engines.numpy_engine.pointwise import clamp, div, need_tensor, sqrt, sub
from backprop_tui.engines.numpy_engine.products import mm
from backprop_tui.engines.numpy_engine.reduce import sum as sum_
from backprop_tui.engines.numpy_engine.shaping import squeeze, t, unsqueeze, view
from backprop_tui.engines.numpy_engine.tensor import Tensor

__all__ = [
    "corrcoef", "cosine_similarity", "cov", "is_complex", "is_nonzero",
    "is_same_size", "is_signed", "pairwise_distance", "promote_types", "unravel_index",
]  # fmt: skip


def is_complex(input: Any) -> bool:
    """False: there are no complex numbers here."""
    return bool(need_tensor(input, "is_complex").is_complex())


def is_signed(input: Any) -> bool:
    """Whether its numbers can be negative."""
    return bool(need_tensor(input, "is_signed").is_signed())


def is_nonzero(input: Any) -> bool:
    """Whether its one element is not 0."""
    return bool(need_tensor(input, "is_nonzero").is_nonzero())


def is_same_size(input: Any, other: Any) -> bool:
    """Whether the shapes are the same."""
    return bool(need_tensor(input, "is_same_size").is_same_size(other))


def promote_types(type1: DType, type2: DType) -> DType:
    """The dtype that two have in common."""
    return promote([type1, type2], [], [], state.now().default_dtype)


def unravel_index(indices: Any, shape: Any) -> tuple[Any, ...]:
    """Numbers in the order of memory as places, a tensor for each dimension."""
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    found = np.unravel_index(need_tensor(indices, "unravel_index").array, sizes)
    return tuple(Tensor(np.asarray(one)) for one in found)


def cov(input: Any, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Any:
    """How the rows vary together: a variance for each, a covariance for each pair."""
    if fweights is not None or aweights is not None:
        raise NotImplementedError("cov with weights is not offered: multiply the observations")
    if need_tensor(input, "cov").ndim > 2:
        raise RuntimeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with "
            f"{input.ndim} dimensions"
        )
    if input.array.dtype.kind == "b":
        raise RuntimeError("cov(): bool dtype is not supported for input")
    rows = view(input, (1, -1)) if input.ndim < 2 else input
    count = rows.shape[1]
    mean = div(sum_(rows, 1), count)
    freedom = count - correction
    tell(plan_of("le"), (freedom, 0), {}, [Tensor(np.asarray(freedom <= 0))], None)
    apart = sub(rows, unsqueeze(mean, 1))
    return squeeze(div(mm(apart, t(apart)), max(freedom, 0)))


def corrcoef(input: Any) -> Any:
    """The covariances divided by both deviations: from −1 to 1."""
    if need_tensor(input, "corrcoef").ndim > 2:
        raise RuntimeError(
            f"corrcoef(): expected input to have two or fewer dimensions but got an input with "
            f"{input.ndim} dimensions"
        )
    found = cov(input)
    if not found.ndim:
        return div(found, found)
    deviation = sqrt(apply("diagonal", found, offset=0, dim1=0, dim2=1))
    found = div(found, view(deviation, (-1, 1)))
    return clamp(div(found, view(deviation, (1, -1))), -1, 1)
