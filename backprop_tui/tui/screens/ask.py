"""A question answered in one line: where to go, which tensor, where to write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static


class AskScreen(ModalScreen[str | None]):
    """Returns what was typed, or None on Escape. ``among`` are the answers it completes."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(None)", "Back")]
    DEFAULT_CSS = """
    AskScreen { align: center middle; background: $background 60%; }
    AskScreen Vertical {
        width: 64; max-width: 90%; height: auto; padding: 1 2; background: $ink-bar;
    }
    AskScreen Static { height: auto; color: $ink-bar-ink; }
    AskScreen .question { text-style: bold; color: $ink-heading; }
    """

    def __init__(
        self, question: str, hint: str, *, among: Sequence[str] = (), value: str = ""
    ) -> None:
        super().__init__()
        self._question, self._hint, self._among, self._value = question, hint, among, value

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(self._question, classes="question", markup=False)
            yield Input(
                self._value,
                placeholder=self._hint,
                suggester=SuggestFromList(self._among) if self._among else None,
                select_on_focus=False,
            )
            if self._among:
                yield Static("  ".join(self._among), markup=False)
            yield Static("Enter: go    Escape: back", markup=False)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        typed = message.value.strip()
        if self._among and typed not in self._among:
            beginning = [name for name in self._among if name.startswith(typed)]
            typed = beginning[0] if typed and beginning else typed
        self.dismiss(typed or None)
