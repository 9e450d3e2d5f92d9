"""Iterators that count their rounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


class Counted:
    """An iterator that counts its rounds, whoever walks through it."""

    def __init__(self, iterator: Iterator[Any], tick: Callable[[], None]) -> None:
        self.iterator = iterator
        self.tick = tick

    def __iter__(self) -> Counted:
        return self

    def __next__(self) -> Any:
        self.tick()
        return next(self.iterator)
