"""The screen one steps through a film on: keys move the Film, the Stage shows where it is.

a checked scenario ──▶ its source is shown at once; engine and film are imported behind it
key ──binding──▶ action ──▶ Film moves ──▶ paint(): film.frame(sizes) ──▶ Stage.paint
resize, zoom ──▶ Stage.lay_out: regions, sizes ──▶ paint()
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
from backprop_tui.tui.growth import REPAINT_EVERY, Growth
from backprop_tui.tui.layout import PANES
from backprop_tui.tui.player import Player
from backprop_tui.tui.stage import Stage
from backprop_tui.tui.widgets.key_bar import KeyBar
from backprop_tui.tui.widgets.lines_view import LinesView
from backprop_tui.view.types import plain

if TYPE_CHECKING:
    from backprop_tui.scenario.loader import Scenario
    from backprop_tui.tui.app import BackpropApp
    from backprop_tui.tui.film import Film, Leap
    from backprop_tui.tui.live import Live

ATTEND_EVERY = 1.0


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
        self.stage = Stage()
        #: What the film still waits for ("loading PyTorch"), and since when.
        self.waiting = ""
        self._waiting_since = monotonic()
        self._waiting: Timer | None = None
        self._player = Player(self.set_interval, self._tick)
        self._growth = Growth(self.set_interval, self._say_crash, self.paint)
        #: the run whose film this is, once its curves have been looked at
        self._live: Live | None = None

    def compose(self) -> ComposeResult:
        yield from self.stage.views.values()
        yield self.stage.caption
        yield self.stage.keys

    def on_mount(self) -> None:
        self.stage.view.focus()
        self.lay_out(self.app.size)
        self.call_after_refresh(lambda: self._growth.start(self.film))
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
        self.stage.zoomed = None
        self.lay_out()
        self._growth.wake(film)

    def wait(self, what: str) -> None:
        """Say what the film waits for until it is opened."""
        self.waiting, self._waiting_since = what, monotonic()
        self._waiting = self.set_interval(REPAINT_EVERY, self.paint)
        self.paint()

    # -- layout and painting --------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        if event.size != self.stage.size:
            self.lay_out(event.size)

    def lay_out(self, size: Size | None = None) -> None:
        """Lay the panes out for a size (the present one), and paint them."""
        if self.stage.lay_out(size or self.size):
            self.paint()

    def paint(self) -> None:
        """Paint the frame of the present step; only what differs from before is drawn."""
        if not self.stage.has_room:
            return
        if self.film is not None:
            self._growth.painted()
            frame = self.film.frame(self.stage.sizes)
            self.stage.paint(frame, self._status(plain(frame.position)))
        elif self._opening is not None:
            waits = ""
            if self.waiting:
                waits = f"● {self.waiting} … {monotonic() - self._waiting_since:.0f} s"
            self.stage.paint_opening(self._opening, waits)

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

    # -- walking --------------------------------------------------------------------------------

    def _move(self, move: Callable[[Film], None]) -> None:
        if self.film is None:
            return
        self._growth.pressed()
        move(self.film)
        self._say_crash(self.film)
        self.paint()
        self._growth.wake(self.film)

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
        view = self.stage.view
        if self.stage.focused != "tensors":
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
        self.stage.view.scroll_lines(rows, columns)

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
        if self.stage.focus(name):
            self.lay_out()
        self.stage.view.focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if event.widget.id in PANES:
            self.stage.focused = event.widget.id

    def action_pane(self, delta: int) -> None:
        self.action_focus_pane(self.stage.beside(delta))

    def action_zoom(self) -> None:
        self.stage.zoom()
        self.lay_out()

    def action_back(self) -> None:
        if self.stage.back():
            self.lay_out()
        elif self.film is not None and self.film.selection.tensor is not None:
            self._move(lambda film: film.select(None))

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
        self.stage.presenting = not self.stage.presenting
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
