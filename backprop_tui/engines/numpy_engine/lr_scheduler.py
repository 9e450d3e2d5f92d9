"""``optim.lr_scheduler``: learning rates that change from round to round.

As in PyTorch each rate is computed from the one in use (so schedulers can be chained), and making
a scheduler is already round 0. What a scheduler knows are its attributes, by PyTorch's names and
in PyTorch's order: they are its ``state_dict()``.
"""

from __future__ import annotations

import math
import warnings
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from backprop_tui.engines.numpy_engine.optimizer import Group, Optimizer

__all__ = [
    "ConstantLR",
    "CosineAnnealingLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "PolynomialLR",
    "StepLR",
]

_TOO_EARLY = (
    "Detected call of `lr_scheduler.step()` before `optimizer.step()`. "
    "In PyTorch 1.1.0 and later, you should call them in the opposite order: "
    "`optimizer.step()` before `lr_scheduler.step()`.  Failure to do this "
    "will result in PyTorch skipping the first value of the learning rate schedule. "
    "See more details at "
    "https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"
)
#: What PyTorch says of ``step(epoch)``.
EPOCH = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where "
    "possible. Please use `scheduler.step()` to step the scheduler. During the deprecation, if "
    "epoch is different from None, the closed form is used instead of the new chainable form, "
    "where available. Please open an issue if you are unable to replicate your use case: "
    "https://github.com/pytorch/pytorch/issues/new/choose."
)
_ASK_LAST = "To get the last learning rate computed by the scheduler, please use `get_last_lr()`."


class LRScheduler:
    """The base of all schedulers.

    A subclass says in ``_rate`` what a group's rate becomes, and in ``_closed``, where there is
    such a thing, what it is in any round by itself.
    """

    _is_initial = False
    _get_lr_called_within_step = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        self.optimizer = optimizer
        for position, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{position}] when "
                    "resuming scheduler with last_epoch >= 0.\n"
                    "This typically happens when:\n"
                    "1. You're trying to resume training from a checkpoint but haven't properly "
                    "loaded the optimizer state\n"
                    "2. You're using last_epoch >= 0 for a fresh training run (not recommended)"
                )
        self.base_lrs: list[float] = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        optimizer.scheduled = True
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        self.step()
        self._is_initial = False

    def _rate(self, group: Group, base: float, position: int) -> float:
        raise NotImplementedError

    def _closed(self, base: float) -> float | None:
        return None

    def get_lr(self) -> list[float]:
        """The rates of this round, computed from those in use."""
        if not self._get_lr_called_within_step:
            warnings.warn(_ASK_LAST, stacklevel=2)
        groups = zip(self.optimizer.param_groups, self.base_lrs, strict=True)
        return [self._rate(group, base, n) for n, (group, base) in enumerate(groups)]

    def step(self, epoch: int | None = None) -> None:
        """Set the rates of the next round."""
        if self._step_count == 1 and not self.optimizer.stepped:
            warnings.warn(_TOO_EARLY, stacklevel=2)
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH, stacklevel=2)
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        self._get_lr_called_within_step = True
        closed = [] if epoch is None else [self._closed(base) for base in self.base_lrs]
        rates = [rate for rate in closed if rate is not None] or self.get_lr()
        self._get_lr_called_within_step = False
        self._give(rates)

    def _give(self, rates: Iterable[float]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
        self._last_lr = rates_in_use(self.optimizer)

    def get_last_lr(self) -> list[float]:
        """The rates in use."""
        return self._last_lr

    def state_dict(self) -> dict[str, Any]:
        """All it knows but its optimizer."""
        return {name: value for name, value in vars(self).items() if name != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a ``state_dict()``."""
        vars(self).update(state_dict)


def rates_in_use(optimizer: Optimizer) -> list[float]:
    """The rate of every group."""
    return [group["lr"] for group in optimizer.param_groups]


def for_groups(name: str, optimizer: Optimizer, param: Any) -> list[Any]:
    """One value for each group, from a value or a list of them."""
    count = len(optimizer.param_groups)
    if isinstance(param, list | tuple):
        if len(param) != count:
            raise ValueError(
                f"{name} must have the same length as optimizer.param_groups. "
                f"{name} has {len(param)} values, param_groups has {count}."
            )
        return list(param)
    return [param] * count


class StepLR(LRScheduler):
    """The rate is multiplied by gamma every ``step_size`` rounds."""

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _rate(self, group: Group, base: float, position: int) -> float:
        rate: float = group["lr"]
        falls = self.last_epoch != 0 and self.last_epoch % self.step_size == 0
        return rate * self.gamma if falls else rate

    def _closed(self, base: float) -> float:
        return base * self.gamma ** (self.last_epoch // self.step_size)


class MultiStepLR(LRScheduler):
    """The rate is multiplied by gamma at the rounds given."""

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        last_epoch: int = -1,
    ) -> None:
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _rate(self, group: Group, base: float, position: int) -> float:
        rate: float = group["lr"]
        if self.last_epoch not in self.milestones:
            return rate
        return rate * float(self.gamma ** self.milestones[self.last_epoch])

    def _closed(self, base: float) -> float:
        milestones = sorted(self.milestones.elements())
        return base * float(self.gamma ** bisect_right(milestones, self.last_epoch))


class ExponentialLR(LRScheduler):
    """The rate is multiplied by gamma every round."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _rate(self, group: Group, base: float, position: int) -> float:
        rate: float = group["lr"]
        return rate if self._is_initial else rate * self.gamma

    def _closed(self, base: float) -> float:
        return base * float(self.gamma**self.last_epoch)


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

    def _rate(self, group: Group, base: float, position: int) -> float:
        rate: float = group["lr"]
        epoch, period, least = self.last_epoch, self.T_max, self.eta_min
        if self._is_initial:
            return rate
        if self._step_count == 1 and epoch > 0:
            return least + (base - least) * (1 + math.cos(epoch * math.pi / period)) / 2
        if (epoch - 1 - period) % (2 * period) == 0:
            return rate + (base - least) * (1 - math.cos(math.pi / period)) / 2
        return (1 + math.cos(math.pi * epoch / period)) / (
            1 + math.cos(math.pi * (epoch - 1) / period)
        ) * (rate - least) + least

    def _closed(self, base: float) -> float:
        turned = 1 + math.cos(math.pi * self.last_epoch / self.T_max)
        return self.eta_min + (base - self.eta_min) * turned / 2


class LambdaLR(LRScheduler):
    """The first rate times a function of the round."""

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        self.optimizer = optimizer
        count = len(optimizer.param_groups)
        self.lr_lambdas: list[Any] = (
            list(lr_lambda) if isinstance(lr_lambda, list | tuple) else [lr_lambda] * count
        )
        if len(self.lr_lambdas) != count:
            raise ValueError(f"Expected {count} lr_lambdas, but got {len(self.lr_lambdas)}")
        super().__init__(optimizer, last_epoch)

    def _rate(self, group: Group, base: float, position: int) -> float:
        factor: float = self.lr_lambdas[position](self.last_epoch)
        return base * factor

    def state_dict(self) -> dict[str, Any]:
        """All it knows but its optimizer and its functions."""
        known = super().state_dict()
        known.pop("lr_lambdas")
        return {**known, "lr_lambdas": [None] * len(self.lr_lambdas)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a ``state_dict()``; the functions stay."""
        super().load_state_dict({k: v for k, v in state_dict.items() if k != "lr_lambdas"})


class MultiplicativeLR(LambdaLR):
    """The rate in use times a function of the round."""

    def _rate(self, group: Group, base: float, position: int) -> float:
        rate: float = group["lr"]
        return rate if self._is_initial else rate * self.lr_lambdas[position](self.last_epoch)


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

    def _rate(self, group: Group, base: float, position: int) -> float:
        rate: float = group["lr"]
        epoch, total, start = self.last_epoch, self.total_iters, self.start_factor
        if epoch == 0:
            return rate * start
        if self._is_initial or epoch > total:
            return rate
        rise = self.end_factor - start
        return rate * (1.0 + rise / (total * start + (epoch - 1) * rise))

    def _closed(self, base: float) -> float:
        rise = self.end_factor - self.start_factor
        done = min(self.total_iters, self.last_epoch)
        return base * (self.start_factor + rise * done / self.total_iters)


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

    def _rate(self, group: Group, base: float, position: int) -> float:
        rate: float = group["lr"]
        if self.last_epoch == 0:
            return rate * self.factor
        return rate * (1.0 / self.factor) if self.last_epoch == self.total_iters else rate

    def _closed(self, base: float) -> float:
        over = self.last_epoch >= self.total_iters
        return base * (self.factor + over * (1 - self.factor))


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

    def _rate(self, group: Group, base: float, position: int) -> float:
        rate: float = group["lr"]
        epoch, total = self.last_epoch, self.total_iters
        if self._is_initial or epoch > total:
            return rate
        left = (1.0 - epoch / total) / (1.0 - (epoch - 1) / total)
        return rate * float(left**self.power)

    def _closed(self, base: float) -> float:
        done = min(self.total_iters, self.last_epoch)
        return float(base * (1.0 - done / self.total_iters) ** self.power)
