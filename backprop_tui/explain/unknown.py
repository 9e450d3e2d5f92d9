"""The Maths of a Node known by name and values only, and what a part of a gradient came over."""

from __future__ import annotations

from backprop_tui.explain.contributions import Contribution, meeting
from backprop_tui.explain.gradients import root_of, via
from backprop_tui.explain.naming import Name, Names, named, partial
from backprop_tui.explain.record import Equation, Explanation, Part
from backprop_tui.explain.worked import is_custom
from backprop_tui.explain.write import brief_value, is_value
from backprop_tui.trace.steps import Backward
from backprop_tui.trace.trace import Trace

#: So many gradients are named in a caption.
MOST_TOLD = 3
_ORDINALS = ("1st", "2nd", "3rd", "further")

_IN_PLACE = (
    "A part of the tensor was changed in place. The gradient of that part goes back through what "
    "was written there; the rest goes on to what the tensor was before."
)


def over(trace: Trace, names: Names, at: int, contribution: Contribution) -> Name:
    """What a contribution came over: the result of its Node's op."""
    forward = trace.forward_of(contribution.node)
    if forward is None or not forward.outputs:
        return named(f"Node {contribution.node}")
    name = names.of(forward.outputs[0].tensor, at)
    if not contribution.twin:
        return name
    which = _ORDINALS[min(contribution.twin, len(_ORDINALS)) - 1]
    return Name(f"{name.bare.text}, {which}", rf"{name.bare.tex}\text{{, {which}}}")


def explain_without_record(trace: Trace, step: Backward, names: Names) -> Explanation:
    """A Node that is known by PyTorch's name and values only."""
    seed = names.seed_before(step.index)
    _, root = root_of(trace, names, step.index)
    lines: list[Equation] = []
    told: list[str] = []
    for number, grad in enumerate(step.incoming):
        if grad is not None:
            of = _made_by(trace, names, step.index, step.node.node, number) or named("output")
            lines.append(is_value(partial(root, of), grad))
    for number, out in enumerate(step.outgoing):
        if out is None:
            continue
        if out.edge.variable is not None:
            to: Name | None = names.of(out.edge.variable, step.index)
        else:
            to = _made_by(trace, names, step.index, out.edge.node, out.edge.index)
        left = partial(root, to or named(f"input_{number}"))
        met = None if seed is None else meeting(trace, seed, step, number)
        if met is not None:
            left = via(left, over(trace, names, step.index, met.arrived[-1]))
        lines.append(is_value(left, out.grad))
        told.append(f"{left.text} = {brief_value(out.grad)}")
    forward = trace.forward_of(step.node.node)
    what = (
        f"{step.node.name} passes the gradient on. No formula is known for this Node here; "
        "its numbers are PyTorch's own."
    )
    if step.node.name.endswith("CopySlices"):
        what = _IN_PLACE
    elif forward is not None and is_custom(forward):
        what = (
            f"{forward.op} is an autograd.Function of the program's own: its backward made "
            "these numbers."
        )
    return Explanation(
        f"Back through {step.node.name}",
        what,
        (Part("values", tuple(lines)),) if lines else (),
        brief=": " + "; ".join(told[:MOST_TOLD]) + "." if told else ".",
    )


def _made_by(trace: Trace, names: Names, at: int, node: int, output: int) -> Name | None:
    """The name of what a Node is the grad_fn of."""
    forward = trace.forward_of(node)
    if forward is None:
        return None
    # An in-place change of a part gives the whole its new grad_fn, not the output.
    for value in forward.changed:
        if value.node == node:
            return names.of(value.tensor, at)
    in_range = output < len(forward.outputs)
    return names.of(forward.outputs[output].tensor, at) if in_range else None
