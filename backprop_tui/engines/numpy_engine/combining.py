"""Products of several tensors with something added, and how far they lie apart."""

from __future__ import annotations

import math
from typing import Any

from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.inplace import apply_
from backprop_tui.engines.numpy_engine.pointwise import mul, need_tensor
from backprop_tui.engines.numpy_engine.products import dot, mm, outer
from backprop_tui.engines.numpy_engine.reduce import sum as sum_
from backprop_tui.engines.numpy_engine.shaping import expand, permute, reshape, squeeze, view
from backprop_tui.engines.numpy_engine.tensor import Tensor
from backprop_tui.ops.rules import broadcast, wrap_dim

__all__ = [
    "addbmm", "addmv", "addr", "baddbmm", "cdist", "cross", "dist", "ger", "inner", "kron",
    "pdist", "tensordot", "vdot",
]  # fmt: skip

ger = outer


def _like(function: str, *inputs: Any) -> None:
    for number, one in enumerate(inputs):
        need_tensor(one, function, position=number + 1)
    first, second = inputs[-2:]
    if first.array.dtype != second.array.dtype:
        raise RuntimeError(
            f"expected scalar type {first.dtype.legacy} but found {second.dtype.legacy}"
        )


def baddbmm(input: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """beta · input + alpha · batch1 @ batch2, pair by pair."""
    _like("baddbmm", input, batch1, batch2)
    return apply("baddbmm", input, batch1, batch2, beta=beta, alpha=alpha)


def addbmm(input: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """beta · input + alpha · Σ batch1 @ batch2."""
    _like("addbmm", input, batch1, batch2)
    return apply("addbmm", input, batch1, batch2, beta=beta, alpha=alpha)


def addmv(input: Any, mat: Any, vec: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """beta · input + alpha · mat @ vec."""
    _like("addmv", input, mat, vec)
    return apply("addmv", input, mat, vec, beta=beta, alpha=alpha)


def addr(input: Any, vec1: Any, vec2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """beta · input + alpha · vec1 ⊗ vec2."""
    _like("addr", input, vec1, vec2)
    return apply("addr", input, vec1, vec2, beta=beta, alpha=alpha)


def _into(name: str, input: Any, first: Any, second: Any, beta: Any, alpha: Any) -> Any:
    if name == "addmm" and beta == 1 and alpha == 1:
        return apply_(name, input, first, second)
    name = "addmm.alpha" if name == "addmm" else name
    return apply_(name, input, first, second, beta=beta, alpha=alpha)


def addmm_(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``addmm`` in place."""
    return _into("addmm", input, mat1, mat2, beta, alpha)


def baddbmm_(input: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``baddbmm`` in place."""
    return _into("baddbmm", input, batch1, batch2, beta, alpha)


def addmv_(input: Any, mat: Any, vec: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``addmv`` in place."""
    return _into("addmv", input, mat, vec, beta, alpha)


def addr_(input: Any, vec1: Any, vec2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``addr`` in place."""
    return _into("addr", input, vec1, vec2, beta, alpha)


def vdot(input: Any, other: Any) -> Any:
    """The scalar product of two vectors."""
    need_tensor(input, "vdot")
    need_tensor(other, "vdot", "other", 2)
    if input.array.dtype != other.array.dtype:
        raise RuntimeError(
            "dot : expected both vectors to have same dtype, but found "
            f"{input.dtype.legacy} and {other.dtype.legacy}"
        )
    return apply("vdot", input, other)


def tensordot(a: Any, b: Any, dims: Any = 2) -> Any:
    """Products summed over dimensions of the one and the other: one product of matrices."""
    need_tensor(a, "tensordot", "a")
    need_tensor(b, "tensordot", "b", 2)
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.ndim, b.ndim):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        dims = (list(range(-dims, 0)), list(range(dims)))
    first, second = ([one] if isinstance(one, int) else list(one) for one in dims)
    return _summed(a, b, first, second)


def _summed(a: Any, b: Any, first: list[int], second: list[int]) -> Any:
    if len(first) != len(second):
        raise RuntimeError("both dimension lists should have same length")
    if a.array.dtype != b.array.dtype:
        raise RuntimeError("both inputs should have same dtype")
    for one, other in zip(first, second, strict=True):
        here, there = a.shape[one], b.shape[other]
        if there == 1:
            a = sum_(a, one, True)
        elif here == 1:
            b = sum_(b, other, True)
        elif here != there:
            raise RuntimeError(
                "contracted dimensions need to match, but first has size "
                f"{here} in dim {one} and second has size {there} in dim {other}"
            )
    inner = math.prod(a.shape[d] for d in first)
    mine, theirs = _free(a, first), _free(b, second)
    size = (*(a.shape[d] for d in mine), *(b.shape[d] for d in theirs))
    if not size:
        return view(_all_of(permute(a, first), permute(b, second)), ())
    rows = math.prod(a.shape[d] for d in mine)
    columns = math.prod(b.shape[d] for d in theirs)
    left = reshape(permute(a, [*mine, *first]), (rows, inner))
    right = reshape(permute(b, [*second, *theirs]), (inner, columns))
    return reshape(mm(left, right), size)


def _free(x: Any, dims: list[int]) -> list[int]:
    taken = {wrap_dim(d, x.ndim) for d in dims}
    return [d for d in range(x.ndim) if d not in taken]


def _all_of(left: Any, right: Any) -> Any:
    """Every product summed: nothing is left of the dimensions."""
    if left.ndim == 1 and right.ndim == 1:
        return dot(left, right)
    if left.is_contiguous() and right.is_contiguous():
        row = view(right, (right.numel(),))  # PyTorch begins with the second
        return dot(view(left, (left.numel(),)), row)
    return sum_(mul(squeeze(left), squeeze(right)))


def inner(input: Any, other: Any) -> Any:
    """Products summed over the last dimensions."""
    need_tensor(input, "inner")
    need_tensor(other, "inner", "other", 2)
    if not input.ndim or not other.ndim:
        return mul(input, other)
    if input.shape[-1] != other.shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(input.shape)} and {list(other.shape)}"
        )
    return _summed(input, other, [-1], [-1])


def kron(input: Any, other: Any) -> Any:
    """Every element times the whole other tensor, block by block."""
    need_tensor(input, "kron")
    need_tensor(other, "kron", "other", 2)
    ndim = max(input.ndim, other.ndim)
    here, there = ((1,) * (ndim - x.ndim) + tuple(x.shape) for x in (input, other))
    left = apply("_unsafe_view", input, size=tuple(n for size in here for n in (size, 1)))
    right = apply("_unsafe_view", other, size=tuple(n for size in there for n in (1, size)))
    size = tuple(n * m for n, m in zip(here, there, strict=True))
    return apply("_unsafe_view", mul(left, right), size=size)


def cross(input: Any, other: Any, dim: int | None = None) -> Any:
    """The vector at right angles to two others; along the first dimension of size 3."""
    need_tensor(input, "cross")
    need_tensor(other, "cross", "other", 2)
    if dim is None:
        dim = next((i for i, n in enumerate(input.shape) if n == 3), None)
        if dim is None:
            raise RuntimeError("no dimension of size 3 in input")
    return apply("linalg_cross", input, other, dim=dim)


# ---------------------------------------------------------------- distances

#: From so many rows on PyTorch computes distances by one product of matrices.
MANY = 25
MODES = {
    "use_mm_for_euclid_dist_if_necessary": 0,
    "use_mm_for_euclid_dist": 1,
    "donot_use_mm_for_euclid_dist": 2,
}


def cdist(
    x1: Any,
    x2: Any,
    p: float = 2.0,
    compute_mode: str = "use_mm_for_euclid_dist_if_necessary",
) -> Any:
    """How far every row of the one lies from every row of the other."""
    if compute_mode not in MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    need_tensor(x1, "cdist", "x1")
    need_tensor(x2, "cdist", "x2", 2)
    for name, one in (("X1", x1), ("X2", x2)):
        if one.array.dtype.kind != "f":
            raise RuntimeError(
                f"cdist only supports floating-point dtypes, {name} got: {one.dtype.c_name}"
            )
        if one.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {name} got: {one.ndim}D")
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    mode = MODES[compute_mode]
    many = max(x1.shape[-2], x2.shape[-2]) > MANY
    if p == 2 and (mode == 1 or (mode == 0 and many)) and x1.numel() and x2.numel():
        return _by_product(x1, x2)
    return apply("_cdist_forward", x1, x2, p=float(p))


def _by_product(x1: Any, x2: Any) -> Any:
    batch = broadcast(tuple(x1.shape[:-2]), tuple(x2.shape[:-2]))
    count = math.prod(batch)
    flat = [
        view(expand(one, (*batch, *one.shape[-2:])).contiguous(), (count, *one.shape[-2:]))
        for one in (x1, x2)
    ]
    # Of two matrices PyTorch makes a batch and then takes the matrices.
    found = apply("_euclidean_dist", *((x1, x2) if x1.ndim == x2.ndim == 2 else flat))
    return view(found, (*batch, x1.shape[-2], x2.shape[-2]))


def pdist(input: Any, p: float = 2.0) -> Any:
    """How far every row lies from every later one."""
    need_tensor(input, "pdist")
    if input.array.dtype.kind != "f":
        raise RuntimeError("pdist only supports floating-point dtypes")
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")
    return apply("_pdist_forward", input, p=float(p))


def dist(input: Any, other: Any, p: Any = 2) -> Any:
    """How far two tensors lie apart, as one number."""
    return apply("dist", need_tensor(input, "dist"), need_tensor(other, "dist", "other", 2), p=p)
