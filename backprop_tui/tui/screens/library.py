"""The library: the bundled scenarios by chapter, with what each is about and its source."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from backprop_tui.scenario.library import bundled
from backprop_tui.trace.trace import Program, Trace
from backprop_tui.tui.widgets.caption import Caption, wrap
from backprop_tui.tui.widgets.lines_view import LinesView
from backprop_tui.view.program import program_pane
from backprop_tui.view.types import Line, Pane, Run

if TYPE_CHECKING:
    from backprop_tui.tui.app import BackpropApp

_LEVELS = {1: "●○○", 2: "●●○", 3: "●●●"}
#: Below this many columns the list and the preview stand one above the other.
_BESIDE = 100


class LibraryScreen(Screen[None]):
    """↑ ↓ choose, Enter opens, Escape goes back to the film."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("up", "choose(-1)", "Up"),
        ("down", "choose(1)", "Down"),
        ("home", "choose(-100000)", "First"),
        ("end", "choose(100000)", "Last"),
        ("pagedown", "preview(8)", "Scroll preview"),
        ("pageup", "preview(-8)", "Scroll preview"),
        ("enter", "open", "Open"),
        ("escape", "back", "Back"),
        ("q", "app.quit", "Quit"),
    ]
    DEFAULT_CSS = """
    LibraryScreen { layout: vertical; overflow: hidden; }
    LibraryScreen LinesView, LibraryScreen Caption { position: absolute; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._entries = list(bundled())
        self._at = 0
        self._list = LinesView(id="list")
        self._preview = LinesView(id="preview")
        self._caption = Caption()

    def compose(self) -> ComposeResult:
        yield self._list
        yield self._preview
        yield self._caption

    def on_mount(self) -> None:
        self._list.focus()

    def on_resize(self, event: events.Resize) -> None:
        from textual.geometry import Region

        width, height = event.size
        rows = height - 2
        if width >= _BESIDE:
            left = width // 2
            self._list.place(Region(0, 0, left, rows), divided=True)
            self._preview.place(Region(left, 0, width - left, rows), divided=False)
        else:
            top = rows // 2
            self._list.place(Region(0, 0, width, top), divided=False)
            self._preview.place(Region(0, top, width, rows - top), divided=False)
        self._caption.styles.offset = (0, rows)
        self._caption.styles.width, self._caption.styles.height = width, 2
        self.call_after_refresh(self._paint)

    def _paint(self) -> None:
        self._list.show(self._list_pane())
        self._preview.show(self._preview_pane(max(20, self._preview.size.width - 3)))
        self._caption.show(
            (Run("↑ ↓ choose   Enter open   PageDown read on   Escape back   q quit"),)
        )

    def _list_pane(self) -> Pane:
        lines: list[Line] = []
        targets: dict[int, int] = {}
        focus = None
        chapter = None
        for at, entry in enumerate(self._entries):
            if entry.chapter != chapter:
                chapter = entry.chapter
                lines += [*([()] if lines else []), (Run(f" {chapter}", "heading"),)]
            if at == self._at:
                focus = (len(lines), 0)
            targets[len(lines)] = at
            sign, style = ("▶", "active") if at == self._at else (" ", "")
            level = _LEVELS.get(entry.level, str(entry.level))
            lines.append(
                (Run(f" {sign} ", style), Run(f"{level}  ", "muted"), Run(entry.title, style))
            )
        return Pane("Library", tuple(lines), focus, targets)

    def _preview_pane(self, width: int) -> Pane:
        if not self._entries:
            return Pane("", ((Run(" No scenarios were found."),),))
        entry = self._entries[self._at]
        lines: list[Line] = [(), (Run(f" {entry.title}", "heading"),), ()]
        paragraph = (Run(" ".join(entry.description.split())),)
        lines += [(Run(" "), *line) for line in wrap(paragraph, width - 1, 12)]
        lines += [(), (Run(f" backprop-tui {entry.name}", "muted"),), ()]
        source = entry.path.read_text(encoding="utf-8", errors="replace")
        lines += program_pane(Trace(Program(entry.name, source)), 0, width).lines
        return Pane(entry.name, tuple(lines))

    def action_choose(self, delta: int) -> None:
        if self._entries:
            self._at = max(0, min(len(self._entries) - 1, self._at + delta))
            self._preview.top()
            self._paint()

    def action_preview(self, rows: int) -> None:
        self._preview.scroll_lines(rows=rows)

    def action_open(self) -> None:
        if not self._entries:
            return
        app = cast("BackpropApp", self.app)
        if app.open_scenario(self._entries[self._at].path):
            self.dismiss()

    def action_back(self) -> None:
        if cast("BackpropApp", self.app).stepper.film is not None:
            self.dismiss()

    def on_lines_view_chosen(self, message: LinesView.Chosen) -> None:
        if message.view is self._list:
            if message.target == self._at:
                self.action_open()
            else:
                self.action_choose(message.target - self._at)
