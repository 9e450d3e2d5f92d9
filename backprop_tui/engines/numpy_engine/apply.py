"""The one door through which every operation goes.

promote dtypes → check shapes → forward → Node (if a gradient will be wanted) → tell the Listener
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import backprop_tui.engines.numpy_engine.tensor as tensors
from backprop_tui.engines.base import GradValue, Operand, TensorValue
from backprop_tui.engines.numpy_engine import state
from backprop_tui.engines.numpy_engine.dtypes import dtype, float32, promote
from backprop_tui.engines.numpy_engine.graph import (
    Node,
    Plan,
    SavedInput,
    SavedResult,
    plan_of,
)

NUMBERS = (int, float, bool)


def apply(name: str, *inputs: Any, **attrs: Any) -> Any:
    """Run the op ``name`` on tensors and Python numbers; a Tensor, or a tuple of them."""
    plan = plan_of(name)
    now = state.now()
    arrays, tensor_inputs = arrays_of(plan, inputs, attrs)
    outcome = forward(plan, arrays, attrs)
    several = type(outcome) is tuple or type(outcome) is list
    results = [tensors.Tensor(np.asarray(one)) for one in (outcome if several else (outcome,))]
    if plan.is_view:
        for result in results:
            result._become_view_of(tensor_inputs[0], differentiable=bool(plan.rules))
    node = None
    if now.grad_enabled and plan.rules:
        for one in tensor_inputs:
            if one._requires_grad or (one._base is not None and one.requires_grad):
                node = connect(plan, inputs, tensor_inputs, attrs)
                attach(node, results)
                if results[0]._grad_fn is None:  # whole numbers have no gradient
                    node = None
                break
    if now.listener is not None:
        tell(plan, inputs, attrs, results, node)
    return tuple(results) if several else results[0]


def arrays_of(plan: Plan, inputs: Sequence[Any], attrs: dict[str, Any]) -> tuple[list[Any], Any]:
    """The inputs as arrays of one dtype, and the tensors among them."""
    if plan.op.variadic:
        inputs = inputs[0]
    found = [x for x in inputs if isinstance(x, tensors.Tensor)]
    arrays = [x.array if isinstance(x, tensors.Tensor) else plain_number(x) for x in inputs]
    rule = plan.op.promotes
    if rule == "none" or not found:
        return arrays, found
    first = found[0].array.dtype
    if first.kind == "f" and all(t.array.dtype is first for t in found):
        return arrays, found
    scalars = [x for x in inputs if type(x) in NUMBERS]
    scalars += [attrs[name] for name in plan.scalars]
    common = result_type(found, scalars)
    if rule == "float" and not common.is_floating_point:
        common = state.now().default_dtype
    target = common.numpy
    return [
        a.astype(target) if isinstance(a, np.ndarray) and a.dtype != target else a for a in arrays
    ], found


def plain_number(value: Any) -> Any:
    """A NumPy scalar as the Python number that it stands for; anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def result_type(found: Sequence[tensors.Tensor], scalars: Sequence[object]) -> dtype:
    """The dtype that tensors and Python numbers have in common."""
    return promote(
        [t.dtype for t in found if t.array.ndim],
        [t.dtype for t in found if not t.array.ndim],
        scalars,
        state.now().default_dtype,
    )


#: What a tensor takes beside its elements; counted where one op makes many.
BYTES_OF_A_PART = 8192


def forward(plan: Plan, arrays: list[Any], attrs: dict[str, Any]) -> Any:
    op = plan.op
    shapes = [a.shape if isinstance(a, np.ndarray) else () for a in arrays]
    shape = op.shape(shapes, **attrs) if op.variadic else op.shape(*shapes, **attrs)
    allocate = state.now().allocate
    if allocate is not None and type(shape) is tuple:
        # A view takes no memory, but whoever looks at it or copies it does.
        sizes = (a.dtype.itemsize for a in arrays if isinstance(a, np.ndarray))
        itemsize = 0 if op.view else max(sizes, default=4)
        if not shape or type(shape[0]) is int:
            allocate(shape, itemsize)
        else:
            allocate((len(shape),), BYTES_OF_A_PART)
            for one in () if op.view else shape:
                allocate(one, itemsize)
    with np.errstate(all="ignore"):
        return op.forward(arrays, **attrs) if op.variadic else op.forward(*arrays, **attrs)


def connect(
    plan: Plan,
    inputs: Sequence[Any],
    tensor_inputs: Sequence[tensors.Tensor],
    attrs: dict[str, Any],
) -> Node:
    """The Node of an op: its edges, and the inputs that its rules will need."""
    node = Node(plan, attrs)
    variadic = plan.op.variadic
    edges = []
    for target in tensor_inputs if variadic else [inputs[i] for i in plan.vjp_inputs]:
        if isinstance(target, tensors.Tensor) and target.requires_grad:
            edges.append(target._gradient_edge())
            node.metas.append((target.array.shape, target.array.dtype))
        else:
            edges.append((None, 0))
            node.metas.append(((), float32.numpy))
    node.edges = tuple(edges)
    saved = node.saved
    for name in _wanted(node):
        if name not in saved and name != "result":
            kept = _save(name, plan, inputs)
            if kept is not None:
                saved[name] = kept
    return node


def attach(node: Node, results: Sequence[tensors.Tensor]) -> None:
    """Make ``results`` the outputs of a Node, and keep them for its rules if they are needed."""
    for number, result in enumerate(results):
        array = result.array
        node.outputs.append((array.shape, array.dtype))
        if array.dtype.kind == "f" and number < (node.plan.op.differentiable or len(results)):
            result._requires_grad = True
            result._grad_fn = node
            result._output_nr = number
    if "result" in _wanted(node):
        kept = [
            SavedResult(r.array, r._version_counter, node.plan.op.grad_fn, i)
            for i, r in enumerate(results)
        ]
        node.saved["result"] = kept[0] if node.plan.op.outputs == 1 else SavedTuple(kept)


def _wanted(node: Node) -> list[str]:
    """What the rules save of those inputs that a gradient will be asked for."""
    rules = node.plan.rules
    if node.plan.op.variadic:
        return list(rules[0].saves)
    return [
        name
        for vjp, edge in zip(rules, node.edges, strict=True)
        if edge[0] is not None
        for name in vjp.saves
    ]


def _save(name: str, plan: Plan, inputs: Sequence[Any]) -> Any:
    source = name.removesuffix("_shape")
    if plan.op.variadic:
        return [t.array.shape for t in inputs[0]]
    if source == plan.rest:
        return SavedTuple([SavedInput(t) for t in inputs[len(plan.inputs) :]])
    position = plan.inputs.index(source)
    value = inputs[position] if position < len(inputs) else None
    if not isinstance(value, tensors.Tensor):
        return plain_number(value)
    return SavedInput(value) if source == name else value.array.shape


class SavedTuple:
    """Several saved tensors under one name."""

    __slots__ = ("parts",)

    def __init__(self, parts: Sequence[SavedInput | SavedResult]) -> None:
        self.parts = parts

    def unpack(self) -> Any:
        return tuple(part.unpack() for part in self.parts)


def tell(
    plan: Plan,
    inputs: Sequence[Any],
    attrs: dict[str, Any],
    results: Sequence[tensors.Tensor],
    node: Node | None,
    changed: tuple[TensorValue, ...] = (),
    before: dict[int, TensorValue] | None = None,
    grads: tuple[GradValue, ...] = (),
) -> None:
    """Tell the Listener that an op ran; ``before``: inputs as they were, by position."""
    listener = state.now().listener
    if listener is None:
        return
    if plan.op.variadic:
        names: Sequence[str] = [f"tensors[{i}]" for i in range(len(inputs[0]))]
        inputs = inputs[0]
    else:
        names = plan.inputs
        if plan.rest:
            further = len(inputs) - len(names)
            names = [*names, *(f"{plan.rest}[{i}]" for i in range(further))]
    operands = []
    for position, (name, value) in enumerate(zip(names, inputs, strict=False)):
        if before is not None and position in before:
            operands.append(Operand(name, before[position]))
        elif isinstance(value, tensors.Tensor):
            operands.append(Operand(name, value._snapshot()))
        elif value is not None:
            operands.append(Operand(name, plain_number(value)))
    listener.forward(
        plan.op.name,
        tuple(operands),
        attrs,
        tuple([r._snapshot() for r in results]),
        None if node is None else node.told(),
        changed,
        grads,
    )


__all__ = ["apply", "attach", "connect", "result_type", "tell"]
