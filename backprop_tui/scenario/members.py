"""How a scenario reaches the attributes and methods of a value: by the surface's tables alone.

For each row there is an accessor, made from the table's own name. Methods of Python's containers
and texts that could grow without bound have a counted version here.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from backprop_tui.scenario.surface import MEMBERS, MODULE_RESERVED
from backprop_tui.scenario.values import Problem

if TYPE_CHECKING:
    from backprop_tui.scenario.runtime import Runtime

Getter = Callable[[Any], Any]
Special = Callable[..., Any]


def getters(runtime: Runtime) -> dict[str, dict[str, Getter]]:
    """Kind → name → accessor, for one run."""
    return {
        kind: {
            name: _special(runtime, SPECIAL[kind, name])
            if (kind, name) in SPECIAL
            else attrgetter(name)
            for name in table
        }
        for kind, table in MEMBERS.items()
    }


def _special(runtime: Runtime, function: Special) -> Getter:
    return lambda value: partial(function, runtime, value)


# ---------------------------------------------------------------------- texts


def str_format(run: Runtime, text: str, *args: Any, **kwargs: Any) -> str:
    return run.text.fields(text, args, kwargs)


def str_join(run: Runtime, text: str, iterable: Any) -> str:
    parts = run.meter.listed(iterable)
    run.meter.length(sum(len(p) for p in parts if isinstance(p, str)) + len(text) * len(parts))
    return text.join(parts)  # type: ignore[arg-type]


def str_replace(run: Runtime, text: str, old: str, new: str, count: int = -1) -> str:
    if isinstance(old, str) and isinstance(new, str):
        run.meter.length(len(text) + text.count(old) * len(new))
    return text.replace(old, new, count)


def str_split(run: Runtime, text: str, *args: Any, **kwargs: Any) -> list[str]:
    run.meter.length(len(text))
    return text.split(*args, **kwargs)


def str_rsplit(run: Runtime, text: str, *args: Any, **kwargs: Any) -> list[str]:
    run.meter.length(len(text))
    return text.rsplit(*args, **kwargs)


def str_padded(method: Callable[..., str]) -> Special:
    def padded(run: Runtime, text: str, width: int, *fill: str) -> str:
        run.meter.width(width)
        return method(text, width, *fill)

    return padded


def str_changed(method: Callable[..., Any]) -> Special:
    def changed(run: Runtime, text: str, *args: Any) -> Any:
        run.meter.length(len(text))
        return method(text, *args)

    return changed


# ---------------------------------------------------------------------- lists, dicts, sets


def list_append(run: Runtime, items: list[Any], item: Any) -> None:
    run.meter.room(len(items))
    items.append(item)


def list_insert(run: Runtime, items: list[Any], at: int, item: Any) -> None:
    run.meter.tick(1 + len(items) // 64)
    items.insert(at, item)


def list_extend(run: Runtime, items: list[Any], more: Any) -> None:
    added = run.meter.listed(more)
    run.meter.length(len(items) + len(added))
    items.extend(added)


def list_sort(run: Runtime, items: list[Any], *, key: Any = None, reverse: bool = False) -> None:
    run.meter.nested(items)
    items.sort(key=key, reverse=reverse)


def list_reverse(run: Runtime, items: list[Any]) -> None:
    run.meter.tick(1 + len(items) // 64)
    items.reverse()


def list_pop(run: Runtime, items: list[Any], at: int = -1) -> Any:
    run.meter.tick(1 if at == -1 else 1 + len(items) // 64)
    return items.pop(at)


def searched(method: Callable[..., Any]) -> Special:
    """A method that compares every element."""

    def search(run: Runtime, items: Any, *args: Any) -> Any:
        run.meter.nested(items)
        return method(items, *args)

    return search


def copied(run: Runtime, items: Any) -> Any:
    run.meter.length(len(items))
    return items.copy()


def keyed(method: Callable[..., Any]) -> Special:
    """A method whose first argument is a key."""

    def with_key(run: Runtime, items: Any, key: Any, *args: Any) -> Any:
        run.meter.room(len(items))
        return method(items, run.operators.hashed(key), *args)

    return with_key


def dict_update(run: Runtime, items: dict[Any, Any], *others: Any, **values: Any) -> None:
    for other in others:
        pairs = other if isinstance(other, dict) else run.meter.listed(other)
        run.meter.nested(list(pairs))
        run.meter.length(len(items) + len(pairs))
        items.update(pairs)  # type: ignore[arg-type]
    items.update(values)


def set_with(method: Callable[..., Any]) -> Special:
    def with_others(run: Runtime, items: set[Any], *others: Any) -> Any:
        run.meter.length(len(items))
        listed = [run.meter.listed(other) for other in others]
        run.meter.nested(listed)
        return method(items, *listed)

    return with_others


# ---------------------------------------------------------------------- the engine's


def tensor_tolist(run: Runtime, tensor: Any) -> Any:
    run.meter.length(int(tensor.numel()))
    return tensor.tolist()


def array_tolist(run: Runtime, array: Any) -> Any:
    run.meter.length(array.size)
    return array.tolist()


def array_astype(run: Runtime, array: Any, dtype: Any) -> Any:
    run.meter.size(array.size)
    return array.astype(run.dtype(dtype))


def array_copied(method: str) -> Special:
    function = attrgetter(method)

    def copied(run: Runtime, array: Any) -> Any:
        run.meter.size(array.size)
        return function(array)()

    return copied


def array_reshape(run: Runtime, array: Any, *shape: Any) -> Any:
    run.meter.size(array.size)
    return array.reshape(*shape)


def array_transposed(run: Runtime, array: Any, *axes: Any) -> Any:
    return array.transpose(*axes)


def array_dot(run: Runtime, array: Any, b: Any) -> Any:
    return run.matrix_product(array, b)


def array_reduced(method: str) -> Special:
    function = attrgetter(method)

    def reduced(run: Runtime, array: Any, axis: Any = None, **options: Any) -> Any:
        if not options.keys() <= {"keepdims", "ddof"}:
            raise TypeError(f"{method}() takes axis, keepdims and ddof in a scenario")
        run.meter.size(array.size)
        return function(array)(axis=axis, **options)

    return reduced


def array_rounded(run: Runtime, array: Any, decimals: int = 0) -> Any:
    run.meter.size(array.size)
    return array.round(decimals)


def registered(method: str) -> Special:
    """A method of a Module whose first argument becomes an attribute."""
    function = attrgetter(method)

    def register(run: Runtime, module: Any, name: str, *args: Any, **kwargs: Any) -> None:
        if not isinstance(name, str) or not name.isidentifier() or name.startswith("_"):
            raise Problem(
                "TypeError", f"{method}() needs a plain name, not {run.text.repr_of(name)}"
            )
        if name in MODULE_RESERVED:
            raise Problem("KeyError", f'"attribute {name!r} already exists"')
        function(module)(name, *args, **kwargs)
        run.own(module).add(name)

    return register


def most_common(run: Runtime, counts: Counter[Any], n: int | None = None) -> list[Any]:
    run.meter.length(len(counts))
    return counts.most_common(n)


def counter_update(run: Runtime, counts: Counter[Any], more: Any) -> None:
    listed = run.meter.listed(more) if not isinstance(more, dict) else more
    run.meter.nested(listed)
    counts.update(listed)


def queue_append(method: Callable[..., None]) -> Special:
    """``append`` and ``appendleft``."""

    def append(run: Runtime, items: deque[Any], item: Any) -> None:
        run.meter.room(len(items))
        method(items, item)

    return append


def queue_extend(method: Callable[..., None]) -> Special:
    """``extend`` and ``extendleft``."""

    def extend(run: Runtime, items: deque[Any], more: Any) -> None:
        added = run.meter.listed(more)
        run.meter.length(len(items) + len(added))
        method(items, added)

    return extend


def queue_rotate(run: Runtime, items: deque[Any], n: int = 1) -> None:
    run.meter.length(len(items))
    items.rotate(n)


SPECIAL: dict[tuple[str, str], Special] = {
    ("str", "format"): str_format,
    ("str", "join"): str_join,
    ("str", "replace"): str_replace,
    ("str", "split"): str_split,
    ("str", "rsplit"): str_rsplit,
    **{("str", name): str_changed(method) for name, method in (
        ("splitlines", str.splitlines), ("find", str.find), ("index", str.index),
        ("count", str.count), ("isdigit", str.isdigit), ("isalpha", str.isalpha),
        ("isalnum", str.isalnum), ("isupper", str.isupper), ("islower", str.islower),
        ("isspace", str.isspace), ("swapcase", str.swapcase), ("rfind", str.rfind),
        ("partition", str.partition), ("removeprefix", str.removeprefix),
        ("removesuffix", str.removesuffix),
    )},
    **{("str", name): str_padded(method) for name, method in (
        ("ljust", str.ljust), ("rjust", str.rjust), ("center", str.center), ("zfill", str.zfill),
    )},
    **{("str", name): str_changed(method) for name, method in (
        ("upper", str.upper), ("lower", str.lower), ("title", str.title),
        ("capitalize", str.capitalize), ("strip", str.strip), ("lstrip", str.lstrip),
        ("rstrip", str.rstrip),
    )},
    ("list", "append"): list_append,
    ("list", "insert"): list_insert,
    ("list", "extend"): list_extend,
    ("list", "sort"): list_sort,
    ("list", "reverse"): list_reverse,
    ("list", "pop"): list_pop,
    ("list", "index"): searched(list.index),
    ("list", "count"): searched(list.count),
    ("list", "remove"): searched(list.remove),
    ("list", "copy"): copied,
    ("tuple", "index"): searched(tuple.index),
    ("tuple", "count"): searched(tuple.count),
    ("deque", "append"): queue_append(deque.append),
    ("deque", "appendleft"): queue_append(deque.appendleft),
    ("deque", "extend"): queue_extend(deque.extend),
    ("deque", "extendleft"): queue_extend(deque.extendleft),
    ("deque", "rotate"): queue_rotate,
    **{("deque", name): searched(method) for name, method in (
        ("index", deque.index), ("count", deque.count), ("remove", deque.remove),
    )},
    ("deque", "copy"): copied,
    ("namedtuple", "index"): searched(tuple.index),
    ("namedtuple", "count"): searched(tuple.count),
    ("Counter", "most_common"): most_common,
    ("Counter", "update"): counter_update,
    ("Counter", "copy"): copied,
    ("Counter", "get"): keyed(dict.get),
    ("Counter", "pop"): keyed(dict.pop),
    ("Counter", "setdefault"): keyed(dict.setdefault),
    ("dict", "copy"): copied,
    ("dict", "get"): keyed(dict.get),
    ("dict", "pop"): keyed(dict.pop),
    ("dict", "setdefault"): keyed(dict.setdefault),
    ("dict", "update"): dict_update,
    ("set", "add"): keyed(set.add),
    ("set", "discard"): keyed(set.discard),
    ("set", "remove"): keyed(set.remove),
    ("set", "copy"): copied,
    ("set", "union"): set_with(set.union),
    ("set", "intersection"): set_with(set.intersection),
    ("set", "difference"): set_with(set.difference),
    ("set", "issubset"): set_with(set.issubset),
    ("Tensor", "tolist"): tensor_tolist,
    ("ndarray", "tolist"): array_tolist,
    ("ndarray", "astype"): array_astype,
    ("ndarray", "dot"): array_dot,
    ("ndarray", "copy"): array_copied("copy"),
    ("ndarray", "flatten"): array_copied("flatten"),
    ("ndarray", "reshape"): array_reshape,
    **{("ndarray", name): array_reduced(name)
       for name in ("sum", "mean", "std", "max", "min", "argmax", "var", "prod", "any", "all",
                    "argmin", "cumsum", "argsort", "squeeze")},
    ("ndarray", "ravel"): array_copied("ravel"),
    ("ndarray", "transpose"): array_transposed,
    ("ndarray", "round"): array_rounded,
    **{("Module", name): registered(name)
       for name in ("register_buffer", "register_parameter", "add_module")},
}  # fmt: skip
