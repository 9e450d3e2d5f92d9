"""``torch.*`` functions that look at the same numbers in another shape, join and take apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine import tensor as tensors
from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.pointwise import need_tensor
from backprop_tui.engines.numpy_engine.words import numpys_words
from backprop_tui.ops.rules import wrap_dim
from backprop_tui.ops.shape import view_shape

__all__ = [
    "broadcast_tensors", "broadcast_to", "cat", "chunk", "clone", "concat", "concatenate",
    "detach", "flatten", "flip", "hstack", "movedim", "permute", "ravel", "reshape", "split",
    "squeeze", "stack", "swapaxes", "swapdims", "t", "tile", "transpose", "unbind", "unflatten",
    "unsqueeze", "vstack",
]  # fmt: skip


def sizes(given: Any) -> tuple[int, ...]:
    """Sizes as plain ints, given one by one or as one sequence."""
    if len(given) == 1 and isinstance(given[0], list | tuple):
        given = given[0]
    return tuple(int(n.item() if isinstance(n, tensors.Tensor) else n) for n in given)


def t(input: Any) -> Any:
    """The transposed matrix."""
    return apply("t", need_tensor(input, "t"))


def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """Two dimensions exchanged."""
    return apply("transpose", need_tensor(input, "transpose"), dim0=dim0, dim1=dim1)


swapaxes = swapdims = transpose


def permute(input: Any, dims: Any) -> Any:
    """All dimensions in another order."""
    return apply("permute", need_tensor(input, "permute"), dims=tuple(dims))


def movedim(input: Any, source: Any, destination: Any) -> Any:
    """Some dimensions moved, the others in order."""
    ndim = input.ndim
    sources, targets = (
        [wrap_dim(d, ndim) for d in ((given,) if isinstance(given, int) else given)]
        for given in (source, destination)
    )
    if len(sources) != len(targets):
        raise RuntimeError(
            "movedim: Invalid source or destination dims: source ("
            f"{sources} dims) should contain the same number of dims as destination ({targets} "
            "dims)"
        )
    for name, dims in (("source", sources), ("destination", targets)):
        if len(set(dims)) != len(dims):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({dims})")
    placed = dict(zip(targets, sources, strict=True))
    others = iter(d for d in range(ndim) if d not in sources)
    return permute(input, [placed[d] if d in placed else next(others) for d in range(ndim)])


def _shares(array: Any, shape: tuple[int, ...]) -> bool:
    """Whether ``shape`` can be had without copying."""
    return bool(not array.size or np.may_share_memory(array, array.reshape(shape)))


def view(input: Any, size: Any) -> Any:
    """Another shape of the same memory."""
    size = tuple(size)
    shape = view_shape(input.array.shape, size=size)
    if not _shares(input.array, shape):
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one "
            "dimension spans across two contiguous subspaces). Use .reshape(...) instead."
        )
    return apply("view", input, size=shape)


def reshape(input: Any, shape: Any) -> Any:
    """Another shape; a view where possible, else a copy."""
    need_tensor(input, "reshape")
    wanted = view_shape(
        input.array.shape, size=sizes((shape,) if isinstance(shape, int) else shape)
    )
    if input.is_contiguous():
        return apply("view", input, size=wanted)
    if _shares(input.array, wanted):
        return apply("_reshape_alias", input, size=wanted)
    return apply("_unsafe_view", apply("clone", input), size=wanted)


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """Several dimensions made one."""
    need_tensor(input, "flatten")
    if not input.ndim:
        return reshape(input, (1,))
    start, end = wrap_dim(start_dim, input.ndim), wrap_dim(end_dim, input.ndim)
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if start == end:
        return input
    shape = input.array.shape
    return reshape(input, (*shape[:start], int(np.prod(shape[start : end + 1])), *shape[end + 1 :]))


def ravel(input: Any) -> Any:
    """One dimension."""
    return reshape(input, (-1,))


def unflatten(input: Any, dim: int, sizes: Any) -> Any:
    """One dimension made several."""
    at = wrap_dim(dim, input.ndim)
    shape = input.array.shape
    inner = view_shape((shape[at],), size=tuple(sizes))
    return view(input, (*shape[:at], *inner, *shape[at + 1 :]))


@numpys_words
def squeeze(input: Any, dim: Any = None) -> Any:
    """Without dimensions of size 1."""
    need_tensor(input, "squeeze")
    if dim is None:
        return apply("squeeze", input)
    if isinstance(dim, int):
        return apply("squeeze.dim", input, dim=dim)
    return apply("squeeze.dims", input, dim=tuple(dim))


@numpys_words
def unsqueeze(input: Any, dim: int) -> Any:
    """With a new dimension of size 1."""
    return apply("unsqueeze", need_tensor(input, "unsqueeze"), dim=dim)


def expand(input: Any, size: Any) -> Any:
    """Repeated without taking memory."""
    if len(size) < input.ndim:
        raise too_few_sizes(input, size)
    return apply("expand", input, size=tuple(size))


def too_few_sizes(input: Any, size: Any) -> RuntimeError:
    """PyTorch's error when a tensor has more dimensions than it should be expanded to."""
    return RuntimeError(
        f"expand(torch.{input.dtype.legacy}Tensor{{{list(input.array.shape)}}}, "
        f"size={list(size)}): the number of sizes provided ({len(size)}) must be greater or equal "
        f"to the number of dimensions in the tensor ({input.ndim})"
    )


broadcast_to = expand


def broadcast_tensors(*tensors_: Any) -> Any:
    """All of one shape, expanded where needed."""
    from backprop_tui.ops.rules import broadcast

    shape = broadcast(*(one.array.shape for one in tensors_))
    return tuple(one if one.array.shape == shape else expand(one, shape) for one in tensors_)


def repeat(input: Any, repeats: Any) -> Any:
    """Copies side by side."""
    return apply("repeat", input, repeats=tuple(repeats))


def tile(input: Any, dims: Any) -> Any:
    """Copies side by side; fewer numbers than dimensions count from the last."""
    lead = max(input.ndim - len(dims), 0)
    return repeat(input, (1,) * lead + tuple(dims))


def flip(input: Any, dims: Any) -> Any:
    """The elements in the opposite order along ``dims``."""
    return apply("flip", input, dims=(dims,) if isinstance(dims, int) else tuple(dims))


def clone(input: Any) -> Any:
    """A copy inside the graph."""
    return apply("clone", need_tensor(input, "clone"))


def detach(input: Any) -> Any:
    """The same numbers outside the graph."""
    return apply("detach", need_tensor(input, "detach"))


# ---------------------------------------------------------------- joining and taking apart


def _listed(given: Any, function: str) -> list[Any]:
    if isinstance(given, tensors.Tensor):
        raise TypeError(
            f"{function}(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor"
        )
    found = list(given)
    for position, one in enumerate(found):
        if not isinstance(one, tensors.Tensor):
            raise TypeError(
                f"expected Tensor as element {position} in argument 0, but got {type(one).__name__}"
            )
    return found


@numpys_words
def cat(tensors: Any, dim: int = 0) -> Any:
    """One after the other along a dimension."""
    found = _listed(tensors, "cat")
    first = next((one for one in found if one.array.shape != (0,)), found[0] if found else None)
    at = wrap_dim(dim, first.ndim) if first is not None and first.ndim else dim
    return apply("cat", found, dim=at)


concat = concatenate = cat


@numpys_words
def stack(tensors: Any, dim: int = 0) -> Any:
    """Side by side along a new dimension."""
    found = _listed(tensors, "stack")
    at = wrap_dim(dim, found[0].ndim + 1) if found else dim
    return apply("stack", found, dim=at)


def hstack(tensors: Any) -> Any:
    """One after the other along the columns (vectors: along the only dimension)."""
    found = _listed(tensors, "hstack")
    return cat(found, 0 if found and found[0].ndim <= 1 else 1)


def vstack(tensors: Any) -> Any:
    """One below the other."""
    found = [unsqueeze(x, 0) if x.ndim == 1 else x for x in _listed(tensors, "vstack")]
    return cat(found, 0)


@numpys_words
def split(tensor: Any, split_size_or_sections: Any, dim: int = 0) -> Any:
    """Cut into parts of one size, or of these sizes."""
    parts = split_size_or_sections
    at = wrap_dim(dim, tensor.ndim)
    if isinstance(parts, int):
        length = tensor.array.shape[at]
        if not parts and length:
            raise RuntimeError(
                "split_size can only be 0 if dimension size is 0, but got dimension size of "
                f"{length}"
            )
        return apply("split", tensor, split_size=parts, dim=at)
    return apply("split.sizes", tensor, split_size=tuple(parts), dim=at)


@numpys_words
def chunk(input: Any, chunks: int, dim: int = 0) -> Any:
    """Cut into so many parts."""
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    length = input.array.shape[wrap_dim(dim, input.ndim)]
    return split(input, max(-(-length // chunks), 1), dim)


@numpys_words
def unbind(input: Any, dim: int = 0) -> Any:
    """All slices along a dimension."""
    return apply("unbind", need_tensor(input, "unbind"), dim=dim)
