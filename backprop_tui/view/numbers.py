"""Numbers as short text: one number, one tensor on one line, one tensor as a table.

    short(0.62480647)                 0.6248          four decimals, as PyTorch prints
    tensor_text(w, 20)                [0.4944, -0.2988]
    tensor_text(batch, 40)            (64, 2) [0.12, -0.3, 1.4, …]
    tensor_text(weight, 40)           (64, 128) mean 0.01 ± 0.2
    tensor_text(summary, 60)          (4096, 4096) mean 0.01 ± 0.2, summarised
    array_rows(x)                     cells of equal width, slice by slice
    heat(-0.7, 1.0)                   '-▓'            sign and size, legible without colour

The minus sign is the ASCII one, so that a number can be copied from the screen into Python.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from backprop_tui.engines.base import Array
from backprop_tui.engines.summary import Digest, digest_of

Number = bool | int | float | complex | np.generic

#: Below this a number that does not end within the digits is written with an exponent.
_SMALL = 1e-3
_LARGE = 1e5
#: float32 0.0005 is 0.00050000002: near enough to be called 0.0005.
_NEAR = 1e-6

ELLIPSIS = "…"
SHADES = " ░▒▓█"
SHADES_ASCII = " .:=#"


def short(x: Number, digits: int = 4) -> str:
    """``x`` with at most ``digits`` decimals; ints stay ints, floats always look like floats."""
    value = x.item() if isinstance(x, np.generic) else x
    if isinstance(value, bool | int):
        return str(value)
    if isinstance(value, complex):
        imaginary = short(value.imag, digits)
        return f"{short(value.real, digits)}{'' if imaginary[0] in '+-' else '+'}{imaginary}j"
    if not isinstance(value, float):
        raise TypeError(f"short(): argument 'x' must be a number, not {type(value).__name__}")
    if not math.isfinite(value):
        return str(value)
    size = abs(value)
    fixed = f"{value:.{digits}f}"
    ends = abs(float(fixed) - value) <= _NEAR * size
    if size >= _LARGE or (size < _SMALL and not ends):
        return _exponent(value, digits)
    if size >= 100:
        # Digits before the point count too: 1234.57, not 1234.5678.
        whole = len(str(int(size)))
        fixed = f"{value:.{max(1, min(digits, digits + 2 - whole))}f}"
    return _float_text(fixed)


def _exponent(value: float, digits: int) -> str:
    mantissa, exponent = f"{value:.{max(1, digits - 2)}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{exponent}"


def _float_text(fixed: str) -> str:
    if "." not in fixed:
        return fixed + ".0"
    text = fixed.rstrip("0")
    return text + "0" if text.endswith(".") else text


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape as PyTorch writes it after ``torch.Size``: ``(4, 2)``; ``()`` is ``scalar``."""
    if not shape:
        return "scalar"
    return f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(map(str, shape))})"


#: Recorded arrays never change, and the same ones are shown step after step: (array, text) by
#: (identity, width, digits). The array is kept, so that its identity stays its own.
_TEXTS: dict[tuple[int, int, int], tuple[Array, str]] = {}
_TEXTS_KEPT = 1024


def tensor_text(array: Array, width: int, digits: int = 4) -> str:
    """A tensor on one line of at most ``width`` cells: all of it, its beginning, or a summary."""
    if not isinstance(array, np.ndarray) or array.flags.writeable:
        return _tensor_text(array, width, digits)
    key = (id(array), width, digits)
    known = _TEXTS.get(key)
    if known is None or known[0] is not array:
        if len(_TEXTS) >= _TEXTS_KEPT:
            _TEXTS.clear()
        known = _TEXTS[key] = array, _tensor_text(array, width, digits)
    return known[1]


def _tensor_text(array: Array, width: int, digits: int) -> str:
    digest = digest_of(array)
    if digest is not None:
        return _summarised(array, digest, width)
    array = np.asarray(array)
    if array.ndim and not array.size:
        whole = "[]" if array.ndim == 1 else f"{shape_text(array.shape)} []"
        return clip(whole, width)
    # Each element takes at least three cells ("0, "), so a large tensor is not even tried.
    if array.size * 3 <= width + 2:
        for fewer in range(digits, 0, -1):
            whole = _nested(array, fewer)
            if len(whole) <= width:
                return whole
            if array.dtype.kind != "f":
                break
    if not array.ndim:
        return clip(_nested(array, digits), width)
    shape = shape_text(array.shape)
    if array.size <= 64 or array.dtype.kind not in "fiu":
        beginning = _beginning(array, shape, width, digits)
        if beginning:
            return beginning
    elif len(summary := f"{shape} {_summary(array)}") <= width:
        return summary
    return clip(shape, width)


def _summarised(array: Array, digest: Digest, width: int) -> str:
    """``(4096, 4096) mean 0.01 ± 0.2, summarised``, or as much of it as there is room for."""
    if digest.corner.shape == array.shape:
        return _tensor_text(np.asarray(digest.corner), width, 4)
    shape = shape_text(array.shape)
    figures = f"{shape} {spread(array, digest)}"
    for words in (f"{figures}, summarised", figures, f"{shape} summarised"):
        if len(words) <= width:
            return words
    return clip(shape, width)


def spread(array: Array, digest: Digest) -> str:
    """Mean and standard deviation of a Summary's finite numbers: ``mean 0.01 ± 0.2``."""
    finite = array.size - digest.nonfinite
    if not finite:
        return "nothing finite"
    # The mean of the squares less the square of the mean; rounding can make it negative.
    variance = max(digest.norm**2 / finite - digest.mean**2, 0.0)
    words = f"mean {short(digest.mean, 3)} ± {short(math.sqrt(variance), 2)}"
    return f"{digest.nonfinite} not finite, {words}" if digest.nonfinite else words


def _nested(array: Array, digits: int) -> str:
    if not array.ndim:
        return short(array.item(), digits)
    return "[" + ", ".join(_nested(part, digits) for part in array) + "]"


def _beginning(array: Array, shape: str, width: int, digits: int) -> str | None:
    """``(4, 2) [0.12, -0.3, …]``, if at least one element has room."""
    best = None
    text = f"{shape} ["
    for value in array.flat:
        text += short(value, min(digits, 2)) + ", "
        if len(text) + 2 > width:
            break
        best = f"{text}{ELLIPSIS}]"
    return best


def _summary(array: Array) -> str:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        nans = int(np.isnan(array).sum())
        infs = int(np.isinf(array).sum())
        return " ".join(f"{n} {name}" for n, name in ((nans, "nan"), (infs, "inf")) if n)
    wide = array.astype(np.float64)
    return f"mean {short(float(wide.mean()), 3)} ± {short(float(wide.std()), 2)}"


def clip(text: str, width: int) -> str:
    """``text`` in at most ``width`` cells; what was cut off shows as ``…``."""
    if len(text) <= width:
        return text
    return text[: width - 1] + ELLIPSIS if width > 0 else ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of a table row; ``index`` is the element's place, None for heads and ``…``."""

    text: str
    index: tuple[int, ...] | None = None


def array_rows(
    array: Array, digits: int = 4, max_rows: int = 1000, max_columns: int = 64
) -> tuple[tuple[Cell, ...], ...]:
    """A tensor as table rows of right-aligned cells of equal width.

    The last dimension runs across, the one before it down; further ones give a slice each, under
    a head such as ``[0, :, :]``. What exceeds ``max_rows`` or ``max_columns`` shows as ``…``,
    and so does what was not kept of a Summary.
    """
    digest = digest_of(array)
    if digest is not None:
        return tuple(_corner_rows(array, digest.corner, digits, max_rows, max_columns))
    return tuple(_limited(_rows(np.asarray(array), digits, max_columns, max_rows), max_rows))


def _corner_rows(
    array: Array, corner: Array, digits: int, max_rows: int, max_columns: int
) -> Iterator[tuple[Cell, ...]]:
    more = array.ndim > 0 and array.shape[-1] > corner.shape[-1]
    for row in array_rows(corner, digits, max_rows, max_columns):
        cut = more and row[-1].index is not None
        yield (*row, Cell(ELLIPSIS)) if cut else row
    if corner.shape[:-1] != array.shape[:-1]:
        yield (Cell(ELLIPSIS),)


def _limited(rows: Iterator[tuple[Cell, ...]], limit: int) -> Iterator[tuple[Cell, ...]]:
    for number, row in enumerate(rows):
        if number == limit:
            yield (Cell(ELLIPSIS),)
            return
        yield row


def _rows(array: Array, digits: int, columns: int, limit: int) -> Iterator[tuple[Cell, ...]]:
    if not array.size:
        yield (Cell(f"{shape_text(array.shape)} []"),)
        return
    lead, down = array.shape[:-2], array.shape[-2] if array.ndim > 1 else 1
    across = array.shape[-1] if array.ndim else 1
    shown = array[..., :columns] if array.ndim else array
    # Only what can be seen decides the width, so a huge tensor costs no more than a screenful.
    seen = list(shown.flat) if shown.size <= limit * columns else shown.flat[: limit * columns]
    width = max(len(short(value, digits)) for value in seen)
    for slice_ in product(*map(range, lead)):
        if lead:
            yield (Cell("[" + ", ".join([*map(str, slice_), ":", ":"]) + "]"),)
        for row in range(down):
            place = (*slice_, row)[: max(0, array.ndim - 1)] if array.ndim > 1 else ()
            cells = [
                Cell(short(array[index], digits).rjust(width), index)
                for column in range(min(across, columns))
                for index in [(*place, column) if array.ndim else ()]
            ]
            if across > columns:
                cells.append(Cell(ELLIPSIS))
            yield tuple(cells)


def heat(x: Number, scale: float, ascii: bool = False) -> str:  # noqa: A002
    """Two cells for sign and size of ``x`` against ``scale``: ``+█``, ``-░``, blank for 0."""
    value = float(np.real(x))
    if math.isnan(value):
        return "!!"
    if value == 0:
        return "  "
    share = min(1.0, abs(value) / scale) if scale > 0 else 1.0
    shades = SHADES_ASCII if ascii else SHADES
    return ("-" if value < 0 else "+") + shades[max(1, math.ceil(share * (len(shades) - 1)))]
