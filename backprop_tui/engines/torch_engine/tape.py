"""The tape: what happened, in order, until it is told.

    noted        references to tensors, as they were at hand
      │ mention  before something of them changes by more than a few bytes, or it is told
    events       mentions
      │ drain
    tell(…)      placed where it happened

Nothing is worked out before it is told. What is on the tape is told when there are more than
``most`` events, when more than ``most_bytes`` of memory are kept for them, or when the last were
told ``patience`` seconds ago. With 0 events it is told as soon as nothing of it can change.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import inf
from time import monotonic
from typing import Any

import torch

from backprop_tui.engines.base import Listener
from backprop_tui.engines.torch_engine.decoder import Decoder
from backprop_tui.engines.torch_engine.mentions import (
    Attributes,
    Mentions,
    attributes_of,
    memory_of,
)
from backprop_tui.engines.torch_engine.seen import Book

#: What to tell and where it happened, the grad mode there, and what about.
Event = tuple[Callable[..., None], object, bool, tuple[Any, ...]]
#: What mentions the tensors that it is about, if that is still to be done.
Mentioning = Callable[..., tuple[Any, ...]] | None

_is_enabled: Callable[[], bool] = torch._C.is_grad_enabled

#: After so many Nodes what they were given is noted.
OFTEN = 64


class Tape:
    """What one recorder captured and has not told yet."""

    def __init__(self) -> None:
        self.most = 0
        self.most_bytes = 1 << 29
        self.patience = inf
        self.book = Book()
        self._mentions = Mentions(self.book)
        self.decoder = Decoder(self.book)
        # kept for every event of these: one and the same, not a method made anew
        self.enters, self.exits = self.decoder.enters, self.decoder.exits
        self.forward = self.decoder.forward
        #: what mentions it (None: it is), what to tell (None: nothing), place, grad mode, of what
        self.noted: list[tuple[Any, ...]] = []
        self.events: deque[Event] = deque()
        #: whether gradients are wanted, as the program has it while backward runs
        self.grad_enabled: bool | None = None
        self._told_grad_enabled: bool | None = None
        self._listener: Listener | None = None
        self._place: Callable[[], object] = _nowhere
        self._still: Callable[[], object] = _nowhere
        self._at: Callable[[object], None] = _anywhere
        #: the place, while no code but PyTorch's own can be at work; None: it has to be asked for
        self.fixed: object = None
        #: views that were made or used since they were mentioned
        self._views: list[Any] = []
        #: called before something is written: who looks on can still mention what is there
        self.look: Callable[[], object] = _nowhere
        self._draining = False
        #: about how many bytes are kept, each thing counted as often as it was noted
        self.nbytes = 0
        #: when something was told last
        self._told = monotonic()
        #: backwards that run inside each other
        self.in_backward = 0

    @property
    def listener(self) -> Listener | None:
        """Who is told; one that has ``place`` and ``at`` is told where, too. It may have ``still``:
        the place, asked again while one function of PyTorch's is at work."""
        return self._listener

    @listener.setter
    def listener(self, listener: Listener | None) -> None:
        self._listener = self.decoder.listener = listener
        self._place = getattr(listener, "place", _nowhere)
        # asked of its class: some answer whatever they are told
        known = hasattr(type(listener), "still")
        self._still = getattr(listener, "still") if known else self._place  # noqa: B009
        self._at = getattr(listener, "at", _anywhere)

    # ------------------------------------------------------------------ noted

    def note(self, tell: Callable[..., None], *what: Any) -> object:
        """Something happened here, to be told; its place."""
        place = self.fixed
        if place is None:
            place = self._place()
        enabled = self.grad_enabled
        self.noted.append((None, tell, place, _is_enabled() if enabled is None else enabled, *what))
        return place

    def held(self, mention: Mentioning, tell: Callable[..., None], *what: Any) -> None:
        """The same about tensors that are still to be mentioned."""
        place = self.fixed
        if place is None:
            place = self._place()
        enabled = self.grad_enabled
        self.noted.append(
            (mention, tell, place, _is_enabled() if enabled is None else enabled, *what)
        )

    def also(self, tell: Callable[..., None], *what: Any, mention: Mentioning = None) -> None:
        """Something more happened since the last event, and the function of PyTorch's that was
        at work then still is."""
        enabled = self.grad_enabled
        self.noted.append(
            (mention, tell, self._still(), _is_enabled() if enabled is None else enabled, *what)
        )

    def remember(self, mention: Mentioning, *what: Any) -> None:
        """What these tensors are now matters to what is told later."""
        self.noted.append((mention, None, None, False, *what))

    def written(self, *tensors: Any) -> None:
        """Something is about to write to the memory of these."""
        self.look()
        self.mentions.written(*tensors)
        for tensor in tensors:
            self.nbytes += tensor.numel() * tensor.element_size()

    def overwritten(self, tensors: Sequence[Any]) -> None:
        """PyTorch is about to write to the memory of these, outside of any graph."""
        copies = [(tensor, memory_of(tensor)) for tensor in tensors]
        if any(memory is None for _, memory in copies):
            self.written(*tensors)
        else:
            self.look()
            self.remember(Mentions.overwritten, copies, self._views_of(tensors))

    def viewed(self, tensor: Any) -> None:
        """A view is at hand: of a leaf, it gets another Node when the leaf is overwritten."""
        base = tensor._base
        if base.is_leaf and base.requires_grad:
            self._views.append(tensor)

    def _views_of(self, tensors: Sequence[Any]) -> list[tuple[Any, Attributes]]:
        """The views of these that are at hand, with what they are now."""
        bases, views, self._views = set(map(id, tensors)), self._views, []
        found = []
        for view in views:
            if id(view._base) in bases:
                found.append((view, attributes_of(view)))
            else:
                self._views.append(view)
        if len(self._views) > OFTEN:
            self._mention()
        return found

    def has_grad(self, tensor: Any) -> None:
        """Somebody can have got hold of ``tensor.grad``."""
        self._mentions.has_grad(tensor)

    @property
    def mentions(self) -> Mentions:
        """The mentions, with those of all that was noted."""
        if self.noted:
            self._mention()
        return self._mentions

    def _mention(self) -> None:
        noted, self.noted = self.noted, []
        mentions, events = self._mentions, self.events
        with torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction():
            for mention, tell, place, grad_enabled, *given in noted:
                what = tuple(given) if mention is None else mention(mentions, *given)
                if tell is not None:
                    events.append((tell, place, grad_enabled, what))
            for view in self._views:
                mentions.says(view, attributes_of(view))
            self._views.clear()

    # ------------------------------------------------------------------ told

    def flush(self) -> None:
        """Tell what was captured, if that is enough by now; nothing of it is still to change."""
        count = len(self.events) + len(self.noted)
        if count and (
            count > self.most
            or (self.nbytes > self.most_bytes and self._too_large())
            or monotonic() - self._told > self.patience
        ):
            self.drain()

    def _too_large(self) -> bool:
        self.mentions.sort()
        self.nbytes = self._mentions.nbytes
        return self.nbytes > self.most_bytes

    def drain(self) -> None:
        """Tell everything that was captured."""
        if self._draining or not (self.noted or self.events):
            return
        self._draining, collects = True, gc.isenabled()
        gc.disable()  # nearly all that is made here is kept: Python's collector would find nothing
        try:
            self._mention()
            events, mentions = self.events, self._mentions
            with torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction():
                last: object = self
                while events:
                    tell, place, self._told_grad_enabled, what = events.popleft()
                    if place is not last:
                        self._at(place)
                        last = place
                    tell(*what)
                    del what
                mentions.forget()
        finally:
            if collects:
                gc.enable()
            self._draining, self._told_grad_enabled = False, None
            self.nbytes, self._told = 0, monotonic()

    def is_grad_enabled(self) -> bool:
        """Whether gradients were wanted where that happened which is being told."""
        for known in (self._told_grad_enabled, self.grad_enabled):
            if known is not None:
                return known
        enabled: bool = torch._C.is_grad_enabled()
        return enabled

    @contextmanager
    def looking(self) -> Iterator[Mentions]:
        """Inside, tensors can be mentioned to be looked at, and are as they are now."""
        self.drain()
        with torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction():
            yield self._mentions
        if not (self.noted or self.events):
            self._mentions.forget()


def _nowhere() -> object:
    return None


def _anywhere(_: object) -> None:
    return None
