"""What a recording asks of PyTorch beside the operations: lengths, and that nothing is compiled."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
import torch.utils.data

from backprop_tui.engines.torch_engine.recorder import current
from backprop_tui.engines.torch_engine.seen import unseen

_CONTAINERS = (torch.nn.Sequential, torch.nn.ModuleList, torch.nn.ModuleDict)


def length(value: Any, is_own: Callable[[str], bool]) -> int | None:
    """How many items there are in PyTorch's own object; None if it is none, or code of the user's
    (in a file that ``is_own``) would have to run to know."""
    if isinstance(value, torch.Tensor):
        with unseen():
            return int(value.shape[0]) if value.ndim else None
    if type(value) in _CONTAINERS:
        return len(value._modules)
    if type(value) is torch.utils.data.DataLoader and not isinstance(
        value.dataset, torch.utils.data.IterableDataset
    ):
        parts = (value.dataset, value.sampler, value.batch_sampler)
        if not any(_runs_own(part, is_own) for part in parts):
            return _batches(value)
    return None


def _runs_own(value: Any, is_own: Callable[[str], bool]) -> bool:
    if isinstance(value, torch.utils.data.Subset):
        return _runs_own(value.dataset, is_own)
    method = getattr(type(value), "__len__", None)
    code = getattr(method, "__code__", None)
    return code is not None and is_own(code.co_filename)


def _batches(loader: Any) -> int | None:
    recorder = current()
    try:
        if recorder is None:
            return len(loader)
        with recorder.muted():
            return len(loader)
    except (TypeError, NotImplementedError):
        return None


@contextmanager
def uncompiled(notice: Callable[[], None]) -> Iterator[None]:
    """Inside, what ``torch.compile`` makes runs as it is written; ``notice`` is called then."""
    plain, said = torch.compile, False
    with ExitStack() as eager:

        def eagerly() -> None:
            eager.enter_context(torch.compiler.set_stance("force_eager"))

        @functools.wraps(plain)
        def compile_(*args: Any, **kwargs: Any) -> Any:
            nonlocal said
            if not said:
                said = True
                notice()
                eagerly()
            return plain(*args, **kwargs)

        if "torch._dynamo.eval_frame" in sys.modules:
            eagerly()  # something may be compiled already
        torch.compile = compile_
        try:
            yield
        finally:
            torch.compile = plain
