"""Expressions as closures: each node of the tree becomes one Python function of the variables.

    x * w + b   ──▶   add(mul(load("x"), load("w")), load("b"))

The tree is walked once; running is calling. A closure evaluates its operands, then says where it
is (``observer.expression``), then does the one thing it is for. So the place on display, and the
place of an error, is always the innermost operation at work.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import partial
from typing import Any

from backprop_tui.scenario.limits import OverBudget
from backprop_tui.scenario.members import Getter
from backprop_tui.scenario.operators import CONTAINERS, UNARY
from backprop_tui.scenario.runtime import Runtime
from backprop_tui.scenario.scopes import Scope, target_names
from backprop_tui.scenario.sources import Source
from backprop_tui.scenario.surface import did_you_mean
from backprop_tui.scenario.values import Env, Function, Parameters, Problem
from backprop_tui.trace.steps import Span

Eval = Callable[[Env], Any]
Store = Callable[[Env, Any], None]


class ExpressionCompiler:
    """Makes closures of expressions; ``scope`` is where the names stand."""

    def __init__(self, runtime: Runtime, source: Source) -> None:
        self.run = runtime
        self.source = source
        self.observer = runtime.observer
        self._caches: dict[str, dict[type, Getter]] = {}

    def span(self, node: ast.AST) -> Span:
        """Where a node stands."""
        return Span(*self.source.bounds(node))

    def expression(self, node: ast.expr, scope: Scope) -> Eval:
        """The closure of one expression."""
        return EXPRESSIONS[type(node)](self, node, scope)

    def expressions(self, nodes: list[ast.expr], scope: Scope) -> list[Eval]:
        """The closures of several."""
        return [self.expression(node, scope) for node in nodes]

    # ------------------------------------------------------------------ names and constants

    def constant(self, node: ast.Constant, scope: Scope) -> Eval:
        value = node.value
        return lambda env: value

    def name(self, node: ast.Name, scope: Scope) -> Eval:
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

    # ------------------------------------------------------------------ operators

    def binary(self, node: ast.BinOp, scope: Scope) -> Eval:
        left, right = self.expression(node.left, scope), self.expression(node.right, scope)
        function = self.run.operators.binary(type(node.op))
        observer, span = self.observer, self.span(node)

        def binary(env: Env) -> Any:
            a = left(env)
            b = right(env)
            observer.expression = span
            return function(a, b)

        return binary

    def unary(self, node: ast.UnaryOp, scope: Scope) -> Eval:
        operand = self.expression(node.operand, scope)
        observer, span = self.observer, self.span(node)
        if isinstance(node.op, ast.Not):
            test = self.test(node.operand, scope)
            return lambda env: not test(env)
        function = UNARY[type(node.op)]

        def unary(env: Env) -> Any:
            value = operand(env)
            observer.expression = span
            return function(value)

        return unary

    def test(self, node: ast.expr, scope: Scope) -> Callable[[Env], bool]:
        """An expression as a condition."""
        value = self.expression(node, scope)
        observer, span = self.observer, self.span(node)

        def test(env: Env) -> bool:
            result = value(env)
            if result is True or result is False:
                return bool(result)
            observer.expression = span
            return bool(result)

        return test

    def boolean(self, node: ast.BoolOp, scope: Scope) -> Eval:
        values = self.expressions(node.values, scope)
        first, last = values[:-1], values[-1]
        spans = [self.span(each) for each in node.values]
        observer, wanted = self.observer, isinstance(node.op, ast.Or)

        def boolean(env: Env) -> Any:
            for value, span in zip(first, spans, strict=False):
                result = value(env)
                observer.expression = span
                if bool(result) is wanted:
                    return result
            return last(env)

        return boolean

    def comparison(self, node: ast.Compare, scope: Scope) -> Eval:
        left = self.expression(node.left, scope)
        rights = self.expressions(node.comparators, scope)
        functions = [self.run.operators.compare(type(op)) for op in node.ops]
        observer, span = self.observer, self.span(node)
        if len(functions) == 1:
            function, right = functions[0], rights[0]

            def compare(env: Env) -> Any:
                a = left(env)
                b = right(env)
                observer.expression = span
                return function(a, b)

            return compare

        def chain(env: Env) -> Any:
            a = left(env)
            result: Any = True
            for number, function in enumerate(functions, 1):
                b = rights[number - 1](env)
                observer.expression = span
                result = function(a, b)
                if number < len(functions) and not result:
                    return result
                a = b
            return result

        return chain

    def conditional(self, node: ast.IfExp, scope: Scope) -> Eval:
        test = self.test(node.test, scope)
        body, orelse = self.expression(node.body, scope), self.expression(node.orelse, scope)
        return lambda env: body(env) if test(env) else orelse(env)

    # ------------------------------------------------------------------ attributes, items, calls

    def attribute(self, node: ast.Attribute, scope: Scope) -> Eval:
        owner, name = self.expression(node.value, scope), node.attr
        cache = self._caches.setdefault(name, {})
        observer, span, look_up = self.observer, self.span(node), self.run.attribute

        def attribute(env: Env) -> Any:
            value = owner(env)
            observer.expression = span
            getter = cache.get(type(value))
            return getter(value) if getter is not None else look_up(value, name, cache)

        return attribute

    def subscript(self, node: ast.Subscript, scope: Scope) -> Eval:
        owner, index = self.expression(node.value, scope), self.index(node.slice, scope)
        observer, span, get_item = self.observer, self.span(node), self.run.get_item

        def subscript(env: Env) -> Any:
            value = owner(env)
            key = index(env)
            observer.expression = span
            return get_item(value, key)

        return subscript

    def index(self, node: ast.expr, scope: Scope) -> Eval:
        """What stands between the brackets."""
        return self.expression(node, scope)

    def slice(self, node: ast.Slice, scope: Scope) -> Eval:
        parts = [
            self.expression(part, scope) if part is not None else _none
            for part in (node.lower, node.upper, node.step)
        ]
        lower, upper, step = parts
        return lambda env: slice(lower(env), upper(env), step(env))

    def call(self, node: ast.Call, scope: Scope) -> Eval:
        if isinstance(node.func, ast.Name) and node.func.id == "super":
            return self._super(node, scope)
        function = self.expression(node.func, scope)
        observer, span, meter = self.observer, self.span(node), self.run.meter
        plain = not any(isinstance(arg, ast.Starred) for arg in node.args)
        if plain and not node.keywords:
            closures = self.expressions(node.args, scope)

            def call(env: Env) -> Any:
                target = function(env)
                args = [closure(env) for closure in closures]
                observer.expression = span
                meter.tick()
                if type(target) is not Function:
                    for arg in args:
                        if type(arg) in CONTAINERS:
                            meter.nested(arg)
                return target(*args)

            return call
        arguments = self.sequence(node.args, scope)
        keywords = [(word.arg, self.expression(word.value, scope)) for word in node.keywords]

        def call_with_keywords(env: Env) -> Any:
            target = function(env)
            args = arguments(env)
            kwargs: dict[str, Any] = {}
            for name, closure in keywords:
                value = closure(env)
                if name is not None:
                    _once(kwargs, name)
                    kwargs[name] = value
                    continue
                if not isinstance(value, dict):
                    observer.expression = span
                    raise TypeError(
                        f"argument after ** must be a mapping, not {type(value).__name__}"
                    )
                for key, item in value.items():
                    if not isinstance(key, str):
                        raise TypeError("keywords must be strings")
                    _once(kwargs, key)
                    kwargs[key] = item
            observer.expression = span
            meter.tick()
            if type(target) is not Function:
                for arg in (*args, *kwargs.values()):
                    if type(arg) in CONTAINERS:
                        meter.nested(arg)
            return target(*args, **kwargs)

        return call_with_keywords

    def _super(self, node: ast.Call, scope: Scope) -> Eval:
        arguments, run = self.expressions(node.args, scope), self.run
        observer, span = self.observer, self.span(node)

        def above(env: Env) -> Any:
            args = tuple(argument(env) for argument in arguments)
            observer.expression = span
            return run.super_of(env, args)

        return above

    def lambda_(self, node: ast.Lambda, scope: Scope) -> Eval:
        inner = scope.inner("function", "<lambda>")
        parameters, defaults = self.parameters(node.args, scope, inner)
        body = self.expression(node.body, inner)
        run, in_class, qualname = self.run, scope.kind == "class", inner.qualname

        def result(env: Env) -> None:
            env.result = body(env)

        def make(env: Env) -> Function:
            home = env.up if in_class else env
            return Function(run, "<lambda>", qualname, parameters, defaults(env), result, home)

        return make

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

    # ------------------------------------------------------------------ displays

    def sequence(self, nodes: list[ast.expr], scope: Scope) -> Callable[[Env], list[Any]]:
        """Elements of a display or arguments of a call, ``*items`` among them."""
        meter = self.run.meter
        if not any(isinstance(node, ast.Starred) for node in nodes):
            closures = self.expressions(nodes, scope)
            return lambda env: [closure(env) for closure in closures]
        parts = [
            (isinstance(node, ast.Starred), self.expression(_unstarred(node), scope))
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

    def list(self, node: ast.List, scope: Scope) -> Eval:
        return self.sequence(node.elts, scope)

    def tuple(self, node: ast.Tuple, scope: Scope) -> Eval:
        items = self.sequence(node.elts, scope)
        return lambda env: tuple(items(env))

    def set(self, node: ast.Set, scope: Scope) -> Eval:
        items, hashed = self.sequence(node.elts, scope), self.run.operators.hashed
        return lambda env: {hashed(item) for item in items(env)}

    def dict(self, node: ast.Dict, scope: Scope) -> Eval:
        pairs = [
            (self.expression(key, scope) if key is not None else None, self.expression(value, scope))
            for key, value in zip(node.keys, node.values, strict=True)
        ]
        meter, hashed = self.run.meter, self.run.operators.hashed

        def display(env: Env) -> dict[Any, Any]:
            out: dict[Any, Any] = {}
            for key, value in pairs:
                if key is not None:
                    out[hashed(key(env))] = value(env)
                    continue
                more = value(env)
                if not isinstance(more, dict):
                    raise TypeError(f"{type(more).__name__!r} object is not a mapping")
                meter.length(len(more))
                out.update(more)
            return out

        return display

    # ------------------------------------------------------------------ comprehensions

    def comprehension(
        self,
        node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp,
        scope: Scope,
    ) -> Eval:
        inner = scope.inner("function")
        for generator in node.generators:
            inner.names.update(target_names(generator.target))
        first = self.expression(node.generators[0].iter, scope)
        hashed = self.run.operators.hashed
        observer, span = self.observer, self.span(node)
        if isinstance(node, ast.DictComp):
            key, value = self.expression(node.key, inner), self.expression(node.value, inner)

            def add_pair(env: Env, out: Any) -> None:
                made = hashed(key(env))
                out[made] = value(env)

            walk, new = self._rounds(node.generators, inner, add_pair), dict
        else:
            element = self.expression(node.elt, inner)
            if isinstance(node, ast.SetComp):

                def add(env: Env, out: Any) -> None:
                    out.add(hashed(element(env)))

                walk, new = self._rounds(node.generators, inner, add), set
            else:

                def append(env: Env, out: Any) -> None:
                    out.append(element(env))

                walk, new = self._rounds(node.generators, inner, append), list
        lazy, in_class = isinstance(node, ast.GeneratorExp), scope.kind == "class"

        def comprehension(env: Env) -> Any:
            source = first(env)
            out: Any = new()
            inner_env = Env({}, env.up if in_class else env, None)
            walk(inner_env, out, source)
            observer.expression = span
            return iter(out) if lazy else out

        return comprehension

    def _rounds(
        self,
        generators: list[ast.comprehension],
        scope: Scope,
        innermost: Callable[[Env, Any], None],
    ) -> Callable[[Env, Any, Any], None]:
        """The nested loops of a comprehension; the first one's iterable is given."""
        generator, *rest = generators
        store = self.store(generator.target, scope)
        tests = [self.test(each, scope) for each in generator.ifs]
        meter, observer, span = self.run.meter, self.observer, self.span(generator.iter)
        if rest:
            source, deeper = self.expression(rest[0].iter, scope), self._rounds(
                rest, scope, innermost
            )

            def do(env: Env, out: Any) -> None:
                deeper(env, out, source(env))
        else:
            do = innermost
        limit = meter.budget.sequence

        def rounds(env: Env, out: Any, items: Any) -> None:
            observer.expression = span
            for item in items:
                meter.tick()
                store(env, item)
                if all(test(env) for test in tests):
                    do(env, out)
                    if len(out) > limit:
                        raise OverBudget("sequence", limit)
                observer.expression = span

        return rounds

    # ------------------------------------------------------------------ text

    def joined(self, node: ast.JoinedStr, scope: Scope) -> Eval:
        parts = self.expressions(node.values, scope)
        meter = self.run.meter

        def joined(env: Env) -> str:
            texts = [part(env) for part in parts]
            meter.length(sum(map(len, texts)))
            return "".join(texts)

        return joined

    def formatted(self, node: ast.FormattedValue, scope: Scope) -> Eval:
        value = self.expression(node.value, scope)
        conversion = chr(node.conversion) if node.conversion > 0 else None
        spec = self.expression(node.format_spec, scope) if node.format_spec else None
        observer, span, text = self.observer, self.span(node.value), self.run.text

        def formatted(env: Env) -> str:
            given = value(env)
            wanted = spec(env) if spec is not None else ""
            observer.expression = span
            return text.format(text.converted(given, conversion), wanted)

        return formatted

    # ------------------------------------------------------------------ targets

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
        owner, index = self.expression(node.value, scope), self.index(node.slice, scope)
        observer, span, run = self.observer, self.span(node), self.run

        def store(env: Env, value: Any) -> None:
            target = owner(env)
            key = index(env)
            observer.expression = span
            run.set_item(target, key, value)

        return store

    def _store_many(self, node: ast.Tuple | ast.List, scope: Scope) -> Store:
        stores = [self.store(_unstarred(item), scope) for item in node.elts]
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


def _unstarred(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Starred) else node


def _none(env: Env) -> None:
    return None


def _once(kwargs: dict[str, Any], name: str) -> None:
    if name in kwargs:
        raise TypeError(f"got multiple values for keyword argument {name!r}")


EXPRESSIONS: dict[type[ast.expr], Callable[[Any, Any, Scope], Eval]] = {
    ast.Constant: ExpressionCompiler.constant,
    ast.Name: ExpressionCompiler.name,
    ast.BinOp: ExpressionCompiler.binary,
    ast.UnaryOp: ExpressionCompiler.unary,
    ast.BoolOp: ExpressionCompiler.boolean,
    ast.Compare: ExpressionCompiler.comparison,
    ast.IfExp: ExpressionCompiler.conditional,
    ast.Attribute: ExpressionCompiler.attribute,
    ast.Subscript: ExpressionCompiler.subscript,
    ast.Slice: ExpressionCompiler.slice,
    ast.Call: ExpressionCompiler.call,
    ast.Lambda: ExpressionCompiler.lambda_,
    ast.List: ExpressionCompiler.list,
    ast.Tuple: ExpressionCompiler.tuple,
    ast.Set: ExpressionCompiler.set,
    ast.Dict: ExpressionCompiler.dict,
    ast.ListComp: ExpressionCompiler.comprehension,
    ast.SetComp: ExpressionCompiler.comprehension,
    ast.DictComp: ExpressionCompiler.comprehension,
    ast.GeneratorExp: ExpressionCompiler.comprehension,
    ast.JoinedStr: ExpressionCompiler.joined,
    ast.FormattedValue: ExpressionCompiler.formatted,
}

