"""Shape rules: what comes out of which shapes, and PyTorch's words when they do not fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backprop_tui.ops.base import Shape

Dim = int | Sequence[int] | None


def same(shape: Shape, *others: Any, **attrs: Any) -> Shape:
    """The result has the shape of the first input."""
    return shape


def scalar(*shapes: Any, **attrs: Any) -> Shape:
    """The result is a 0-dim tensor."""
    return ()


def broadcast(*shapes: Shape, **attrs: Any) -> Shape:
    """The shapes aligned at the right, a 1 stretched to fit its partner."""
    result = shapes[0]
    for shape in shapes[1:]:
        if shape != result and shape != ():
            result = _broadcast_two(result, shape)
    return result


def _broadcast_two(a: Shape, b: Shape) -> Shape:
    ndim = max(len(a), len(b))
    left, right = (1,) * (ndim - len(a)) + a, (1,) * (ndim - len(b)) + b
    for i in reversed(range(ndim)):
        if left[i] != right[i] and left[i] != 1 and right[i] != 1:
            raise RuntimeError(
                f"The size of tensor a ({left[i]}) must match the size of tensor b ({right[i]}) "
                f"at non-singleton dimension {i}"
            )
    return tuple(n if m == 1 else m for n, m in zip(left, right, strict=True))


def wrap_dim(dim: int, ndim: int) -> int:
    """``dim`` counted from the front; raises PyTorch's IndexError when out of range."""
    bound = max(ndim, 1)
    if not -bound <= dim < bound:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], "
            f"but got {dim})"
        )
    return dim % bound


def dim_shape(self: Shape, *, dim: int, **attrs: Any) -> Shape:
    """The input's shape; ``dim`` must exist."""
    wrap_dim(dim, len(self))
    return self


def reduced_axes(dim: Dim, ndim: int) -> tuple[int, ...]:
    """The axes that a reduction over ``dim`` (None or (): all) takes away."""
    if dim is None or dim == ():
        return tuple(range(ndim))
    dims = (dim,) if isinstance(dim, int) else tuple(dim)
    axes = tuple(wrap_dim(d, ndim) for d in dims)
    if len(set(axes)) != len(axes):
        twice = next(a for a in axes if axes.count(a) > 1)
        raise RuntimeError(f"dim {twice} appears multiple times in the list of dims")
    return axes if ndim else ()


def reduce(shape: Shape, *, dim: Dim = None, keepdim: bool = False, **attrs: Any) -> Shape:
    """The axes in ``dim`` become 1 (keepdim) or disappear."""
    axes = reduced_axes(dim, len(shape))
    if keepdim:
        return tuple(1 if i in axes else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in axes)


def expand(shape: Shape, *, size: Shape, **attrs: Any) -> Shape:
    """``size`` with every -1 taken from ``shape``."""
    lead = len(size) - len(shape)
    if lead < 0:
        raise RuntimeError(
            f"expand({list(shape)}, size={list(size)}): the number of sizes provided "
            f"({len(size)}) must be greater or equal to the number of dimensions in the tensor "
            f"({len(shape)})"
        )
    result = []
    for i, n in enumerate(size):
        own = shape[i - lead] if i >= lead else 1
        if n == -1 and i < lead:
            raise RuntimeError(
                f"The expanded size of the tensor (-1) isn't allowed in a leading, "
                f"non-existing dimension {i}"
            )
        if n not in (-1, own) and own != 1:
            raise RuntimeError(
                f"The expanded size of the tensor ({n}) must match the existing size ({own}) at "
                f"non-singleton dimension {i}.  Target sizes: {list(size)}.  "
                f"Tensor sizes: {list(shape)}"
            )
        result.append(own if n == -1 else n)
    return tuple(result)
