"""How much room an operation's output takes, asked for before it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from backprop_tui.engines.torch_engine.aten import Plan

Allocate = Callable[[tuple[int, ...], int], None]

#: An operation whose inputs hold no more than this many pairs of elements is small in any case.
SMALL = 1 << 20


def ask_for_room(
    allocate: Allocate, plan: Plan, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> None:
    """Ask for the room of an output: exactly where it may be large, else about that of an input."""
    pairs, largest, itemsize, given = 1, 1, 8, False
    for one in args:
        for tensor in one if isinstance(one, list | tuple) else (one,):
            if isinstance(tensor, torch.Tensor):
                given, itemsize = True, tensor.element_size()
                pairs *= max(tensor.numel(), 1)
                largest = max(largest, tensor.numel())
    if given and pairs <= SMALL and plan.name not in ("repeat", "expand") and not plan.silent:
        allocate((largest,), itemsize)
        return
    for output in tensors_of(_on_meta(func, args, kwargs)):
        allocate(tuple(output.shape), output.element_size())


def tensors_of(output: Any) -> list[Any]:
    """The tensors that an operation returned."""
    if isinstance(output, torch.Tensor):
        return [output]
    if isinstance(output, list | tuple):
        return [one for one in output if isinstance(one, torch.Tensor)]
    return []


def _on_meta(func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """What an operation would return, without its numbers; nothing if that cannot be known."""

    def there(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return torch.empty_strided(
                value.shape, value.stride(), dtype=value.dtype, device="meta"
            )
        if isinstance(value, list | tuple):
            return [there(part) for part in value]
        return value

    try:
        with torch.no_grad():
            moved = {name: there(value) for name, value in kwargs.items()}
            if "device" in moved:
                moved["device"] = torch.device("meta")
            moved.pop("pin_memory", None)
            if isinstance(moved.get("generator"), torch.Generator):
                moved["generator"] = None
            return func(*[there(value) for value in args], **moved)
    except (RuntimeError, NotImplementedError, TypeError, ValueError, IndexError):
        return None
