"""Rules of statements: each closure returns None, or the signal that ends the block around it."""

from __future__ import annotations

import ast
import operator
from typing import Any

from backprop_tui.scenario.compiler import Compiler, Eval, Exec, Rule
from backprop_tui.scenario.scopes import Scope, target_names
from backprop_tui.scenario.surface import NAMESPACES
from backprop_tui.scenario.values import Env, Problem

#: How a block can end before its end.
BREAK, CONTINUE, RETURN = "break", "continue", "return"


def import_(c: Compiler, node: ast.Import, scope: Scope) -> Exec:
    """``import torch.nn as nn``"""
    begin, run = c.begin(node), c.run
    stores = [
        (
            alias.name if alias.asname else alias.name.split(".")[0],
            c.store_name(alias.asname or alias.name.split(".")[0], scope),
        )
        for alias in node.names
    ]

    def execute(env: Env) -> None:
        begin()
        for path, store in stores:
            store(env, run.namespace(path))

    return execute


def import_from(c: Compiler, node: ast.ImportFrom, scope: Scope) -> Exec:
    """``from torch import nn``"""
    begin, run = c.begin(node), c.run
    module = node.module or ""
    stores = [
        (alias.name, c.store_name(alias.asname or alias.name, scope))
        for alias in node.names
        if module in NAMESPACES  # else it is __future__, which says nothing to us
    ]

    def execute(env: Env) -> None:
        begin()
        for name, store in stores:
            store(env, run.member(run.namespace(module), name))

    return execute


def expression_statement(c: Compiler, node: ast.Expr, scope: Scope) -> Exec:
    """A call, or a docstring."""
    if isinstance(node.value, ast.Constant):
        return lambda env: None
    begin, value = c.begin(node), c.expression(node.value, scope)

    def execute(env: Env) -> None:
        begin()
        value(env)

    return execute


def assign(c: Compiler, node: ast.Assign, scope: Scope) -> Exec:
    """``a = b = x``"""
    return _assign(c, node, node.targets, node.value, scope)


def annotated(c: Compiler, node: ast.AnnAssign, scope: Scope) -> Exec:
    """``a: int = x``; the annotation says nothing to us."""
    if node.value is None:
        return lambda env: None
    return _assign(c, node, [node.target], node.value, scope)


def _assign(
    c: Compiler, node: ast.stmt, targets: list[ast.expr], expression: ast.expr, scope: Scope
) -> Exec:
    begin, value = c.begin(node), c.expression(expression, scope)
    stores = [c.store(target, scope) for target in targets]
    names = [name for target in targets for name in target_names(target)]
    observer, span = c.observer, c.span(expression)
    if len(stores) == 1 and len(names) == 1 and isinstance(targets[0], ast.Name):
        name, store_one = names[0], stores[0]

        def assign_name(env: Env) -> None:
            begin()
            result = value(env)
            store_one(env, result)
            observer.expression = span
            observer.bind(((name, result),))

        return assign_name
    loads = [c.expression(ast.Name(name, ast.Load()), scope) for name in names]

    def assign(env: Env) -> None:
        begin()
        result = value(env)
        for store in stores:
            store(env, result)
        if names:
            observer.expression = span
            pairs = zip(names, loads, strict=True)
            observer.bind(tuple((name, load(env)) for name, load in pairs))

    return assign


def augmented(c: Compiler, node: ast.AugAssign, scope: Scope) -> Exec:
    """``a += x``, in place where the value can."""
    begin, value = c.begin(node), c.expression(node.value, scope)
    function = c.run.operators.binary(type(node.op), in_place=True)
    observer, span, run, target = c.observer, c.span(node), c.run, node.target
    if isinstance(target, ast.Name):
        name = target.id
        load, store = c.load(target, scope), c.store(target, scope)

        def to_name(env: Env) -> None:
            begin()
            before = load(env)
            operand = value(env)
            observer.expression = span
            after = function(before, operand)
            store(env, after)
            observer.bind(((name, after),))

        return to_name
    if isinstance(target, ast.Attribute):
        owner, attr = c.expression(target.value, scope), target.attr
        cache = c.cache(attr)

        def to_attribute(env: Env) -> None:
            begin()
            holder = owner(env)
            before = run.attribute(holder, attr, cache)
            operand = value(env)
            observer.expression = span
            run.set_attribute(holder, attr, function(before, operand))

        return to_attribute
    assert isinstance(target, ast.Subscript), type(target)
    owner, index = c.expression(target.value, scope), c.expression(target.slice, scope)

    def to_item(env: Env) -> None:
        begin()
        holder = owner(env)
        key = index(env)
        observer.expression = span
        before = run.get_item(holder, key)
        operand = value(env)
        observer.expression = span
        run.set_item(holder, key, function(before, operand))

    return to_item


def delete(c: Compiler, node: ast.Delete, scope: Scope) -> Exec:
    """``del a, b[0]``"""
    begin = c.begin(node)
    closures = [_delete(c, target, scope) for target in node.targets]

    def execute(env: Env) -> None:
        begin()
        for closure in closures:
            closure(env)

    return execute


def _delete(c: Compiler, node: ast.expr, scope: Scope) -> Eval:
    if isinstance(node, ast.Name):
        load, name, hops = c.load(node, scope), node.id, scope.hops(node.id)
        variables = c.run.globals

        def delete_name(env: Env) -> None:
            load(env)
            for _ in range(hops or 0):
                env = env.up  # type: ignore[assignment]
            del (variables if hops is None else env.vars)[name]

        return delete_name
    observer, span = c.observer, c.span(node)
    if isinstance(node, ast.Subscript):
        owner, index = c.expression(node.value, scope), c.expression(node.slice, scope)

        def delete_item(env: Env) -> None:
            holder, key = owner(env), index(env)
            observer.expression = span
            operator.delitem(holder, key)

        return delete_item
    if isinstance(node, ast.Tuple | ast.List):
        closures = [_delete(c, item, scope) for item in node.elts]
        return lambda env: [closure(env) for closure in closures]

    def refuse(env: Env) -> None:
        observer.expression = span
        raise Problem("TypeError", "an attribute cannot be deleted", "set it to None")

    return refuse


def pass_(c: Compiler, node: ast.Pass, scope: Scope) -> Exec:
    """``pass``"""
    begin = c.begin(node)
    return lambda env: begin()


def break_(c: Compiler, node: ast.Break, scope: Scope) -> Exec:
    """``break``"""
    begin = c.begin(node)
    return lambda env: (begin(), BREAK)[1]


def continue_(c: Compiler, node: ast.Continue, scope: Scope) -> Exec:
    """``continue``"""
    begin = c.begin(node)
    return lambda env: (begin(), CONTINUE)[1]


def return_(c: Compiler, node: ast.Return, scope: Scope) -> Exec:
    """``return x``"""
    begin = c.begin(node)
    value = c.expression(node.value, scope) if node.value is not None else None

    def execute(env: Env) -> str:
        begin()
        if value is not None:
            env.result = value(env)
        return RETURN

    return execute


def assert_(c: Compiler, node: ast.Assert, scope: Scope) -> Exec:
    """``assert test, message``"""
    begin, test = c.begin(node), c.test(node.test, scope)
    message = c.expression(node.msg, scope) if node.msg is not None else None
    observer, span, text = c.observer, c.span(node.test), c.run.text

    def execute(env: Env) -> None:
        begin()
        if not test(env):
            words = text.of(message(env)) if message is not None else ""
            observer.expression = span
            raise AssertionError(words)

    return execute


def walrus(c: Compiler, node: ast.NamedExpr, scope: Scope) -> Eval:
    """``(n := x)``"""
    value, store, name = c.expression(node.value, scope), c.store(node.target, scope), node.target
    observer, span = c.observer, c.span(node)

    def execute(env: Env) -> Any:
        result = value(env)
        store(env, result)
        observer.expression = span
        observer.bind(((name.id, result),))
        return result

    return execute


def nothing(c: Compiler, node: ast.stmt, scope: Scope) -> Exec:
    """``global``, ``nonlocal``: the scopes know."""
    return lambda env: None


def if_(c: Compiler, node: ast.If, scope: Scope) -> Exec:
    """``if … elif … else``"""
    begin, test = c.begin(node), c.test(node.test, scope)
    body, orelse = c.block(node.body, scope), c.block(node.orelse, scope)

    def execute(env: Env) -> str | None:
        begin()
        return body(env) if test(env) else orelse(env)

    return execute


def while_(c: Compiler, node: ast.While, scope: Scope) -> Exec:
    """``while … else``"""
    begin, test = c.begin(node), c.test(node.test, scope)
    body, orelse = c.block(node.body, scope), c.block(node.orelse, scope)
    observer, run, name = c.observer, c.run, c.source.segment(node.test)

    def execute(env: Env) -> str | None:
        begin()
        observer.loop_enter(name, None)
        number = 0
        try:
            while test(env):
                number += 1
                observer.loop_round(number, ())
                signal = body(env)
                if signal is BREAK:
                    return None
                if signal is RETURN:
                    return signal
                begin()
        except Exception as error:
            run.locate(error)
            raise
        finally:
            observer.loop_exit()
        return orelse(env)

    return execute


def for_(c: Compiler, node: ast.For, scope: Scope) -> Exec:
    """``for … in … else``"""
    begin, items = c.begin(node), c.expression(node.iter, scope)
    store, names = c.store(node.target, scope), target_names(node.target)
    loads = [c.expression(ast.Name(name, ast.Load()), scope) for name in names]
    body, orelse = c.block(node.body, scope), c.block(node.orelse, scope)
    observer, run, target = c.observer, c.run, c.source.segment(node.target)
    span, target_span = c.span(node.iter), c.span(node.target)

    def execute(env: Env) -> str | None:
        begin()
        iterable = items(env)
        observer.expression = span
        iterator = iter(iterable)
        observer.loop_enter(target, run.total(iterable))
        number = 0
        try:
            for item in iterator:
                number += 1
                observer.expression = target_span
                store(env, item)
                pairs = zip(names, loads, strict=True)
                observer.loop_round(number, tuple((name, load(env)) for name, load in pairs))
                signal = body(env)
                if signal is BREAK:
                    return None
                if signal is RETURN:
                    return signal
                begin()
                observer.expression = span
        except Exception as error:
            run.locate(error)
            raise
        finally:
            observer.loop_exit()
        return orelse(env)

    return execute


RULES: dict[type[ast.AST], Rule] = {
    ast.Import: import_,
    ast.ImportFrom: import_from,
    ast.Expr: expression_statement,
    ast.Assign: assign,
    ast.AnnAssign: annotated,
    ast.AugAssign: augmented,
    ast.Delete: delete,
    ast.Pass: pass_,
    ast.Break: break_,
    ast.Continue: continue_,
    ast.Return: return_,
    ast.Assert: assert_,
    ast.NamedExpr: walrus,
    ast.Global: nothing,
    ast.Nonlocal: nothing,
    ast.If: if_,
    ast.While: while_,
    ast.For: for_,
}
