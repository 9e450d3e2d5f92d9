"""What an optimizer does to one parameter: one frozen record of assignments.

A rule is a short program in the field's own words, each line a formula with the code beside it::

    define(UpdateRule("SGD", state=(State("momentum_buffer"),), assigns=(
        Assign("grad", Formula("$grad + $weight_decay · $param", …),
               lambda s: s.grad + s.weight_decay * s.param, when=lambda s: s.weight_decay != 0),
        …
        Assign("param", Formula("$param − $lr · $grad", …), lambda s: s.param - s.lr * s.grad),
    )))

``compute`` reads one namespace: ``param``, ``grad``, the state by PyTorch's names, the
hyper-parameters, and what earlier lines assigned. The NumPy engine *runs* these lines; ``explain``
runs the very same ones on numbers that remember how they were made. Both engines' updates can be
read with them, because the names are those of ``torch.optim``.

The rules themselves: ``updates_plain`` (the gradient as it is, or only its sign),
``updates_moments`` (Adam's family) and ``updates_squares`` (scaled by squared gradients).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula

Scalar = bool | int | float
Values = SimpleNamespace

#: State that is one number for a whole parameter: a float32 tensor of no dimensions in PyTorch.
ONE_NUMBER = frozenset({"step", "eta", "mu", "mu_product"})


def _always(_: Values) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Assign:
    """One line: ``target ← compute(values)``, done only ``when`` (seen before the first line)."""

    target: str
    formula: Formula
    compute: Callable[[Values], Any]
    when: Callable[[Values], bool] = _always
    help: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """What is kept per parameter from step to step, by PyTorch's name.

    ``initial`` makes the value before the first step; None: there is none until a line assigns it.
    """

    name: str
    initial: Callable[[Values], Any] | None = None
    when: Callable[[Values], bool] = _always


@dataclass(frozen=True, slots=True)
class UpdateRule:
    """An optimizer's rule: its state and the lines it runs for each parameter."""

    name: str
    state: tuple[State, ...]
    assigns: tuple[Assign, ...]

    def values(
        self, param: Any, grad: Any, hyper: Mapping[str, Scalar], state: Mapping[str, Any]
    ) -> Values:
        """The namespace the lines read, with the missing state at its initial value or None.

        What is ONE_NUMBER becomes a Python number, as PyTorch takes it with ``item()``.
        """
        values = SimpleNamespace(**hyper, param=param, grad=grad)
        for item in self.state:
            value = state.get(item.name)
            if value is None and item.initial is not None and item.when(values):
                value = item.initial(values)
            if item.name in ONE_NUMBER and isinstance(value, np.ndarray | np.generic):
                value = value.item()
            setattr(values, item.name, value)
        return values

    def active(self, values: Values) -> tuple[Assign, ...]:
        """The lines that run for these hyper-parameters and this state *before* the step."""
        return tuple(line for line in self.assigns if line.when(values))

    def run(self, values: Values) -> Iterator[tuple[Assign, Any]]:
        """Run the active lines in order on ``values``, yielding each with what it assigned."""
        for line in self.active(values):
            value = line.compute(values)
            setattr(values, line.target, value)
            yield line, value

    def state_of(self, values: Values) -> dict[str, Any]:
        """The state that is kept from these values."""
        kept = {item.name: getattr(values, item.name) for item in self.state if item.when(values)}
        return {name: value for name, value in kept.items() if value is not None}


UPDATES: dict[str, UpdateRule] = {}


def define(rule: UpdateRule) -> UpdateRule:
    """Register ``rule`` under the optimizer's name; a second of the same name is an error."""
    if rule.name in UPDATES:
        raise ValueError(f"the update rule {rule.name!r} is defined twice")
    UPDATES[rule.name] = rule
    return rule


#: Entries of ``param_groups`` that say how to compute, not what.
_HOW = {"foreach", "fused", "differentiable", "capturable", "initial_lr"}
#: Entries that are two numbers, and what each is called in a rule.
_PAIRS = {
    "betas": ("beta1", "beta2"),
    "etas": ("etaminus", "etaplus"),
    "step_sizes": ("step_size_min", "step_size_max"),
}


def hyperparameters(group: Mapping[str, object]) -> dict[str, Scalar]:
    """The numbers of a ``param_groups`` entry, ``betas`` as ``beta1`` and ``beta2``."""
    numbers: dict[str, Scalar] = {}
    for name, value in group.items():
        if name in _HOW:
            continue
        if name in _PAIRS and isinstance(value, tuple | list):
            numbers.update(zip(_PAIRS[name], value, strict=True))
        elif isinstance(value, bool | int | float):
            numbers[name] = value
    return numbers


#: How each name of a rule is written in a formula when no number is put in.
SYMBOLS: dict[str, Formula] = {
    "param": Formula("θ", r"\theta"),
    "grad": Formula("g", "g"),
    "lr": Formula("lr", r"\eta"),
    "weight_decay": Formula("λ", r"\lambda"),
    "momentum": Formula("μ", r"\mu"),
    "dampening": Formula("τ", r"\tau"),
    "momentum_buffer": Formula("b", "b"),
    "step": Formula("t", "t"),
    "beta1": Formula("β₁", r"\beta_1"),
    "beta2": Formula("β₂", r"\beta_2"),
    "eps": Formula("ε", r"\epsilon"),
    "exp_avg": Formula("m", "m"),
    "exp_avg_sq": Formula("v", "v"),
    "max_exp_avg_sq": Formula("v_max", r"v_{\max}"),
    "exp_avg_hat": Formula("m̂", r"\hat m"),
    "exp_avg_sq_hat": Formula("v̂", r"\hat v"),
    "alpha": Formula("α", r"\alpha"),
    "square_avg": Formula("v", "v"),
    "grad_avg": Formula("ḡ", r"\bar g"),
    "avg": Formula("a", "a"),
    "lr_decay": Formula("η", r"\gamma"),
    "clr": Formula("lr_t", r"\eta_t"),
    "sum": Formula("s", "s"),
    "lambd": Formula("λ", r"\lambda"),
    "t0": Formula("t₀", "t_0"),
    "eta": Formula("η_t", r"\eta_t"),
    "mu": Formula("μ_t", r"\mu_t"),
    "mu_next": Formula("μ_t+1", r"\mu_{t+1}"),
    "mu_product": Formula("∏μ", r"\textstyle\prod\mu"),
    "momentum_decay": Formula("ψ", r"\psi"),
    "ax": Formula("θ̄", r"\bar\theta"),
    "prev": Formula("g_prev", r"g_{t-1}"),
    "etaminus": Formula("η₋", r"\eta_-"),
    "etaplus": Formula("η₊", r"\eta_+"),
    "factor": Formula("f", "f"),
    "step_size": Formula("s", "s"),
    "step_size_min": Formula("s_min", r"s_{\min}"),
    "step_size_max": Formula("s_max", r"s_{\max}"),
    "rho": Formula("ρ", r"\rho"),
    "rho_inf": Formula("ρ_∞", r"\rho_\infty"),
    "rho_t": Formula("ρ_t", r"\rho_t"),
    "rect": Formula("r", "r"),
    "exp_inf": Formula("u", "u"),
    "delta": Formula("Δ", r"\Delta"),
    "acc_delta": Formula("a", "a"),
}


def zeros(s: Values) -> Any:
    """State that begins as a zero for every element."""
    return np.zeros_like(s.param)


#: Lines and state that most rules begin with.
MAXIMIZE = Assign(
    "grad",
    Formula("−$grad", "-$grad"),
    lambda s: -s.grad,
    when=lambda s: s.maximize,
    help="maximize: the step goes uphill",
)
WEIGHT_DECAY = Assign(
    "grad",
    Formula("$grad + $weight_decay · $param", r"$grad + $weight_decay\, $param"),
    lambda s: s.grad + s.weight_decay * s.param,
    when=lambda s: s.weight_decay != 0,
    help="weight decay: the gradient of ½·λ·‖θ‖² is added",
)
STEP = Assign("step", Formula("$step + 1", "$step + 1"), lambda s: s.step + 1)
STEP_STATE = State("step", initial=lambda s: 0.0)
SHRINK = Assign(
    "param",
    Formula("$param · (1 − $lr · $weight_decay)", r"$param\, (1 - $lr\, $weight_decay)"),
    lambda s: s.param * (1 - s.lr * s.weight_decay),
    when=lambda s: s.weight_decay != 0,
    help="decoupled weight decay: the parameter shrinks, the gradient stays as it is",
)
