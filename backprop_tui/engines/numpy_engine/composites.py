"""Functions that PyTorch itself makes of other operations: einsum, repeat_interleave …

They are no Nodes of their own; each is written here with the same operations in the same order.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine import state
from backprop_tui.engines.numpy_engine import tensor as tensors
from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.indexing import index_select
from backprop_tui.engines.numpy_engine.pointwise import mul, need_tensor
from backprop_tui.engines.numpy_engine.products import bmm
from backprop_tui.engines.numpy_engine.reduce import sum
from backprop_tui.engines.numpy_engine.shaping import (
    expand,
    flatten,
    movedim,
    permute,
    reshape,
    unsqueeze,
    view,
)

__all__ = ["diagonal", "einsum", "repeat_interleave"]


def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """The diagonal of matrices, as the last dimension."""
    return apply("diagonal", need_tensor(input, "diagonal"), offset=offset, dim1=dim1, dim2=dim2)


def repeat_interleave(input: Any, repeats: Any, dim: int | None = None) -> Any:
    """Every slice along ``dim`` repeated: as often as a number or, for each, a tensor says."""
    if dim is None:
        input, dim = flatten(need_tensor(input, "repeat_interleave")), 0
    if isinstance(repeats, tensors.Tensor):
        size = input.shape[dim]
        counts = np.broadcast_to(repeats.array, (size,)) if repeats.ndim == 0 else repeats.array
        if counts.shape != (size,):
            raise RuntimeError(
                "repeats must have the same size as input along dim, but got repeats.size(0) = "
                f"{counts.shape[0]} and input.size({dim}) = {size}"
            )
        state.make_room((int(counts.sum()),), 8)
        return index_select(input, dim, tensors.Tensor(np.repeat(np.arange(size), counts)))
    if repeats < 0:
        raise RuntimeError("Repeats must be non-negative")
    dim = dim % max(input.ndim, 1)
    sizes = list(input.shape)
    state.make_room((*sizes, repeats), input.array.itemsize)
    wide = expand(unsqueeze(input, dim + 1), (*sizes[: dim + 1], repeats, *sizes[dim + 1 :]))
    sizes[dim] *= repeats
    return view(apply("clone", wide), tuple(sizes))


# ---------------------------------------------------------------- einsum

ELLIPSIS = "..."


def _labels(text: str, where: str) -> list[str]:
    """The letters of one operand; "..." is a label of its own."""
    out: list[str] = []
    at = 0
    text = text.replace(" ", "")
    while at < len(text):
        if text.startswith(ELLIPSIS, at):
            if ELLIPSIS in out:
                raise RuntimeError(
                    f"einsum(): found '.' for {where} for which an ellipsis was already found"
                )
            out.append(ELLIPSIS)
            at += 3
        elif text[at].isascii() and text[at].isalpha():
            out.append(text[at])
            at += 1
        elif text[at] == ".":
            raise RuntimeError(f"einsum(): found '.' for {where} that is not part of any ellipsis")
        else:
            raise RuntimeError(
                f"einsum(): invalid subscript given at index {at} in the equation string, "
                "subscripts must be in [a-zA-Z]"
            )
    return out


def einsum(equation: Any, *operands: Any) -> Any:
    """Products and sums by the letters of dimensions: ``einsum("ij,jk->ik", a, b)``."""
    if not isinstance(equation, str):
        raise TypeError("einsum(): the equation comes first, as a text")
    if len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = tuple(operands[0])
    if not operands:
        raise ValueError(
            "einsum(): must specify the equation string and at least one operand, or at least "
            "one operand and its subscripts list"
        )
    left, arrow, right = equation.partition("->")
    inputs = [_labels(part, f"operand {i}") for i, part in enumerate(left.split(","))]
    if len(inputs) != len(operands):
        more = "more" if len(operands) > len(inputs) else "fewer"
        raise RuntimeError(
            f"einsum(): {more} operands were provided than specified in the equation"
        )
    dots = 0
    for number, (labels, operand) in enumerate(zip(inputs, operands, strict=True)):
        ndim, named = operand.ndim, len([label for label in labels if label != ELLIPSIS])
        if named != ndim and not (ELLIPSIS in labels and named < ndim + 1):
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({named}) "
                + ("is more than" if ELLIPSIS in labels else "does not match")
                + f" the number of dimensions ({ndim}) for operand {number}"
                + ("" if ELLIPSIS in labels else " and no ellipsis was given")
            )
        if ELLIPSIS in labels:
            dots = max(dots, ndim - named)
    every = [label for labels in inputs for label in labels]
    if arrow:
        output = _labels(right, "the output")
    else:
        output = ([ELLIPSIS] if ELLIPSIS in every else []) + sorted(
            label for label in set(every) - {ELLIPSIS} if every.count(label) == 1
        )
    places: dict[str, int] = {}
    count = 0
    for label in output:
        if label in places:
            raise RuntimeError(
                f"einsum(): output subscript {label} appears more than once in the output"
            )
        if label != ELLIPSIS and label not in every:
            raise RuntimeError(
                f"einsum(): output subscript {label} does not appear in the equation for any "
                "input operand"
            )
        places[label] = count
        count += dots if label == ELLIPSIS else 1
    kept = count
    if ELLIPSIS in every and ELLIPSIS not in places:
        places[ELLIPSIS] = count
        count += dots
    for label in sorted(set(every) - places.keys()):
        places[label] = count
        count += 1
    aligned = [
        _aligned(operand, labels, places, count, dots)
        for labels, operand in zip(inputs, operands, strict=True)
    ]
    return _contracted(aligned, kept, count)


def _aligned(operand: Any, labels: list[str], places: dict[str, int], count: int, dots: int) -> Any:
    """An operand with all dimensions of the equation, in their common order."""
    order = [-1] * count
    seen: dict[str, int] = {}
    covered = operand.ndim - len(labels) + 1
    at = 0
    for label in labels:
        if label == ELLIPSIS:
            for _ in range(dots - covered):
                operand = unsqueeze(operand, at)
            for k in range(dots):
                order[places[label] + k] = at
                at += 1
        elif label in seen:
            sizes = operand.shape
            if sizes[seen[label]] != sizes[at]:
                raise RuntimeError(
                    f"einsum(): subscript {label} is repeated for an operand but the sizes don't "
                    f"match, {sizes[at]} != {sizes[seen[label]]}"
                )
            operand = movedim(diagonal(operand, 0, seen[label], at), -1, seen[label])
        else:
            seen[label] = at
            order[places[label]] = at
            at += 1
    for place, index in enumerate(order):
        if index == -1:
            operand = unsqueeze(operand, at)
            order[place] = at
            at += 1
    return permute(operand, order)


def _contracted(operands: list[Any], kept: int, count: int) -> Any:
    """The aligned operands multiplied from left to right, the last dimensions summed over."""
    used = [len([o for o in operands if o.shape[dim] != 1]) for dim in range(count)]
    for dim in range(count):
        sizes = {o.shape[dim] for o in operands} - {1}
        if len(sizes) > 1:
            found = ", ".join(str(o.shape) for o in operands)
            raise RuntimeError(
                "einsum(): operands do not broadcast with remapped shapes "
                f"[original->remapped]: {found}"
            )
    several = len(operands) > 1
    result = operands[0]
    for other in operands[1:]:
        now: list[int] = []
        alone: tuple[list[int], list[int]] = ([], [])
        for dim in range(kept, count):
            here, there = result.shape[dim] != 1, other.shape[dim] != 1
            if here and there:
                used[dim] -= 1
                if used[dim] == 1:
                    now.append(dim)
                    used[dim] = 0
            elif used[dim] == 1 and (here or there):
                alone[0 if here else 1].append(dim)
                used[dim] = 0
        if alone[0]:
            result = sum(result, alone[0], True)
        if alone[1]:
            other = sum(other, alone[1], True)
        result = _summed_product(result, other, now)
    if count == kept:
        return result
    if several:
        return view(result, tuple(result.shape[:kept]))
    return sum(result, list(range(kept, count)))


def _summed_product(left: Any, right: Any, dims: list[int]) -> Any:
    """Two aligned operands multiplied and summed over ``dims``: one batch of matrix products."""
    if not dims:
        return mul(left, right)
    both: list[int] = []
    first: list[int] = []
    second: list[int] = []
    for dim in range(left.ndim):
        in_left, in_right = left.shape[dim] != 1, right.shape[dim] != 1
        if dim in dims:
            continue
        (both if in_left and in_right else first if in_left else second).append(dim)
    if first and second and second[-1] < first[0]:
        left, right, first, second = right, left, second, first
    batch = math.prod(left.shape[d] for d in both)
    rows = math.prod(left.shape[d] for d in first)
    columns = math.prod(right.shape[d] for d in second)
    inner = math.prod(left.shape[d] for d in dims)
    order = [*both, *first, *dims, *second]
    a = reshape(permute(left, order), (batch, rows, inner))
    b = reshape(permute(right, [*both, *dims, *second, *first]), (batch, inner, columns))
    product = bmm(a, b)
    sizes = [left.shape[d] for d in (*both, *first)] + [1] * len(dims)
    sizes += [right.shape[d] for d in second]
    back = [order.index(dim) for dim in range(len(order))]
    return permute(view(product, tuple(sizes)), back)
