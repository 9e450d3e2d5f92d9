"""Rules of ``raise`` and ``try``."""

from __future__ import annotations

import ast
from collections.abc import Callable

from backprop_tui.scenario.compiler import Compiler, Exec, Rule
from backprop_tui.scenario.exceptions import FINAL, as_scenario_sees
from backprop_tui.scenario.scopes import Scope
from backprop_tui.scenario.values import Builtin, Env


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
    handlers = [_handler(c, handler, scope) for handler in node.handlers]

    def guarded(env: Env) -> str | None:
        try:
            signal = body(env)
        except FINAL:
            raise
        except Exception as error:
            run.locate(error)
            shown = as_scenario_sees(error)
            for handles, handle in handlers:
                if handles(env, shown):
                    run.failure = None
                    run.handling.append(error)
                    try:
                        return handle(env, shown)
                    finally:
                        run.handling.pop()
            raise
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


def _handler(
    c: Compiler, node: ast.ExceptHandler, scope: Scope
) -> tuple[Callable[[Env, Exception], bool], Callable[[Env, Exception], str | None]]:
    """Whether a handler takes an error, and what it does with it."""
    wanted = c.expression(node.type, scope) if node.type is not None else None
    observer, span = c.observer, c.span(node.type) if node.type is not None else None
    store = c.store_name(node.name, scope) if node.name else None
    name, hops, variables = node.name, scope.hops(node.name or ""), c.run.globals
    body = c.block(node.body, scope)

    def handles(env: Env, error: Exception) -> bool:
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

    def handle(env: Env, error: Exception) -> str | None:
        if store is None or name is None:
            return body(env)
        store(env, error)
        try:
            return body(env)
        finally:  # as in Python, the name ends with the handler
            for _ in range(hops or 0):
                env = env.up  # type: ignore[assignment]
            (variables if hops is None else env.vars).pop(name, None)

    return handles, handle


RULES: dict[type[ast.AST], Rule] = {ast.Raise: raise_, ast.Try: try_}
