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

        A ``step`` counter becomes a Python number, as PyTorch takes it with ``item()``.
        """
        values = SimpleNamespace(**hyper, param=param, grad=grad)
        for item in self.state:
            value = state.get(item.name)
            if value is None and item.initial is not None and item.when(values):
                value = item.initial(values)
            if item.name == "step" and isinstance(value, np.ndarray | np.generic):
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
_HOW = {"foreach", "fused", "differentiable", "capturable", "decoupled_weight_decay", "initial_lr"}


def hyperparameters(group: Mapping[str, object]) -> dict[str, Scalar]:
    """The numbers of a ``param_groups`` entry, ``betas`` as ``beta1`` and ``beta2``."""
    numbers: dict[str, Scalar] = {}
    for name, value in group.items():
        if name in _HOW:
            continue
        if name == "betas" and isinstance(value, tuple | list):
            numbers["beta1"], numbers["beta2"] = value
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
}


def _zeros(s: Values) -> Any:
    return np.zeros_like(s.param)


_MAXIMIZE = Assign(
    "grad",
    Formula("−$grad", "-$grad"),
    lambda s: -s.grad,
    when=lambda s: s.maximize,
    help="maximize: the step goes uphill",
)
_WEIGHT_DECAY = Assign(
    "grad",
    Formula("$grad + $weight_decay · $param", r"$grad + $weight_decay\, $param"),
    lambda s: s.grad + s.weight_decay * s.param,
    when=lambda s: s.weight_decay != 0,
    help="weight decay: the gradient of ½·λ·‖θ‖² is added",
)
_STEP = Assign("step", Formula("$step + 1", "$step + 1"), lambda s: s.step + 1)
_STEP_STATE = State("step", initial=lambda s: 0.0)

SGD = define(
    UpdateRule(
        "SGD",
        state=(State("momentum_buffer", when=lambda s: s.momentum != 0),),
        assigns=(
            _MAXIMIZE,
            _WEIGHT_DECAY,
            Assign(
                "momentum_buffer",
                Formula("$grad", "$grad"),
                lambda s: s.grad,
                when=lambda s: s.momentum != 0 and s.momentum_buffer is None,
                help="the first step: the buffer begins as the gradient itself",
            ),
            Assign(
                "momentum_buffer",
                Formula(
                    "$momentum · $momentum_buffer + (1 − $dampening) · $grad",
                    r"$momentum\, $momentum_buffer + (1 - $dampening)\, $grad",
                ),
                lambda s: s.momentum * s.momentum_buffer + (1 - s.dampening) * s.grad,
                when=lambda s: s.momentum != 0 and s.momentum_buffer is not None and s.dampening,
            ),
            Assign(
                "momentum_buffer",
                Formula(
                    "$momentum · $momentum_buffer + $grad",
                    r"$momentum\, $momentum_buffer + $grad",
                ),
                lambda s: s.momentum * s.momentum_buffer + s.grad,
                when=lambda s: (
                    s.momentum != 0 and s.momentum_buffer is not None and not s.dampening
                ),
            ),
            Assign(
                "grad",
                Formula(
                    "$grad + $momentum · $momentum_buffer", r"$grad + $momentum\, $momentum_buffer"
                ),
                lambda s: s.grad + s.momentum * s.momentum_buffer,
                when=lambda s: s.momentum != 0 and s.nesterov,
                help="Nesterov: look one momentum step ahead",
            ),
            Assign(
                "param",
                Formula("$param − $lr · $momentum_buffer", r"$param - $lr\, $momentum_buffer"),
                lambda s: s.param - s.lr * s.momentum_buffer,
                when=lambda s: s.momentum != 0 and not s.nesterov,
            ),
            Assign(
                "param",
                Formula("$param − $lr · $grad", r"$param - $lr\, $grad"),
                lambda s: s.param - s.lr * s.grad,
                when=lambda s: s.momentum == 0 or s.nesterov,
            ),
        ),
    )
)


def _adam(name: str, *, decoupled: bool) -> UpdateRule:
    decay = Assign(
        "param",
        Formula("$param · (1 − $lr · $weight_decay)", r"$param\, (1 - $lr\, $weight_decay)"),
        lambda s: s.param * (1 - s.lr * s.weight_decay),
        when=lambda s: s.weight_decay != 0,
        help="decoupled weight decay: the parameter shrinks, the gradient stays as it is",
    )
    return UpdateRule(
        name,
        state=(
            _STEP_STATE,
            State("exp_avg", initial=_zeros),
            State("exp_avg_sq", initial=_zeros),
            State("max_exp_avg_sq", initial=_zeros, when=lambda s: s.amsgrad),
        ),
        assigns=(
            _MAXIMIZE,
            _STEP,
            decay if decoupled else _WEIGHT_DECAY,
            Assign(
                "exp_avg",
                Formula(
                    "$beta1 · $exp_avg + (1 − $beta1) · $grad",
                    r"$beta1\, $exp_avg + (1 - $beta1)\, $grad",
                ),
                lambda s: s.beta1 * s.exp_avg + (1 - s.beta1) * s.grad,
                help="a running mean of the gradient",
            ),
            Assign(
                "exp_avg_sq",
                Formula(
                    "$beta2 · $exp_avg_sq + (1 − $beta2) · $grad · $grad",
                    r"$beta2\, $exp_avg_sq + (1 - $beta2)\, $grad^2",
                ),
                lambda s: s.beta2 * s.exp_avg_sq + (1 - s.beta2) * s.grad * s.grad,
                help="a running mean of its square",
            ),
            Assign(
                "exp_avg_hat",
                Formula("$exp_avg / (1 − $beta1^$step)", r"\frac{$exp_avg}{1 - $beta1^{$step}}"),
                lambda s: s.exp_avg / (1 - s.beta1**s.step),
                help="bias correction: the mean began at 0",
            ),
            Assign(
                "exp_avg_sq_hat",
                Formula(
                    "$exp_avg_sq / (1 − $beta2^$step)", r"\frac{$exp_avg_sq}{1 - $beta2^{$step}}"
                ),
                lambda s: s.exp_avg_sq / (1 - s.beta2**s.step),
                when=lambda s: not s.amsgrad,
            ),
            Assign(
                "max_exp_avg_sq",
                Formula("max($max_exp_avg_sq, $exp_avg_sq)", r"\max($max_exp_avg_sq, $exp_avg_sq)"),
                lambda s: np.maximum(s.max_exp_avg_sq, s.exp_avg_sq),
                when=lambda s: s.amsgrad,
                help="AMSGrad: the largest so far",
            ),
            Assign(
                "exp_avg_sq_hat",
                Formula(
                    "$max_exp_avg_sq / (1 − $beta2^$step)",
                    r"\frac{$max_exp_avg_sq}{1 - $beta2^{$step}}",
                ),
                lambda s: s.max_exp_avg_sq / (1 - s.beta2**s.step),
                when=lambda s: s.amsgrad,
            ),
            Assign(
                "param",
                Formula(
                    "$param − $lr · $exp_avg_hat / (√$exp_avg_sq_hat + $eps)",
                    r"$param - $lr\, \frac{$exp_avg_hat}{\sqrt{$exp_avg_sq_hat} + $eps}",
                ),
                lambda s: s.param - s.lr * s.exp_avg_hat / (np.sqrt(s.exp_avg_sq_hat) + s.eps),
            ),
        ),
    )


ADAM = define(_adam("Adam", decoupled=False))
ADAMW = define(_adam("AdamW", decoupled=True))

RMSPROP = define(
    UpdateRule(
        "RMSprop",
        state=(
            _STEP_STATE,
            State("square_avg", initial=_zeros),
            State("momentum_buffer", initial=_zeros, when=lambda s: s.momentum > 0),
            State("grad_avg", initial=_zeros, when=lambda s: s.centered),
        ),
        assigns=(
            _STEP,
            _MAXIMIZE,
            _WEIGHT_DECAY,
            Assign(
                "square_avg",
                Formula(
                    "$alpha · $square_avg + (1 − $alpha) · $grad · $grad",
                    r"$alpha\, $square_avg + (1 - $alpha)\, $grad^2",
                ),
                lambda s: s.alpha * s.square_avg + (1 - s.alpha) * s.grad * s.grad,
                help="a running mean of the squared gradient",
            ),
            Assign(
                "grad_avg",
                Formula(
                    "$alpha · $grad_avg + (1 − $alpha) · $grad",
                    r"$alpha\, $grad_avg + (1 - $alpha)\, $grad",
                ),
                lambda s: s.alpha * s.grad_avg + (1 - s.alpha) * s.grad,
                when=lambda s: s.centered,
            ),
            Assign(
                "avg",
                Formula(
                    "√($square_avg − $grad_avg · $grad_avg) + $eps",
                    r"\sqrt{$square_avg - $grad_avg^2} + $eps",
                ),
                lambda s: np.sqrt(s.square_avg - s.grad_avg * s.grad_avg) + s.eps,
                when=lambda s: s.centered,
            ),
            Assign(
                "avg",
                Formula("√$square_avg + $eps", r"\sqrt{$square_avg} + $eps"),
                lambda s: np.sqrt(s.square_avg) + s.eps,
                when=lambda s: not s.centered,
            ),
            Assign(
                "momentum_buffer",
                Formula(
                    "$momentum · $momentum_buffer + $grad / $avg",
                    r"$momentum\, $momentum_buffer + \frac{$grad}{$avg}",
                ),
                lambda s: s.momentum * s.momentum_buffer + s.grad / s.avg,
                when=lambda s: s.momentum > 0,
            ),
            Assign(
                "param",
                Formula("$param − $lr · $momentum_buffer", r"$param - $lr\, $momentum_buffer"),
                lambda s: s.param - s.lr * s.momentum_buffer,
                when=lambda s: s.momentum > 0,
            ),
            Assign(
                "param",
                Formula("$param − $lr · $grad / $avg", r"$param - $lr\, \frac{$grad}{$avg}"),
                lambda s: s.param - s.lr * s.grad / s.avg,
                when=lambda s: s.momentum == 0,
            ),
        ),
    )
)

ADAGRAD = define(
    UpdateRule(
        "Adagrad",
        state=(
            _STEP_STATE,
            State("sum", initial=lambda s: np.full_like(s.param, s.initial_accumulator_value)),
        ),
        assigns=(
            _STEP,
            _MAXIMIZE,
            _WEIGHT_DECAY,
            Assign(
                "clr",
                Formula(
                    "$lr / (1 + ($step − 1) · $lr_decay)",
                    r"\frac{$lr}{1 + ($step - 1)\, $lr_decay}",
                ),
                lambda s: s.lr / (1 + (s.step - 1) * s.lr_decay),
                when=lambda s: s.lr_decay != 0,
            ),
            Assign(
                "sum",
                Formula("$sum + $grad · $grad", "$sum + $grad^2"),
                lambda s: s.sum + s.grad * s.grad,
                help="the sum of all squared gradients so far",
            ),
            Assign(
                "param",
                Formula(
                    "$param − $clr · $grad / (√$sum + $eps)",
                    r"$param - $clr\, \frac{$grad}{\sqrt{$sum} + $eps}",
                ),
                lambda s: s.param - s.clr * s.grad / (np.sqrt(s.sum) + s.eps),
                when=lambda s: s.lr_decay != 0,
            ),
            Assign(
                "param",
                Formula(
                    "$param − $lr · $grad / (√$sum + $eps)",
                    r"$param - $lr\, \frac{$grad}{\sqrt{$sum} + $eps}",
                ),
                lambda s: s.param - s.lr * s.grad / (np.sqrt(s.sum) + s.eps),
                when=lambda s: s.lr_decay == 0,
            ),
        ),
    )
)
