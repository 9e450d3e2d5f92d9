"""The way of the user's frames from one Place to another, and what Happened on it.

    frames of the last time    main ── train ── forward
    frames now                 main ── train ── evaluate
                                         │         ╰─ entered: a function and its arguments
                                         ╰─ at another instruction: names given, rounds begun

What happened between two places is kept until the later one is told.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import CodeType, FrameType
from typing import Any, Literal

from backprop_tui.recording.files import OURS, Code, File, Files, Statement
from backprop_tui.recording.given import Given, by_statement, given
from backprop_tui.recording.happened import Active, Happened, Here, Pairs, Place
from backprop_tui.recording.names import NOTHING, Names, mark, of_torch
from backprop_tui.recording.rounds import Length, Rounds
from backprop_tui.trace.steps import LoopAt, Span

#: So many generators are remembered while they wait.
WAITING = 16

#: A frame of the user's, the frame that it calls, and its instruction.
Stop = tuple[FrameType, FrameType | None, int]
#: Those at work, the innermost first.
Way = Sequence[Stop]


class Following:
    """Keeps the user's frames that are at work, and what Happened from one Place to the next.

    Only ``base`` (a frame, or the code of one) and what it calls are looked at. ``length`` gives
    the number of items of an engine's own object; ``capture`` gives what can tell later of a value
    as it is now.
    """

    def __init__(
        self,
        files: Files,
        base: FrameType | CodeType,
        length: Length,
        capture: Callable[[Any], Any],
    ) -> None:
        self.files = files
        self.base = base
        self.happened: deque[Happened] = deque()
        self._length = length
        self._capture = capture
        self._codes: dict[int, Code] = {}
        self._stack: list[Active] = []
        self._index: dict[int, int] = {}
        self._waiting: dict[int, Active] = {}
        self._calls = 0
        nowhere = Span(1, 0, 1, 0)
        self._place = Place(0, Here(nowhere, nowhere))
        self._output: tuple[list[str], Place] | None = None
        #: whether gradients are wanted at the place that is being found
        self._enabled = True
        self._looked_at: list[Names] = []

    def in_sight(self) -> Pairs:
        """Every name that stands for something in the functions at work, and its value."""
        pairs: dict[str, object] = {}
        for active in self._stack:
            names = self._names(active)
            for name in (*active.code.arguments, *self._giving(active)):
                value = names.own.get(name, NOTHING)
                if value is not NOTHING:
                    pairs[name] = value
        self._forget()
        return tuple(pairs.items())

    def captured(self, pairs: Pairs) -> Pairs:
        """These names, with what can tell later of their values as they are now."""
        return tuple([(name, self._capture(value)) for name, value in pairs])

    # ------------------------------------------------------------------ found out

    def _next(self, here: Here) -> Place:
        self._place = Place(self._place.number + 1, here)
        return self._place

    def _written(self, position: int | None = None) -> None:
        """What was written so far is one output; ``position`` is its place in what happened."""
        output, self._output = self._output, None
        if output is not None:
            texts, place = output
            told = Happened(place.number, "output", place.here, text="".join(texts))
            self.happened.insert(len(self.happened) if position is None else position, told)

    def _way(self, frame: FrameType, inner: FrameType | None) -> Way:
        """The user's frames from ``frame`` down to one that is known, or to the base.

        None at all, if the script is not at work.
        """
        way: list[Stop] = []
        at: FrameType | None = frame
        while at is not None:
            if self.files.look_up(at.f_code.co_filename) is not None:
                way.append((at, inner, at.f_lasti))
                known = self._index.get(id(at))
                if known is not None and not self._stack[known].code.suspends:
                    break
                if at is self.base or at.f_code is self.base:
                    break
            inner, at = at, at.f_back
        else:
            if isinstance(self.base, CodeType):
                return []  # the script has ended, or has not begun
        return way

    def _moved(self, way: Way, enabled: bool) -> Place:
        """The program is at another place than before."""
        number, before = self._place.number + 1, len(self.happened)
        self._enabled = enabled
        position = self._index.get(id(way[-1][0]), -1) if way else -1
        kept = position + 1
        ascending = list(reversed(way))
        while kept and len(ascending) > 1 and kept < len(self._stack):
            if self._stack[kept].frame is not ascending[1][0]:
                break
            self._advance(number, self._stack[kept - 1], ascending.pop(0))
            kept += 1
        for active in reversed(self._stack[kept:]):
            self._leave(number, active)
        if kept:
            self._advance(number, self._stack[kept - 1], ascending.pop(0))
        for frame, inner, lasti in ascending:
            self._enter(number, frame, inner, lasti)
        self._forget()
        here = self._here(enabled)
        if len(self.happened) == before and here == self._place.here:
            return self._place
        self._written(before)
        return self._next(here)

    def _happens(
        self,
        number: int,
        kind: Literal["bind", "loop", "call"],
        here: Here,
        pairs: Iterable[tuple[str, object]],
        text: str = "",
    ) -> None:
        if not here.grad_enabled and not any(a.spot.statement.guarded for a in self._stack):
            here = replace(here, grad_enabled=True)  # PyTorch's own code had it off, not the user's
        captured = self.captured(tuple(pairs))
        self.happened.append(Happened(number, kind, here, captured, text))

    def _here(self, enabled: bool) -> Here:
        if not self._stack:
            return replace(self._place.here, loops=(), grad_enabled=enabled)
        top = self._stack[-1]
        spot = top.spot
        return Here(
            spot.statement.span, spot.expression, top.scopes, top.call, self._loops(), enabled
        )

    def _loops(self, below: Active | None = None) -> tuple[LoopAt, ...]:
        """The loops at work; those of frames above ``below`` left out."""
        found: list[LoopAt] = []
        for active in self._stack:
            found += [rounds.at for rounds in active.loops]
            if active is below:
                break
        return tuple(found)

    def _code(self, frame: FrameType) -> Code:
        code = self._codes.get(id(frame.f_code))
        if code is None:
            file = self.files.look_up(frame.f_code.co_filename)
            assert file is not None
            code = self._codes[id(frame.f_code)] = Code(frame.f_code, file, _module(frame, file))
        return code

    def _enter(self, number: int, frame: FrameType, inner: FrameType | None, lasti: int) -> None:
        """A frame of the user's is there that was not there before."""
        code = self._code(frame)
        below = self._stack[-1] if self._stack else None
        waiting = self._waiting.pop(id(frame), None)
        if waiting is not None:
            active = waiting
            active.known.clear()
        elif below is None:
            active = Active(frame, code, 0, ())
        elif code.inline:
            active = Active(frame, code, below.call, below.scopes)
        else:
            self._calls += 1
            active = Active(frame, code, self._calls, (*below.scopes, code.function))
        active.spot = waiting.spot if waiting else code.spot(lasti)
        if waiting is None and below is not None and not code.inline:
            names = self._names(active)
            pairs = [(name, names.own.get(name, NOTHING)) for name in code.arguments]
            here = Here(
                below.spot.statement.span, below.spot.expression, active.scopes, active.call,
                self._loops(), self._enabled,
            )  # fmt: skip
            handed = [pair for pair in pairs if pair[1] is not NOTHING]
            self._happens(number, "call", here, handed, code.function)
            active.known = {name: mark(value) for name, value in handed}
        self._index[id(frame)] = len(self._stack)
        self._stack.append(active)
        if frame is self.base and self._place.number == 0:
            self._begins(number)
        self._advance(number, active, (frame, inner, lasti), entered=waiting is None)

    def _begins(self, number: int) -> None:
        """What is in sight where recording begins."""
        pairs = self.in_sight()
        active = self._stack[-1]
        names, known = self._names(active), dict(pairs)
        for name in active.code.code.co_names:  # the module's, that a function uses
            if name not in known and of_torch(names.get(name)):
                pairs += ((name, names.get(name)),)
        active.known = {name: mark(value) for name, value in pairs}
        if pairs:
            here = self._here(self._enabled)
            self._happens(number, "bind", here, pairs)

    def _leave(self, number: int, active: Active) -> None:
        """A frame of the user's is gone; a generator may come back."""
        giving = self._giving(active)
        if giving:
            names = self._names(active)
            passed, _ = given(active, giving, active.spot, None, (), names, False)
            self._tell(number, active, passed, self._place.here.grad_enabled)
        self._stack.pop()
        self._index.pop(id(active.frame), None)
        active.inner = None
        if active.code.suspends:
            self._waiting[id(active.frame)] = active
            while len(self._waiting) > WAITING:
                self._waiting.pop(next(iter(self._waiting)))

    def _advance(
        self,
        number: int,
        active: Active,
        at: Stop,
        entered: bool = False,
    ) -> None:
        """A frame is at another instruction, or at the same once more."""
        _, inner, lasti = at
        old, new = active.spot, active.code.spot(lasti)
        back = new.at < old.at or (new.at == old.at and _again(active.inner, inner))
        active.lasti, active.spot, active.inner = lasti, new, inner
        loops = () if active.code.inline else new.statement.loops
        own = new.statement.loop
        if len(active.loops) > len(loops) and active.loops[len(loops)].loop is own is not None:
            loops = (*loops, own)  # in the header, on the way to the next round
        if new.statement is old.statement and new.at > old.at and not entered:
            return
        giving = self._giving(active)
        if not (giving or loops or active.loops):
            return
        names: Names | None = None
        kept, moved = 0, False
        for rounds, loop in zip(active.loops, loops, strict=False):
            if rounds.loop is not loop:
                break
            names = names or self._names(active)
            kept += 1
            last = kept == min(len(active.loops), len(loops)) or (
                active.loops[kept].loop is not loops[kept]
            )
            in_header = loop is own
            if not in_header and rounds.moved(names, last and back):
                moved = True
                break
        if not (moved or entered or loops[kept:] or new.statement is not old.statement):
            del active.loops[kept:]
            return
        names = names or self._names(active)
        begun = loops[kept - moved :]
        before, after = given(active, giving, old, new, begun, names, entered)
        self._tell(number, active, before, self._place.here.grad_enabled)
        del active.loops[kept:]
        for depth, loop in enumerate(begun):
            if moved and depth == 0:
                active.loops[-1].begin(names)
            else:
                active.loops.append(Rounds(loop, names, self._length))
            pairs = [(name, names.own.get(name, NOTHING)) for name in loop.names]
            here = Here(
                loop.header, loop.target, active.scopes, active.call, self._loops(active),
                self._enabled,
            )  # fmt: skip
            values = [pair for pair in pairs if pair[1] is not NOTHING]
            self._happens(number, "loop", here, values)
            inside = begun[depth + 1 : depth + 2]
            self._tell(number, active, [
                one for one in after
                if loop in one[0].loops and not any(each in one[0].loops for each in inside)
            ])  # fmt: skip

    # ------------------------------------------------------------------ names

    def _names(self, active: Active) -> Names:
        """What is in sight of a frame now; it is forgotten when the place is found."""
        names = Names(active.frame, active.code)
        self._looked_at.append(names)
        return names

    def _forget(self) -> None:
        for names in self._looked_at:
            names.forget()
        self._looked_at.clear()

    def _giving(self, active: Active) -> Mapping[str, list[Statement]]:
        """The names that a frame's function gives, and in which statements."""
        if active.code.inline:
            return {}
        return active.code.file.giving.get(active.spot.statement.scope, {})

    def _tell(
        self,
        number: int,
        active: Active,
        told: Sequence[Given],
        grad_enabled: bool | None = None,
    ) -> None:
        """One Happened for each statement that gave names."""
        if not told:
            return
        enabled = self._enabled if grad_enabled is None else grad_enabled
        for statement, pairs in by_statement(told):
            every = self._loops(active)
            outer = every[: len(every) - len(active.loops)]
            own = tuple(r.at for r in active.loops if r.loop in statement.loops)
            here = Here(
                statement.span, statement.value, active.scopes, active.call, outer + own, enabled
            )
            ordered = sorted(pairs, key=lambda pair: statement.names.index(pair[0]))
            self._happens(number, "bind", here, ordered)


def _again(before: FrameType | None, now: FrameType | None) -> bool:
    """Whether the function that an instruction calls is called once more."""
    if before is None or now is None or before is now or before.f_code is not now.f_code:
        return False
    return not now.f_code.co_filename.startswith(OURS)


def _module(frame: FrameType, file: File) -> str | None:
    """What the body of a file is called; None for a function."""
    if frame.f_code.co_name != "<module>":
        return None
    name: Mapping[str, Any] = frame.f_globals
    return str(name.get("__name__", file.name))
