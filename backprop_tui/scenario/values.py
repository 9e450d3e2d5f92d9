"""The values that belong to the scenario itself: namespaces, functions, classes, instances.

Everything else that a scenario handles is a plain Python number, text or container, or the
engine's. None of the classes here lets a scenario reach an attribute of the host: what a scenario
sees of them is looked up in the tables they hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backprop_tui.scenario.runtime import Runtime


class Problem(Exception):
    """An error found by the interpreter itself: an exception of Python's by name, with a hint."""

    def __init__(self, kind: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.hint = hint


class Env:
    """The variables of one function call; ``up`` is where the function was defined."""

    __slots__ = ("function", "result", "up", "vars")

    def __init__(
        self, variables: dict[str, Any], up: Env | None, function: Function | None
    ) -> None:
        self.vars = variables
        self.up = up
        self.function = function
        self.result: Any = None


class Namespace:
    """What an import names: ``torch``, ``nn``; its members come from the surface."""

    __slots__ = ("members", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        self.members: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"<module {self.path!r}>"

    def __deepcopy__(self, memo: object) -> Namespace:
        raise TypeError("cannot pickle 'module' object")


class Parameters:
    """The parameters of a function, and how arguments meet them."""

    __slots__ = ("kwarg", "kwonly", "names", "positional_only", "vararg")

    def __init__(
        self,
        names: tuple[str, ...],
        positional_only: int,
        vararg: str | None,
        kwonly: tuple[str, ...],
        kwarg: str | None,
    ) -> None:
        self.names = names
        self.positional_only = positional_only
        self.vararg = vararg
        self.kwonly = kwonly
        self.kwarg = kwarg

    def bind(
        self,
        function: str,
        defaults: Mapping[str, Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> dict[str, Any]:
        """The variables that a call begins with; raises TypeError in Python's words."""
        names = self.names
        out: dict[str, Any] = dict(zip(names, args, strict=False))
        if len(args) == len(names) and not (kwargs or self.vararg or self.kwonly or self.kwarg):
            return out
        if len(args) > len(names):
            if self.vararg is None:
                raise TypeError(self._too_many(function, defaults, len(args)))
            out[self.vararg] = args[len(names) :]
        elif self.vararg is not None:
            out[self.vararg] = ()
        extra: dict[str, Any] = {}
        for name, value in kwargs.items():
            if name in out and name in names[self.positional_only :]:
                raise TypeError(f"{function}() got multiple values for argument {name!r}")
            if name in names[self.positional_only :] or name in self.kwonly:
                out[name] = value
            elif self.kwarg is not None:
                extra[name] = value
            else:
                raise TypeError(f"{function}() got an unexpected keyword argument {name!r}")
        if self.kwarg is not None:
            out[self.kwarg] = extra
        for group, what in ((names, "positional"), (self.kwonly, "keyword-only")):
            missing = [n for n in group if n not in out and n not in defaults]
            if missing:
                raise TypeError(
                    f"{function}() missing {len(missing)} required {what} "
                    f"argument{'s' * (len(missing) > 1)}: {listing(missing)}"
                )
            for name in group:
                if name not in out:
                    out[name] = defaults[name]
        return out

    def _too_many(self, function: str, defaults: Mapping[str, Any], given: int) -> str:
        most = len(self.names)
        least = sum(name not in defaults for name in self.names)
        takes = f"{most}" if least == most else f"from {least} to {most}"
        plural = "" if most == 1 and least == most else "s"
        were = "was" if given == 1 else "were"
        return f"{function}() takes {takes} positional argument{plural} but {given} {were} given"


def listing(names: list[str]) -> str:
    """'a', 'b', and 'c', as Python's errors list names."""
    quoted = [repr(name) for name in names]
    if len(quoted) < 3:
        return " and ".join(quoted)
    return ", ".join(quoted[:-1]) + f", and {quoted[-1]}"


class Function:
    """A function of the scenario; callable, so that an engine can call it too."""

    __slots__ = (
        "body", "defaults", "env", "lazy", "name", "owner", "parameters", "qualname", "runtime",
    )  # fmt: skip

    def __init__(
        self,
        runtime: Runtime,
        name: str,
        qualname: str,
        parameters: Parameters,
        defaults: Mapping[str, Any],
        body: Callable[[Env], Any],
        env: Env | None,
        lazy: bool = False,
    ) -> None:
        self.runtime = runtime
        #: Its call runs nothing yet: it makes a generator.
        self.lazy = lazy
        self.name = name
        self.qualname = qualname
        self.parameters = parameters
        self.defaults = defaults
        self.body = body
        self.env = env
        self.owner: ClassValue | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.runtime.invoke(self, args, kwargs)

    def __repr__(self) -> str:
        return f"<function {self.qualname} at {id(self):#x}>"

    def __deepcopy__(self, memo: object) -> Function:
        return self


def as_method(function: Function) -> Callable[..., Any]:
    """A plain function, so that Python binds ``self`` to it."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return function.runtime.invoke(function, (self, *args), kwargs)

    method.__name__ = function.name
    method.__qualname__ = function.qualname
    return method


class Member:
    """A method under a decorator: ``@property`` (with its setter), ``@staticmethod`` …"""

    __slots__ = ("function", "kind", "setter")

    def __init__(self, kind: str, function: Function, setter: Function | None = None) -> None:
        self.kind = kind
        self.function = function
        self.setter = setter

    def __repr__(self) -> str:
        return f"<{self.kind} object at {id(self):#x}>"

    def for_host(self, run: Runtime) -> Any:
        """What stands in the class that the host makes, so that ``super()`` finds it."""
        function = self.function
        if self.kind == "property":
            return property(as_method(function))
        if self.kind == "staticmethod":
            return staticmethod(function)

        def method(cls: type, *args: Any, **kwargs: Any) -> Any:
            return run.invoke(function, (run.classes[cls], *args), kwargs)

        return classmethod(method)


class ClassValue:
    """A class of the scenario: ``made`` is the Python class whose instances it makes.

    ``members`` are the names its body defined; ``kind`` is the surface's name for its instances
    ("Module", "Dataset"), "" for a plain class.
    """

    __slots__ = ("base", "kind", "made", "members", "name")

    def __init__(
        self, name: str, made: Any, base: ClassValue | None, kind: str, members: dict[str, Any]
    ) -> None:
        self.name = name
        self.made = made
        self.base = base
        self.kind = kind
        self.members = members

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.made(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<class '__main__.{self.name}'>"

    def __deepcopy__(self, memo: object) -> ClassValue:
        return self

    def find(self, name: str) -> tuple[bool, Any]:
        """(True, the member) where this class or one above it defines the name."""
        cls: ClassValue | None = self
        while cls is not None:
            if name in cls.members:
                return True, cls.members[name]
            cls = cls.base
        return False, None


class Instance:
    """The base of plain classes; ``fields`` holds what the scenario set on it."""

    __slots__ = ("__weakref__", "fields")

    fields: dict[str, Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> Instance:
        made = super().__new__(cls)
        made.fields = {}
        return made

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args or kwargs:
            raise TypeError(f"{type(self).__name__}() takes no arguments")

    def __repr__(self) -> str:
        return f"<__main__.{type(self).__name__} object at {id(self):#x}>"


class NamedValues(tuple[Any, ...]):
    """The base of what ``collections.namedtuple`` makes: a tuple whose places have names."""

    __slots__ = ()
    _fields: tuple[str, ...] = ()


class Builtin:
    """A class of Python's that scenarios call and compare with: ``int``, ``list`` …"""

    __slots__ = ("cls", "function", "name")

    def __init__(self, name: str, cls: type, function: Callable[..., Any]) -> None:
        self.name = name
        self.cls = cls
        self.function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<class {self.name!r}>"

    def __deepcopy__(self, memo: object) -> Builtin:
        return self


class TypeName:
    """What ``type(x)`` is where x's class is not a name of the surface."""

    __slots__ = ("cls", "name")

    def __init__(self, cls: type) -> None:
        self.cls = cls
        self.name = cls.__name__

    def __eq__(self, other: object) -> bool:
        return other is self.cls or (isinstance(other, TypeName) and other.cls is self.cls)

    def __hash__(self) -> int:
        return hash(self.cls)

    def __repr__(self) -> str:
        return f"<class {self.name!r}>"


class Super:
    """``super()`` inside a method: Python's own super object, and the class above."""

    __slots__ = ("base", "kind", "proxy")

    def __init__(self, proxy: Any, base: ClassValue | None, kind: str) -> None:
        self.proxy = proxy
        self.base = base
        self.kind = kind


#: Python's errors name the class of an operand; a scenario's function is a 'function' there.
for _class, _name in ((Function, "function"), (ClassValue, "type"), (Builtin, "type"),
                      (TypeName, "type"), (Namespace, "module"), (Super, "super")):  # fmt: skip
    _class.__name__ = _name
