"""What one can look for in a trace, and what a step is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from backprop_tui.engines.base import Array
from backprop_tui.trace.phases import phases_of
from backprop_tui.trace.steps import Accumulate, Assign, Backward, Forward, SeedGrad, Step, Update
from backprop_tui.trace.trace import Trace


@dataclass(frozen=True, slots=True)
class Query:
    """A place to look for: where a loss is ready, where a line runs (of the program itself, or of
    another ``file`` of it), where a tensor changes or gets its name."""

    kind: Literal["loss", "line", "tensor"]
    line: int = 0
    name: str = ""
    file: str = ""


def next_match(query: Query, trace: Trace, after: int) -> int | None:
    """The first step after ``after`` that is what is looked for (the first of it, for a line)."""
    if query.kind == "tensor":
        return trace.next_change(query.name, after)
    phases = phases_of(trace)
    if query.kind == "line":
        return phases.next_on_line(query.line, after, query.file)
    # Backward begins: that is where a value turns out to be the loss.
    seed = phases.next_seed(after)
    return None if seed < 0 else seed


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
