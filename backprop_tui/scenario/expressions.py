"""Rules of expressions: names, operators, attributes, items, calls, lambda."""

from __future__ import annotations

import ast
from functools import partial
from typing import Any

from backprop_tui.scenario.compiler import Compiler, Eval, Rule
from backprop_tui.scenario.operators import CONTAINERS
from backprop_tui.scenario.scopes import Scope, bind_names
from backprop_tui.scenario.values import Builtin, ClassValue, Env, Function

#: Callables that count what they walk through themselves; an engine does not.
OWN = frozenset({Function, ClassValue, Builtin, partial})
#: Arguments that an engine may walk through.
WALKED = frozenset({*CONTAINERS, range})


def constant(c: Compiler, node: ast.Constant, scope: Scope) -> Eval:
    """A number or a text written out."""
    value = node.value
    return lambda env: value


def name(c: Compiler, node: ast.Name, scope: Scope) -> Eval:
    """A variable."""
    return c.load(node, scope)


def binary(c: Compiler, node: ast.BinOp, scope: Scope) -> Eval:
    """``a + b``"""
    left, right = c.expression(node.left, scope), c.expression(node.right, scope)
    function = c.run.operators.binary(type(node.op))
    observer, span = c.observer, c.span(node)

    def binary(env: Env) -> Any:
        a = left(env)
        b = right(env)
        observer.expression = span
        return function(a, b)

    return binary


def unary(c: Compiler, node: ast.UnaryOp, scope: Scope) -> Eval:
    """``-a``, ``not a``"""
    operand = c.expression(node.operand, scope)
    observer, span = c.observer, c.span(node)
    if isinstance(node.op, ast.Not):
        test = c.test(node.operand, scope)
        return lambda env: not test(env)
    function = c.run.operators.unary(type(node.op))

    def unary(env: Env) -> Any:
        value = operand(env)
        observer.expression = span
        return function(value)

    return unary


def boolean(c: Compiler, node: ast.BoolOp, scope: Scope) -> Eval:
    """``a and b``"""
    values = c.expressions(node.values, scope)
    first, last = values[:-1], values[-1]
    spans = [c.span(each) for each in node.values]
    observer, wanted = c.observer, isinstance(node.op, ast.Or)

    def boolean(env: Env) -> Any:
        for value, span in zip(first, spans, strict=False):
            result = value(env)
            observer.expression = span
            if bool(result) is wanted:
                return result
        return last(env)

    return boolean


def comparison(c: Compiler, node: ast.Compare, scope: Scope) -> Eval:
    """``a < b < c``"""
    left = c.expression(node.left, scope)
    rights = c.expressions(node.comparators, scope)
    functions = [c.run.operators.compare(type(op)) for op in node.ops]
    observer, span = c.observer, c.span(node)
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


def conditional(c: Compiler, node: ast.IfExp, scope: Scope) -> Eval:
    """``a if test else b``"""
    test = c.test(node.test, scope)
    body, orelse = c.expression(node.body, scope), c.expression(node.orelse, scope)
    return lambda env: body(env) if test(env) else orelse(env)


def attribute(c: Compiler, node: ast.Attribute, scope: Scope) -> Eval:
    """``x.name``"""
    if node.attr == "__class__":  # the subset has it in ``x.__class__.__name__`` alone
        of, kind = c.expression(node.value, scope), c.run.builtins.type
        return lambda env: kind(of(env))
    owner, name = c.expression(node.value, scope), node.attr
    cache = c.cache(name)
    observer, span, look_up = c.observer, c.span(node), c.run.attribute

    def attribute(env: Env) -> Any:
        value = owner(env)
        observer.expression = span
        getter = cache.get(type(value))
        return getter(value) if getter is not None else look_up(value, name, cache)

    return attribute


def subscript(c: Compiler, node: ast.Subscript, scope: Scope) -> Eval:
    """``x[i]``"""
    owner, index = c.expression(node.value, scope), c.expression(node.slice, scope)
    observer, span, get_item = c.observer, c.span(node), c.run.get_item

    def subscript(env: Env) -> Any:
        value = owner(env)
        key = index(env)
        observer.expression = span
        return get_item(value, key)

    return subscript


def slice_(c: Compiler, node: ast.Slice, scope: Scope) -> Eval:
    """``a:b:c`` between brackets."""
    parts = [
        c.expression(part, scope) if part is not None else _none
        for part in (node.lower, node.upper, node.step)
    ]
    lower, upper, step = parts
    return lambda env: slice(lower(env), upper(env), step(env))


def call(c: Compiler, node: ast.Call, scope: Scope) -> Eval:
    """``f(a, *b, c=d)``"""
    if isinstance(node.func, ast.Name) and node.func.id == "super":
        return _super(c, node, scope)
    function = c.expression(node.func, scope)
    observer, span, meter = c.observer, c.span(node), c.run.meter
    counted = c.run.counted
    plain = not any(isinstance(arg, ast.Starred) for arg in node.args)
    if plain and not node.keywords:
        closures = c.expressions(node.args, scope)

        def call(env: Env) -> Any:
            target = function(env)
            args = []
            for closure in closures:
                args.append(closure(env))  # a comprehension would be one call more
            observer.expression = span
            meter.work += 1
            if meter.work >= meter.due:
                meter.tick(0)
            for arg in args:
                if type(arg) in WALKED and type(target) not in OWN and id(target) not in counted:
                    meter.nested(arg)
            return target(*args)

        return call
    arguments = c.sequence(node.args, scope)
    keywords = [(word.arg, c.expression(word.value, scope)) for word in node.keywords]

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
                raise TypeError(f"argument after ** must be a mapping, not {type(value).__name__}")
            meter.tick(len(value))
            for key, item in value.items():
                if not isinstance(key, str):
                    raise TypeError("keywords must be strings")
                _once(kwargs, key)
                kwargs[key] = item
        observer.expression = span
        meter.tick()
        if type(target) not in OWN and id(target) not in counted:
            for arg in (*args, *kwargs.values()):
                if type(arg) in WALKED:
                    meter.nested(arg)
        return target(*args, **kwargs)

    return call_with_keywords


def _super(c: Compiler, node: ast.Call, scope: Scope) -> Eval:
    arguments, run = c.expressions(node.args, scope), c.run
    observer, span = c.observer, c.span(node)

    def above(env: Env) -> Any:
        args = tuple(argument(env) for argument in arguments)
        observer.expression = span
        return run.super_of(env, args)

    return above


def lambda_(c: Compiler, node: ast.Lambda, scope: Scope) -> Eval:
    """``lambda x: …``"""
    inner = scope.inner("function", "<lambda>")
    parameters, defaults = c.parameters(node.args, scope, inner)
    bind_names(inner, [node.body])
    body = c.expression(node.body, inner)
    run, in_class, qualname = c.run, scope.kind == "class", inner.qualname

    def result(env: Env) -> None:
        env.result = body(env)

    def make(env: Env) -> Function:
        home = env.up if in_class else env
        return Function(run, "<lambda>", qualname, parameters, defaults(env), result, home)

    return make


def _none(env: Env) -> None:
    return None


def _once(kwargs: dict[str, Any], name: str) -> None:
    if name in kwargs:
        raise TypeError(f"got multiple values for keyword argument {name!r}")


RULES: dict[type[ast.AST], Rule] = {
    ast.Constant: constant,
    ast.Name: name,
    ast.BinOp: binary,
    ast.UnaryOp: unary,
    ast.BoolOp: boolean,
    ast.Compare: comparison,
    ast.IfExp: conditional,
    ast.Attribute: attribute,
    ast.Subscript: subscript,
    ast.Slice: slice_,
    ast.Call: call,
    ast.Lambda: lambda_,
}
