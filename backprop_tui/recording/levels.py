"""How much of a run is recorded, from one iteration to the next.

    steps        every operation, every gradient, every update
    iterations   one Reading per optimizer step, nothing else is looked at
    off          nothing, until a viewer asks

An iteration ends with an optimizer's ``step()``. There it is decided whether the next one is
recorded in full: because that is the level, because it was asked for by its number, or because a
viewer wishes to walk into it. The Watch is switched on or off there, and a run that a viewer has
paused waits there. What was recorded is told from time to time; a Reading waits until its
iteration's steps have an index.

    wish "pause"  the next iteration is recorded in full, then the run waits
    wish "next"   one more, and it waits again
    wish "run"    it goes on

The last wish counts, whichever viewer had it. A run whose viewers have all left goes on.
"""

from __future__ import annotations

import functools
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from types import FrameType
from typing import Any, Literal, Protocol

import torch
from torch.optim import optimizer as optimizers

from backprop_tui.recording.meter import Meter, parameters_of
from backprop_tui.recording.parameters import in_sight, names_of
from backprop_tui.trace.training import Reading

Level = Literal["steps", "iterations", "off"]

#: Seconds between two looks for a wish: while the run goes on, and while it waits.
LOOK_EVERY, LOOK_WAITING = 0.1, 0.03
#: What is recorded waits no longer than this to be told, seconds.
TELL_EVERY = 0.1
#: Inside both, what is computed is no business of the program's, nor of whoever records it.
_NoFunctions, _NoOperations = torch._C.DisableTorchFunction, torch._C._DisableTorchDispatch
#: A viewer that has not been heard of for so long is gone, seconds.
ABSENT = 5.0


class Switch(Protocol):
    """What records step by step, while it is on."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def drain(self) -> None: ...
    def then(self, tell: Callable[[], None]) -> None:
        """``tell`` is called once all that was recorded before is told."""

    def measures(self, updated: Callable[[Any, float, float, float], None]) -> None:
        """``updated`` is called with the norms of each update that is told."""


class Tape(Protocol):
    """A trace as far as a run is concerned with it."""

    parameters: Sequence[str]

    def __len__(self) -> int: ...
    def measure(self, reading: Reading) -> None: ...
    def say(self, state: str) -> None: ...
    def wished(self) -> tuple[int, str, float | None]: ...
    def flush(self) -> None: ...


class Levels:
    """Records one run, in the thread that ``begin`` is called in, until ``end``.

    ``steps_of`` holds the iterations to be recorded in full whatever the level, first and last
    (None: all that follow). ``resumed`` is called with the iteration's number when recording step
    by step has begun anew; ``sight`` gives the names in sight of the program and their values.
    What is recorded is told with the first optimizer step after ``tell_every`` seconds.
    """

    def __init__(
        self,
        watch: Switch,
        trace: Any,
        *,
        level: Level = "steps",
        steps_of: Iterable[tuple[int, int | None]] = (),
        resumed: Callable[[int], None] = lambda iteration: None,
        sight: Callable[[], Iterable[tuple[str, object]]] = in_sight,
        tell_every: float = TELL_EVERY,
    ) -> None:
        self.level = level
        self.steps_of = tuple(steps_of)
        #: the iteration that runs now
        self.iteration = 1
        self._watch = watch
        self._trace = trace
        self._resumed = resumed
        self._sight = sight
        self._tell_every = tell_every
        self._meter: Meter | None = None
        self._recording = False
        #: iterations recorded in full → their first step, None until it is told
        self._firsts: dict[int, int | None] = {}
        self._readings: deque[Reading] = deque()
        self._told = 0.0
        self._thread = 0
        self._stepping: list[tuple[Any, FrameType]] = []
        #: whether what the step at work changes is told with all its numbers
        self._in_full = False
        self._undo: list[Callable[[], None]] = []
        self._last_hook = -1
        self._heard = 0
        self._looked = 0.0
        self._pausing = False

    def begin(self) -> None:
        """Put the hooks in place; recording begins if the first iteration is to be recorded."""
        self._thread = threading.get_ident()
        self._meter = Meter(self._measured, self._name_columns, self._names)
        self._watch.measures(self._meter.updated)
        plain = torch.autograd.backward

        def backward(*args: Any, **kwargs: Any) -> Any:
            root = args[0] if args else kwargs.get("tensors")
            meter = self._measuring()
            if meter is not None and threading.get_ident() == self._thread:
                with _NoFunctions(), _NoOperations():
                    meter.backward_begins(root)
            return plain(*args, **kwargs)

        torch.autograd.backward = backward
        self._undo.append(lambda: setattr(torch.autograd, "backward", plain))
        if self._wanted():
            self._firsts[1], self._told = 0, time.monotonic()
            self._recording = True
            self._watch.start()
        before = optimizers.register_optimizer_step_pre_hook(self._step_begins)
        after = optimizers.register_optimizer_step_post_hook(self._step_ends)
        self._last_hook = after.id
        self._undo += [before.remove, after.remove]

    def end(self) -> None:
        """Take the hooks away; what is left to tell is told."""
        for undo in reversed(self._undo):
            undo()
        self._undo = []
        if self._recording:
            self._recording = False
            self._watch.stop()
        self._close()

    def _close(self) -> None:
        """Hand on all that was measured."""
        if self._meter is not None:
            with _NoFunctions(), _NoOperations():
                self._meter.close()

    # ------------------------------------------------------------------ an optimizer's step

    def _step_begins(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if threading.get_ident() != self._thread:
            return
        # Switching adds and removes hooks, which PyTorch allows only in the last of them.
        hooks = optimizers._global_optimizer_post_hooks
        if next(reversed(hooks)) != self._last_hook:
            hooks.move_to_end(self._last_hook)
        frame = sys._getframe(1)
        self._stepping = [one for one in self._stepping if _runs(one[1], frame)]
        self._stepping.append((optimizer, frame))
        meter = self._measuring()
        if meter is not None and len(self._stepping) == 1:
            # One that calls the program for further gradients has others when it is done.
            self._in_full = self._recording and len(args) < 2 and not kwargs.get("closure")
            with _NoFunctions(), _NoOperations():
                meter.step_begins(optimizer, self._in_full)

    def _step_ends(self, optimizer: Any, *_: Any) -> None:
        if threading.get_ident() != self._thread or not self._stepping:
            return
        self._stepping.pop()
        if self._stepping:  # an optimizer that is part of another
            return
        now = time.monotonic()
        if self._recording and now - self._told > self._tell_every:
            self._drain()
        meter = self._measuring()
        if meter is not None:
            with _NoFunctions(), _NoOperations():
                if self._in_full:
                    self._watch.then(meter.step_recorded(optimizer, self.iteration))
                else:
                    meter.step_ends(optimizer, self.iteration)
        self._next_iteration(now)

    def _measuring(self) -> Meter | None:
        """The meter, if there is to be a Reading of this iteration."""
        return self._meter if self.level != "off" or self._recording else None

    def _drain(self) -> None:
        self._watch.drain()
        self._told = time.monotonic()

    def _measured(self, reading: Reading) -> None:
        """A Reading is there; it is handed on when its first step is known, in its turn."""
        self._readings.append(reading)
        self._deliver()

    def _deliver(self) -> None:
        readings, firsts = self._readings, self._firsts
        while readings:
            number = readings[0].iteration
            if number in firsts:
                first = firsts[number]
                if first is None:
                    return
                del firsts[number]
                self._trace.measure(replace(readings.popleft(), step=first))
            else:
                self._trace.measure(readings.popleft())

    def _begins(self, iteration: int) -> None:
        """What is told next is the first step of an iteration."""
        self._firsts[iteration] = len(self._trace)
        self._deliver()

    def _next_iteration(self, now: float) -> None:
        self.iteration += 1
        self._listen(now)
        if self._pausing and self._recording:
            self._wait()
        wanted = self._wanted()
        if wanted and not self._recording:
            self._recording = True
            self._watch.start()
            self._begins(self.iteration)
            self._resumed(self.iteration)
        elif self._recording and not wanted:
            self._recording = False
            self._watch.stop()
        elif self._recording:
            self._firsts[self.iteration] = None
            self._watch.then(functools.partial(self._begins, self.iteration))

    def _wanted(self) -> bool:
        """Whether the iteration that runs now is recorded in full."""
        return (
            self.level == "steps"
            or self._pausing
            or any(
                first <= self.iteration and (last is None or self.iteration <= last)
                for first, last in self.steps_of
            )
        )

    # ------------------------------------------------------------------ wishes

    def _listen(self, now: float) -> None:
        """Look for a wish, not too often."""
        if now - self._looked < LOOK_EVERY:
            return
        self._looked = now
        number, wish, absent = self._trace.wished()
        if number != self._heard:
            self._heard = number
            # A wish of somebody who has left meanwhile stops nobody.
            self._pausing = wish in ("pause", "next") and absent is not None and absent < ABSENT

    def _wait(self) -> None:
        """The run waits, with all that it has told in its file, for a wish or for all to leave."""
        self._drain()
        self._close()
        self._trace.flush()
        self._trace.say("paused")
        try:
            while True:
                number, wish, absent = self._trace.wished()
                if number != self._heard:
                    self._heard = number
                    if wish == "next":
                        return
                    if wish == "run":
                        break
                if absent is None or absent > ABSENT:
                    break
                time.sleep(LOOK_WAITING)
            self._pausing = False
        finally:
            self._trace.say("running")

    # ------------------------------------------------------------------ names of parameters

    def _name_columns(self, names: tuple[str, ...]) -> None:
        self._trace.parameters = names

    def _names(self, optimizer: Any) -> Sequence[str]:
        return names_of(parameters_of(optimizer), optimizer.param_groups, self._sight())


def _runs(frame: FrameType, now: FrameType | None) -> bool:
    """Whether ``frame`` is at work, ``now`` being the innermost."""
    while now is not None and now is not frame:
        now = now.f_back
    return now is not None


def parse_iterations(text: str) -> tuple[tuple[int, int | None], ...]:
    """``"1:3,4217,5000:"`` as ((1, 3), (4217, 4217), (5000, None)); raises ValueError."""
    found = []
    for part in text.split(","):
        first, colon, last = (word.strip() for word in part.partition(":"))
        if not (first or last) or not all(not word or word.isdecimal() for word in (first, last)):
            raise ValueError(f"{part!r} is not an iteration, nor A:B")
        start = int(first) if first else 1
        stop = (int(last) if last else None) if colon else start
        if start < 1 or (stop is not None and stop < start):
            raise ValueError(
                f"{part.strip()}: iterations are counted from 1, and A must not exceed B"
            )
        found.append((start, stop))
    return tuple(found)
