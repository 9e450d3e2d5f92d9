"""A graph too large to read, folded: the modules that are not at work become one box each.

    x ─▶ [layer1] ─▶ [layer2] ─▶ conv1 ─▶ bn1 ─▶ relu ─▶ … ─▶ [layer4] ─▶ [fc] ─▶ loss
          23 ops       28 ops     └────── the module at work, as it is ──────┘

As much around the op at work is left as it is as can be read: the largest module that is small
enough. In an overview, where nothing is at work, all modules are folded that lie as deep as can be
read. What is no module's (or is one that is too large itself) is folded in stretches of ops. A
box stands for ops that ran one after another, so no folding ever makes a cycle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import isqrt

from backprop_tui.view.graph_model import Graph, Vertex, Work
from backprop_tui.view.layout import Link

#: A graph of up to so many boxes is drawn as it is; a larger one is folded to so many ops.
MOST_AS_IS, MOST_FOLDED = 96, 56
#: Longer rows of folded modules are drawn as one box, but for the one beside what is left as it is.
LONGEST_ROW = 3
#: Ops that are no module's are folded in stretches of at least so many.
STRETCH = 16

#: A module's path, cut at its dots.
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded graph; ``opened`` names the module that is left as it is ("": none)."""

    graph: Graph
    opened: str


@dataclass(frozen=True, slots=True)
class _Stretches:
    """Groups that are too many; ``unit`` numbers them for each op, and ``size`` of them are one
    stretch."""

    groups: list[object]
    unit: list[int]
    size: int

    def around(self, here: int | None) -> list[object]:
        """The groups of stretch ``here`` as they are, every other stretch as one."""
        return [
            group if number // self.size == here else ("stretch", number // self.size)
            for group, number in zip(self.groups, self.unit, strict=True)
        ]


class Folder:
    """Folds one graph around whatever is at work; each folding is made once."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._paths = [_path(vertex.module) for vertex in graph.vertices]
        #: ops in the order they ran, and each one's place in it
        self._order = sorted(
            (i for i, vertex in enumerate(graph.vertices) if vertex.made is not None),
            key=lambda i: graph.vertices[i].made or 0,
        )
        self._place = {vertex: place for place, vertex in enumerate(self._order)}
        self._consumers: list[list[int]] = [[] for _ in graph.vertices]
        for link in graph.links:
            self._consumers[link.source].append(link.target)
        self._steps = sorted(graph.work)
        self._known: dict[object, Folded] = {}
        self._ways: dict[Path, Folded | _Stretches] = {}

    def around(self, step: int | None) -> Folded:
        """The graph folded around what is at work in a step (None: before the first)."""
        if len(self.graph.vertices) <= MOST_AS_IS:
            return Folded(self.graph, "")
        at = self._at(step)
        inside = () if at is None else self._paths[at]
        way = self._ways.get(inside)
        if way is None:
            way = self._ways[inside] = self._way(inside)
        if isinstance(way, Folded):
            return way
        here = 0 if at is None else way.unit[self._place[at]] // way.size
        return self._folded(("stretch", inside, here), way.around(here), inside)

    def overview(self) -> Folded:
        """The graph folded around nothing: the deepest modules that are few enough."""
        groups: list[object] = list(self._order)
        if len(self.graph.vertices) <= MOST_AS_IS or len(groups) <= MOST_FOLDED:
            return Folded(self.graph, "")
        for depth in range(max(map(len, self._paths)), 0, -1):
            for open_ in (True, False):
                groups = self._levelled(depth, open_)
                if len(set(groups)) <= MOST_FOLDED:
                    return self._folded(("overview", depth, open_), groups, ())
        return self._folded("overview", _stretches(groups).around(None), ())

    def _way(self, inside: Path) -> Folded | _Stretches:
        """How to fold around an op of the module ``inside``."""
        groups: list[object] = list(self._order)
        for depth in range(1, len(inside) + 2):
            groups = self._modules(inside[:depth], whole=depth <= len(inside))
            if len(set(groups)) <= MOST_FOLDED:
                return self._folded((inside[:depth], depth), groups, inside[:depth])
        return _stretches(groups)

    def _at(self, step: int | None) -> int | None:
        """The op that is at work, or whose leaf is."""
        work = None if step is None else self.graph.work.get(step)
        for vertex in work.vertices if work else ():
            if vertex in self._place:
                return vertex
            return next((c for c in self._consumers[vertex] if c in self._place), None)
        return self._order[0] if self._order else None

    def _modules(self, opened: Path, whole: bool) -> list[object]:
        """For each op the group it is in: the module outside of ``opened``, numbered as often as
        it is entered; an op of ``opened`` is its own group, if ``whole`` also one of a module
        inside it."""
        groups: list[object] = []
        before: Path | None = None
        entered = 0
        for vertex in self._order:
            path = _folds_to(self._paths[vertex], opened, whole)
            if path is None:
                groups.append(vertex)
            else:
                entered += path != before
                groups.append((path, entered))
            before = path
        return _rows_joined(groups)

    def _levelled(self, depth: int, open_: bool) -> list[object]:
        """For each op the module it is in, no deeper than ``depth``, numbered as often as it is
        entered; an op of no module is its own group, if the whole model is ``open_`` also one that
        is in no module inside it."""
        groups: list[object] = []
        before: Path | None = None
        entered = 0
        for vertex in self._order:
            path = self._paths[vertex][:depth]
            entered += path != before
            groups.append((path, entered) if len(path) > open_ else vertex)
            before = path
        return groups

    def _folded(self, key: object, groups: Sequence[object], opened: Path) -> Folded:
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = Folded(self._fold(groups), ".".join(opened))
        return known

    def _fold(self, groups: Sequence[object]) -> Graph:
        members: dict[object, list[int]] = {}
        group_of: dict[int, object] = {}
        for vertex, group in zip(self._order, groups, strict=True):
            members.setdefault(group, []).append(vertex)
            group_of[vertex] = group
        for vertex in range(len(self.graph.vertices)):
            if vertex not in group_of:
                group_of[vertex] = self._leaf_group(vertex, group_of)
        vertices: list[Vertex] = []
        number: dict[object, int] = {}
        for vertex in range(len(self.graph.vertices)):
            group = group_of[vertex]
            if group not in number:
                number[group] = len(vertices)
                if isinstance(group, int):
                    vertices.append(self.graph.vertices[group])
                else:
                    vertices.append(self._box(group, members[group], group_of))
        links: dict[object, int] = {}
        link_of: dict[int, int] = {}
        folded: list[Link] = []
        for i, link in enumerate(self.graph.links):
            ends = group_of[link.source], group_of[link.target]
            if ends[0] == ends[1]:
                continue
            # Two links between the same two ops are two; between folded ones they are drawn once.
            key: object = ends if isinstance(ends[0], tuple) or isinstance(ends[1], tuple) else i
            if key not in links:
                links[key] = len(folded)
                folded.append(Link(number[ends[0]], number[ends[1]]))
            link_of[i] = links[key]
        work = {
            step: Work(
                one.style,
                tuple(dict.fromkeys(number[group_of[vertex]] for vertex in one.vertices)),
                tuple(dict.fromkeys(link_of[i] for i in one.links if i in link_of)),
            )
            for step, one in self.graph.work.items()
        }
        return Graph(tuple(vertices), tuple(folded), work, self.graph.retained)

    def _leaf_group(self, vertex: int, group_of: dict[int, object]) -> object:
        """A leaf that one folded box alone takes is inside it, unless it is the program's data;
        and a module's buffers are inside the op that takes them."""
        groups = {group_of[consumer] for consumer in self._consumers[vertex]}
        leaf = self.graph.vertices[vertex]
        if len(groups) != 1 or (leaf.label.isidentifier() and not leaf.wants_grad):
            return vertex
        (group,) = groups
        return vertex if leaf.wants_grad and isinstance(group, int) else group

    def _box(self, group: object, inside: list[int], group_of: dict[int, object]) -> Vertex:
        """The box of a group: its name, how many ops it holds, and what leaves it last."""
        leaving = [v for v in inside if any(group_of[c] != group for c in self._consumers[v])]
        last = self.graph.vertices[(leaving or inside)[-1]]
        assert isinstance(group, tuple)
        if group[0] == "stretch":
            first = self.graph.vertices[inside[0]]
            label = _from_to(*(v.op if v.kind == "node" else v.label for v in (first, last)))
        else:
            label = _from_to(*(short_path(".".join(path)) for path in group if path != group[1]))
        kind = "Nodes" if last.kind == "node" else "ops"
        if len(inside) == 1:
            kind = last.op or last.label
        return Vertex(
            "op",
            label,
            op=f"{len(inside)} {kind}" if len(inside) > 1 else kind,
            value=last.value,
            made=last.made,
            root=last.root,
            arrivals=last.arrivals,
            module=last.module,
        )


def short_path(path: str, longest: int = 20) -> str:
    """A module's path without the name of the whole model, and no longer than ``longest``."""
    name = path.partition(".")[2] or path
    while len(name) > longest and "." in name:
        name = name.partition(".")[2]
    return name


def _from_to(first: str, last: str = "") -> str:
    """``layers.0 … 3``: where a box begins and ends, what they share said once."""
    if not last or last == first:
        return first
    shared = first.rpartition(".")[0]
    return f"{first} … {last.removeprefix(shared + '.') if shared else last}"


def _path(module: str) -> Path:
    return tuple(module.split(".")) if module else ()


def _common(one: Path, other: Path) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def _folds_to(path: Path, opened: Path, whole: bool) -> Path | None:
    """The module that stands for one of path ``path``; None: it is not folded."""
    common = _common(path, opened)
    if common == len(path) or (whole and common == len(opened)):
        return None
    return path[: common + 1]


def _rows_joined(groups: list[object]) -> list[object]:
    """Long rows of folded modules as one group, but for the ends that touch what is not folded."""
    joined: list[object] = []
    for folded, row in groupby(groups, lambda group: isinstance(group, tuple)):
        inside = list(row)
        names = list(dict.fromkeys(inside))
        first, last = int(bool(joined)), len(names)
        # The last row has nothing after it.
        last -= len(joined) + len(inside) < len(groups)
        if folded and last - first > LONGEST_ROW - 1:
            many = names[first:last]
            assert isinstance(many[0], tuple)
            assert isinstance(many[-1], tuple)
            box = (*many[0], many[-1][0])
            inside = [box if group in many else group for group in inside]
        joined += inside
    return joined


def _stretches(groups: list[object]) -> _Stretches:
    units, unit = _numbered(groups)
    return _Stretches(groups, unit, max(STRETCH, isqrt(units)))


def _numbered(groups: Sequence[object]) -> tuple[int, list[int]]:
    """How many groups follow each other, and for each op the number of its group."""
    numbers: list[int] = []
    count = -1
    before: object = None
    for group in groups:
        count += group != before
        numbers.append(count)
        before = group
    return count + 1, numbers
