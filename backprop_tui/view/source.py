"""A program's source as rows: highlighted, numbered, long lines folded; no trace is needed.

lines(source) ──▶ (text, a style per character) per line ──fold──▶ rows with their gutters
"""

from __future__ import annotations

import io
import keyword
import token
import tokenize
from collections.abc import Sequence
from functools import lru_cache

from backprop_tui.view.types import Line, Run

_HEADER_START, _HEADER_END = "# /// scenario", "# ///"
_GUTTER = 5
_LEAST_ROOM = 20


@lru_cache(maxsize=8)
def source_rows(source: str, width: int) -> tuple[tuple[Line, ...], ...]:
    """For each line of the source its rows of at most ``width`` cells, nothing marked."""
    return tuple(
        tuple(fold(text, styles, number, "", width))
        for number, (text, styles) in enumerate(highlighted(source), start=1)
    )


def first_line(source: str) -> int:
    """The index of the first line after the inline header, which is not for the audience."""
    lines = source.splitlines()
    for i, text in enumerate(lines):
        if text.startswith(_HEADER_START):
            for j in range(i + 1, len(lines)):
                if lines[j].rstrip() == _HEADER_END:
                    return j + 1
    return 0


def fold(text: str, styles: Sequence[str], number: int, sign: str, width: int) -> list[Line]:
    """A source line as one row or more, each with its gutter; ``sign``: "" unless it runs."""
    gutter = "active" if sign else "muted"
    room = max(width - _GUTTER, _LEAST_ROOM)
    if len(text) <= room:
        return [(Run(f"{sign or ' '}{number:>3} ", gutter), *_runs(text, styles, 0, len(text)))]
    body = text.lstrip()
    indent = len(text) - len(body) + (2 if body.startswith("#") else 4)
    rows: list[Line] = []
    start = 0
    while start < len(text):
        lead = Run(f"{sign or ' '}{number:>3} ", gutter) if not rows else Run(" " * _GUTTER)
        hang = 0 if not rows else min(indent, room // 2)
        stop = start + room - hang
        if stop < len(text):
            blank = text.rfind(" ", start + 1, stop + 1)
            stop = blank + 1 if blank > start and text[start:blank].strip() else stop
        seen = start + len(text[start:stop].rstrip())
        rows.append((lead, Run(" " * hang), *_runs(text, styles, start, seen)))
        start = stop
    return rows


def _runs(text: str, styles: Sequence[str], start: int, stop: int) -> list[Run]:
    runs: list[Run] = []
    for i in range(start + 1, stop + 1):
        if i == stop or styles[i] != styles[start]:
            runs.append(Run(text[start:i], styles[start]))
            start = i
    return runs


@lru_cache(maxsize=8)
def highlighted(source: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """For each line its text and a syntax style for each character."""
    lines = source.splitlines()
    styles = [[""] * len(line) for line in lines]
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        tokens = []
    for position, found in enumerate(tokens):
        style = _token_style(tokens, position)
        if style:
            (line, column), (end_line, end_column) = found.start, found.end
            for number in range(line, min(end_line, len(lines)) + 1):
                row = styles[number - 1]
                start = column if number == line else 0
                stop = end_column if number == end_line else len(row)
                row[start:stop] = [style] * (min(stop, len(row)) - start)
    return tuple((line, tuple(row)) for line, row in zip(lines, styles, strict=True))


def _token_style(tokens: list[tokenize.TokenInfo], position: int) -> str:
    found = tokens[position]
    if found.type == token.NAME:
        if keyword.iskeyword(found.string):
            return "keyword"
        before = tokens[position - 1].string if position else ""
        return "name" if before in ("def", "class") else ""
    return {
        token.STRING: "string",
        token.NUMBER: "number",
        token.COMMENT: "comment",
        token.OP: "operator",
    }.get(found.type, "")
