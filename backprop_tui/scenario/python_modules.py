"""``copy``, ``collections`` and ``typing`` as a scenario sees them."""

from __future__ import annotations

import copy
import keyword
from collections import Counter, OrderedDict, defaultdict, deque
from typing import TYPE_CHECKING, Any

from backprop_tui.scenario.surface import NAMESPACES
from backprop_tui.scenario.values import Builtin, NamedValues

if TYPE_CHECKING:
    from backprop_tui.scenario.runtime import Runtime

CONTAINERS = (list, tuple, dict, set)


class Annotation:
    """A name of ``typing``: it says nothing to us, with or without brackets."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __getitem__(self, item: object) -> Annotation:
        return self

    def __repr__(self) -> str:
        return f"typing.{self.name}"


def named_values(typename: str, fields: list[Any], defaults: list[Any]) -> Builtin:
    """The class ``typename``: tuples whose places have these names."""
    for name in (typename, *fields):
        if not isinstance(name, str):
            raise TypeError("Type names and field names must be strings")
        if not name.isidentifier():
            raise ValueError(f"Type names and field names must be valid identifiers: {name!r}")
        if keyword.iskeyword(name):
            raise ValueError(f"Type names and field names cannot be a keyword: {name!r}")
    for number, name in enumerate(fields):
        if name.startswith("_"):
            raise ValueError(f"Field names cannot start with an underscore: {name!r}")
        if name in fields[:number]:
            raise ValueError(f"Encountered duplicate field name: {name!r}")
    if len(defaults) > len(fields):
        raise TypeError("Got more default values than field names")
    made = type(typename, (NamedValues,), {"__slots__": (), "_fields": tuple(fields)})
    left_out = dict(zip(fields[len(fields) - len(defaults) :], defaults, strict=True))
    function = f"{typename}.__new__()"

    def make(*args: Any, **kwargs: Any) -> Any:
        if len(args) > len(fields):
            count = len(fields) + 1
            raise TypeError(
                f"{function} takes {count} positional argument{'s' if count > 1 else ''} but "
                f"{len(args) + 1} were given"
            )
        given = dict(zip(fields, args, strict=False))
        for name, value in kwargs.items():
            if name not in fields:
                raise TypeError(f"{function} got an unexpected keyword argument {name!r}")
            if name in given:
                raise TypeError(f"{function} got multiple values for argument {name!r}")
            given[name] = value
        missing = [repr(name) for name in fields if name not in given and name not in left_out]
        if missing:
            *first, last = missing
            names = f"{', '.join(first)}{',' * (len(first) > 1)} and {last}" if first else last
            many = "s" if first else ""
            raise TypeError(
                f"{function} missing {len(missing)} required positional argument{many}: {names}"
            )
        return tuple.__new__(made, [given.get(name, left_out.get(name)) for name in fields])

    return Builtin(f"__main__.{typename}", made, make)


def python_modules(runtime: Runtime) -> dict[str, dict[str, Any]]:
    """The names of these modules, for one run."""
    meter = runtime.meter

    def deepcopy(x: Any) -> Any:
        meter.nested(x)
        # PyTorch copies a Parameter by an operation of its own, which is no step of the program.
        engine = runtime.engine
        listener, engine.listener = engine.listener, None
        memo: dict[int, Any] = {}
        try:
            return copy.deepcopy(x, memo)
        finally:
            engine.listener = listener
            runtime.copied(memo)

    def shallow(x: Any) -> Any:
        if isinstance(x, CONTAINERS):
            meter.length(len(x))
        return copy.copy(x)

    def ordered(items: Any = (), /, **values: Any) -> Any:
        pairs: Any = items if isinstance(items, dict) else meter.listed(items)
        meter.nested(list(pairs))
        return OrderedDict(pairs, **values)

    def with_default(factory: Any = None, items: Any = (), /) -> Any:
        return defaultdict(factory, ordered(items))

    def counter(items: Any = (), /) -> Any:
        if isinstance(items, dict):
            return Counter(items)
        listed = meter.listed(items)
        meter.nested(listed)
        return Counter(listed)

    def queue(items: Any = (), /, maxlen: int | None = None) -> Any:
        return deque(meter.listed(items), maxlen)

    def named_tuple(typename: str, field_names: Any, *, defaults: Any = ()) -> Any:
        if isinstance(field_names, str):
            field_names = field_names.replace(",", " ").split()
        return named_values(typename, meter.listed(field_names), meter.listed(defaults))

    return {
        "copy": {"deepcopy": deepcopy, "copy": shallow},
        "collections": {
            "OrderedDict": Builtin("collections.OrderedDict", OrderedDict, ordered),
            "defaultdict": Builtin("collections.defaultdict", defaultdict, with_default),
            "deque": Builtin("collections.deque", deque, queue),
            "namedtuple": named_tuple,
            "Counter": Builtin("collections.Counter", Counter, counter),
        },
        "typing": {name: Annotation(name) for name in NAMESPACES["typing"]},
    }
