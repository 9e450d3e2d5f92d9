"""The Program pane: the source, and in it what runs now.

Three marks are laid over the highlighted source: the running *statement*, inside it the
sub-expression of this step (*active*), and on the way back the forward expression whose gradient
is being computed (*origin*). The comment above the statement is its *narration*. Of a program in
several files the one is shown that runs now.
"""

from __future__ import annotations

from collections.abc import Sequence

from backprop_tui.trace.phases import phases_of
from backprop_tui.trace.steps import Accumulate, Backward, Failed, Span, Step
from backprop_tui.trace.trace import Trace
from backprop_tui.view.source import first_line, fold, highlighted, source_rows
from backprop_tui.view.types import Line, Pane


def program_pane(trace: Trace, index: int, width: int = 100) -> Pane:
    """The source at step ``index``; ``targets``: row → the step that line runs next.

    A line longer than ``width`` goes on in the row below, indented; a lecture hall cannot scroll.
    """
    step = trace[index] if len(trace) else None
    file = "" if step is None else step.where.statement.file
    source = trace.source(file)
    first = first_line(source)
    unmarked = source_rows(source, width)
    if step is None:
        return Pane(trace.program.name, tuple(row for rows in unmarked[first:] for row in rows))
    statement = step.where.statement
    narrated = range(0) if file else _narration_lines(trace, statement.line)
    origin = _origin(trace, step)
    if origin is not None and origin.file != file:
        origin = None
    marked = {*narrated, *range(statement.line, statement.end_line + 1)}
    marked.update(() if origin is None else range(origin.line, origin.end_line + 1))
    phases = phases_of(trace)
    shown: list[Line] = []
    targets: dict[int, int] = {}
    focus = 0
    for number in range(first + 1, len(unmarked) + 1):
        if number == statement.line:
            focus = len(shown)
        rows: Sequence[Line] = unmarked[number - 1]
        if number in marked:
            rows = _marked(source, number, step, origin, number in narrated, width)
        target = phases.step_on_line(number, index, file)
        for row in rows:
            if target is not None:
                targets[len(shown)] = target
            shown.append(row)
    return Pane(_title(trace, step), tuple(shown), (focus, 0), targets)


def _marked(
    source: str, number: int, step: Step, origin: Span | None, narrated: bool, width: int
) -> Sequence[Line]:
    """A line's rows with the marks of this step laid over the highlighting."""
    where = step.where
    text, styles = highlighted(source)[number - 1]
    running = where.statement.line <= number <= where.statement.end_line
    if narrated:
        styles = ("narration",) * len(text)
    if running:
        styles = _over(styles, where.statement, number, "statement")
    if origin is not None:
        styles = _over(styles, origin, number, "origin")
    if running:
        mark = "error" if isinstance(step, Failed) else "active"
        styles = _over(styles, where.expression, number, mark)
    sign = "▶" if number == where.statement.line else " " if running else ""
    return fold(text, styles, number, sign, width)


def _title(trace: Trace, step: Step) -> str:
    where = step.where
    parts = [where.statement.file or trace.program.name]
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


def _over(styles: tuple[str, ...], span: Span, number: int, style: str) -> tuple[str, ...]:
    if not span.line <= number <= span.end_line:
        return styles
    start = span.column if number == span.line else 0
    stop = span.end_column if number == span.end_line else len(styles)
    return styles[:start] + (style,) * (min(stop, len(styles)) - start) + styles[stop:]
