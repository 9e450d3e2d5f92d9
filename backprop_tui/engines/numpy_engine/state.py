"""What belongs to one engine and not to a tensor: the listener, the grad mode, the counters.

``now()`` is the state of the engine at work in this thread. An engine makes its own state the
current one where its scenario runs, so two engines in one process do not mix.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import numpy as np

from backprop_tui.engines.base import Listener
from backprop_tui.engines.numpy_engine.dtypes import dtype, float32


class State:
    """One engine's mutable state."""

    __slots__ = (
        "allocate",
        "default_dtype",
        "extras",
        "grad_enabled",
        "listener",
        "nodes_seen",
        "sequence_nr",
        "tensors_seen",
    )

    def __init__(self) -> None:
        self.listener: Listener | None = None
        self.allocate: Callable[[tuple[int, ...], int], None] | None = None
        self.grad_enabled = True
        self.default_dtype: dtype = float32
        self.sequence_nr = 0
        self.tensors_seen = 0
        self.nodes_seen = 0
        #: What other modules keep per engine (the default random generator), by their own key.
        self.extras: dict[str, object] = {}


class _Local(threading.local):
    def __init__(self) -> None:
        self.state = State()
        self.quiet = False


_local = _Local()
_QUIET_ALREADY = nullcontext()


def now() -> State:
    """The state of the engine at work in this thread."""
    return _local.state


def activate(state: State) -> None:
    """Make ``state`` the current one in this thread."""
    _local.state = state


@contextmanager
def at_work(state: State) -> Iterator[None]:
    """Inside, ``state`` is the current one in this thread, and NumPy warns of nothing."""
    before = _local.state, _local.quiet
    _local.state, _local.quiet = state, True
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        _local.state, _local.quiet = before


def quiet() -> AbstractContextManager[object]:
    """Inside, NumPy warns of nothing. To switch that takes longer than adding two small arrays,
    so where an engine is at work, which is quiet already, nothing is switched."""
    return _QUIET_ALREADY if _local.quiet else np.errstate(all="ignore")


def is_quiet() -> bool:
    """Whether NumPy's warnings are off already."""
    return _local.quiet


def make_room(shape: tuple[int, ...], itemsize: int) -> None:
    """Ask whether something this large may be made; raises if not."""
    allocate = now().allocate
    if allocate is not None:
        allocate(shape, itemsize)
