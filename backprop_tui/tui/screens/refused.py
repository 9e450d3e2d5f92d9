"""Why a scenario could not be opened: what, where, and what to write instead."""

from __future__ import annotations

from backprop_tui.errors import BackpropTuiError, ScenarioError
from backprop_tui.tui.screens.page import PageScreen
from backprop_tui.tui.widgets.caption import wrap
from backprop_tui.view.types import Line, Pane, Run


def error_lines(error: BackpropTuiError, width: int) -> list[Line]:
    """An error for people: message, place with the spot underlined, hint."""
    if not isinstance(error, ScenarioError):
        return [(), *wrap((Run(f" {error}", "error"),), width, 20)]
    place = error.place
    lines: list[Line] = [(), *wrap((Run(f" {error.message}", "error"),), width, 20), ()]
    lines.append((Run(f" {place.file}, line {place.line}, column {place.column}", "heading"),))
    if place.source:
        code = place.source.expandtabs(1)
        number = f" {place.line:>4} "
        before = place.column - 1
        stop = min(len(code), before + max(1, place.width))
        lines += [
            (),
            (
                Run(number, "muted"),
                Run(code[:before]),
                Run(code[before:stop], "error"),
                Run(code[stop:]),
            ),
            (Run(" " * (len(number) + before) + "^" * max(1, stop - before), "error"),),
        ]
    if error.hint:
        lines += [(), *wrap((Run(" Instead: ", "heading"), Run(error.hint)), width, 20)]
    return lines


class RefusedScreen(PageScreen):
    """Shows an error; the app stays up, and nothing of the scenario was run."""

    def __init__(self, error: BackpropTuiError) -> None:
        super().__init__()
        self._error = error

    def pane(self, width: int) -> Pane:
        back: Line = (Run(" Escape: back.", "muted"),)
        return Pane("Not opened", (*error_lines(self._error, width - 2), (), back))
