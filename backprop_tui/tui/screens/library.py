"""The library: the bundled scenarios by chapter, with what each is about and its source."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from backprop_tui.scenario.chapters import chapter_of, level_dots
from backprop_tui.scenario.library import Entry, bundled
from backprop_tui.trace.trace import Program, Trace
from backprop_tui.tui.widgets.caption import Caption, wrap
from backprop_tui.tui.widgets.lines_view import LinesView
from backprop_tui.view.program import program_pane
from backprop_tui.view.types import Line, Pane, Run, plain

if TYPE_CHECKING:
    from backprop_tui.progress import Place
    from backprop_tui.tui.app import BackpropApp

#: Below this many columns the list and the preview stand one above the other.
_BESIDE = 100


class LibraryScreen(Screen[None]):
    """↑ ↓ choose, Enter opens where one stopped, Escape goes back to the film."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("up", "choose(-1)", "Up"),
        ("down", "choose(1)", "Down"),
        ("home", "choose(-100000)", "First"),
        ("end", "choose(100000)", "Last"),
        ("pagedown", "preview(8)", "Scroll preview"),
        ("pageup", "preview(-8)", "Scroll preview"),
        ("enter", "open", "Open"),
        ("r", "restart", "Open at the first step"),
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
        self._places: dict[str, Place] = {}
        self._at = 0
        self._list = LinesView(id="list")
        self._preview = LinesView(id="preview")
        self._caption = Caption()

    def compose(self) -> ComposeResult:
        yield self._list
        yield self._preview
        yield self._caption

    def on_mount(self) -> None:
        self._places = cast("BackpropApp", self.app).remembered()
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
        self._list.show(self._list_pane(max(20, self._list.size.width - 3)))
        self._preview.show(self._preview_pane(max(20, self._preview.size.width - 3)))
        self._caption.show(
            (Run(f"↑ ↓ choose   {self._keys()}   PageDown read on   Escape back   q quit"),)
        )

    def _keys(self) -> str:
        resumes = self._entries and self._stopped_at(self._entries[self._at])
        return "Enter go on   r from the first step" if resumes else "Enter open"

    def _stopped_at(self, entry: Entry) -> int:
        """The index of the step to go on from; 0 to begin."""
        place = self._places.get(entry.name)
        return place.step if place is not None and place.halfway else 0

    def _mark(self, entry: Entry) -> Line:
        """✓ finished, ◐ half-way; and after the title where one stopped."""
        place = self._places.get(entry.name)
        if place is None:
            return (Run("  "),)
        return (Run("✓ ", "done") if place.finished else Run("◐ "),)

    def _stop(self, entry: Entry) -> Line:
        at, place = self._stopped_at(entry), self._places.get(entry.name)
        if not at or place is None:
            return ()
        of = f"/{place.steps}" if place.steps is not None else ""
        return (Run(f"  step {at + 1}{of}", "muted"),)

    def _list_pane(self, width: int) -> Pane:
        lines: list[Line] = []
        targets: dict[int, int] = {}
        focus = None
        chapter = None
        for at, entry in enumerate(self._entries):
            if entry.chapter != chapter:
                chapter = entry.chapter
                about = chapter_of(chapter)
                lines += [*([()] if lines else []), (Run(f" {about.title}", "heading"),)]
                lines += [
                    (Run(" "), *line) for line in wrap((Run(about.news, "muted"),), width - 1, 3)
                ]
            if at == self._at:
                focus = (len(lines), 0)
            targets[len(lines)] = at
            sign, style = ("▶", "active") if at == self._at else (" ", "")
            level = level_dots(entry.level)
            head = (Run(f" {sign} ", style), *self._mark(entry), Run(f"{level}  ", "muted"))
            stop = self._stop(entry)
            title: Line = (Run(entry.title, style),)
            if stop:  # which step it was is more than the title's last word
                title = wrap(title, width - cell_len(plain((*head, *stop))), 1)[0]
            lines.append((*head, *title, *stop))
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
        if self._entries:
            entry = self._entries[self._at]
            self._play(entry, self._stopped_at(entry))

    def action_restart(self) -> None:
        if self._entries:
            self._play(self._entries[self._at], 0)

    def _play(self, entry: Entry, at: int) -> None:
        if cast("BackpropApp", self.app).open_scenario(entry.path, at):
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
