"""PyTorch's two modes: every function as it is called, and every ATen operation that it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode


class Watching(Protocol):
    """Who is told by the modes, and does the work."""

    quiet: int

    def call(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """A function of PyTorch's is called."""

    def dispatch(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """An ATen operation runs."""


#: What only looks at a tensor: no operation runs.
LOOKS = frozenset(
    getattr(torch.Tensor, name).__get__
    for name in (
        "_backward_hooks",
        "_version",
        "device",
        "dtype",
        "grad_fn",
        "is_leaf",
        "is_sparse",
        "layout",
        "ndim",
        "output_nr",
        "requires_grad",
        "retains_grad",
        "shape",
    )
).union([torch.Tensor.size, torch.Tensor.dim, torch.Tensor.stride, torch.Tensor.is_contiguous])


class FunctionMode(TorchFunctionMode):  # type: ignore[misc]
    """Sees every function of PyTorch's as it is called."""

    def __init__(self, recorder: Watching) -> None:
        super().__init__()
        self.recorder = recorder

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        recorder = self.recorder
        if recorder.quiet or func in LOOKS:
            return func(*args, **(kwargs or {}))
        return recorder.call(func, args, kwargs or {})


class DispatchMode(TorchDispatchMode):  # type: ignore[misc]
    """Sees every ATen operation."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Nothing here is compiled, so PyTorch need not guard every operation against it."""
        return False

    def __init__(self, recorder: Watching) -> None:
        super().__init__()
        self.recorder = recorder

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        return self.recorder.dispatch(func, args, kwargs or {})


@contextmanager
def operations_unseen(recorder: Watching) -> Iterator[None]:
    """Inside, PyTorch runs operations without saying so, unless somebody else listens as well."""
    top = torch._C._len_torch_dispatch_stack() - 1
    mode = torch._C._get_dispatch_stack_at(top) if top >= 0 else None
    if type(mode) is not DispatchMode or mode.recorder is not recorder:
        yield
        return
    torch._C._pop_torch_dispatch_stack(None)
    try:
        yield
    finally:
        torch._C._push_on_torch_dispatch_stack(mode)
