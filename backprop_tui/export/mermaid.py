"""The computation graph of one backward pass as a Mermaid flowchart.

Boxes are operations with the autograd Node that each left behind and the name given to its
result; rounded boxes are the tensors it started from, the leaves that get a ``.grad`` with a
thick border. Arrows run the way of the forward pass; gradients take them backwards. A graph of more
boxes than can be read is folded as on the screen: a box with a double edge is a module.

Only names and shapes are written, never values: two iterations whose graphs are the same ``key``
have the same graph.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeGuard

from backprop_tui.engines.base import Scalar, TensorValue
from backprop_tui.explain.naming import names_of
from backprop_tui.trace.steps import Forward
from backprop_tui.trace.trace import Trace
from backprop_tui.view.graph_fold import Folder
from backprop_tui.view.graph_model import Graph, Vertex
from backprop_tui.view.layout import Link
from backprop_tui.view.numbers import shape_text

#: More boxes than this are no drawing any more (Mermaid itself gives up at 500 arrows).
MOST_BOXES = 120


def escape(text: str) -> str:
    """``text`` for inside a quoted label: everything that Mermaid or HTML could read is coded."""
    return re.sub(r"[^\w .,()+=/·→∂²³ᵀ×−-]", lambda found: f"#{ord(found[0])};", text)


@dataclass(frozen=True, slots=True)
class Flowchart:
    """A drawing's text and how many boxes it has, of which ``folded`` are modules; ``key`` is the
    text of the whole graph."""

    text: str
    boxes: int
    folded: int
    key: str

    @property
    def words(self) -> str:
        """How to read it."""
        words = (
            "The graph that the forward pass left behind. A box is an operation with its Node "
            "and its result; a thick round box is a leaf that gets a gradient."
        )
        if not self.folded:
            return words
        return (
            f"{words} It is folded: a box with a double edge holds the operations of a module, "
            "and the leaves that only they use."
        )


def flowchart(trace: Trace, roots: Iterable[TensorValue], at: int) -> Flowchart:
    """What the tensors ``roots`` were computed from, through every op that left a Node; named as
    they are at step ``at``."""
    reading = _Reading(trace, at)
    whole = reading.read(roots)
    drawn = Folder(whole).overview().graph
    known = {id(vertex) for vertex in whole.vertices}
    folded = sum(id(vertex) not in known for vertex in drawn.vertices)
    key = reading.spell(whole)
    text = key if drawn is whole else reading.spell(drawn)
    return Flowchart(text, len(drawn.vertices), folded, key)


class _Reading:
    """The graph, numbered in the order of the forward pass, and what its boxes say."""

    def __init__(self, trace: Trace, at: int) -> None:
        self.trace = trace
        self.at = at
        self.names = names_of(trace)
        self.vertices: list[Vertex] = []
        self.links: list[Link] = []
        #: by the identity of a vertex; a folded module has none
        self.boxes: dict[int, str] = {}
        self.read_from: dict[int, int] = {}

    def read(self, roots: Iterable[TensorValue]) -> Graph:
        """The graph that leads to ``roots``."""
        steps: dict[int, Forward] = {}
        found = [self._maker(root) for root in roots]
        while found:
            step = found.pop()
            if step is None or step.node is None or step.index in steps:
                continue
            steps[step.index] = step
            found += [
                self._maker(operand.value)
                for operand in step.inputs
                if isinstance(operand.value, TensorValue)
            ]
        for index in sorted(steps):
            self._operation(steps[index])
        return Graph(tuple(self.vertices), tuple(self.links), {}, False)

    def spell(self, graph: Graph) -> str:
        """A graph's text."""
        lines = ["flowchart TD"]
        leaves = []
        for number, vertex in enumerate(graph.vertices, 1):
            lines.append(f"n{number}{self.boxes.get(id(vertex)) or _module(vertex)}")
            if vertex.kind == "leaf" and vertex.wants_grad:
                leaves.append(f"n{number}")
        lines += [f"n{link.source + 1} --> n{link.target + 1}" for link in graph.links]
        if leaves:
            lines += ["classDef leaf stroke-width:3px", f"class {','.join(leaves)} leaf"]
        return "\n    ".join(lines)

    def _maker(self, value: TensorValue) -> Forward | None:
        return None if value.node is None else self.trace.forward_of(value.node)

    def _operation(self, step: Forward) -> None:
        assert step.node is not None
        sources = [
            self._source(operand.value)
            for operand in step.inputs
            if isinstance(operand.value, TensorValue)
        ]
        head = step.op + _arguments(step)
        name = self._named(step)
        tail = f"{name} {shape_text(step.outputs[0].data.shape)}".strip()
        label = "<br/>".join(map(escape, (head, step.node.name, tail)))
        vertex = Vertex(
            "op",
            name or step.op,
            op=step.op,
            value=step.outputs[0],
            made=step.index,
            node=step.node.node,
            module=step.where.module,
        )
        at = self._box(vertex, f'["{label}"]', -step.node.node)
        self.links += [Link(source, at) for source in sources]

    def _source(self, value: TensorValue) -> int:
        """The box that ``value`` comes from; a leaf's is drawn when first met."""
        key = value.tensor if value.node is None else -value.node
        if key in self.read_from:
            return self.read_from[key]
        name = self.names.of(value.tensor, self.at).text
        label = escape(f"{name} {shape_text(value.data.shape)}")
        return self._box(Vertex("leaf", name, value=value), f'(["{label}"])', key)

    def _box(self, vertex: Vertex, text: str, key: int) -> int:
        self.boxes[id(vertex)] = text
        self.read_from[key] = len(self.vertices)
        self.vertices.append(vertex)
        return len(self.vertices) - 1

    def _named(self, step: Forward) -> str:
        """The names the program gave the results; a value without one goes unnamed."""
        return " ".join(
            self.names.of(output.tensor, self.at).text
            for output in step.outputs
            if self.names.has_name(output.tensor, self.at)
        )


def _module(vertex: Vertex) -> str:
    """The box of a folded module: its name, how much is inside, what leaves it."""
    shape = "" if vertex.value is None else shape_text(vertex.value.data.shape)
    label = "<br/>".join(map(escape, filter(None, (vertex.label, vertex.op, shape))))
    return f'[["{label}"]]'


def _arguments(step: Forward) -> str:
    """The plain numbers an op was given: ``(exponent=2)``."""
    given = [(o.name, o.value) for o in step.inputs if not isinstance(o.value, TensorValue)]
    given += [(name, value) for name, value in step.attrs.items() if _is_plain(value)]
    return f"({', '.join(f'{name}={value}' for name, value in given)})" if given else ""


def _is_plain(value: object) -> TypeGuard[Scalar]:
    return isinstance(value, bool | int | float)
