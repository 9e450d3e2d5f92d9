"""``Watch``: any PyTorch code in this thread is told to a listener, from ``start`` to ``stop``.

    watch = Watch(listener)
    watch.start()          the modes are entered, PyTorch's own functions wrapped
    ...                    whatever runs here is recorded
    watch.drain()          everything so far is told
    watch.stop()           everything is told, PyTorch is as it was

Neither random numbers nor the grad mode are touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

from backprop_tui.engines.base import (
    Array,
    GradValue,
    NodeValue,
    Operand,
    Outgoing,
    Placed,
    Scalar,
    TensorValue,
)
from backprop_tui.engines.torch_engine import happenings
from backprop_tui.engines.torch_engine.engine import TorchEngine


class Watch:
    """Tells ``listener`` what PyTorch does in the thread where it is started.

    Tensors of more than ``limit`` elements are told as Summary; None: never.
    """

    def __init__(self, listener: Placed, limit: int | None = None) -> None:
        self.limit = limit
        #: what a recorder asks of an engine: values of tensors, kinds, names of modules
        self.engine = TorchEngine()
        self.engine.listener = _Now(listener)
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
            happenings.step_ends(self.engine.recorder)
            inside.close()

    def drain(self) -> None:
        """Tell everything that was recorded so far."""
        self.engine.recorder.flush()


class _Now:
    """A Listener that hands on what it is told, placed where the program is now."""

    def __init__(self, listener: Placed) -> None:
        self.listener = listener

    def _placed(self) -> Placed:
        self.listener.at(self.listener.place())
        return self.listener

    def forward(
        self,
        op: str,
        inputs: tuple[Operand, ...],
        attrs: Mapping[str, object],
        outputs: tuple[TensorValue, ...],
        node: NodeValue | None,
        changed: tuple[TensorValue, ...] = (),
        grads: tuple[GradValue, ...] = (),
    ) -> None:
        self._placed().forward(op, inputs, attrs, outputs, node, changed, grads)

    def seed_grad(self, tensor: TensorValue, grad: Array) -> None:
        self._placed().seed_grad(tensor, grad)

    def backward(
        self,
        node: NodeValue,
        incoming: tuple[Array | None, ...],
        outgoing: tuple[Outgoing | None, ...],
    ) -> None:
        self._placed().backward(node, incoming, outgoing)

    def accumulate(
        self,
        tensor: TensorValue,
        node: NodeValue | None,
        incoming: Array,
        before: Array | None,
        after: Array,
    ) -> None:
        self._placed().accumulate(tensor, node, incoming, before, after)

    def zero_grad(
        self, tensors: tuple[tuple[TensorValue, Array | None, Array | None], ...]
    ) -> None:
        self._placed().zero_grad(tensors)

    def update(
        self,
        optimizer: str,
        group: Mapping[str, Scalar],
        grad: Array,
        before: TensorValue,
        after: TensorValue,
        state_before: Mapping[str, Array | Scalar],
        state_after: Mapping[str, Array | Scalar],
    ) -> None:
        self._placed().update(optimizer, group, grad, before, after, state_before, state_after)

    def assign(self, attribute: str, tensor: TensorValue, grad: Array | None) -> None:
        self._placed().assign(attribute, tensor, grad)

    def enter_module(self, module: object) -> None:
        self._placed().enter_module(module)

    def exit_module(self, module: object) -> None:
        self._placed().exit_module(module)
