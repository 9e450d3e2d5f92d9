"""A whole LSTM layer in one Node, as PyTorch computes it in float32 on the CPU.

    a_t = x_t W_ihᵀ + b_ih + h_{t−1} W_hhᵀ + b_hh      four columns of numbers: i, f, g, o
    c_t = σ(f) · c_{t−1} + σ(i) · tanh(g)
    h_t = σ(o) · tanh(c_t)

On the way back the same steps are walked from the last to the first (back-propagation through
time); all seven gradients come out of one walk, so it is done once for each call of the Node.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from backprop_tui.ops.base import Formula, Op, Saved, Shape, Vjp, define


def lstm_shape(
    input: Shape, weight0: Shape, weight1: Shape, *others: Shape, hidden_size: int, **how: object
) -> tuple[Shape, Shape, Shape]:
    """(steps, batch, hidden), and the last state and memory."""
    steps, batch, _ = input
    return (steps, batch, hidden_size), (batch, hidden_size), (batch, hidden_size)


class _Step(NamedTuple):
    """One step in time: what came in, the open gates, and the memory before and after."""

    x: Any
    h: Any
    c: Any
    i: Any
    f: Any
    g: Any
    o: Any
    c_next: Any


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _columns(of_gates: Any, count: int) -> list[Any]:
    width = of_gates.shape[-1] // count
    return [of_gates[..., at * width : (at + 1) * width] for at in range(count)]


def _walk(
    x: Any, w_ih: Any, w_hh: Any, biases: tuple[Any, Any] | None, h: Any, c: Any, reverse: bool
) -> tuple[list[_Step], Any, Any]:
    """The steps in the order in which they are done, the last state and memory."""
    done = []
    order = range(x.shape[0])
    for t in reversed(order) if reverse else order:
        sums = x[t] @ w_ih.T + h @ w_hh.T
        if biases is not None:
            sums = sums + (biases[0] + biases[1])
        i, f, g, o = _columns(sums, 4)
        i, f, g, o = _sigmoid(i), _sigmoid(f), np.tanh(g), _sigmoid(o)
        c_next = f * c + i * g
        done.append(_Step(x[t], h, c, i, f, g, o, c_next))
        h, c = o * np.tanh(c_next), c_next
    return done, h, c


def _lstm(
    input: Any,
    weight0: Any,
    weight1: Any,
    weight2: Any,
    weight3: Any,
    hx_: Any,
    cx_: Any,
    *,
    reverse: bool = False,
    batch_sizes: tuple[int, ...] = (),
    mode: int = 2,
    hidden_size: int,
    num_layers: int = 1,
    has_biases: bool = True,
    bidirectional: bool = False,
    batch_first: bool = False,
    train: bool = True,
) -> tuple[Any, Any, Any]:
    biases = (weight2, weight3) if has_biases else None
    done, h, c = _walk(input, weight0, weight1, biases, hx_, cx_, reverse)
    states = [*(step.h for step in done[1:]), h]
    return np.stack(states[::-1] if reverse else states), h, c


class _Gradients(NamedTuple):
    """Of the seven inputs, in their order."""

    input: Any
    weight0: Any
    weight1: Any
    weight2: Any
    weight3: Any
    hx_: Any
    cx_: Any


def _back(g: tuple[Any, Any, Any], s: Saved) -> _Gradients:
    """From the last step to the first; once for all rules of one call, which share ``s``."""
    known: _Gradients | None = getattr(s, "gradients", None)
    if known is not None:
        return known
    biases = (s.weight2, s.weight3) if s.has_biases else None
    done, _, _ = _walk(s.input, s.weight0, s.weight1, biases, s.hx_, s.cx_, s.reverse)
    arriving = g[0][::-1] if s.reverse else g[0]
    of_h, of_c = g[1], g[2]
    of_x: list[Any] = []
    of_ih, of_hh, of_bias = 0 * s.weight0, 0 * s.weight1, 0 * s.weight1[:, 0]
    for t in reversed(range(len(done))):
        x, h, c, i, f, n, o, c_next = done[t]
        of_h = of_h + arriving[t]
        level = np.tanh(c_next)
        of_c = of_c + of_h * o * (1 - level * level)
        sums = np.concatenate(
            [
                of_c * n * i * (1 - i),
                of_c * c * f * (1 - f),
                of_c * i * (1 - n * n),
                of_h * level * o * (1 - o),
            ],
            axis=-1,
        )
        of_x.append(sums @ s.weight0)
        of_ih, of_hh = of_ih + sums.T @ x, of_hh + sums.T @ h
        of_bias = of_bias + sums.sum(axis=0)
        of_h, of_c = sums @ s.weight1, of_c * f
    of_input = np.stack(of_x if s.reverse else of_x[::-1])
    s.gradients = _Gradients(of_input, of_ih, of_hh, of_bias, of_bias, of_h, of_c)
    made: _Gradients = s.gradients
    return made


_ALL = ("input", "weight0", "weight1", "weight2", "weight3", "hx_", "cx_")
_SUMS = (
    "ā = (c̄·g·i(1−i), c̄·c_{t−1}·f(1−f), c̄·i·(1−g²), h̄·tanh(c)·o(1−o)), "
    "c̄ = c̄_{t+1}·f_{t+1} + h̄·o·(1−tanh²(c)), h̄ = $grad + ā_{t+1} @ $weight1"
)
_SUMS_LATEX = (
    r"\bar a_t = (\bar c_t g_t i_t (1-i_t),\; \bar c_t c_{t-1} f_t (1-f_t),\;"
    r" \bar c_t i_t (1-g_t^2),\; \bar h_t \tanh(c_t) o_t (1-o_t)),\;"
    r" \bar c_t = \bar c_{t+1} f_{t+1} + \bar h_t o_t (1-\tanh^2 c_t),\;"
    r" \bar h_t = $grad + \bar a_{t+1} $weight1"
)


def _vjp(name: str, text: str, latex: str) -> Vjp:
    """What ā and c̄ are is said once, beside the weights of the input."""
    if name == "weight0":
        formula = Formula(f"{text}, {_SUMS}", rf"{latex},\; {_SUMS_LATEX}")
    else:
        formula = Formula(f"{text}, as for $weight0", latex)
    return Vjp(lambda g, s: getattr(_back(g, s), name), formula, saves=_ALL)


define(
    Op(
        name="mkldnn_rnn_layer",
        grad_fn="MkldnnRnnLayerBackward0",
        outputs=3,
        forward=_lstm,
        shape=lstm_shape,
        formula=Formula(
            "h_t = σ(o) · tanh(c_t), c_t = σ(f) · c_{t−1} + σ(i) · tanh(g), (i, f, g, o) = "
            "x_t @ $weight0ᵀ + $weight2 + h_{t−1} @ $weight1ᵀ + $weight3, x = $input",
            r"h_t = \sigma(o) \tanh(c_t),\; c_t = \sigma(f) c_{t-1} + \sigma(i) \tanh(g),\;"
            r" (i, f, g, o) = x_t {$weight0}^\top + $weight2 + h_{t-1} {$weight1}^\top + $weight3,"
            r"\; x = $input",
        ),
        vjps={
            "input": _vjp("input", "ā_t @ $weight0 at every step", r"\bar a_t \, $weight0"),
            "weight0": _vjp("weight0", "Σ ā_tᵀ @ x_t", r"\sum_t \bar a_t^\top x_t"),
            "weight1": _vjp("weight1", "Σ ā_tᵀ @ h_{t−1}", r"\sum_t \bar a_t^\top h_{t-1}"),
            "weight2": _vjp("weight2", "Σ ā_t", r"\sum_t \bar a_t"),
            "weight3": _vjp("weight3", "Σ ā_t", r"\sum_t \bar a_t"),
            "hx_": _vjp("hx_", "ā_1 @ $weight1", r"\bar a_1 \, $weight1"),
            "cx_": _vjp("cx_", "c̄_1 · f_1", r"\bar c_1 f_1"),
        },
        help="Gates decide at every step what is forgotten, taken in and given away.",
    )
)
