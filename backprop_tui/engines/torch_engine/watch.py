"""``Watch``: any PyTorch code in this thread is told to a listener, from ``start`` to ``stop``.

    watch = Watch(listener)
    watch.start()          the modes are entered, PyTorch's own functions wrapped
    ...                    whatever runs here is recorded
    watch.drain()          everything so far is told
    watch.stop()           everything is told, PyTorch is as it was

Neither random numbers nor the grad mode are touched.
"""

from __future__ import annotations

from contextlib import ExitStack
from math import inf

from backprop_tui.engines.base import Placed
from backprop_tui.engines.torch_engine import happenings, stepping
from backprop_tui.engines.torch_engine.engine import TorchEngine

#: How many events are told together, if nobody asks before.
EVENTS = 4096


class Watch:
    """Tells ``listener`` what PyTorch does in the thread where it is started.

    Tensors of more than ``limit`` elements are told as Summary; None: never. What happens is told
    when there are more than ``events`` of it (0: at once), when much memory is kept for it, or
    when something happens and the last was told more than ``patience`` seconds ago.
    """

    def __init__(
        self,
        listener: Placed,
        limit: int | None = None,
        events: int = EVENTS,
        patience: float = inf,
    ) -> None:
        self.limit = limit
        #: what a recorder asks of an engine: values of tensors, kinds, names of modules
        self.engine = TorchEngine()
        self.engine.listener = listener
        self.engine.recorder.book.limit = limit
        self.engine.recorder.most = events
        self.engine.recorder.patience = patience
        self._inside: ExitStack | None = None

    def start(self) -> None:
        """Begin to record; nothing happens if it does already."""
        if self._inside is None:
            with ExitStack() as inside:
                inside.enter_context(happenings.noticed())
                inside.enter_context(self.engine.recorder.active())
                self._inside = inside.pop_all()

    def stop(self) -> None:
        """Record no longer; what was recorded is told."""
        inside, self._inside = self._inside, None
        if inside is not None:
            stepping.step_ends(self.engine.recorder)
            inside.close()

    def drain(self) -> None:
        """Tell everything that was recorded so far."""
        self.engine.recorder.drain()
