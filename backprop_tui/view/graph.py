"""The Graph pane: the graph of the current iteration, lit as values and gradients pass.

    ┌───────┐   ┌───────┐
    │ u     │   │ v     │     a leaf: its name, its value, its .grad
    │ 1.0   │   │ 2.0   │
    └┬─────┬┘   └───┬───┘     what runs in this step is drawn with heavy lines, and so is the
     │     └───┐    │         edge along which a value or a gradient moves in it
    ┌▼────┐ ┌──▼────▼───┐
    …       │ u * v     │     an op: what it makes, by name or by its source text
            │ mul → 2.0 │     the op and its value, once it ran
            │ ∂ 1.0     │     the gradient that reached it, once it did
            └───────────┘

A *scene* is a graph laid out for a pane's size: made once per iteration (of a folded graph: once
per module at work), drawn as roomy as fits. A step only changes some boxes of it, and only their
rows are written again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from weakref import WeakKeyDictionary

from backprop_tui.trace import state
from backprop_tui.trace.steps import Step
from backprop_tui.trace.trace import Trace
from backprop_tui.view.canvas import Rect
from backprop_tui.view.graph_boxes import BARE, Format, Look, look, size_of
from backprop_tui.view.graph_fold import Folder, short_path
from backprop_tui.view.graph_model import Graph, autograd_graph, computation_graph
from backprop_tui.view.graph_paint import Painter
from backprop_tui.view.layout import Direction, Drawing, layout
from backprop_tui.view.types import Pane, Run

_SCENES_KEPT, _GRAPHS_KEPT = 64, 4
#: Of an iteration of more steps a part is drawn: reading all of it would be felt.
MOST_STEPS = 8192
_FORMATS: tuple[tuple[Format, Direction], ...] = (
    ("roomy", "down"),
    ("roomy", "right"),
    ("snug", "down"),
    ("snug", "right"),
    ("stacked", "down"),
    ("compact", "down"),
)
#: A folded graph is laid out again and again, and fits no pane anyway.
_FORMATS_OF_A_PART: tuple[tuple[Format, Direction], ...] = (("snug", "down"), ("stacked", "down"))


def graph_pane(
    trace: Trace,
    index: int,
    start: int,
    end: int,
    width: int,
    height: int,
    autograd: bool,
    selected: int | None = None,
    ascii: bool = False,  # noqa: A002
) -> Pane:
    """The graph of steps ``start`` to ``end`` as it is at step ``index``.

    ``autograd`` shows PyTorch's Nodes instead of the computation. The drawing may be larger than
    ``width`` by ``height``; ``focus`` is at what is at work. ``selected`` is a tensor id.
    """
    title = "Autograd graph" if autograd else "Graph"
    if end - start > MOST_STEPS:
        start += (index - start) // MOST_STEPS * MOST_STEPS
        end = min(end, start + MOST_STEPS)
    whole = _whole(trace, start, end, autograd)
    folded = whole.folder.around(whole.at_work(index))
    if not folded.graph.vertices:
        return Pane(title, ((Run("no operation yet", "muted"),),))
    if folded.opened:
        title = f"{title} · {short_path(folded.opened)}"
    scene = whole.scene(folded.graph, (width, height), autograd, ascii)
    return scene.pane(title, trace, index, selected)


class _Whole:
    """The graph of an iteration, and the scenes made of it."""

    def __init__(self, graph: Graph, last: Step | None) -> None:
        self.last = last
        self.folder = Folder(graph)
        self._steps = sorted(graph.work)
        self._scenes: OrderedDict[tuple[object, ...], _Scene] = OrderedDict()

    def at_work(self, index: int) -> int | None:
        """The step at ``index`` or the last before it in which something is at work."""
        place = bisect_right(self._steps, index)
        return self._steps[place - 1] if place else None

    def scene(
        self,
        graph: Graph,
        size: tuple[int, int],
        autograd: bool,
        ascii: bool,  # noqa: A002
    ) -> _Scene:
        """The scene of a (folded) graph for a pane's size, from those kept if it is there."""
        key = (id(graph), size, ascii)
        scene = self._scenes.pop(key, None)
        if scene is None:
            scene = _Scene(graph, graph is self.folder.graph, size, autograd, ascii)
        self._scenes[key] = scene
        if len(self._scenes) > _SCENES_KEPT:
            self._scenes.popitem(last=False)
        return scene


class _Scene:
    """A graph laid out, and how it looked last."""

    def __init__(
        self,
        graph: Graph,
        whole: bool,
        size: tuple[int, int],
        autograd: bool,
        ascii: bool,  # noqa: A002
    ) -> None:
        self.graph = graph
        formats = _FORMATS if whole else _FORMATS_OF_A_PART
        self.format, drawing = _roomiest(graph, formats, size, autograd, ascii)
        self.painter = Painter(drawing, self.format in BARE, ascii)
        self._steps = sorted(graph.work)

    def pane(self, title: str, trace: Trace, index: int, selected: int | None) -> Pane:
        """The pane at step ``index``."""
        now = state.at(trace, index)
        work = self.graph.work.get(index)
        busy = frozenset(work.vertices) if work else frozenset()
        looks: list[Look] = []
        for i, vertex in enumerate(self.graph.vertices):
            known = None if vertex.tensor is None else now.tensors.get(vertex.tensor)
            at_work = work.style if work and i in busy else ""
            looks.append(look(vertex, index, known, self.format, at_work, self.graph.retained,
                              selected is not None and vertex.tensor == selected))  # fmt: skip
        lit = dict.fromkeys(work.links, work.style) if work else {}
        lines = self.painter.lines(looks, lit)
        if not self._steps:
            return Pane(title, lines)
        box = self._focus(index)
        return Pane(
            title,
            lines,
            (box.row + box.height // 2, box.column),
            focus_columns=box.width,
        )

    def _focus(self, index: int) -> Rect:
        """The box that is at work, or was last, or will be first."""
        step = self._steps[max(0, bisect_right(self._steps, index) - 1)]
        return self.painter.drawing.boxes[self.graph.work[step].vertices[0]]


def _roomiest(
    graph: Graph,
    formats: Sequence[tuple[Format, Direction]],
    size: tuple[int, int],
    autograd: bool,
    ascii: bool,  # noqa: A002
) -> tuple[Format, Drawing]:
    """The first format whose drawing fits the pane, else the one that exceeds it least."""
    width, height = max(1, size[0]), max(1, size[1])
    best: tuple[float, Format, Drawing] | None = None
    for format_, direction in formats:
        drawing = layout(
            [size_of(vertex, format_) for vertex in graph.vertices],
            graph.links,
            direction,
            across=height if direction == "right" else width,
            backwards=autograd,
            ascii=ascii,
        )
        # Reading on downwards is easy, sideways is not.
        excess = max(1.0, drawing.width / width) ** 2 * max(1.0, drawing.height / height)
        if best is None or excess < best[0]:
            best = excess, format_, drawing
        if excess == 1.0:
            break
    assert best is not None
    return best[1], best[2]


_WHOLES: WeakKeyDictionary[Trace, OrderedDict[tuple[int, int, bool], _Whole]] = WeakKeyDictionary()


def _whole(trace: Trace, start: int, end: int, autograd: bool) -> _Whole:
    """The graph of some steps, from those kept if its last step is still the one it was made
    with."""
    end = min(end, len(trace))
    last = trace[end - 1] if end > start else None
    wholes = _WHOLES.setdefault(trace, OrderedDict())
    key = (start, end, autograd)
    whole = wholes.pop(key, None)
    if whole is None or whole.last is not last:
        graph = (autograd_graph if autograd else computation_graph)(trace, start, end)
        whole = _Whole(graph, last)
    wholes[key] = whole
    if len(wholes) > _GRAPHS_KEPT:
        wholes.popitem(last=False)
    return whole
