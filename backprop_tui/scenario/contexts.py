"""Rules of ``with``: the engine's contexts, and classes with ``__enter__`` and ``__exit__``."""

from __future__ import annotations

import ast
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from backprop_tui.scenario.compiler import Compiler, Exec, Rule
from backprop_tui.scenario.exceptions import FINAL, as_scenario_sees
from backprop_tui.scenario.scopes import Scope, target_names
from backprop_tui.scenario.values import ClassValue, Env, Function

if TYPE_CHECKING:
    from backprop_tui.scenario.runtime import Runtime


class OwnContext:
    """An object of the scenario as a context: what its methods see of errors is the scenario's."""

    def __init__(self, run: Runtime, value: Any, cls: ClassValue) -> None:
        self.run = run
        self.value = value
        self.enter, self.exit = (self._method(cls, name) for name in ("__enter__", "__exit__"))

    def _method(self, cls: ClassValue, name: str) -> Function:
        method = cls.find(name)[1]
        if not isinstance(method, Function):
            missed = " (missed __exit__ method)" if name == "__exit__" else ""
            raise TypeError(
                f"{cls.name!r} object does not support the context manager protocol{missed}"
            )
        return method

    def __enter__(self) -> Any:
        return self.enter(self.value)

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> bool:
        if error is None:
            self.exit(self.value, None, None, None)
            return False
        if not isinstance(error, Exception) or isinstance(error, FINAL):
            return False
        self.run.locate(error)
        failure, shown = self.run.failure, as_scenario_sees(error)
        suppressed = bool(self.exit(self.value, self.run.builtins.type(shown), shown, None))
        self.run.failure = None if suppressed else failure
        return suppressed


def with_(c: Compiler, node: ast.With, scope: Scope) -> Exec:
    """``with torch.no_grad():``"""
    begin, body = c.begin(node), c.block(node.body, scope)
    items = [entered(c, item, scope) for item in node.items]

    def execute(env: Env) -> str | None:
        begin()
        with ExitStack() as contexts:
            for enter in items:
                enter(env, contexts)
            return body(env)
        return None

    return execute


def entered(c: Compiler, item: ast.withitem, scope: Scope) -> Callable[[Env, ExitStack], None]:
    """What ``with`` does before its block, for one ``context as name``."""
    manager, span = c.expression(item.context_expr, scope), c.span(item.context_expr)
    store = c.store(item.optional_vars, scope) if item.optional_vars else None
    names = target_names(item.optional_vars) if item.optional_vars else []
    observer, run = c.observer, c.run

    def enter(env: Env, contexts: ExitStack) -> None:
        context = manager(env)
        observer.expression = span
        own = run.classes.get(type(context))
        if own is not None:
            context = OwnContext(run, context, own)
        elif not hasattr(type(context), "__enter__"):
            name = type(context).__name__
            raise TypeError(f"{name!r} object does not support the context manager protocol")
        value = contexts.enter_context(context)
        if store is not None:
            store(env, value)
            if len(names) == 1:
                observer.bind(((names[0], value),))

    return enter


RULES: dict[type[ast.AST], Rule] = {ast.With: with_}
