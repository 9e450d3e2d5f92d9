"""A Frame: everything the screen shows, as a pure function of a trace and an index.

    frame(trace, index, selection, sizes) ──▶ Frame(program, graph, tensors, maths, timeline, …)

It is tested without a terminal; the app only paints it. Size (0, 0) means that a pane is not
visible: it is left empty, and nothing is computed for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from backprop_tui.explain import Explanation, explain
from backprop_tui.trace.phases import phases_of
from backprop_tui.trace.steps import Failed, Output
from backprop_tui.trace.trace import Trace
from backprop_tui.view.graph import graph_pane
from backprop_tui.view.maths import maths_pane
from backprop_tui.view.program import program_pane
from backprop_tui.view.tensors import tensors_pane
from backprop_tui.view.timeline import timeline_pane
from backprop_tui.view.types import Line, Pane, Run, Selection, Size, Sizes

#: What three rows of eighty columns, or two of a hundred and sixty, hold with words kept whole.
LONGEST_CAPTION = 205


@dataclass(frozen=True, slots=True)
class Frame:
    """What every pane shows at one step; ``caption`` says it in a sentence or two, with the number
    that matters."""

    index: int
    total: int
    program: Pane
    graph: Pane
    tensors: Pane
    maths: Pane
    timeline: Pane
    caption: Line
    position: Line


def frame(trace: Trace, index: int, selection: Selection, sizes: Sizes) -> Frame:
    """The Frame at step ``index`` (clamped to the steps there are)."""
    total = len(trace)
    if not total:
        empty = Pane("", ())
        program = program_pane(trace, 0, sizes.program[0])
        return Frame(0, 0, program, empty, empty, empty, empty, (), ())
    index = min(max(index, 0), total - 1)
    phases = phases_of(trace)
    here = phases.iteration_at(index)
    explanation = explain(trace, index, selection.element, selection.tensor)
    return Frame(
        index,
        total,
        program_pane(trace, index, sizes.program[0])
        if _visible(sizes.program)
        else Pane("Program", ()),
        _graph(trace, index, (here.start, here.stop), selection, sizes.graph),
        tensors_pane(trace, index, sizes.tensors[0], selection.tensor)
        if _visible(sizes.tensors)
        else Pane("Tensors", ()),
        maths_pane(explanation, *sizes.maths, whole=_is_alone(sizes))
        if _visible(sizes.maths)
        else Pane("Maths", ()),
        timeline_pane(trace, index, *sizes.timeline),
        _caption(trace, index, explanation),
        _position(trace, index),
    )


def _visible(size: Size) -> bool:
    return size[0] > 0 and size[1] > 0


def _is_alone(sizes: Sizes) -> bool:
    """Whether Maths has the stage to itself."""
    return not any(map(_visible, (sizes.program, sizes.graph, sizes.tensors)))


def _graph(
    trace: Trace, index: int, span: tuple[int, int], selection: Selection, size: Size
) -> Pane:
    if not _visible(size):
        return Pane("Graph", ())
    return graph_pane(
        trace,
        index,
        *span,
        *size,
        autograd=selection.autograd,
        selected=selection.tensor,
        ascii=selection.ascii,
    )


def _caption(trace: Trace, index: int, explanation: Explanation) -> Line:
    # What is printed belongs to no phase, wherever it is.
    printed = isinstance(trace[index], Output)
    kind = "print" if printed else phases_of(trace).kind_at(index)
    room = LONGEST_CAPTION - len(kind) - len(explanation.title)
    style = "error" if isinstance(trace[index], Failed) else "active"
    return (
        Run(f" {kind} ", "heading"),
        Run(" "),
        Run(explanation.title, style),
        Run(_shortened(explanation.brief, room)),
    )


def _shortened(words: str, room: int) -> str:
    """``words``, or as many of its clauses as there is room for."""
    if len(words) <= room:
        return words
    end = max(words.rfind(". ", 0, room), words.rfind("; ", 0, room))
    if end > 0:
        return words[:end] + "."
    end = max(words.rfind(" ", 0, max(room, 1)), 0)
    return words[:end] + " …" if end else ""


def _position(trace: Trace, index: int) -> Line:
    more = "" if trace.finished else "+"
    return (Run(f"{index + 1}/{len(trace)}{more}"),)
