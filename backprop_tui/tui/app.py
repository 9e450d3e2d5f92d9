"""The app: a stepper screen, its themes, and what opens on top of it.

run_app(scenario) ──▶ BackpropApp ──▶ StepperScreen(Film(session))
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

from backprop_tui.errors import BackpropTuiError
from backprop_tui.tui.film import Film
from backprop_tui.tui.screens.stepper import StepperScreen
from backprop_tui.tui.themes import THEME_NAMES, themes, variables

if TYPE_CHECKING:
    from backprop_tui.session import Session

Opener = Callable[[Path | str], "Session"]


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

    ``opener`` makes a session of a path or a bundled name when one is chosen in the library;
    ``at`` is the index of the step to begin at.
    """

    TITLE = "backprop-tui"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_palette}
    ENABLE_COMMAND_PALETTE = True
    CSS_PATH = "app.tcss"

    def __init__(
        self, session: Session | None = None, at: int | None = None, opener: Opener | None = None
    ) -> None:
        super().__init__()
        self._opener = opener
        self.stepper = StepperScreen(None if session is None else Film(session, at or 0))

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
        self.call_after_refresh(_collect_garbage)
        if self.stepper.film is None:
            from backprop_tui.tui.screens.library import LibraryScreen

            self.push_screen(LibraryScreen())

    def open_scenario(self, source: Path | str) -> bool:
        """Show another scenario; a refused one shows why, and the film of before stays.

        Returns whether it was opened.
        """
        if self._opener is None:
            return False
        try:
            film = Film(self._opener(source))
        except BackpropTuiError as error:
            from backprop_tui.tui.screens.refused import RefusedScreen

            self.push_screen(RefusedScreen(error))
            return False
        self.stepper.open(film)
        return True


def run_app(scenario: str | None, engine: str = "numpy", at: int | None = None) -> None:
    """Open the app on a scenario (a file or a bundled name), or in the library.

    Raises BackpropTuiError before anything is drawn if the scenario is refused or unknown.
    """
    from backprop_tui.session import Session

    def opener(source: Path | str) -> Session:
        return Session.open(source, engine=engine)

    session = None if scenario is None else opener(scenario)
    BackpropApp(session, at=at, opener=opener).run()
