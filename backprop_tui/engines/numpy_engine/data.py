"""``torch.utils.data``: datasets, and the loader that makes batches of them.

Random numbers are drawn in PyTorch's order: every pass over a ``DataLoader`` draws a base seed from
its generator, and a shuffled one then draws the seed of the permutation.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine import creation, events, functional, state
from backprop_tui.engines.numpy_engine.dtypes import float64
from backprop_tui.engines.numpy_engine.generator import Generator
from backprop_tui.engines.numpy_engine.random import default_generator
from backprop_tui.engines.numpy_engine.tensor import Tensor

__all__ = ["DataLoader", "Dataset", "Subset", "TensorDataset", "random_split"]

#: Bytes of one row's number in an order of rows, and how many are taken before they are counted.
ORDER_ITEMSIZE, ROWS_AT_ONCE = 40, 65_536


class Dataset:
    """The base of all datasets; a subclass defines ``__getitem__`` and ``__len__``."""

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")


class TensorDataset(Dataset):
    """Rows of tensors that have the same length."""

    def __init__(self, *tensors: Tensor) -> None:
        if any(tensors[0].array.shape[0] != tensor.array.shape[0] for tensor in tensors):
            raise AssertionError("Size mismatch between tensors")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0].array)


class Subset(Dataset):
    """Some rows of a dataset."""

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __len__(self) -> int:
        return len(self.indices)


def random_split(
    dataset: Any, lengths: Sequence[int | float], generator: Generator | None = None
) -> list[Subset]:
    """Divide the rows at random into parts of these lengths, or of these fractions."""
    total = len(dataset)
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        lengths = _lengths_of(lengths, total)
    if sum(lengths) != total:
        raise ValueError("Sum of input lengths does not equal the length of the input dataset!")
    state.make_room((total,), ORDER_ITEMSIZE)
    order = (generator or default_generator()).randperm(total).tolist()
    ends = [int(end) for end in itertools.accumulate(lengths)]
    return [
        Subset(dataset, order[end - int(length) : end])
        for end, length in zip(ends, lengths, strict=True)
    ]


def _lengths_of(fractions: Sequence[float], total: int) -> list[int]:
    """Whole lengths for fractions; what is left over goes to the parts in turn."""
    for position, fraction in enumerate(fractions):
        if fraction < 0 or fraction > 1:
            raise ValueError(f"Fraction at index {position} is not between 0 and 1")
    lengths = [math.floor(total * fraction) for fraction in fractions]
    for position in range(total - sum(lengths)):
        lengths[position % len(lengths)] += 1
    for position, length in enumerate(lengths):
        if length == 0:
            warnings.warn(
                f"Length of split at index {position} is 0. This might result in an empty dataset.",
                stacklevel=3,
            )
    return lengths


class DataLoader:
    """Batches of a dataset, one pass for each ``for`` loop."""

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        *,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        generator: Generator | None = None,
    ) -> None:
        if num_workers < 0:
            raise ValueError(
                "num_workers option should be non-negative; use num_workers=0 to disable "
                "multiprocessing."
            )
        if batch_size is None and drop_last:
            raise ValueError(
                "batch_size=None option disables auto-batching and is mutually exclusive with "
                "drop_last"
            )
        if batch_size is not None and (type(batch_size) is not int or batch_size <= 0):
            raise ValueError(
                f"batch_size should be a positive integer value, but got batch_size={batch_size}"
            )
        if shuffle and len(dataset) == 0:
            raise ValueError(
                "num_samples should be a positive integer value, but got num_samples=0"
            )
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = bool(shuffle)
        self.num_workers = num_workers
        self.drop_last = drop_last
        self.generator = generator
        self.collate_fn = collate_fn or default_collate

    def __len__(self) -> int:
        rows = len(self.dataset)
        if self.batch_size is None:
            return rows
        return rows // self.batch_size if self.drop_last else -(-rows // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        # The base seed would be for worker processes; PyTorch draws it even without any.
        (self.generator or default_generator()).random_seed()
        return self._batches()

    def _batches(self) -> Iterator[Any]:
        order = self._order()
        if self.batch_size is None:
            for index in order:
                yield _fetch(self.dataset, index)
            return
        while batch := _indices(order, self.batch_size):
            if self.drop_last and len(batch) < self.batch_size:
                return
            rows = [_fetch(self.dataset, index) for index in batch]
            yield self.collate_fn(rows)

    def _order(self) -> Iterator[int]:
        rows = len(self.dataset)
        if not self.shuffle:
            yield from range(rows)
            return
        stream = self.generator
        if stream is None:
            stream = Generator().manual_seed(default_generator().random_seed())
        state.make_room((rows,), ORDER_ITEMSIZE)
        yield from stream.randperm(rows).tolist()
        # PyTorch's sampler draws one more permutation, of which it takes no rows.
        stream.randperm(rows)


def _indices(order: Iterator[int], most: int) -> list[int]:
    """The next rows of a batch; what a dataset says of its length may be more than there is."""
    batch: list[int] = []
    while part := list(itertools.islice(order, min(most - len(batch), ROWS_AT_ONCE))):
        batch += part
        if len(part) == ROWS_AT_ONCE:
            state.make_room((len(batch),), ORDER_ITEMSIZE)
    return batch


def _fetch(dataset: Any, index: int) -> Any:
    """One row; picking rows of data tensors is the loader's business and is not told."""
    inner = dataset
    while isinstance(inner, Subset):
        inner = inner.dataset
    if isinstance(inner, TensorDataset) and not any(t.requires_grad for t in inner.tensors):
        with events.muted():
            return dataset[index]
    return dataset[index]


def default_collate(batch: Sequence[Any]) -> Any:
    """Rows to one batch: tensors stacked, numbers to a tensor, tuples and dicts part by part.

    Raises TypeError for rows of anything else.
    """
    first = batch[0]
    if isinstance(first, Tensor):
        if any(tensor.requires_grad for tensor in batch):
            return functional.stack(list(batch))
        with events.muted():
            return functional.stack(list(batch))
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
        return {key: default_collate([row[key] for row in batch]) for key in first}
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
