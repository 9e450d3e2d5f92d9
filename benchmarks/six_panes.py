"""The yardstick for start-up: a Textual app of six empty panes and nothing else."""

from textual.app import App, ComposeResult
from textual.widgets import Static


class SixPanes(App[None]):
    CSS = "Screen { layout: grid; grid-size: 2 3; } Static { border: solid green; }"

    def compose(self) -> ComposeResult:
        for number in ("one", "two", "three", "four", "five", "sixth"):
            yield Static(number)


SixPanes().run()
