"""Traces written by hand, a line per op, for tests that want no engine.

``Film`` computes nothing: values and gradients are given, or are ones of the right shape.
"""

from __future__ import annotations

import numpy as np

from backprop_tui.engines.base import Edge, NodeValue, Operand, Outgoing, TensorValue
from backprop_tui.trace.steps import (
    Accumulate,
    Backward,
    Bind,
    Forward,
    Named,
    SeedGrad,
    Span,
    Where,
)
from backprop_tui.trace.trace import Program, Trace


class Film:
    """Appends steps to ``trace``; tensors are TensorValues, spans point at a growing source."""

    def __init__(self) -> None:
        self.source: list[str] = []
        self.trace = Trace(Program("film.py", ""))
        self.nodes: dict[int, NodeValue] = {}
        self._tensors = 0

    def _where(self, text: str) -> Where:
        self.source.append(text)
        span = Span(len(self.source), 0, len(self.source), len(text))
        self.trace.program = Program("film.py", "\n".join(self.source))
        self.trace.add_source("", self.trace.program.source)
        return Where(span, span)

    def _add(self, kind, where, *values, **fields):
        self.trace.append(kind(len(self.trace), where, *values, **fields))

    def _value(self, data, node=None, requires_grad=True) -> TensorValue:
        self._tensors += 1
        return TensorValue(
            self._tensors,
            np.asarray(data, np.float32),
            "torch.float32",
            requires_grad,
            node is None,
            None if node is None else node.name,
            None if node is None else node.node,
        )

    def leaf(self, name, data, requires_grad=True) -> TensorValue:
        value = self._value(data, requires_grad=requires_grad)
        where = self._where(f"{name} = torch.tensor(…)")
        self._add(Bind, where, (Named(name, value),))
        return value

    def op(self, op, text, data, *inputs, name="", grad_fn=None, **attrs) -> TensorValue:
        tracked = [i for i in inputs if isinstance(i, TensorValue) and i.requires_grad]
        node = None
        if tracked:
            edges = tuple(
                Edge(i.node, 0) if i.node is not None else Edge(1000 + i.tensor, 0, i.tensor)
                for i in tracked
            )
            node = NodeValue(len(self.nodes) + 1, grad_fn or f"{op.title()}Backward0", 0, edges)
            self.nodes[node.node] = node
        value = self._value(data, node, bool(tracked))
        operands = tuple(Operand(f"in{i}", v) for i, v in enumerate(inputs))
        binds = (Named(name, value),) if name else ()
        where = self._where(text)
        self._add(Forward, where, op, operands, attrs, (value,), node, binds=binds)
        return value

    def backward(self, root, grads=None, statement="f.backward()") -> None:
        """Nodes in the reverse order of their making; ``grads``: tensor or node id → gradient."""
        where = self._where(statement)
        self._add(SeedGrad, where, root, np.ones_like(root.data))
        leaves = {}
        for node in sorted(self.nodes.values(), key=lambda n: -n.node):
            forward = self.trace.forward_of(node.node)
            incoming = np.asarray((grads or {}).get(forward.outputs[0].tensor, 1.0), np.float32)
            outgoing = []
            for edge in node.next_functions:
                grad = np.asarray(1.0, np.float32)
                outgoing.append(Outgoing(edge, grad, None, None, grad))
                if edge.variable is not None:
                    value = next(o.value for o in forward.inputs
                                 if isinstance(o.value, TensorValue)
                                 and o.value.tensor == edge.variable)  # fmt: skip
                    leaves[edge.variable] = value
            self._add(Backward, where, node, (incoming,), tuple(outgoing))
        for tensor, value in leaves.items():
            grad = np.asarray((grads or {}).get(tensor, 1.0), np.float32)
            node = NodeValue(1000 + tensor, "AccumulateGrad", 2**64 - 1, ())
            self._add(Accumulate, where, value, node, grad, None, grad)


def two_paths() -> Film:
    """f = u * v + u**2."""
    film = Film()
    u, v = film.leaf("u", 1.0), film.leaf("v", 2.0)
    product = film.op("mul", "u * v", 2.0, u, v)
    square = film.op("pow", "u**2", 1.0, u, exponent=2)
    f = film.op("add", "u * v + u**2", 3.0, product, square, name="f")
    film.backward(f, {u.tensor: 4.0})
    return film


def deep_net(layers: int) -> Film:
    """A chain of linear layers written out, ending in a mean."""
    film = Film()
    h = film.leaf("x", np.ones((4, 8)), requires_grad=False)
    for i in range(layers):
        w, b = film.leaf(f"w{i}", np.ones((8, 8))), film.leaf(f"b{i}", np.ones(8))
        z = film.op("mm", f"h @ w{i}", np.ones((4, 8)), h, w)
        a = film.op("add", f"h @ w{i} + b{i}", np.ones((4, 8)), z, b, name=f"z{i}")
        h = film.op("tanh", f"torch.tanh(z{i})", np.ones((4, 8)), a)
    film.backward(film.op("mean", "h.mean()", 0.5, h, name="loss"))
    return film
