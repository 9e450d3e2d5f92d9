"""PyTorch itself behind the Engine protocol, as far as the interpreter needs it: no recording.

With it, whatever differs between a scenario and plain Python is the interpreter's doing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from operator import attrgetter
from typing import Any

import torch
import torch.nn.functional
import torch.nn.utils
import torch.optim.lr_scheduler
import torch.optim.swa_utils
import torch.utils.data

KINDS: dict[type, str] = {
    torch.Tensor: "Tensor",
    torch.Size: "Size",
    torch.dtype: "dtype",
    torch.device: "device",
    torch.Generator: "Generator",
    torch.nn.Module: "Module",
    torch.optim.Optimizer: "Optimizer",
    torch.optim.lr_scheduler.LRScheduler: "LRScheduler",
    torch.utils.data.Dataset: "Dataset",
    torch.utils.data.DataLoader: "DataLoader",
    torch.utils.data.Sampler: "Sampler",
    torch.utils.hooks.RemovableHandle: "RemovableHandle",
    torch.autograd.graph.Node: "Node",
}


class TorchAsEngine:
    """What the interpreter asks of an engine, answered by PyTorch."""

    name = "torch"
    listener: Any = None
    allocate: Callable[[tuple[int, ...], int], None] | None = None

    def active(self) -> AbstractContextManager[None]:
        return nullcontext()

    def resolve(self, names: Iterable[str]) -> Mapping[str, object]:
        return {name: attrgetter(name.partition(".")[2])(torch) for name in names}

    def kind(self, value: object) -> str | None:
        if type(value).__module__ == "torch.return_types":
            return "ReturnType"
        return next((kind for cls, kind in KINDS.items() if isinstance(value, cls)), None)

    def subclass(self, base: Any, name: str, methods: Mapping[str, Callable[..., object]]) -> Any:
        return type(name, (base,), dict(methods))

    def is_grad_enabled(self) -> bool:
        return torch.is_grad_enabled()
