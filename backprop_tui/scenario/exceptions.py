"""The exceptions that a scenario can name, make, raise and catch.

A scenario catches the errors of its own program. What ends the run for another reason (a budget,
the host's wish to stop) passes through every handler.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from backprop_tui.scenario.limits import OverBudget
from backprop_tui.scenario.values import Builtin, Problem

#: Name → class, from the general to the special.
EXCEPTIONS: dict[str, type[Exception]] = {
    cls.__name__: cls
    for cls in (
        Exception, ArithmeticError, LookupError, ZeroDivisionError, OverflowError, IndexError,
        KeyError, AttributeError, NameError, UnboundLocalError, TypeError, ValueError,
        RuntimeError, NotImplementedError, AssertionError, StopIteration,
    )
}  # fmt: skip

#: What our own functions are called besides their names in Python's errors.
HOSTS = re.compile(r"^(?:Builtins\.|NumpyNames\.|(?:\w+\.)+<locals>\.)")

#: These end the run, whatever a program would do about them.
FINAL = (OverBudget, RecursionError, MemoryError)


def exception_names(text: Callable[[object], str]) -> dict[str, Builtin]:
    """The exceptions as values of a scenario; ``text`` writes what a message shows."""

    def maker(cls: type[Exception]) -> Callable[..., Exception]:
        def make(*args: Any) -> Exception:
            plain = (str, int, float, bool, type(None))
            return cls(*(a if type(a) in plain else text(a) for a in args))

        return make

    return {name: Builtin(name, cls, maker(cls)) for name, cls in EXCEPTIONS.items()}


def as_scenario_sees(error: Exception) -> Exception:
    """The error with a class that scenarios know, and without a way into the host."""
    if isinstance(error, Problem):
        return EXCEPTIONS.get(error.kind, Exception)(error.message)
    cls = next(c for c in type(error).__mro__ if c.__name__ in EXCEPTIONS or c is Exception)
    if cls is KeyError and len(error.args) == 1:
        return KeyError(error.args[0])
    return EXCEPTIONS.get(cls.__name__, Exception)(HOSTS.sub("", str(error)))
