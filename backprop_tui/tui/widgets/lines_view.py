"""The one widget that paints a Pane: lines of styled runs under a title row.

    Pane ──show()──▶ rows that differ from before ──refresh(Region)──▶ render_line(y)

It keeps its own scroll offset instead of a virtual size, because a virtual size lays the whole
screen out anew whenever the number of lines changes.
"""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from backprop_tui.tui.themes import component_css
from backprop_tui.view.types import STYLES, Line, Pane, Run

TITLE_ROWS = 1
GUTTER = 1
_EMPTY: Line = ()
#: Lines, boxes, dots, brackets and blanks: drawn in the colour of their style, never reversed or
#: underlined, which would make bars of them.
_DRAWN = " []" + "".join(map(chr, (*range(0x2500, 0x2600), *range(0x2800, 0x2900))))
_UPRIGHT = Style(reverse=False, underline=False)


class LinesView(Widget, can_focus=True):
    """Paints a Pane; scrolls by itself so that the pane's focus is visible."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"lines--{style}" for style in STYLES if style} | {
        "lines--bar",
        "lines--bar-focus",
    }
    DEFAULT_CSS = (
        component_css("LinesView")
        + """
    LinesView { background: $background; color: $foreground; }
    LinesView > .lines--bar { background: $ink-bar; color: $ink-bar-ink; }
    LinesView > .lines--bar-focus {
        background: $ink-bar-focus; color: $ink-bar-focus-ink; text-style: bold;
    }
    """
    )

    class Chosen(Message):
        """A row with a meaning was clicked: a tensor id or a step index, as the pane says."""

        def __init__(self, view: LinesView, target: int) -> None:
            super().__init__()
            self.view = view
            self.target = target

        @property
        def control(self) -> LinesView:
            return self.view

    class Switched(Message):
        """One of the panes that share this place was clicked in the title row."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, number: int | None = None, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.number = number
        self.pane = Pane("", ())
        self.offset_row = 0
        self.offset_column = 0
        #: What stands at the right of the title row, and what a click on its words switches to.
        self.beside = ""
        self.switches: dict[str, str] = {}
        #: Whether another pane lies to the right, so that a rule is drawn between the two.
        self.divided = False
        self._styles_by_name: dict[tuple[str, bool], Style] = {}
        self._longest = 0
        self._drawn_title = ("", "")

    # -- what to show ---------------------------------------------------------------------------

    def show(self, pane: Pane) -> None:
        """Show ``pane``, repainting only the rows that differ from what is on the screen."""
        old, old_at, old_title = self.pane, (self.offset_row, self.offset_column), self._drawn_title
        self.pane = pane
        self._longest = max((_width(line) for line in pane.lines), default=0)
        self._reveal()
        if (self.offset_row, self.offset_column) != old_at:
            self.refresh()
            return
        dirty = [] if (self.title, self.beside) == old_title else [Region(0, 0, self.size.width, 1)]
        for row in range(self.rows):
            at = self.offset_row + row
            if _at(pane.lines, at) != _at(old.lines, at):
                dirty.append(Region(0, row + TITLE_ROWS, self.size.width, 1))
        if dirty:
            self.refresh(*dirty)

    def place(self, region: Region, *, divided: bool) -> None:
        """Take this region of the screen."""
        self.styles.offset = region.offset
        self.styles.width, self.styles.height = region.size
        self.divided = divided

    def reveal(self, row: int) -> None:
        """Scroll as little as needed to see ``row``."""
        if row < self.offset_row:
            self.scroll_lines(rows=row - self.offset_row)
        elif row >= self.offset_row + self.rows:
            self.scroll_lines(rows=row - self.offset_row - self.rows + 1)

    def top(self) -> None:
        """Forget the scroll offset: what is shown next is shown from its beginning."""
        self.scroll_lines(-self.offset_row, -self.offset_column)

    def scroll_lines(self, rows: int = 0, columns: int = 0) -> None:
        """Move what is seen by so many rows and columns, within what there is."""
        row, column = self._clamp(self.offset_row + rows, self.offset_column + columns)
        if (row, column) != (self.offset_row, self.offset_column):
            self.offset_row, self.offset_column = row, column
            self.refresh()

    @property
    def rows(self) -> int:
        """How many lines are visible."""
        return max(0, self.size.height - TITLE_ROWS)

    @property
    def title(self) -> str:
        """The title row's text: number, title, and what lies beyond the edges."""
        number = f"{self.number} " if self.number is not None else ""
        above, below = self.offset_row, len(self.pane.lines) - self.offset_row - self.rows
        right = self._longest - self.offset_column - (self.size.width - GUTTER)
        hints = [
            f"{arrow}{count}"
            for arrow, count in (
                ("↑", above),
                ("↓", below),
                ("←", self.offset_column),
                ("→", right),
            )
            if count > 0
        ]
        return f" {number}{self.pane.title}" + (f"  {' '.join(hints)}" if hints else "")

    def _clamp(self, row: int, column: int) -> tuple[int, int]:
        most_rows = max(0, len(self.pane.lines) - self.rows)
        most_columns = max(0, self._longest - (self.size.width - GUTTER))
        return max(0, min(row, most_rows)), max(0, min(column, most_columns))

    def _reveal(self) -> None:
        row, column = self.offset_row, self.offset_column
        focus = self.pane.focus
        width = self.size.width - GUTTER
        if focus is not None and self.rows > 0 and width > 0:
            at_row, at_column = focus
            # A third of the pane stays visible around the focus: what comes next is seen too.
            margin = min(self.rows // 3, 5)
            if not row + margin <= at_row < row + self.rows - margin:
                row = at_row - self.rows // 2
            first, last = at_column, at_column + self.pane.focus_columns - 1
            if not column <= first <= last < column + width - width // 4:
                column = 0 if last < width - width // 4 else (first + last - width) // 2
        self.offset_row, self.offset_column = self._clamp(row, column)

    # -- painting -------------------------------------------------------------------------------

    def _style(self, name: str, drawn: bool = False) -> Style:
        style = self._styles_by_name.get((name, drawn))
        if style is None:
            # An unknown name is painted plain: a newer Frame must not take the screen down.
            known = name in STYLES or name.startswith("bar")
            style = (
                self.get_component_rich_style(f"lines--{name}")
                if name and known
                else self.rich_style
            )
            if drawn:
                style += _UPRIGHT
            self._styles_by_name[name, drawn] = style
        return style

    def _segment(self, run: Run) -> Segment:
        return Segment(run.text, self._style(run.style, not run.text.strip(_DRAWN)))

    def notify_style_update(self) -> None:
        self._styles_by_name.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y < TITLE_ROWS:
            return self._title_strip(width)
        line = _at(self.pane.lines, self.offset_row + y - TITLE_ROWS)
        base = self._style("")
        strip = Strip(map(self._segment, line))
        if self.offset_column:
            strip = strip.crop(self.offset_column)
        inner = strip.adjust_cell_length(max(0, width - GUTTER), base)
        # The last column is kept free, so that neighbouring panes never touch.
        rule = Segment("│" if self.divided else " ", self._style("muted"))
        return Strip.join([inner, Strip([rule])])

    def _title_strip(self, width: int) -> Strip:
        style = self._style("bar-focus" if self.has_focus else "bar")
        title = self.title
        self._drawn_title = (title, self.beside)
        room = width - cell_len(title) - cell_len(self.beside)
        text = title + " " * room + self.beside if room > 1 else title
        return Strip([Segment(text, style)]).adjust_cell_length(width, style)

    # -- mouse, focus, size ---------------------------------------------------------------------

    def on_focus(self) -> None:
        self.refresh(Region(0, 0, self.size.width, 1))

    def on_blur(self) -> None:
        self.refresh(Region(0, 0, self.size.width, 1))

    def on_resize(self, event: events.Resize) -> None:
        self._reveal()
        self.refresh()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_lines(rows=3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_lines(rows=-3)

    def on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        event.stop()
        self.scroll_lines(columns=6)

    def on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        event.stop()
        self.scroll_lines(columns=-6)

    def on_click(self, event: events.Click) -> None:
        if event.y < TITLE_ROWS:
            column = event.x - (self.size.width - cell_len(self.beside))
            for word, name in self.switches.items():
                start = self.beside.find(word)
                if 0 <= start <= column < start + len(word):
                    self.post_message(self.Switched(name))
            return
        target = self.pane.targets.get(self.offset_row + event.y - TITLE_ROWS)
        if target is not None:
            self.post_message(self.Chosen(self, target))

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return container.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.pane.lines) + TITLE_ROWS


def _at(lines: tuple[Line, ...], row: int) -> Line:
    return lines[row] if 0 <= row < len(lines) else _EMPTY


def _width(line: Line) -> int:
    return sum(cell_len(run.text) for run in line)
