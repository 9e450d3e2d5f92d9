"""What one can look for in a trace, as facts about single steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from backprop_tui.engines.base import Array, TensorValue
from backprop_tui.trace.steps import (
    Accumulate,
    Assign,
    Backward,
    Bind,
    Call,
    Forward,
    Loop,
    Named,
    SeedGrad,
    Step,
    Update,
    ZeroGrad,
)
from backprop_tui.trace.trace import Trace


@dataclass(frozen=True, slots=True)
class Query:
    """A place to look for: where a loss is ready, where a line runs, where a tensor changes."""

    kind: Literal["loss", "line", "tensor"]
    line: int = 0
    name: str = ""
    ids: set[int] = field(default_factory=set)


def matches(query: Query, trace: Trace, index: int) -> bool:
    """Whether step ``index`` is what is looked for (the first step of it, for a line)."""
    step = trace[index]
    if query.kind == "line":
        statement = step.where.statement
        return statement.line <= query.line <= statement.end_line and (
            index == 0 or trace[index - 1].where.statement != statement
        )
    if query.kind == "loss":
        return _makes_loss(trace, index)
    for named in binds(step):
        if named.name == query.name and isinstance(named.value, TensorValue):
            query.ids.add(named.value.tensor)
            return True
    return any(tensor in query.ids for tensor in changes(step))


def _makes_loss(trace: Trace, index: int) -> bool:
    """Backward begins at this step: that is where a value turns out to be the loss."""
    return isinstance(trace[index], SeedGrad)


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


def binds(step: Step) -> tuple[Named, ...]:
    """The names a step gives."""
    return step.binds if isinstance(step, Bind | Call | Loop | Forward) else ()


def has_name(step: Step) -> Iterator[str]:
    """The tensor names a step gives."""
    for named in binds(step):
        if isinstance(named.value, TensorValue):
            yield named.name


def named_ids(trace: Trace, name: str) -> set[int]:
    """The ids of all tensors that have gone by this name so far."""
    return {
        named.value.tensor
        for step in trace
        for named in binds(step)
        if named.name == name and isinstance(named.value, TensorValue)
    }


def subject(step: Step) -> Array | None:
    """The array a step is about: what Maths works one element of."""
    match step:
        case Forward() if step.outputs:
            return step.outputs[0].data
        case SeedGrad():
            return step.grad
        case Backward():
            return next((out.grad for out in step.outgoing if out is not None), None)
        case Accumulate():
            return step.after
        case Update():
            return step.after.data
        case Assign():
            return step.tensor.data
        case _:
            return None
