"""The Maths pane: an Explanation as wrapped lines."""

from __future__ import annotations

import textwrap

from backprop_tui.explain import Explanation
from backprop_tui.view.types import Line, Pane, Run

_INDENT = "  "
_HANG = "      "


def maths_pane(explanation: Explanation, width: int) -> Pane:
    """Title, words, then each part of the working under its heading."""
    lines: list[Line] = [(Run(explanation.title, "heading"),)]
    lines += _wrapped(explanation.what, width, "", "", "")
    for part in explanation.parts:
        lines += [(), (Run(part.heading, "heading"),)]
        for equation in part.lines:
            lines += _wrapped(equation.text, width, "value", _INDENT, _HANG)
    if explanation.summary:
        lines += [(), *_wrapped(explanation.summary, width, "muted", "", "")]
    return Pane("Maths", tuple(lines))


def _wrapped(text: str, width: int, style: str, first: str, then: str) -> list[Line]:
    wrapped = textwrap.wrap(
        text,
        max(width, 20),
        initial_indent=first,
        subsequent_indent=then,
        break_long_words=True,
        break_on_hyphens=False,
    )
    return [(Run(line, style),) for line in wrapped]
