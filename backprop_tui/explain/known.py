"""Which of a tensor's numbers are known: all, or of a Summary those in the corner that was kept.

A Summary reads as NaN where nothing was kept, and a slice of it no longer says that it is one. So
whoever needs numbers of a recorded array asks here, and gets numbers that were recorded or none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from backprop_tui.engines.base import Array, TensorValue
from backprop_tui.engines.summary import digest_of
from backprop_tui.trace.steps import (
    Accumulate,
    Assign,
    Backward,
    Bind,
    Call,
    Forward,
    Loop,
    Resumed,
    SeedGrad,
    Step,
    Update,
    ZeroGrad,
)


class NotKept(ValueError):
    """A number that is asked for was not kept."""


def kept(array: Array) -> Array:
    """The numbers there are: the array, or a Summary's corner."""
    digest = digest_of(array)
    return array if digest is None else np.asarray(digest.corner)


def is_whole(array: Array) -> bool:
    """Whether every number is known."""
    return kept(array).shape == array.shape


def whole(array: Array) -> Array:
    """The array with all its numbers; raises NotKept."""
    numbers = kept(array)
    if numbers.shape != array.shape:
        raise NotKept
    return numbers


def number_at(array: Array, at: Sequence[int]) -> Any:
    """The number at an index that is inside the shape; raises NotKept."""
    numbers = kept(array)
    if numbers is not array and any(i >= n for i, n in zip(at, numbers.shape, strict=True)):
        raise NotKept
    return numbers[tuple(at)].item()


def known(array: Array, at: Sequence[int]) -> Any:
    """The number at an index; None where it was not kept."""
    try:
        return number_at(array, at)
    except NotKept:
        return None


def cut(array: Array, slices: tuple[slice, ...]) -> Array:
    """A part of the array, one slice per dimension; raises NotKept."""
    numbers = kept(array)
    if numbers is not array:
        for part, n, there in zip(slices, array.shape, numbers.shape, strict=True):
            if part.indices(n)[1] > there:
                raise NotKept
    return numbers[slices]


def is_zero(array: Array) -> bool:
    """Whether all numbers are 0, a Summary's too."""
    digest = digest_of(array)
    if digest is None:
        return not array.any()
    return digest.minimum == digest.maximum == 0 and not digest.nonfinite


def same(one: Array | None, other: Array | None) -> bool:
    """Whether two arrays hold the same numbers; of Summaries that are not one, nobody knows."""
    if one is None or other is None or one is other:
        return one is other
    if digest_of(one) is not None or digest_of(other) is not None:
        return False
    return bool(np.array_equal(one, other, equal_nan=one.dtype.kind in "fc"))


def is_pairs(value: TensorValue) -> bool:
    """Whether it is a complex tensor, whose numbers were recorded as pairs."""
    return value.dtype.startswith("torch.complex") and value.data.dtype.kind != "c"


def shape_of(value: TensorValue) -> tuple[int, ...]:
    """A tensor's shape as PyTorch has it."""
    return value.data.shape[:-1] if is_pairs(value) else value.data.shape


def summarised_in(step: Step) -> int:
    """How many elements the largest Summary of a step has; 0: there is none."""
    return max((a.size for a in _arrays(step) if a is not None and not is_whole(a)), default=0)


def _arrays(step: Step) -> Iterator[Array | None]:
    values: list[TensorValue] = []
    match step:
        case Bind() | Call() | Loop() | Resumed():
            values += [one.value for one in step.binds if isinstance(one.value, TensorValue)]
        case Forward():
            values += [o.value for o in step.inputs if isinstance(o.value, TensorValue)]
            values += step.outputs
        case SeedGrad():
            yield step.grad
        case Backward():
            yield from step.incoming
            yield from (out.grad for out in step.outgoing if out is not None)
        case Accumulate():
            yield step.after
        case ZeroGrad():
            yield from (one.before for one in step.cleared)
        case Update():
            values += [step.before, step.after]
        case Assign():
            values.append(step.tensor)
            yield step.grad
        case _:
            pass
    yield from (value.data for value in values)
