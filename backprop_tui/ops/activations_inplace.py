"""Activations in place whose gradient is read off the result: the input is no longer there.

PyTorch has Nodes of their own for them (``LeakyReluBackward1``). Which side of 0 the input lay on
is seen in the result, as long as the slopes are not negative.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.ops import activations, gates  # noqa: F401 - the records they stand beside
from backprop_tui.ops.base import OPS, Saved
from backprop_tui.ops.elementary import by_result, unary


def _no_negative(name: str, value: float) -> None:
    if value < 0:
        raise RuntimeError(
            f"In-place {name} backward calculation is triggered with a negative slope which is "
            "not supported. This is caused by calling in-place forward function with a negative "
            "slope, please call out-of-place version instead. File an issue at "
            "https://github.com/pytorch/pytorch if you do require supporting in-place "
            f"{name} backward calculation with negative slope"
        )


def _leaky(g: Any, s: Saved) -> Any:
    _no_negative("leakyReLu", s.negative_slope)
    return np.where(s.result > 0, g, g * s.negative_slope)


unary(
    "leaky_relu.inplace",
    "LeakyReluBackward1",
    lambda self, *, negative_slope=0.01: np.where(self > 0, self, self * negative_slope),
    OPS["leaky_relu"].formula,
    by_result(
        _leaky,
        "$grad where $result > 0, else $grad · $negative_slope",
        r"$grad \cdot ([$result > 0] + $negative_slope \, [$result \le 0])",
    ),
    "A leaky relu that overwrites its input.",
)


def _elu(g: Any, s: Saved) -> Any:
    _no_negative("elu", s.alpha)
    below = g * (s.result + s.alpha * s.scale)
    return np.where(s.result <= 0, below, g * s.scale)


unary(
    "elu.inplace",
    "EluBackward1",
    lambda self, *, alpha=1.0, scale=1.0: np.where(
        self <= 0, alpha * scale * (np.exp(self) - 1), scale * self
    ),
    OPS["elu"].formula,
    by_result(
        _elu,
        "$grad · $scale where $result > 0, else $grad · ($result + $alpha · $scale)",
        r"$grad \cdot \begin{cases} $scale & $result > 0 \\ $result + $alpha \cdot $scale "
        r"\end{cases}",
    ),
    "An elu that overwrites its input.",
)


def _celu(g: Any, s: Saved) -> Any:
    _no_negative("elu", s.alpha)
    return np.where(s.result <= 0, g * (s.result + s.alpha) / s.alpha, g)


unary(
    "celu.inplace",
    "CeluBackward1",
    lambda self, *, alpha=1.0: np.where(self <= 0, alpha * (np.exp(self / alpha) - 1), self),
    OPS["celu"].formula,
    by_result(
        _celu,
        "$grad where $result > 0, else $grad · ($result + $alpha) / $alpha",
        r"$grad \cdot \begin{cases} 1 & $result > 0 \\ ($result + $alpha) / $alpha \end{cases}",
    ),
    "A celu that overwrites its input.",
)
