"""What modules and optimizers do to tensors outside of any graph, and how they tell of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from backprop_tui.engines.base import Array
from backprop_tui.engines.numpy_engine import state
from backprop_tui.engines.numpy_engine.tensor import Tensor


@contextmanager
def muted() -> Iterator[None]:
    """Nothing is told inside: PyTorch's own bookkeeping, which no reader of a program asks for."""
    now = state.now()
    listener, now.listener = now.listener, None
    try:
        yield
    finally:
        now.listener = listener


def detached(tensor: Tensor) -> Tensor:
    """The same memory and version without history, as ``detach()``, told to nobody."""
    alias = tensor.data
    alias._version_counter = tensor._version_counter
    return alias


def write(tensor: Tensor, values: Array) -> None:
    """Change a tensor's numbers in place under ``no_grad``, and tell of it as of ``data``."""
    tensor._write(values)
    listener = state.now().listener
    if listener is not None:
        for changed in tensor._changed():
            listener.assign("data", changed, tensor._grad_array())


def zero_grad(tensors: Iterable[Tensor], set_to_none: bool) -> None:
    """Clear the gradients to None, or those that are there to zeros."""
    listener = state.now().listener
    cleared = []
    for tensor in tensors:
        before = None if listener is None else tensor._grad_array()
        if set_to_none:
            tensor._grad = None
        elif tensor._grad is not None:
            tensor._grad._write(0)
        if listener is not None:
            cleared.append((tensor._snapshot(), before, tensor._grad_array()))
    if listener is not None and cleared:
        listener.zero_grad(tuple(cleared))
