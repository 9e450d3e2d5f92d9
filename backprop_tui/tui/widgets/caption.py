"""The caption: what this step does, in plain words, always in sight of the last row of seats."""

from __future__ import annotations

from itertools import groupby
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from backprop_tui.view.types import Line, Run

MARGIN = 1


def wrap(line: Line, width: int, rows: int) -> list[Line]:
    """``line`` broken at spaces into at most ``rows`` rows of ``width`` cells, the last clipped."""
    lines: list[list[Run]] = [[]]
    used = 0
    for run in line:
        for word in _words(run.text):
            size = cell_len(word)
            if used and used + cell_len(word.rstrip()) > width:
                lines.append([])
                used = 0
                word = word.lstrip()
                size = cell_len(word)
            lines[-1].append(Run(word, run.style))
            used += size
    wrapped = [_joined(runs) for runs in lines]
    if len(wrapped) > rows:
        wrapped = wrapped[:rows]
        wrapped[-1] = (*_clip(wrapped[-1], width - 2), Run(" …"))
    return wrapped


def _joined(runs: list[Run]) -> Line:
    """Neighbours of one style as one run."""
    return tuple(
        Run("".join(run.text for run in group), style)
        for style, group in groupby(runs, key=lambda run: run.style)
    )


def _words(text: str) -> list[str]:
    """The words of a text, each with the white space that follows it."""
    words: list[str] = []
    start = 0
    for at in range(1, len(text)):
        if text[at - 1].isspace() and not text[at].isspace():
            words.append(text[start:at])
            start = at
    words.append(text[start:])
    return words


def _clip(line: Line, width: int) -> Line:
    kept: list[Run] = []
    for run in line:
        text = run.text
        while text and cell_len(text) > width:
            text = text[:-1]
        kept.append(Run(text, run.style))
        width -= cell_len(text)
    return tuple(kept)


class Caption(Widget):
    """Words on a ground of their own, wrapped to the width."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"caption--error"}
    DEFAULT_CSS = """
    Caption { background: $ink-caption; color: $ink-caption-ink; text-style: bold; }
    Caption > .caption--error { background: $ink-error; color: $background; text-style: bold; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.line: Line = ()
        self._base: Style | None = None
        self._error = Style()

    def show(self, line: Line) -> None:
        """Show ``line``; its own styles give weight only, the colours are the caption's."""
        if line != self.line:
            self.line = line
            self.refresh()

    def notify_style_update(self) -> None:
        self._base = None
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        if self._base is None:
            self._base = self.rich_style
            self._error = self.get_component_rich_style("caption--error")
        failed = any(run.style == "error" for run in self.line)
        base = self._error if failed else self._base
        width, height = self.size
        wrapped = wrap(self.line, max(1, width - 2 * MARGIN), height)
        above = (height - len(wrapped)) // 2
        line = wrapped[y - above] if 0 <= y - above < len(wrapped) else ()
        emphasis = Style(underline=True)
        segments = [Segment(" " * MARGIN, base)]
        segments += [
            Segment(run.text, base + emphasis if run.style in ("active", "changed") else base)
            for run in line
        ]
        return Strip(segments).adjust_cell_length(width, base)
