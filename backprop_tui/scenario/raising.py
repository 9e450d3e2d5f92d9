"""Rules of ``raise`` and ``try``."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backprop_tui.scenario.compiler import Compiler, Exec, Rule
from backprop_tui.scenario.exceptions import FINAL, as_scenario_sees
from backprop_tui.scenario.scopes import Scope
from backprop_tui.scenario.values import Builtin, Env

if TYPE_CHECKING:
    from backprop_tui.scenario.runtime import Runtime


def raise_(c: Compiler, node: ast.Raise, scope: Scope) -> Exec:
    """``raise ValueError("…")``; ``raise`` alone inside a handler."""
    begin, run = c.begin(node), c.run
    exception = c.expression(node.exc, scope) if node.exc is not None else None
    cause = c.expression(node.cause, scope) if node.cause is not None else None

    def execute(env: Env) -> None:
        begin()
        if exception is None:
            if not run.handling:
                raise RuntimeError("No active exception to reraise")
            raise run.handling[-1]
        error = exception(env)
        if cause is not None:
            cause(env)
        if isinstance(error, Builtin) and issubclass(error.cls, Exception):
            error = error()
        if not isinstance(error, Exception):
            raise TypeError("exceptions must derive from BaseException")
        run.failure = None
        raise error.with_traceback(None)

    return execute


def try_(c: Compiler, node: ast.Try, scope: Scope) -> Exec:
    """``try … except … else … finally``"""
    begin, run = c.begin(node), c.run
    body, orelse = c.block(node.body, scope), c.block(node.orelse, scope)
    final = c.block(node.finalbody, scope)
    handlers = handlers_of(c, node, scope, Compiler.block)

    def guarded(env: Env) -> str | None:
        try:
            signal = body(env)
        except FINAL:
            raise
        except Exception as error:
            handler = finding(run, handlers, env, error)
            if handler is None:
                raise
            try:
                handled: str | None = handler.body(env)
            finally:
                handler.end(env, error)
            return handled
        return signal if signal is not None else orelse(env)

    def execute(env: Env) -> str | None:
        begin()
        try:
            signal = guarded(env)
        except FINAL:
            raise
        except Exception as error:
            run.locate(error)
            failure = run.failure
            override = final(env)
            if override is not None:
                return override
            run.failure = failure
            raise
        override = final(env)
        return override if override is not None else signal

    return execute


@dataclass(frozen=True, slots=True)
class Handler:
    """``except Kind as name:``: whether it takes an error, how its block begins, is and ends."""

    takes: Callable[[Env, Exception], bool]
    begin: Callable[[Env, Exception], None]
    body: Callable[[Env], Any]
    end: Callable[[Env, Exception], None]


def finding(run: Runtime, handlers: list[Handler], env: Env, error: Exception) -> Handler | None:
    """The handler that takes an error, its name bound; None if there is none."""
    run.locate(error)
    shown = as_scenario_sees(error)
    for handler in handlers:
        if handler.takes(env, shown):
            run.failure = None
            run.handling.append(error)
            handler.begin(env, shown)
            return handler
    return None


def handlers_of(
    c: Compiler, node: ast.Try, scope: Scope, block: Callable[..., Callable[[Env], Any]]
) -> list[Handler]:
    """The handlers of a ``try``; ``block`` makes their bodies."""
    return [_handler(c, handler, scope, block) for handler in node.handlers]


def _handler(
    c: Compiler,
    node: ast.ExceptHandler,
    scope: Scope,
    block: Callable[..., Callable[[Env], Any]],
) -> Handler:
    wanted = c.expression(node.type, scope) if node.type is not None else None
    observer, span = c.observer, c.span(node.type) if node.type is not None else None
    store = c.store_name(node.name, scope) if node.name else None
    name, hops, variables = node.name, scope.hops(node.name or ""), c.run.globals
    run = c.run

    def takes(env: Env, error: Exception) -> bool:
        if wanted is None:
            return True
        classes = wanted(env)
        if span is not None:
            observer.expression = span
        given = classes if isinstance(classes, tuple) else (classes,)
        for each in given:
            if not isinstance(each, Builtin) or not issubclass(each.cls, Exception):
                raise TypeError(
                    "catching classes that do not inherit from BaseException is not allowed"
                )
        return isinstance(error, tuple(each.cls for each in given))

    def begin(env: Env, error: Exception) -> None:
        if store is not None:
            store(env, error)

    def end(env: Env, error: Exception) -> None:
        run.handling.remove(error)
        if name is not None:  # as in Python, the name ends with the handler
            for _ in range(hops or 0):
                env = env.up  # type: ignore[assignment]
            (variables if hops is None else env.vars).pop(name, None)

    return Handler(takes, begin, block(c, node.body, scope), end)


RULES: dict[type[ast.AST], Rule] = {ast.Raise: raise_, ast.Try: try_}
