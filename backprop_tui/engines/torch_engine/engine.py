"""``TorchEngine``: PyTorch itself inside a scenario, recorded while it works."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from operator import attrgetter
from typing import Any

import numpy as np
import torch
import torch.nn.functional
import torch.nn.utils
import torch.optim.lr_scheduler
import torch.optim.swa_utils
import torch.utils.data

from backprop_tui.engines.base import Array, Listener, TensorValue
from backprop_tui.engines.promise import kept
from backprop_tui.engines.torch_engine import happenings
from backprop_tui.engines.torch_engine.functions import HANDLED
from backprop_tui.engines.torch_engine.recorder import Recorder, current
from backprop_tui.errors import EngineMissing

#: Classes → the row of the surface's member table for their values.
KINDS: dict[type, str] = {
    torch.Tensor: "Tensor",
    torch.Size: "Size",
    torch.dtype: "dtype",
    torch.device: "device",
    np.ndarray: "ndarray",
    torch.nn.Module: "Module",
    torch.optim.Optimizer: "Optimizer",
    torch.optim.lr_scheduler.LRScheduler: "LRScheduler",
    torch.utils.data.Dataset: "Dataset",
    torch.utils.data.DataLoader: "DataLoader",
    torch.utils.data.Sampler: "Sampler",
    torch.Generator: "Generator",
    torch.autograd.graph.Node: "Node",
    torch.utils.hooks.RemovableHandle: "RemovableHandle",
    torch.set_grad_enabled: "grad_mode",
    torch.no_grad: "grad_mode",
    torch.enable_grad: "grad_mode",
}


#: With which seed the random numbers of an unseeded program begin, in every run the same.
DEFAULT_SEED = 67280421310721


class TorchEngine:
    """PyTorch, with every step of it told to the ``listener`` while the engine is ``active``.

    ``device`` ("cpu", "cuda", "cuda:1") is where tensors are made that name none. Raises
    EngineMissing where it is not there.
    """

    name = "torch"

    def __init__(self, device: str = "cpu") -> None:
        self.device = _there(device)
        self.recorder = Recorder(HANDLED)
        self._random: Any = None

    @property
    def listener(self) -> Listener | None:
        return self.recorder.listener

    @listener.setter
    def listener(self, listener: Listener | None) -> None:
        self.recorder.listener = listener

    @property
    def allocate(self) -> Callable[[tuple[int, ...], int], None] | None:
        return self.recorder.allocate

    @allocate.setter
    def allocate(self, allocate: Callable[[tuple[int, ...], int], None] | None) -> None:
        self.recorder.allocate = allocate

    @contextmanager
    def active(self) -> Iterator[None]:
        """Inside, this engine is at work in the calling thread.

        The grad mode, the default dtype and the random numbers are those of before afterwards.
        """
        grad_enabled, dtype = torch.is_grad_enabled(), torch.get_default_dtype()
        random = torch.get_rng_state()
        if self._random is None:
            torch.manual_seed(DEFAULT_SEED)
        else:
            torch.set_rng_state(self._random)
        try:
            elsewhere = nullcontext() if self.device.type == "cpu" else self.device
            with happenings.noticed(), elsewhere, self.recorder.active():
                yield
        finally:
            self._random = torch.get_rng_state()
            torch.set_rng_state(random)
            torch.set_grad_enabled(grad_enabled)
            torch.set_default_dtype(dtype)

    def is_grad_enabled(self) -> bool:
        return self.recorder.is_grad_enabled()

    def resolve(self, names: Iterable[str]) -> Mapping[str, object]:
        """What stands behind dotted names of the surface table; names torch lacks are absent."""
        found: dict[str, object] = {}
        for name in names:
            try:
                value = attrgetter(name.removeprefix("torch."))(torch)
            except AttributeError:
                continue
            found[name] = _told_as_a_whole(name, value)
        return found

    def kind(self, value: object) -> str | None:
        """The row of the surface's member table for a value; None for what is not the engine's."""
        if type(value).__module__ == "torch.return_types":
            return "ReturnType"
        return next((kind for cls, kind in KINDS.items() if isinstance(value, cls)), None)

    def snapshot(self, tensor: Any) -> TensorValue:
        with self.recorder.looking() as mentions:
            return self.recorder.book.value(mentions.seen(tensor))

    def grad_array(self, tensor: Any) -> Array | None:
        with self.recorder.looking() as mentions:
            grad = mentions.grad(tensor)
            array: Array | None = None if grad is None else kept(self.recorder.book.array(grad))
            return array

    def named_parameters(self, module: Any) -> Sequence[tuple[str, Any]]:
        """A module's parameters, then its buffers, by dotted name."""
        both = (*module.named_parameters(), *module.named_buffers())
        return [(name, one) for name, one in both if not torch.nn.parameter.is_lazy(one)]

    def named_modules(self, module: Any) -> Sequence[tuple[str, object]]:
        return list(module.named_modules())

    def subclass(self, base: Any, name: str, methods: Mapping[str, Callable[..., object]]) -> Any:
        """A class of the scenario's own on ``base`` (nn.Module, Dataset) with these methods."""
        return type(name, (base,), dict(methods))


def _there(name: str) -> torch.device:
    """The device of this name."""
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise EngineMissing(f"PyTorch has no device {name!r}: use cpu or cuda") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise EngineMissing(
            f"PyTorch finds no device {name!r} here: a GPU with its driver and a CUDA build of "
            "PyTorch (https://pytorch.org/get-started), or --device cpu"
        )
    return device


def _told_as_a_whole(name: str, value: Any) -> Any:
    """Functions in Python that change tensors: what they changed is told, not how."""
    namespace, _, own = name.rpartition(".")
    if name == "torch.empty":
        return _empty
    if namespace == "torch.nn.init" and own.endswith("_"):
        return _whole(value, lambda recorder, tensor: recorder.filled(tensor))
    if namespace == "torch.nn.utils" and own.startswith("clip_grad"):
        return _whole(value, _clipped)
    return value


@functools.wraps(torch.empty)
def _empty(*args: Any, **kwargs: Any) -> Any:
    """Whatever was in memory, here always zeros, so that every run shows the same."""
    return torch.zeros(*args, **kwargs)


def _whole(plain: Any, tell: Callable[[Recorder, Any], None]) -> Any:
    @functools.wraps(plain)
    def whole(first: Any, *args: Any, **kwargs: Any) -> Any:
        recorder = current()
        if recorder is None:
            return plain(first, *args, **kwargs)
        if not isinstance(first, torch.Tensor):
            first = list(first)
        with recorder.muted():
            result = plain(first, *args, **kwargs)
        tell(recorder, first)
        return result

    return whole


def _clipped(recorder: Recorder, parameters: Any) -> None:
    for tensor in [parameters] if isinstance(parameters, torch.Tensor) else parameters:
        if tensor.grad is not None:
            recorder.assigned("grad", tensor)
