"""The Maths of backward: a Node's rule with its numbers, and the chain rule from the root."""

from __future__ import annotations

from backprop_tui.engines.base import Outgoing, TensorValue
from backprop_tui.explain.contributions import Contribution, Meeting, meeting
from backprop_tui.explain.formulas import formula_name
from backprop_tui.explain.gradients import (
    ENDS,
    briefly,
    chain_lines,
    element_of,
    elements,
    listed,
    plus,
    root_of,
    sum_of_ways,
    via,
)
from backprop_tui.explain.known import is_whole, kept, known
from backprop_tui.explain.meeting_point import chain_to
from backprop_tui.explain.naming import Name, Names, partial
from backprop_tui.explain.record import Element, Equation, Explanation, Part
from backprop_tui.explain.unknown import explain_without_record, over
from backprop_tui.explain.windows import winner_line
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
    brief_value,
    equal,
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
#: A longer rule is left out of the caption.
LONGEST_RULE = 60


def explain_backward(
    trace: Trace, step: Backward, names: Names, element: Index | None, tensor: int | None
) -> Explanation:
    """The Maths of one Node's turn in backward."""
    forward = trace.forward_of(step.node.node)
    op = None if forward is None else node_op(forward)
    if forward is None or op is None:
        return explain_without_record(trace, step, names)
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
        #: of those, the ones that can have a gradient: an index or a saved mean has none
        self.live = [
            i
            for i, (output, grad) in enumerate(zip(forward.outputs, step.incoming, strict=False))
            if grad is not None
            or (output.data.dtype.kind in "fc" and i < (op.differentiable or len(forward.outputs)))
        ]
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
        self.meetings: dict[int, Meeting | None] = {}

    def explanation(self) -> Explanation:
        parts = [Part("incoming gradient", tuple(self.incoming()))]
        rules = [self.rule(edge, value) for edge, value, _ in self.edges]
        parts.append(Part("rule", tuple(line for line in rules if line is not None)))
        numbers: list[Equation] = []
        summed: list[Equation] = []
        met: list[Equation] = []
        briefs: list[str] = []
        for edge, value, out in self.chosen[: MOST_CHAINS * 4]:
            if not value.data.size:
                continue
            at = element_of(value.data, self.element)
            worked = self.numbers(edge, value, out, at)
            sums, meets = self.summed(edge, value, out, at), self.met(edge, value, at)
            briefs.append(self.brief(edge, value, out, [*worked, *sums], meets))
            numbers += worked
            summed += sums
            met += meets
        parts.append(Part("numbers", tuple(numbers)))
        parts.append(Part("summed because of broadcasting", tuple(summed)))
        parts.append(Part("paths meet", tuple(met)))
        parts += [Part("chain rule", tuple(lines)) for lines in self.chains()]
        worked_on = self.chosen[0] if self.chosen else None
        return Explanation(
            f"Back through {self.step.node.name}",
            self.what(),
            tuple(part for part in parts if part.lines),
            None if worked_on is None else self.worked(worked_on[1]),
            self.summary(),
            ": " + "; ".join(briefs[:MOST_CHAINS]) + "." if briefs else ".",
        )

    def what(self) -> str:
        arrived = self.arrived().text
        going = list(dict.fromkeys(self.input_name(value).text for _, value, _ in self.edges))
        has = "has" if len(self.live) == 1 else "have"
        words = f"{arrived} {has} arrived at the Node that {self.op.name} left in the graph."
        if going:
            words += f" Times the local derivative, it goes on to {listed(going)}."
        tells = "gradient" in self.op.help or "derivative" in self.op.help
        return f"{words} {self.op.help}" if tells else words

    def brief(
        self,
        edge: int,
        value: TensorValue,
        out: Outgoing,
        worked: list[Equation],
        met: list[Equation],
    ) -> str:
        """What this edge brought, in a few words."""
        if met and met[0].latex and out.grad.size == 1:
            return "; ".join(line.text for line in met)
        if out.grad.size == 1 and worked:
            words = worked[-1].text
        else:
            rule = self.rule(edge, value)
            words = self.target(edge, value).text
            if rule is not None and len(rule.text) <= LONGEST_RULE and out.unreduced is None:
                words = rule.text
            words += f" = {brief_value(out.grad)}"
        return f"{words}, {met[-1].text}" if met else words

    def arrived(self) -> Name:
        """The gradients that arrive here, in a row."""
        return joined([self.gradients[i] for i in self.live])

    def incoming(self) -> list[Equation]:
        lines = []
        for i in self.live:
            name, grad = self.gradients[i], self.step.incoming[i]
            if grad is None:
                lines.append(sentence(f"{name.text} has not arrived: it counts as 0 here"))
            else:
                lines.append(is_value(name, grad))
        return lines

    def meeting(self, edge: int) -> Meeting | None:
        if edge not in self.meetings:
            seed = self.names.seed_before(self.step.index)
            self.meetings[edge] = (
                None if seed is None else meeting(self.trace, seed, self.step, edge)
            )
        return self.meetings[edge]

    def over(self, contribution: Contribution) -> Name:
        """What a contribution came over."""
        return over(self.trace, self.names, self.step.index, contribution)

    def named_after(self, edge: int, name: Name) -> Name:
        """A gradient's name; if this edge brings a part of it only, it is said over what."""
        met = self.meeting(edge)
        return name if met is None else via(name, self.over(met.arrived[-1]))

    def target(self, edge: int, value: TensorValue) -> Name:
        return self.named_after(edge, partial(self.root, self.input_name(value)))

    def input_name(self, value: TensorValue) -> Name:
        """What an input is called; one that the op changed is what it was before."""
        name = self.names.of(value.tensor, self.step.index)
        if all(value.tensor != output.tensor for output in self.forward.outputs):
            return name
        return Name(f"({name.text} before)", rf"({name.tex}\text{{ before}})")

    def rule(self, edge: int, value: TensorValue) -> Equation | None:
        rule = vjp_of(self.op, edge)
        if rule is None:
            return None
        parts = operands(self.forward, self.names, self.step.index)
        parts["grad"] = self.arrived()
        return equal(self.target(edge, value), formula_name(rule.formula, parts, self.forward))

    def numbers(self, edge: int, value: TensorValue, out: Outgoing, at: Index) -> list[Equation]:
        summed = _is_summed(out)
        whole = out.unreduced if out.unreduced is not None and summed else out.grad
        recorded = known(whole, lifted(at, out.grad.shape, whole.shape))
        left = self.named_after(edge, self.part(value, at))
        if recorded is None:
            return [sentence(f"{left.text} was not kept")]
        if summed:
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
        winner = winner_line(self.forward, value, self.names, at)
        if winner is not None:
            found.insert(0, winner)
        if 1 < out.grad.size <= SMALL_ARRAY and not summed:
            found.append(is_value(self.target(edge, value), out.grad))
        return found

    def part(self, value: TensorValue, at: Index) -> Name:
        return partial(self.root, named_element(self.input_name(value), value.data, at))

    def summed(self, edge: int, value: TensorValue, out: Outgoing, at: Index) -> list[Equation]:
        if out.unreduced is None or not _is_summed(out):
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
        left = self.named_after(edge, self.part(value, at))
        lines = [
            sentence(
                f"{name} {shape_words(shape)} was broadcast to {shape_words(whole.shape)}, "
                f"so its gradient is summed over {over}:",
                f"over {over}: {name} {shape_words(shape)} was broadcast to "
                f"{shape_words(whole.shape)}",
            )
        ]
        total = known(out.grad, at)
        if is_whole(whole) and total is not None:
            terms = kept(whole)[index].ravel()
            lines.append(briefly(*(equal(left, plus(terms, ends), total) for ends in (ENDS, 1))))
        elif total is not None:
            lines.append(is_value(left, total))
        if 1 < out.grad.size <= SMALL_ARRAY:
            lines.append(is_value(self.target(edge, value), out.grad))
        return lines

    def met(self, edge: int, value: TensorValue, at: Index) -> list[Equation]:
        """The contributions so far, and whether they are all."""
        met = self.meeting(edge)
        if met is None:
            return []
        name = self.names.of(value.tensor, self.step.index).text
        terms = [(known(one.grad, at), self.over(one)) for one in met.arrived]
        if any(term is None for term, _ in terms):
            terms = []
        total = sum(term for term, _ in terms)
        left = self.part(value, at)
        if met.missing:
            left = Name(f"{left.text} so far", left.tex + r"\text{ so far}")
        lines = [equal(left, sum_of_ways(terms), total)] if len(terms) > 1 else []
        if met.missing:
            come = "is" if met.missing == 1 else "are"
            words = f"one of {met.total} paths to {name}: {met.missing} {come} still to come"
            lines.append(sentence(words))
        return lines

    def chains(self) -> list[list[Equation]]:
        """The chain rule to each of the inputs."""
        chains: list[list[Equation]] = []
        for edge, value, out in self.chosen[:MOST_CHAINS]:
            if self.seed is None:
                break
            at = element_of(value.data, self.element)
            found = chain_to(self.trace, self.seed, self.step, edge, at, self.names)
            # One factor alone repeats the rule above.
            if found is not None and (found.paths > 1 or len(found.ways[0].factors) > 1):
                left = self.named_after(edge, self.part(value, at))
                total = known(out.grad, at)
                total = found.ways[0].contribution if total is None else total
                at_now = self.step.index
                chains.append(chain_lines(found, left, total, self.names, at_now, self.seed))
        return chains

    def worked(self, value: TensorValue) -> Element:
        at = element_of(value.data, self.element)
        return Element(value.tensor, self.names.of(value.tensor, self.step.index).text, at)

    def summary(self) -> str:
        words = []
        for edge, value, out in self.chosen:
            if out.grad.size > 1:
                name = self.target(edge, value).text
                words.append(
                    f"{name} has shape {shape_words(out.grad.shape)}: "
                    f"{out.grad.size - 1} more {elements(out.grad.size - 1)} like the one above."
                )
        without = [
            self.names.of(unwanted.tensor, self.step.index).text
            for edge, out in enumerate(self.step.outgoing)
            if out is None and (unwanted := input_of(self.forward, self.op, edge)) is not None
        ]
        if without:
            verb = "requires no gradient and gets" if len(without) == 1 else "require and get"
            words.append(f"{listed(without)} {verb} none.")
        return " ".join(words)


def _is_summed(out: Outgoing) -> bool:
    """Whether broadcasting made more than one number of one."""
    return out.unreduced is not None and out.unreduced.size > out.grad.size
