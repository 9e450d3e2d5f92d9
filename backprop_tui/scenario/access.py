"""What follows a value and a dot, or stands in brackets behind it: attributes and items.

Only what the surface lists can be reached, and what the scenario itself set; ``getattr`` is never
given a name that the tables do not hold.
"""

from __future__ import annotations

import operator
import weakref
from collections import Counter, deque
from functools import partial
from operator import attrgetter
from typing import Any

import numpy as np

from backprop_tui.scenario.beside import Drawing, Progress, ProgressType
from backprop_tui.scenario.calls import Calls
from backprop_tui.scenario.guards import GUARDS
from backprop_tui.scenario.members import Getter
from backprop_tui.scenario.numpy_random import RandomGenerator, RandomState
from backprop_tui.scenario.operators import Operators
from backprop_tui.scenario.surface import (
    MEMBERS,
    MODULE_RESERVED,
    NAMES,
    NAMESPACES,
    did_you_mean,
    in_namespace,
)
from backprop_tui.scenario.surface_layers import STATIC
from backprop_tui.scenario.values import (
    Builtin,
    ClassValue,
    Function,
    Instance,
    Member,
    NamedValues,
    Namespace,
    Problem,
    Super,
    TypeName,
    as_method,
)

#: Python's own classes → the kind of their values in the surface.
PYTHON_KINDS: dict[type, str] = {
    Counter: "Counter", deque: "deque", Drawing: "Drawing",
    Progress: "Progress", ProgressType: "Progress",
    RandomGenerator: "RandomGenerator", RandomState: "RandomState",
    str: "str", list: "list", tuple: "tuple", dict: "dict", set: "set",
    bool: "int", int: "int", float: "float", np.ndarray: "ndarray", np.generic: "ndarray",
}  # fmt: skip


class Access(Calls):
    """What a running scenario finds under names and in places."""

    operators: Operators
    _kinds: dict[type, str]
    _getters: dict[str, dict[str, Getter]]
    _own: weakref.WeakKeyDictionary[Any, set[str]]
    _namespaces: dict[str, Namespace]
    _python: dict[str, dict[str, Any]]

    # ------------------------------------------------------------------ names of the surface

    def namespace(self, path: str) -> Namespace:
        """The namespace of a dotted path; the same object every time."""
        if path not in self._namespaces:
            self._namespaces[path] = Namespace(path)
        return self._namespaces[path]

    def member(self, namespace: Namespace, name: str) -> Any:
        """What ``namespace.name`` stands for; asked of the engine at first use."""
        if name in namespace.members:
            return namespace.members[name]
        path = f"{namespace.path}.{name}"
        value: Any
        if path in NAMESPACES:
            value = self.namespace(path)
        elif path not in NAMES:
            raise Problem(
                "AttributeError",
                f"module {namespace.path!r} has no attribute {name!r}",
                did_you_mean(name, in_namespace(namespace.path)),
            )
        elif namespace.path in self._python:
            value = self._python[namespace.path][name]
        else:
            found = self.engine.resolve([path])
            if path not in found:
                raise Problem("NotImplementedError", f"the {self.engine.name} engine has no {path}")
            value = found[path]
            self._resolved[id(value)] = path
            if path in GUARDS:
                value = GUARDS[path](value)
        namespace.members[name] = value
        return value

    def name_of_surface(self, value: object) -> Any:
        """What the program found under the name that stands for ``value``; None if it has none."""
        path = self._resolved.get(id(value))
        if path is None:
            return None
        owner, _, name = path.rpartition(".")
        return self.member(self.namespace(owner), name)

    # ------------------------------------------------------------------ attributes

    def kind(self, value: object) -> str:
        """The row of the surface's member tables for a value; "" for none."""
        cls = type(value)
        kind = self._kinds.get(cls)
        if kind is None:
            kind = self.engine.kind(value) or ""
            if not kind:
                kind = next((PYTHON_KINDS[c] for c in cls.__mro__ if c in PYTHON_KINDS), "")
                if issubclass(cls, NamedValues):
                    kind = "namedtuple"
                elif kind == "tuple" and cls is not tuple and hasattr(cls, "_fields"):
                    kind = "ReturnType"
            self._kinds[cls] = kind
            if kind == "Tensor":
                self.operators.free.add(cls)
        return kind

    def attribute(self, value: Any, name: str, cache: dict[type, Getter]) -> Any:
        """``value.name``; plain accessors are left in ``cache`` for the next time."""
        cls = type(value)
        if isinstance(value, Namespace):
            cache[cls] = self._member_getter(name)
            return self.member(value, name)
        if isinstance(value, ClassValue):
            return self._of_class(value, name)
        if isinstance(value, Super):
            return self._of_super(value, name)
        owner = self.classes.get(cls)
        if owner is not None:
            return self._of_instance(value, owner, name)
        getter = self._getters.get(self.kind(value), {}).get(name)
        if getter is not None:
            cache[cls] = getter
            return getter(value)
        if isinstance(value, NamedValues) and name in value._fields:
            return value[value._fields.index(name)]
        if name == "__name__" and isinstance(value, Function | Builtin | TypeName | type):
            if not isinstance(value, type):
                return value.name
            return self._resolved.get(id(value), value.__name__).rpartition(".")[2]
        if (self._resolved.get(id(value), ""), name) in STATIC:
            return attrgetter(name)(value)
        if self.kind(value) == "Module":
            if name in self.own(value):
                return attrgetter(name)(value)
            for child, module in value.named_children():
                if child == name:
                    return module
        raise self.no_attribute(value, name)

    def _member_getter(self, name: str) -> Getter:
        """An accessor of ``name`` in any namespace."""

        def getter(namespace: Namespace) -> Any:
            members = namespace.members
            return members[name] if name in members else self.member(namespace, name)

        return getter

    def no_attribute(self, value: Any, name: str) -> Problem:
        """The error for an attribute that a value does not have."""
        known = set(MEMBERS.get(self.kind(value), ()))
        owner = self.classes.get(type(value))
        while owner is not None:
            known |= owner.members.keys()
            owner = owner.base
        what = type(value).__name__
        return Problem(
            "AttributeError",
            f"{what!r} object has no attribute {name!r}",
            did_you_mean(name, known),
        )

    def own(self, value: Any) -> set[str]:
        """The names that the scenario itself set on a module or a dataset."""
        names = self._own.get(value)
        if names is None:
            names = self._own[value] = set()
        return names

    def copied(self, memo: dict[int, Any]) -> None:
        """What a deep copy made has the names of its own that the original has."""
        for value, names in list(self._own.items()):
            made = memo.get(id(value))
            if type(made) is type(value):
                self._own[made] = set(names)

    def _of_instance(self, value: Any, owner: ClassValue, name: str) -> Any:
        if isinstance(value, Instance):
            if name in value.fields:
                return value.fields[name]
        elif name in self.own(value):
            return attrgetter(name)(value)
        found, member = owner.find(name)
        if found:
            if isinstance(member, Member):
                return self._of_member(member, value, owner)
            return as_method(member).__get__(value) if isinstance(member, Function) else member
        getter = self._getters.get(owner.kind, {}).get(name)
        if getter is None:
            raise self.no_attribute(value, name)
        return getter(value)

    def _of_member(self, member: Member, value: Any, owner: ClassValue) -> Any:
        """What a decorated method is, asked of an instance (or of its class: ``value`` is None)."""
        if member.kind == "staticmethod":
            return member.function
        if member.kind == "classmethod":
            return partial(member.function, owner)
        return member if value is None else self.invoke(member.function, (value,), {})

    def _of_class(self, value: ClassValue, name: str) -> Any:
        if name == "__name__":
            return value.name
        found, member = value.find(name)
        if not found:
            raise Problem("AttributeError", f"type object {value.name!r} has no attribute {name!r}")
        return self._of_member(member, None, value) if isinstance(member, Member) else member

    def _of_super(self, value: Super, name: str) -> Any:
        inherited = value.base is not None and value.base.find(name)[0]
        if name != "__init__" and not inherited and name not in MEMBERS.get(value.kind, {}):
            raise Problem("AttributeError", f"'super' object has no attribute {name!r}")
        return attrgetter(name)(value.proxy)

    def set_attribute(self, target: Any, name: str, value: Any) -> None:
        """``target.name = value``, where PyTorch allows it."""
        owner = self.classes.get(type(target))
        if owner is not None:
            member = owner.find(name)[1]
            if isinstance(member, Member) and member.kind == "property":
                if member.setter is None:
                    raise Problem(
                        "AttributeError",
                        f"property {name!r} of {owner.name!r} object has no setter",
                    )
                self.invoke(member.setter, (target, value), {})
                return
        if isinstance(target, Instance):
            target.fields[name] = value
            return
        if isinstance(target, ClassValue):
            target.members[name] = value
            return
        kind = self.kind(target)
        row = MEMBERS.get(kind, {}).get(name)
        if row is not None and row.settable:
            setattr(target, row.name, value)
            if kind == "Module":
                self.own(target).add(name)
        elif kind == "Module" or type(target) in self.classes:
            own = self.own(target)
            if name in MODULE_RESERVED or (
                name[0] == "_" and name not in own and hasattr(target, name)
            ):
                raise Problem(
                    "TypeError", f"{name!r} is nn.Module's own name", "give the attribute another"
                )
            setattr(target, name, value)
            own.add(name)
        elif row is not None:
            raise Problem(
                "AttributeError",
                f"attribute {name!r} of {type(target).__name__!r} objects is not writable",
            )
        else:
            raise self.no_attribute(target, name)

    def get_item(self, holder: Any, key: Any) -> Any:
        """``holder[key]``."""
        if isinstance(holder, type):
            raise TypeError(f"type '{holder.__name__}' is not subscriptable")
        if isinstance(holder, np.ndarray):
            self._picked(holder, key)
        elif type(key) is list or type(key) is tuple:
            self.meter.nested(key)
        result = holder[self.operators.hashed(key) if isinstance(holder, dict) else key]
        if type(key) is slice and isinstance(holder, str | list | tuple):
            self.meter.length(len(result))
        return result

    def _picked(self, array: Any, key: Any) -> None:
        """Rows picked by a list of numbers can be more than the array has."""
        for part in key if isinstance(key, tuple) else (key,):
            if isinstance(part, np.ndarray) and part.dtype == bool:
                self.meter.size(array.size)
            elif isinstance(part, list | np.ndarray):
                self.meter.nested(part)
                self.meter.size(np.size(part) * max(array.size // max(len(array), 1), 1))

    def set_item(self, holder: Any, key: Any, value: Any) -> None:
        """``holder[key] = value``."""
        if isinstance(holder, list) and type(key) is slice:
            value = self.meter.listed(value)
            self.meter.length(len(holder) + len(value))
        if isinstance(holder, dict):
            self.meter.room(len(holder))
        elif type(value) is list and not isinstance(holder, list):
            self.meter.nested(value)  # an array or a tensor walks through it
        operator.setitem(holder, self.operators.hashed(key), value)
