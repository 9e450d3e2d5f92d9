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
from typing import TypeGuard

from backprop_tui.engines.base import Scalar, TensorValue
from backprop_tui.explain.naming import names_of
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


def graph(trace: Trace, roots: Iterable[TensorValue], at: int) -> Graph:
    """What the tensors ``roots`` were computed from, through every op that left a Node; named as
    they are at step ``at``."""
    return _Drawing(trace, at).draw(roots)


class _Drawing:
    def __init__(self, trace: Trace, at: int) -> None:
        self.trace = trace
        self.at = at
        self.names = names_of(trace)
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
        head = step.op + _arguments(step)
        tail = f"{self._named(step)} {shape_text(step.outputs[0].data.shape)}".strip()
        label = "<br/>".join(map(escape, (head, step.node.name, tail)))
        self.graph.boxes.append(f'{box}["{label}"]')
        for source in sources:
            self.graph.arrows.append(f"{source} --> {box}")
        self.drawn[-step.node.node] = box

    def _source(self, value: TensorValue) -> str:
        """The box that ``value`` comes from; a leaf's is drawn when first met."""
        key = value.tensor if value.node is None else -value.node
        if key not in self.drawn:
            box = f"n{len(self.graph.boxes) + 1}"
            label = f"{self.names.of(value.tensor, self.at).text} {shape_text(value.data.shape)}"
            self.graph.boxes.append(f'{box}(["{escape(label)}"])')
            if value.requires_grad:
                self.graph.leaves.append(box)
            self.drawn[key] = box
        return self.drawn[key]

    def _named(self, step: Forward) -> str:
        """The names the program gave the results; a value without one goes unnamed."""
        return " ".join(
            self.names.of(output.tensor, self.at).text
            for output in step.outputs
            if self.names.has_name(output.tensor, self.at)
        )


def _arguments(step: Forward) -> str:
    """The plain numbers an op was given: ``(exponent=2)``."""
    given = [(o.name, o.value) for o in step.inputs if not isinstance(o.value, TensorValue)]
    given += [(name, value) for name, value in step.attrs.items() if _is_plain(value)]
    return f"({', '.join(f'{name}={value}' for name, value in given)})" if given else ""


def _is_plain(value: object) -> TypeGuard[Scalar]:
    return isinstance(value, bool | int | float)
