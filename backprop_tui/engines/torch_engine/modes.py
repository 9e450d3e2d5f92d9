"""PyTorch's two modes: every function as it is called, and every ATen operation that it runs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode


class Watching(Protocol):
    """Who is told by the modes, and does the work."""

    quiet: int
    #: functions that are told in their own way
    handled: Mapping[Any, Callable[..., Any]]
    #: the mode that is off while PyTorch runs unseen
    aside: DispatchMode | None

    def plainly(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
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


_NONE: Mapping[str, Any] = {}


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
            return func(*args, **kwargs) if kwargs else func(*args)
        handler = recorder.handled.get(func)
        if handler is None:
            return recorder.plainly(func, args, kwargs or _NONE)
        return handler(recorder, func, args, kwargs or _NONE)


_COMPOSITE = torch._C.DispatchKey.CompositeImplicitAutograd


@functools.cache
def _composed(func: Any) -> bool:
    """Whether an operation is put together of others."""
    kernel = torch._C._dispatch_has_kernel_for_dispatch_key
    return bool(kernel(func.name(), _COMPOSITE))


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
        if torch.is_inference_mode_enabled() and _composed(func):
            # Without autograd PyTorch hands on whole what is put together of operations.
            with self:
                return func._op_dk(_COMPOSITE, *args, **(kwargs or {}))
        return self.recorder.dispatch(func, args, kwargs or _NONE)


class functions_unseen:  # noqa: N801
    """Inside, functions of PyTorch's are called without saying so, unless somebody else listens as
    well."""

    __slots__ = ("mode", "recorder")

    def __init__(self, recorder: Watching) -> None:
        self.recorder = recorder
        self.mode: FunctionMode | None = None

    def __enter__(self) -> None:
        top = torch._C._len_torch_function_stack() - 1
        mode = torch._C._get_function_stack_at(top) if top >= 0 else None
        if type(mode) is FunctionMode and mode.recorder is self.recorder:
            self.mode = mode
            torch._C._pop_torch_function_stack()

    def __exit__(self, *_: object) -> None:
        if self.mode is not None:
            torch._C._push_on_torch_function_stack(self.mode)


class operations_unseen:  # noqa: N801
    """Inside, PyTorch runs operations without saying so, unless somebody else listens as well."""

    __slots__ = ("mode", "recorder")

    def __init__(self, recorder: Watching) -> None:
        self.recorder = recorder
        self.mode: DispatchMode | None = None

    def __enter__(self) -> operations_unseen:
        top = torch._C._len_torch_dispatch_stack() - 1
        mode = torch._C._get_dispatch_stack_at(top) if top >= 0 else None
        if type(mode) is DispatchMode and mode.recorder is self.recorder:
            self.mode = self.recorder.aside = mode
            torch._C._pop_torch_dispatch_stack(None)
        return self

    def __exit__(self, *_: object) -> None:
        if self.mode is not None:
            self.recorder.aside = None
            torch._C._push_on_torch_dispatch_stack(self.mode)


class operations_seen:  # noqa: N801
    """Inside, PyTorch says again what it runs, though it is unseen outside."""

    __slots__ = ("mode", "recorder")

    def __init__(self, recorder: Watching) -> None:
        self.recorder = recorder
        self.mode = recorder.aside

    def __enter__(self) -> None:
        if self.mode is not None:
            self.recorder.aside = None
            torch._C._push_on_torch_dispatch_stack(self.mode)

    def __exit__(self, *_: object) -> None:
        if self.mode is not None:
            torch._C._pop_torch_dispatch_stack(None)
            self.recorder.aside = self.mode
