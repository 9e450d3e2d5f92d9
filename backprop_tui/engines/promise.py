"""Numbers that are read when somebody asks for them, not when they are told.

An engine may tell a ``Promise`` wherever it tells an Array. Who asks a value or a step for that
field gets the numbers, and it holds them from then on:

    told = TensorValue(3, promise, …)     nothing is read
    told.data                             an Array: the numbers as they were when it was told

Who promises sees to it that the numbers are read before anything writes to them.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, TypeVar

import numpy as np

_T = TypeVar("_T")


class Promise:
    """An array to come; NumPy's functions take it for the array."""

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.shape = shape
        self.dtype = dtype

    def numbers(self) -> np.ndarray[Any, Any]:
        """The array, the same one each time; may be asked for in any thread."""
        raise NotImplementedError

    @property
    def ndim(self) -> int:
        """How many dimensions it has."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """How many bytes they take."""
        return self.size * self.dtype.itemsize

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.array(self.numbers(), dtype, copy=copy)


class _Asked(property):
    """A field of which a Promise is kept as soon as somebody asks for it."""

    def __init__(self, slot: Any) -> None:
        #: where the field is, with what it was given
        self.slot = slot
        read, write = slot.__get__, slot.__set__

        def ask(owner: Any) -> Any:
            value = read(owner)
            if type(value) is np.ndarray:
                return value
            there = kept(value)
            if there is not value:
                write(owner, there)
            return there

        super().__init__(ask, write)


def asked(*names: str) -> Callable[[type[_T]], type[_T]]:
    """A class with slots whose fields of these names may be given Promises, also several in a
    tuple or a dict."""

    def decorated(cls: type[_T]) -> type[_T]:
        for name in names:
            setattr(cls, name, _Asked(vars(cls)[name]))
        return cls

    return decorated


def kept(value: Any) -> Any:
    """The value, numbers for promises; itself if there is none."""
    if isinstance(value, Promise):
        return value.numbers()
    if isinstance(value, tuple):
        return tuple(map(kept, value)) if any(isinstance(v, Promise) for v in value) else value
    if isinstance(value, dict) and any(isinstance(v, Promise) for v in value.values()):
        return {key: kept(item) for key, item in value.items()}
    return value


def given(owner: Any, name: str) -> Any:
    """What a field was given: a Promise if nobody has asked for it yet."""
    return vars(type(owner))[name].slot.__get__(owner)
