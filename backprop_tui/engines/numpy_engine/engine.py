"""``NumpyEngine``: what ``import torch`` means inside a scenario, on NumPy alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Any

import numpy as np

from backprop_tui.engines.base import Array, Listener, TensorValue
from backprop_tui.engines.numpy_engine import state
from backprop_tui.engines.numpy_engine.dtypes import Size, device, dtype
from backprop_tui.engines.numpy_engine.graph import Node
from backprop_tui.engines.numpy_engine.names import lookup
from backprop_tui.engines.numpy_engine.tensor import Tensor
from backprop_tui.engines.numpy_engine.uninitialized import is_uninitialized


class NumpyEngine:
    """PyTorch in small. A new engine starts fresh: seed, grad mode, counters."""

    name = "numpy"

    def __init__(self) -> None:
        self._state = state.State()
        state.activate(self._state)

    @property
    def listener(self) -> Listener | None:
        return self._state.listener

    @listener.setter
    def listener(self, listener: Listener | None) -> None:
        self._state.listener = listener

    @property
    def allocate(self) -> Callable[[tuple[int, ...], int], None] | None:
        return self._state.allocate

    @allocate.setter
    def allocate(self, allocate: Callable[[tuple[int, ...], int], None] | None) -> None:
        self._state.allocate = allocate

    def active(self) -> AbstractContextManager[None]:
        """Inside, this engine is the one at work; afterwards the one that was before is again."""
        return state.at_work(self._state)

    def is_grad_enabled(self) -> bool:
        return self._state.grad_enabled

    def resolve(self, names: Iterable[str]) -> Mapping[str, object]:
        """What stands behind dotted names; names that this engine lacks are absent.

        From here on this engine is the one at work in the calling thread.
        """
        state.activate(self._state)
        found = {}
        for name in names:
            known, value = lookup(name)
            if known:
                found[name] = value
        return found

    def kind(self, value: object) -> str | None:
        """The row of the surface's member table for a value; None for what is not the engine's."""
        for cls in type(value).__mro__:
            if cls in KINDS:
                return KINDS[cls]
        for module, names in LATER_KINDS.items():
            for name, kind in names.items():
                later = getattr(_module(module), name, None)
                if later is not None and isinstance(value, later):
                    return kind
        return None

    def snapshot(self, tensor: Any) -> TensorValue:
        value: TensorValue = tensor._snapshot()
        return value

    def grad_array(self, tensor: Any) -> Array | None:
        array: Array | None = tensor._grad_array()
        return array

    def named_parameters(self, module: Any) -> Sequence[tuple[str, Any]]:
        """A module's parameters, then its buffers, by dotted name."""
        both = (*module.named_parameters(), *module.named_buffers())
        return [(name, one) for name, one in both if not is_uninitialized(one)]

    def named_modules(self, module: Any) -> Sequence[tuple[str, object]]:
        return list(module.named_modules())

    def subclass(self, base: Any, name: str, methods: Mapping[str, Callable[..., object]]) -> Any:
        """A class of the scenario's own on ``base`` (nn.Module, Dataset) with these methods."""
        return type(name, (base,), dict(methods))


KINDS: dict[type, str] = {
    Tensor: "Tensor",
    Size: "Size",
    dtype: "dtype",
    device: "device",
    Node: "Node",
    np.ndarray: "ndarray",
}

#: Classes whose modules are loaded only when something asks for them.
LATER_KINDS = {
    "nn": {"Module": "Module"},
    "optim": {"Optimizer": "Optimizer"},
    "lr_scheduler": {"LRScheduler": "LRScheduler"},
    "data": {"DataLoader": "DataLoader"},
    "datasets": {"Dataset": "Dataset"},
    "samplers": {"Sampler": "Sampler"},
    "random": {"Generator": "Generator"},
    "autograd": {"_GradMode": "grad_mode"},
    "graph": {"RemovableHandle": "RemovableHandle"},
}


def _module(name: str) -> Any:
    try:
        return import_module(f"backprop_tui.engines.numpy_engine.{name}")
    except ModuleNotFoundError:
        return None
