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
    "ConstantLR",
    "CosineAnnealingLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
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


class LinearLR(LRScheduler):
    """The rate grows (or falls) in a straight line for ``total_iters`` rounds."""

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if start_factor > 1.0 or start_factor <= 0:
            raise ValueError(
                "Starting multiplicative factor expected to be greater than 0 and less or equal to "
                "1."
            )
        if end_factor > 1.0 or end_factor < 0:
            raise ValueError("Ending multiplicative factor expected to be between 0 and 1.")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _rate(self, rate: float, base: float, group: int) -> float:
        epoch, total, start = self.last_epoch, self.total_iters, self.start_factor
        if epoch == 0:
            return rate * start
        if epoch > total:
            return rate
        rise = self.end_factor - start
        return rate * (1.0 + rise / (total * start + (epoch - 1) * rise))


class ConstantLR(LRScheduler):
    """The rate is smaller by ``factor`` for the first ``total_iters`` rounds."""

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 1.0 / 3,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if factor > 1.0 or factor < 0:
            raise ValueError("Constant multiplicative factor expected to be between 0 and 1.")
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _rate(self, rate: float, base: float, group: int) -> float:
        if self.last_epoch == 0:
            return rate * self.factor
        return rate * (1.0 / self.factor) if self.last_epoch == self.total_iters else rate


class PolynomialLR(LRScheduler):
    """The rate falls to 0 along a power of the rounds that are left."""

    def __init__(
        self,
        optimizer: Optimizer,
        total_iters: int = 5,
        power: float = 1.0,
        last_epoch: int = -1,
    ) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def _rate(self, rate: float, base: float, group: int) -> float:
        epoch, total = self.last_epoch, self.total_iters
        if epoch == 0 or epoch > total:
            return rate
        left = (1.0 - epoch / total) / (1.0 - (epoch - 1) / total)
        return rate * float(left**self.power)


class OneCycleLR(LRScheduler):
    """The rate rises to ``max_lr`` and falls far below where it began, along cosines.

    A ``momentum`` or ``betas`` of the optimizer goes the other way.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
    ) -> None:
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError(
                    "You must define either total_steps OR (epochs AND steps_per_epoch)"
                )
            total_steps = epochs * steps_per_epoch
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        self.total_steps = total_steps
        self.turn = float(pct_start * total_steps) - 1
        self.linear = anneal_strategy == "linear"
        self.cycle_momentum = cycle_momentum
        self.momenta = (base_momentum, max_momentum)
        self.rates = (max_lr / div_factor, max_lr, max_lr / div_factor / final_div_factor)
        for group in optimizer.param_groups:
            group["lr"] = self.rates[0]
            group["max_lr"], group["min_lr"] = self.rates[1:]
            if cycle_momentum:
                if "momentum" not in group and "betas" not in group:
                    raise ValueError(
                        "optimizer must support momentum or beta1 with `cycle_momentum` option "
                        "enabled"
                    )
                self._give_momentum(group, max_momentum)
                group["base_momentum"], group["max_momentum"] = self.momenta
        super().__init__(optimizer)

    @staticmethod
    def _give_momentum(group: dict[str, Any], momentum: float) -> None:
        if "betas" in group:
            group["betas"] = (momentum, *group["betas"][1:])
        else:
            group["momentum"] = momentum

    def _between(self, start: float, end: float, share: float) -> float:
        if self.linear:
            return (end - start) * share + start
        return end + (start - end) / 2.0 * (math.cos(math.pi * share) + 1)

    def _rate(self, rate: float, base: float, group: int) -> float:
        step, last = self.last_epoch, self.total_steps - 1
        if step > self.total_steps:
            raise ValueError(
                f"Tried to step {step} times. The specified number of total steps is "
                f"{self.total_steps}"
            )
        first, top, end = self.rates
        low, high = self.momenta
        if step <= self.turn:
            share = step / self.turn
            rate, momentum = self._between(first, top, share), self._between(high, low, share)
        else:
            share = (step - self.turn) / (last - self.turn)
            rate, momentum = self._between(top, end, share), self._between(low, high, share)
        if self.cycle_momentum:
            self._give_momentum(self.optimizer.param_groups[group], momentum)
        return rate


class ReduceLROnPlateau(LRScheduler):
    """The rate falls when a measure has not improved for ``patience`` rounds."""

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float = 0,
        eps: float = 1e-8,
    ) -> None:
        if factor >= 1.0:
            raise ValueError("Factor should be < 1.0.")
        if mode not in ("min", "max"):
            raise ValueError("mode " + mode + " is unknown!")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError("threshold mode " + threshold_mode + " is unknown!")
        self.optimizer = optimizer
        self.mode, self.factor, self.patience = mode, factor, patience
        self.threshold, self.threshold_mode = threshold, threshold_mode
        self.cooldown, self.min_lr, self.eps = cooldown, min_lr, eps
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = self.last_epoch = 0
        self._last_lr = [group["lr"] for group in optimizer.param_groups]

    def step(self, metrics: Any) -> None:  # type: ignore[override]
        """Look at the measure of this round."""
        current = float(metrics)
        self.last_epoch += 1
        if self._better(current):
            self.best, self.num_bad_epochs = current, 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        groups = self.optimizer.param_groups
        if self.num_bad_epochs > self.patience:
            for group in groups:
                rate = max(group["lr"] * self.factor, self.min_lr)
                if group["lr"] - rate > self.eps:
                    group["lr"] = rate
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._last_lr = [group["lr"] for group in groups]

    def _better(self, value: float) -> bool:
        sign = 1 if self.mode == "min" else -1
        if self.threshold_mode == "rel":
            return sign * value < sign * self.best * (1.0 - sign * self.threshold)
        return sign * value < sign * self.best - self.threshold
