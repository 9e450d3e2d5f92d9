"""The Program pane: the source, and in it what runs now.

Three marks are laid over the highlighted source: the running *statement*, inside it the
sub-expression of this step (*active*), and on the way back the forward expression whose gradient
is being computed (*origin*). The comment above the statement is its *narration*.
"""

from __future__ import annotations

import io
import keyword
import token
import tokenize
from collections.abc import Sequence
from functools import lru_cache

from backprop_tui.trace.phases import phases_of
from backprop_tui.trace.steps import Accumulate, Backward, Failed, Span, Step
from backprop_tui.trace.trace import Trace
from backprop_tui.view.types import Line, Pane, Run

_HEADER_START, _HEADER_END = "# /// scenario", "# ///"
_GUTTER = 5
_LEAST_ROOM = 20


def program_pane(trace: Trace, index: int, width: int = 100) -> Pane:
    """The source at step ``index``; ``targets``: row → the step that line runs next.

    A line longer than ``width`` goes on in the row below, indented; a lecture hall cannot scroll.
    """
    source = trace.program.source
    first = first_line(source)
    base = _highlighted(source)
    if not len(trace):
        rows = [row for i in range(first, len(base)) for row in _fold(*base[i], i + 1, "", width)]
        return Pane(trace.program.name, tuple(rows))
    step = trace[index]
    where = step.where
    narrated = _narration_lines(trace, where.statement.line)
    origin = _origin(trace, step)
    mark = "error" if isinstance(step, Failed) else "active"
    phases = phases_of(trace)
    shown: list[Line] = []
    targets: dict[int, int] = {}
    focus = 0
    for i in range(first, len(base)):
        number = i + 1
        text, syntax = base[i]
        styles: Sequence[str] = syntax
        running = where.statement.line <= number <= where.statement.end_line
        if number in narrated:
            styles = ["narration"] * len(text)
        if running:
            styles = _over(styles, where.statement, number, "statement")
        if origin is not None:
            styles = _over(styles, origin, number, "origin")
        if running:
            styles = _over(styles, where.expression, number, mark)
        if number == where.statement.line:
            focus = len(shown)
        target = phases.step_on_line(number, index)
        sign = "▶" if number == where.statement.line else " " if running else ""
        for row in _fold(text, styles, number, sign, width):
            if target is not None:
                targets[len(shown)] = target
            shown.append(row)
    return Pane(_title(trace, step), tuple(shown), (focus, 0), targets)


def _fold(text: str, styles: Sequence[str], number: int, sign: str, width: int) -> list[Line]:
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


def first_line(source: str) -> int:
    """The index of the first line after the inline header, which is not for the audience."""
    lines = source.splitlines()
    for i, text in enumerate(lines):
        if text.startswith(_HEADER_START):
            for j in range(i + 1, len(lines)):
                if lines[j].rstrip() == _HEADER_END:
                    return j + 1
    return 0


def _title(trace: Trace, step: Step) -> str:
    where = step.where
    parts = [trace.program.name]
    parts += [
        f"{loop.name} {loop.number}" + (f"/{loop.total}" if loop.total is not None else "")
        for loop in where.loops
        if loop.number
    ]
    if where.scopes:
        parts.append(f"in {where.scopes[-1]}")
    if where.module:
        parts.append(where.module)
    return " · ".join(parts)


def _origin(trace: Trace, step: Step) -> Span | None:
    """The forward expression that a backward step goes back through."""
    if isinstance(step, Backward):
        made_by = trace.forward_of(step.node.node)
    elif isinstance(step, Accumulate) and step.node is None:
        made_by = trace.producer_of(step.tensor.tensor)
    else:
        return None
    return made_by.where.expression if made_by else None


def _narration_lines(trace: Trace, statement_line: int) -> range:
    """The comment lines directly above a statement."""
    for line, text in trace.program.narration:
        if line == statement_line:
            count = len(text.splitlines())
            return range(line - count, line)
    return range(0)


def _over(styles: Sequence[str], span: Span, number: int, style: str) -> Sequence[str]:
    if not span.line <= number <= span.end_line:
        return styles
    start = span.column if number == span.line else 0
    stop = span.end_column if number == span.end_line else len(styles)
    return [style if start <= i < stop else old for i, old in enumerate(styles)]


def _runs(text: str, styles: Sequence[str], start: int, stop: int) -> list[Run]:
    runs: list[Run] = []
    for i in range(start + 1, stop + 1):
        if i == stop or styles[i] != styles[start]:
            runs.append(Run(text[start:i], styles[start]))
            start = i
    return runs


@lru_cache(maxsize=8)
def _highlighted(source: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
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
