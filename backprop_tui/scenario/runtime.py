"""What a running scenario stands on: its engine, its counters, its names and its classes.

The closures that ``expressions`` and ``statements`` make of a syntax tree ask here whenever
something is not plain Python: attributes and items (access.py), calls of functions and classes
(calls.py), text and sizes (here).
"""

from __future__ import annotations

import ast
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from backprop_tui.engines.base import Engine
from backprop_tui.scenario.access import Access
from backprop_tui.scenario.beside import Progress
from backprop_tui.scenario.builtin_names import Builtins, Enumerate, Zip, own_namespaces
from backprop_tui.scenario.census import bytes_of
from backprop_tui.scenario.limits import Budget, Meter
from backprop_tui.scenario.members import getters
from backprop_tui.scenario.numpy_names import NumpyNames
from backprop_tui.scenario.observer import Observer
from backprop_tui.scenario.operators import Operators
from backprop_tui.scenario.text import Text
from backprop_tui.scenario.values import (
    ClassValue,
    Env,
    Namespace,
)
from backprop_tui.trace.steps import Span


class Runtime(Access):
    """One run's values and rules."""

    def __init__(
        self,
        engine: Engine,
        observer: Observer,
        budget: Budget,
        write: Callable[[str], None] | None,
        pulse: Callable[[], None] | None,
    ) -> None:
        self.engine = engine
        self.observer = observer
        self.meter = Meter(budget, pulse, lambda: bytes_of(self._roots()))
        self.text = Text(self.meter, self._describe)
        self.operators = Operators(self.meter, self.text)
        self.add = self.operators.binary(ast.Add)
        self.multiply = self.operators.binary(ast.Mult)
        self.power = self.operators.binary(ast.Pow)
        self.matrix_product = self.operators.binary(ast.MatMult)
        self.globals: dict[str, Any] = {}
        self.classes: dict[type, ClassValue] = {}
        #: The variables of the functions that are running, outermost first.
        self.frames: list[Env] = []
        #: The innermost place of an error on its way up: the error, statement, expression.
        self.failure: tuple[BaseException, Span, Span] | None = None
        #: The errors that handlers are at work on, outermost first.
        self.handling: list[Exception] = []
        self._write = write
        self._kinds: dict[type, str] = {}
        self._getters = getters(self)
        self._own: weakref.WeakKeyDictionary[Any, set[str]] = weakref.WeakKeyDictionary()
        self._namespaces: dict[str, Namespace] = {}
        self._numpy = NumpyNames(self.meter)
        self._python = {**own_namespaces(self), **self._numpy.names}
        self.dtype = self._numpy.dtype
        self._resolved: dict[int, str] = {}
        self.builtins = Builtins(self)
        #: Functions of our own, by identity: they count what they walk through.
        self.counted = frozenset(
            id(value)
            for table in (self.builtins.names, *self._python.values())
            for value in table.values()
        )

    def __deepcopy__(self, memo: object) -> Runtime:
        return self

    # ------------------------------------------------------------------ text and sizes

    def write(self, text: str) -> None:
        """The program's output."""
        self.observer.output(text)
        if self._write is not None:
            self._write(text)

    def _describe(self, value: object) -> str | None:
        """The text of a class or function of the host, as PyTorch's would read."""
        if isinstance(value, type):
            path = self._resolved.get(id(value))
            return f"<class '{path or value.__name__}'>"
        if id(value) in self._resolved and callable(value):
            return f"<built-in function {self._resolved[id(value)].rpartition('.')[2]}>"
        return None

    def total(self, iterable: Any) -> int | None:
        """How many rounds a loop will make, where that can be known without running anything."""
        if isinstance(iterable, Zip | Enumerate | Progress):
            return iterable.total
        if isinstance(iterable, range | list | tuple | dict | str | set | np.ndarray):
            try:
                return len(iterable)
            except (OverflowError, TypeError):
                return None
        kind = self.kind(iterable)
        if kind == "Tensor":
            return int(iterable.shape[0]) if iterable.ndim else None
        if kind == "DataLoader":
            parts = (iterable.dataset, iterable.sampler, iterable.batch_sampler)
            if any(type(part) in self.classes for part in parts):
                return None
            try:
                return len(iterable)
            except TypeError:  # rows that come one after the other are not counted before
                return None
        return None

    def _roots(self) -> list[Any]:
        """Where everything begins that the program, its engine and its observer hold."""
        return [self.globals, self.frames, self.engine, self.observer]
