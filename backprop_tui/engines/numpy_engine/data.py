"""``torch.utils.data``: the loader that makes batches of a dataset's rows.

Random numbers are drawn in PyTorch's order: every pass over a ``DataLoader`` draws a base seed from
its generator, and a shuffled one then draws the seed of the permutation.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine import creation, events, shaping
from backprop_tui.engines.numpy_engine.datasets import IterableDataset, only_data, rows_of
from backprop_tui.engines.numpy_engine.dtypes import float64
from backprop_tui.engines.numpy_engine.generator import Generator
from backprop_tui.engines.numpy_engine.random import default_generator
from backprop_tui.engines.numpy_engine.samplers import (
    BatchSampler,
    RandomSampler,
    SequentialSampler,
)
from backprop_tui.engines.numpy_engine.tensor import Tensor

__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]


def get_worker_info() -> None:
    """Which of several processes this is: there is one only."""


class DataLoader:
    """Batches of a dataset, one pass for each ``for`` loop."""

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Sequence[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        *,
        generator: Generator | None = None,
    ) -> None:
        if num_workers < 0:
            raise ValueError(
                "num_workers option should be non-negative; use num_workers=0 to disable "
                "multiprocessing."
            )
        self.dataset = dataset
        self.num_workers = num_workers
        self.pin_memory = pin_memory
        self._iterable = isinstance(dataset, IterableDataset)
        if self._iterable:
            _check_unspecified(shuffle or None, sampler, batch_sampler)
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, "
                    "sampler, and drop_last"
                )
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError(
                "batch_size=None option disables auto-batching and is mutually exclusive with "
                "drop_last"
            )
        if sampler is None:
            if self._iterable:
                sampler = itertools.repeat(None)
            elif shuffle:
                sampler = RandomSampler(dataset, generator=generator)
            else:
                sampler = SequentialSampler(dataset)
        if batch_size is not None and batch_sampler is None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.generator = generator
        whole = batch_sampler is None
        self.collate_fn = collate_fn or (default_convert if whole else default_collate)

    def __len__(self) -> int:
        if not self._iterable:
            return len(self.sampler if self.batch_sampler is None else self.batch_sampler)  # type: ignore[arg-type]
        rows = len(self.dataset)
        if self.batch_size is None:
            return rows
        return rows // self.batch_size if self.drop_last else math.ceil(rows / self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        # The base seed would be for worker processes; PyTorch draws it even without any.
        (self.generator or default_generator()).random_seed()
        return self._in_turn(iter(self.dataset)) if self._iterable else self._by_index()

    def _by_index(self) -> Iterator[Any]:
        if self.batch_sampler is None:
            for index in self.sampler:
                yield self._collated(_fetch(self.dataset, operator.getitem, index))
            return
        for batch in self.batch_sampler:
            yield self._collated(_fetch(self.dataset, rows_of, batch))

    def _in_turn(self, rows: Iterator[Any]) -> Iterator[Any]:
        if self.batch_size is None:
            for row in rows:
                yield self._collated(row)
            return
        ended = False
        while not ended and (batch := list(itertools.islice(rows, self.batch_size))):
            ended = len(batch) < self.batch_size
            if not (ended and self.drop_last):
                yield self._collated(batch)

    def _collated(self, rows: Any) -> Any:
        return self.collate_fn(rows)


def _check_unspecified(shuffle: Any, sampler: Any, batch_sampler: Any) -> None:
    given = {"shuffle": shuffle, "sampler": sampler, "batch_sampler": batch_sampler}
    for name, value in given.items():
        if value is not None:
            raise ValueError(
                f"DataLoader with IterableDataset: expected unspecified {name} option, but got "
                f"{name}={value}"
            )


def _fetch(dataset: Any, pick: Callable[[Any, Any], Any], which: Any) -> Any:
    """Rows; picking those of data tensors is the loader's business and is not told."""
    if only_data(dataset):
        with events.muted():
            return pick(dataset, which)
    return pick(dataset, which)


def default_convert(data: Any) -> Any:
    """NumPy's arrays as tensors, the rest as it is."""
    if isinstance(data, Tensor | str):
        return data
    if isinstance(data, np.ndarray):
        return creation.as_tensor(data)
    if isinstance(data, np.generic):
        return creation.as_tensor(np.asarray(data))
    if isinstance(data, dict):
        return type(data)({key: default_convert(part) for key, part in data.items()})
    if isinstance(data, tuple | list):
        return [default_convert(part) for part in data]
    return data


def default_collate(batch: Sequence[Any]) -> Any:
    """Rows to one batch: tensors stacked, numbers to a tensor, tuples and dicts part by part.

    Raises TypeError for rows of anything else.
    """
    first = batch[0]
    if isinstance(first, Tensor):
        if any(tensor.requires_grad for tensor in batch):
            return shaping.stack(list(batch))
        with events.muted():
            return shaping.stack(list(batch))
    if isinstance(first, np.ndarray):
        return default_collate([creation.as_tensor(array) for array in batch])
    if isinstance(first, np.generic):
        return creation.tensor(np.array(batch))
    if isinstance(first, float):
        return creation.tensor(list(batch), dtype=float64)
    if isinstance(first, int):
        return creation.tensor(list(batch))
    if isinstance(first, str):
        return batch
    if isinstance(first, dict):
        return type(first)({key: default_collate([row[key] for row in batch]) for key in first})
    if isinstance(first, tuple | list):
        if any(len(row) != len(first) for row in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        return [default_collate(part) for part in _columns(batch)]
    raise TypeError(
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; "
        f"found {type(first)}"
    )


def _columns(batch: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    return list(zip(*batch, strict=True))
