"""The graph that a backward pass walks, read once: which Node leads where, and in how many ways.

f = u * v + u**2        order  Add, Pow, Mul, u, v        each Node before those it leads to
                        ways   1    1    1    2  1        in how many ways the root leads there
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from heapq import heappop, heappush
from weakref import WeakKeyDictionary

from backprop_tui.engines.base import Edge
from backprop_tui.trace.steps import Backward
from backprop_tui.trace.trace import Trace

#: Larger graphs are not searched at a key press.
MOST_NODES = 5_000
_KEPT = 4


@dataclass(slots=True)
class Walk:
    """The Nodes that some roots lead to. ``order`` holds those that an op of the trace made,
    ``edges`` their next_functions, ``ages`` their sequence numbers."""

    order: list[int] = field(default_factory=list)
    edges: dict[int, tuple[Edge | None, ...]] = field(default_factory=dict)
    ages: dict[int, int] = field(default_factory=dict)
    ways: dict[int, int] = field(default_factory=dict)
    _position: dict[int, int] = field(default_factory=dict)

    def ways_to(self, target: int) -> dict[int, int]:
        """Node → in how many ways it leads to ``target``, for the Nodes that do."""
        if not self._position:
            self._position = {node: i for i, node in enumerate(self.order)}
        counts = {target: 1}
        for node in reversed(self.order[: self._position.get(target, len(self.order))]):
            ways = 0
            for edge in self.edges[node]:
                if edge is not None:
                    ways += counts.get(edge.node, 0)
            if ways:
                counts[node] = ways
        return counts


def walk_of(trace: Trace, roots: tuple[int, ...]) -> Walk | None:
    """What the Nodes ``roots`` lead to; None if that is more than can be searched."""
    walks = _CACHE.setdefault(trace, OrderedDict())
    if roots not in walks:
        walks[roots] = _walk(trace, roots)
        if len(walks) > _KEPT:
            walks.popitem(last=False)
    walks.move_to_end(roots)
    return walks[roots]


def ran_in(trace: Trace, node: int, after: int, until: int) -> Backward | None:
    """The Backward step of a Node after step ``after``, up to ``until``; None if it did not run."""
    first = trace.backward_of(node)
    if first is None or first.index > until:
        return None
    if first.index > after:
        return first
    # A graph that was retained, walked once more.
    for index in range(after + 1, until + 1):
        step = trace[index]
        if isinstance(step, Backward) and step.node.node == node:
            return step
    return None


_CACHE: WeakKeyDictionary[Trace, OrderedDict[tuple[int, ...], Walk | None]] = WeakKeyDictionary()


def _walk(trace: Trace, roots: tuple[int, ...]) -> Walk | None:
    found = Walk()
    # A Node is younger than those its edges lead to, so highest sequence number first is a
    # topological order; AccumulateGrad has none and is never expanded.
    heap: list[tuple[int, int]] = []
    seen = set()

    def meet(node: int) -> None:
        if node not in seen:
            seen.add(node)
            step = trace.forward_of(node)
            if step is not None and step.node is not None:
                found.edges[node] = step.node.next_functions
                found.ages[node] = step.node.sequence_nr
                heappush(heap, (-step.node.sequence_nr, node))

    for root in roots:
        meet(root)
        found.ways[root] = found.ways.get(root, 0) + 1
    while heap:
        _, node = heappop(heap)
        found.order.append(node)
        if len(found.order) > MOST_NODES:
            return None
        for edge in found.edges[node]:
            if edge is not None:
                meet(edge.node)
                found.ways[edge.node] = found.ways.get(edge.node, 0) + found.ways[node]
    return found
