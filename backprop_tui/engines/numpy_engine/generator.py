"""PyTorch's CPU random numbers, from NumPy's Mersenne Twister.

Both libraries turn a seed into the same stream of 32-bit words; what differs is how a word becomes
a number, and how many words each draw takes. A ``Generator`` takes words as PyTorch does::

    rand float32     1 word    its low 24 bits / 2²⁴
    rand float64     2 words   the low 53 bits of (first · 2³² + second) / 2⁵³
    randn, < 16      2 float64 uniforms for two numbers (Box-Muller; the second is kept)
    randn, ≥ 16      1 uniform each, then Box-Muller in blocks of 16, the last block drawn anew
    randint          1 word (2 for a range of 2²⁸ and more), modulo the range
    randperm(n)      n − 1 words: a Fisher-Yates shuffle
    bernoulli        one float64 uniform each (one float32 for a float32 tensor of probabilities)

So after every call the stream stands where PyTorch's would.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from backprop_tui.engines.base import Array

#: The seed of a generator that nobody seeded (PyTorch's ``default_rng_seed_val``).
DEFAULT_SEED = 67280421310721
#: Blocks of Box-Muller, and from how many elements on PyTorch works in blocks.
BLOCK = 16

Shape = tuple[int, ...]
DType = npt.DTypeLike
Words = npt.NDArray[np.uint64]


class Generator:
    """``torch.Generator``: a stream of random numbers and its seed."""

    def __init__(self, device: object = "cpu") -> None:
        if str(device) != "cpu":
            raise RuntimeError(f"this engine has generators for the cpu only, not for {device}")
        self.manual_seed(DEFAULT_SEED)

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream of ``seed`` anew, and return the generator itself.

        Raises ValueError for a seed that 64 bits cannot hold.
        """
        seed = int(seed)
        if not -(2**63) <= seed < 2**64:
            raise ValueError("Overflow when unpacking long long")
        self._seed = seed % 2**64
        self._twister = np.random.RandomState(self._seed & 0xFFFFFFFF)
        self._kept: float | None = None
        return self

    def initial_seed(self) -> int:
        """The seed the stream began with."""
        return self._seed

    def __repr__(self) -> str:
        return "<torch._C.Generator object>"

    # What a draw takes from the stream

    def words(self, count: int) -> Words:
        """The next ``count`` 32-bit words."""
        if count == 0:  # asking NumPy for no bytes would cost a word
            return np.empty(0, np.uint64)
        return np.frombuffer(self._twister.bytes(4 * count), dtype="<u4").astype(np.uint64)

    def long_words(self, count: int) -> Words:
        """The next ``count`` 64-bit words, each from two: the high half comes first."""
        words = self.words(2 * count)
        return words[0::2] << np.uint64(32) | words[1::2]

    def _unit(self, count: int, dtype: DType) -> Array:
        """Uniform numbers in [0, 1)."""
        if np.dtype(dtype) == np.float32:
            return (self.words(count) & np.uint64(2**24 - 1)).astype(np.float32) * np.float32(
                2.0**-24
            )
        return (self.long_words(count) & np.uint64(2**53 - 1)).astype(np.float64) * 2.0**-53

    def _box_muller(self) -> float:
        """The next normal number in double precision, drawn in pairs."""
        if self._kept is not None:
            kept, self._kept = self._kept, None
            return kept
        first, second = self._unit(2, np.float64).tolist()
        radius, angle = math.sqrt(-2.0 * math.log1p(-second)), 2.0 * math.pi * first
        self._kept = radius * math.sin(angle)
        return radius * math.cos(angle)

    # Draws

    def uniform(
        self, shape: Shape, low: float = 0.0, high: float = 1.0, dtype: DType = np.float32
    ) -> Array:
        """``rand`` and ``uniform_``: numbers in [low, high); RuntimeError for low > high."""
        if low > high:
            raise RuntimeError(
                "uniform_ expects to return a [from, to) range, "
                f"but found from={low:g} > to={high:g}"
            )
        kind: Any = np.dtype(dtype).type
        unit = self._unit(math.prod(shape), dtype)
        start, width = kind(low), kind(high) - kind(low)
        # PyTorch's kernel rounds product and sum once, as one fused operation.
        wide = unit.astype(np.float64) * np.float64(width) + np.float64(start)
        return wide.astype(dtype).reshape(shape)

    def normal(
        self, shape: Shape, mean: float = 0.0, std: float = 1.0, dtype: DType = np.float32
    ) -> Array:
        """``randn`` and ``normal_``; RuntimeError for a negative ``std``."""
        if not std >= 0.0:
            raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
        size = math.prod(shape)
        if size < BLOCK:
            drawn = [self._box_muller() * std + mean for _ in range(size)]
            return np.array(drawn, dtype=dtype).reshape(shape)
        unit = self._unit(size, dtype)
        whole = size - size % BLOCK
        values = np.empty(size, dtype)
        values[:whole] = _normal_blocks(unit[:whole], mean, std)
        if whole != size:
            values[-BLOCK:] = _normal_blocks(self._unit(BLOCK, dtype), mean, std)
        return values.reshape(shape)

    def exponential(self, shape: Shape, dtype: DType = np.float32) -> Array:
        """``exponential_()``: waiting times with mean 1."""
        unit = self._unit(math.prod(shape), np.float64)
        return np.asarray(-np.log1p(-unit)).astype(dtype).reshape(shape)

    def multinomial(self, weights: Array, count: int, replacement: bool) -> Array:
        """``torch.multinomial``: for every row of weights so many of its column numbers."""
        if not replacement or count == 1:
            race = weights / self.exponential(weights.shape, weights.dtype)
            if count == 1:
                return np.asarray(race.argmax(-1)[..., None])
            return np.asarray(np.argsort(-race, axis=-1, kind="stable")[..., :count])
        rows = weights.reshape(-1, weights.shape[-1])
        sums = rows.cumsum(-1, dtype=weights.dtype)
        sums = sums / sums[:, -1:]
        sums[:, -1] = 1
        unit = self._unit(len(rows) * count, np.float64).reshape(len(rows), count)
        picked = [np.searchsorted(row, drawn) for row, drawn in zip(sums, unit, strict=True)]
        return np.array(picked).reshape(*weights.shape[:-1], count)

    def randint(self, low: int, high: int, shape: Shape, dtype: DType = np.int64) -> Array:
        """Whole numbers in [low, high); RuntimeError for an empty range."""
        if low >= high:
            raise RuntimeError(
                f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
            )
        size, span = math.prod(shape), high - low
        drawn = self.long_words(size) if span >= 2**28 else self.words(size)
        return ((drawn % np.uint64(span)).astype(np.int64) + low).astype(dtype).reshape(shape)

    def random_seed(self) -> int:
        """``torch.empty((), dtype=torch.int64).random_().item()``: a seed for another stream."""
        return int(self.long_words(1)[0]) & (2**63 - 1)

    def randperm(self, n: int) -> Array:
        """The numbers 0 … n−1 in random order; RuntimeError for a negative ``n``."""
        if n < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
        order = list(range(n))
        for i, word in enumerate(self.words(max(n - 1, 0)).tolist()):
            j = i + word % (n - i)
            order[i], order[j] = order[j], order[i]
        return np.array(order, dtype=np.int64)

    def bernoulli(self, shape: Shape, p: float) -> Array:
        """``bernoulli_(p)``, and so the mask of dropout: True with probability ``p``.

        Raises RuntimeError for a ``p`` outside [0, 1].
        """
        if not 0.0 <= p <= 1.0:
            raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
        return (self._unit(math.prod(shape), np.float64) < p).reshape(shape)

    def bernoulli_of(self, probabilities: Array) -> Array:
        """``torch.bernoulli(probabilities)``: 0 or 1 for each, in its dtype."""
        if not ((probabilities >= 0) & (probabilities <= 1)).all():
            raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.")
        unit = self._unit(probabilities.size, probabilities.dtype).reshape(probabilities.shape)
        return (unit < probabilities).astype(probabilities.dtype)


def _normal_blocks(unit: Array, mean: float, std: float) -> Array:
    """Box-Muller on blocks of 16 uniforms: 8 radii, 8 angles, 8 cosines and 8 sines."""
    kind: Any = unit.dtype.type
    blocks = unit.reshape(-1, 2, BLOCK // 2)
    radius = np.sqrt(kind(-2) * np.log(kind(1) - blocks[:, 0]))
    angle = kind(2 * math.pi) * blocks[:, 1]
    pair = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return np.asarray(pair * kind(std) + kind(mean)).reshape(-1)
