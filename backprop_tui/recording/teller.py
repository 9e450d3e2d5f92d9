"""Turns what PyTorch did, and where, into the steps of a trace.

    Watch ──place()──▶ Places                 when it happens
    Watch ──at(place), forward(…), …──▶ Teller ──▶ trace      at once, or later

What the program did between two places (a name given, a round begun) is told before what happened
at the later one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from backprop_tui.recording.happened import Happened, Here, Place
from backprop_tui.recording.places import Places
from backprop_tui.trace.recorder import Recorder
from backprop_tui.trace.steps import Call, Loop, Named, Resumed, Where
from backprop_tui.trace.trace import Trace


class Teller(Recorder):
    """The Listener of a recording: writes steps to ``trace``.

    ``engine`` may be given later, before anything is told.
    """

    def __init__(self, trace: Trace, on_step: Callable[[], None] | None = None) -> None:
        super().__init__(trace, engine=None, on_step=on_step)  # type: ignore[arg-type]
        self.places: Places = None  # type: ignore[assignment]
        self._process = os.getpid()
        self._here: Here | None = None

    # ------------------------------------------------------------------ where

    def place(self) -> Place:
        """Where the program is now."""
        return self.places.place(3)

    def still(self) -> Place:
        """Where the program is, while one function of PyTorch's is at work."""
        return self.places.still()

    def at(self, place: Any) -> None:
        """What is told from now on happened there."""
        happened = self.places.happened
        while happened and happened[0].number <= place.number:
            self._tell(happened.popleft())
        self._go(place.here)

    def where(self) -> Where:
        """The place of the next step; the same object while nothing moved."""
        here, last = self._here, self._where
        assert here is not None
        if self._moved:
            module = self._modules[-1] if self._modules else ""
            self._where = last = Where(
                here.statement, here.expression, here.scopes, here.call, here.loops, module,
                here.grad_enabled,
            )  # fmt: skip
            self._moved = False
        return last

    def _go(self, here: Here) -> None:
        if here is not self._here:
            self._here = here
            self.statement, self.expression = here.statement, here.expression
            self._calls = [here.call]
            self._moved = True

    def enter_module(self, module: Any) -> None:
        """A module's forward begins; the parts of one that has no name go by its class."""
        if id(module) not in self._module_paths:
            above, known = type(module).__name__, self._module_paths
            for path, part in self.engine.named_modules(module):
                known.setdefault(id(part), (part, f"{above}.{path}" if path else above))
        super().enter_module(module)

    def _name(self, name: str, value: Any) -> Sequence[Named]:
        if value is self.trace:
            return ()
        module = getattr(value, "module", None) if type(value).__name__ == "Then" else None
        if module is None:
            return super()._name(name, value)
        found = [Named(name, type(module).__name__, "module")]
        if name == "self":
            return found
        for path, part in self.engine.named_modules(module):
            dotted = f"{name}.{path}" if path else name
            self._module_paths.setdefault(id(part), (part, dotted))
        for path, tensor in value.tensors:
            found.append(Named(f"{name}.{path}", self.engine.snapshot(tensor), "parameter"))
        return found

    # ------------------------------------------------------------------ what the program did

    def _tell(self, one: Happened) -> None:
        self._go(one.here)
        if one.kind == "bind":
            self.bind(one.names)
        elif one.kind == "loop":
            self._add(Loop(len(self.trace), self.where(), self._named(one.names)))
        elif one.kind == "call":
            names = self._named(one.names)
            self._add(Call(len(self.trace), self.where(), one.text, names))
        else:
            self.output(one.text)

    def resumed(self, iteration: int) -> None:
        """Recording step by step has begun anew, with this iteration."""
        place = self.places.resumed()
        self._go(place.here)
        binds = self._named(self.places.captured(self.places.in_sight()))
        self._add(Resumed(len(self.trace), self.where(), iteration, binds))

    def tell_all(self) -> None:
        """Tell what the program did since the last happening."""
        happened, here = self.places.happened, self._here
        while happened:
            self._tell(happened.popleft())
        if here is not None:
            self._go(here)
