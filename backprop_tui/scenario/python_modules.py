"""``copy``, ``collections`` and ``typing`` as a scenario sees them."""

from __future__ import annotations

import copy
from collections import Counter, OrderedDict, defaultdict
from typing import TYPE_CHECKING, Any

from backprop_tui.scenario.surface import NAMESPACES
from backprop_tui.scenario.values import Builtin

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


def python_modules(runtime: Runtime) -> dict[str, dict[str, Any]]:
    """The names of these modules, for one run."""
    meter = runtime.meter

    def deepcopy(x: Any) -> Any:
        meter.nested(x)
        # PyTorch copies a Parameter by an operation of its own, which is no step of the program.
        engine = runtime.engine
        listener, engine.listener = engine.listener, None
        try:
            return copy.deepcopy(x)
        finally:
            engine.listener = listener

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

    return {
        "copy": {"deepcopy": deepcopy, "copy": shallow},
        "collections": {
            "OrderedDict": Builtin("collections.OrderedDict", OrderedDict, ordered),
            "defaultdict": Builtin("collections.defaultdict", defaultdict, with_default),
            "Counter": Builtin("collections.Counter", Counter, counter),
        },
        "typing": {name: Annotation(name) for name in NAMESPACES["typing"]},
    }
