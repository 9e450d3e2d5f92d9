"""What a running scenario stands on: its engine, its counters, its names and its classes.

The closures that ``expressions`` and ``statements`` make of a syntax tree ask here whenever
something is not plain Python: attributes, calls of functions, classes, text.
"""

from __future__ import annotations

import ast
import operator
import weakref
from collections import Counter
from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Any

import numpy as np

from backprop_tui.engines.base import Engine
from backprop_tui.scenario.beside import Drawing, Progress, ProgressType
from backprop_tui.scenario.builtin_names import Builtins, Enumerate, Zip, own_namespaces
from backprop_tui.scenario.census import bytes_of
from backprop_tui.scenario.guards import GUARDS
from backprop_tui.scenario.limits import Budget, Meter
from backprop_tui.scenario.members import Getter, getters
from backprop_tui.scenario.numpy_names import NumpyNames
from backprop_tui.scenario.observer import Observer
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
from backprop_tui.scenario.text import Text
from backprop_tui.scenario.values import (
    Builtin,
    ClassValue,
    Env,
    Function,
    Instance,
    Member,
    Namespace,
    Problem,
    Super,
    TypeName,
    as_method,
)
from backprop_tui.trace.steps import Span

#: Python's own classes → the kind of their values in the surface.
PYTHON_KINDS: dict[type, str] = {
    Counter: "Counter", Drawing: "Drawing", Progress: "Progress", ProgressType: "Progress",
    str: "str", list: "list", tuple: "tuple", dict: "dict", set: "set",
    bool: "int", int: "int", float: "float", np.ndarray: "ndarray", np.generic: "ndarray",
}  # fmt: skip


class Runtime:
    """One run's values and rules."""

    def __init__(
        self,
        engine: Engine,
        observer: Observer,
        budget: Budget,
        write: Callable[[str], None] | None,
        pulse: Callable[[], None] | None,
    ) -> None:
        self.engine = engine
        self.observer = observer
        self.meter = Meter(budget, pulse, lambda: bytes_of(self._roots()))
        self.text = Text(self.meter, self._describe)
        self.operators = Operators(self.meter, self.text)
        self.add = self.operators.binary(ast.Add)
        self.multiply = self.operators.binary(ast.Mult)
        self.power = self.operators.binary(ast.Pow)
        self.matrix_product = self.operators.binary(ast.MatMult)
        self.globals: dict[str, Any] = {}
        self.classes: dict[type, ClassValue] = {}
        #: The variables of the functions that are running, outermost first.
        self.frames: list[Env] = []
        #: The innermost place of an error on its way up: the error, statement, expression.
        self.failure: tuple[BaseException, Span, Span] | None = None
        #: The errors that handlers are at work on, outermost first.
        self.handling: list[Exception] = []
        self._write = write
        self._kinds: dict[type, str] = {}
        self._getters = getters(self)
        self._own: weakref.WeakKeyDictionary[Any, set[str]] = weakref.WeakKeyDictionary()
        self._namespaces: dict[str, Namespace] = {}
        self._numpy = NumpyNames(self.meter)
        self._python = {**own_namespaces(self), **self._numpy.names}
        self.dtype = self._numpy.dtype
        self._resolved: dict[int, str] = {}
        self.builtins = Builtins(self)
        #: Functions of our own, by identity: they count what they walk through.
        self.counted = frozenset(
            id(value)
            for table in (self.builtins.names, *self._python.values())
            for value in table.values()
        )

    def __deepcopy__(self, memo: object) -> Runtime:
        return self

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
                if kind == "tuple" and cls is not tuple and hasattr(cls, "_fields"):
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

    # ------------------------------------------------------------------ functions and classes

    def invoke(self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a function of the scenario."""
        observer, meter = self.observer, self.meter
        variables = function.parameters.bind(function.qualname, function.defaults, args, kwargs)
        if function.lazy:
            meter.tick()
            asleep = Env(variables, function.env, function)
            function.body(asleep)
            return asleep.result
        statement, expression = observer.statement, observer.expression
        meter.enter()
        try:
            observer.enter(function.qualname, tuple(variables.items()))
            env = Env(variables, function.env, function)
            self.frames.append(env)
            try:
                function.body(env)
            except Exception as error:
                self.locate(error)
                observer.leave()
                raise
            finally:
                self.frames.pop()
            observer.leave()
        finally:
            meter.leave()
        observer.statement = statement
        observer.expression = expression
        return env.result

    def locate(self, error: BaseException) -> None:
        """Remember where an error came up, before the functions around it are left."""
        if self.failure is None or self.failure[0] is not error:
            self.failure = (error, self.observer.statement, self.observer.expression)
            self.observer.mark()

    def make_class(self, name: str, base: Any, members: dict[str, Any]) -> ClassValue:
        """``class name(base)`` with these members."""
        methods: dict[str, Callable[..., Any]] = {
            key: value.for_host(self) if isinstance(value, Member) else as_method(value)
            for key, value in members.items()
            if isinstance(value, Function | Member)
        }
        above = base if isinstance(base, ClassValue) else None
        if base is None or (isinstance(base, Builtin) and base.cls is object):
            made: Any = type(name, (Instance,), methods)
            kind = ""
        elif above is not None:
            kind = above.kind
            made = (
                self.engine.subclass(above.made, name, methods)
                if kind
                else type(name, (above.made,), methods)
            )
        elif isinstance(base, type) and (kind := self._base_kind(base)):
            made = self.engine.subclass(base, name, methods)
        else:
            raise Problem(
                "TypeError",
                "a class needs nn.Module, Dataset or a class of this file as its base",
            )
        cls = ClassValue(name, made, above, kind, members)
        for member in members.values():
            functions = (
                (member.function, member.setter) if isinstance(member, Member) else (member,)
            )
            for function in functions:
                if isinstance(function, Function) and function.owner is None:
                    function.owner = cls
        self.classes[made] = cls
        return cls

    def _base_kind(self, base: type) -> str:
        """The kind of a class of the engine that can be subclassed, else ""."""
        path = self._resolved.get(id(base), "")
        if path.startswith("torch.nn.") and path != "torch.nn.Parameter":
            return "Module"
        if path == "torch.optim.lr_scheduler.LRScheduler":
            return "LRScheduler"
        return next((kind for kind in ("Dataset", "Sampler") if path.endswith(kind)), "")

    def super_of(self, env: Env | None, args: tuple[Any, ...]) -> Super:
        """``super()`` or ``super(Net, self)`` inside a method."""
        if args:
            cls, instance = args if len(args) == 2 else (None, None)
        else:
            while env is not None and (env.function is None or env.function.owner is None):
                env = env.up
            if env is None or env.function is None or not env.function.parameters.names:
                raise RuntimeError("super(): no arguments")
            cls = env.function.owner
            instance = env.vars.get(env.function.parameters.names[0])
        if not isinstance(cls, ClassValue) or not isinstance(instance, cls.made):
            raise TypeError("super(type, obj): obj must be an instance or subtype of type")
        return Super(super(cls.made, instance), cls.base, cls.kind)

    # ------------------------------------------------------------------ text and sizes

    def write(self, text: str) -> None:
        """The program's output."""
        self.observer.output(text)
        if self._write is not None:
            self._write(text)

    def _describe(self, value: object) -> str | None:
        """The text of a class or function of the host, as PyTorch's would read."""
        if isinstance(value, type):
            path = self._resolved.get(id(value))
            return f"<class '{path or value.__name__}'>"
        if id(value) in self._resolved and callable(value):
            return f"<built-in function {self._resolved[id(value)].rpartition('.')[2]}>"
        return None

    def total(self, iterable: Any) -> int | None:
        """How many rounds a loop will make, where that can be known without running anything."""
        if isinstance(iterable, Zip | Enumerate | Progress):
            return iterable.total
        if isinstance(iterable, range | list | tuple | dict | str | set | np.ndarray):
            try:
                return len(iterable)
            except (OverflowError, TypeError):
                return None
        kind = self.kind(iterable)
        if kind == "Tensor":
            return int(iterable.shape[0]) if iterable.ndim else None
        if kind == "DataLoader":
            parts = (iterable.dataset, iterable.sampler, iterable.batch_sampler)
            if any(type(part) in self.classes for part in parts):
                return None
            try:
                return len(iterable)
            except TypeError:  # rows that come one after the other are not counted before
                return None
        return None

    def _roots(self) -> list[Any]:
        """Where everything begins that the program, its engine and its observer hold."""
        return [self.globals, self.frames, self.engine, self.observer]
