"""The computation graph of one backward pass as a Mermaid flowchart.

Boxes are operations with the autograd Node that each left behind and the name given to its
result; rounded boxes are the tensors it started from, the leaves that get a ``.grad`` with a
thick border. Arrows run the way of the forward pass; gradients take them backwards.

Only names and shapes are written, never values: two iterations whose drawings are the same text
have the same graph.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from backprop_tui.engines.base import TensorValue
from backprop_tui.trace.state import State
from backprop_tui.trace.steps import Forward
from backprop_tui.trace.trace import Trace
from backprop_tui.view.numbers import shape_text

#: More boxes than this are no drawing any more (Mermaid itself gives up at 500 arrows).
MOST_BOXES = 120


def escape(text: str) -> str:
    """``text`` for inside a quoted label: everything that Mermaid or HTML could read is coded."""
    return re.sub(r"[^\w .,()+=/·→∂²³ᵀ×−-]", lambda found: f"#{ord(found[0])};", text)


@dataclass(slots=True)
class Graph:
    """Boxes and arrows in drawing order; numbers are given in the order of the forward pass."""

    boxes: list[str] = field(default_factory=list)
    arrows: list[str] = field(default_factory=list)
    leaves: list[str] = field(default_factory=list)

    def mermaid(self) -> str:
        """The text of the diagram."""
        lines = ["flowchart TD", *self.boxes, *self.arrows]
        if self.leaves:
            lines += ["classDef leaf stroke-width:3px", f"class {','.join(self.leaves)} leaf"]
        return "\n    ".join(lines)


def graph(trace: Trace, roots: Iterable[TensorValue], state: State) -> Graph:
    """What the tensors ``roots`` were computed from, through every op that left a Node.

    ``state`` (at the beginning of backward) tells the names of the leaves.
    """
    return _Drawing(trace, state).draw(roots)


class _Drawing:
    def __init__(self, trace: Trace, state: State) -> None:
        self.trace = trace
        self.names = _names(state)
        self.graph = Graph()
        self.drawn: dict[int, str] = {}

    def draw(self, roots: Iterable[TensorValue]) -> Graph:
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
        return self.graph

    def _maker(self, value: TensorValue) -> Forward | None:
        return None if value.node is None else self.trace.forward_of(value.node)

    def _operation(self, step: Forward) -> None:
        assert step.node is not None
        sources = [
            self._source(operand.value)
            for operand in step.inputs
            if isinstance(operand.value, TensorValue)
        ]
        box = f"n{len(self.graph.boxes) + 1}"
        plain = [str(o.value) for o in step.inputs if not isinstance(o.value, TensorValue)]
        given = " ".join(named.name for named in step.binds) or self._named(step.outputs)
        shape = shape_text(step.outputs[0].data.shape)
        head = escape(step.op + (f"({', '.join(plain)})" if plain else ""))
        tail = escape(f"{given} {shape}" if given else shape)
        self.graph.boxes.append(f'{box}["{head}<br/>{escape(step.node.name)}<br/>{tail}"]')
        for source in sources:
            self.graph.arrows.append(f"{source} --> {box}")
        self.drawn[-step.node.node] = box

    def _source(self, value: TensorValue) -> str:
        """The box that ``value`` comes from; a leaf's is drawn when first met."""
        key = value.tensor if value.node is None else -value.node
        if key not in self.drawn:
            box = f"n{len(self.graph.boxes) + 1}"
            name = self.names.get(value.tensor) or self._expression(value.tensor)
            self.graph.boxes.append(
                f'{box}(["{escape(f"{name} {shape_text(value.data.shape)}".strip())}"])'
            )
            if value.requires_grad:
                self.graph.leaves.append(box)
            self.drawn[key] = box
        return self.drawn[key]

    def _expression(self, tensor: int) -> str:
        """A leaf without a name is called by the expression that made it."""
        step = self.trace.producer_of(tensor)
        return "" if step is None else self.trace.text(step.where.expression)

    def _named(self, outputs: tuple[TensorValue, ...]) -> str:
        return " ".join(self.names[v.tensor] for v in outputs if v.tensor in self.names)


def _names(state: State) -> dict[int, str]:
    """Tensor → the first name it was given that is no element of a container."""
    names: dict[int, str] = {}
    for named in sorted(state.names.values(), key=lambda named: named.kind == "element"):
        if isinstance(named.value, TensorValue):
            names.setdefault(named.value.tensor, named.name)
    return names
