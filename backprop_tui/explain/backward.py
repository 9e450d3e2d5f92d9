"""The Maths of backward: a Node's rule with its numbers, and the chain rule from the root."""

from __future__ import annotations

import numpy as np

from backprop_tui.engines.base import Outgoing, TensorValue
from backprop_tui.explain.chain import chain
from backprop_tui.explain.gradients import (
    chain_lines,
    element_of,
    elements,
    listed,
    plus,
    root_of,
)
from backprop_tui.explain.naming import Name, Names, named, partial
from backprop_tui.explain.record import Element, Equation, Explanation, Part
from backprop_tui.explain.worked import (
    Index,
    backward_working,
    input_of,
    lifted,
    named_element,
    node_op,
    vjp_of,
)
from backprop_tui.explain.write import (
    SMALL_ARRAY,
    equal,
    filled,
    is_value,
    joined,
    operands,
    sentence,
    shape_words,
    working,
)
from backprop_tui.ops.base import Op
from backprop_tui.trace.steps import Backward, Forward, SeedGrad
from backprop_tui.trace.trace import Trace

#: Chains are spelled for this many inputs of a Node, unless one is asked for.
MOST_CHAINS = 3

_IN_PLACE = (
    "A part of the tensor was changed in place. The gradient of that part goes back through what "
    "was written there; the rest goes on to what the tensor was before."
)


def explain_backward(
    trace: Trace, step: Backward, names: Names, element: Index | None, tensor: int | None
) -> Explanation:
    """The Maths of one Node's turn in backward."""
    forward = trace.forward_of(step.node.node)
    op = None if forward is None else node_op(forward)
    if forward is None or op is None:
        return _without_record(trace, step, names)
    seed, root = root_of(trace, names, step.index)
    node = _Node(trace, step, forward, op, names, seed, root, element, tensor)
    return node.explanation()


class _Node:
    """One Backward step with all that its lines need."""

    def __init__(
        self,
        trace: Trace,
        step: Backward,
        forward: Forward,
        op: Op,
        names: Names,
        seed: SeedGrad | None,
        root: Name,
        element: Index | None,
        tensor: int | None,
    ) -> None:
        self.trace, self.step, self.forward, self.op = trace, step, forward, op
        self.names, self.seed, self.root = names, seed, root
        self.outputs = [names.of(o.tensor, step.index) for o in forward.outputs]
        self.gradients = [partial(root, name) for name in self.outputs]
        self.edges: list[tuple[int, TensorValue, Outgoing]] = []
        for edge, out in enumerate(step.outgoing):
            value = input_of(forward, op, edge)
            if out is not None and value is not None:
                self.edges.append((edge, value, out))
        if any(value.tensor == tensor for _, value, _ in self.edges):
            self.chosen = [e for e in self.edges if e[1].tensor == tensor]
        else:
            self.chosen = self.edges
        self.element = element

    def explanation(self) -> Explanation:
        parts = [Part("incoming gradient", tuple(self.incoming()))]
        rules = [self.rule(edge, value) for edge, value, _ in self.edges]
        parts.append(Part("rule", tuple(line for line in rules if line is not None)))
        numbers: list[Equation] = []
        summed: list[Equation] = []
        met: list[Equation] = []
        for edge, value, out in self.chosen[: MOST_CHAINS * 4]:
            at = element_of(value.data, self.element)
            numbers += self.numbers(edge, value, out, at)
            summed += self.summed(value, out, at)
            met += self.met(value, out, at)
        parts.append(Part("numbers", tuple(numbers)))
        parts.append(Part("summed because of broadcasting", tuple(summed)))
        parts.append(Part("two paths meet", tuple(met)))
        parts.append(Part("chain rule", tuple(self.chains())))
        worked = self.chosen[0] if self.chosen else None
        return Explanation(
            f"Backward through {self.step.node.name}",
            self.what(),
            tuple(part for part in parts if part.lines),
            None if worked is None else self.worked(worked[1]),
            self.summary(),
        )

    def what(self) -> str:
        arrived = joined(self.gradients).text
        going = [self.names.of(value.tensor, self.step.index).text for _, value, _ in self.edges]
        words = f"The gradient {arrived} has arrived here, at the Node that {self.op.name} left"
        words += " in the graph. It is multiplied by the local derivative"
        words += f" and passed on to {listed(going)}." if going else "."
        return f"{words} {self.op.help}".strip()

    def incoming(self) -> list[Equation]:
        lines = []
        for name, grad in zip(self.gradients, self.step.incoming, strict=True):
            if grad is None:
                lines.append(sentence(f"{name.text} has not arrived: it counts as 0 here"))
            else:
                lines.append(is_value(name, grad))
        return lines

    def target(self, value: TensorValue) -> Name:
        return partial(self.root, self.names.of(value.tensor, self.step.index))

    def rule(self, edge: int, value: TensorValue) -> Equation | None:
        rule = vjp_of(self.op, edge)
        if rule is None:
            return None
        parts = operands(self.forward, self.names, self.step.index)
        parts["grad"] = joined(self.gradients)
        return equal(self.target(value), filled(rule.formula, parts))

    def numbers(self, edge: int, value: TensorValue, out: Outgoing, at: Index) -> list[Equation]:
        whole = out.grad if out.unreduced is None else out.unreduced
        recorded = whole[lifted(at, out.grad.shape, whole.shape)].item()
        left = self.part(value, at)
        if out.unreduced is not None:
            left = Name(f"{left.text} (one part)", left.tex + r"\text{ (one part)}")
        made = backward_working(
            self.forward,
            self.op,
            edge,
            self.step.incoming,
            self.gradients,
            at,
            recorded,
            self.names,
        )
        lines = []
        if made is not None:
            if made.kind != "leaf" and whole.size > 1:
                lines.append(working(left, made, recorded, names=True))
            lines.append(working(left, made, recorded))
        found = [line for line in lines if line is not None] or [is_value(left, recorded)]
        if 1 < out.grad.size <= SMALL_ARRAY and out.unreduced is None:
            found.append(is_value(self.target(value), out.grad))
        return found

    def part(self, value: TensorValue, at: Index) -> Name:
        name = self.names.of(value.tensor, self.step.index)
        return partial(self.root, named_element(name, value.data, at))

    def summed(self, value: TensorValue, out: Outgoing, at: Index) -> list[Equation]:
        if out.unreduced is None:
            return []
        shape, whole = out.grad.shape, out.unreduced
        lead = whole.ndim - len(shape)
        dims = [
            i
            for i in range(whole.ndim)
            if i < lead or (shape[i - lead] == 1 and whole.shape[i] != 1)
        ]
        name = self.names.of(value.tensor, self.step.index).text
        over = f"dim {dims[0]}" if len(dims) == 1 else f"dims {listed([str(d) for d in dims])}"
        first = lifted(at, shape, whole.shape)
        index = tuple(slice(None) if i in dims else k for i, k in enumerate(first))
        terms = whole[index].ravel()
        return [
            sentence(
                f"{name} {shape_words(shape)} was broadcast to {shape_words(whole.shape)}, "
                f"so its gradient is summed over {over}:"
            ),
            equal(self.part(value, at), plus(terms), out.grad[at].item()),
            *([is_value(self.target(value), out.grad)] if 1 < out.grad.size <= SMALL_ARRAY else []),
        ]

    def met(self, value: TensorValue, out: Outgoing, at: Index) -> list[Equation]:
        if out.before is None:
            return []
        terms = np.array([out.before[at], out.grad[at]])
        return [equal(self.part(value, at), plus(terms), out.after[at].item())]

    def chains(self) -> list[Equation]:
        lines: list[Equation] = []
        for edge, value, out in self.chosen[:MOST_CHAINS]:
            if self.seed is None:
                break
            at = element_of(value.data, self.element)
            found = chain(self.trace, self.seed, self.step.node.node, edge, value, at)
            # One factor alone repeats the rule above.
            if found is not None and (found.paths > 1 or len(found.ways[0].factors) > 1):
                left = self.part(value, at)
                total = out.grad[at].item()
                lines += chain_lines(found, left, total, self.names, self.step.index, self.seed)
        return lines

    def worked(self, value: TensorValue) -> Element:
        at = element_of(value.data, self.element)
        return Element(value.tensor, self.names.of(value.tensor, self.step.index).text, at)

    def summary(self) -> str:
        words = []
        for _, value, out in self.chosen:
            if out.grad.size > 1:
                name = self.target(value).text
                words.append(
                    f"{name} has shape {shape_words(out.grad.shape)}: "
                    f"{out.grad.size - 1} more {elements(out.grad.size - 1)} like the one above."
                )
        if any(edge is None for edge in self.step.outgoing):
            words.append("An input that requires no gradient gets none.")
        return " ".join(words)


def _without_record(trace: Trace, step: Backward, names: Names) -> Explanation:
    """A Node that is known by PyTorch's name and values only."""
    _, root = root_of(trace, names, step.index)
    lines: list[Equation] = []
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
        lines.append(is_value(partial(root, to or named(f"input_{number}")), out.grad))
    return Explanation(
        f"Backward through {step.node.name}",
        _IN_PLACE
        if step.node.name.endswith("CopySlices")
        else f"{step.node.name} passes the gradient on. No formula is known for this Node here; "
        "its numbers are PyTorch's own.",
        (Part("values", tuple(lines)),) if lines else (),
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
