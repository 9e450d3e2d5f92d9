"""What an engine is, and what it tells while it works.

An engine is *what ``import torch`` means inside a scenario*. It offers the names of the surface
table, and while it computes it tells a Listener what happens, at the granularity of autograd nodes:

    engine ──forward / seed_grad / backward / accumulate / zero_grad / update / assign──▶ Listener

What it tells are values, never live tensors: a ``TensorValue`` is a tensor as it was at one
moment. A tensor that has not changed is told as the *same* object, so shared data is kept once.
Where an Array is told it may be a Promise of one (``engines/promise.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy.typing as npt

from backprop_tui.engines.promise import asked
from backprop_tui.frozen import quickly

Array = npt.NDArray[Any]
Scalar = bool | int | float


@quickly
@asked("data")
@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class TensorValue:
    """A tensor at one moment.

    ``tensor`` is its identity: the same number for as long as the tensor lives, counted from 1 in
    the order of first sight. ``data`` is a read-only copy, or a Summary of a large one. ``dtype``
    is PyTorch's name ("torch.float32"), ``device`` too ("cpu", "cuda:0"). ``node`` is the id of the
    grad_fn Node, ``grad_fn`` its name.
    """

    tensor: int
    data: Array
    dtype: str
    requires_grad: bool
    is_leaf: bool
    grad_fn: str | None = None
    node: int | None = None
    retains_grad: bool = False
    device: str = "cpu"


@quickly
@dataclass(frozen=True, slots=True)
class Edge:
    """Where a gradient goes next; ``variable`` is the leaf's tensor id if to an AccumulateGrad."""

    node: int
    index: int
    variable: int | None = None


@quickly
@dataclass(frozen=True, slots=True, weakref_slot=True)
class NodeValue:
    """A Node of the autograd graph: PyTorch's name ("MulBackward0") and ``next_functions``."""

    node: int
    name: str
    sequence_nr: int
    next_functions: tuple[Edge | None, ...]


@quickly
@dataclass(frozen=True, slots=True)
class Operand:
    """An input of an op by the op's own name for it; a Python number stays a number."""

    name: str
    value: TensorValue | Scalar


@quickly
@asked("grad", "unreduced", "before", "after")
@dataclass(frozen=True, slots=True, eq=False)
class Outgoing:
    """A gradient that leaves a Node along one edge.

    ``grad`` has the input's shape. ``unreduced`` is the gradient before it was summed back because
    the input had been broadcast (None: it was not). ``before`` and ``after`` are the buffer of
    the target, where contributions of several paths meet (``before`` None: the first to arrive).
    """

    edge: Edge
    grad: Array
    unreduced: Array | None
    before: Array | None
    after: Array


@quickly
@asked("grad")
@dataclass(frozen=True, slots=True, eq=False)
class GradValue:
    """The ``.grad`` of a tensor at one moment."""

    tensor: TensorValue
    grad: Array


class Listener(Protocol):
    """Whom an engine tells what it does."""

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
        """An op ran. ``changed``: tensors whose data it changed in place (the op is then
        in-place: its output is among them), aliases included. ``grads``: tensors whose ``.grad``
        it changed so (``w.grad.zero_()``)."""

    def seed_grad(self, tensor: TensorValue, grad: Array) -> None:
        """``tensor.backward()`` begins with this gradient at the tensor itself."""

    def backward(
        self,
        node: NodeValue,
        incoming: tuple[Array | None, ...],
        outgoing: tuple[Outgoing | None, ...],
    ) -> None:
        """A Node ran; ``outgoing`` is in ``next_functions`` order, None where no gradient flows."""

    def accumulate(
        self,
        tensor: TensorValue,
        node: NodeValue | None,
        incoming: Array,
        before: Array | None,
        after: Array,
    ) -> None:
        """``tensor.grad`` received ``incoming``: by AccumulateGrad (``node``) for a leaf, or
        because of ``retain_grad()`` for a non-leaf (``node`` None)."""

    def zero_grad(
        self, tensors: tuple[tuple[TensorValue, Array | None, Array | None], ...]
    ) -> None:
        """Gradients were cleared: (tensor, grad before, grad after: None or zeros) for each."""

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
        """An optimizer ("SGD") changed one parameter; ``group`` holds its hyper-parameters."""

    def assign(self, attribute: str, tensor: TensorValue, grad: Array | None) -> None:
        """An attribute was set from outside: ``data``, ``grad`` or ``requires_grad``; ``tensor``
        is the tensor after it, ``grad`` its ``.grad`` after it."""

    def enter_module(self, module: object) -> None:
        """A module's ``forward`` begins."""

    def exit_module(self, module: object) -> None:
        """A module's ``forward`` ends."""


class Placed(Listener, Protocol):
    """A Listener that finds out by itself where in the program something happens.

    An engine that tells later than it happens asks for the ``place`` when it happens, and hands it
    back with ``at`` before it tells.
    """

    def place(self) -> object:
        """The place where the program is now, to be handed back."""

    def at(self, place: object) -> None:
        """What is told from now on happened there."""


class Engine(Protocol):
    """What the scenario interpreter may ask of an engine."""

    name: str
    listener: Listener | None
    #: Called with a shape and an item size in bytes before anything that large is made; raises.
    allocate: Callable[[tuple[int, ...], int], None] | None

    def active(self) -> AbstractContextManager[None]:
        """Inside, this engine is at work in the calling thread and tells its listener."""

    def is_grad_enabled(self) -> bool:
        """False under ``torch.no_grad()``."""

    def resolve(self, names: Iterable[str]) -> Mapping[str, object]:
        """What stands behind dotted surface names ("torch.tensor", "torch.nn.Linear")."""

    def kind(self, value: object) -> str | None:
        """The row of the surface's member table for a value: "Tensor", "Module", "Optimizer",
        "DataLoader", "Size", "dtype" …; None for what is not the engine's."""

    def snapshot(self, tensor: Any) -> TensorValue:
        """The tensor as it is now; the same object as before if nothing changed."""

    def grad_array(self, tensor: Any) -> Array | None:
        """A read-only copy of ``tensor.grad``, or None."""

    def named_parameters(self, module: Any) -> Sequence[tuple[str, Any]]:
        """A module's parameters (and buffers) by dotted name."""

    def named_modules(self, module: Any) -> Sequence[tuple[str, object]]:
        """A module and its submodules by dotted name, itself as ""."""

    def subclass(self, base: Any, name: str, methods: Mapping[str, Callable[..., object]]) -> Any:
        """A class of the scenario's own: ``class Net(nn.Module)``, ``class Points(Dataset)``."""
