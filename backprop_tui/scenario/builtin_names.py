"""Python's own functions as a scenario sees them: the same results, counted while they work.

A function that walks through something of any length walks through a counted list of it; classes
(``int``, ``list`` …) are ``Builtin`` values, so that ``isinstance`` and ``type`` know them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from backprop_tui.scenario.beside import beside_names
from backprop_tui.scenario.counted import Counted
from backprop_tui.scenario.exceptions import exception_names
from backprop_tui.scenario.python_modules import python_modules
from backprop_tui.scenario.surface import BUILTINS, NAMESPACES
from backprop_tui.scenario.values import (
    Builtin,
    ClassValue,
    Instance,
    Namespace,
    Problem,
    TypeName,
)

if TYPE_CHECKING:
    from backprop_tui.scenario.runtime import Runtime

#: Decimal places beyond which rounding would only build large powers of ten.
PLACES = 400
MISSING: Any = object()


class Zip(zip):  # type: ignore[type-arg]
    """``zip`` that counts its rounds, and knows how many it will make."""

    total: int | None = None
    tick: Callable[[], None]

    def __next__(self) -> Any:
        self.tick()
        return super().__next__()


class Enumerate(enumerate):  # type: ignore[type-arg]
    """``enumerate`` that counts its rounds, and knows how many it will make."""

    total: int | None = None
    tick: Callable[[], None]

    def __next__(self) -> Any:
        self.tick()
        return super().__next__()


class Builtins:
    """The builtins of one run, by name, in ``names``."""

    def __init__(self, runtime: Runtime) -> None:
        self.run = runtime
        self.meter = runtime.meter
        functions: dict[str, Any] = {
            "print": self.print,
            "range": range,
            "len": len,
            "enumerate": self.enumerate,
            "zip": self.zip,
            "sum": self.sum,
            "min": self.extreme(min),
            "max": self.extreme(max),
            "abs": abs,
            "round": self.round,
            "pow": self.pow,
            "divmod": divmod,
            "sorted": self.sorted,
            "reversed": self.reversed,
            "map": self.map,
            "filter": self.filter,
            "any": self.any,
            "all": self.all,
            "iter": self.iter,
            "next": self.next,
            "issubclass": self.issubclass,
            "ord": ord,
            "chr": chr,
            "hex": hex,
            "bin": bin,
            "isinstance": self.isinstance,
            "callable": callable,
            "hasattr": self.hasattr,
            "type": self.type,
            "repr": runtime.text.repr_of,
            "super": self.super,
            "int": Builtin("int", int, self.int),
            "float": Builtin("float", float, float),
            "bool": Builtin("bool", bool, bool),
            "str": Builtin("str", str, self.str),
            "list": Builtin("list", list, lambda items=(): self.meter.listed(items)),
            "tuple": Builtin("tuple", tuple, self.tuple),
            "dict": Builtin("dict", dict, self.dict),
            "set": Builtin("set", set, self.set),
            "object": Builtin("object", object, self.object),
            **exception_names(runtime.text.of),
        }
        assert functions.keys() == BUILTINS.keys(), functions.keys() ^ BUILTINS.keys()
        self.names = functions
        self._types = {b.cls: b for b in functions.values() if isinstance(b, Builtin)}

    def print(self, *values: Any, sep: Any = None, end: Any = None, flush: bool = False) -> None:
        """``print`` to where the program's output goes."""
        for name, value in (("sep", sep), ("end", end)):
            if not isinstance(value, str | None):
                raise TypeError(f"{name} must be None or a string, not {type(value).__name__}")
        between = " " if sep is None else sep
        parts = [self.run.text.of(value) for value in values]
        self.meter.length(sum(map(len, parts)) + len(between) * len(parts))
        self.run.write(between.join(parts) + ("\n" if end is None else end))

    def enumerate(self, iterable: Any, start: int = 0) -> Enumerate:
        out = Enumerate(iterable, start)
        out.tick = self.meter.tick
        out.total = self.run.total(iterable)
        return out

    def zip(self, *iterables: Any, strict: bool = False) -> Zip:
        out = Zip(*iterables, strict=strict)
        out.tick = self.meter.tick
        totals = [self.run.total(each) for each in iterables]
        known = [total for total in totals if total is not None]
        out.total = min(known) if known and len(known) == len(totals) else None
        return out

    def sum(self, iterable: Any, /, start: Any = 0) -> Any:
        if isinstance(start, str):
            raise TypeError("sum() can't sum strings [use ''.join(seq) instead]")
        total = start
        for item in iterable:
            self.meter.tick()
            total = self.run.add(total, item)
        return total

    def any(self, iterable: Any, /) -> bool:
        return any(map(bool, Counted(iter(iterable), self.meter.tick)))

    def all(self, iterable: Any, /) -> bool:
        return all(map(bool, Counted(iter(iterable), self.meter.tick)))

    def extreme(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """``min`` or ``max``."""

        def extreme(*values: Any, **options: Any) -> Any:
            if len(values) == 1:
                values = (self.meter.listed(values[0]),)
            self.meter.nested(values)
            return function(*values, **options)

        return extreme

    def round(self, number: Any, ndigits: Any = None) -> Any:
        if isinstance(ndigits, int) and abs(ndigits) > PLACES:
            raise Problem("ValueError", f"round() to {ndigits} places is not supported")
        return round(number) if ndigits is None else round(number, ndigits)

    def pow(self, base: Any, exp: Any, mod: Any = None) -> Any:
        if mod is None:
            return self.run.power(base, exp)
        if isinstance(exp, int):
            self.meter.tick(exp.bit_length())
        return pow(base, exp, mod)

    def sorted(self, iterable: Any, /, *, key: Any = None, reverse: bool = False) -> list[Any]:
        items: list[Any] = self.meter.listed(iterable)
        self.meter.nested(items)
        return sorted(items, key=key, reverse=reverse)

    def reversed(self, sequence: Any) -> Any:
        return Counted(reversed(sequence), self.meter.tick)

    def iter(self, items: Any, /, *sentinel: Any) -> Any:
        if sentinel:
            raise Problem("TypeError", "iter() takes one argument in a scenario", "use while")
        iterator = iter(items)
        return iterator if iterator is items else Counted(iterator, self.meter.tick)

    def map(self, function: Any, *iterables: Any) -> Any:
        return Counted(map(function, *iterables), self.meter.tick)

    def filter(self, function: Any, iterable: Any) -> Any:
        test = bool if function is None else function
        return Counted(filter(test, Counted(iter(iterable), self.meter.tick)), self.meter.tick)

    def next(self, iterator: Any, default: Any = MISSING) -> Any:
        return next(iterator) if default is MISSING else next(iterator, default)

    def isinstance(self, value: Any, cls: Any) -> bool:
        return isinstance(value, self._classes(cls, "isinstance"))

    def issubclass(self, cls: Any, classes: Any) -> bool:
        try:
            (one,) = self._classes((cls,), "")
        except TypeError:
            raise TypeError("issubclass() arg 1 must be a class") from None
        return issubclass(one, self._classes(classes, "issubclass"))

    def hasattr(self, value: Any, name: Any) -> bool:
        """Whether a value has an attribute; refused where only PyTorch would know."""
        if not isinstance(name, str):
            what = type(name).__name__
            raise TypeError(f"attribute name must be string, not '{what}'")
        try:
            self.run.attribute(value, name, {})
        except (AttributeError, Problem) as error:
            if isinstance(error, Problem) and error.kind != "AttributeError":
                raise
            kind = self.run.kind(value)
            if isinstance(value, Namespace) or kind == "Tensor" or hasattr(value, name):
                what = value.path if isinstance(value, Namespace) else kind
                raise Problem(
                    "NotImplementedError",
                    f"whether {what} has {name!r} is not known to the scenario language",
                    "write what holds for PyTorch: True or False",
                ) from None
            return False
        return True

    def _classes(self, cls: Any, asker: str) -> tuple[Any, ...]:
        """The host's classes that a class, or a tuple of them, stands for."""
        classes = cls if isinstance(cls, tuple) else (cls,)
        made = []
        for each in classes:
            if isinstance(each, Builtin):
                made.append(each.cls)
            elif isinstance(each, ClassValue):
                made.append(each.made)
            elif isinstance(each, type):
                made.append(each)
            else:
                what = (
                    "type, a tuple of types" if asker == "isinstance" else "class, tuple of classes"
                )
                raise TypeError(f"{asker}() arg 2 must be a {what}, or a union")
        return tuple(made)

    def type(self, value: Any, *more: Any) -> Any:
        if more:
            raise Problem("TypeError", "type() makes no classes in a scenario", "write class …:")
        cls = type(value)
        if cls in self._types:
            return self._types[cls]
        if cls in self.run.classes:
            return self.run.classes[cls]
        if cls.__name__ in ("Tensor", "Size") and self.run.kind(value) == cls.__name__:
            return self.run.member(self.run.namespace("torch"), cls.__name__)
        made = self.run.name_of_surface(cls) or TypeName(cls)
        if self.run.kind(value) == "Node":  # PyTorch has a class for every kind of Node
            made.name = value.name().rpartition("::")[2]
        return made

    def super(self, *args: Any) -> Any:
        raise RuntimeError("super(): no arguments")

    def int(self, value: Any = 0, base: Any = None) -> int:
        if isinstance(value, str):
            self.meter.width(len(value))
        return int(value) if base is None else int(value, base)

    def str(self, value: Any = "") -> str:
        return self.run.text.of(value)

    def tuple(self, items: Any = ()) -> tuple[Any, ...]:
        return tuple(self.meter.listed(items))

    def dict(self, items: Any = (), /, **values: Any) -> dict[Any, Any]:
        pairs: Any = items if isinstance(items, dict) else self.meter.listed(items)
        self.meter.length(len(pairs))
        self.meter.nested(list(pairs))
        return dict(pairs, **values)

    def set(self, items: Any = ()) -> set[Any]:
        listed = self.meter.listed(items)
        self.meter.nested(listed)
        return set(listed)

    def object(self) -> Any:
        return Instance()


def own_namespaces(runtime: Runtime) -> dict[str, dict[str, Any]]:
    """``math`` and ``random``, with what can explode counted; and that a scenario has no GPU."""
    meter = runtime.meter

    def factorial(n: Any) -> int:
        if isinstance(n, int) and n > 0:
            meter.bits(n * n.bit_length())
        return math.factorial(n)

    def comb(n: Any, k: Any) -> int:
        if isinstance(n, int) and isinstance(k, int):
            meter.bits(min(k, n - k) * n.bit_length() if 0 <= k <= n else 0)
        return math.comb(n, k)

    def prod(iterable: Any, start: Any = 1) -> Any:
        for item in meter.listed(iterable):
            start = runtime.multiply(start, item)
        return start

    def fsum(seq: Any) -> float:
        items: list[Any] = meter.listed(seq)
        return math.fsum(items)

    def sample(population: Any, k: int) -> list[Any]:
        meter.length(k)
        return source.sample(population, k)

    def choices(population: Any, weights: Any = None, *, k: int = 1) -> list[Any]:
        meter.length(k)
        if weights is not None:
            meter.nested(weights)
        return source.choices(population, weights, k=k)

    def shuffle(items: Any) -> None:
        meter.tick(len(items))
        source.shuffle(items)

    special = {"factorial": factorial, "comb": comb, "prod": prod,
               "fsum": fsum}  # fmt: skip
    source = random.Random(0)
    drawn = {"sample": sample, "choices": choices, "shuffle": shuffle}
    return {
        **python_modules(runtime),
        **beside_names(runtime),
        "torch.cuda": {
            "is_available": lambda: False,
            "device_count": lambda: 0,
            "manual_seed": lambda seed: None,
            "manual_seed_all": lambda seed: None,
        },
        "torch.accelerator": {
            "is_available": lambda: False,
            "current_accelerator": lambda: None,
            "device_count": lambda: 0,
        },
        "torch.backends.mps": {"is_available": lambda: False},
        "math": {n: special.get(n) or vars(math)[n] for n in NAMESPACES["math"]},
        "random": {
            name: drawn.get(name) or attrgetter(name)(source) for name in NAMESPACES["random"]
        },
    }
