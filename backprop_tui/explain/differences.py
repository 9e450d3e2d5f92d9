"""Gradients without any rule: how much the loss changes when one number is nudged.

∂L/∂wᵢ ≈ (L(w + h·eᵢ) − L(w − h·eᵢ)) / 2h
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]


def central_differences(
    loss: Callable[[Float64], float],
    param: npt.ArrayLike,
    step: float = 1e-5,
    elements: Iterable[tuple[int, ...]] | None = None,
) -> Float64:
    """The gradient of ``loss`` at ``param``, of its shape, by central differences in float64.

    ``elements`` restricts the work to some indices; the others are nan. The nudge is ``step``
    times the element's size, at least ``step``. ``loss`` gets a fresh array each time.
    """
    point = np.array(param, dtype=np.float64)
    found = np.full(point.shape, np.nan)
    for index in np.ndindex(point.shape) if elements is None else elements:
        nudge = step * max(1.0, abs(float(point[index])))
        up, down = point.copy(), point.copy()
        up[index] += nudge
        down[index] -= nudge
        # What was really added, after rounding.
        found[index] = (loss(up) - loss(down)) / (up[index] - down[index])
    return found
