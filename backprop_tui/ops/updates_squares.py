"""Rules that scale each step by the squared gradients so far: RMSprop, Adagrad, Adadelta."""

from __future__ import annotations

import numpy as np

from backprop_tui.ops.base import Formula
from backprop_tui.ops.updates import (
    MAXIMIZE,
    STEP,
    STEP_STATE,
    WEIGHT_DECAY,
    Assign,
    State,
    UpdateRule,
    define,
    zeros,
)

RMSPROP = define(
    UpdateRule(
        "RMSprop",
        state=(
            STEP_STATE,
            State("square_avg", initial=zeros),
            State("momentum_buffer", initial=zeros, when=lambda s: s.momentum > 0),
            State("grad_avg", initial=zeros, when=lambda s: s.centered),
        ),
        assigns=(
            STEP,
            MAXIMIZE,
            WEIGHT_DECAY,
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
            STEP_STATE,
            State("sum", initial=lambda s: np.full_like(s.param, s.initial_accumulator_value)),
        ),
        assigns=(
            STEP,
            MAXIMIZE,
            WEIGHT_DECAY,
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

ADADELTA = define(
    UpdateRule(
        "Adadelta",
        state=(STEP_STATE, State("square_avg", initial=zeros), State("acc_delta", initial=zeros)),
        assigns=(
            STEP,
            MAXIMIZE,
            WEIGHT_DECAY,
            Assign(
                "square_avg",
                Formula(
                    "$rho · $square_avg + (1 − $rho) · $grad · $grad",
                    r"$rho\, $square_avg + (1 - $rho)\, $grad^2",
                ),
                lambda s: s.rho * s.square_avg + (1 - s.rho) * s.grad * s.grad,
                help="a running mean of the squared gradient",
            ),
            Assign(
                "delta",
                Formula(
                    "√($acc_delta + $eps) / √($square_avg + $eps) · $grad",
                    r"\frac{\sqrt{$acc_delta + $eps}}{\sqrt{$square_avg + $eps}}\, $grad",
                ),
                lambda s: np.sqrt(s.acc_delta + s.eps) / np.sqrt(s.square_avg + s.eps) * s.grad,
                help="the step, in the units of the parameter",
            ),
            Assign(
                "acc_delta",
                Formula(
                    "$rho · $acc_delta + (1 − $rho) · $delta · $delta",
                    r"$rho\, $acc_delta + (1 - $rho)\, $delta^2",
                ),
                lambda s: s.rho * s.acc_delta + (1 - s.rho) * s.delta * s.delta,
                help="a running mean of the squared steps",
            ),
            Assign(
                "param",
                Formula("$param − $lr · $delta", r"$param - $lr\, $delta"),
                lambda s: s.param - s.lr * s.delta,
            ),
        ),
    )
)
