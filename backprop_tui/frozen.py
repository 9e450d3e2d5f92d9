"""Frozen dataclasses that are made as fast as others.

    @quickly
    @dataclass(frozen=True, slots=True)
    class Edge: …

A frozen dataclass sets each field past its own guard, with a call for every one. Here an object is
of an open class while it is made, where setting a field is one instruction, and of its own, guarded
class from then on. For classes of which a recording makes many for every step.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

C = TypeVar("C", bound=type[Any])


def quickly(cls: C) -> C:
    """Give a frozen dataclass with slots an ``__init__`` of the same signature that is fast."""
    names = [field.name for field in fields(cls)]
    lines = [
        f"def __init__(self, {', '.join(names)}):",
        " become(self, '__class__', Open)",
        *[f" self.{name} = {name}" for name in names],
        " self.__class__ = Frozen",
    ]
    plain: dict[str, Any] = {"__slots__": ()}
    plain |= {name: getattr(object, name) for name in ("__setattr__", "__delattr__")}
    for name in names:  # past whoever answers for a field
        plain[name] = getattr(vars(cls)[name], "slot", vars(cls)[name])
    known: dict[str, Any] = {
        "become": object.__setattr__,
        "Open": type(cls.__name__, (cls,), plain),
        "Frozen": cls,
    }
    exec("\n".join(lines), known)  # as dataclasses makes its own, of the names of the fields alone
    made, given = known["__init__"], cls.__init__
    for name in ("__defaults__", "__annotations__", "__module__", "__qualname__"):
        setattr(made, name, getattr(given, name))
    cls.__init__ = made
    return cls
