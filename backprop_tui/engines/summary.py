"""A large tensor's numbers, summarised.

Above a size that can be set, a recording keeps of a tensor's numbers only this: how they are
distributed and a corner of them. A ``Summary`` has the shape and dtype of what it stands for, so
that every reader of shapes works on it unchanged, but no memory: each element reads NaN (False or
0 where a dtype has none). Who shows numbers asks ``digest`` first, and says that it is a summary.

A Summary equals nothing, itself included: whether two tensors are the same cannot be seen from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backprop_tui.engines.base import Array

#: How many bars a histogram has.
BINS = 32
#: Of about so many numbers, evenly taken, a histogram may be made where there are more.
SAMPLE = 1 << 14
#: How many elements of the last dimensions, and of those before, the corner shows.
CORNER = (1, 1, 4, 8)


@dataclass(frozen=True, slots=True, eq=False)
class Digest:
    """What is kept of the numbers.

    ``minimum`` to ``norm`` (the 2-norm) and the ``histogram`` (BINS counts, evenly from minimum to
    maximum; of a sample where there are more than SAMPLE) are over the finite numbers, of which
    there are all but ``nonfinite``; the four are NaN where there is none. ``corner`` holds the
    first elements of each dimension. ``device`` is where the tensor was ("cpu", "cuda:0").
    """

    minimum: float
    maximum: float
    mean: float
    norm: float
    nonfinite: int
    histogram: tuple[int, ...]
    corner: Array
    device: str = "cpu"


class Summary(np.ndarray):
    """An array of which only a Digest is kept; see the module's docstring."""

    digest: Digest | None

    def __new__(cls, shape: tuple[int, ...], dtype: Any, digest: Digest) -> Summary:
        kind = np.dtype(dtype)
        nothing = np.nan if kind.kind in "fc" else 0
        empty = np.broadcast_to(np.array(nothing, kind), shape).view(cls)
        empty.digest = digest
        return empty

    def __array_finalize__(self, made_from: object) -> None:
        self.digest = None


def digest_of(array: Array) -> Digest | None:
    """What is kept of an array that is a Summary; None for one that is there in full."""
    return array.digest if isinstance(array, Summary) else None


def summarised(array: Array, device: str = "cpu") -> Summary:
    """The Summary of an array."""
    numbers = array.astype(np.float64).ravel()
    finite = numbers[np.isfinite(numbers)]
    counts = np.histogram(finite, BINS)[0] if finite.size else np.zeros(BINS, np.int64)
    figures = (np.min, np.max, np.mean, np.linalg.norm)
    minimum, maximum, mean, norm = (float(f(finite)) if finite.size else np.nan for f in figures)
    digest = Digest(
        minimum,
        maximum,
        mean,
        norm,
        numbers.size - finite.size,
        tuple(counts.tolist()),
        corner(array),
        device,
    )
    return Summary(array.shape, array.dtype, digest)


def corner(array: Any) -> Any:
    """The first elements of each dimension (of an array or a tensor); a view."""
    sizes = CORNER[-array.ndim :] if array.ndim <= len(CORNER) else (
        (1,) * (array.ndim - len(CORNER)) + CORNER
    )  # fmt: skip
    return array[tuple(slice(size) for size in sizes)] if array.ndim else array
