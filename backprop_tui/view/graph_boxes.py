"""What is written in a box of the graph, in four formats: how large, and how it looks when.

    roomy    three lines in a frame      u * v / mul → 2.0 / ∂ 1.0
    snug     two lines in a frame        u * v = 2.0 / ∂ 1.0
    stacked  two lines between corners   ┌u * v = 2.0┐ / └∂ 1.0      ┘
    compact  one line                    [u * v = 2.0 ∂ 1.0]

The room for a value is set by its shape, not by its digits, so that a drawing does not move from
one iteration to the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from backprop_tui.engines.base import Array
from backprop_tui.explain.known import kept
from backprop_tui.trace.state import TensorState
from backprop_tui.view.graph_model import Vertex
from backprop_tui.view.layout import Box
from backprop_tui.view.numbers import clip, shape_text, short, tensor_text
from backprop_tui.view.types import Line, Run

Format = Literal["roomy", "snug", "stacked", "compact"]
#: Formats whose boxes have no frame around them.
BARE = frozenset({"stacked", "compact"})

#: Up to so many elements are shown; of more only the shape.
_SHOWN = 4
_SCALAR_WIDTH = 7
_VECTOR_WIDTH = 20
_LABEL_WIDTH = 20
_FREED = " · freed"
_GRAD = {"leaf": ".grad ", "accumulate": ".grad ", "op": "∂ ", "node": "∂ ", "input": "∂ "}


@dataclass(frozen=True, slots=True)
class Look:
    """A box at a step: the style of its frame, whether its lines are heavy, and its text."""

    frame: str
    heavy: bool
    lines: tuple[Line, ...]


def value_text(data: Array) -> str:
    """A value as a box shows it: a number, a few numbers, or a shape."""
    if data.size == 1:
        return short(kept(data).item())
    return tensor_text(data, _VECTOR_WIDTH) if data.size <= _SHOWN else shape_text(data.shape)


def _value_width(vertex: Vertex) -> int:
    if vertex.value is None:
        return 0
    data = vertex.value.data
    if data.size == 1:
        return _SCALAR_WIDTH
    return _VECTOR_WIDTH if data.size <= _SHOWN else len(shape_text(data.shape))


def size_of(vertex: Vertex, format_: Format) -> Box:
    """The box that has room for all that ``vertex`` will ever show."""
    label = min(len(vertex.label), _LABEL_WIDTH)
    value = _value_width(vertex)
    grad = value + len(_GRAD[vertex.kind]) if vertex.wants_grad else 0
    grad_line = 1 if grad else 0
    beside = grad + 1 if grad else 0
    if vertex.kind in ("node", "accumulate"):
        label = len(vertex.label)
        second = min(len(vertex.op), _LABEL_WIDTH) + (len(_FREED) if vertex.saves else 0)
        if format_ == "compact":
            return Box(label + 1 + second + beside + 2, 1, framed=False)
        if format_ == "stacked":
            return Box(max(label, second + beside) + 2, 2, framed=False)
        if format_ == "snug":
            return Box(max(label, second + beside) + 4, 4)
        return Box(max(label, second, grad) + 4, 4 + grad_line)
    if format_ == "compact":
        return Box(label + 3 + value + beside + 2, 1, framed=False)
    if format_ == "stacked":
        return Box(max(label + 3 + value, grad) + 2, 1 + grad_line, framed=False)
    if format_ == "snug":
        return Box(max(label + 3 + value, grad) + 4, 3 + grad_line)
    second = value if not vertex.op else len(vertex.op) + 3 + value
    return Box(max(label, second, grad) + 4, 4 + grad_line)


def look(
    vertex: Vertex,
    index: int,
    known: TensorState | None,
    format_: Format,
    at_work: str,
    retained: bool,
    selected: bool,
) -> Look:
    """How ``vertex`` looks at step ``index``; ``known`` is what its tensor is then, if it lives."""
    leaf = vertex.kind in ("leaf", "accumulate")
    made = vertex.made <= index if vertex.made is not None else leaf is False or known is not None
    grad = _gradient(vertex, index, known)
    data = None
    if made and vertex.value is not None:
        # A leaf is shown as it is now; what an op made is shown as it was made.
        data = known.value.data if leaf and known is not None else vertex.value.data
    status = "pending" if not made else "grad" if grad is not None else "leaf" if leaf else "done"
    frame = "active" if at_work else "selected" if selected else status
    name = "pending" if not made else "loss" if vertex.root else "leaf" if leaf else "op"
    texts = _Texts(
        vertex.label,
        "active" if at_work else name,
        vertex.op,
        "" if data is None else value_text(data),
        "" if grad is None else _GRAD[vertex.kind] + value_text(grad),
        "value" if made else "pending",
    )
    ran = vertex.saves and not retained and any(at < index for at, _ in vertex.arrivals)
    if vertex.kind in ("node", "accumulate"):
        second = clip(vertex.op, _LABEL_WIDTH) + (_FREED if ran else "")
        lines = _node_lines(texts, second, format_)
    else:
        lines = _op_lines(texts, format_)
    return Look(frame, bool(at_work), lines)


@dataclass(frozen=True, slots=True)
class _Texts:
    label: str
    label_style: str
    op: str
    value: str
    grad: str
    style: str


def _op_lines(texts: _Texts, format_: Format) -> tuple[Line, ...]:
    label = Run(clip(texts.label, _LABEL_WIDTH), texts.label_style)
    grad = Run(texts.grad, "grad")
    if format_ == "roomy":
        arrow = " → " if texts.op and texts.value else ""
        second = Run(texts.op + arrow + texts.value, texts.style)
        return (label,), (second,), (grad,)
    value = Run(f" = {texts.value}" if texts.value else "", texts.style)
    if format_ != "compact":
        return (label, value), (grad,)
    return ((label, value, Run(" " if texts.grad else ""), grad),)


def _node_lines(texts: _Texts, second: str, format_: Format) -> tuple[Line, ...]:
    label = Run(texts.label, texts.label_style)
    grad = Run(texts.grad, "grad")
    name = Run(second, texts.style)
    if format_ == "roomy":
        return (label,), (name,), (grad,)
    space = Run(" ")
    if format_ != "compact":
        return (label,), (name, space, grad)
    return ((label, space, name, space, grad),)


def _gradient(vertex: Vertex, index: int, known: TensorState | None) -> Array | None:
    """``.grad`` of a leaf as it is now; of anything else the gradient that reached it."""
    if vertex.kind in ("leaf", "accumulate"):
        return None if known is None else known.grad
    arrived = [grad for at, grad in vertex.arrivals if at <= index]
    return arrived[-1] if arrived else None
