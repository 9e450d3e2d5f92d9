"""The ground that the rules of expressions and statements share: spans, variables, targets.

A rule takes a Compiler, a node and the scope it stands in, and returns a closure of the variables::

    x * w + b   ──▶   add(mul(load("x"), load("w")), load("b"))

The tree is walked once; running is calling. A closure evaluates its operands, then says where it
is (``observer.expression``), then does the one thing it is for. So the place on display, and the
place of an error, is always the innermost operation at work.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from backprop_tui.scenario.members import Getter
from backprop_tui.scenario.runtime import Runtime
from backprop_tui.scenario.scopes import Scope
from backprop_tui.scenario.sources import Source
from backprop_tui.scenario.surface import did_you_mean
from backprop_tui.scenario.values import Env, Parameters, Problem
from backprop_tui.trace.steps import Span

Eval = Callable[[Env], Any]
Store = Callable[[Env, Any], None]
Exec = Callable[[Env], "str | None"]
Rule = Callable[["Compiler", Any, Scope], Any]


class Compiler:
    """Makes closures of one scenario's tree; ``rules`` has one rule for each node class."""

    def __init__(self, run: Runtime, source: Source, rules: Mapping[type[ast.AST], Rule]) -> None:
        self.run = run
        self.source = source
        self.rules = rules
        self.observer = run.observer
        self._caches: dict[str, dict[type, Getter]] = {}

    def cache(self, name: str) -> dict[type, Getter]:
        """Accessors of the attribute ``name`` by class, shared by all places that ask for it."""
        return self._caches.setdefault(name, {})

    def header(self, node: ast.stmt) -> Span:
        """The span of a statement; of a compound one, its first lines up to the colon."""
        return Span(*self.source.header(node))

    def begin(self, node: ast.stmt) -> Callable[[], None]:
        """A closure that says which statement the program is at, and counts it."""
        observer, meter = self.observer, self.run.meter
        span = self.header(node)

        def begin() -> None:
            observer.statement = span
            observer.expression = span
            meter.work += 1  # tick(), which is to be called when it is due
            if meter.work >= meter.due:
                meter.tick(0)

        return begin

    def block(self, nodes: list[ast.stmt], scope: Scope) -> Exec:
        """Statements one after the other."""
        closures: list[Exec] = [self.rules[type(node)](self, node, scope) for node in nodes]

        def block(env: Env) -> str | None:
            for closure in closures:
                signal = closure(env)
                if signal is not None:
                    return signal
            return None

        return block

    def span(self, node: ast.AST) -> Span:
        """Where a node stands."""
        return Span(*self.source.bounds(node))

    def expression(self, node: ast.expr, scope: Scope) -> Eval:
        """The closure of one expression."""
        closure: Eval = self.rules[type(node)](self, node, scope)
        return closure

    def expressions(self, nodes: list[ast.expr], scope: Scope) -> list[Eval]:
        """The closures of several."""
        return [self.expression(node, scope) for node in nodes]

    def test(self, node: ast.expr, scope: Scope) -> Callable[[Env], bool]:
        """An expression as a condition."""
        if isinstance(node, ast.BoolOp):
            tests = [self.test(each, scope) for each in node.values]
            if isinstance(node.op, ast.And):
                return lambda env: all(test(env) for test in tests)
            return lambda env: any(test(env) for test in tests)
        value = self.expression(node, scope)
        observer, span = self.observer, self.span(node)

        def test(env: Env) -> bool:
            result = value(env)
            if result is True or result is False:
                return bool(result)
            observer.expression = span
            return bool(result)

        return test

    def load(self, node: ast.Name, scope: Scope) -> Eval:
        """A closure that reads a variable."""
        name, hops, span = node.id, scope.hops(node.id), self.span(node)
        if name == "__name__":
            return lambda env: "__main__"
        fail = partial(self._unbound, name, span)
        variables, builtins = self.run.globals, self.run.builtins.names
        if hops is None:

            def load_global(env: Env) -> Any:
                try:
                    return variables[name]
                except KeyError:
                    if name in builtins:
                        return builtins[name]
                    raise fail(env) from None

            return load_global
        if hops == 0:
            in_class = scope.kind == "class"

            def load_local(env: Env) -> Any:
                try:
                    return env.vars[name]
                except KeyError:
                    if in_class and name in variables:
                        return variables[name]
                    if in_class and name in builtins:
                        return builtins[name]
                    raise fail(env, local=True) from None

            return load_local

        def load_outer(env: Env) -> Any:
            for _ in range(hops):
                env = env.up  # type: ignore[assignment]
            try:
                return env.vars[name]
            except KeyError:
                raise fail(env, free=True) from None

        return load_outer

    def _unbound(
        self, name: str, span: Span, env: Env, local: bool = False, free: bool = False
    ) -> Problem:
        self.observer.expression = span
        if local and env.function is not None:
            return Problem(
                "UnboundLocalError",
                f"cannot access local variable {name!r} where it is not associated with a value",
            )
        if free:
            return Problem(
                "NameError",
                f"cannot access free variable {name!r} where it is not associated with a value "
                "in enclosing scope",
            )
        known: set[str] = set(self.run.globals) | set(self.run.builtins.names)
        up: Env | None = env
        while up is not None:
            known |= up.vars.keys()
            up = up.up
        return Problem("NameError", f"name {name!r} is not defined", did_you_mean(name, known))

    def sequence(self, nodes: list[ast.expr], scope: Scope) -> Callable[[Env], list[Any]]:
        """Elements of a display or arguments of a call, ``*items`` among them."""
        meter = self.run.meter
        if not any(isinstance(node, ast.Starred) for node in nodes):
            closures, cost = self.expressions(nodes, scope), len(nodes) // 8
            if not cost:
                return lambda env: [closure(env) for closure in closures]

            def long(env: Env) -> list[Any]:
                meter.tick(cost)
                return [closure(env) for closure in closures]

            return long
        parts = [
            (isinstance(node, ast.Starred), self.expression(unstarred(node), scope))
            for node in nodes
        ]

        def sequence(env: Env) -> list[Any]:
            out: list[Any] = []
            for starred, closure in parts:
                value = closure(env)
                if starred:
                    out.extend(meter.listed(value))
                else:
                    out.append(value)
            return out

        return sequence

    def parameters(
        self, node: ast.arguments, scope: Scope, inner: Scope
    ) -> tuple[Parameters, Callable[[Env], dict[str, Any]]]:
        """The parameters of a function, and a closure for their defaults."""
        names = [arg.arg for arg in (*node.posonlyargs, *node.args)]
        parameters = Parameters(
            tuple(names),
            len(node.posonlyargs),
            node.vararg.arg if node.vararg else None,
            tuple(arg.arg for arg in node.kwonlyargs),
            node.kwarg.arg if node.kwarg else None,
        )
        inner.names.update(names, parameters.kwonly)
        inner.names.update(n for n in (parameters.vararg, parameters.kwarg) if n)
        first = len(names) - len(node.defaults)
        pairs = list(zip(names[first:], self.expressions(node.defaults, scope), strict=True))
        for name, default in zip(parameters.kwonly, node.kw_defaults, strict=True):
            if default is not None:
                pairs.append((name, self.expression(default, scope)))
        return parameters, lambda env: {name: closure(env) for name, closure in pairs}

    def store(self, node: ast.expr, scope: Scope) -> Store:
        """A closure that gives a value to a target."""
        if isinstance(node, ast.Name):
            return self.store_name(node.id, scope)
        if isinstance(node, ast.Attribute):
            return self._store_attribute(node, scope)
        if isinstance(node, ast.Subscript):
            return self._store_item(node, scope)
        assert isinstance(node, ast.Tuple | ast.List), type(node)
        return self._store_many(node, scope)

    def store_name(self, name: str, scope: Scope) -> Store:
        """A closure that gives a value to a variable."""
        hops = scope.hops(name)
        variables = self.run.globals
        if hops is None:

            def store_global(env: Env, value: Any) -> None:
                variables[name] = value

            return store_global

        def store(env: Env, value: Any) -> None:
            for _ in range(hops):
                env = env.up  # type: ignore[assignment]
            env.vars[name] = value

        return store

    def _store_attribute(self, node: ast.Attribute, scope: Scope) -> Store:
        owner, name = self.expression(node.value, scope), node.attr
        observer, span, run = self.observer, self.span(node), self.run

        def store(env: Env, value: Any) -> None:
            target = owner(env)
            observer.expression = span
            run.set_attribute(target, name, value)

        return store

    def _store_item(self, node: ast.Subscript, scope: Scope) -> Store:
        owner, index = self.expression(node.value, scope), self.expression(node.slice, scope)
        observer, span, run = self.observer, self.span(node), self.run

        def store(env: Env, value: Any) -> None:
            target = owner(env)
            key = index(env)
            observer.expression = span
            run.set_item(target, key, value)

        return store

    def _store_many(self, node: ast.Tuple | ast.List, scope: Scope) -> Store:
        stores = [self.store(unstarred(item), scope) for item in node.elts]
        starred = [i for i, item in enumerate(node.elts) if isinstance(item, ast.Starred)]
        count, observer, span, meter = len(stores), self.observer, self.span(node), self.run.meter
        at = starred[0] if starred else None

        def store(env: Env, value: Any) -> None:
            observer.expression = span
            items = _unpack(value, count, at, meter.listed)
            for each, item in zip(stores, items, strict=True):
                each(env, item)

        return store


def _unpack(
    value: Any, count: int, starred: int | None, listed: Callable[[Any], list[Any]]
) -> list[Any]:
    """The elements of ``value`` for ``count`` targets, in Python's words if they do not fit."""
    try:
        iterator = iter(value)
    except TypeError as error:
        if "not iterable" in str(error):
            raise TypeError(f"cannot unpack non-iterable {type(value).__name__} object") from None
        raise
    if starred is not None:
        items = listed(iterator)
        if len(items) < count - 1:
            raise ValueError(
                f"not enough values to unpack (expected at least {count - 1}, got {len(items)})"
            )
        end = len(items) - (count - 1 - starred)
        return [*items[:starred], items[starred:end], *items[end:]]
    items = []
    for item in iterator:
        if len(items) == count:
            raise ValueError(f"too many values to unpack (expected {count})")
        items.append(item)
    if len(items) < count:
        raise ValueError(f"not enough values to unpack (expected {count}, got {len(items)})")
    return items


def unstarred(node: ast.expr) -> ast.expr:
    """``items`` of ``*items``."""
    return node.value if isinstance(node, ast.Starred) else node
