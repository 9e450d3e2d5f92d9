"""Whom the interpreter tells where it is and what the program does to names.

The recorder is one such observer; ``NoObserver`` serves ``run``, where nobody looks.
Values are handed over raw (an engine's tensors, modules, Python numbers): what to keep of them is
the observer's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from backprop_tui.trace.steps import Span


class Observer(Protocol):
    """What the interpreter reports, besides what the engine tells its own Listener."""

    #: The running statement (a compound statement's header) and the sub-expression being
    #: evaluated; plain attributes, because they are set for every operation.
    statement: Span
    expression: Span

    def bind(self, names: Sequence[tuple[str, object]]) -> None:
        """An assignment gave these names these values."""

    def enter(self, function: str, arguments: Sequence[tuple[str, object]]) -> None:
        """A scenario's function or method is entered."""

    def leave(self) -> None:
        """… and left, by return or by an error."""

    def loop_enter(self, name: str, total: int | None) -> None:
        """A loop over ``total`` rounds (None: unknown) begins; ``name`` is its variable's text."""

    def loop_round(self, number: int, names: Sequence[tuple[str, object]]) -> None:
        """Round ``number`` (from 1) begins with these loop variables."""

    def loop_exit(self) -> None:
        """The loop ended."""

    def output(self, text: str) -> None:
        """``print`` wrote ``text``, line end included."""

    def mark(self) -> None:
        """Something goes wrong here; ``failed`` may follow when all around it was left."""

    def failed(self, kind: str, message: str, hint: str) -> None:
        """The program stopped here with an error."""


class NoObserver:
    """Looks at nothing."""

    def __init__(self) -> None:
        self.statement = self.expression = Span(1, 0, 1, 0)

    def bind(self, names: Sequence[tuple[str, object]]) -> None: ...
    def enter(self, function: str, arguments: Sequence[tuple[str, object]]) -> None: ...
    def leave(self) -> None: ...
    def loop_enter(self, name: str, total: int | None) -> None: ...
    def loop_round(self, number: int, names: Sequence[tuple[str, object]]) -> None: ...
    def loop_exit(self) -> None: ...
    def output(self, text: str) -> None: ...
    def mark(self) -> None: ...
    def failed(self, kind: str, message: str, hint: str) -> None: ...
