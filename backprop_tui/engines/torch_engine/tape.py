"""The tape: what happened, in order, until it is told.

    note(tell, …)     ──▶  tape  ──▶  drain()  ──▶  tell(…), placed where it happened

An event holds references and mentions; nothing of it is worked out before it is told. What is on
the tape is told when there are more than ``most`` events, when more than ``most_bytes`` of memory
are kept for them, or when the last were told ``patience`` seconds ago. With 0 events it is told as
soon as nothing of it can change.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from time import monotonic
from typing import Any

import torch

from backprop_tui.engines.base import Listener
from backprop_tui.engines.torch_engine.decoder import Decoder
from backprop_tui.engines.torch_engine.mentions import Mentions
from backprop_tui.engines.torch_engine.seen import Book

#: What to tell and where it happened, the grad mode there, and the arguments.
Event = tuple[Callable[..., None], object, bool, tuple[Any, ...]]

#: After how many events the memory that is kept is measured.
OFTEN = 64


class Tape:
    """What one recorder captured and has not told yet."""

    def __init__(self) -> None:
        self.most = 0
        self.most_bytes = 1 << 29
        self.patience = inf
        self.book = Book()
        self.mentions = Mentions(self.book)
        self.decoder = Decoder(self.book)
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
        self._draining = False
        #: how many events there were when memory was measured last
        self._measured = 0
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

    def note(self, tell: Callable[..., None], *what: Any) -> None:
        """Something happened here, to be told."""
        grad_enabled, place = self.grad_enabled, self.fixed
        if grad_enabled is None:
            grad_enabled = torch._C.is_grad_enabled()
        if place is None:
            place = self._place()
        self.events.append((tell, place, grad_enabled, what))

    def also(self, tell: Callable[..., None], *what: Any) -> None:
        """Something more happened since the last event, and the function of PyTorch's that was
        at work then still is."""
        grad_enabled = self.grad_enabled
        if grad_enabled is None:
            grad_enabled = torch._C.is_grad_enabled()
        self.events.append((tell, self._still(), grad_enabled, what))

    def flush(self) -> None:
        """Tell what was captured, if that is enough by now; nothing of it is still to change."""
        count = len(self.events)
        if count > self.most or (
            count
            and (
                (count >= self._measured + OFTEN and self._too_large())
                or monotonic() - self._told > self.patience
            )
        ):
            self.drain()

    def _too_large(self) -> bool:
        self._measured = len(self.events)
        self.mentions.sort()
        return self.mentions.nbytes > self.most_bytes

    def drain(self) -> None:
        """Tell everything that was captured."""
        events = self.events
        if self._draining or not events:
            return
        self._draining = True
        try:
            with torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction():
                # In backward PyTorch's engine takes over what nobody else holds.
                if self.most and not self.in_backward:
                    self.mentions.let_go()
                while events:
                    tell, place, self._told_grad_enabled, what = events.popleft()
                    self._at(place)
                    tell(*what)
                    del what
                self.mentions.forget()
        finally:
            self._draining, self._told_grad_enabled = False, None
            self._measured, self._told = 0, monotonic()

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
            yield self.mentions
        if not self.events:
            self.mentions.forget()


def _nowhere() -> object:
    return None


def _anywhere(_: object) -> None:
    return None
