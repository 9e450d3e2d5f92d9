"""From layers to lines: a port for every link, a track for every bend.

Between two layers lies a channel. A link leaves its upper port straight down, runs across on a
*track* of the channel if its lower port is elsewhere, and goes straight down again::

    ──┬──┬──       upper ports
      └──│───┐     track 0
      ┌──┘   │     track 1
    ──▼──────▼──   lower ports

No cell is shared but by two lines that cross, one across and one along.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from backprop_tui.view.layers import Layers, settle

Point = tuple[int, int]  # along, across


@dataclass(frozen=True, slots=True)
class Extent:
    """Where a node is: from ``along``, ``across`` on, ``depth`` and ``breadth`` cells."""

    along: int
    across: int
    depth: int
    breadth: int


@dataclass(frozen=True, slots=True)
class Routes:
    """A laid out graph: nodes, and for each link the corners of its way, port to port."""

    extents: list[Extent]
    ways: list[list[Point]]
    depth: int
    breadth: int


@dataclass(frozen=True, slots=True)
class _Run:
    """A line of a channel from its upper to its lower column; ``part`` > 0 after a detour."""

    segment: int
    upper: int
    lower: int
    part: int = 0

    @property
    def span(self) -> tuple[int, int]:
        return min(self.upper, self.lower), max(self.upper, self.lower)


def route(graph: Layers, depths: Sequence[int], frames: Sequence[int], spread: int) -> Routes:
    """Ports, tracks and corners.

    ``depths`` are the nodes' extents along; ``frames`` is 1 for a node whose corners must stay
    free of ports, else 0; tracks lie ``spread`` cells apart.
    """
    uppers, lowers = _ports(graph, frames)
    layer_of = {vertex: number for number, layer in enumerate(graph.layers) for vertex in layer}
    channels: list[list[int]] = [[] for _ in graph.layers]
    for number, segment in enumerate(graph.segments):
        channels[layer_of[segment.upper]].append(number)
    has_input = {segment.lower for segment in graph.segments}

    extents: list[Extent | None] = [None] * graph.nodes
    ways: dict[int, list[Point]] = {}
    along = 0
    breadth = max((x + s for x, s in zip(graph.left, graph.size, strict=True)), default=0)
    for number, layer in enumerate(graph.layers):
        nodes = [vertex for vertex in layer if vertex < graph.nodes]
        thickness = max((depths[node] for node in nodes), default=1)
        for node in nodes:
            # A leaf stands close to its consumer, a result close to its inputs.
            slack = 0 if node in has_input else thickness - depths[node]
            extents[node] = Extent(along + slack, graph.left[node], depths[node], graph.size[node])
        bottom = along + thickness
        runs = [_Run(s, uppers[s], lowers[s]) for s in channels[number]]
        tracks, runs = _tracks(runs)
        used = max(tracks.values(), default=-1) + 1
        for run in runs:
            segment = graph.segments[run.segment]
            way = ways.setdefault(segment.link, [])
            if not way:
                source = extents[segment.upper]
                assert source is not None
                way.append((source.along + source.depth - 1, run.upper))
            if run in tracks:
                row = bottom + tracks[run] * spread + spread - 1
                way += [(row, run.upper), (row, run.lower)]
            breadth = max(breadth, run.span[1] + 1)
        along = bottom + (
            max(2 * spread - 1, spread * used + spread - 1) if channels[number] else 0
        )
    for segment in graph.segments:
        if segment.lower < graph.nodes:
            target = extents[segment.lower]
            assert target is not None
            ways[segment.link].append((target.along, ways[segment.link][-1][1]))
    placed = [extent for extent in extents if extent is not None]
    return Routes(placed, [ways[link] for link in sorted(ways)], along, breadth)


def _ports(graph: Layers, frames: Sequence[int]) -> tuple[list[int], list[int]]:
    """The columns at which each segment leaves its upper and enters its lower vertex.

    Ports keep the order of the vertices they lead to. Where two vertices face each other, the
    ports do so too, and the line is straight.
    """
    at = {vertex: i for layer in graph.layers for i, vertex in enumerate(layer)}
    out: dict[int, list[int]] = {}
    into: dict[int, list[int]] = {}
    for number, segment in enumerate(graph.segments):
        out.setdefault(segment.upper, []).append(number)
        into.setdefault(segment.lower, []).append(number)
    for numbers in out.values():
        numbers.sort(key=lambda n: (at[graph.segments[n].lower], graph.segments[n].link))
    for numbers in into.values():
        numbers.sort(key=lambda n: (at[graph.segments[n].upper], graph.segments[n].link))

    def room(vertex: int) -> tuple[int, int]:
        corner = frames[vertex] if vertex < graph.nodes else 0
        return graph.left[vertex] + corner, graph.left[vertex] + graph.size[vertex] - 1 - corner

    count = len(graph.segments)
    uppers, lowers = [0] * count, [0] * count
    wants: list[float] = []
    for segment in graph.segments:
        low, high = room(segment.upper)
        facing = room(segment.lower)
        centre = (low + high) / 2
        shared = max(low, facing[0]), min(high, facing[1])
        wants.append(min(max(centre, shared[0]), shared[1]) if shared[0] <= shared[1] else centre)
    for vertex, numbers in out.items():
        _spread(numbers, wants, uppers, room(vertex))
    for vertex, numbers in into.items():
        _spread(numbers, uppers, lowers, room(vertex))
    back = []
    for number, segment in enumerate(graph.segments):
        low, high = room(segment.upper)
        back.append(lowers[number] if low <= lowers[number] <= high else uppers[number])
    for vertex, numbers in out.items():
        _spread(numbers, back, uppers, room(vertex))
    return uppers, lowers


def _spread(
    numbers: list[int], wants: Sequence[float], ports: list[int], room: tuple[int, int]
) -> None:
    """Set ``ports`` of ``numbers`` near ``wants``, in order, inside ``room``, apart if possible."""
    low, high = room
    last = len(numbers) - 1
    step = 2 if last * 2 <= high - low else 1
    settled = settle([wants[n] for n in numbers], [1.0] * len(numbers), [step] * last)
    for i, (number, x) in enumerate(zip(numbers, settled, strict=True)):
        ports[number] = min(max(int(x), low + i * step), high - (last - i) * step)


def _tracks(runs: list[_Run]) -> tuple[dict[_Run, int], list[_Run]]:
    """A track for each run that is not straight, and all runs, detours included, in order of way.

    Whoever leaves a column at its top must have turned off before another enters it from its
    track: that is the one hard rule (``must``). Among the rest, those that run to the right go
    rightmost first, those to the left leftmost first, which crosses no more lines than needed.
    """
    straight = [run for run in runs if run.upper == run.lower]
    waiting = [run for run in runs if run.upper != run.lower]
    waiting.sort(key=lambda r: (-r.upper if r.lower > r.upper else r.upper, r.segment))
    columns = {x for run in runs for x in run.span}
    tracks: dict[_Run, int] = {}
    while waiting:
        leaving = {run.upper: run for run in waiting}
        free = next((run for run in waiting if _may_turn(run, leaving, waiting)), None)
        if free is None:
            # A ring of runs each waiting for the next: one takes a detour over a free column.
            ring = waiting.pop(0)
            column = ring.span[0] + 1
            while column in columns:
                column += 1
            columns.add(column)
            waiting.insert(0, replace(ring, lower=column))
            waiting.append(replace(ring, upper=column, part=ring.part + 1))
            continue
        waiting.remove(free)
        low, high = free.span
        tracks[free] = 1 + max(
            (t for r, t in tracks.items() if r.span[0] <= high and r.span[1] >= low), default=-1
        )
    return tracks, sorted([*straight, *tracks], key=lambda run: (run.segment, run.part))


def _may_turn(run: _Run, leaving: dict[int, _Run], waiting: list[_Run]) -> bool:
    blocker = leaving.get(run.lower)
    if blocker is not None and blocker.segment != run.segment:
        return False
    # After a detour the parts of one run follow each other downwards.
    return not run.part or all(r.segment != run.segment or r.part >= run.part for r in waiting)
