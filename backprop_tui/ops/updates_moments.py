"""Adam and its family: steps along a running mean of the gradient, scaled by one of its size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from backprop_tui.ops.base import Formula
from backprop_tui.ops.updates import (
    MAXIMIZE,
    SHRINK,
    STEP,
    STEP_STATE,
    WEIGHT_DECAY,
    Assign,
    State,
    UpdateRule,
    Values,
    define,
    zeros,
)

_EXP_AVG = Assign(
    "exp_avg",
    Formula(
        "$beta1 · $exp_avg + (1 − $beta1) · $grad",
        r"$beta1\, $exp_avg + (1 - $beta1)\, $grad",
    ),
    lambda s: s.beta1 * s.exp_avg + (1 - s.beta1) * s.grad,
    help="a running mean of the gradient",
)
_EXP_AVG_SQ = Assign(
    "exp_avg_sq",
    Formula(
        "$beta2 · $exp_avg_sq + (1 − $beta2) · $grad · $grad",
        r"$beta2\, $exp_avg_sq + (1 - $beta2)\, $grad^2",
    ),
    lambda s: s.beta2 * s.exp_avg_sq + (1 - s.beta2) * s.grad * s.grad,
    help="a running mean of its square",
)
_EXP_AVG_HAT = Assign(
    "exp_avg_hat",
    Formula("$exp_avg / (1 − $beta1^$step)", r"\frac{$exp_avg}{1 - $beta1^{$step}}"),
    lambda s: s.exp_avg / (1 - s.beta1**s.step),
    help="bias correction: the mean began at 0",
)
_EXP_AVG_SQ_HAT = Assign(
    "exp_avg_sq_hat",
    Formula("$exp_avg_sq / (1 − $beta2^$step)", r"\frac{$exp_avg_sq}{1 - $beta2^{$step}}"),
    lambda s: s.exp_avg_sq / (1 - s.beta2**s.step),
)


def _adam(name: str, *, decoupled: bool) -> UpdateRule:
    return UpdateRule(
        name,
        state=(
            STEP_STATE,
            State("exp_avg", initial=zeros),
            State("exp_avg_sq", initial=zeros),
            State("max_exp_avg_sq", initial=zeros, when=lambda s: s.amsgrad),
        ),
        assigns=(
            MAXIMIZE,
            STEP,
            SHRINK if decoupled else WEIGHT_DECAY,
            _EXP_AVG,
            _EXP_AVG_SQ,
            _EXP_AVG_HAT,
            replace(_EXP_AVG_SQ_HAT, when=lambda s: not s.amsgrad),
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

#: NAdam and RAdam choose by an option of their own how weights decay.
_DECAYS = (
    replace(SHRINK, when=lambda s: s.weight_decay != 0 and s.decoupled_weight_decay),
    replace(WEIGHT_DECAY, when=lambda s: s.weight_decay != 0 and not s.decoupled_weight_decay),
)
#: 0.96 is PyTorch's own, from the paper of NAdam.
_MU = Formula(
    "$beta1 · (1 − ½ · 0.96^($step · $momentum_decay))",
    r"$beta1\, (1 - \tfrac12 \cdot 0.96^{$step\, $momentum_decay})",
)
_MU_NEXT = Formula(
    "$beta1 · (1 − ½ · 0.96^(($step + 1) · $momentum_decay))",
    r"$beta1\, (1 - \tfrac12 \cdot 0.96^{($step + 1)\, $momentum_decay})",
)


def _mu(s: Values, step: float) -> float:
    mu: float = s.beta1 * (1.0 - 0.5 * 0.96 ** (step * s.momentum_decay))
    return mu


NADAM = define(
    UpdateRule(
        "NAdam",
        state=(
            STEP_STATE,
            State("mu_product", initial=lambda s: 1.0),
            State("exp_avg", initial=zeros),
            State("exp_avg_sq", initial=zeros),
        ),
        assigns=(
            MAXIMIZE,
            STEP,
            *_DECAYS,
            Assign("mu", _MU, lambda s: _mu(s, s.step), help="the momentum of this step"),
            Assign("mu_next", _MU_NEXT, lambda s: _mu(s, s.step + 1), help="… and of the next"),
            Assign(
                "mu_product",
                Formula("$mu_product · $mu", r"$mu_product \cdot $mu"),
                # PyTorch keeps it as float32, whatever the parameter is.
                lambda s: float(np.float32(s.mu_product) * np.float32(s.mu)),
            ),
            _EXP_AVG,
            _EXP_AVG_SQ,
            _EXP_AVG_SQ_HAT,
            Assign(
                "param",
                Formula(
                    "$param − $lr · (1 − $mu) / (1 − $mu_product) · "
                    "$grad / (√$exp_avg_sq_hat + $eps)",
                    r"$param - $lr\, \frac{1 - $mu}{1 - $mu_product} \cdot "
                    r"\frac{$grad}{\sqrt{$exp_avg_sq_hat} + $eps}",
                ),
                lambda s: (
                    s.param
                    - s.lr
                    * (1.0 - s.mu)
                    / (1.0 - s.mu_product)
                    * (s.grad / (np.sqrt(s.exp_avg_sq_hat) + s.eps))
                ),
                help="a step along the gradient itself",
            ),
            Assign(
                "param",
                Formula(
                    "$param − $lr · $mu_next / (1 − $mu_product · $mu_next) · "
                    "$exp_avg / (√$exp_avg_sq_hat + $eps)",
                    r"$param - $lr\, \frac{$mu_next}{1 - $mu_product\, $mu_next} \cdot "
                    r"\frac{$exp_avg}{\sqrt{$exp_avg_sq_hat} + $eps}",
                ),
                lambda s: (
                    s.param
                    - s.lr
                    * s.mu_next
                    / (1.0 - s.mu_product * s.mu_next)
                    * (s.exp_avg / (np.sqrt(s.exp_avg_sq_hat) + s.eps))
                ),
                help="Nesterov: and one along the running mean, as the next step will see it",
            ),
        ),
    )
)


def _rho_inf(s: Values) -> float:
    longest: float = 2 / (1 - s.beta2) - 1
    return longest


def _rho(s: Values, step: float) -> float:
    length: float = _rho_inf(s) - 2 * step * s.beta2**step / (1 - s.beta2**step)
    return length


def _rectified(s: Values) -> bool:
    """Whether the coming step has seen enough squares to be scaled by them."""
    return _rho(s, s.step + 1) > 5.0


RADAM = define(
    UpdateRule(
        "RAdam",
        state=(STEP_STATE, State("exp_avg", initial=zeros), State("exp_avg_sq", initial=zeros)),
        assigns=(
            MAXIMIZE,
            STEP,
            *_DECAYS,
            _EXP_AVG,
            _EXP_AVG_SQ,
            _EXP_AVG_HAT,
            Assign(
                "rho_inf", Formula("2 / (1 − $beta2) − 1", r"\frac{2}{1 - $beta2} - 1"), _rho_inf
            ),
            Assign(
                "rho_t",
                Formula(
                    "$rho_inf − 2 · $step · $beta2^$step / (1 − $beta2^$step)",
                    r"$rho_inf - \frac{2\, $step\, $beta2^{$step}}{1 - $beta2^{$step}}",
                ),
                lambda s: _rho(s, s.step),
                help="how many squares the running mean is worth",
            ),
            Assign(
                "rect",
                Formula(
                    "√(($rho_t − 4) · ($rho_t − 2) · $rho_inf / "
                    "(($rho_inf − 4) · ($rho_inf − 2) · $rho_t))",
                    r"\sqrt{\frac{($rho_t - 4)($rho_t - 2)\, $rho_inf}"
                    r"{($rho_inf - 4)($rho_inf - 2)\, $rho_t}}",
                ),
                lambda s: (
                    (
                        (s.rho_t - 4)
                        * (s.rho_t - 2)
                        * s.rho_inf
                        / ((s.rho_inf - 4) * (s.rho_inf - 2) * s.rho_t)
                    )
                    ** 0.5
                ),
                when=_rectified,
                help="the rectification: the variance of the early steps is held back",
            ),
            Assign(
                "param",
                Formula(
                    "$param − $lr · $exp_avg_hat · √(1 − $beta2^$step) / "
                    "(√$exp_avg_sq + $eps) · $rect",
                    r"$param - $lr\, $exp_avg_hat\, "
                    r"\frac{\sqrt{1 - $beta2^{$step}}}{\sqrt{$exp_avg_sq} + $eps}\, $rect",
                ),
                lambda s: (
                    s.param
                    - s.exp_avg_hat
                    * s.lr
                    * ((1 - s.beta2**s.step) ** 0.5 / (np.sqrt(s.exp_avg_sq) + s.eps))
                    * s.rect
                ),
                when=_rectified,
            ),
            Assign(
                "param",
                Formula("$param − $lr · $exp_avg_hat", r"$param - $lr\, $exp_avg_hat"),
                lambda s: s.param - s.exp_avg_hat * s.lr,
                when=lambda s: not _rectified(s),
                help="too few squares yet: a step with momentum alone",
            ),
        ),
    )
)

ADAMAX = define(
    UpdateRule(
        "Adamax",
        state=(STEP_STATE, State("exp_avg", initial=zeros), State("exp_inf", initial=zeros)),
        assigns=(
            MAXIMIZE,
            STEP,
            WEIGHT_DECAY,
            _EXP_AVG,
            Assign(
                "exp_inf",
                Formula(
                    "max($beta2 · $exp_inf, |$grad| + $eps)",
                    r"\max($beta2\, $exp_inf, |$grad| + $eps)",
                ),
                lambda s: np.maximum(s.beta2 * s.exp_inf, np.abs(s.grad) + s.eps),
                help="the largest gradient, slowly forgotten",
            ),
            Assign(
                "clr",
                Formula("$lr / (1 − $beta1^$step)", r"\frac{$lr}{1 - $beta1^{$step}}"),
                lambda s: s.lr / (1 - s.beta1**s.step),
                help="bias correction: the mean began at 0",
            ),
            Assign(
                "param",
                Formula(
                    "$param − $clr · $exp_avg / $exp_inf",
                    r"$param - $clr\, \frac{$exp_avg}{$exp_inf}",
                ),
                lambda s: s.param - s.clr * (s.exp_avg / s.exp_inf),
            ),
        ),
    )
)
