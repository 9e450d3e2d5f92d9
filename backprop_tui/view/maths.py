"""The Maths pane: an Explanation as wrapped lines."""

from __future__ import annotations

import textwrap

from backprop_tui.explain import Explanation, Part
from backprop_tui.view.types import Line, Pane, Run

_INDENT = "  "
_HANG = "      "
_LEAST_ROOM = 24
#: What stands beside the lines where there is no room for a heading above them.
_SHORT = {
    "summed because of broadcasting": "summed",
    "incoming gradient": "incoming",
    "accumulates into .grad": ".grad",
}
#: Said by the lines of other parts too: left out first.
_SPARE = ("incoming gradient",)


def maths_pane(explanation: Explanation, width: int, height: int = 0) -> Pane:
    """Title, words, then each part of the working under its heading.

    If that is more than ``height`` rows, title and words (the caption says them too) are left out;
    if it still is, the headings stand beside their lines, and what is said twice is said once.
    0: as many rows as it takes.
    """
    lines = _spacious(explanation, width)
    if height and len(lines) > height and explanation.parts:
        words = len(_words(explanation, width)) + 1
        lines = lines[words:]
        if len(lines) > height:
            lines = _compact(explanation.parts, explanation.summary, width)
        if len(lines) > height:
            lines = _compact(explanation.parts, "", width)
        if len(lines) > height:
            needed = tuple(part for part in explanation.parts if part.heading not in _SPARE)
            lines = _compact(needed, "", width)
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


def _compact(parts: tuple[Part, ...], summary: str, width: int) -> list[Line]:
    heads = [_SHORT.get(part.heading, part.heading) for part in parts]
    beside = max((len(head) for head in heads), default=0)
    if width - beside - len(_INDENT) < _LEAST_ROOM:
        beside = 0
    room = width - beside - (len(_INDENT) if beside else 0)
    lines: list[Line] = []
    for part, words in zip(parts, heads, strict=True):
        if not beside:
            lines += _wrapped(words, width, "heading", "", "")
        head = Run(words if beside else "", "heading")
        gap = Run(" " * (beside + len(_INDENT) - len(words)) if beside else "")
        for text in _continued([equation.text for equation in part.lines], room):
            for line in _wrapped(text, room, "value", "", _INDENT):
                lines.append((head, gap, *line))
                head, gap = Run(""), Run(" " * (beside + len(_INDENT)) if beside else "")
    if summary:
        lines += _wrapped(summary, width, "muted", "", "")
    return lines


def _continued(texts: list[str], room: int) -> list[str]:
    """``a = b`` and ``a = c`` as ``a = b = c``, in one row if it has room, else in two."""
    found: list[str] = []
    left = ""
    for text in texts:
        before, sign, right = text.partition(" = ")
        if not sign or before != left:
            found.append(text)
        elif len(found[-1]) + len(right) + 3 <= room:
            found[-1] += f" = {right}"
        else:
            found.append(f"{_INDENT}= {right}")
        left = before if sign else ""
    return found


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
