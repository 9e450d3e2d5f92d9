"""Max pooling: which window a number comes from, and which element of it won."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backprop_tui.engines.base import TensorValue
from backprop_tui.explain.known import NotKept, number_at, whole
from backprop_tui.explain.naming import Name, Names
from backprop_tui.explain.record import Equation
from backprop_tui.explain.worked import Index
from backprop_tui.explain.write import equal, sentence, value_name
from backprop_tui.trace.steps import Forward

MAX_POOL = "max_pool2d_with_indices"
#: A window with more numbers is named, not written out.
LARGEST_WINDOW = 9


def window_lines(step: Forward, names: Names, here: Name, at: Index) -> list[Equation]:
    """Element ``at`` of a max pooling's result: its window with the numbers in it, and the place
    of the largest; no lines where these were not kept."""
    value = step.inputs[0].value
    if step.op != MAX_POOL or not isinstance(value, TensorValue):
        return []
    rows, columns = (_reach(step, axis, at[axis - 2], value) for axis in (0, 1))
    name = names.of(value.tensor, step.index)
    lead = at[:-2]
    try:
        numbers = [number_at(value.data, (*lead, i, j)) for i in rows for j in columns]
        won = number_at(step.outputs[1].data, at)
        largest = number_at(step.outputs[0].data, at)
    except NotKept:
        return []
    width = value.data.shape[-1]
    place = name.at((*lead, won // width, won % width))
    plane = "".join(f"{i}," for i in lead)
    part = Name(
        *(f"{text}[{plane}{_span(rows)},{_span(columns)}]" for text in (name.text, name.tex))
    )
    if len(numbers) > LARGEST_WINDOW:
        words = Name(f"max of {part.text}", rf"\max\, {part.tex}")
    else:
        shown = [value_name(number) for number in numbers]
        words = Name(
            f"max({', '.join(n.text for n in shown)})",
            rf"\max({', '.join(n.tex for n in shown)})",
        )
    return [
        sentence(f"window {part.text}, of which {place.text} is the largest"),
        equal(here, words, largest),
    ]


def winner_line(step: Forward, value: TensorValue, names: Names, at: Index) -> Equation | None:
    """Of which windows element ``at`` of a max pooling's input was the largest."""
    if step.op != MAX_POOL:
        return None
    name = names.of(value.tensor, step.index).at(at).text
    try:
        indices = whole(step.outputs[1].data)[at[:-2]]
    except NotKept:
        return None
    found = np.argwhere(indices == at[-2] * value.data.shape[-1] + at[-1]).tolist()
    if not found:
        return sentence(f"{name} was the largest of no window, so it gets no gradient")
    out = names.of(step.outputs[0].tensor, step.index)
    of = ", ".join(out.at((*at[:-2], *place)).text for place in found)
    return sentence(f"{name} was the largest in the window of {of}")


def _reach(step: Forward, axis: int, place: int, value: TensorValue) -> Sequence[int]:
    """The rows (axis 0) or columns (1) of the input that a window lies over."""
    kernel, stride, padding, dilation = (
        _pair(step.attrs.get(key), default)[axis]
        for key, default in (("kernel_size", 1), ("stride", 0), ("padding", 0), ("dilation", 1))
    )
    start = place * (stride or kernel) - padding
    inside = range(value.data.shape[axis - 2])
    return [i for i in range(start, start + kernel * dilation, dilation) if i in inside]


def _pair(value: object, default: int) -> tuple[int, int]:
    if isinstance(value, list | tuple) and value:
        return int(value[0]), int(value[-1])
    return (value, value) if isinstance(value, int) else (default, default)


def _span(places: Sequence[int]) -> str:
    """``2:4`` as in an index; what is not in a row is listed."""
    if list(places) == list(range(places[0], places[-1] + 1)):
        return f"{places[0]}:{places[-1] + 1}"
    return f"({','.join(map(str, places))})"
