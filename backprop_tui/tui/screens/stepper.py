"""The screen one steps through a film on: five panes, the caption, the key bar.

a checked scenario ──▶ its source is shown at once; engine and film are imported behind it
key ──binding──▶ action ──▶ Film moves ──▶ paint(): film.frame(sizes) ──▶ LinesView.show
resize, zoom ──▶ arrange(): regions, sizes ──▶ paint()
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, cast

from textual import events
from textual.app import ComposeResult
from textual.geometry import Size
from textual.screen import Screen
from textual.timer import Timer

from backprop_tui.errors import TraceError, visible
from backprop_tui.tui.commands import bindings
from backprop_tui.tui.layout import PANES, SWITCHED, Arrangement, arrange
from backprop_tui.tui.player import Player
from backprop_tui.tui.widgets.caption import Caption
from backprop_tui.tui.widgets.key_bar import KeyBar
from backprop_tui.tui.widgets.lines_view import LinesView
from backprop_tui.view.source import first_line, source_rows
from backprop_tui.view.types import Pane, Run, Sizes, plain

if TYPE_CHECKING:
    from backprop_tui.scenario.loader import Scenario
    from backprop_tui.tui.app import BackpropApp
    from backprop_tui.tui.film import Film, Leap
    from backprop_tui.tui.live import Live

#: Recording ahead rests this long after a key press, so that it never stands in a key's way.
QUIET_SECONDS = 0.15
GROW_EVERY = 0.02
REPAINT_EVERY = 0.5
ATTEND_EVERY = 1.0
#: Steps that must lie ahead before recording may rest.
NEAR = 200


class StepperScreen(Screen[None]):
    """One film, stepped through."""

    BINDINGS = bindings()
    DEFAULT_CSS = """
    StepperScreen { layout: vertical; overflow: hidden; }
    StepperScreen LinesView, StepperScreen Caption { position: absolute; }
    """

    def __init__(self, film: Film | None, opening: Scenario | None = None) -> None:
        super().__init__()
        self.film = film
        self._opening = opening
        self.zoomed: str | None = None
        self.shown = "maths"
        self.presenting = False
        #: What the film still waits for ("loading PyTorch"), and since when.
        self.waiting = ""
        self._waiting_since = monotonic()
        self._waiting: Timer | None = None
        self._focused = "program"
        self._views = {
            name: LinesView(number, id=name) for number, name in enumerate(PANES, start=1)
        }
        self._caption = Caption(id="caption")
        self._keys = KeyBar()
        self._sizes = Sizes(*[(0, 0)] * len(PANES))
        self._laid_out_for = Size(0, 0)
        self._player = Player(self.set_interval, self._tick)
        self._growing: Timer | None = None
        #: the run whose film this is, once its curves have been looked at
        self._live: Live | None = None
        self._last_key = 0.0
        self._last_paint = 0.0

    def compose(self) -> ComposeResult:
        yield from self._views.values()
        yield self._caption
        yield self._keys

    def on_mount(self) -> None:
        self._views["program"].focus()
        self.lay_out(self.app.size)
        self.call_after_refresh(self._start_growing)
        self.set_interval(ATTEND_EVERY, self._attend)

    def on_unmount(self) -> None:
        self._leave()

    def _leave(self) -> None:
        if self.film is not None:
            cast("BackpropApp", self.app).remember(self.film)
            self.film.session.close()

    def open(self, film: Film) -> None:
        """Show another film from its beginning."""
        self._leave()
        if self._waiting is not None:
            self._waiting.stop()
        self._player.pause()
        self.film = film
        self._live = None
        self.zoomed = None
        self.lay_out()
        self._wake()

    def wait(self, what: str) -> None:
        """Say what the film waits for until it is opened."""
        self.waiting, self._waiting_since = what, monotonic()
        self._waiting = self.set_interval(REPAINT_EVERY, self.paint)
        self.paint()

    # -- layout and painting --------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        if event.size != self._laid_out_for:
            self.lay_out(event.size)

    def lay_out(self, size: Size | None = None) -> None:
        """Lay the panes out for a size (the present one), and paint them."""
        size = size or self.size
        width, height = self._laid_out_for = size
        if not width or not height:
            return
        self._keys.display = not self.presenting
        places = arrange(
            width,
            height - (0 if self.presenting else 1),
            shown=self.shown,
            zoomed=self.zoomed,
            presenting=self.presenting,
        )
        for name, view in self._views.items():
            region = places.regions.get(name)
            view.display = region is not None and region.height > 0
            if region is not None:
                view.place(region, divided=region.right < width)
        self._caption.styles.offset = places.caption.offset
        self._caption.styles.width, self._caption.styles.height = places.caption.size
        self._sizes = Sizes(**{name: places.inside(name) for name in PANES})
        self._name_beside(places)
        self.paint()

    def _name_beside(self, places: Arrangement) -> None:
        """On a narrow screen the switched place says which other panes its keys bring."""
        hidden = [name for name in SWITCHED if name not in places.regions]
        for name in SWITCHED:
            first = places.narrow and self.zoomed is None and name == self.shown
            words = {f"{PANES.index(other) + 1} {other.capitalize()}": other for other in hidden}
            self._views[name].switches = words if first else {}
            self._views[name].beside = "  ".join(words) + " " if first and words else ""

    def paint(self) -> None:
        """Paint the frame of the present step; only what differs from before is drawn."""
        film = self.film
        if not any(self._sizes.program + self._sizes.timeline):
            return
        if film is None:
            if self._opening is not None:
                self._paint_opening(self._opening)
            return
        self._last_paint = monotonic()
        frame = film.frame(self._sizes)
        self._views["timeline"].beside = self._status(plain(frame.position))
        for name, view in self._views.items():
            if view.display:
                view.show(getattr(frame, name))
        self._caption.show(frame.caption)

    def _paint_opening(self, scenario: Scenario) -> None:
        """What can be shown before the engine is there: the program and what it is about."""
        rows = source_rows(scenario.text, self._sizes.program[0])
        shown = tuple(row for rows in rows[first_line(scenario.text) :] for row in rows)
        for name, view in self._views.items():
            lines = shown if name == "program" else ()
            title = scenario.name if name == "program" else name.capitalize()
            view.show(Pane(title, lines))
        words = " ".join(scenario.description.split())
        if self.waiting:
            words = f"● {self.waiting} … {monotonic() - self._waiting_since:.0f} s"
        self._caption.show((Run(scenario.title, "active"), Run(f"  {words}")))

    def _status(self, position: str) -> str:
        film = self.film
        marks = []
        if film is not None and film.recording:
            marks.append("● recording…")
        if film is not None and film.session.error is not None and film.ended:
            marks.append("✗ stopped by an error")
        if self._live is not None and self._live.waits:
            marks.append(self._live.words)
        if self._player.playing:
            marks.append(f"▶ {self._player.speed:g}/s")
        return "  ".join([*marks, position]) + " "

    # -- growing --------------------------------------------------------------------------------

    def _start_growing(self) -> None:
        self._growing = self.set_interval(GROW_EVERY, self._grow)

    def _grow(self) -> None:
        film = self.film
        if film is None or self._growing is None:
            return
        if not film.growing:
            self._growing.pause()
            self.paint()
            return
        near = film.last - film.index < NEAR
        if not (film.recording or near) and monotonic() - self._last_key < QUIET_SECONDS:
            return
        waited = film.recording
        film.grow()
        self._say_crash(film)
        if (waited and not film.recording) or monotonic() - self._last_paint > REPAINT_EVERY:
            self.paint()

    def _say_crash(self, film: Film) -> None:
        crash, film.crash = film.crash, None
        if crash is None:
            return
        words = f"{type(crash).__name__}: {crash}"
        if isinstance(crash, TraceError):
            words = str(crash)
        elif not getattr(film.session, "foreign", False):
            words = f"Recording ended early by a defect of backprop-tui: {words}"
        self.app.notify(visible(words), severity="error", timeout=15, markup=False)

    def _wake(self) -> None:
        if self._growing is not None and self.film is not None and self.film.growing:
            self._growing.resume()

    # -- walking --------------------------------------------------------------------------------

    def _move(self, move: Callable[[Film], None]) -> None:
        if self.film is None:
            return
        self._last_key = monotonic()
        move(self.film)
        self._say_crash(self.film)
        self.paint()
        self._wake()

    def action_step(self, count: int) -> None:
        self._move(lambda film: film.step(count))

    def action_leap(self, kind: Leap, direction: int) -> None:
        self._move(lambda film: film.leap(kind, direction))

    def action_first(self) -> None:
        self._move(lambda film: film.go(0))

    def action_last(self) -> None:
        self._move(lambda film: film.end())

    def action_jump(self) -> None:
        from backprop_tui.tui.screens.ask import AskScreen

        self.app.push_screen(AskScreen("Go to", "a step number, loss, or line:12"), self._jump)

    def _jump(self, text: str | None) -> None:
        if not text:
            return
        from backprop_tui.tui.film import parse_jump

        wish = parse_jump(text)
        if wish is None:
            self._say(f"“{text}” is not a step number, “loss” or “line:12”.")
        elif isinstance(wish, int):
            self._move(lambda film: film.go(wish))
        else:
            self._move(lambda film: film.seek(wish, lambda: self._say(f"No step for “{text}”.")))

    def action_search(self) -> None:
        from backprop_tui.tui.screens.ask import AskScreen

        if self.film is not None:
            self.app.push_screen(
                AskScreen("Find a tensor", "its name", among=self.film.names()), self._search
            )

    def _search(self, name: str | None) -> None:
        if not name or self.film is None:
            return

        def missing() -> None:
            self._say(f"No tensor called “{name}” in this run.")

        self._move(lambda film: film.find(name, missing))

    # -- playing --------------------------------------------------------------------------------

    def action_play(self) -> None:
        if self._player.playing:
            self._player.pause()
            self.paint()
        elif self.film is not None:
            if self.film.ended:
                self.film.go(0)
            self._player.play()
            self.paint()

    def _tick(self) -> None:
        film = self.film
        if film is None or film.ended:
            self._player.pause()
            self.paint()
        elif not film.recording:
            self._move(lambda film: film.step(1))

    def action_speed(self, change: int) -> None:
        self._player.change(change)
        if self._player.playing:
            self.paint()
        else:
            self._say(f"Plays {self._player.speed:g} steps a second.")

    # -- looking --------------------------------------------------------------------------------

    def action_row(self, delta: int) -> None:
        view = self._views[self._focused]
        if self._focused != "tensors":
            view.scroll_lines(rows=delta)
            return
        targets = view.pane.targets
        rows = sorted(targets)
        if self.film is None or not rows:
            return
        selected = self.film.selection.tensor
        here = [at for at, row in enumerate(rows) if targets[row] == selected]
        if here:
            at = max(0, min(len(rows) - 1, (here[-1] if delta > 0 else here[0]) + delta))
        else:
            at = 0 if delta > 0 else len(rows) - 1
        tensor = targets[rows[at]]
        self._move(lambda film: film.select(tensor))
        view.reveal(rows[at])

    def action_element(self, delta: int) -> None:
        self._move(lambda film: film.element(delta))

    def action_autograd(self) -> None:
        self._move(lambda film: film.toggle_autograd())

    def action_scroll(self, rows: int, columns: int) -> None:
        self._views[self._focused].scroll_lines(rows, columns)

    def action_open_tensor(self) -> None:
        from backprop_tui.tui.screens.tensor import TensorScreen

        film = self.film
        if film is None or film.last < 0:
            return
        if film.selection.tensor is None:
            self._say("Select a tensor first: 3, then ↑ and ↓; or / and its name.")
            return
        self.app.push_screen(TensorScreen(film), lambda _: self.paint())

    def on_lines_view_chosen(self, message: LinesView.Chosen) -> None:
        if message.view.id == "tensors":
            self._move(lambda film: film.select(message.target))
        elif message.view.id in ("timeline", "program"):
            self._move(lambda film: film.go(message.target))

    def on_lines_view_switched(self, message: LinesView.Switched) -> None:
        self.action_focus_pane(message.name)

    # -- panes ----------------------------------------------------------------------------------

    def action_focus_pane(self, name: str) -> None:
        self._focused = name
        relayout = False
        if name in SWITCHED and self.shown != name:
            self.shown = name
            relayout = True
        if self.zoomed is not None and self.zoomed != name:
            self.zoomed = name
            relayout = True
        if relayout:
            self.lay_out()
        self._views[name].focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if event.widget.id in PANES:
            self._focused = event.widget.id

    def action_pane(self, delta: int) -> None:
        at = (PANES.index(self._focused) + delta) % len(PANES)
        self.action_focus_pane(PANES[at])

    def action_zoom(self) -> None:
        self.zoomed = None if self.zoomed == self._focused else self._focused
        self.lay_out()

    def action_back(self) -> None:
        if self.zoomed is not None:
            self.zoomed = None
        elif self.presenting:
            self.presenting = False
        else:
            return
        self.lay_out()

    # -- presenting, files, the app ---------------------------------------------------------------

    def action_training(self) -> None:
        """The run's curves, if this is the trace of one."""
        if not self._open_training(lambda live: True):
            self._say("There are curves of a run that was recorded: backprop-tui record SCRIPT.py")

    def show_training(self) -> None:
        """The curves first, while it runs, and where no iteration was recorded in full."""
        self._open_training(lambda live: live.waits or not live.curves.recorded)

    def _open_training(self, wanted: Callable[[Live], bool]) -> bool:
        from backprop_tui.tui.live import watched

        if self._live is None and self.film is not None:
            self._live = watched(self.film.trace)
        live = self._live
        if live is None or not wanted(live):
            return False
        from backprop_tui.tui.screens.training import TrainingScreen

        self._player.pause()
        self.app.push_screen(TrainingScreen(live), self._walk_into)
        return True

    def _attend(self) -> None:
        """A run that waits goes on waiting while one walks through its film."""
        live = self._live
        if live is not None and live.waits and self.is_current:
            with suppress(TraceError):
                live.look()
            self.paint()

    def _walk_into(self, step: int | None) -> None:
        if step is not None:
            self._move(lambda film: film.go(step))
        else:
            self.paint()

    def action_present(self) -> None:
        self.presenting = not self.presenting
        self.lay_out()

    def action_blank(self) -> None:
        from backprop_tui.tui.screens.blank import BlankScreen

        self._player.pause()
        self.app.push_screen(BlankScreen())

    def action_library(self) -> None:
        from backprop_tui.tui.screens.library import LibraryScreen

        self._player.pause()
        if self.film is not None:
            cast("BackpropApp", self.app).remember(self.film)
        self.app.push_screen(LibraryScreen())

    def action_help(self) -> None:
        from backprop_tui.tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen())

    def action_theme(self) -> None:
        from backprop_tui.tui.themes import THEME_NAMES

        at = THEME_NAMES.index(self.app.theme) if self.app.theme in THEME_NAMES else -1
        self.app.theme = THEME_NAMES[(at + 1) % len(THEME_NAMES)]
        self.app.notify(f"Theme: {self.app.theme}", timeout=1.5, markup=False)

    def action_export(self) -> None:
        from backprop_tui.tui.exporting import ask_and_export

        if self.film is not None:
            ask_and_export(self, self.film)

    async def on_key_bar_pressed(self, message: KeyBar.Pressed) -> None:
        await self.run_action(message.command.action)

    def _say(self, text: str) -> None:
        self.app.notify(text, timeout=4, markup=False)
