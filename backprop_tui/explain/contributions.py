"""Where paths meet: in how many parts a tensor's gradient comes, and which have come.

    f = u * v + u**2          u is used twice, so two edges of the graph lead to it:
                              ∂f/∂u = 2 (via u**2) + 2 (via u * v) = 4

Each edge that leads to a tensor brings one contribution; the gradient is their sum. Until the last
has come, what is there is a part of the gradient and must not be called ∂f/∂u.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from backprop_tui.engines.base import Array, Edge
from backprop_tui.explain.walk import ran_in, walk_of
from backprop_tui.trace.steps import Backward, SeedGrad
from backprop_tui.trace.trace import Trace

#: (Node, which of its outputs): what an edge leads to.
Target = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Contribution:
    """What edge number ``edge`` of Node ``node`` brought; ``twin`` numbers it among the edges of
    this Node that lead to the same place (0: it is the only one)."""

    node: int
    edge: int
    grad: Array
    twin: int = 0


@dataclass(frozen=True, slots=True)
class Meeting:
    """The contributions to one tensor up to and including a step's edge, of how many."""

    arrived: tuple[Contribution, ...]
    total: int

    @property
    def missing(self) -> int:
        """How many are still to come."""
        return max(self.total - len(self.arrived), 0)


def meeting(trace: Trace, seed: int, step: Backward, edge: int) -> Meeting | None:
    """The contributions to what ``edge`` of this step leads to; None if it is the only one.

    ``seed`` is the index of the SeedGrad that this backward pass began with.
    """
    out = step.outgoing[edge]
    if out is None:
        return None
    target = _target(out.edge)
    sources = _sources(trace, seed).get(target, ())
    if not sources:
        return None
    arrived: list[Contribution] = []
    nodes = dict.fromkeys(node for node, _ in sources)
    ran = [one for node in nodes if (one := ran_in(trace, node, seed, step.index)) is not None]
    for other in sorted(ran, key=lambda one: one.index):
        edges = [
            position
            for position, one in enumerate(other.outgoing)
            if one is not None and _target(one.edge) == target
        ]
        for number, position in enumerate(edges, 1):
            if other.index == step.index and position > edge:
                break
            sent = other.outgoing[position]
            assert sent is not None
            twin = number if len(edges) > 1 else 0
            arrived.append(Contribution(other.node.node, position, sent.grad, twin))
    return Meeting(tuple(arrived), len(sources))


def incomplete(trace: Trace, seed: int, ran: Set[int]) -> frozenset[int]:
    """The tensors to which some, but not all contributions have come once the Nodes ``ran``."""
    found = set()
    for (node, output), sources in _sources(trace, seed).items():
        if 0 < sum(source in ran for source, _ in sources) < len(sources):
            variable = next((variable for _, variable in sources if variable is not None), None)
            step = trace.forward_of(node)
            if variable is not None:
                found.add(variable)
            elif step is not None and output < len(step.outputs):
                found.add(step.outputs[output].tensor)
    return frozenset(found)


def _target(edge: Edge) -> Target:
    return (edge.node, edge.index)


#: Target → for each of several edges that lead there its Node, and the leaf if it leads to one.
_Sources = dict[Target, list[tuple[int, int | None]]]
_CACHE: WeakKeyDictionary[Trace, tuple[int, _Sources]] = WeakKeyDictionary()


def _sources(trace: Trace, seed: int) -> _Sources:
    """Where paths meet in the graph that the backward pass from step ``seed`` walks."""
    known = _CACHE.get(trace)
    if known is not None and known[0] == seed:
        return known[1]
    found: _Sources = {}
    walk = walk_of(trace, tuple(_roots(trace, seed)))
    # Where the graph is too large to be searched, all gradients count as whole.
    for node in () if walk is None else walk.order:
        for edge in walk.edges[node] if walk is not None else ():
            if edge is not None:
                found.setdefault(_target(edge), []).append((node, edge.variable))
    found = {target: sources for target, sources in found.items() if len(sources) > 1}
    _CACHE[trace] = (seed, found)
    return found


def _roots(trace: Trace, seed: int) -> list[int]:
    """The Nodes backward begins at: several if it was called with several tensors."""
    roots = []
    for index in range(seed, -1, -1):
        step = trace[index]
        if not isinstance(step, SeedGrad):
            break
        if step.tensor.node is not None:
            roots.append(step.tensor.node)
    return roots
