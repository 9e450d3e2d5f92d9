"""``torch.utils.data``: samplers, which say in which order the rows of a dataset are taken.

Random numbers are drawn in PyTorch's order, each when PyTorch draws it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from backprop_tui.engines.numpy_engine import creation, state
from backprop_tui.engines.numpy_engine.datasets import ORDER_ITEMSIZE
from backprop_tui.engines.numpy_engine.dtypes import float64
from backprop_tui.engines.numpy_engine.generator import Generator
from backprop_tui.engines.numpy_engine.random import default_generator, multinomial, randint

__all__ = [
    "BatchSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
]

#: How many rows' numbers are taken before they are counted.
ROWS_AT_ONCE = 65_536


class Sampler:
    """The base of all samplers; a subclass defines ``__iter__``."""

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError


class SequentialSampler(Sampler):
    """The rows in order."""

    def __init__(self, data_source: Any) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


def _check_count(num_samples: Any) -> None:
    if not isinstance(num_samples, int) or isinstance(num_samples, bool) or num_samples <= 0:
        raise ValueError(
            f"num_samples should be a positive integer value, but got num_samples={num_samples}"
        )


class RandomSampler(Sampler):
    """The rows in random order, or drawn with replacement."""

    def __init__(
        self,
        data_source: Any,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(replacement, bool):
            raise TypeError(
                f"replacement should be a boolean value, but got replacement={replacement}"
            )
        _check_count(self.num_samples)

    @property
    def num_samples(self) -> int:
        """How many rows one pass takes."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        rows = len(self.data_source)
        count = rows if self._num_samples is None else self._num_samples
        stream = self.generator
        if stream is None:
            stream = Generator().manual_seed(default_generator().random_seed())
        state.make_room((rows,), ORDER_ITEMSIZE)
        if self.replacement:
            for size in (*itertools.repeat(32, count // 32), count % 32):
                yield from randint(rows, (size,), generator=stream).array.tolist()
            return
        for _ in range(count // rows):
            yield from stream.randperm(rows).tolist()
        # Of this one PyTorch often takes no rows, but it is drawn.
        yield from stream.randperm(rows).tolist()[: count % rows]

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler):
    """Some rows in random order."""

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        stream = self.generator or default_generator()
        state.make_room((len(self.indices),), ORDER_ITEMSIZE)
        for place in stream.randperm(len(self.indices)).tolist():
            yield self.indices[place]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler):
    """Rows drawn with these weights."""

    def __init__(
        self,
        weights: Sequence[float],
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        _check_count(num_samples)
        if not isinstance(replacement, bool):
            raise ValueError(
                f"replacement should be a boolean value, but got replacement={replacement}"
            )
        self.weights = creation.as_tensor(weights, dtype=float64)
        if self.weights.ndim != 1:
            raise ValueError(
                "weights should be a 1d sequence but given weights have shape "
                f"{tuple(self.weights.shape)}"
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        how: dict[str, Any] = {"replacement": self.replacement, "generator": self.generator}
        yield from multinomial(self.weights, self.num_samples, **how).array.tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler):
    """The rows of another sampler, so many at a time."""

    def __init__(self, sampler: Iterable[Any], batch_size: int, drop_last: bool) -> None:
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0:
            raise ValueError(
                f"batch_size should be a positive integer value, but got batch_size={batch_size}"
            )
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[Any]]:
        order = iter(self.sampler)
        while batch := self._next(order):
            if self.drop_last and len(batch) < self.batch_size:
                return
            yield batch

    def _next(self, order: Iterator[Any]) -> list[Any]:
        """The next rows; what a dataset says of its length may be more than there is."""
        batch: list[Any] = []
        most = self.batch_size
        while part := list(itertools.islice(order, min(most - len(batch), ROWS_AT_ONCE))):
            batch += part
            if len(part) == ROWS_AT_ONCE:
                state.make_room((len(batch),), ORDER_ITEMSIZE)
        return batch

    def __len__(self) -> int:
        rows = len(self.sampler)  # type: ignore[arg-type]
        return rows // self.batch_size if self.drop_last else -(-rows // self.batch_size)
