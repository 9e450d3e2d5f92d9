"""Rules that take the gradient as it is (SGD, ASGD), or only its sign (Rprop)."""

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

SGD = define(
    UpdateRule(
        "SGD",
        state=(State("momentum_buffer", when=lambda s: s.momentum != 0),),
        assigns=(
            MAXIMIZE,
            WEIGHT_DECAY,
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

ASGD = define(
    UpdateRule(
        "ASGD",
        state=(
            STEP_STATE,
            # PyTorch keeps both as float32, whatever the parameter is.
            State("eta", initial=lambda s: float(np.float32(s.lr))),
            State("mu", initial=lambda s: 1.0),
            State("ax", initial=zeros),
        ),
        assigns=(
            MAXIMIZE,
            STEP,
            WEIGHT_DECAY,
            Assign(
                "param",
                Formula("$param · (1 − $lambd · $eta)", r"$param\, (1 - $lambd\, $eta)"),
                lambda s: s.param * (1 - s.lambd * s.eta),
                help="the parameter shrinks a little at every step",
            ),
            Assign(
                "param",
                Formula("$param − $eta · $grad", r"$param - $eta\, $grad"),
                lambda s: s.param - s.eta * s.grad,
            ),
            Assign(
                "ax",
                Formula("$param", "$param"),
                lambda s: s.param,
                when=lambda s: s.mu == 1,
                help="the average begins when t is past t₀; until then it is the parameter itself",
            ),
            Assign(
                "ax",
                Formula("$ax + ($param − $ax) · $mu", r"$ax + ($param - $ax)\, $mu"),
                lambda s: s.ax + (s.param - s.ax) * s.mu,
                when=lambda s: s.mu != 1,
                help="the average of the parameter over all steps since",
            ),
            Assign(
                "eta",
                Formula(
                    "$lr / (1 + $lambd · $lr · $step)^$alpha",
                    r"\frac{$lr}{(1 + $lambd\, $lr\, $step)^{$alpha}}",
                ),
                lambda s: float(np.float32(s.lr / (1 + s.lambd * s.lr * s.step) ** s.alpha)),
                help="the rate of the next step",
            ),
            Assign(
                "mu",
                Formula("1 / max(1, $step − $t0)", r"\frac{1}{\max(1, $step - $t0)}"),
                lambda s: float(np.float32(1 / max(1, s.step - s.t0))),
            ),
        ),
    )
)

RPROP = define(
    UpdateRule(
        "Rprop",
        state=(
            STEP_STATE,
            State("prev", initial=zeros),
            State("step_size", initial=lambda s: np.full_like(s.param, s.lr)),
        ),
        assigns=(
            MAXIMIZE,
            STEP,
            Assign(
                "factor",
                Formula(
                    "$etaplus where $grad · $prev > 0, $etaminus where < 0, else 1",
                    r"$etaplus \text{ where } $grad \cdot $prev > 0,\ "
                    r"$etaminus \text{ where} < 0,\ \text{else } 1",
                ),
                lambda s: np.where(
                    s.grad * s.prev > 0,
                    s.etaplus,
                    np.where(s.grad * s.prev < 0, s.etaminus, 1.0),
                ).astype(s.param.dtype),
                help="the same direction as last time: a longer step; turned round: a shorter one",
            ),
            Assign(
                "step_size",
                Formula(
                    "$step_size · $factor, between $step_size_min and $step_size_max",
                    r"\operatorname{clamp}($step_size\, $factor, $step_size_min, $step_size_max)",
                ),
                lambda s: np.minimum(
                    np.maximum(s.step_size * s.factor, s.step_size_min), s.step_size_max
                ),
            ),
            Assign(
                "grad",
                Formula(
                    "0 where $factor = $etaminus, else $grad",
                    r"0 \text{ where } $factor = $etaminus, \text{ else } $grad",
                ),
                lambda s: np.where(s.grad * s.prev < 0, 0.0, s.grad).astype(s.param.dtype),
                help="where the gradient turned round, no step is taken",
            ),
            Assign("prev", Formula("$grad", "$grad"), lambda s: s.grad),
            Assign(
                "param",
                Formula(
                    "$param − sign($grad) · $step_size",
                    r"$param - \operatorname{sign}($grad)\, $step_size",
                ),
                lambda s: s.param - np.sign(s.grad) * s.step_size,
            ),
        ),
    )
)
