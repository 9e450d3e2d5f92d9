"""``torch.optim.swa_utils``: the average of a model over many steps, and its learning rate.

What an update of an average changes is told, not how.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from backprop_tui.engines.base import Array
from backprop_tui.engines.numpy_engine import autograd, events
from backprop_tui.engines.numpy_engine.lr_scheduler import LRScheduler, for_groups
from backprop_tui.engines.numpy_engine.nn.module import Module
from backprop_tui.engines.numpy_engine.nn.normalization import _BatchNorm
from backprop_tui.engines.numpy_engine.optimizer import Group, Optimizer
from backprop_tui.engines.numpy_engine.tensor import Tensor

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]

Average = Callable[[Tensor, Tensor, Any], Any]
Averages = Callable[[Sequence[Tensor], Sequence[Tensor], Any], Any]


def _check_decay(decay: float) -> None:
    if decay < 0.0 or decay > 1.0:
        raise ValueError(
            f"Invalid decay value {decay} provided. Please provide a value in [0,1] range."
        )


def _between(start: Array, end: Array, share: float) -> Array:
    """As ``lerp`` does it: from the nearer end."""
    if share < 0.5:
        return np.asarray(start + share * (end - start))
    return np.asarray(end - (end - start) * (1 - share))


def get_ema_multi_avg_fn(decay: float = 0.999) -> Averages:
    """An exponential moving average, of all parameters at once."""
    _check_decay(decay)

    def ema_update(averages: Sequence[Tensor], current: Sequence[Tensor], _: Any) -> None:
        for average, now in zip(averages, current, strict=True):
            average._write(_between(average.array, now.array, 1 - decay))

    return ema_update


def get_swa_multi_avg_fn() -> Averages:
    """The mean of all models so far, of all parameters at once."""

    def swa_update(averages: Sequence[Tensor], current: Sequence[Tensor], number: Any) -> None:
        for average, now in zip(averages, current, strict=True):
            average._write(_between(average.array, now.array, 1 / (float(number) + 1)))

    return swa_update


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """An exponential moving average, of one parameter."""
    _check_decay(decay)

    def ema_update(average: Tensor, current: Tensor, _: Any) -> Any:
        return decay * average + (1 - decay) * current

    return ema_update


def get_swa_avg_fn() -> Average:
    """The mean of all models so far, of one parameter."""

    def swa_update(average: Tensor, current: Tensor, number: Any) -> Any:
        return average + (current - average) / (number + 1)

    return swa_update


class AveragedModel(Module):
    """A copy of a model whose parameters are averages of the model's."""

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: Averages | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        with events.muted():
            self.module = copy.deepcopy(model)
        self.register_buffer("n_averaged", Tensor(np.asarray(0, np.int64)))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the model as it is now into the average."""
        mine = [*self.module.parameters(), *(self.module.buffers() if self.use_buffers else ())]
        theirs = [*model.parameters(), *(model.buffers() if self.use_buffers else ())]
        with events.muted(), autograd.no_grad():
            if not self.n_averaged.array:
                for average, now in zip(mine, theirs, strict=False):
                    average._write(now.array)
            else:
                self._average(mine, theirs)
            if not self.use_buffers:
                buffers = zip(self.module.buffers(), model.buffers(), strict=True)
                for kept, now in buffers:
                    kept._write(now.array)
            self.n_averaged._write(self.n_averaged.array + 1)
        for tensor in self._own():
            events.write(tensor, tensor.array)

    def _own(self) -> list[Tensor]:
        return list(self.state_dict(keep_vars=True).values())

    def _average(self, mine: list[Tensor], theirs: list[Tensor]) -> None:
        if self.multi_avg_fn is not None:
            self.multi_avg_fn(mine, theirs, self.n_averaged)
            return
        average_of = self.avg_fn or get_swa_avg_fn()
        for average, now in zip(mine, theirs, strict=False):
            made = average_of(average.detach(), now.detach(), self.n_averaged)
            average._write(np.asarray(made.array, average.array.dtype))


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Make the running statistics anew, as means over all batches of a loader."""
    with autograd.no_grad():
        momenta = {}
        for module in model.modules():
            if isinstance(module, _BatchNorm):
                module.reset_running_stats()
                momenta[module] = module.momentum
        if not momenta:
            return
        was_training = model.training
        model.train()
        for module in momenta:
            module.momentum = None
        for batch in loader:
            model(batch[0] if isinstance(batch, list | tuple) else batch)
        for module, momentum in momenta.items():
            module.momentum = momentum
        model.train(was_training)


class SWALR(LRScheduler):
    """The rate goes to ``swa_lr`` and stays there."""

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        rates = for_groups("swa_lr", optimizer, swa_lr)
        for rate, group in zip(rates, optimizer.param_groups, strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        self._anneal_strategy = anneal_strategy
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _share(self, step: int) -> float:
        t = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return t if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * t)) / 2

    def _rate(self, group: Group, base: float, position: int) -> float:
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, share = self._share(step - 1), self._share(step)
        end: float = group["swa_lr"]
        begun = end if before == 1 else (group["lr"] - before * end) / (1 - before)
        return end * share + begun * (1 - share)
