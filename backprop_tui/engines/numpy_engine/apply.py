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
    PLANS,
    Keep,
    Node,
    Plan,
    SavedInput,
    SavedResult,
    SavedTuple,
    plan_of,
)

NUMBERS = (int, float, bool)


def apply(name: str, *inputs: Any, **attrs: Any) -> Any:
    """Run the op ``name`` on tensors and Python numbers; a Tensor, or a tuple of them."""
    plan = PLANS.get(name) or plan_of(name)
    now = state.now()
    arrays, tensor_inputs = arrays_of(plan, inputs, attrs)
    outcome = forward(plan, arrays, attrs)
    several = type(outcome) is tuple or type(outcome) is list
    if several:
        results = [tensors.Tensor(np.asarray(one)) for one in outcome]
    else:
        results = [tensors.Tensor(np.asarray(outcome))]
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


def arrays_of(
    plan: Plan, inputs: Sequence[Any], attrs: dict[str, Any]
) -> tuple[list[Any], list[tensors.Tensor]]:
    """The inputs as arrays of one dtype, and the tensors among them."""
    arrays: list[Any] = []
    found: list[tensors.Tensor] = []
    for one in inputs[0] if plan.op.variadic else inputs:
        if isinstance(one, tensors.Tensor):
            found.append(one)
            arrays.append(one.array)
        else:
            arrays.append(plain_number(one))
    rule = plan.op.promotes
    if rule == "none" or not found:
        return arrays, found
    first = found[0].array.dtype
    if first.kind == "f":
        for tensor in found:
            if tensor.array.dtype is not first:
                break
        else:
            return arrays, found
    return _promoted(plan, arrays, found, inputs, attrs), found


def _promoted(
    plan: Plan,
    arrays: list[Any],
    found: list[tensors.Tensor],
    inputs: Sequence[Any],
    attrs: dict[str, Any],
) -> list[Any]:
    """The arrays in the dtype that all of them have in common."""
    scalars = [x for x in inputs if type(x) in NUMBERS]
    scalars += [attrs[name] for name in plan.scalars]
    common = result_type(found, scalars)
    if plan.op.promotes == "float" and not common.is_floating_point:
        common = state.now().default_dtype
    target = common.numpy
    return [
        a.astype(target) if isinstance(a, np.ndarray) and a.dtype != target else a for a in arrays
    ]


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
    """What the op makes of these arrays, after its shape rule and the budget agreed."""
    op = plan.op
    shapes = [a.shape if isinstance(a, np.ndarray) else () for a in arrays]
    shape = op.shape(shapes, **attrs) if op.variadic else op.shape(*shapes, **attrs)
    allocate = state.now().allocate
    if allocate is not None and type(shape) is tuple:
        # A view takes no memory, but whoever looks at it or copies it does.
        itemsize = 0 if op.view else widest(arrays)
        if not shape or type(shape[0]) is int:
            allocate(shape, itemsize)
        else:
            allocate((len(shape),), BYTES_OF_A_PART)
            for one in () if op.view else shape:
                allocate(one, itemsize)
    inputs = (arrays,) if op.variadic else arrays
    if state.is_quiet():
        made = op.forward(*inputs, **attrs)
    else:
        with np.errstate(all="ignore"):
            made = op.forward(*inputs, **attrs)
    return laid_as_first(made, arrays) if op.elementwise and op.name not in IN_ORDER else made


#: Element by element, but first copied in order.
IN_ORDER = frozenset({"masked_fill", "masked_fill.tensor"})


def laid_as_first(made: Any, arrays: list[Any]) -> Any:
    """What was computed element by element lies in memory as the first input of its shape does,
    where inputs lie in different ways: PyTorch goes through them in that order."""
    if len(arrays) < 2 or type(made) is not np.ndarray or made.ndim < 2:
        return made
    for a in arrays:
        # An expanded input, whose numbers repeat, lies in no order of its own.
        if isinstance(a, np.ndarray) and a.shape == made.shape and 0 not in a.strides:
            if a.flags.c_contiguous or a.strides == made.strides:
                return made
            laid = np.empty_like(a, made.dtype)
            laid[...] = made
            return laid
    return made


def widest(arrays: Sequence[Any]) -> int:
    """The most bytes that an element of these takes."""
    most = 0
    for a in arrays:
        if isinstance(a, np.ndarray) and a.itemsize > most:
            most = a.itemsize
    return most or 4


#: What leads nowhere: an input of which no gradient is wanted.
NO_EDGE: tuple[Any, int] = (None, 0)
NO_META: tuple[tuple[int, ...], Any] = ((), float32.numpy)


def connect(
    plan: Plan,
    inputs: Sequence[Any],
    tensor_inputs: Sequence[tensors.Tensor],
    attrs: dict[str, Any],
) -> Node:
    """The Node of an op: its edges, and the inputs that its rules will need."""
    node = Node(plan, attrs)
    edges, wanted = [], []
    for target in tensor_inputs if plan.op.variadic else [inputs[i] for i in plan.vjp_inputs]:
        if isinstance(target, tensors.Tensor) and target.requires_grad:
            edges.append(target._gradient_edge())
            node.metas.append((target.array.shape, target.array.dtype))
            wanted.append(True)
        else:
            edges.append(NO_EDGE)
            node.metas.append(NO_META)
            wanted.append(False)
    node.edges = tuple(edges)
    if plan.op.variadic:
        wanted = [True]
    keeps, node.keeps_result = plan.keeps(tuple(wanted))
    for keep in keeps:
        _keep(node, keep, inputs)
    return node


def _keep(node: Node, keep: Keep, inputs: Sequence[Any]) -> None:
    name, position, shape = keep
    plan = node.plan
    if plan.op.variadic:
        node.plain[name] = [t.array.shape for t in inputs[0]]
    elif position == len(plan.inputs):
        node.saved[name] = SavedTuple([SavedInput(t) for t in inputs[position:]])
    elif position < len(inputs):
        value = inputs[position]
        if not isinstance(value, tensors.Tensor):
            if value is not None:
                node.plain[name] = plain_number(value)
        elif shape:
            node.plain[name] = value.array.shape
        else:
            node.saved[name] = SavedInput(value)


def attach(node: Node, results: Sequence[tensors.Tensor]) -> None:
    """Make ``results`` the outputs of a Node, and keep them for its rules if they are needed."""
    op = node.plan.op
    for number, result in enumerate(results):
        array = result.array
        node.outputs.append((array.shape, array.dtype))
        if array.dtype.kind == "f" and number < (op.differentiable or len(results)):
            result._requires_grad = True
            result._grad_fn = node
            result._output_nr = number
    if node.keeps_result:
        kept = [
            SavedResult(r.array, r._version_counter, op.grad_fn, i) for i, r in enumerate(results)
        ]
        node.saved["result"] = kept[0] if op.outputs == 1 else SavedTuple(kept)


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
