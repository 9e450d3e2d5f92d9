"""Values as text: ``str``, ``repr``, f-strings, ``%`` and ``str.format``, without trap doors.

Containers are written by our own code, because a list that holds one list twice, and so on, is
exponentially long as text. Format strings are taken apart here: only plain names and numbers reach
a value, never an attribute of it, and widths are bounded.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from string import Formatter
from typing import Any

from backprop_tui.scenario.limits import Meter, OverBudget
from backprop_tui.scenario.values import NamedValues

SCALARS = (bool, int, float, str, type(None), complex)
DEEPEST = 100
PERCENT = re.compile(r"%(?:\((?P<key>[^()]*)\))?(?P<flags>[-+ #0]*)(?P<width>\*|\d*)"
                     r"(?:\.(?P<precision>\*|\d*))?(?P<type>.|$)")  # fmt: skip


class Text:
    """Writes values; ``describe`` is asked for the text of classes."""

    def __init__(self, meter: Meter, describe: Callable[[object], str | None]) -> None:
        self._meter = meter
        self._describe = describe

    def of(self, value: object) -> str:
        """``str(value)``."""
        kind = type(value)
        if isinstance(value, str) and kind is str:
            return value
        if kind in SCALARS:
            return self._counted(str(value))
        described = self._describe(value)
        if described is not None:
            return described
        if isinstance(value, CONTAINERS):
            return self.repr_of(value)
        return self._counted(str(value))

    def repr_of(self, value: object) -> str:
        """``repr(value)``."""
        parts: list[str] = []
        self._write(value, parts, [], 0)
        return "".join(parts)

    def _counted(self, text: str) -> str:
        self._meter.length(len(text))
        return text

    def _write(self, value: object, parts: list[str], inside: list[int], depth: int) -> None:
        kind = type(value)
        limit = self._meter.budget.sequence
        if len(parts) > limit:
            raise OverBudget("sequence", limit)
        if kind not in WRITTEN and not isinstance(value, NamedValues):
            described = self._describe(value)
            if described is None:
                if isinstance(value, CONTAINERS):
                    self._meter.nested(value)
                described = repr(value)
            parts.append(self._counted(described))
            return
        if id(value) in inside:
            parts.append("[...]" if kind is list else "{...}" if kind is dict else "(...)")
            return
        if depth > DEEPEST:
            raise OverBudget("nesting", DEEPEST)
        inside.append(id(value))
        fields = getattr(value, "_fields", ()) if isinstance(value, NamedValues) else ()
        opening, closing, items = _parts(value)
        parts.append(opening)
        self._meter.length(2 * len(items))
        for number, item in enumerate(items):
            if number:
                parts.append(", ")
            if fields:
                parts.append(f"{fields[number]}=")
            if kind is dict:
                key, of_key = item
                self._write(key, parts, inside, depth + 1)
                parts.append(": ")
                self._write(of_key, parts, inside, depth + 1)
            else:
                self._write(item, parts, inside, depth + 1)
        parts.append(closing)
        inside.pop()

    # ------------------------------------------------------------------ formats

    def format(self, value: object, spec: str) -> str:
        """``format(value, spec)``."""
        for digits in re.findall(r"\d+", spec):
            self._meter.width(int(digits[:9]))
        if isinstance(value, SCALARS):
            return self._counted(format(value, spec))
        written = type(value) in WRITTEN or isinstance(value, NamedValues)
        if written or self._describe(value) is not None:
            if spec:
                raise TypeError(
                    f"unsupported format string passed to {type(value).__name__}.__format__"
                )
            return self.of(value)
        return self._counted(format(value, spec))

    def fields(self, template: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
        """``template.format(*args, **kwargs)`` with plain names and numbers as fields."""
        out: list[str] = []
        automatic = 0
        for literal, field, spec, conversion in Formatter().parse(template):
            out.append(literal)
            if field is None:
                continue
            if field == "":
                field = str(automatic)
                automatic += 1
            if field.isdecimal():
                if len(field) > 6 or int(field) >= len(args):
                    raise IndexError(
                        f"Replacement index {field[:6]} out of range for positional args tuple"
                    )
                value = args[int(field)]
            elif field.isidentifier():
                value = kwargs[field]
            else:
                raise ValueError(f"a format field must be a plain name or a number, not {field!r}")
            if "{" in (spec or ""):
                raise ValueError("a format inside a format is not supported; use an f-string")
            out.append(self.format(self.converted(value, conversion), spec or ""))
        return self._counted("".join(out))

    def converted(self, value: object, conversion: str | None) -> object:
        """The value after ``!r``, ``!s`` or ``!a``."""
        if conversion == "r":
            return self.repr_of(value)
        if conversion == "s":
            return self.of(value)
        if conversion == "a":
            return ascii(self.repr_of(value))[1:-1] if not isinstance(value, str) else ascii(value)
        return value

    def percent(self, template: str, values: object) -> str:
        """``template % values`` with bounded widths; what a ``%s`` shows is written here first."""
        given = list(values) if isinstance(values, tuple) else [values]
        out: list[str] = []
        end = used = 0
        for found in PERCENT.finditer(template):
            out.append(template[end : found.start()])
            end = found.end()
            if found["type"] == "%" and found[0] == "%%":
                out.append("%")
                continue
            if found["key"] is not None or "*" in (found["width"], found["precision"]):
                raise ValueError("this format is not supported; use an f-string")
            for digits in (found["width"], found["precision"]):
                if digits:
                    self._meter.width(int(digits[:9]))
            if used >= len(given):
                raise TypeError("not enough arguments for format string")
            value = given[used]
            used += 1
            if found["type"] in ("s", "r", "a"):
                value = self.converted(value, found["type"])
                out.append(re.sub("[ra]$", "s", found[0]) % (value,))
            else:
                out.append(found[0] % (value,))
        if used < len(given) and not isinstance(values, dict):
            raise TypeError("not all arguments converted during string formatting")
        out.append(template[end:])
        return self._counted("".join(out))


_VIEWS = {type({}.keys()): "dict_keys", type({}.values()): "dict_values",
          type({}.items()): "dict_items"}  # fmt: skip
WRITTEN = frozenset({list, tuple, dict, set, deque, *_VIEWS})
CONTAINERS: tuple[type, ...] = (list, tuple, dict, set, deque, *_VIEWS)


def _parts(value: Any) -> tuple[str, str, list[Any]]:
    """How a container is opened and closed, and its elements."""
    kind = type(value)
    if isinstance(value, NamedValues):
        return f"{kind.__name__}(", ")", list(value)
    if kind is list:
        return "[", "]", value
    if kind is tuple:
        return "(", ",)" if len(value) == 1 else ")", list(value)
    if kind is dict:
        return "{", "}", list(value.items())
    if kind is deque:
        most = "" if value.maxlen is None else f", maxlen={value.maxlen}"
        return "deque([", f"]{most})", list(value)
    if kind is set:
        return ("{", "}", list(value)) if value else ("set()", "", [])
    return f"{_VIEWS[kind]}([", "])", list(value)
