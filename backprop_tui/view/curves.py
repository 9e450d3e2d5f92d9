"""Curves as text: a series in one row of block characters."""

from __future__ import annotations

import math
from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
BLOCKS_ASCII = "_.-:=+*#"


def sparkline(values: Sequence[float], width: int, ascii: bool = False) -> str:  # noqa: A002
    """A series in at most ``width`` cells, lowest to highest; a number that is not finite is ``!``.

    Longer series are cut into ``width`` stretches of which each shows its last value, so that the
    newest number is always the rightmost cell.
    """
    if width <= 0 or not values:
        return ""
    count = len(values)
    if count > width:
        values = [values[(cell + 1) * count // width - 1] for cell in range(width)]
    finite = [value for value in values if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)
    blocks = BLOCKS_ASCII if ascii else BLOCKS

    def block(value: float) -> str:
        if not math.isfinite(value):
            return "!"
        if high == low:
            return blocks[len(blocks) // 2 - 1]
        # Halved before subtracting: the difference of two floats can overflow.
        share = (value / 2 - low / 2) / (high / 2 - low / 2)
        return blocks[min(len(blocks) - 1, int(share * len(blocks)))]

    return "".join(map(block, values))


def bars(counts: Sequence[int], height: int) -> tuple[str, ...]:
    """A histogram of ``height`` rows, a column per count; the smallest count above 0 is seen."""
    most = max(counts, default=0)
    eighths = [math.ceil(count * height * 8 / most) if most else 0 for count in counts]
    return tuple(
        "".join((" " + BLOCKS)[min(8, max(0, part - 8 * row))] for part in eighths)
        for row in reversed(range(height))
    )
