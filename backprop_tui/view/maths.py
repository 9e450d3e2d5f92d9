"""The Maths pane: an Explanation as wrapped lines."""

from __future__ import annotations

import textwrap

from backprop_tui.explain import Explanation
from backprop_tui.view.types import Line, Pane, Run

_INDENT = "  "
_HANG = "      "
_LEAST_ROOM = 24
_LEAST_ROOM = 20


def maths_pane(explanation: Explanation, width: int, height: int = 0) -> Pane:
    """Title, words, then each part of the working under its heading.

    If that is more than ``height`` rows, title and words (the caption says them too) are left out;
    if it still is, the headings stand beside their lines. 0: as many rows as it takes.
    """
    lines = _spacious(explanation, width)
    if height and len(lines) > height and explanation.parts:
        words = len(_words(explanation, width)) + 1
        lines = lines[words:] if len(lines) - words <= height else _compact(explanation, width)
    return Pane("Maths", tuple(lines))


def _spacious(explanation: Explanation, width: int) -> list[Line]:
    lines = _words(explanation, width)
    for part in explanation.parts:
        lines += [(), *_wrapped(part.heading, width, "heading", "", "")]
        for equation in part.lines:
            lines += _wrapped(equation.text, width, "value", _INDENT, _HANG)
    if explanation.summary:
        lines += [(), *_wrapped(explanation.summary, width, "muted", "", "")]
    return lines


def _words(explanation: Explanation, width: int) -> list[Line]:
    title = _wrapped(explanation.title, width, "heading", "", "")
    return title + _wrapped(explanation.what, width, "", "", "")


def _compact(explanation: Explanation, width: int) -> list[Line]:
    beside = max((len(part.heading) for part in explanation.parts), default=0)
    if not beside or width - beside - len(_INDENT) < _LEAST_ROOM:
        return _spacious(explanation, width)
    lines: list[Line] = []
    for part in explanation.parts:
        head = Run(part.heading, "heading")
        gap = Run(" " * (beside + len(_INDENT) - len(part.heading)))
        for equation in part.lines:
            room = width - beside - len(_INDENT)
            for line in _wrapped(equation.text, room, "value", "", _HANG):
                lines.append((head, gap, *line))
                head, gap = Run(""), Run(" " * (beside + len(_INDENT)))
    if explanation.summary:
        lines += _wrapped(explanation.summary, width, "muted", "", "")
    return lines


def _wrapped(text: str, width: int, style: str, first: str, then: str) -> list[Line]:
    wrapped = textwrap.wrap(
        text,
        max(width, _LEAST_ROOM),
        initial_indent=first,
        subsequent_indent=then,
        break_long_words=True,
        break_on_hyphens=False,
    )
    return [(Run(line, style),) for line in wrapped]
