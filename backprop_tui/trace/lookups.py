"""What is looked up about steps: which tensors they change, and which names they give."""

from __future__ import annotations

from collections.abc import Iterator

from backprop_tui.engines.base import TensorValue
from backprop_tui.trace.steps import (
    Accumulate,
    Assign,
    Bind,
    Call,
    Forward,
    Loop,
    Named,
    Resumed,
    Step,
    Update,
    ZeroGrad,
)

#: A name given by step ``index``; the lower ``rank``, the better it names the tensor.
Naming = tuple[int, int, str]

_NAMING = (Forward, Bind, Loop, Call, Resumed)


def binds(step: Step) -> tuple[Named, ...]:
    """The names a step gives."""
    return step.binds if isinstance(step, _NAMING) else ()


def changes(step: Step) -> Iterator[int]:
    """The ids of the tensors whose data or grad a step changed."""
    match step:
        case Forward():
            yield from (value.tensor for value in step.outputs + step.changed)
        case Accumulate() | Assign():
            yield step.tensor.tensor
        case Update():
            yield step.after.tensor
        case ZeroGrad():
            yield from (cleared.tensor.tensor for cleared in step.cleared)
        case _:
            pass


def namings(step: Step) -> Iterator[tuple[int, int, str]]:
    """Tensor, rank and name for each name a step gives to a tensor.

    The module's own level comes before a function's, a plain name before a parameter's, both before
    a loop's, and any name before a place in a container.
    """
    for named in binds(step):
        if isinstance(named.value, TensorValue):
            rank = 2 * (step.where.call != 0) + (named.kind == "parameter")
            rank += 2 * isinstance(step, Loop) + 4 * (named.kind == "element")
            yield named.value.tensor, rank, named.name
