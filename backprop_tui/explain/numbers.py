"""A number in a formula: at least four decimals and four significant digits.

Four decimals are what PyTorch prints and the Tensors pane shows; a small number gets more, so that
a product of shown numbers can be checked by hand.
"""

from __future__ import annotations

import math

import numpy as np

from backprop_tui.engines.base import Array
from backprop_tui.explain.known import is_whole, kept

#: Between these a number is written with four decimals.
_FIXED = 0.1
_LARGE = 1e5


def number(value: complex) -> str:
    """``0.6248``, ``-3``, ``1.2e-05``, ``inf``, ``True``."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, complex):
        return f"{number(value.real)}{'-' if value.imag < 0 else '+'}{number(abs(value.imag))}i"
    if isinstance(value, int) and abs(value) < 10**9:
        return str(value)
    wide = float(value) + 0.0  # + 0.0: a negative zero is 0
    size = abs(wide)
    if size < 1e7 and wide.is_integer():
        return f"{int(wide)}"
    if not _FIXED <= size < _LARGE:
        return f"{wide:.4g}"
    # Digits before the point count too: 1234.57, not 1234.5678.
    decimals = 4 if size < 100 else max(1, 6 - len(str(int(size))))
    return f"{wide:.{decimals}f}".rstrip("0").rstrip(".")


def number_latex(value: complex) -> str:
    r"""``0.6248``, ``1.2 \cdot 10^{-5}``, ``\infty``."""
    words = number(value)
    if isinstance(value, complex):
        return words
    if math.isnan(value):
        return r"\text{nan}"
    if math.isinf(value):
        return r"-\infty" if value < 0 else r"\infty"
    if words in ("True", "False"):
        return rf"\text{{{words}}}"
    if "e" in words:
        mantissa, exponent = words.split("e")
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"
    return words


def array(values: Array, longest: int = 6) -> str:
    """``[0.9, -0.2]``, ``[[1, 2], [3, 4]]``; large arrays show their first numbers only."""
    numbers = kept(values)
    if numbers.size == 1 and values.ndim == 0:
        return number(numbers.item())
    if values.size > longest or not is_whole(values):
        first = ", ".join(number(x) for x in numbers.ravel()[:3].tolist())
        return f"[{first}, …]"
    return _nested(numbers.tolist())


def array_latex(values: Array, longest: int = 6) -> str:
    r"""A ``pmatrix`` of up to two dimensions; larger arrays show their first numbers only."""
    numbers = kept(values)
    if values.ndim == 0:
        return number_latex(numbers.item())
    if values.size > longest or values.ndim > 2 or values.size == 0 or not is_whole(values):
        first = ", ".join(number_latex(x) for x in numbers.ravel()[:3].tolist())
        return f"[{first}]" if values.size <= 3 else rf"[{first}, \dots]"
    rows = numbers.reshape(1, -1) if values.ndim == 1 else numbers
    body = r" \\ ".join(" & ".join(number_latex(x) for x in row) for row in rows.tolist())
    return rf"\begin{{pmatrix}} {body} \end{{pmatrix}}"


def _nested(values: object) -> str:
    if isinstance(values, list):
        return f"[{', '.join(_nested(x) for x in values)}]"
    return number(values)  # type: ignore[arg-type]
