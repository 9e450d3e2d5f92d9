"""How PyTorch prints a tensor, to the letter.

    tensor([0.5000, -0.3000], requires_grad=True)
    └prefix┘└─ one width for all elements ─┘└ suffixes ┘

All elements share one style, chosen from the nonzero finite values: integers with a dot when none
has a fraction, scientific notation when they span more than three decades (or are very large or
small), else fixed precision. Follows the rules of ``torch/_tensor_str.py``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from backprop_tui.engines.base import Array, Scalar


@dataclass(frozen=True, slots=True)
class PrintOptions:
    """What ``torch.set_printoptions`` sets."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


DEFAULT = PrintOptions()
PROFILES = {
    "default": DEFAULT,
    "short": PrintOptions(precision=2, edgeitems=2),
    "full": PrintOptions(threshold=math.inf),
}
#: More digits than a double has would only let a script ask for gigabytes of zeros.
MOST_DIGITS = 100


def set_printoptions(
    options: PrintOptions,
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> PrintOptions:
    """The options after ``torch.set_printoptions(…)``; ValueError for a precision out of reason."""
    options = PROFILES.get(profile or "", options)
    given = {
        "precision": precision,
        "threshold": threshold,
        "edgeitems": edgeitems,
        "linewidth": linewidth,
    }
    if precision is not None and not 0 <= precision <= MOST_DIGITS:
        raise ValueError(f"precision must be between 0 and {MOST_DIGITS}, but is {precision}")
    set_now = {name: value for name, value in given.items() if value is not None}
    return replace(options, sci_mode=sci_mode, **set_now)  # type: ignore[arg-type]


def tensor_text(
    array: Array,
    dtype: str = "torch.float32",
    *,
    requires_grad: bool = False,
    grad_fn: str | None = None,
    parameter: bool = False,
    default_dtype: str = "torch.float32",
    options: PrintOptions = DEFAULT,
) -> str:
    """The ``repr`` (and ``str``) of a tensor; ``dtype`` and ``grad_fn`` by PyTorch's names."""
    prefix = "tensor("
    suffixes = []
    if array.size == 0:
        body = "[]"
        if array.ndim != 1:
            suffixes.append(f"size={array.shape}")
        if dtype != default_dtype:
            suffixes.append(f"dtype={dtype}")
    else:
        body = _body(array, len(prefix), options)
        if not options.edgeitems:
            suffixes.append(f"size={array.shape}")
        if dtype not in (default_dtype, "torch.int64", "torch.bool"):
            suffixes.append(f"dtype={dtype}")
    if grad_fn is not None:
        suffixes.append(f"grad_fn=<{grad_fn}>")
    elif requires_grad:
        suffixes.append("requires_grad=True")
    text = _add_suffixes(prefix + body, suffixes, len(prefix), options)
    return f"Parameter containing:\n{text}" if parameter else text


def format_tensor(array: Array, text: str, spec: str, *, parameter: bool = False) -> str:
    """``format(tensor, spec)``: a 0-dim tensor as its Python number, else ``text`` for no spec.

    Raises TypeError for a spec that meets a tensor with dimensions, or a Parameter.
    """
    if array.ndim == 0 and not parameter:
        value: Scalar = array.item()
        return format(value, spec)
    if spec:
        name = "Parameter" if parameter else "Tensor"
        raise TypeError(f"unsupported format string passed to {name}.__format__")
    return text


class _Formatter:
    """The one style and width that all elements share."""

    def __init__(self, array: Array, options: PrintOptions) -> None:
        self.floating = array.dtype.kind == "f"
        self.fraction = f".{options.precision}f"
        self.scientific = f".{options.precision}e"
        self.int_mode, self.sci_mode, self.width = True, False, 1
        if not self.floating:
            self.width = max((len(str(value)) for value in array.ravel().tolist()), default=1)
            return
        values = array[np.isfinite(array) & (array != 0)]
        if not values.size:
            return
        size = np.abs(values).astype(np.float64)
        least, most = float(size.min()), float(size.max())
        self.int_mode = bool((values == np.ceil(values)).all())
        self.sci_mode = (
            most / least > 1000.0 or most > 1.0e8 or least < 1.0e-4
            if options.sci_mode is None
            else options.sci_mode
        )
        self.width = max(len(self._plain(value)) for value in values.tolist())

    def _plain(self, value: Scalar) -> str:
        if not self.floating:
            return str(value)
        if self.sci_mode:
            return format(value, self.scientific)
        if not self.int_mode:
            return format(value, self.fraction)
        return f"{value:.0f}." if math.isfinite(value) else f"{value:.0f}"

    def __call__(self, value: Scalar) -> str:
        return self._plain(value).rjust(self.width)


def _body(array: Array, indent: int, options: PrintOptions) -> str:
    summarize = array.size > options.threshold
    formatter = _Formatter(_edges(array, options.edgeitems) if summarize else array, options)
    return _nested(array, indent, summarize, formatter, options)


def _edges(array: Array, edge: int) -> Array:
    """The elements a summary shows: they alone decide the style."""
    for axis, length in enumerate(array.shape):
        if length > 2 * edge:
            array = np.take(array, [*range(edge), *range(length - edge, length)], axis=axis)
    return array


def _nested(
    array: Array, indent: int, summarize: bool, formatter: _Formatter, options: PrintOptions
) -> str:
    if array.ndim == 0:
        return formatter(array.item())
    edge = options.edgeitems
    cut = summarize and len(array) > 2 * edge
    shown = [*range(edge), *range(len(array) - edge, len(array))] if cut else range(len(array))
    if array.ndim == 1:
        parts = [formatter(value) for value in array[list(shown)].tolist()]
        if cut:
            # With no edge items PyTorch leaves out the blank that lines the dots up.
            parts.insert(edge, " ..." if edge else "...")
        per_line = max(1, (options.linewidth - indent) // (formatter.width + 2))
        lines = [
            ", ".join(parts[start : start + per_line]) for start in range(0, len(parts), per_line)
        ]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
    parts = [_nested(array[i], indent + 1, summarize, formatter, options) for i in shown]
    if cut:
        parts.insert(edge, "...")
    return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(parts) + "]"


def _add_suffixes(text: str, suffixes: list[str], indent: int, options: PrintOptions) -> str:
    length = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if length + len(suffix) + 2 > options.linewidth:
            text += ",\n" + " " * indent + suffix
            length = indent + len(suffix)
        else:
            text += ", " + suffix
            length += len(suffix) + 2
    return text + ")"
