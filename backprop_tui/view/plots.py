"""A curve with labelled axes in cells: braille dots, four to a row and two to a column.

 2.301 ┤⣿⣄
       │⠈⠻⣷⣄⡀
 0.231 ┤   ⠙⠿⣷⣦⣤⣀
       │       ⠉⠛⠿⠷⠶⠤⠤
0.0231 ┤
       └────────────────
       1              938
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backprop_tui.view.curves import sparkline
from backprop_tui.view.numbers import short
from backprop_tui.view.types import Line, Run

Numbers = npt.NDArray[np.float64]

#: From this ratio of the largest to the smallest number on the scale is logarithmic.
STEEP = 20.0
#: The braille dot at (column, row) of a cell, rows from the top.
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_LABEL = 9


@dataclass(frozen=True, slots=True)
class Scale:
    """Numbers ``low`` to ``high`` on an axis, which is logarithmic or not."""

    low: float
    high: float
    log: bool

    @classmethod
    def of(cls, numbers: Numbers) -> Scale:
        """One on which all of the numbers that are finite can be told apart."""
        finite = numbers[np.isfinite(numbers)]
        if not finite.size:
            return cls(0.0, 1.0, False)
        low, high = float(finite.min()), float(finite.max())
        log = low > 0 and high / low >= STEEP
        if low == high:
            room = abs(low) / 2 or 1.0
            return cls(low - room, high + room, False)
        return cls(low, high, log)

    def share(self, numbers: Numbers) -> Numbers:
        """Where numbers lie between low (0) and high (1)."""
        if self.log:
            with np.errstate(divide="ignore", invalid="ignore"):
                numbers = np.log(np.maximum(numbers, self.low))
            low, high = math.log(self.low), math.log(self.high)
        else:
            low, high = self.low, self.high
        # Halved before subtracting: the difference of two floats can overflow.
        return (numbers / 2 - low / 2) / (high / 2 - low / 2)

    def at(self, share: float) -> float:
        """The number at a share of the way from low to high."""
        if self.log:
            return math.exp(math.log(self.low) * (1 - share) + math.log(self.high) * share)
        return self.low * (1 - share) + self.high * share


def plot(
    low: Numbers,
    high: Numbers,
    ends: tuple[str, str],
    width: int,
    height: int,
    ascii: bool = False,  # noqa: A002
    style: str = "loss",
) -> tuple[Line, ...]:
    """A curve in ``height`` lines of ``width`` cells, the axes included.

    At each place it reaches from ``low`` to ``high`` (the same for a curve that is a line); where
    that is infinite stands a ``!`` at the top. ``ends`` stand under the ends of the curve.
    """
    rows, columns = height - 2, width - _LABEL - 2
    if rows < 1 or columns < 2:
        return ()
    scale = Scale.of(np.concatenate([low, high]))
    dots = (columns, rows) if ascii else (columns * 2, rows * 4)
    spans, marks = _spans(scale, low, high, *dots)
    cells = _stars(spans, *dots) if ascii else _braille(spans, *dots)
    for column in marks:
        at = column if ascii else column // 2
        cells[0] = cells[0][:at] + "!" + cells[0][at + 1 :]
    labels = _labels(scale, rows)
    lines: list[Line] = []
    for row, cell in enumerate(cells):
        label = labels.get(row, "")
        tick = ("+" if ascii else "┤") if label else ("|" if ascii else "│")
        lines.append(
            (
                Run(f"{label:>{_LABEL}} ", "muted"),
                Run(tick, "muted"),
                Run(cell, style),
            )
        )
    corner, rule = ("+", "-") if ascii else ("└", "─")
    lines.append((Run(" " * (_LABEL + 1) + corner + rule * columns, "muted"),))
    first, last = ends
    gap = max(1, columns - len(first) - len(last))
    lines.append((Run(" " * (_LABEL + 2) + first + " " * gap + last, "muted"),))
    return tuple(lines)


def _stretched(numbers: Numbers, columns: int, merge: np.ufunc) -> Numbers:
    """At most ``columns`` numbers: stretches of more are merged."""
    count = len(numbers)
    if count <= columns:
        return numbers
    return np.asarray(merge.reduceat(numbers, np.arange(columns) * count // columns))


def _spans(
    scale: Scale, low: Numbers, high: Numbers, columns: int, rows: int
) -> tuple[dict[int, tuple[int, int]], set[int]]:
    """Column → the dots from which to which the curve goes there, from below; and the columns
    where it is beyond all numbers."""
    least, most = _stretched(low, columns, np.fmin), _stretched(high, columns, np.fmax)
    # A few numbers are spread over the whole width, and joined by lines.
    at = np.arange(len(most)) * max(1.0, (columns - 1) / max(1, len(most) - 1))
    marks = {int(place) for place in at[np.isinf(most) | np.isinf(least)]}
    known = np.isfinite(least) & np.isfinite(most)
    if not known.any():
        return {}, marks
    at = at[known]
    places = np.arange(int(at[0]), int(at[-1]) + 1)
    bottoms, tops = (
        np.clip(np.interp(places, at, scale.share(edge[known])) * rows, 0, rows - 1).astype(int)
        for edge in (least, most)
    )
    spans: dict[int, tuple[int, int]] = {}
    before: tuple[int, int] | None = None
    for place, bottom, top in zip(places.tolist(), bottoms.tolist(), tops.tolist(), strict=True):
        start, stop = before or (bottom, top)
        spans[place] = (min(bottom, stop), max(top, start))
        before = (bottom, top)
    return spans, marks


def _braille(spans: dict[int, tuple[int, int]], columns: int, rows: int) -> list[str]:
    cells = [[0] * (columns // 2) for _ in range(rows // 4)]
    for column, (bottom, top) in spans.items():
        for dot in range(bottom, top + 1):
            row, within = divmod(rows - 1 - dot, 4)
            cells[row][column // 2] |= _DOTS[column % 2][within]
    return ["".join(chr(0x2800 + cell) if cell else " " for cell in row) for row in cells]


def _stars(spans: dict[int, tuple[int, int]], columns: int, rows: int) -> list[str]:
    cells = [[" "] * columns for _ in range(rows)]
    for column, (bottom, top) in spans.items():
        for dot in range(bottom, top + 1):
            cells[rows - 1 - dot][column] = "*"
    return ["".join(row) for row in cells]


def _labels(scale: Scale, rows: int) -> dict[int, str]:
    """Row → the number at its middle, for some rows evenly apart."""
    count = 2 if rows < 5 else 3 if rows < 9 else 5
    if rows < 2:
        return {0: _label(scale.high)}
    found = {}
    for place in range(count):
        row = round(place * (rows - 1) / (count - 1))
        found[row] = _label(scale.at(1 - row / (rows - 1)))
    return found


def _label(number: float) -> str:
    text = short(number, 3)
    return text if len(text) <= _LABEL else f"{number:.1e}"


def sparks(numbers: Numbers, width: int, ascii: bool = False) -> str:  # noqa: A002
    """A series in one row of blocks on a scale of its own; the largest of each stretch is shown."""
    if not numbers.size or width < 1:
        return ""
    series = _stretched(numbers, width, np.fmax)
    scale = Scale.of(series)
    shown = np.where(np.isfinite(series), scale.share(series), series)
    text = sparkline(np.where(np.isnan(shown), 0.0, shown).tolist(), width, ascii)
    return "".join(" " if math.isnan(n) else c for n, c in zip(shown, text, strict=True))
