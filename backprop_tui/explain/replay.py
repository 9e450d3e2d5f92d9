"""The recorded forward pass run again in float64, with one leaf changed a little.

    replay(trace, seed, {w: w + ε}) ──▶ L(w + ε)

Only what depends on the changed leaf is computed anew, by the op records; the rest is read from
the trace. So a gradient of the trace can be held against finite differences without the scenario
or an engine: the trace alone says what was computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from backprop_tui.engines.base import Array, TensorValue
from backprop_tui.ops import OPS
from backprop_tui.ops.base import Op
from backprop_tui.trace.steps import Forward, SeedGrad
from backprop_tui.trace.trace import Trace


def graph_before(trace: Trace, seed: int) -> list[Forward]:
    """The Forward steps whose Nodes the backward pass beginning at step ``seed`` can reach."""
    step = trace[seed]
    assert isinstance(step, SeedGrad)
    wanted = {step.tensor.node}
    found = []
    for i in range(seed - 1, -1, -1):
        forward = trace[i]
        if isinstance(forward, Forward) and forward.node and forward.node.node in wanted:
            found.append(forward)
            wanted.update(edge.node for edge in forward.node.next_functions if edge)
    return found[::-1]


def replay(graph: list[Forward], root: SeedGrad, leaf: int, value: Array) -> Array | None:
    """The root in float64 with the leaf's data replaced by ``value``.

    None if a step on the way has no record in ``ops`` and cannot be computed again.
    """
    known: dict[int, Array] = {leaf: value}
    for step in graph:
        operands = [operand.value for operand in step.inputs]
        if not any(isinstance(v, TensorValue) and v.tensor in known for v in operands):
            continue
        op = OPS.get(step.op)
        if op is None:
            return None
        with np.errstate(all="ignore"):
            results = _run(op, step, known)
        if not isinstance(results, tuple | list):
            results = (results,)
        for output, result in zip(step.outputs, results, strict=False):
            known[output.tensor] = np.asarray(result)
    return known.get(root.tensor.tensor)


def _run(op: Op, step: Forward, known: Mapping[int, Array]) -> Any:
    """What the op makes of its inputs, which are told by name; those of a row as ``tensors[0]``."""
    named = {o.name: _wide(o.value, known) for o in step.inputs if "[" not in o.name}
    row = [_wide(o.value, known) for o in step.inputs if "[" in o.name]
    if op.variadic:
        return op.forward(row, **step.attrs)
    if row:
        return op.forward(*named.values(), *row, **step.attrs)
    return op.forward(**named, **step.attrs)


def _wide(value: object, known: Mapping[int, Array]) -> object:
    if not isinstance(value, TensorValue):
        return value
    if value.tensor in known:
        return known[value.tensor]
    return value.data.astype(np.float64) if value.data.dtype.kind == "f" else value.data
