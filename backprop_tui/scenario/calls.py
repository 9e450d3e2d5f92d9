"""Functions and classes of the scenario: called, made, and asked for what they inherit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from backprop_tui.engines.base import Engine
from backprop_tui.scenario.limits import Meter
from backprop_tui.scenario.observer import Observer
from backprop_tui.scenario.values import (
    Builtin,
    ClassValue,
    Env,
    Function,
    Instance,
    Member,
    Problem,
    Super,
    as_method,
)
from backprop_tui.trace.steps import Span

if TYPE_CHECKING:
    from backprop_tui.scenario.runtime import Runtime


class Calls:
    """What a running scenario calls, and the classes that it makes."""

    engine: Engine
    observer: Observer
    meter: Meter
    classes: dict[type, ClassValue]
    #: The variables of the functions that are running, outermost first.
    frames: list[Env]
    #: The innermost place of an error on its way up: the error, statement, expression.
    failure: tuple[BaseException, Span, Span] | None
    _resolved: dict[int, str]

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
            key: value.for_host(cast("Runtime", self))
            if isinstance(value, Member)
            else as_method(value)
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
