"""What names stand for, seen from outside: whether one stands for another value than before.

Nothing of the user's is kept alive for it: a value is remembered by a weak reference, or by itself
if it is a plain number or text.
"""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Mapping
from types import FrameType
from typing import Any

from backprop_tui.recording.codes import Code

#: What is known for good when it is seen once.
PLAIN = frozenset({bool, int, float, complex, str, bytes, type(None)})
#: What a name stands for that is not there.
NOTHING = object()


class _Id:
    """A value that can only be told from another while both live."""

    __slots__ = ("id",)

    def __init__(self, value: object) -> None:
        self.id = id(value)


def mark(value: object) -> object:
    """Something to tell later whether a name still stands for ``value``."""
    if type(value) in PLAIN:
        return value
    try:
        return weakref.ref(value)
    except TypeError:
        return _Id(value)


def same(marked: object, value: object) -> bool:
    """Whether ``value`` is the one that was marked."""
    if marked is value:
        return True
    kind = type(marked)
    if kind is weakref.ref:
        return bool(marked() is value)  # type: ignore[operator]
    if kind is _Id:
        return bool(marked.id == id(value))  # type: ignore[attr-defined]
    return kind is type(value) and kind in PLAIN and bool(marked == value)


def recalled(marked: object) -> Any:
    """The value that was marked; NOTHING if it is gone."""
    if type(marked) is _Id:
        return NOTHING
    if type(marked) is not weakref.ref:
        return marked
    value = marked()
    return NOTHING if value is None else value


def of_torch(value: object) -> bool:
    """Whether a value is a tensor or a module, asked without running anything of the user's."""
    return any("requires_grad_" in vars(base) for base in type(value).__mro__)


def of_module(value: object) -> bool:
    """Whether a value is a module, asked the same way."""
    return any("named_parameters" in vars(base) for base in type(value).__mro__)


class Names:
    """The names in sight of a frame, as its code would look them up; ``own`` are the function's."""

    __slots__ = ("_keeps", "frame", "looked", "own")

    def __init__(self, frame: FrameType, code: Code) -> None:
        self.frame = frame
        #: Python makes a dict of a function's names when asked, and keeps it as long as the
        #: function runs, and with it all values; unless the function may have asked for it itself.
        self._keeps = code.optimized and not code.looks
        self.looked = False
        self.own: Mapping[str, Any] = {}

    def look(self) -> Mapping[str, Any]:
        """What the function's names stand for, as they are now until it is forgotten."""
        if not self.looked:
            self.own, self.looked = self.frame.f_locals, True
        return self.own

    def forget(self) -> None:
        """The names have been looked at; nothing is kept alive by that."""
        self.looked = False
        if self._keeps and type(self.own) is dict:
            self.own.clear()

    def get(self, name: str) -> Any:
        """What a name stands for; NOTHING if it stands for nothing."""
        for names in (self.own, self.frame.f_globals, self.frame.f_builtins):
            if name in names:
                return names[name]
        return NOTHING

    def attribute(self, value: object, name: str) -> Any:
        """An attribute, found without running anything of the user's."""
        found = inspect.getattr_static(value, name, NOTHING)
        return NOTHING if hasattr(type(found), "__get__") else found
