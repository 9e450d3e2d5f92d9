"""What a recording knows of the program at one moment: a Place, and what Happened before it."""

from __future__ import annotations

from dataclasses import dataclass
from types import FrameType
from typing import Literal

from backprop_tui.recording.files import Code
from backprop_tui.recording.rounds import Rounds
from backprop_tui.trace.steps import LoopAt, Span

Pairs = tuple[tuple[str, object], ...]


@dataclass(frozen=True, slots=True)
class Here:
    """A place, as steps tell it."""

    statement: Span
    expression: Span
    scopes: tuple[str, ...] = ()
    call: int = 0
    loops: tuple[LoopAt, ...] = ()
    grad_enabled: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """``number`` counts places; what Happened up to it comes before what is told of it."""

    number: int
    here: Here


@dataclass(frozen=True, slots=True, eq=False)
class Happened:
    """What the program did besides computing: names given, a round, a function, output."""

    number: int
    kind: Literal["bind", "loop", "call", "output"]
    here: Here
    names: Pairs = ()
    text: str = ""


class Active:
    """A frame of the user's that runs: where it is, and what its names stood for."""

    __slots__ = (
        "call", "code", "frame", "inner", "known", "lasti", "loops", "scopes", "spot",
    )  # fmt: skip

    def __init__(self, frame: FrameType, code: Code, call: int, scopes: tuple[str, ...]) -> None:
        self.frame = frame
        self.code = code
        self.call = call
        self.scopes = scopes
        self.lasti = -1
        self.inner: FrameType | None = None
        self.spot = code.spot(0)
        self.loops: list[Rounds] = []
        #: name → mark of what it stood for
        self.known: dict[str, object] = {}
