"""``torch.utils.data``: datasets, by index or one after the other, and datasets made of others."""

from __future__ import annotations

import bisect
import itertools
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from backprop_tui.engines.numpy_engine import state
from backprop_tui.engines.numpy_engine.generator import Generator
from backprop_tui.engines.numpy_engine.random import default_generator
from backprop_tui.engines.numpy_engine.tensor import Tensor

__all__ = [
    "ChainDataset",
    "ConcatDataset",
    "Dataset",
    "IterableDataset",
    "StackDataset",
    "Subset",
    "TensorDataset",
    "random_split",
]

#: Bytes of one row's number in an order of rows.
ORDER_ITEMSIZE = 40


class Dataset:
    """The base of all datasets; a subclass defines ``__getitem__`` and ``__len__``."""

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")

    def __add__(self, other: Dataset) -> ConcatDataset:
        return ConcatDataset([self, other])


class IterableDataset(Dataset):
    """Rows one after the other; a subclass defines ``__iter__``."""

    def __add__(self, other: Dataset) -> Any:
        return ChainDataset([self, other])


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


class ConcatDataset(Dataset):
    """The rows of several datasets, one dataset after the other."""

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise AssertionError("ConcatDataset does not support IterableDataset")
        self.cumulative_sizes = list(itertools.accumulate(map(len, self.datasets)))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: Any) -> Any:
        if index < 0:
            if -index > len(self):
                raise ValueError("absolute value of index should not exceed dataset length")
            index += len(self)
        number = bisect.bisect_right(self.cumulative_sizes, index)
        before = self.cumulative_sizes[number - 1] if number else 0
        return self.datasets[number][index - before]


class StackDataset(Dataset):
    """The rows of several datasets side by side, as tuples or by name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args and kwargs:
            raise ValueError(
                "Supported either ``tuple``- (via ``args``) or``dict``- (via ``kwargs``) like "
                "input/output, but both types are given."
            )
        if not args and not kwargs:
            raise ValueError("At least one dataset should be passed")
        self.datasets: Any = args or kwargs
        lengths = [len(dataset) for dataset in args or kwargs.values()]
        if any(length != lengths[0] for length in lengths):
            raise ValueError("Size mismatch between datasets")
        self._length = lengths[0]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(self.datasets, dict):
            return {name: dataset[index] for name, dataset in self.datasets.items()}
        return tuple(dataset[index] for dataset in self.datasets)

    def __getitems__(self, indices: Sequence[Any]) -> list[Any]:
        """Several rows: all of the first dataset's, then all of the second's."""
        if isinstance(self.datasets, dict):
            names = list(self.datasets)
            columns = [rows_of(dataset, indices) for dataset in self.datasets.values()]
            return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        return list(zip(*(rows_of(dataset, indices) for dataset in self.datasets), strict=True))

    def __len__(self) -> int:
        return self._length


class ChainDataset(IterableDataset):
    """The rows of several iterable datasets, one dataset after the other."""

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = datasets

    def _each(self) -> Iterator[Any]:
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise AssertionError("ChainDataset only supports IterableDataset")
            yield dataset

    def __iter__(self) -> Iterator[Any]:
        for dataset in self._each():
            yield from dataset

    def __len__(self) -> int:
        return sum(len(dataset) for dataset in self._each())


def rows_of(dataset: Any, indices: Sequence[Any]) -> list[Any]:
    """Several rows of a dataset, in the order in which PyTorch asks for them."""
    if type(dataset) is Subset:
        return rows_of(dataset.dataset, [dataset.indices[index] for index in indices])
    if isinstance(dataset, StackDataset):
        return dataset.__getitems__(indices)
    return [dataset[index] for index in indices]


def only_data(dataset: Any) -> bool:
    """Whether its rows are parts of tensors that want no gradient: picking them is no step."""
    if type(dataset) is Subset:
        return only_data(dataset.dataset)
    if type(dataset) is ConcatDataset:
        return all(map(only_data, dataset.datasets))
    if type(dataset) is StackDataset:
        parts = dataset.datasets
        return all(map(only_data, parts.values() if isinstance(parts, dict) else parts))
    return type(dataset) is TensorDataset and not any(t.requires_grad for t in dataset.tensors)


def random_split(
    dataset: Any, lengths: Sequence[int | float], generator: Generator | None = None
) -> list[Subset]:
    """Divide the rows at random into parts of these lengths, or of these fractions."""
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        lengths = _lengths_of(lengths, dataset)
    total = sum(lengths)
    if total != len(dataset):
        raise ValueError("Sum of input lengths does not equal the length of the input dataset!")
    state.make_room((int(total),), ORDER_ITEMSIZE)
    order = (generator or default_generator()).randperm(int(total)).tolist()
    ends = [int(end) for end in itertools.accumulate(lengths)]
    return [
        Subset(dataset, order[end - int(length) : end])
        for end, length in zip(ends, lengths, strict=True)
    ]


def _lengths_of(fractions: Sequence[float], dataset: Any) -> list[int]:
    """Whole lengths for fractions; what is left over goes to the parts in turn.

    A dataset of one's own is asked for its length as often as PyTorch asks.
    """
    for position, fraction in enumerate(fractions):
        if fraction < 0 or fraction > 1:
            raise ValueError(f"Fraction at index {position} is not between 0 and 1")
    lengths = [math.floor(len(dataset) * fraction) for fraction in fractions]
    for position in range(len(dataset) - sum(lengths)):
        lengths[position % len(lengths)] += 1
    for position, length in enumerate(lengths):
        if length == 0:
            warnings.warn(
                f"Length of split at index {position} is 0. This might result in an empty dataset.",
                stacklevel=3,
            )
    return lengths
