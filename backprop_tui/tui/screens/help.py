"""All keys and what they do, from the table of commands."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from backprop_tui.tui.commands import keys_text
from backprop_tui.tui.keys_doc import grouped
from backprop_tui.tui.screens.page import PageScreen
from backprop_tui.tui.widgets.caption import wrap
from backprop_tui.view.types import Line, Pane, Run

_KEYS_WIDTH = 20
_TITLE_WIDTH = 22
#: Where there is less room beside the keys, the help stands below them, indented so far.
_LEAST_ROOM, _BELOW = 24, 4


class HelpScreen(PageScreen):
    """The help; ? or F1 closes it again."""

    BINDINGS: ClassVar[list[BindingType]] = [("question_mark,f1", "dismiss", "Back")]

    def pane(self, width: int) -> Pane:
        lines: list[Line] = [
            (Run("Back to the film: Escape. Scroll: ↑ ↓ or PageUp PageDown.", "muted"),),
        ]
        beside = _KEYS_WIDTH + _TITLE_WIDTH + 1
        below = width - beside < _LEAST_ROOM
        indent = Run(" " * (_BELOW if below else beside))
        for group, commands in grouped():
            lines += [(), (Run(f" {group}", "heading"),)]
            for command in commands:
                head = (
                    Run(f" {keys_text(command):<{_KEYS_WIDTH}}", "op"),
                    Run(f"{command.title:<{_TITLE_WIDTH}}"),
                )
                said = wrap((Run(command.help, "muted"),), width - len(indent.text) - 1, 9)
                first, rest = ((), said) if below else (said[0], said[1:])
                lines.append((*head, *first))
                lines += [(indent, *part) for part in rest]
        return Pane("Keys", tuple(lines))
