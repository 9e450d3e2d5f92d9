"""What the stepper's screen is made of: five panes, the caption, the key bar; and where they lie.

size, zoom, the pane shown ──lay_out()──▶ regions, Sizes        Frame ──paint()──▶ LinesView.show
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.geometry import Size

from backprop_tui.tui.layout import PANES, SWITCHED, Arrangement, arrange
from backprop_tui.tui.widgets.caption import Caption
from backprop_tui.tui.widgets.key_bar import KeyBar
from backprop_tui.tui.widgets.lines_view import LinesView
from backprop_tui.view.source import first_line, source_rows
from backprop_tui.view.types import Pane, Run, Sizes

if TYPE_CHECKING:
    from backprop_tui.scenario.loader import Scenario
    from backprop_tui.view.frame import Frame


class Stage:
    """The panes and which of them is seen.

    ``focused`` takes the keys, ``zoomed`` has the whole screen, ``shown`` the switched place of a
    narrow one; ``presenting``: the key bar is away and the caption has more room.
    """

    def __init__(self) -> None:
        self.focused = "program"
        self.zoomed: str | None = None
        self.shown = "maths"
        self.presenting = False
        self.views = {
            name: LinesView(number, id=name) for number, name in enumerate(PANES, start=1)
        }
        self.caption = Caption(id="caption")
        self.keys = KeyBar()
        #: the insides of the panes, and the size of the screen they were laid out for
        self.sizes = Sizes(*[(0, 0)] * len(PANES))
        self.size = Size(0, 0)

    @property
    def view(self) -> LinesView:
        """The pane that takes the keys."""
        return self.views[self.focused]

    @property
    def has_room(self) -> bool:
        """Whether there is any place to paint in."""
        return any(self.sizes.program + self.sizes.timeline)

    # -- which pane -------------------------------------------------------------------------------

    def focus(self, name: str) -> bool:
        """Give a pane the keys; whether the screen must be laid out anew to show it."""
        self.focused = name
        switches = name in SWITCHED and self.shown != name
        if switches:
            self.shown = name
        moves = self.zoomed is not None and self.zoomed != name
        if moves:
            self.zoomed = name
        return switches or moves

    def beside(self, delta: int) -> str:
        """The name of the pane so many further on."""
        return PANES[(PANES.index(self.focused) + delta) % len(PANES)]

    def zoom(self) -> None:
        """Give the focused pane the whole screen, or take it away again."""
        self.zoomed = None if self.zoomed == self.focused else self.focused

    def back(self) -> bool:
        """Out of zoom, then out of presenting; whether there was a way back."""
        if self.zoomed is not None:
            self.zoomed = None
        elif self.presenting:
            self.presenting = False
        else:
            return False
        return True

    # -- where ------------------------------------------------------------------------------------

    def lay_out(self, size: Size) -> bool:
        """Lay the panes out for a screen of this size; whether there is anything to see."""
        width, height = self.size = size
        if not width or not height:
            return False
        self.keys.display = not self.presenting
        places = arrange(
            width,
            height - (0 if self.presenting else 1),
            shown=self.shown,
            zoomed=self.zoomed,
            presenting=self.presenting,
        )
        for name, view in self.views.items():
            region = places.regions.get(name)
            view.display = region is not None and region.height > 0
            if region is not None:
                view.place(region, divided=region.right < width)
        self.caption.styles.offset = places.caption.offset
        self.caption.styles.width, self.caption.styles.height = places.caption.size
        self.sizes = Sizes(**{name: places.inside(name) for name in PANES})
        self._name_beside(places)
        return True

    def _name_beside(self, places: Arrangement) -> None:
        """On a narrow screen the switched place says which other panes its keys bring."""
        hidden = [name for name in SWITCHED if name not in places.regions]
        for name in SWITCHED:
            first = places.narrow and self.zoomed is None and name == self.shown
            words = {f"{PANES.index(other) + 1} {other.capitalize()}": other for other in hidden}
            self.views[name].switches = words if first else {}
            self.views[name].beside = "  ".join(words) + " " if first and words else ""

    # -- what -------------------------------------------------------------------------------------

    def paint(self, frame: Frame, status: str) -> None:
        """Paint a frame; only what differs from before is drawn."""
        self.views["timeline"].beside = status
        for name, view in self.views.items():
            if view.display:
                view.show(getattr(frame, name))
        self.caption.show(frame.caption)

    def paint_opening(self, scenario: Scenario, waits: str) -> None:
        """What can be shown before the engine is there: the program, and what it is about."""
        rows = source_rows(scenario.text, self.sizes.program[0])
        shown = tuple(row for rows in rows[first_line(scenario.text) :] for row in rows)
        for name, view in self.views.items():
            lines = shown if name == "program" else ()
            title = scenario.name if name == "program" else name.capitalize()
            view.show(Pane(title, lines))
        words = waits or " ".join(scenario.description.split())
        self.caption.show((Run(scenario.title, "active"), Run(f"  {words}")))
