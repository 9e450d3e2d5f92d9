"""The layers of a layered drawing: which layer, in which order, how far across.

Vertices are numbers: the nodes of the graph, and after them one *bend* for every layer that a link
passes on its way. ``Layers`` is what routing starts from.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor

_ORDER_SWEEPS = 12
_PLACE_SWEEPS = 12
#: How strongly a vertex wants to be beside its neighbours: a long link straight before all, then
#: boxes near theirs; leaves and whoever has no neighbour on the side looked at give way. So
#: results stand below results, and leaves beside that spine.
_BEND, _BOX, _LEAF, _FREE = 8.0, 1.0, 0.01, 0.001


@dataclass(frozen=True, slots=True)
class Segment:
    """The part of a link between two neighbouring layers."""

    upper: int
    lower: int
    link: int


@dataclass(frozen=True, slots=True)
class Layers:
    """Vertices layer by layer, left to right; ``left`` and ``size`` are their extent across."""

    layers: list[list[int]]
    segments: list[Segment]
    left: list[int]
    size: list[int]
    nodes: int


def ranks(count: int, links: Sequence[tuple[int, int]]) -> list[int]:
    """The layer of each node: as early as its inputs allow, then as late as its consumers allow.

    So a leaf stands beside the operation that takes it, and a result that nobody takes stands
    right after its inputs. Raises ValueError for a cycle.
    """
    after: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for source, target in links:
        after[source].append(target)
        waiting[target] += 1
    sorted_ = [node for node in range(count) if not waiting[node]]
    rank = [0] * count
    for node in sorted_:
        for target in after[node]:
            rank[target] = max(rank[target], rank[node] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                sorted_.append(target)
    if len(sorted_) < count:
        raise ValueError("the graph has a cycle")
    for node in reversed(sorted_):
        if after[node]:
            rank[node] = min(rank[target] for target in after[node]) - 1
    first = min(rank, default=0)
    return [r - first for r in rank]


def arrange(
    sizes: Sequence[int], links: Sequence[tuple[int, int]], box_gap: int, line_gap: int
) -> Layers:
    """The layers of one connected graph whose nodes take ``sizes`` cells across."""
    count = len(sizes)
    size = list(sizes)
    rank = ranks(count, links)
    segments: list[Segment] = []
    for link, (source, target) in enumerate(links):
        upper = source
        for layer in range(rank[source] + 1, rank[target]):
            size.append(1)
            rank.append(layer)
            segments.append(Segment(upper, len(size) - 1, link))
            upper = len(size) - 1
        segments.append(Segment(upper, target, link))
    above: list[list[int]] = [[] for _ in size]
    below: list[list[int]] = [[] for _ in size]
    for segment in segments:
        above[segment.lower].append(segment.upper)
        below[segment.upper].append(segment.lower)
    layers: list[list[int]] = [[] for _ in range(max(rank, default=-1) + 1)]
    for vertex in _operands_first(above, below):
        layers[rank[vertex]].append(vertex)
    layers = _untangle(layers, above, below)
    left = _place(layers, size, above, below, count, box_gap, line_gap)
    return Layers(layers, segments, left, size, count)


def _operands_first(above: list[list[int]], below: list[list[int]]) -> list[int]:
    """Depth first from the results up, so that a left operand comes before a right one."""
    seen = [False] * len(above)
    order: list[int] = []
    stack = [vertex for vertex in reversed(range(len(above))) if not below[vertex]]
    while stack:
        vertex = stack.pop()
        if not seen[vertex]:
            seen[vertex] = True
            order.append(vertex)
            stack.extend(reversed(above[vertex]))
    return order


def _untangle(
    layers: list[list[int]], above: list[list[int]], below: list[list[int]]
) -> list[list[int]]:
    """The order with the fewest crossings that sweeps of barycentres come by."""
    at = [0] * len(above)
    for layer in layers:
        for i, vertex in enumerate(layer):
            at[vertex] = i
    best, fewest = [list(layer) for layer in layers], _crossings(layers, below, at)
    for sweep in range(_ORDER_SWEEPS):
        if not fewest:
            break
        near = below if sweep % 2 else above
        for layer in reversed(layers) if sweep % 2 else layers:
            centre = {v: sum(at[n] for n in near[v]) / len(near[v]) for v in layer if near[v]}
            moved = iter(sorted(centre, key=centre.__getitem__))
            # Who has no neighbour on this side keeps its place.
            layer[:] = [next(moved) if vertex in centre else vertex for vertex in layer]
            for i, vertex in enumerate(layer):
                at[vertex] = i
        count = _crossings(layers, below, at)
        if count < fewest:
            best, fewest = [list(layer) for layer in layers], count
    return best


def _crossings(layers: list[list[int]], below: list[list[int]], at: list[int]) -> int:
    """How many pairs of links cross: the inversions of their lower ends, layer by layer."""
    total = 0
    for layer in layers:
        met: list[int] = []
        for vertex in layer:
            for lower in sorted(at[n] for n in below[vertex]):
                total += len(met) - bisect_right(met, lower)
                insort(met, lower)
    return total


def _place(
    layers: list[list[int]],
    size: list[int],
    above: list[list[int]],
    below: list[list[int]],
    nodes: int,
    box_gap: int,
    line_gap: int,
) -> list[int]:
    """The left end of every vertex: sweeps in which each layer settles near its neighbours."""
    middle = [(s - 1) / 2 for s in size]
    left = [0.0] * len(size)
    steps = []
    for layer in layers:
        step = [
            size[a] + (box_gap if a < nodes and b < nodes else line_gap) for a, b in pairwise(layer)
        ]
        steps.append(step)
        for (a, b), distance in zip(pairwise(layer), step, strict=True):
            left[b] = left[a] + distance
    pull = [_BEND if v >= nodes else _BOX if above[v] else _LEAF for v in range(len(size))]
    rows = list(zip(layers, steps, strict=True))
    for sweep in range(_PLACE_SWEEPS):
        near = above if sweep % 2 else below
        for layer, step in rows if sweep % 2 else reversed(rows):
            wants, weights = [], []
            for vertex in layer:
                mates = near[vertex]
                if mates:
                    moment = sum(pull[m] * (left[m] + middle[m]) for m in mates)
                    wants.append(moment / sum(pull[m] for m in mates) - middle[vertex])
                    weights.append(pull[vertex])
                else:
                    wants.append(left[vertex])
                    weights.append(_FREE)
            for vertex, x in zip(layer, settle(wants, weights, step), strict=True):
                left[vertex] = x
    # Whole cells: the steps are whole, so rounding everything down alike keeps them.
    cells = [floor(x + 0.5) for x in left]
    first = min(cells, default=0)
    return [x - first for x in cells]


def settle(wants: Sequence[float], weights: Sequence[float], steps: Sequence[int]) -> list[float]:
    """The positions nearest to ``wants`` (weighted least squares) with ``steps`` in between.

    Without the steps this is isotonic regression, and pooling neighbours that violate the order
    solves it exactly. ``steps`` has one element fewer than ``wants``.
    """
    offset, offsets = 0.0, []
    for step in (0, *steps):
        offset += step
        offsets.append(offset)
    pools: list[tuple[float, float, int]] = []  # weight, weighted sum, members
    for want, weight, shift in zip(wants, weights, offsets, strict=False):
        total, moment, members = weight, weight * (want - shift), 1
        while pools and pools[-1][1] / pools[-1][0] > moment / total:
            before = pools.pop()
            total, moment, members = total + before[0], moment + before[1], members + before[2]
        pools.append((total, moment, members))
    settled = [moment / total for total, moment, members in pools for _ in range(members)]
    return [x + shift for x, shift in zip(settled, offsets, strict=False)]
