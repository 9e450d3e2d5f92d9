"""``torch.utils.data`` at work: what a loader does by itself is not told.

Datasets and ``collate_fn`` of the program's own are told, and asked as often as they would be
without a recorder, but for a sampler's repeated question how long a dataset is.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import torch
import torch.utils.data

from backprop_tui.engines.torch_engine.recorder import current


def fetching(plain: Callable[..., Any]) -> Any:
    """Picking rows of data tensors and stacking them is the loader's business and is not told."""

    @functools.wraps(plain)
    def fetched(self: Any, index: Any) -> Any:
        recorder = current()
        if recorder is None:
            return plain(self, index)
        collate, self.collate_fn = self.collate_fn, _as_it_is
        try:
            with recorder.muted() if _only_data(self.dataset) else nullcontext():
                rows = plain(self, index)
        finally:
            self.collate_fn = collate
        own = collate in (torch.utils.data.default_collate, torch.utils.data.default_convert)
        with recorder.muted() if own and not _wants_grad(rows) else nullcontext():
            return collate(rows)

    return fetched


class _Counted:
    """A dataset whose length is asked only once; PyTorch's sampler asks again and again."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset
        self.length: int | None = None

    def __len__(self) -> int:
        if self.length is None:
            self.length = len(self.dataset)
        return self.length


def counting(plain: Callable[..., Any]) -> Any:
    """``RandomSampler.__init__``."""

    @functools.wraps(plain)
    def begun(self: Any, data_source: Any, *args: Any, **kwargs: Any) -> None:
        plain(self, _Counted(data_source), *args, **kwargs)
        self.data_source = data_source

    return begun


def drawing(plain: Callable[..., Any]) -> Any:
    """``RandomSampler.__iter__``."""

    @functools.wraps(plain)
    def drawn(self: Any) -> Iterator[int]:
        order, counted = plain(self), _Counted(self.data_source)
        while True:
            dataset, self.data_source = self.data_source, counted
            try:
                index = next(order, None)
            finally:
                self.data_source = dataset
            if index is None:
                return
            yield index

    return drawn


def _as_it_is(rows: Any) -> Any:
    return rows


def _only_data(dataset: Any) -> bool:
    """Whether its rows are parts of tensors that want no gradient."""
    if type(dataset) is torch.utils.data.Subset:
        return _only_data(dataset.dataset)
    if type(dataset) in (torch.utils.data.ConcatDataset, torch.utils.data.StackDataset):
        parts = dataset.datasets
        return all(map(_only_data, parts.values() if isinstance(parts, dict) else parts))
    return type(dataset) is torch.utils.data.TensorDataset and not _wants_grad(dataset.tensors)


def _wants_grad(value: Any) -> bool:
    if isinstance(value, torch.Tensor):
        return bool(value.requires_grad)
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list | tuple):
        return False
    return any(_wants_grad(part) for part in value)
