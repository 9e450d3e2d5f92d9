"""What a recording knows of the program at one moment: a Place, and what Happened before it."""

from __future__ import annotations

from dataclasses import dataclass
from types import FrameType
from typing import Any, Literal

from backprop_tui.recording.codes import Code
from backprop_tui.recording.files import Loop
from backprop_tui.recording.moves import Spot
from backprop_tui.recording.names import NOTHING, Names
from backprop_tui.recording.rounds import Rounds
from backprop_tui.trace.steps import LoopAt, Span

Pairs = tuple[tuple[str, object], ...]


# None of these changes once it is made; frozen ones would take several times as long to make.


@dataclass(slots=True)
class Here:
    """A place, as steps tell it."""

    statement: Span
    expression: Span
    scopes: tuple[str, ...] = ()
    call: int = 0
    loops: tuple[LoopAt, ...] = ()
    grad_enabled: bool = True


@dataclass(slots=True, eq=False)
class Place:
    """``number`` counts places; what Happened up to it comes before what is told of it."""

    number: int
    here: Here


@dataclass(slots=True, eq=False)
class Happened:
    """What the program did besides computing: names given, a round, a function, output."""

    number: int
    kind: Literal["bind", "loop", "call", "output"]
    here: Here
    names: Pairs = ()
    text: str = ""


class Active(Names):
    """A frame of the user's that runs: where it is, and what its names stood for."""

    __slots__ = (
        "around", "call", "code", "inner", "known", "lasti", "loops", "rounds", "scopes", "spot",
        "unsure", "within",
    )  # fmt: skip

    def __init__(self, frame: FrameType, code: Code, spot: Spot, below: Active | None) -> None:
        super().__init__(frame, code)
        self.code = code
        self.call: int = 0 if below is None else below.call
        self.scopes: tuple[str, ...] = () if below is None else below.scopes
        self.lasti = -1
        self.inner: FrameType | None = None
        self.spot = spot
        #: the loops of its own that it is in, and their rounds
        self.within: tuple[Loop, ...] = ()
        self.rounds: list[Rounds] = []
        #: the rounds at work in the functions that called this one, and those with its own
        self.around: tuple[LoopAt, ...] = () if below is None else below.loops
        self.loops: tuple[LoopAt, ...] = self.around
        #: name → mark of what it stood for
        self.known: dict[str, object] = {}
        #: whether names can have been given that were not looked at
        self.unsure = not code.optimized

    def looped(self, around: tuple[LoopAt, ...]) -> None:
        """These rounds are at work around the function, or its own have changed."""
        self.around = around
        self.loops = (*around, *[each.at for each in self.rounds]) if self.rounds else around

    def was(self, name: str) -> Any:
        """What a loop's variable stood for in the loop's last round; NOTHING if that is gone."""
        inner = (each for each in reversed(self.rounds) if name in each.loop.names)
        running = next(inner, None)
        return NOTHING if running is None else running.was(name)
