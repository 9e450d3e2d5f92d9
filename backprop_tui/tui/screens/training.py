"""The screen of a run that trains: its loss, its layers, and iterations that may be walked into.

a timer ──▶ Live.look(): what has been written since ──▶ paint(): Live.board(sizes) ──▶ LinesView
key ──binding──▶ action ──▶ a wish to the run, or dismiss(step): the film goes there
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import events
from textual.app import ComposeResult
from textual.geometry import Region, Size
from textual.screen import Screen

from backprop_tui.errors import TraceError
from backprop_tui.tui.commands import bindings
from backprop_tui.tui.screens.blank import BlankScreen
from backprop_tui.tui.training_commands import TRAINING
from backprop_tui.tui.widgets.key_bar import KeyBar
from backprop_tui.tui.widgets.lines_view import GUTTER, TITLE_ROWS, LinesView
from backprop_tui.view.training import Sizes

if TYPE_CHECKING:
    from backprop_tui.tui.app import BackpropApp
    from backprop_tui.tui.live import Live

LOOK_EVERY = 0.25
PANES = ("loss", "layers", "recorded")
#: The width of the list of recorded iterations, and from which width it stands beside the loss.
LIST, WIDE = 42, 110
_STATUS_ROWS = 3


class TrainingScreen(Screen[int | None]):
    """One run; dismissed with the index of a step to walk into, or None."""

    BINDINGS = bindings(table=TRAINING)
    DEFAULT_CSS = """
    TrainingScreen { layout: vertical; overflow: hidden; }
    TrainingScreen LinesView { position: absolute; }
    """

    def __init__(self, live: Live) -> None:
        super().__init__()
        self.live = live
        self.zoomed: str | None = None
        self._views = {
            "status": LinesView(id="status"),
            **{name: LinesView(number, id=name) for number, name in enumerate(PANES, start=1)},
        }
        self._keys = KeyBar(TRAINING)
        self._sizes = Sizes()
        self._focused = "layers"
        self._layers = 0

    def compose(self) -> ComposeResult:
        yield from self._views.values()
        yield self._keys

    def on_mount(self) -> None:
        self._views["status"].can_focus = False
        self._views[self._focused].focus()
        self.lay_out(self.app.size)
        self.set_interval(LOOK_EVERY, self._look)

    def on_resize(self, event: events.Resize) -> None:
        self.lay_out(event.size)

    # -- layout and painting --------------------------------------------------------------------

    def lay_out(self, size: Size | None = None) -> None:
        """Lay the panes out for a size (the present one), and paint them."""
        width, height = size or self.size
        if not width or not height:
            return
        self._layers = len(self.live.curves.parameters)
        regions = places(width, height - 1, self.zoomed, self._layers or 1000)
        for name, view in self._views.items():
            region = regions.get(name)
            view.display = region is not None and region.height > 0
            if region is not None:
                view.place(region, divided=region.right < width)
        self._sizes = Sizes(
            **{
                name: (max(0, region.width - GUTTER), max(0, region.height - TITLE_ROWS))
                for name, region in regions.items()
            }
        )
        self.paint()

    def paint(self) -> None:
        """Paint what is known of the run."""
        self._keys.rest(self._idle())
        board = self.live.board(self._sizes)
        for name, view in self._views.items():
            if view.display:
                view.show(getattr(board, name))

    def _idle(self) -> frozenset[str]:
        """The commands that would do nothing: an ended run obeys no longer, and where no iteration
        was recorded step by step, there is none to walk into."""
        obeys = () if self.live.waits else ("training.pause", "training.next")
        return frozenset(obeys if self.live.step is not None else (*obeys, "training.walk"))

    def _look(self) -> None:
        try:
            self.live.look()
        except TraceError as error:
            self._say(str(error))
        if len(self.live.curves.parameters) == self._layers:
            self.paint()
        else:
            self.lay_out()

    # -- the run --------------------------------------------------------------------------------

    def _ask(self, wish: str | None) -> None:
        if not self.live.waits:
            self._say("The run has ended: it can be looked at, not paused.")
            return
        try:
            if wish is None:
                self.live.toggle()
            else:
                self.live.ask(wish)
        except TraceError as error:
            self._say(str(error))
        self.paint()

    def action_pause(self) -> None:
        self._ask(None)

    def action_another(self) -> None:
        self._ask("next")

    # -- walking into an iteration --------------------------------------------------------------

    def action_choose(self, move: int) -> None:
        self.live.choose(move)
        self.paint()

    def action_walk(self) -> None:
        step = self.live.step
        if step is not None:
            self.dismiss(step)
        elif self.live.waits:
            self._say("No iteration is recorded step by step yet: Space pauses, and records one.")
        else:
            self._say("No iteration of this run was recorded step by step.")

    def on_lines_view_chosen(self, message: LinesView.Chosen) -> None:
        if message.view.id == "recorded":
            self.live.choose_step(message.target)
            self.action_walk()

    # -- panes ----------------------------------------------------------------------------------

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if event.widget.id in PANES:
            self._focused = event.widget.id

    def action_focus_pane(self, name: str) -> None:
        self._focused = name
        if self.zoomed is not None and self.zoomed != name:
            self.zoomed = name
            self.lay_out()
        self._views[name].focus()

    def action_pane(self, delta: int) -> None:
        self.action_focus_pane(PANES[(PANES.index(self._focused) + delta) % len(PANES)])

    def action_scroll(self, rows: int) -> None:
        self._views["layers" if self._focused == "loss" else self._focused].scroll_lines(rows)

    def action_zoom(self) -> None:
        self.zoomed = None if self.zoomed == self._focused else self._focused
        self.lay_out()

    def action_back(self) -> None:
        if self.zoomed is not None:
            self.zoomed = None
            self.lay_out()
        else:
            self.dismiss(None)

    # -- the app --------------------------------------------------------------------------------

    def action_film(self) -> None:
        self.dismiss(None)

    def action_blank(self) -> None:
        self.app.push_screen(BlankScreen())

    def action_help(self) -> None:
        from backprop_tui.tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen())

    def action_theme(self) -> None:
        cast("BackpropApp", self.app).stepper.action_theme()

    async def on_key_bar_pressed(self, message: KeyBar.Pressed) -> None:
        await self.run_action(message.command.action)

    def _say(self, text: str) -> None:
        self.app.notify(text, timeout=4, markup=False)


def places(
    width: int, height: int, zoomed: str | None = None, layers: int = 1000
) -> dict[str, Region]:
    """Where the panes lie on a screen of so many cells; so many ``layers`` are to be listed."""
    below = height - _STATUS_ROWS
    status = Region(0, 0, width, _STATUS_ROWS)
    if zoomed is not None:
        return {"status": status, zoomed: Region(0, _STATUS_ROWS, width, below)}
    beside = width >= WIDE
    listed = 0 if beside else max(3, below // 5)
    bottom = min(layers + 2, (below - listed + 1) // 2)
    top = below - listed - bottom
    loss = Region(0, _STATUS_ROWS, width - LIST if beside else width, top)
    return {
        "status": status,
        "loss": loss,
        "layers": Region(0, _STATUS_ROWS + top, width, bottom),
        "recorded": Region(width - LIST, _STATUS_ROWS, LIST, top)
        if beside
        else Region(0, _STATUS_ROWS + below - listed, width, listed),
    }
