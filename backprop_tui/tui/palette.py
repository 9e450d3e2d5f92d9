"""The command palette: every command of the table, and every theme, by name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Provider

from backprop_tui.tui.commands import COMMANDS, keys_text
from backprop_tui.tui.themes import THEME_NAMES
from backprop_tui.tui.training_commands import TRAINING

_HIDDEN = ("palette", "row.up", "row.down")


class CommandProvider(Provider):
    """Finds commands by their title."""

    def _entries(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        from backprop_tui.tui.screens.training import TrainingScreen

        for command in TRAINING if isinstance(self.screen, TrainingScreen) else COMMANDS:
            if command.id not in _HIDDEN:
                run = partial(self.app.run_action, command.action, self.screen)
                yield command.title, f"{keys_text(command)}: {command.help}", run
        for name in THEME_NAMES:
            yield f"Theme: {name}", "Colours of the whole app.", partial(self._set_theme, name)

    def _set_theme(self, name: str) -> None:
        self.app.theme = name

    async def discover(self) -> AsyncIterator[DiscoveryHit]:
        for title, about, run in self._entries():
            yield DiscoveryHit(title, run, help=about)

    async def search(self, query: str) -> AsyncIterator[Hit]:
        matcher = self.matcher(query)
        for title, about, run in self._entries():
            score = matcher.match(title)
            if score > 0:
                yield Hit(score, matcher.highlight(title), run, help=about)
