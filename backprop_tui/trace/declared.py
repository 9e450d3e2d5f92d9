"""Whether an object's fields are what its class declares: the check of what a file brought in.

check(Edge("two", 0))   TypeError: Edge.node is 'two', not int
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np

_Test = Callable[[Any], bool]


def check(built: Any) -> None:
    """Raise TypeError where a dataclass holds another type of value than it declares."""
    cls = type(built)
    for name, test, words in _tests(cls):
        value = getattr(built, name)
        if not test(value):
            shown = repr(value)[:60]
            raise TypeError(f"{cls.__name__}.{name} is {shown}, not {words}")


def _tests(cls: type[Any]) -> tuple[tuple[str, _Test, str], ...]:
    found = _KNOWN.get(cls)
    if found is None:
        hints = get_type_hints(cls)
        found = _KNOWN[cls] = tuple(
            (field.name, _test(hints[field.name]), str(field.type)) for field in fields(cls)
        )
    return found


_KNOWN: dict[type[Any], tuple[tuple[str, _Test, str], ...]] = {}


def _test(hint: Any) -> _Test:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is object:
        return lambda value: True
    if hint is int:
        # PyTorch's own numbers have 64 bits; a longer one would only cost whoever prints it.
        return lambda value: isinstance(value, int) and -(2**63) <= value < 2**64
    if hint is float:
        return lambda value: isinstance(value, int | float)
    if origin in (Union, types.UnionType):
        tests = [_test(argument) for argument in arguments]
        return lambda value: any(test(value) for test in tests)
    if origin is tuple:
        return _tuple(arguments)
    if origin is Mapping:
        inside = _test(arguments[1])
        return lambda value: (
            isinstance(value, dict)
            and all(isinstance(key, str) and inside(item) for key, item in value.items())
        )
    kind = np.ndarray if origin is np.ndarray else hint
    return lambda value: isinstance(value, kind)


def _tuple(arguments: tuple[Any, ...]) -> _Test:
    if arguments[-1] is Ellipsis:
        inside = _test(arguments[0])
        return lambda value: isinstance(value, tuple) and all(map(inside, value))
    tests = [_test(argument) for argument in arguments]
    return lambda value: (
        isinstance(value, tuple)
        and len(value) == len(tests)
        and all(test(item) for test, item in zip(tests, value, strict=True))
    )
