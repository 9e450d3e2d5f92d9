"""A dark screen while the lecturer talks."""

from __future__ import annotations

from textual import events
from textual.screen import Screen


class BlankScreen(Screen[None]):
    """Nothing at all; any key or click brings the picture back."""

    DEFAULT_CSS = "BlankScreen { background: black; }"

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        self.dismiss()

    def on_click(self) -> None:
        self.dismiss()
