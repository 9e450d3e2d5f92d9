"""Where one is in a trace, and how one moves: the app without its screen.

    a wish (next statement, step 40, the next loss …) ──▶ index, at once if it is recorded,
                                                          else after the trace has grown

A wish is a function that looks into the trace and says the index, or None: not recorded yet. The
wish is then kept and asked again whenever the trace has grown. Nothing here ever waits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from backprop_tui.errors import TraceError, visible
from backprop_tui.progress import Place
from backprop_tui.trace import state
from backprop_tui.trace.phases import Phases, phases_of
from backprop_tui.tui.places import Query, next_match, subject
from backprop_tui.view import frame as view
from backprop_tui.view.types import Pane, Run, Selection, Sizes

if TYPE_CHECKING:
    from backprop_tui.session import Session, StoredSession
    from backprop_tui.trace.trace import Trace

Leap = Literal["statement", "phase", "iteration"]
Wish = Callable[[], int | None]

#: How many steps are recorded ahead of where one is looking.
AHEAD = 4000
SLICE_SECONDS = 0.008


class Film:
    """A session being watched: the index, what is selected, and the wish still open."""

    def __init__(self, session: Session | StoredSession, at: int = 0) -> None:
        self.session = session
        self.index = 0
        self.selection = Selection()
        self.selected_name = ""
        self.wish: Wish | None = None
        self.crash: Exception | None = None
        self._end_seen = False
        self.grow(until=0)
        if at:
            self.go(at)

    @property
    def trace(self) -> Trace:
        return self.session.trace

    @property
    def phases(self) -> Phases:
        return phases_of(self.trace)

    @property
    def last(self) -> int:
        """The index of the last recorded step (−1: none)."""
        return len(self.trace) - 1

    @property
    def recording(self) -> bool:
        """Whether a wish waits for steps that are not recorded yet."""
        return self.wish is not None

    @property
    def growing(self) -> bool:
        """Whether recording ahead is worth while now."""
        return not self.session.finished and (
            self.recording or len(self.trace) - self.index < AHEAD
        )

    # -- growing ----------------------------------------------------------------------------------

    def grow(self, seconds: float = SLICE_SECONDS, until: int | None = None) -> None:
        """Record a slice, then ask the open wish again.

        A defect of the interpreter or engine is kept in ``crash``; the steps so far stay.
        """
        try:
            self.session.grow(seconds, until)
        except Exception as error:
            self.crash = error
        if self.wish is not None:
            self._try(self.wish)

    # -- moving -----------------------------------------------------------------------------------

    def step(self, count: int) -> None:
        """``count`` steps forward (back if negative)."""
        self.go(self.index + count)

    def go(self, target: int) -> None:
        """To step ``target``, the last one if there are fewer."""

        def wish() -> int | None:
            if target <= self.last:
                return max(0, target)
            return self.last if self.session.finished else None

        self._try(wish)

    def end(self) -> None:
        """To the last step of the whole run."""
        self._try(lambda: self.last if self.session.finished else None)

    def leap(self, kind: Leap, direction: int) -> None:
        """To the next or previous statement, phase or iteration."""
        if self.last < 0:
            return
        start = self.index
        if direction < 0:
            self._try(lambda: int(getattr(self.phases, f"previous_{kind}")(start)))
            return

        def wish() -> int | None:
            # What is recorded last may turn out to be the middle of a statement or phase.
            found = int(getattr(self.phases, f"next_{kind}")(start))
            return found if found < self.last or self.session.finished else None

        self._try(wish)

    def seek(self, query: Query, missing: Callable[[], None]) -> None:
        """To the next step (round the end to the first) that ``query`` is looking for."""
        start = seen = self.index

        def wish() -> int | None:
            nonlocal seen
            found = next_match(query, self.trace, seen)
            if found is not None:
                return found
            seen = self.last
            if not self.session.finished:
                return None
            found = next_match(query, self.trace, -1)
            if found is None:
                missing()
            return start if found is None else found

        self._try(wish)

    def _try(self, wish: Wish) -> None:
        try:
            found = wish()
        except Exception as error:
            self._excuse(error)
            self.crash, found = error, self.index
        self.wish = wish if found is None else None
        if found is not None:
            self._move(found)

    def _move(self, index: int) -> None:
        self.index = max(0, min(index, self.last))
        self._end_seen = self._end_seen or self.ended
        self._follow_name()

    # -- selecting --------------------------------------------------------------------------------

    def select(self, tensor: int | None) -> None:
        """Select a tensor by its id; the name it goes by is followed from step to step."""
        self.selected_name = ""
        self.selection = replace(self.selection, tensor=tensor, element=None)
        for name, shown in self._visible() if tensor is not None else ():
            if shown == tensor:
                self.selected_name = name
                break

    def find(self, name: str, missing: Callable[[], None]) -> None:
        """Select the tensor called ``name`` and go to the step that next changes it."""
        self.selected_name = name
        self.seek(Query("tensor", name=name), missing)
        self._follow_name()

    def names(self) -> list[str]:
        """Every tensor name known so far, in order of first sight."""
        return self.trace.names()

    def element(self, delta: int) -> None:
        """Select the next or previous element of the tensor that Maths works out."""
        shape = self._shape()
        size = 1
        for length in shape:
            size *= length
        if size < 2:
            return
        flat = 0
        for length, at in zip(shape, self.selection.element or (0,) * len(shape), strict=True):
            flat = flat * length + at
        flat = (flat + delta) % size
        element: list[int] = []
        for length in reversed(shape):
            flat, at = divmod(flat, length)
            element.append(at)
        self.selection = replace(self.selection, element=tuple(reversed(element)))

    def toggle_autograd(self) -> None:
        """Switch the graph between computation and autograd."""
        self.selection = replace(self.selection, autograd=not self.selection.autograd)

    def _shape(self) -> tuple[int, ...]:
        if self.last < 0:
            return ()
        try:
            value = subject(self.trace[self.index])
        except TraceError:
            return ()  # the frame says so
        return () if value is None else value.shape

    def _visible(self) -> list[tuple[str, int]]:
        """The names in sight, and the tensors they stand for."""
        if self.last < 0:
            return []
        try:
            now = state.at(self.trace, self.index)
            return [(name, tensor.value.tensor) for name, tensor in now.visible()]
        except Exception as error:
            self._excuse(error)
            return []  # the frame says so

    def _follow_name(self) -> None:
        element = self.selection.element
        if element is not None and not _inside(element, self._shape()):
            self.selection = replace(self.selection, element=None)
        for name, tensor in self._visible() if self.selected_name else ():
            if name == self.selected_name:
                self.selection = replace(self.selection, tensor=tensor)
                return

    def _excuse(self, error: Exception) -> None:
        """A file that somebody else wrote can be damaged in every way; what is ours cannot."""
        if not (isinstance(error, TraceError) or getattr(self.session, "foreign", False)):
            raise error

    # -- looking ----------------------------------------------------------------------------------

    def frame(self, sizes: Sizes) -> view.Frame:
        """Everything the screen shows now; of a step that cannot be shown, why."""
        try:
            return view.frame(self.trace, self.index, self.selection, sizes)
        except Exception as error:
            self._excuse(error)
            return _unreadable(self.index, len(self.trace), error)

    @property
    def ended(self) -> bool:
        """Whether this is the last step there will ever be."""
        return self.session.finished and self.index >= self.last

    @property
    def place(self) -> Place:
        """Where one is, and whether the last step was seen."""
        steps = len(self.trace) if self.session.finished else None
        return Place(max(0, self.index), steps, self._end_seen or self.ended)


def _unreadable(index: int, total: int, error: Exception) -> view.Frame:
    """What is shown in place of a step that a damaged file keeps from us."""
    words = visible(
        str(error) if isinstance(error, TraceError) else f"{type(error).__name__}: {error}"
    )
    title, line = "this step cannot be shown: ", Run(words, "error")
    empty = Pane("", ())
    return view.Frame(
        index,
        total,
        Pane("Program", ((line,),)),
        empty,
        empty,
        empty,
        Pane("Timeline", ()),
        (Run(title, "error"), line),
        (Run(f"{index + 1}/{total}"),),
    )


def _inside(element: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    return len(element) == len(shape) and all(
        at < length for at, length in zip(element, shape, strict=True)
    )


def parse_jump(text: str) -> int | Query | None:
    """What ``g`` was asked: a step number, ``loss``, ``line:12``; None if it is none of these."""
    text = text.strip()
    if text.isdecimal():
        return max(0, int(text) - 1)
    if text == "loss":
        return Query("loss")
    head, _, rest = text.partition(":")
    if head.strip() == "line" and rest.strip().isdecimal():
        return Query("line", line=int(rest))
    return None
