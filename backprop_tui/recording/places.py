"""Where the program is: asked at every happening, so it must be cheap, and nothing is traced.

    sys._getframe ──▶ the innermost frame of the user's ──▶ the Place of the last time, or …
                                                            … where ``following`` finds it now

While the innermost frame of the user's, its instruction and what that called are the same, the
place is the same object.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import get_ident
from types import CodeType, FrameType, MappingProxyType, TracebackType
from typing import Any

from backprop_tui.recording.files import Files
from backprop_tui.recording.following import Following, Stop
from backprop_tui.recording.happened import Place
from backprop_tui.recording.rounds import Length

#: So many codes of frames are known at a time.
MOST_CODES = 10_000


class Places(Following):
    """Finds the Place, and keeps what Happened.

    ``grad_enabled`` is asked at each place; ``far`` tells of an engine's own codes after how many
    frames one of the user's can follow. For the rest see ``Following``.
    """

    def __init__(
        self,
        files: Files,
        base: FrameType | CodeType,
        grad_enabled: Callable[[], bool],
        length: Length,
        capture: Callable[[Any], Any],
        far: Mapping[CodeType, int] = MappingProxyType({}),
    ) -> None:
        super().__init__(files, base, length, capture)
        self.thread = get_ident()
        #: whether what happens is recorded now
        self.on = True
        self._grad_enabled = grad_enabled
        #: the place that was last found while one function of PyTorch's was at work
        self._stays: Place | None = None
        #: id of a frame's code → 0 if it is the user's, else after how many frames one may follow
        self._far: dict[int, int] = {}
        self._farther = far
        self._seen: list[CodeType] = []

    def still(self) -> Place:
        """The place, asked again while one function of PyTorch's is at work: looked for only if
        the program was somewhere else meanwhile."""
        if self._place is not self._stays:
            self._stays = self.place(3)
        return self._stays

    def place(self, above: int = 1) -> Place:
        """Where the program is; the same object while it is in the same place.

        So many frames ``above`` are not the user's.
        """
        stack, place = self._stack, self._place
        top = stack[-1] if stack else None
        inner = frame = sys._getframe(above)
        if top is None or frame is not top.frame:
            far = self._far
            try:
                while True:
                    code = frame.f_code
                    step = far.get(id(code))
                    if step is None:
                        step = self._find_far(code)
                    if not step:
                        break
                    above += step
                    inner, frame = frame, sys._getframe(above)
            except ValueError:  # the stack is not as deep
                return place
        if get_ident() != self.thread:
            return place
        enabled = self._grad_enabled()
        if top is not None and top.frame is frame:
            lasti = frame.f_lasti
            if top.inner is inner and top.lasti == lasti:
                if place.here.grad_enabled is not enabled:
                    place = self._next(replace(place.here, grad_enabled=enabled))
                return place
            if not top.code.suspends:
                self._enabled, before = enabled, len(self.happened)
                self._advance(top, inner, lasti)
                return self._found(before)
        way = self._way(frame, inner)
        return self._moved(way, enabled) if way else place

    def _find_far(self, code: CodeType) -> int:
        """After how many frames one of the user's can follow on one of this code; 0: it is one."""
        if len(self._seen) > MOST_CODES:
            self._seen.clear()
            self._far.clear()
        step = 0 if self.files.look_up(code.co_filename) is not None else self._farther.get(code, 1)
        self._seen.append(code)  # its id is its own for as long as it lives
        self._far[id(code)] = step
        return step

    def output(self, text: str) -> None:
        """The program writes ``text``; what one statement writes belongs together."""
        if not self.on:
            return
        place = self.place()
        if self._output is not None and self._output[1] is place:
            self._output[0].append(text)
            if text == "\n":
                self._written()
            return
        self._written()
        self._output = ([text], self._next(place.here))
        if text == "\n":
            self._written()

    def failed(self, traceback: TracebackType | None) -> Place:
        """Where an exception that leaves ``base`` was raised, by its traceback."""
        way: list[Stop] = []
        while traceback is not None:
            frame = traceback.tb_frame
            if self.files.look_up(frame.f_code.co_filename) is not None and (
                way or frame is self.base or frame.f_code is self.base
            ):
                way.insert(0, (frame, None, traceback.tb_lasti))
            traceback = traceback.tb_next
        return self._moved(way, self._place.here.grad_enabled) if way else self._place

    def finish(self) -> None:
        """The program ended: what its last statements gave names to has happened."""
        self._moved([], self._place.here.grad_enabled)
        self._written()
        self._stack.clear()
        self._index.clear()
        self._waiting.clear()

    def resumed(self) -> Place:
        """The program is here, and how it came here since it was last looked at is not told."""
        place = self.place()
        self.happened.clear()
        for active in self._stack[:-1]:
            active.known.clear()
            active.unsure = True
        return place
