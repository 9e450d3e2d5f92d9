"""The app: a stepper screen, its themes, and what opens on top of it.

run_app(scenario) ──▶ BackpropApp ──▶ StepperScreen: the program's source, painted at once
                                          ├──▶ Film(session): imported behind the first frame
                                          └──▶ library, help, tensor … (imported when asked for)
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.command import Provider
from textual.screen import Screen

from backprop_tui.errors import BackpropTuiError, EngineMissing
from backprop_tui.tui.screens.stepper import StepperScreen
from backprop_tui.tui.themes import THEME_NAMES, themes, variables

if TYPE_CHECKING:
    from backprop_tui.progress import Place
    from backprop_tui.scenario.limits import Budget
    from backprop_tui.scenario.loader import Scenario
    from backprop_tui.session import Session, StoredSession
    from backprop_tui.tui.film import Film

Opener = Callable[["Path | str | Scenario"], "Session"]


def _collect_garbage() -> None:
    """Collect from now on; what start-up made stays, and is never looked through again."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def _palette() -> type[Provider]:
    from backprop_tui.tui.palette import CommandProvider

    return CommandProvider


class BackpropApp(App[None]):
    """Plays one film; without one it begins in the library.

    The film is a ``session`` that is there already, or a checked scenario still ``opening``: its
    source is painted first, and the engine is imported behind that. ``opener`` makes a session of
    a path, a bundled name or a scenario; ``at`` is the index of the step to begin at.
    ``remembers``: where one stops in a bundled scenario is kept on this machine. ``slow_engine``
    is what takes seconds to load: it is loaded beside the screen, which says so.
    """

    TITLE = "backprop-tui"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_palette}
    ENABLE_COMMAND_PALETTE = True
    CSS_PATH = "app.tcss"

    def __init__(
        self,
        session: Session | StoredSession | None = None,
        at: int | None = None,
        opener: Opener | None = None,
        opening: Scenario | None = None,
        remembers: bool = False,
        slow_engine: str = "",
    ) -> None:
        super().__init__()
        self._remembers = remembers
        self._slow_engine = slow_engine
        self._opener = opener
        self._at = at or 0
        self._opening = opening
        #: Why there is no engine to open the first scenario with.
        self.missing: EngineMissing | None = None
        film = None
        if session is not None:
            from backprop_tui.tui.film import Film

            film = Film(session, self._at)
        self.stepper = StepperScreen(film, opening)

    def get_default_screen(self) -> Screen[None]:
        return self.stepper

    def get_theme_variable_defaults(self) -> dict[str, str]:
        # A theme that is not ours still finds every colour.
        return variables(THEME_NAMES[0])

    def on_load(self) -> None:
        for theme in themes():
            self.register_theme(theme)
        self.theme = THEME_NAMES[0]

    def on_mount(self) -> None:
        if self._opening is not None:
            self.call_after_refresh(self._open_first, self._opening)
        elif self.stepper.film is not None:
            self.call_after_refresh(self.stepper.show_training)
        else:
            from backprop_tui.tui.screens.library import LibraryScreen

            self.push_screen(LibraryScreen())
        self.call_after_refresh(_collect_garbage)

    def _open_first(self, scenario: Scenario) -> None:
        """The first frame is on the screen: now the engine, the trace and the rest of it."""
        if self._slow_engine:
            self.stepper.wait(f"loading {self._slow_engine}")
            self.run_worker(lambda: self._load(scenario), thread=True)
        else:
            self.open_scenario(scenario, self._at)

    def _load(self, scenario: Scenario) -> None:
        """In a thread of its own: make the engine; the screen goes on painting."""
        assert self._opener is not None
        try:
            session = self._opener(scenario)
        except EngineMissing as missing:
            self.missing = missing
            self.call_from_thread(self.exit, return_code=1)
        else:
            self.call_from_thread(self._open_session, session)

    def _open_session(self, session: Session) -> None:
        from backprop_tui.tui.film import Film

        self.stepper.open(Film(session, self._at))

    def remember(self, film: Film) -> None:
        """Keep where ``film`` was left."""
        if self._remembers:
            from backprop_tui.progress import remember

            program = film.trace.program
            remember(program.name, program.source, film.place)

    def remembered(self) -> dict[str, Place]:
        """Where the bundled scenarios were left, by name."""
        if not self._remembers:
            return {}
        from backprop_tui.progress import remembered

        return remembered()

    def open_scenario(self, source: Path | str | Scenario, at: int = 0) -> bool:
        """Show another scenario; a refused one shows why, and the film of before stays.

        Returns whether it was opened.
        """
        if self._opener is None:
            return False
        from backprop_tui.tui.film import Film

        try:
            film = Film(self._opener(source), at)
        except BackpropTuiError as error:
            from backprop_tui.tui.screens.refused import RefusedScreen

            self.push_screen(RefusedScreen(error))
            return False
        self.stepper.open(film)
        return True


def run_app(
    scenario: str | None,
    engine: str = "numpy",
    at: int | None = None,
    budget: Budget | None = None,
    device: str = "cpu",
) -> None:
    """Open the app on a scenario (a file or a bundled name), a trace in a file, or in the library.

    Raises BackpropTuiError before anything is drawn if it is refused, damaged or unknown, and
    EngineMissing where the engine turns out not to be there.
    """
    from backprop_tui.scenario.library import find
    from backprop_tui.scenario.loader import Scenario, load
    from backprop_tui.trace.marks import is_trace

    def opener(source: Path | str | Scenario) -> Session:
        from backprop_tui.session import Session

        if isinstance(source, Scenario):
            return Session(source, engine, budget, device)
        return Session.open(source, engine, budget, device)

    if scenario is not None and is_trace(scenario):
        from backprop_tui.session import StoredSession

        stored = StoredSession(scenario)
        BackpropApp(stored, at=at, opener=opener).run()
        return
    opening = None if scenario is None else load(find(scenario), budget)
    slow = "PyTorch" if engine == "torch" else ""
    app = BackpropApp(at=at, opener=opener, opening=opening, remembers=True, slow_engine=slow)
    app.run()
    if app.missing is not None:
        raise app.missing
