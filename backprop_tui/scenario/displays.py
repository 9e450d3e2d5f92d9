"""Rules of displays, comprehensions and f-strings."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from backprop_tui.scenario.compiler import Compiler, Eval, Rule
from backprop_tui.scenario.generators import generator_expression
from backprop_tui.scenario.limits import OverBudget
from backprop_tui.scenario.scopes import Scope, target_names
from backprop_tui.scenario.values import Env


def list_display(c: Compiler, node: ast.List, scope: Scope) -> Eval:
    """``[a, *b]``"""
    return c.sequence(node.elts, scope)


def tuple_display(c: Compiler, node: ast.Tuple, scope: Scope) -> Eval:
    """``a, b``"""
    items = c.sequence(node.elts, scope)
    return lambda env: tuple(items(env))


def set_display(c: Compiler, node: ast.Set, scope: Scope) -> Eval:
    """``{a, b}``"""
    items, hashed = c.sequence(node.elts, scope), c.run.operators.hashed
    return lambda env: {hashed(item) for item in items(env)}


def dict_display(c: Compiler, node: ast.Dict, scope: Scope) -> Eval:
    """``{a: b, **c}``"""
    pairs = [
        (
            c.expression(key, scope) if key is not None else None,
            c.expression(value, scope),
        )
        for key, value in zip(node.keys, node.values, strict=True)
    ]
    meter, hashed = c.run.meter, c.run.operators.hashed

    def display(env: Env) -> dict[Any, Any]:
        out: dict[Any, Any] = {}
        meter.tick(len(pairs) // 4)
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


def comprehension(
    c: Compiler,
    node: ast.ListComp | ast.SetComp | ast.DictComp,
    scope: Scope,
) -> Eval:
    """``[x for y in z if w]`` and its relatives."""
    inner = scope.inner("function")
    for generator in node.generators:
        inner.names.update(target_names(generator.target))
    first = c.expression(node.generators[0].iter, scope)
    hashed = c.run.operators.hashed
    observer, span = c.observer, c.span(node)
    new: type
    if isinstance(node, ast.DictComp):
        key, value = c.expression(node.key, inner), c.expression(node.value, inner)

        def add_pair(env: Env, out: Any) -> None:
            made = hashed(key(env))
            out[made] = value(env)

        walk, new = _rounds(c, node.generators, inner, add_pair), dict
    else:
        element = c.expression(node.elt, inner)
        if isinstance(node, ast.SetComp):

            def add(env: Env, out: Any) -> None:
                out.add(hashed(element(env)))

            walk, new = _rounds(c, node.generators, inner, add), set
        else:

            def append(env: Env, out: Any) -> None:
                out.append(element(env))

            walk, new = _rounds(c, node.generators, inner, append), list
    in_class = scope.kind == "class"

    def comprehension(env: Env) -> Any:
        source = first(env)
        out: Any = new()
        inner_env = Env({}, env.up if in_class else env, None)
        walk(inner_env, out, source)
        observer.expression = span
        return out

    return comprehension


def _rounds(
    c: Compiler,
    generators: list[ast.comprehension],
    scope: Scope,
    innermost: Callable[[Env, Any], None],
) -> Callable[[Env, Any, Any], None]:
    """The nested loops of a comprehension; the first one's iterable is given."""
    generator, *rest = generators
    store = c.store(generator.target, scope)
    tests = [c.test(each, scope) for each in generator.ifs]
    meter, observer, span = c.run.meter, c.observer, c.span(generator.iter)
    do = innermost
    if rest:
        source = c.expression(rest[0].iter, scope)
        deeper = _rounds(c, rest, scope, innermost)

        def descend(env: Env, out: Any) -> None:
            deeper(env, out, source(env))

        do = descend
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


def joined(c: Compiler, node: ast.JoinedStr, scope: Scope) -> Eval:
    """An f-string."""
    parts = c.expressions(node.values, scope)
    meter = c.run.meter

    def joined(env: Env) -> str:
        texts = [part(env) for part in parts]
        meter.length(sum(map(len, texts)))
        return "".join(texts)

    return joined


def formatted(c: Compiler, node: ast.FormattedValue, scope: Scope) -> Eval:
    """``{x!r:>10}`` inside an f-string."""
    value = c.expression(node.value, scope)
    conversion = chr(node.conversion) if node.conversion > 0 else None
    spec = c.expression(node.format_spec, scope) if node.format_spec else None
    observer, span, text = c.observer, c.span(node.value), c.run.text

    def formatted(env: Env) -> str:
        given = value(env)
        wanted = spec(env) if spec is not None else ""
        observer.expression = span
        return text.format(text.converted(given, conversion), wanted)

    return formatted


RULES: dict[type[ast.AST], Rule] = {
    ast.List: list_display,
    ast.Tuple: tuple_display,
    ast.Set: set_display,
    ast.Dict: dict_display,
    ast.ListComp: comprehension,
    ast.SetComp: comprehension,
    ast.DictComp: comprehension,
    ast.GeneratorExp: generator_expression,
    ast.JoinedStr: joined,
    ast.FormattedValue: formatted,
}
