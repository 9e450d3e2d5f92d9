"""Datasets and loaders against torch: batches, their order, and the draws that made it."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import backprop_tui.engines.numpy_engine.random as R
from backprop_tui.engines.numpy_engine import creation, data, datasets, dtypes, samplers
from backprop_tui.engines.numpy_engine.engine import NumpyEngine
from backprop_tui.engines.numpy_engine.tensor import Tensor

OURS = SimpleNamespace(
    data=SimpleNamespace(**{**vars(datasets), **vars(samplers), **vars(data)}),
    arange=creation.arange, tensor=creation.tensor, rand=R.rand,
    manual_seed=R.manual_seed, Generator=R.Generator, float32=dtypes.float32,
)  # fmt: skip
TORCH = SimpleNamespace(
    data=torch.utils.data, arange=torch.arange, tensor=torch.tensor, rand=torch.rand,
    manual_seed=torch.manual_seed, Generator=torch.Generator, float32=torch.float32,
)  # fmt: skip


def plain(value: object) -> object:
    """Tensors as lists with their dtype, containers as they are."""
    if isinstance(value, Tensor):
        return (value.dtype.name, value.array.tolist())
    if isinstance(value, torch.Tensor):
        return (str(value.dtype), value.tolist())
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value).__name__, [plain(part) for part in value]
    return value


def points(t: SimpleNamespace, rows: int) -> object:
    x = t.arange(2 * rows, dtype=t.float32)
    return t.data.TensorDataset(t.tensor([[i, -i] for i in range(rows)]), x[:rows])


class Squares:
    """A dataset of one's own; the base class is mixed in on either side."""

    def __len__(self) -> int:
        return 7

    def __getitem__(self, index: int) -> tuple[float, int, dict[str, int], str]:
        return index * 0.5, index * index, {"i": index}, f"row {index}"


class Countdown:
    """Rows one after the other."""

    def __init__(self, start: int) -> None:
        self.start = start

    def __iter__(self) -> Iterator[float]:
        yield from (float(n) for n in range(self.start, 0, -1))


def countdown(t: SimpleNamespace, start: int) -> object:
    return type("Countdown", (Countdown, t.data.IterableDataset), {})(start)


class Odd:
    """An order of one's own."""

    def __iter__(self) -> Iterator[int]:
        return iter([5, 3, 1])

    def __len__(self) -> int:
        return 3


def squares(t: SimpleNamespace) -> object:
    return type("Net", (Squares, t.data.Dataset), {})()


LOADERS = {
    "as it is": lambda t: t.data.DataLoader(points(t, 5)),
    "batches": lambda t: t.data.DataLoader(points(t, 6), batch_size=4),
    "batches that fit": lambda t: t.data.DataLoader(points(t, 6), batch_size=3, shuffle=True),
    "the last dropped": lambda t: t.data.DataLoader(points(t, 7), 3, True, drop_last=True),
    "shuffled": lambda t: t.data.DataLoader(points(t, 10), batch_size=3, shuffle=True),
    "one by one": lambda t: t.data.DataLoader(points(t, 5), batch_size=1, shuffle=True),
    "a generator": lambda t: t.data.DataLoader(
        points(t, 8), batch_size=3, shuffle=True, generator=t.Generator().manual_seed(3)
    ),
    "a generator, in order": lambda t: t.data.DataLoader(
        points(t, 4), generator=t.Generator().manual_seed(3)
    ),
    "one's own": lambda t: t.data.DataLoader(squares(t), batch_size=2, shuffle=True),
    "a subset": lambda t: t.data.DataLoader(
        t.data.Subset(points(t, 9), [5, 3, 1]), batch_size=2, shuffle=True
    ),
    "a list of rows": lambda t: t.data.DataLoader(
        [(t.tensor([1.0]), 2), (t.tensor([3.0]), 4)], batch_size=2
    ),
    "one's own collation": lambda t: t.data.DataLoader(range(5), 2, collate_fn=list),
    "a sampler": lambda t: t.data.DataLoader(
        points(t, 6), 2, sampler=t.data.SubsetRandomSampler([4, 2, 0])
    ),
    "weights": lambda t: t.data.DataLoader(
        points(t, 4), 3, sampler=t.data.WeightedRandomSampler([0.1, 0.9, 0.4, 0.0], 7)
    ),
    "weights, each once": lambda t: t.data.DataLoader(
        points(t, 4),
        3,
        sampler=(
            t.data.WeightedRandomSampler([1, 9, 4, 2], 3, False, t.Generator().manual_seed(2))
        ),
    ),
    "with replacement": lambda t: t.data.DataLoader(
        points(t, 5), 40, sampler=t.data.RandomSampler(points(t, 5), True, 70)
    ),
    "more than there are": lambda t: t.data.DataLoader(
        points(t, 5), 4, sampler=t.data.RandomSampler(points(t, 5), num_samples=12)
    ),
    "batches of a sampler": lambda t: t.data.DataLoader(
        points(t, 5),
        batch_sampler=(t.data.BatchSampler(t.data.SequentialSampler(range(5)), 2, drop_last=True)),
    ),
    "a list of batches": lambda t: t.data.DataLoader(points(t, 5), batch_sampler=[[0], [4, 1]]),
    "an order of one's own": lambda t: t.data.DataLoader(
        points(t, 6), 2, sampler=type("Odd", (Odd, t.data.Sampler), {})()
    ),
    "no batches": lambda t: t.data.DataLoader(squares(t), batch_size=None),
    "datasets joined": lambda t: t.data.DataLoader(
        t.data.ConcatDataset([points(t, 3), points(t, 4)]), 3, shuffle=True
    ),
    "datasets added": lambda t: t.data.DataLoader(points(t, 2) + points(t, 3), 2),
    "datasets side by side": lambda t: t.data.DataLoader(
        t.data.StackDataset(points(t, 7), squares(t)), 3, shuffle=True
    ),
    "datasets by name": lambda t: t.data.DataLoader(
        t.data.StackDataset(x=points(t, 7), y=squares(t)), 3
    ),
    "a random split": lambda t: t.data.DataLoader(
        t.data.random_split(points(t, 10), [7, 3])[0], batch_size=2, shuffle=True
    ),
}


@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("name", LOADERS)
def test_two_passes_equal_torch(name: str, seed: int) -> None:
    seen = []
    for t in (OURS, TORCH):
        t.manual_seed(seed)
        loader = LOADERS[name](t)
        passes = [[plain(batch) for batch in loader] for _ in range(2)]
        seen.append((len(loader), loader.batch_size, passes, plain(t.rand(2))))
    assert seen[0] == seen[1]


ITERABLE = {
    "one after the other": lambda t: t.data.DataLoader(countdown(t, 5), batch_size=2),
    "the last dropped": lambda t: t.data.DataLoader(countdown(t, 5), batch_size=2, drop_last=True),
    "no batches": lambda t: t.data.DataLoader(countdown(t, 3), batch_size=None),
    "a chain": lambda t: t.data.DataLoader(
        t.data.ChainDataset([countdown(t, 2), countdown(t, 3)]), batch_size=3, collate_fn=list
    ),
    "a sum": lambda t: t.data.DataLoader(countdown(t, 2) + countdown(t, 3), batch_size=4),
}


@pytest.mark.parametrize("name", ITERABLE)
def test_rows_one_after_the_other(name: str) -> None:
    seen = []
    for t in (OURS, TORCH):
        t.manual_seed(1)
        loader = ITERABLE[name](t)
        seen.append([[plain(batch) for batch in loader] for _ in range(2)])
        seen[-1].append(plain(t.rand(2)))
    assert seen[0] == seen[1]


def test_a_pass_left_early_takes_no_more_draws() -> None:
    seen = []
    for t in (OURS, TORCH):
        t.manual_seed(1)
        generator = t.Generator().manual_seed(4)
        loader = t.data.DataLoader(points(t, 6), 3, shuffle=True, generator=generator)
        first, second = next(iter(loader)), next(iter(loader))
        seen.append((plain(first), plain(second), plain(t.rand(1, generator=generator))))
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    "lengths", [[6, 4], [10], [0.7, 0.3], [0.5, 0.25, 0.25], [1 / 3, 1 / 3, 1 / 3]], ids=str
)
def test_random_split(lengths: list[float]) -> None:
    seen = []
    for t in (OURS, TORCH):
        t.manual_seed(2)
        own = t.data.random_split(range(10), lengths, t.Generator().manual_seed(1))
        parts = t.data.random_split(points(t, 10), lengths)
        seen.append([[list(p.indices), len(p)] for p in (*own, *parts)])
        seen[-1].append(plain(parts[0][0]))
    assert seen[0] == seen[1]


REFUSED = [
    lambda t: t.data.random_split(range(10), [3, 3]),
    lambda t: t.data.DataLoader(points(t, 3), batch_size=0),
    lambda t: t.data.DataLoader(points(t, 3), batch_size=None, drop_last=True),
    lambda t: t.data.DataLoader(points(t, 3), num_workers=-1),
    lambda t: t.data.DataLoader(points(t, 0), shuffle=True),
    lambda t: t.data.TensorDataset(t.tensor([1]), t.tensor([1, 2])),
    lambda t: t.data.Dataset()[0],
    lambda t: t.data.ConcatDataset([]),
    lambda t: t.data.ConcatDataset([countdown(t, 2)]),
    lambda t: t.data.ConcatDataset([range(2)])[-3],
    lambda t: t.data.StackDataset(range(2), range(3)),
    lambda t: t.data.StackDataset(),
    lambda t: t.data.StackDataset(range(2), x=range(2)),
    lambda t: list(t.data.ChainDataset([range(2)])),
    lambda t: t.data.DataLoader(points(t, 3), sampler=range(3), shuffle=True),
    lambda t: t.data.DataLoader(points(t, 3), batch_sampler=[[1]], batch_size=2),
    lambda t: t.data.DataLoader(countdown(t, 3), shuffle=True),
    lambda t: t.data.DataLoader(countdown(t, 3), sampler=[1]),
    lambda t: t.data.DataLoader(countdown(t, 3), batch_sampler=[[1]]),
    lambda t: t.data.RandomSampler(range(3), replacement=1),
    lambda t: t.data.RandomSampler(range(3), num_samples=0),
    lambda t: t.data.WeightedRandomSampler([1.0], 0),
    lambda t: t.data.WeightedRandomSampler([1.0], 1, replacement=2),
    lambda t: t.data.WeightedRandomSampler([[1.0]], 1),
    lambda t: t.data.BatchSampler([1], 0, True),
    lambda t: t.data.BatchSampler([1], 1, 1),
    lambda t: next(iter(t.data.DataLoader([None, None]))),
    lambda t: next(iter(t.data.DataLoader([(1, 2), (1,)], batch_size=2))),
]


@pytest.mark.parametrize("refused", REFUSED, ids=range(len(REFUSED)))
def test_errors_in_torchs_words(refused: object) -> None:
    found = []
    for t in (OURS, TORCH):
        with pytest.raises(Exception) as raised:  # noqa: PT011
            refused(t)
        found.append((raised.type, str(raised.value)))
    assert found[0] == found[1]


class Told:
    """Keeps the names of what an engine tells."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __getattr__(self, name: str) -> object:
        return lambda *what, **more: self.names.append(what[0] if name == "forward" else name)


def test_making_a_batch_is_not_told_unless_gradients_flow_through_it() -> None:
    engine = NumpyEngine()
    engine.listener = told = Told()
    with engine.active():
        rows = creation.tensor([[1.0], [2.0]])
        list(data.DataLoader(datasets.TensorDataset(rows), batch_size=2))
        assert told.names == []
        rows.requires_grad_()
        told.names.clear()
        [[batch]] = data.DataLoader(datasets.TensorDataset(rows), batch_size=2)
        assert told.names == ["select", "select", "stack"]
        assert batch.requires_grad


def test_batches_own_their_numbers() -> None:
    rows = creation.tensor([[1.0], [2.0]])
    [[batch]] = data.DataLoader(datasets.TensorDataset(rows), batch_size=2)
    batch._write(0)
    np.testing.assert_array_equal(rows.array, [[1.0], [2.0]])
