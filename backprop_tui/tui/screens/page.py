"""A screen of lines to read: help, a tensor in full, why a scenario was refused."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen

from backprop_tui.tui.layout import WIDE_COLUMNS
from backprop_tui.tui.widgets.lines_view import LinesView
from backprop_tui.view.types import Pane


class PageScreen(ModalScreen[None]):
    """One Pane over everything; ↑ ↓ scroll, Escape or q goes back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q", "dismiss", "Back"),
        ("up", "scroll_page(-1)", "Up"),
        ("down", "scroll_page(1)", "Down"),
        ("pageup", "scroll_page(-12)", "Page up"),
        ("pagedown,space", "scroll_page(12)", "Page down"),
        ("home", "scroll_page(-100000)", "Top"),
        ("end", "scroll_page(100000)", "Bottom"),
        ("ctrl+left", "scroll_sideways(-8)", "Left"),
        ("ctrl+right", "scroll_sideways(8)", "Right"),
    ]
    DEFAULT_CSS = """
    PageScreen { align: center middle; background: $background 60%; }
    PageScreen LinesView { width: 1fr; height: 1fr; margin: 1 4; }
    PageScreen.-narrow LinesView { margin: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._view = LinesView()

    def pane(self, width: int) -> Pane:
        """What there is to read, for a width in cells."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        yield self._view

    def on_mount(self) -> None:
        self._view.focus()
        self.call_after_refresh(self.fill)

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width < WIDE_COLUMNS, "-narrow")
        self.call_after_refresh(self.fill)

    def fill(self) -> None:
        """Show the page anew."""
        if self._view.size.width:
            self._view.show(self.pane(self._view.size.width - 1))

    def action_scroll_page(self, rows: int) -> None:
        self._view.scroll_lines(rows=rows)

    def action_scroll_sideways(self, columns: int) -> None:
        self._view.scroll_lines(columns=columns)
