"""``optim.lr_scheduler``: learning rates that change from round to round.

As in PyTorch each rate is computed from the one in use (so schedulers can be chained), and making
a scheduler is already round 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from backprop_tui.engines.numpy_engine.optim import Optimizer

__all__ = [
    "CosineAnnealingLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "MultiStepLR",
    "StepLR",
]


class LRScheduler:
    """The base of all schedulers; a subclass says in ``_rate`` what a group's rate becomes."""

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        self.optimizer = optimizer
        for position, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group["initial_lr"] = group["lr"]
            elif "initial_lr" not in group:
                raise KeyError(
                    "param 'initial_lr' is not specified in "
                    f"param_groups[{position}] when resuming scheduler with last_epoch >= 0"
                )
        self.base_lrs: list[float] = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._last_lr: list[float] = []
        self.step()

    def _rate(self, rate: float, base: float, group: int) -> float:
        raise NotImplementedError

    def step(self) -> None:
        """Set the rates of the next round."""
        self.last_epoch += 1
        groups = self.optimizer.param_groups
        rates = [
            self._rate(group["lr"], base, position)
            for position, (group, base) in enumerate(zip(groups, self.base_lrs, strict=True))
        ]
        for group, rate in zip(groups, rates, strict=True):
            group["lr"] = rate
        self._last_lr = rates

    def get_last_lr(self) -> list[float]:
        """The rates in use."""
        return self._last_lr


class StepLR(LRScheduler):
    """The rate is multiplied by gamma every ``step_size`` rounds."""

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _rate(self, rate: float, base: float, group: int) -> float:
        falls = self.last_epoch != 0 and self.last_epoch % self.step_size == 0
        return rate * self.gamma if falls else rate


class MultiStepLR(LRScheduler):
    """The rate is multiplied by gamma at the rounds given."""

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        last_epoch: int = -1,
    ) -> None:
        self.milestones = sorted(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _rate(self, rate: float, base: float, group: int) -> float:
        falls: float = rate * self.gamma ** self.milestones.count(self.last_epoch)
        return falls if self.last_epoch in self.milestones else rate


class ExponentialLR(LRScheduler):
    """The rate is multiplied by gamma every round."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _rate(self, rate: float, base: float, group: int) -> float:
        return rate if self.last_epoch == 0 else rate * self.gamma


class CosineAnnealingLR(LRScheduler):
    """The rate falls along a cosine to ``eta_min`` in ``T_max`` rounds, and rises again."""

    def __init__(
        self,
        optimizer: Optimizer,
        T_max: int,  # noqa: N803
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def _rate(self, rate: float, base: float, group: int) -> float:
        epoch, period, least = self.last_epoch, self.T_max, self.eta_min
        if epoch == 0:
            return rate
        if (epoch - 1 - period) % (2 * period) == 0:
            return rate + (base - least) * (1 - math.cos(math.pi / period)) / 2
        return (1 + math.cos(math.pi * epoch / period)) / (
            1 + math.cos(math.pi * (epoch - 1) / period)
        ) * (rate - least) + least


class LambdaLR(LRScheduler):
    """The first rate times a function of the round."""

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        count = len(optimizer.param_groups)
        self.lr_lambdas: list[Any] = (
            lr_lambda if isinstance(lr_lambda, list) else [lr_lambda] * count
        )
        if len(self.lr_lambdas) != count:
            raise ValueError(f"Expected {count} lr_lambdas, but got {len(self.lr_lambdas)}")
        super().__init__(optimizer, last_epoch)

    def _rate(self, rate: float, base: float, group: int) -> float:
        factor: float = self.lr_lambdas[group](self.last_epoch)
        return base * factor
