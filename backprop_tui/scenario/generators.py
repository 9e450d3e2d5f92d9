"""Rules of generators: functions that ``yield``, and generator expressions.

    def batches(X):              batches(X)  ──▶  a Generator: nothing has run yet
        for x in X:              next(…)     ──▶  the body goes on to its next yield
            yield x

Statements that hold a ``yield`` become generators of the host, one inside the other; all others
stay what they are. Each ``next`` is told as a call that goes on with the variables it had. Loops
around a ``yield`` are not told: the loop that asks for the values is the one on display.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from collections.abc import Generator as Host
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from backprop_tui.scenario.compiler import Compiler, Eval, Exec
from backprop_tui.scenario.contexts import entered
from backprop_tui.scenario.exceptions import FINAL
from backprop_tui.scenario.raising import finding, handlers_of
from backprop_tui.scenario.scopes import Scope, target_names, yields
from backprop_tui.scenario.statements import BREAK, RETURN
from backprop_tui.scenario.values import Env

if TYPE_CHECKING:
    from backprop_tui.scenario.runtime import Runtime

#: A body that stops at every ``yield``; what it returns is a statement's signal.
Body = Host[Any, None, Any]
Stream = Callable[[Env], Any]


class Generator:
    """A function's body, or a generator expression, on its way."""

    __slots__ = ("__weakref__", "body", "ended", "env", "managers", "name", "run", "statement")

    def __init__(self, run: Runtime, name: str, body: Body, env: Env, managers: list[Eval]) -> None:
        self.run = run
        self.name = name
        self.body = body
        self.env = env
        self.managers = managers
        self.statement = run.observer.statement
        self.ended = False

    def __iter__(self) -> Generator:
        return self

    def __next__(self) -> Any:
        if self.ended:
            raise StopIteration
        observer, meter = self.run.observer, self.run.meter
        statement, expression = observer.statement, observer.expression
        meter.enter()
        value = DONE
        try:
            value = self._call() if self.env.function is not None else self._element()
        finally:
            meter.leave()
            self.ended = value is DONE
        observer.statement, observer.expression = statement, expression
        if self.ended:
            raise StopIteration(self.env.result)
        return value

    def _element(self) -> Any:
        self.run.observer.statement = self.statement
        return next(self.body, DONE)

    def _call(self) -> Any:
        run, observer = self.run, self.run.observer
        observer.enter(self.name, tuple(self.env.vars.items()))
        run.frames.append(self.env)
        try:
            with ExitStack() as contexts:
                for manager in self.managers:
                    contexts.enter_context(manager(self.env))
                return next(self.body, DONE)
        except Exception as error:
            run.locate(error)
            raise
        finally:
            run.frames.pop()
            observer.leave()

    def __repr__(self) -> str:
        return f"<generator object {self.name} at {id(self):#x}>"

    def __deepcopy__(self, memo: object) -> Generator:
        raise TypeError("cannot pickle 'generator' object")


Generator.__name__ = "generator"
#: What a body gives when it has ended.
DONE: Any = object()


def block(c: Compiler, nodes: list[ast.stmt], scope: Scope) -> Stream:
    """Statements one after the other, some of which may yield."""
    closures: list[tuple[bool, Any]] = [
        (True, STREAMS[type(node)](c, node, scope))
        if yields(node)
        else (False, c.rules[type(node)](c, node, scope))
        for node in nodes
    ]

    def block(env: Env) -> Body:
        for streams, closure in closures:
            signal = (yield from closure(env)) if streams else closure(env)
            if signal is not None:
                return signal
        return None

    return block


def _yielded(c: Compiler, node: ast.Yield | ast.YieldFrom, scope: Scope) -> Stream:
    """``yield x``, ``yield from xs``"""
    value = c.expression(node.value, scope) if node.value is not None else None
    observer, span, meter = c.observer, c.span(node), c.run.meter
    if isinstance(node, ast.Yield):

        def one(env: Env) -> Body:
            yield value(env) if value is not None else None
            return None

        return one
    assert value is not None

    def every(env: Env) -> Body:
        items = value(env)
        observer.expression = span
        iterator = iter(items)
        while True:
            meter.tick()
            try:
                item = next(iterator)
            except StopIteration as end:
                return end.value
            yield item

    return every


def _expression(c: Compiler, node: ast.Expr, scope: Scope) -> Stream:
    assert isinstance(node.value, ast.Yield | ast.YieldFrom)
    begin, stream = c.begin(node), _yielded(c, node.value, scope)

    def execute(env: Env) -> Body:
        begin()
        yield from stream(env)
        return None

    return execute


def _assign(c: Compiler, node: ast.Assign, scope: Scope) -> Stream:
    """``x = yield y``: nothing is ever sent, so x is None; ``x = yield from g`` has its result."""
    assert isinstance(node.value, ast.Yield | ast.YieldFrom)
    begin, stream = c.begin(node), _yielded(c, node.value, scope)
    stores = [c.store(target, scope) for target in node.targets]

    def execute(env: Env) -> Body:
        begin()
        result = yield from stream(env)
        begin()
        for store in stores:
            store(env, result)
        return None

    return execute


def _if(c: Compiler, node: ast.If, scope: Scope) -> Stream:
    begin, test = c.begin(node), c.test(node.test, scope)
    body, orelse = block(c, node.body, scope), block(c, node.orelse, scope)

    def execute(env: Env) -> Body:
        begin()
        return (yield from (body if test(env) else orelse)(env))

    return execute


def _while(c: Compiler, node: ast.While, scope: Scope) -> Stream:
    begin, test = c.begin(node), c.test(node.test, scope)
    body, orelse = block(c, node.body, scope), block(c, node.orelse, scope)

    def execute(env: Env) -> Body:
        begin()
        while test(env):
            signal = yield from body(env)
            if signal is BREAK:
                return None
            if signal is RETURN:
                return signal
            begin()
        return (yield from orelse(env))

    return execute


def _for(c: Compiler, node: ast.For, scope: Scope) -> Stream:
    begin, items = c.begin(node), c.expression(node.iter, scope)
    store, names = c.store(node.target, scope), target_names(node.target)
    loads = [c.expression(ast.Name(name, ast.Load()), scope) for name in names]
    body, orelse = block(c, node.body, scope), block(c, node.orelse, scope)
    observer, span, target_span = c.observer, c.span(node.iter), c.span(node.target)

    def execute(env: Env) -> Body:
        begin()
        iterable = items(env)
        observer.expression = span
        for item in iterable:
            observer.expression = target_span
            store(env, item)
            pairs = zip(names, loads, strict=True)
            observer.bind(tuple((name, load(env)) for name, load in pairs))
            signal = yield from body(env)
            if signal is BREAK:
                return None
            if signal is RETURN:
                return signal
            begin()
            observer.expression = span
        return (yield from orelse(env))

    return execute


def _with(c: Compiler, node: ast.With, scope: Scope) -> Stream:
    begin, body = c.begin(node), block(c, node.body, scope)
    items = [entered(c, item, scope) for item in node.items]

    def execute(env: Env) -> Body:
        begin()
        with ExitStack() as contexts:
            for enter in items:
                enter(env, contexts)
            return (yield from body(env))

    return execute


def _try(c: Compiler, node: ast.Try, scope: Scope) -> Stream:
    begin, run = c.begin(node), c.run
    body, orelse = block(c, node.body, scope), block(c, node.orelse, scope)
    final, handlers = block(c, node.finalbody, scope), handlers_of(c, node, scope, block)

    def guarded(env: Env) -> Body:
        try:
            signal = yield from body(env)
        except FINAL:
            raise
        except Exception as error:
            handler = finding(run, handlers, env, error)
            if handler is None:
                raise
            try:
                return (yield from handler.body(env))
            finally:
                handler.end(env, error)
        return signal if signal is not None else (yield from orelse(env))

    def execute(env: Env) -> Body:
        begin()
        try:
            signal = yield from guarded(env)
        except FINAL:
            raise
        except Exception as error:
            run.locate(error)
            failure = run.failure
            override = yield from final(env)
            if override is not None:
                return override
            run.failure = failure
            raise
        override = yield from final(env)
        return override if override is not None else signal

    return execute


def generator_expression(c: Compiler, node: ast.GeneratorExp, scope: Scope) -> Eval:
    """``(f(x) for x in xs)``: each element when it is asked for."""
    inner = scope.inner("function")
    for generator in node.generators:
        inner.names.update(target_names(generator.target))
    first, element = c.expression(node.generators[0].iter, scope), c.expression(node.elt, inner)
    walk = _rounds(c, node.generators, inner, element)
    in_class, run, name = scope.kind == "class", c.run, f"{inner.qualname}.<locals>.<genexpr>"
    name = name if inner.qualname else "<genexpr>"
    observer, span = c.observer, c.span(node.generators[0].iter)

    def make(env: Env) -> Generator:
        items = first(env)
        observer.expression = span
        inner_env = Env({}, env.up if in_class else env, None)
        return Generator(run, name, walk(inner_env, iter(items)), inner_env, [])

    return make


def _rounds(
    c: Compiler, generators: list[ast.comprehension], scope: Scope, element: Eval
) -> Callable[[Env, Any], Body]:
    """The nested loops of a generator expression; the first one's iterable is given."""
    generator, *rest = generators
    store = c.store(generator.target, scope)
    tests = [c.test(each, scope) for each in generator.ifs]
    meter, observer, span = c.run.meter, c.observer, c.span(generator.iter)
    source = c.expression(rest[0].iter, scope) if rest else None
    deeper = _rounds(c, rest, scope, element) if rest else None

    def rounds(env: Env, items: Any) -> Body:
        observer.expression = span
        for item in items:
            meter.tick()
            store(env, item)
            if all(test(env) for test in tests):
                if deeper is not None and source is not None:
                    yield from deeper(env, source(env))
                else:
                    yield element(env)
            observer.expression = span

    return rounds


def function_body(c: Compiler, nodes: list[ast.stmt], scope: Scope, managers: list[Eval]) -> Exec:
    """The body of a function that yields: running it makes a Generator."""
    stream, run, name = block(c, nodes, scope), c.run, scope.qualname

    def body(env: Env) -> Body:
        env.result = None
        yield from stream(env)

    def make(env: Env) -> None:
        env.result = Generator(run, name, body(env), env, managers)

    return make


STREAMS: dict[type[ast.AST], Callable[[Compiler, Any, Scope], Stream]] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.If: _if,
    ast.While: _while,
    ast.For: _for,
    ast.With: _with,
    ast.Try: _try,
}
