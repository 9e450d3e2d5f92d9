"""One element of an op worked out: the op's own rule, run on numbers that remember.

An elementwise op is run on the one element alone, a matrix product on one row and one column,
everything else as a whole if it is small. Where a rule cannot be run so (it is too large, or it
leaves NumPy's arithmetic), there is no working, and the caller shows formula and values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from backprop_tui.engines.base import Array, TensorValue
from backprop_tui.explain.known import cut, known, number_at, whole
from backprop_tui.explain.naming import Name, Names
from backprop_tui.explain.sym import Sym, TooLong, budget, leaf, sym
from backprop_tui.ops import OPS
from backprop_tui.ops.base import Op, Vjp, reduce_to
from backprop_tui.trace.steps import Forward

#: Scalar operations, and array elements, beyond which nothing is spelled out.
OPERATIONS = 4_000
#: A working that differs more than this from the recorded number is not shown.
TOLERANCE = 1e-3
#: Numbers below this may be what rounding left of a difference.
SMALL = 1e-3

Index = tuple[int, ...]
Slices = Mapping[str, tuple[slice, ...]]


def op_of(step: Forward) -> Op | None:
    """The record of the op that ran; None for an op that has none."""
    return OPS.get(step.op)


def is_custom(step: Forward) -> bool:
    """Whether the op is an autograd.Function of the program's own: its Node has its name."""
    return step.node is not None and step.node.name == f"{step.op}Backward"


def node_op(step: Forward) -> Op | None:
    """The record whose rules the step's Node runs; None also where the Node is of another kind
    (CopySlices: an in-place change of a part)."""
    op = OPS.get(step.op)
    return op if op is not None and step.node is not None and step.node.name == op.grad_fn else None


def vjp_of(op: Op, edge: int) -> Vjp | None:
    """The rule that made the gradient of edge number ``edge``."""
    rules = tuple(op.vjps.values())
    if op.variadic:
        return rules[0] if rules else None
    return rules[edge] if edge < len(rules) else None


def input_of(step: Forward, op: Op, edge: int) -> TensorValue | None:
    """The input that edge number ``edge`` leads to."""
    if op.variadic:
        tensors = [o.value for o in step.inputs if isinstance(o.value, TensorValue)]
        return tensors[edge] if edge < len(tensors) else None
    wanted = tuple(op.vjps)[edge] if edge < len(op.vjps) else None
    for operand in step.inputs:
        if operand.name == wanted and isinstance(operand.value, TensorValue):
            return operand.value
    return None


def named_element(name: Name, values: Array, index: Index) -> Name:
    """``w[0,1]``, but plainly ``w`` where it has one element only."""
    return name.at(index) if values.size > 1 else name


def lifted(index: Index, shape: Index, into: Index) -> Index:
    """The first element of ``into`` that element ``index`` of ``shape`` was broadcast to."""
    lead = (0,) * (len(into) - len(shape))
    return lead + tuple(
        i if n == m else 0 for i, n, m in zip(index, shape, into[len(lead) :], strict=True)
    )


def picked(index: Index, shape: Index) -> Index:
    """The element of ``shape`` that was broadcast to element ``index`` of a larger shape."""
    tail = index[len(index) - len(shape) :]
    return tuple(0 if n == 1 else i for i, n in zip(tail, shape, strict=True))


# --- symbolic -------------------------------------------------------------------------------


class Looking:
    """How tensors are seen while a rule runs: symbols for floats, as much of them as needed."""

    def __init__(self, names: Names, at: int, element: Index | None, slices: Slices) -> None:
        self.names = names
        self.at = at
        self.element = element
        self.slices = slices

    def see(self, role: str, value: TensorValue) -> Any:
        """A tensor in its ``role`` (the op's name for that input, or ``result``)."""
        if value.data.dtype.kind != "f":
            return self.part(role, value.data)
        return self.symbols(role, value.data, self.names.of(value.tensor, self.at))

    def symbols(self, role: str, data: Array, name: Name) -> Any:
        """``data`` as leaves: the one element, the slices, or all of it."""
        if self.element is not None:
            index = picked(self.element, data.shape)
            one = np.empty(1, dtype=object)
            one[0] = leaf(number_at(data, index), name, index if data.size > 1 else ())
            return one
        part = self.part(role, data)
        starts = [s.start or 0 for s in self.slices.get(role, ())] or [0] * data.ndim
        if part.size > OPERATIONS:
            raise TooLong
        out = np.empty(part.shape, dtype=object)
        for at, number in zip(np.ndindex(part.shape), part.ravel().tolist(), strict=True):
            index = tuple(i + s for i, s in zip(at, starts, strict=True))
            out[at] = leaf(number, name, index if data.size > 1 else ())
        return out

    def part(self, role: str, data: Array) -> Array:
        if self.element is not None:
            return np.array([number_at(data, picked(self.element, data.shape))])
        if role in self.slices:
            return cut(data, self.slices[role])
        if data.size > OPERATIONS:
            raise TooLong
        return whole(data)


def _row(i: int) -> tuple[slice, ...]:
    return (slice(i, i + 1), slice(None))


def _column(j: int) -> tuple[slice, ...]:
    return (slice(None), slice(j, j + 1))


def _bias(shape: Index, i: int, j: int) -> tuple[slice, ...]:
    return tuple(slice(k, k + 1) for k in picked((i, j), shape))


def _forward_slices(step: Forward, at: Index) -> Slices:
    """The row and column that make one element of a matrix product."""
    shapes = {o.name: o.value.data.shape for o in step.inputs if isinstance(o.value, TensorValue)}
    if step.op == "mm":
        return {"self": _row(at[0]), "mat2": _column(at[1])}
    if step.op == "addmm":
        rows: Slices = {"mat1": _row(at[0]), "mat2": _column(at[1])}
        return {**rows, "self": _bias(shapes["self"], *at)}
    return {}


def _backward_slices(op: str, wanted: str, at: Index) -> Slices:
    left, right = ("self", "mat2") if op == "mm" else ("mat1", "mat2")
    if op in ("mm", "addmm") and wanted == left:
        return {"grad": _row(at[0]), right: _row(at[1])}
    if op in ("mm", "addmm") and wanted == right:
        return {left: _column(at[0]), "grad": _column(at[1])}
    return {}


def _entropy(self: Any, target: Any, weight: Any = None, *, reduction: str = "mean") -> Any:
    each = -(target * np.log(self) + (1 - target) * np.log(1 - self))
    # A single Sym is no array, and has no sum.
    each = np.asarray(each if weight is None else each * weight)
    if reduction == "none":
        return each
    return each.sum() / each.size if reduction == "mean" else each.sum()


#: How a student knows an op whose record computes the same in another form.
_AS_KNOWN: Mapping[str, Callable[..., Any]] = {"binary_cross_entropy": _entropy}


def forward_working(step: Forward, op: Op, names: Names, at: Index, output: int = 0) -> Sym | None:
    """Element ``at`` of an output as an expression of the inputs; None where there is none."""
    if not all(x.value.data.size for x in step.inputs if isinstance(x.value, TensorValue)):
        return None  # a sum of nothing has no working
    if step.op in _AS_KNOWN:
        op = replace(op, forward=_AS_KNOWN[step.op])
    slices = {} if op.elementwise else _forward_slices(step, at)
    looking = Looking(names, step.index, at if op.elementwise else None, slices)

    def run() -> Any:
        made = _forward_with(step, op, looking.see)
        return made[output] if isinstance(made, tuple | list) else made

    place = (0,) if op.elementwise else (0,) * len(at) if slices else at
    recorded = known(step.outputs[output].data, at)
    return None if recorded is None else _agreed(_run(run, place), recorded)


def backward_working(
    step: Forward,
    op: Op,
    edge: int,
    incoming: Sequence[Array | None],
    gradients: Sequence[Name],
    at: Index,
    recorded: float,
    names: Names,
) -> Sym | None:
    """The gradient of element ``at`` of an input, before any summing because of broadcasting.

    ``recorded`` is that number as the engine had it; None where there is no working.
    """
    rule = vjp_of(op, edge)
    value = input_of(step, op, edge)
    if rule is None or value is None:
        return None
    shape = value.data.shape
    slices: Slices = {}
    element = None
    if op.elementwise:
        element = lifted(at, shape, step.outputs[0].data.shape)
    elif not op.variadic:
        slices = _backward_slices(step.op, tuple(op.vjps)[edge], at)
    looking = Looking(names, step.index, element, slices)

    def run() -> Any:
        arrived = tuple(
            looking.symbols("grad", _zeros_if_none(grad, output), name)
            for grad, output, name in zip(incoming, step.outputs, gradients, strict=True)
        )
        saved = namespace(step, op, rule, looking.see)
        made = rule.rule(arrived[0] if len(arrived) == 1 else arrived, saved)
        return made[edge] if op.variadic else made

    def place(made: Array) -> Index:
        if op.elementwise or slices:
            return (0,) * made.ndim
        return at if made.shape == shape else lifted(at, shape, made.shape)

    return _agreed(_run(run, place), recorded)


def _zeros_if_none(grad: Array | None, output: TensorValue) -> Array:
    return np.zeros(output.data.shape, output.data.dtype) if grad is None else grad


def _run(run: Callable[[], Any], place: Index | Callable[[Array], Index]) -> Sym | None:
    # Any failure means no more than that this rule has no working: what NumPy cannot do with
    # objects is not known beforehand, and the recorded numbers are shown in any case.
    try:
        with budget(OPERATIONS), np.errstate(all="ignore"):
            made = np.asarray(run(), dtype=object)
            value = made[place(made) if callable(place) else place]
    except (TooLong, TypeError, ValueError, AttributeError, IndexError, NotImplementedError):
        return None
    except SystemError:  # how a loop of NumPy's over objects ends that goes on after TooLong
        return None
    return sym(value)


def _agreed(working: Sym | None, recorded: float) -> Sym | None:
    """The working, unless it gives another number than the one recorded."""
    if working is None:
        return None
    mine = float(working.value)
    near = abs(mine - recorded) <= TOLERANCE * max(abs(mine), abs(recorded), SMALL)
    return working if near or mine == recorded or (mine != mine and recorded != recorded) else None


# --- numeric --------------------------------------------------------------------------------


class _Kept(NamedTuple):
    """A tensor that is looked at only if the rule saves it."""

    name: str
    value: TensorValue


def namespace(
    step: Forward, op: Op, rule: Vjp, see: Callable[[str, TensorValue], Any]
) -> SimpleNamespace:
    """What a vjp rule reads: what it ``saves``, seen with ``see``, and the attributes."""
    found = SimpleNamespace(**dict.fromkeys((*op.vjps, *op.plain)))
    found.__dict__.update(step.attrs)
    for name, value in _seen(step, lambda name, value: _Kept(name, value)).items():
        parts = value if isinstance(value, list) else [value]
        shapes = [part.value.data.shape for part in parts if isinstance(part, _Kept)]
        if not shapes:
            setattr(found, name, value)
            continue
        setattr(found, f"{name}_shape", shapes if isinstance(value, list) else shapes[0])
        if name in rule.saves:
            seen = tuple(see(part.name, part.value) for part in parts)
            setattr(found, name, seen if isinstance(value, list) else seen[0])
    if "result" in rule.saves:
        results = tuple(see("result", output) for output in step.outputs)
        found.result = results[0] if op.outputs == 1 else results
    return found


def _seen(step: Forward, see: Callable[[str, TensorValue], Any]) -> dict[str, Any]:
    """The inputs by name; ``tensors[0]``, ``tensors[1]`` … become the one list ``tensors``."""
    found: dict[str, Any] = {}
    for operand in step.inputs:
        value = operand.value
        name, several, _ = operand.name.partition("[")
        seen = see(name, value) if isinstance(value, TensorValue) else value
        if several:
            found.setdefault(name, []).append(seen)
        else:
            found[name] = seen
    return found


def _forward_with(step: Forward, op: Op, see: Callable[[str, TensorValue], Any]) -> Any:
    """The op run again on its inputs, each seen with ``see``."""
    inputs = _seen(step, see)
    if op.variadic:
        (tensors,) = inputs.values()
        return op.forward(tensors, **step.attrs)
    code = op.forward.__code__
    taken = code.co_varnames[: code.co_argcount]
    rest = [one for value in inputs.values() if isinstance(value, list) for one in value]
    if rest:
        return op.forward(*(inputs[name] for name in taken if name in inputs), *rest, **step.attrs)
    # An optional input that was not given is not among the step's inputs.
    left_out = {name: None for name in (*op.vjps, *op.plain) if name in taken}
    return op.forward(**{**left_out, **inputs}, **step.attrs)


def nudged(step: Forward, op: Op, edge: int, output: int, at: Index) -> Array | None:
    """Which elements of an output change when element ``at`` of an input does; None: unknown."""
    wanted = input_of(step, op, edge)

    def see(_: str, value: TensorValue) -> Array:
        if value is not wanted:
            return whole(value.data)
        data = whole(value.data).copy()
        data[at] += 1
        return data

    try:
        with np.errstate(all="ignore"):
            made = _forward_with(step, op, see)
        changed = np.asarray(made[output] if isinstance(made, tuple | list) else made)
        before = whole(step.outputs[output].data)
    except (TypeError, ValueError, AttributeError, IndexError):
        return None
    return changed != before if changed.shape == before.shape else None


def pull_back(
    step: Forward, op: Op, edge: int, incoming: Sequence[Array | None]
) -> tuple[Array, Array] | None:
    """The gradient that arrives at an input from ``incoming``: (summed to its shape, before).

    None where the op has no rule for this edge, or the rule needs what was not recorded.
    """
    rule = vjp_of(op, edge)
    value = input_of(step, op, edge)
    if rule is None or value is None:
        return None
    try:
        arrived = tuple(
            whole(_zeros_if_none(g, o)) for g, o in zip(incoming, step.outputs, strict=True)
        )
        with np.errstate(all="ignore"):
            saved = namespace(step, op, rule, lambda _, tensor: whole(tensor.data))
            made = rule.rule(arrived[0] if len(arrived) == 1 else arrived, saved)
        before = np.asarray(made[edge] if op.variadic else made)
        return reduce_to(before, value.data.shape), before
    except (TypeError, ValueError, AttributeError, IndexError):
        return None
