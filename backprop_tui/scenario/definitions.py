"""Rules of functions and classes."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from backprop_tui.scenario.compiler import Compiler, Eval, Exec, Rule
from backprop_tui.scenario.generators import function_body
from backprop_tui.scenario.records import annotated, complete
from backprop_tui.scenario.scopes import Scope, bind_names, yields
from backprop_tui.scenario.subset import of_a_member
from backprop_tui.scenario.values import Env, Function, Member


def function(c: Compiler, node: ast.FunctionDef, scope: Scope) -> Exec:
    """``def f(…):``"""
    begin, store = c.begin(node), c.store_name(node.name, scope)
    inner = scope.inner("function", node.name)
    parameters, defaults = c.parameters(node.args, scope, inner)
    bind_names(inner, node.body)
    members = [d for d in node.decorator_list[:1] if scope.kind == "class" and of_a_member(d)]
    contexts = [_context(c, each) for each in node.decorator_list[len(members) :]]
    lazy = any(yields(each) for each in node.body)
    if lazy:
        body = function_body(c, node.body, inner, contexts)
    else:
        body = c.block(node.body, inner)
        for context in reversed(contexts):
            body = _decorated(context, body)
    run, in_class = c.run, scope.kind == "class"
    name, qualname = node.name, inner.qualname
    kind = _member(c, members[0], scope) if members else None

    def execute(env: Env) -> None:
        begin()
        home = env.up if in_class else env
        made = Function(run, name, qualname, parameters, defaults(env), body, home, lazy)
        store(env, made if kind is None else kind(env, made))

    return execute


def _member(c: Compiler, node: ast.expr, scope: Scope) -> Callable[[Env, Function], Member]:
    """``@property`` and its relatives: what becomes of the method below."""
    kind = of_a_member(node)
    if kind != "setter":
        return lambda env, function: Member(kind, function)
    assert isinstance(node, ast.Attribute)
    above = c.expression(node.value, scope)

    def setter(env: Env, function: Function) -> Member:
        before = above(env)
        if not isinstance(before, Member) or before.kind != "property":
            raise AttributeError(f"{type(before).__name__!r} object has no attribute 'setter'")
        return Member("property", before.function, function)

    return setter


def _context(c: Compiler, node: ast.expr) -> Eval:
    """``@torch.no_grad()``: the context, anew for every call."""
    call = node if isinstance(node, ast.Call) else ast.Call(node, [], [])
    ast.copy_location(call, node)
    return c.expression(call, Scope("module"))


def _decorated(manager: Eval, body: Exec) -> Exec:
    """The body of a function under a context."""

    def execute(env: Env) -> str | None:
        with manager(env):
            return body(env)

    return execute


def class_(c: Compiler, node: ast.ClassDef, scope: Scope) -> Exec:
    """``class Net(nn.Module):``"""
    begin, store = c.begin(node), c.store_name(node.name, scope)
    base = c.expression(node.bases[0], scope) if node.bases else None
    inner = scope.inner("class", node.name)
    bind_names(inner, node.body)
    body = c.block(node.body, inner)
    observer, header, run, name = c.observer, c.header(node), c.run, node.name
    decorated, fields = bool(node.decorator_list), annotated(node)

    def execute(env: Env) -> None:
        begin()
        above = base(env) if base is not None else None
        members: dict[str, Any] = {}
        body(Env(members, env, None))
        if decorated:
            complete(run, name, fields, members, env)
        observer.statement = observer.expression = header
        store(env, run.make_class(name, above, members))

    return execute


RULES: dict[type[ast.AST], Rule] = {
    ast.FunctionDef: function,
    ast.ClassDef: class_,
}
