"""The kinds of methods: a function of ``torch`` with the tensor in front, an operator, in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


class Door:
    """``torch`` for methods: a function is looked for in the rooms when it is first asked for.

    The package names the rooms: they need tensors, and tensors need their methods.
    """

    rooms: tuple[Any, ...] = ()

    def __getattr__(self, name: str) -> Any:
        for room in self.rooms:
            if hasattr(room, name):
                found = getattr(room, name)
                setattr(self, name, found)
                return found
        raise AttributeError(name)


F = Door()


class Operand:
    """What an operator can have on its other side, besides numbers: a tensor."""

    __slots__ = ()


def of(name: str) -> Callable[..., Any]:
    """The method that is ``torch.<name>`` with the tensor as its first argument."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(F, name)(self, *args, **kwargs)

    method.__name__ = method.__qualname__ = name
    return method


def of_sizes(name: str) -> Callable[..., Any]:
    """Like ``of``, for a function whose sizes may be given one by one."""

    def method(self: Any, *given: Any) -> Any:
        return getattr(F, name)(self, F.sizes(given))

    method.__name__ = method.__qualname__ = name
    return method


def in_place(op: str) -> Callable[..., Any]:
    """The method that runs an op and writes the result into the tensor."""

    def method(self: Any, *args: Any, **attrs: Any) -> Any:
        return F.apply_(op, self, *args, **attrs)

    method.__name__ = method.__qualname__ = f"{op}_"
    return method


def operator(name: str) -> Callable[..., Any]:
    """``x ∘ y`` for tensors and numbers; other operands are left to Python's own error."""

    def method(self: Any, other: Any) -> Any:
        if isinstance(other, Operand | int | float | np.number):
            return getattr(F, name)(self, other)
        return NotImplemented

    method.__name__ = method.__qualname__ = name
    return method


def reflected(name: str) -> Callable[..., Any]:
    """``y ∘ x`` where y is a number."""

    def method(self: Any, other: Any) -> Any:
        if isinstance(other, int | float | np.number):
            return getattr(F, name)(other, self)
        return NotImplemented

    method.__name__ = method.__qualname__ = name
    return method


def assigning(op: str) -> Callable[..., Any]:
    """``x ∘= y``."""

    def method(self: Any, other: Any) -> Any:
        return F.apply_(op, self, other)

    method.__name__ = method.__qualname__ = f"i{op}"
    return method
