"""What a stretch of a trace is as a graph: vertices, links, and what is at work in each step.

Two graphs of the same steps, drawn the same way up, leaves first and the root last:

    computation    a vertex per leaf and per op     links: the way of the data
    autograd       a vertex per Node, as PyTorch    links: ``next_functions``, from the Node that
                   names it, and per AccumulateGrad  takes to the Node that gave

Both hold all steps of the stretch, those to come included, so that nothing moves while stepping.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from backprop_tui.engines.base import Array, Edge, NodeValue, Scalar, TensorValue
from backprop_tui.explain.naming import names_of, plain_op
from backprop_tui.ops.base import OPS
from backprop_tui.trace.steps import Accumulate, Backward, Forward, SeedGrad, Step, Update
from backprop_tui.trace.trace import Trace
from backprop_tui.view.layout import Link

Kind = Literal["leaf", "input", "op", "node", "accumulate"]

#: So many Nodes are followed from the roots.
MOST_NODES = 8192
#: A dotted name longer than this loses its beginning.
_LONGEST_NAME = 16
_DOTTED = re.compile(r"\w+(?:\.\w+)+(?:ᵀ|\(…\))?")
_SYMBOLS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**", "rsub": "-"}


@dataclass(slots=True)
class Vertex:
    """A box to be. ``made`` is the step that made it (None: it came from outside), ``tensor`` and
    ``value`` what it yields; ``node`` its Node in the autograd graph, ``module`` the path of the
    module that made it.

    ``arrivals`` are the gradients that reached it, by step; a leaf's ``.grad`` is not among them.
    """

    kind: Kind
    label: str
    op: str = ""
    value: TensorValue | None = None
    made: int | None = None
    node: int | None = None
    root: bool = False
    saves: bool = False
    module: str = ""
    arrivals: list[tuple[int, Array]] = field(default_factory=list)

    @property
    def tensor(self) -> int | None:
        """The tensor it stands for."""
        return None if self.value is None else self.value.tensor

    @property
    def wants_grad(self) -> bool:
        """Whether a gradient can reach it."""
        return self.value is None or self.value.requires_grad


@dataclass(frozen=True, slots=True)
class Work:
    """What is at work in one step: forwards ("active") or as gradients pass ("grad")."""

    style: str
    vertices: tuple[int, ...]
    links: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph, and ``work`` by step index; ``retained``: backward kept what Nodes had saved."""

    vertices: tuple[Vertex, ...]
    links: tuple[Link, ...]
    work: dict[int, Work]
    retained: bool


def computation_graph(trace: Trace, start: int, end: int) -> Graph:
    """The graph of the ops in steps ``start`` to ``end``: the root's ancestors if there is one."""
    names = names_of(trace)
    vertices: list[Vertex] = []
    links: list[Link] = []
    latest: dict[int, int] = {}  # tensor → the vertex that made it last
    roots: list[int] = []

    def outside(value: TensorValue) -> int:
        kind: Kind = "leaf" if value.is_leaf else "input"
        label = _tail(names.of(value.tensor, end - 1).text)
        vertices.append(Vertex(kind, label, value=value, node=value.node))
        return len(vertices) - 1

    for step in _steps(trace, start, end):
        if isinstance(step, Forward):
            operands = [o.value for o in step.inputs if isinstance(o.value, TensorValue)]
            for value in operands:
                if value.tensor not in latest:
                    latest[value.tensor] = outside(value)
            links += [Link(latest[value.tensor], len(vertices)) for value in operands]
            made = len(vertices)
            vertices.append(_op(trace, step, end))
            for output in (*step.outputs, *step.changed):
                # An alias changed in place belongs to this op only if autograd says so.
                if output in step.outputs or (step.node and output.node == step.node.node):
                    latest[output.tensor] = made
        elif isinstance(step, SeedGrad) and step.tensor.tensor in latest:
            roots.append(latest[step.tensor.tensor])
    for root in roots:
        vertices[root].root = True
    kept = _ancestors(roots, links) if roots else range(len(vertices))
    return _finish(trace, start, end, vertices, links, kept)


def autograd_graph(trace: Trace, start: int, end: int) -> Graph:
    """The graph of the Nodes that the roots of steps ``start`` to ``end`` lead to; without a root
    all Nodes made there."""
    names = names_of(trace)
    vertices: list[Vertex] = []
    links: list[Link] = []
    number: dict[tuple[str, int], int] = {}
    seeds = [s.tensor for s in _steps(trace, start, end) if isinstance(s, SeedGrad)]
    roots = [_made(trace, seed.node) for seed in seeds if seed.node is not None]
    waiting = [step for step in roots if step is not None] or [
        step for step in _steps(trace, start, end) if isinstance(step, Forward) and step.node
    ]
    found = sorted(_reachable(trace, waiting), key=lambda step: step.index)
    for step in found:
        assert step.node is not None
        number["node", step.node.node] = len(vertices)
        vertex = _op(trace, step, end)
        vertex.kind, vertex.op, vertex.label = "node", vertex.label, step.node.name
        vertex.root = any(step is root for root in roots)
        vertices.append(vertex)
    for step in found:
        assert step.node is not None
        this = number["node", step.node.node]
        for edge in _edges(step.node):
            key = ("variable", edge.variable) if edge.variable else ("node", edge.node)
            if key not in number:
                number[key] = len(vertices)
                vertices.append(_gradient_edge(edge, step, _tail(names.of(key[1], end - 1).text)))
            links.append(Link(number[key], this))
    return _finish(trace, start, end, vertices, links, range(len(vertices)))


def _steps(trace: Trace, start: int, end: int) -> Iterable[Step]:
    return (trace[index] for index in range(start, min(end, len(trace))))


def _made(trace: Trace, node: int | None) -> Forward | None:
    step = None if node is None else trace.forward_of(node)
    return step if step is not None and step.node is not None else None


def _edges(node: NodeValue) -> list[Edge]:
    return [edge for edge in node.next_functions if edge is not None]


def _reachable(trace: Trace, waiting: list[Forward]) -> list[Forward]:
    """The steps that made the Nodes to which these lead."""
    found: dict[int, Forward] = {}
    while waiting and len(found) < MOST_NODES:
        step = waiting.pop()
        if step.index not in found and step.node is not None:
            found[step.index] = step
            for edge in _edges(step.node):
                further = None if edge.variable else _made(trace, edge.node)
                if further is not None:
                    waiting.append(further)
    return list(found.values())


def _gradient_edge(edge: Edge, step: Forward, name: str) -> Vertex:
    """The far end of an edge that no op of the trace made: an AccumulateGrad, as a rule."""
    if not edge.variable:
        return Vertex("node", "Node", node=edge.node)
    inputs = (o.value for o in step.inputs if isinstance(o.value, TensorValue))
    value = next((value for value in inputs if value.tensor == edge.variable), None)
    return Vertex("accumulate", "AccumulateGrad", op=name, value=value, node=edge.node)


def _op(trace: Trace, step: Forward, end: int) -> Vertex:
    value = step.outputs[0] if step.outputs else None
    names = names_of(trace)
    label, named = "", False
    if value is not None:
        name = names.of(value.tensor, end - 1)
        named = names.has_name(value.tensor, end - 1)
        label = _tail((name if named else name.bare).text)
    op = OPS.get(step.op)
    rules = op.vjps.values() if op is not None else ()
    return Vertex(
        "op",
        label or plain_op(step.op),
        # Source text says the numbers itself, a name or "add₂" does not.
        op=_op_text(step) if named or label.startswith(plain_op(step.op)) else plain_op(step.op),
        value=value,
        made=step.index,
        node=None if step.node is None else step.node.node,
        saves=any(not name.endswith("_shape") for rule in rules for name in rule.saves),
        module=step.where.module,
    )


def _op_text(step: Forward) -> str:
    """The op with its Python numbers: ``mul``, ``* 2``, ``** 2``, ``2 -``."""
    numbers = [
        (i, o.value) for i, o in enumerate(step.inputs) if not isinstance(o.value, TensorValue)
    ]
    exponent = step.attrs.get("exponent")
    if isinstance(exponent, bool | int | float):
        numbers.append((1, exponent))
    symbol = _SYMBOLS.get(step.op)
    if symbol is None or len(numbers) != 1:
        return plain_op(step.op)
    place, number = numbers[0]
    before = step.op == "rsub" or (place == 0 and len(step.inputs) > 1)
    return f"{_number(number)} {symbol}" if before else f"{symbol} {_number(number)}"


def _tail(name: str) -> str:
    """A dotted name cut to the parts that tell it apart: ``model.encoder.0.weight``, 0.weight."""
    while len(name) > _LONGEST_NAME and _DOTTED.fullmatch(name):
        name = name.partition(".")[2]
    return name


def _number(number: Scalar) -> str:
    return f"{number:g}" if isinstance(number, float) else str(number)


def _ancestors(roots: Sequence[int], links: Sequence[Link]) -> list[int]:
    above: dict[int, list[int]] = {}
    for link in links:
        above.setdefault(link.target, []).append(link.source)
    seen: set[int] = set()
    waiting = list(roots)
    while waiting:
        vertex = waiting.pop()
        if vertex not in seen:
            seen.add(vertex)
            waiting += above.get(vertex, ())
    return sorted(seen)


def _finish(
    trace: Trace,
    start: int,
    end: int,
    vertices: list[Vertex],
    links: list[Link],
    kept: Iterable[int],
) -> Graph:
    """Drop what is not kept, and note for each step what it sets to work."""
    renumber = {old: new for new, old in enumerate(kept)}
    vertices = [vertices[old] for old in renumber]
    links = [
        Link(renumber[link.source], renumber[link.target])
        for link in links
        if link.target in renumber
    ]
    into: dict[int, list[int]] = {}
    for i, link in enumerate(links):
        into.setdefault(link.target, []).append(i)
    made = {vertex.made: i for i, vertex in enumerate(vertices) if vertex.made is not None}
    nodes: dict[int | None, int] = {
        v.node: i for i, v in enumerate(vertices) if v.made is not None and v.node is not None
    }
    leaves: dict[int | None, int] = {
        v.tensor: i for i, v in enumerate(vertices) if v.kind in ("leaf", "accumulate")
    }
    work: dict[int, Work] = {}
    retained = False
    for step in _steps(trace, start, end):
        at = step.index
        if isinstance(step, Forward):
            if at in made:
                work[at] = Work("active", (made[at],), tuple(into.get(made[at], ())))
            elif changed := tuple(leaves[c.tensor] for c in step.changed if c.tensor in leaves):
                work[at] = Work("active", changed)
        elif isinstance(step, SeedGrad):
            retained = "retain_graph=True" in trace.text(step.where.statement)
            root = nodes.get(step.tensor.node, leaves.get(step.tensor.tensor))
            if root is not None:
                vertices[root].arrivals.append((at, step.grad))
                work[at] = Work("grad", (root,))
        elif isinstance(step, Backward) and step.node.node in nodes:
            vertex = nodes[step.node.node]
            grad = next((grad for grad in step.incoming if grad is not None), None)
            if grad is not None:
                vertices[vertex].arrivals.append((at, grad))
            passed = {_key(out.edge) for out in step.outgoing if out is not None}
            lit = [i for i in into.get(vertex, ()) if _keys(vertices[links[i].source]) & passed]
            work[at] = Work("grad", (vertex,), tuple(lit))
        elif isinstance(step, Accumulate):
            target = leaves.get(step.tensor.tensor, nodes.get(step.tensor.node))
            if target is not None:
                work[at] = Work("grad", (target,))
        elif isinstance(step, Update) and step.before.tensor in leaves:
            work[at] = Work("active", (leaves[step.before.tensor],))
    return Graph(tuple(vertices), tuple(links), work, retained)


def _key(edge: Edge) -> tuple[str, int]:
    return ("variable", edge.variable) if edge.variable else ("node", edge.node)


def _keys(vertex: Vertex) -> set[tuple[str, int]]:
    """By what an edge may name a vertex."""
    keys = set()
    if vertex.node is not None:
        keys.add(("node", vertex.node))
    if vertex.kind in ("leaf", "accumulate") and vertex.tensor is not None:
        keys.add(("variable", vertex.tensor))
    return keys
