"""The way of the user's frames from one Place to another, and what Happened on it.

    frames of the last time    main ── train ── forward
    frames now                 main ── train ── evaluate
                                         │         ╰─ entered: a function and its arguments
                                         ╰─ at another instruction: names given, rounds begun

What happened between two places is kept until the later one is told.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import CodeType, FrameType
from typing import Any, Literal

from backprop_tui.recording.codes import Code
from backprop_tui.recording.files import OURS, File, Files, Loop
from backprop_tui.recording.happened import Active, Happened, Here, Pairs, Place
from backprop_tui.recording.moves import Givers, Move
from backprop_tui.recording.names import NOTHING, PLAIN, mark, of_module, of_torch, same
from backprop_tui.recording.rounds import Length, Rounds
from backprop_tui.trace.steps import Span

#: So many generators are remembered while they wait.
WAITING = 16

_NOTHING_WAS: Mapping[str, Any] = {}

#: A frame of the user's, the frame that it calls, and its instruction.
Stop = tuple[FrameType, FrameType | None, int]
#: Those at work, the innermost first.
Way = list[Stop]


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

    def in_sight(self) -> Pairs:
        """Every name that stands for something in the functions at work, and its value."""
        pairs: dict[str, object] = {}
        for active in self._stack:
            own = active.look()
            for name in (*active.code.arguments, *active.code.giving(active.spot)):
                if name in own:
                    pairs[name] = own[name]
            active.forget()
        return tuple(pairs.items())

    def captured(self, pairs: Sequence[tuple[str, object]]) -> Pairs:
        """These names, with what can tell later of their values as they are now."""
        return tuple([(name, self._captured(name, value)) for name, value in pairs])

    def _captured(self, name: str, value: object) -> object:
        if type(value) in PLAIN or (name == "self" and of_module(value)):
            return value  # a module's own methods know it by its class alone
        return self._capture(value)

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
            code, known = at.f_code, self._index.get(id(at))
            if (
                known is not None
                or id(code) in self._codes
                or self.files.look_up(code.co_filename) is not None
            ):
                way.append((at, inner, at.f_lasti))
                if known is not None and not self._stack[known].code.suspends:
                    break
                if at is self.base or code is self.base:
                    break
            inner, at = at, at.f_back
        else:
            if isinstance(self.base, CodeType):
                return []  # the script has ended, or has not begun
        return way

    def _moved(self, way: Way, enabled: bool) -> Place:
        """Other functions are at work than before, or some may be."""
        before, stack = len(self.happened), self._stack
        self._enabled = enabled
        kept = self._index.get(id(way[-1][0]), -1) + 1 if way else 0
        while 0 < kept < len(stack) and len(way) > 1 and stack[kept].frame is way[-2][0]:
            _, inner, lasti = way.pop()
            self._advance(stack[kept - 1], inner, lasti)
            stack[kept].looped(stack[kept - 1].loops)
            kept += 1
        while len(stack) > kept:
            self._leave(stack[-1])
        if kept:
            _, inner, lasti = way.pop()
            self._advance(stack[-1], inner, lasti)
        while way:
            self._enter(*way.pop())
        return self._found(before)

    def _found(self, before: int) -> Place:
        """The place where the program is now; so much had ``happened`` before it was there."""
        place, here = self._place, self._here()
        if len(self.happened) == before and here == place.here:
            return place
        if self._output is not None:
            self._written(before)
        self._place = found = Place(place.number + 1, here)
        return found

    def _here(self) -> Here:
        if not self._stack:
            return replace(self._place.here, loops=(), grad_enabled=self._enabled)
        top = self._stack[-1]
        spot = top.spot
        return Here(
            spot.statement.span, spot.expression, top.scopes, top.call, top.loops, self._enabled
        )

    def _happens(
        self,
        kind: Literal["bind", "loop", "call"],
        here: Here,
        pairs: Pairs,
        text: str = "",
    ) -> None:
        """``pairs`` are captured already."""
        if not here.grad_enabled and not any(a.spot.statement.guarded for a in self._stack):
            here = replace(here, grad_enabled=True)  # PyTorch's own code had it off, not the user's
        self.happened.append(Happened(self._place.number + 1, kind, here, pairs, text))

    def _code(self, frame: FrameType) -> Code:
        code = self._codes.get(id(frame.f_code))
        if code is None:
            file = self.files.look_up(frame.f_code.co_filename)
            assert file is not None
            code = self._codes[id(frame.f_code)] = Code(frame.f_code, file, _module(frame, file))
        return code

    def _enter(self, frame: FrameType, inner: FrameType | None, lasti: int) -> None:
        """A frame of the user's is there that was not there before."""
        code = self._code(frame)
        below = self._stack[-1] if self._stack else None
        entry = None
        active = self._waiting.pop(id(frame), None) if code.suspends else None
        if active is not None:
            active.known.clear()
            active.unsure = True
            active.looped(below.loops if below is not None else ())
        else:
            entry = code.entry(lasti)
            active = Active(frame, code, code.spot(lasti), below)
            if below is not None and not code.inline:
                self._called(active, below)
        self._index[id(frame)] = len(self._stack)
        self._stack.append(active)
        if frame is self.base and self._place.number == 0:
            self._begins()
        self._advance(active, inner, lasti, entry)

    def _called(self, active: Active, below: Active) -> None:
        """A function of the user's was called, with these arguments."""
        self._calls += 1
        function = active.code.function
        active.call, active.scopes = self._calls, (*below.scopes, function)
        handed: list[tuple[str, object]] = []
        if active.code.arguments:
            own = active.look()
            handed = [(name, own[name]) for name in active.code.arguments if name in own]
            active.known = {name: mark(value) for name, value in handed}
        spot = below.spot
        here = Here(
            spot.statement.span, spot.expression, active.scopes, active.call, below.loops,
            self._enabled,
        )  # fmt: skip
        self._happens("call", here, self.captured(handed), function)

    def _begins(self) -> None:
        """What is in sight where recording begins."""
        pairs = self.in_sight()
        active, known = self._stack[-1], dict(pairs)
        active.look()
        for name in active.code.code.co_names:  # the module's, that a function uses
            if name not in known and of_torch(active.get(name)):
                pairs += ((name, active.get(name)),)
        active.known = {name: mark(value) for name, value in pairs}
        if pairs:
            self._happens("bind", self._here(), self.captured(pairs))

    def _leave(self, active: Active) -> None:
        """A frame of the user's is gone; a generator may come back."""
        code = active.code
        if not code.inline:
            move = active.spot.moves.get(None) or code.move(active.spot, None)
            told = move.told((), True) if active.unsure else move.straight
            if told.before:
                self._tell(active, told.before, _NOTHING_WAS, self._place.here.grad_enabled)
                active.forget()
        self._stack.pop()
        self._index.pop(id(active.frame), None)
        active.inner = None
        if code.suspends:
            self._waiting[id(active.frame)] = active
            while len(self._waiting) > WAITING:
                self._waiting.pop(next(iter(self._waiting)))

    def _advance(
        self, active: Active, inner: FrameType | None, lasti: int, entry: Move | None = None
    ) -> None:
        """A frame is at another instruction, or at the same once more."""
        old, called = active.spot, active.inner
        move = entry or old.moves.get(lasti) or active.code.move(old, lasti)
        new = move.new or old
        active.lasti, active.spot, active.inner = lasti, new, inner
        if move.ahead or active.code.inline:
            return
        level = move.levels.get(active.within) or move.level(active.within)
        begun, kept, rounds = level.begun, level.kept, active.rounds
        moved, was = 0, _NOTHING_WAS
        if level.asked:
            own = active.look()
            for depth in range(level.asked):
                if rounds[depth].moved(own):
                    moved = depth + 1
                    break
            else:
                if level.asked == kept and not rounds[kept - 1].counts:
                    back = move.back or (new is old and _again(called, inner))
                    moved = kept if back else 0
            if moved:
                kept, begun = moved, level.loops[moved - 1 :]
        if begun or entry or new.statement is not old.statement:
            told = move.told(begun, active.unsure) if begun or active.unsure else move.straight
            active.unsure = False
            if told.by_loops:
                was = {name: active.was(name) for name in told.by_loops}
            if told.before:
                self._tell(active, told.before, was, self._place.here.grad_enabled)
        active.within = level.loops
        if kept < len(rounds):
            del rounds[kept:]
            active.looped(active.around)
        for depth, loop in enumerate(begun):
            self._round(active, loop, anew=depth > 0 or not moved)
            if told.inside[depth]:
                self._tell(active, told.inside[depth], was, self._enabled)
        if was:
            for each in rounds[-len(begun) :]:
                active.known.update(each.marks)
        if active.looked:
            active.forget()

    def _round(self, active: Active, loop: Loop, anew: bool) -> None:
        """A loop has begun, or its next round."""
        own = active.look()
        if anew:
            active.rounds.append(Rounds(loop, active, self._length))
        else:
            active.rounds[-1].begin(own)
        active.looped(active.around)
        here = Here(
            loop.header, loop.target, active.scopes, active.call, active.loops, self._enabled
        )
        pairs = [(name, own[name]) for name in loop.names if name in own]
        self._happens("loop", here, self.captured(pairs))

    def _tell(
        self, active: Active, givers: Givers, was: Mapping[str, Any], grad_enabled: bool
    ) -> None:
        """One Happened for each statement that gave names new values; ``was``: what names stood
        for that loops have given since."""
        known, own = active.known, active.look()
        values = {**own, **was} if was else own
        for statement, names in givers:
            pairs: list[tuple[str, object]] = []
            for name, surely in names:
                value = values.get(name, NOTHING)
                marked = known.get(name, NOTHING)
                if (surely or not same(marked, value)) and value is not NOTHING:
                    known[name] = mark(value)
                    pairs.append((name, self._captured(name, value)))
            if pairs:
                loops = active.loops
                if statement.loops != active.within:
                    inside = [each.at for each in active.rounds if each.loop in statement.loops]
                    loops = (*active.around, *inside)
                here = Here(
                    statement.span, statement.value, active.scopes, active.call, loops,
                    grad_enabled,
                )  # fmt: skip
                self._happens("bind", here, tuple(pairs))


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
