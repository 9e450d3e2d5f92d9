"""The row of hints at the foot of the screen; a click on a hint does what its key does."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from backprop_tui.tui.commands import COMMANDS, Command, key_bar


class KeyBar(Widget):
    """Keys and their words, as many as fit; help and quit always fit."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"keys--key"}
    DEFAULT_CSS = """
    KeyBar { height: 1; dock: bottom; background: $ink-bar; color: $ink-bar-ink; }
    KeyBar > .keys--key { color: $ink-heading; text-style: bold; }
    """
    ALWAYS = ("help", "quit")

    class Pressed(Message):
        """A hint was clicked."""

        def __init__(self, command: Command) -> None:
            super().__init__()
            self.command = command

    def __init__(self, table: tuple[Command, ...] = COMMANDS) -> None:
        super().__init__()
        self._hints = key_bar(table)
        self._idle: frozenset[str] = frozenset()

    def rest(self, idle: frozenset[str]) -> None:
        """Leave out the commands (by id) that would do nothing now."""
        if idle != self._idle:
            self._idle = idle
            self.refresh()

    def _fitting(self, width: int) -> list[tuple[str, Command]]:
        hints = [hint for hint in self._hints if hint[1].id not in self._idle]
        room = width - sum(_size(hint) for hint in hints if hint[1].id in self.ALWAYS)
        fitting = []
        for hint in hints:
            if hint[1].id in self.ALWAYS:
                fitting.append(hint)
            elif _size(hint) <= room:
                fitting.append(hint)
                room -= _size(hint)
        return fitting

    def render_line(self, y: int) -> Strip:
        base: Style = self.rich_style
        key_style = self.get_component_rich_style("keys--key")
        segments = []
        for key, command in self._fitting(self.size.width):
            segments += [Segment(f" {key}", key_style), Segment(f" {command.bar} ", base)]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def on_click(self, event: events.Click) -> None:
        start = 0
        for hint in self._fitting(self.size.width):
            if start <= event.x < start + _size(hint):
                self.post_message(self.Pressed(hint[1]))
                return
            start += _size(hint)


def _size(hint: tuple[str, Command]) -> int:
    key, command = hint
    return cell_len(key) + cell_len(command.bar) + 3
