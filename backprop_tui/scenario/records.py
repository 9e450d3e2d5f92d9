"""``@dataclass``: the methods that it writes for a class from the class's annotations."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from backprop_tui.scenario.values import Env, Function, Parameters

if TYPE_CHECKING:
    from backprop_tui.scenario.runtime import Runtime

MISSING: Any = object()


class Field:
    """``field(default=…)`` or ``field(default_factory=…)``."""

    __slots__ = ("default", "factory")

    def __init__(self, *, default: Any = MISSING, default_factory: Any = MISSING) -> None:
        self.default = default
        self.factory = default_factory


def annotated(node: ast.ClassDef) -> list[str]:
    """The names that a class's body annotates, in order."""
    return [
        each.target.id
        for each in node.body
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
    ]


def complete(run: Runtime, cls: str, fields: list[str], members: dict[str, Any], env: Env) -> None:
    """Add ``__init__``, ``__repr__`` and ``__eq__`` to the members of a class."""
    defaults: dict[str, Any] = {}
    factories: dict[str, Callable[[], Any]] = {}
    for name in fields:
        given = members.get(name, MISSING)
        if isinstance(given, Field):
            del members[name]
            if given.factory is not MISSING:
                factories[name] = given.factory
                defaults[name] = MISSING
                continue
            given = given.default
        if given is not MISSING:
            if isinstance(given, list | dict | set):
                raise ValueError(
                    f"mutable default <class {type(given).__name__!r}> for field {name} is not "
                    "allowed: use default_factory"
                )
            defaults[name] = members[name] = given
        elif defaults:
            raise TypeError(f"non-default argument {name!r} follows default argument")

    def method(name: str, parameters: list[str], body: Callable[[Env], None]) -> None:
        given = defaults if name == "__init__" else {}
        what = Parameters(("self", *parameters), 0, None, (), None)
        made = Function(run, name, f"{cls}.{name}", what, given, body, env)
        members.setdefault(name, made)

    def init(env: Env) -> None:
        made = env.vars["self"]
        for name in fields:
            value = env.vars[name]
            run.set_attribute(made, name, factories[name]() if value is MISSING else value)
        found, after = run.classes[type(made)].find("__post_init__")
        if found:
            after(made)

    def values(of: Any) -> list[Any]:
        return [run.attribute(of, name, {}) for name in fields]

    def text(env: Env) -> None:
        written = map(run.text.repr_of, values(env.vars["self"]))
        pairs = zip(fields, written, strict=True)
        env.result = f"{cls}({', '.join(f'{name}={value}' for name, value in pairs)})"

    def equal(env: Env) -> None:
        one, other = env.vars["self"], env.vars["other"]
        env.result = values(one) == values(other) if type(one) is type(other) else NotImplemented

    method("__init__", fields, init)
    method("__repr__", [], text)
    method("__eq__", ["other"], equal)
