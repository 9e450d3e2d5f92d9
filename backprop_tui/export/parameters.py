"""The parameters of a run: every leaf that gets a gradient, as it was and as it became."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from backprop_tui.engines.base import Array, TensorValue
from backprop_tui.explain.naming import names_of
from backprop_tui.trace.state import State
from backprop_tui.trace.steps import Bind, Call, Forward, Loop, Step
from backprop_tui.trace.trace import Trace


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """A leaf's data at first and at last, and its ``.grad`` at last (None: it has none)."""

    name: str
    before: Array
    after: Array
    grad: Array | None


def parameters(trace: Trace, before: State, last: State) -> list[Parameter]:
    """The named leaves of ``last`` that require grad, with their data in ``before``, or as they
    were when first seen after it."""
    names = names_of(trace)
    leaves = [
        state.value
        for state in last.tensors.values()
        if state.value.requires_grad
        and state.value.is_leaf
        and names.has_name(state.value.tensor, last.index)
    ]
    first = {tensor: state.value.data for tensor, state in before.tensors.items()}
    missing = {value.tensor for value in leaves} - set(first)
    for index in range(before.index + 1, last.index + 1):
        if not missing:
            break
        for value in _values(trace[index]):
            if value.tensor in missing:
                first[value.tensor] = value.data
                missing.remove(value.tensor)
    return [
        Parameter(
            names.of(value.tensor, last.index).text,
            first[value.tensor],
            value.data,
            last.tensors[value.tensor].grad,
        )
        for value in leaves
    ]


def _values(step: Step) -> Iterator[TensorValue]:
    """The tensors that a step may bring into sight for the first time."""
    if isinstance(step, Forward):
        yield from step.outputs
    if isinstance(step, Bind | Call | Loop | Forward):
        for named in step.binds:
            if isinstance(named.value, TensorValue):
                yield named.value
