"""A graph as terminal cells: our own layered layout.

    layout(boxes, links, "down")            the stages, after Sugiyama:

    ┌───┐ ┌───┐     1 rank     every link leads from one layer to a later one; a box stands as late
    │ u │ │ v │                as its consumers allow, so operands are beside their operation
    └┬─┬┘ └─┬─┘     2 order    links that pass a layer get a place in it; sweeps of barycentres
     │ │ ┌──┘                  lower the number of crossings              (view.layers)
    ┌▼─▼─▼┐         3 place    least squares: near the neighbours, in order, never overlapping
    │  f  │         4 route    a port per link, a track per bend          (view.routing)
    └─────┘         5 paint    cells, and to whom each belongs            (view.canvas)

A layout to the right is the same one, transposed: the stages speak of *across* (within a layer)
and *along* (from layer to layer). Nothing here is random, nothing depends on hashing: the same
graph gives the same drawing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from backprop_tui.view.canvas import Drawing, Owner, Rect, paint
from backprop_tui.view.layers import arrange
from backprop_tui.view.routing import Point, Routes, route

Direction = Literal["down", "right"]

__all__ = ["Box", "Direction", "Drawing", "Link", "Owner", "Rect", "layout"]


@dataclass(frozen=True, slots=True)
class Box:
    """A node of ``width`` by ``height`` cells, the frame included if it has one."""

    width: int
    height: int
    framed: bool = True


@dataclass(frozen=True, slots=True)
class Link:
    """An edge between two nodes, named by their positions; several may join the same two."""

    source: int
    target: int


@dataclass(frozen=True, slots=True)
class _Spacing:
    """Cells between boxes, between lines (and line and box), and between tracks."""

    box: int
    line: int
    track: int
    port: int


#: A cell is twice as high as wide: columns are cheaper than rows.
_SPACING = {"down": _Spacing(2, 1, 1, 2), "right": _Spacing(0, 0, 2, 1)}


def layout(
    nodes: Sequence[Box],
    edges: Sequence[Link],
    direction: Direction = "down",
    *,
    across: int | None = None,
    backwards: bool = False,
    ascii: bool = False,  # noqa: A002
) -> Drawing:
    """The drawing of an acyclic graph.

    Boxes grow where their links need more room on the frame. Parts that are not connected stand
    side by side; a new shelf begins where they would exceed ``across`` cells. Arrows point at the
    target, or at the source if ``backwards``. Raises ValueError for a cycle or an unknown node.
    """
    return _layout(tuple(nodes), tuple(edges), direction, across, backwards, ascii)


@lru_cache(maxsize=64)
def _layout(
    nodes: tuple[Box, ...],
    edges: tuple[Link, ...],
    direction: Direction,
    across: int | None,
    backwards: bool,
    ascii: bool,  # noqa: A002
) -> Drawing:
    right = direction == "right"
    boxes: list[Rect | None] = [None] * len(nodes)
    ways: list[list[Point]] = [[] for _ in edges]
    shelf = start = reach = 0
    for part in _parts(len(nodes), edges):
        numbers = {node: i for i, node in enumerate(part)}
        joins = [i for i, edge in enumerate(edges) if edge.source in numbers]
        routes = _routes(
            [nodes[node] for node in part],
            [(numbers[edges[i].source], numbers[edges[i].target]) for i in joins],
            direction,
        )
        if start and across is not None and start + routes.breadth > across:
            shelf, start = reach, 0
        for node, extent in zip(part, routes.extents, strict=True):
            along, over = extent.along + shelf, extent.across + start
            boxes[node] = (
                Rect(over, along, extent.breadth, extent.depth)
                if right
                else Rect(along, over, extent.depth, extent.breadth)
            )
        for i, way in zip(joins, routes.ways, strict=True):
            moved = [(along + shelf, over + start) for along, over in way]
            ways[i] = [(over, along) for along, over in moved] if right else moved
        start += routes.breadth + max(1, _SPACING[direction].box)
        reach = max(reach, shelf + routes.depth + 1)
    placed = [box for box in boxes if box is not None]
    return paint(placed, [node.framed for node in nodes], ways, backwards, ascii)


def _parts(count: int, edges: Sequence[Link]) -> list[list[int]]:
    """The connected parts, each in the order of its nodes, by their first nodes."""
    root = list(range(count))

    def find(node: int) -> int:
        while root[node] != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    for edge in edges:
        if not (0 <= edge.source < count and 0 <= edge.target < count):
            raise ValueError(f"{edge} names a node that is not among {count}")
        a, b = find(edge.source), find(edge.target)
        root[max(a, b)] = min(a, b)
    parts: dict[int, list[int]] = {}
    for node in range(count):
        parts.setdefault(find(node), []).append(node)
    return list(parts.values())


def _routes(nodes: list[Box], links: list[tuple[int, int]], direction: Direction) -> Routes:
    """One connected part, in terms of along and across."""
    spacing = _SPACING[direction]
    out, into = [0] * len(nodes), [0] * len(nodes)
    for source, target in links:
        out[source] += 1
        into[target] += 1
    sizes, depths, frames = [], [], []
    for node, ports in zip(nodes, map(max, out, into), strict=True):
        frame = 1 if node.framed else 0
        size, depth = node.width, node.height
        if direction == "right":
            size, depth = depth, size
        needed = (ports - 1) * spacing.port + 1 if ports else 0
        sizes.append(max(size, needed + 2 * frame, 1 + 2 * frame))
        depths.append(max(depth, 1 + 2 * frame))
        frames.append(frame)
    graph = arrange(sizes, links, spacing.box, spacing.line)
    return route(graph, depths, frames, spacing.track)
