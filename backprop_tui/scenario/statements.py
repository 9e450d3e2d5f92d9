"""Statements as closures: each returns None, or the signal that it ends the block around it."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from backprop_tui.scenario.expressions import Eval, ExpressionCompiler
from backprop_tui.scenario.scopes import Scope, bind_names, target_names
from backprop_tui.scenario.surface import NAMESPACES
from backprop_tui.scenario.values import Env, Function, Problem
from backprop_tui.trace.steps import Span

#: How a block can end before its end.
BREAK, CONTINUE, RETURN = "break", "continue", "return"
Exec = Callable[[Env], str | None]


class StatementCompiler(ExpressionCompiler):
    """Makes closures of statements."""

    def program(self, tree: ast.Module) -> Callable[[], None]:
        """The whole program, ready to run."""
        scope = Scope("module")
        body = self.block(tree.body, scope)
        env = Env(self.run.globals, None, None)
        return lambda: (body(env), None)[1]

    def block(self, nodes: list[ast.stmt], scope: Scope) -> Exec:
        """Statements one after the other."""
        closures = [STATEMENTS[type(node)](self, node, scope) for node in nodes]

        def block(env: Env) -> str | None:
            for closure in closures:
                signal = closure(env)
                if signal is not None:
                    return signal
            return None

        return block

    def begin(self, node: ast.stmt) -> Callable[[], None]:
        """Say where the program is, and count."""
        observer, tick = self.observer, self.run.meter.tick
        span = self.header(node)

        def begin() -> None:
            observer.statement = span
            observer.expression = span
            tick()

        return begin

    def header(self, node: ast.stmt) -> Span:
        """The span of a statement; of a compound one, its first lines up to the colon."""
        return Span(*self.source.header(node))

    # ------------------------------------------------------------------ simple statements

    def import_(self, node: ast.Import, scope: Scope) -> Exec:
        begin, run = self.begin(node), self.run
        stores = [
            (
                alias.name if alias.asname else alias.name.split(".")[0],
                self.store_name(alias.asname or alias.name.split(".")[0], scope),
            )
            for alias in node.names
        ]

        def execute(env: Env) -> None:
            begin()
            for path, store in stores:
                store(env, run.namespace(path))

        return execute

    def import_from(self, node: ast.ImportFrom, scope: Scope) -> Exec:
        begin, run = self.begin(node), self.run
        module = node.module or ""
        stores = [
            (alias.name, self.store_name(alias.asname or alias.name, scope))
            for alias in node.names
            if module in NAMESPACES  # else it is __future__, which says nothing to us
        ]

        def execute(env: Env) -> None:
            begin()
            for name, store in stores:
                store(env, run.member(run.namespace(module), name))

        return execute

    def expression_statement(self, node: ast.Expr, scope: Scope) -> Exec:
        if isinstance(node.value, ast.Constant):
            return lambda env: None
        begin, value = self.begin(node), self.expression(node.value, scope)

        def execute(env: Env) -> None:
            begin()
            value(env)

        return execute

    def assign(self, node: ast.Assign, scope: Scope) -> Exec:
        return self._assign(node, node.targets, node.value, scope)

    def annotated(self, node: ast.AnnAssign, scope: Scope) -> Exec:
        if node.value is None:
            return lambda env: None
        return self._assign(node, [node.target], node.value, scope)

    def _assign(
        self, node: ast.stmt, targets: list[ast.expr], expression: ast.expr, scope: Scope
    ) -> Exec:
        begin, value = self.begin(node), self.expression(expression, scope)
        stores = [self.store(target, scope) for target in targets]
        names = [name for target in targets for name in target_names(target)]
        observer, span = self.observer, self.span(expression)
        if len(stores) == 1 and len(names) == 1 and isinstance(targets[0], ast.Name):
            name, store_one = names[0], stores[0]

            def assign_name(env: Env) -> None:
                begin()
                result = value(env)
                store_one(env, result)
                observer.expression = span
                observer.bind(((name, result),))

            return assign_name
        loads = [self.expression(ast.Name(name, ast.Load()), scope) for name in names]

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

    def augmented(self, node: ast.AugAssign, scope: Scope) -> Exec:
        begin, value = self.begin(node), self.expression(node.value, scope)
        function = self.run.operators.binary(type(node.op), in_place=True)
        observer, span, run, target = self.observer, self.span(node), self.run, node.target
        if isinstance(target, ast.Name):
            name = target.id
            load, store = self.name(target, scope), self.store(target, scope)

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
            owner, attr = self.expression(target.value, scope), target.attr
            cache = self._caches.setdefault(attr, {})

            def to_attribute(env: Env) -> None:
                begin()
                holder = owner(env)
                before = run.attribute(holder, attr, cache)
                operand = value(env)
                observer.expression = span
                run.set_attribute(holder, attr, function(before, operand))

            return to_attribute
        assert isinstance(target, ast.Subscript), type(target)
        owner, index = self.expression(target.value, scope), self.index(target.slice, scope)

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

    def delete(self, node: ast.Delete, scope: Scope) -> Exec:
        begin = self.begin(node)
        closures = [self._delete(target, scope) for target in node.targets]

        def execute(env: Env) -> None:
            begin()
            for closure in closures:
                closure(env)

        return execute

    def _delete(self, node: ast.expr, scope: Scope) -> Eval:
        if isinstance(node, ast.Name):
            load, name, hops = self.name(node, scope), node.id, scope.hops(node.id)
            variables = self.run.globals

            def delete_name(env: Env) -> None:
                load(env)
                for _ in range(hops or 0):
                    env = env.up  # type: ignore[assignment]
                del (variables if hops is None else env.vars)[name]

            return delete_name
        observer, span = self.observer, self.span(node)
        if isinstance(node, ast.Subscript):
            owner, index = self.expression(node.value, scope), self.index(node.slice, scope)

            def delete_item(env: Env) -> None:
                holder, key = owner(env), index(env)
                observer.expression = span
                operator.delitem(holder, key)

            return delete_item
        if isinstance(node, ast.Tuple | ast.List):
            closures = [self._delete(item, scope) for item in node.elts]
            return lambda env: [closure(env) for closure in closures]

        def refuse(env: Env) -> None:
            observer.expression = span
            raise Problem("TypeError", "an attribute cannot be deleted", "set it to None")

        return refuse

    def pass_(self, node: ast.Pass, scope: Scope) -> Exec:
        begin = self.begin(node)
        return lambda env: begin()

    def break_(self, node: ast.Break, scope: Scope) -> Exec:
        begin = self.begin(node)
        return lambda env: (begin(), BREAK)[1]

    def continue_(self, node: ast.Continue, scope: Scope) -> Exec:
        begin = self.begin(node)
        return lambda env: (begin(), CONTINUE)[1]

    def return_(self, node: ast.Return, scope: Scope) -> Exec:
        begin = self.begin(node)
        value = self.expression(node.value, scope) if node.value is not None else None

        def execute(env: Env) -> str:
            begin()
            if value is not None:
                env.result = value(env)
            return RETURN

        return execute

    def assert_(self, node: ast.Assert, scope: Scope) -> Exec:
        begin, test = self.begin(node), self.test(node.test, scope)
        message = self.expression(node.msg, scope) if node.msg is not None else None
        observer, span, text = self.observer, self.span(node.test), self.run.text

        def execute(env: Env) -> None:
            begin()
            if not test(env):
                words = text.str(message(env)) if message is not None else ""
                observer.expression = span
                raise AssertionError(words)

        return execute

    def nothing(self, node: ast.stmt, scope: Scope) -> Exec:
        return lambda env: None

    # ------------------------------------------------------------------ blocks

    def if_(self, node: ast.If, scope: Scope) -> Exec:
        begin, test = self.begin(node), self.test(node.test, scope)
        body, orelse = self.block(node.body, scope), self.block(node.orelse, scope)

        def execute(env: Env) -> str | None:
            begin()
            return body(env) if test(env) else orelse(env)

        return execute

    def while_(self, node: ast.While, scope: Scope) -> Exec:
        begin, test = self.begin(node), self.test(node.test, scope)
        body, orelse = self.block(node.body, scope), self.block(node.orelse, scope)
        observer, name = self.observer, self.source.segment(node.test)

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
            finally:
                observer.loop_exit()
            return orelse(env)

        return execute

    def for_(self, node: ast.For, scope: Scope) -> Exec:
        begin, items = self.begin(node), self.expression(node.iter, scope)
        store, names = self.store(node.target, scope), target_names(node.target)
        loads = [self.expression(ast.Name(name, ast.Load()), scope) for name in names]
        body, orelse = self.block(node.body, scope), self.block(node.orelse, scope)
        observer, run, target = self.observer, self.run, self.source.segment(node.target)
        span, target_span = self.span(node.iter), self.span(node.target)

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
            finally:
                observer.loop_exit()
            return orelse(env)

        return execute

    def with_(self, node: ast.With, scope: Scope) -> Exec:
        begin, body = self.begin(node), self.block(node.body, scope)
        for item in reversed(node.items):
            body = self._with_item(item, body, scope)
        inner = body

        def execute(env: Env) -> str | None:
            begin()
            return inner(env)

        return execute

    def _with_item(self, item: ast.withitem, body: Exec, scope: Scope) -> Exec:
        manager, span = self.expression(item.context_expr, scope), self.span(item.context_expr)
        store = self.store(item.optional_vars, scope) if item.optional_vars else None
        names = target_names(item.optional_vars) if item.optional_vars else []
        observer = self.observer

        def execute(env: Env) -> str | None:
            context = manager(env)
            observer.expression = span
            with context as value:
                if store is not None:
                    store(env, value)
                    if len(names) == 1:
                        observer.bind(((names[0], value),))
                return body(env)

        return execute

    # ------------------------------------------------------------------ functions and classes

    def function(self, node: ast.FunctionDef, scope: Scope) -> Exec:
        begin, store = self.begin(node), self.store_name(node.name, scope)
        inner = scope.inner("function", node.name)
        parameters, defaults = self.parameters(node.args, scope, inner)
        bind_names(inner, node.body)
        body = self.block(node.body, inner)
        for decorator in reversed(node.decorator_list):
            body = self._decorated(decorator, body, scope)
        run, in_class = self.run, scope.kind == "class"
        name, qualname = node.name, inner.qualname

        def execute(env: Env) -> None:
            begin()
            home = env.up if in_class else env
            store(env, Function(run, name, qualname, parameters, defaults(env), body, home))

        return execute

    def _decorated(self, node: ast.expr, body: Exec, scope: Scope) -> Exec:
        """``@torch.no_grad()``: the body under the context, anew for every call."""
        call = node if isinstance(node, ast.Call) else ast.Call(node, [], [])
        ast.copy_location(call, node)
        manager = self.expression(call, Scope("module"))

        def execute(env: Env) -> str | None:
            with manager(env):
                return body(env)

        return execute

    def class_(self, node: ast.ClassDef, scope: Scope) -> Exec:
        begin, store = self.begin(node), self.store_name(node.name, scope)
        base = self.expression(node.bases[0], scope) if node.bases else None
        inner = scope.inner("class", node.name)
        bind_names(inner, node.body)
        body = self.block(node.body, inner)
        observer, header, run, name = self.observer, self.header(node), self.run, node.name

        def execute(env: Env) -> None:
            begin()
            above = base(env) if base is not None else None
            members: dict[str, Any] = {}
            body(Env(members, env, None))
            observer.statement = observer.expression = header
            store(env, run.make_class(name, above, members))

        return execute


STATEMENTS: dict[type[ast.stmt], Callable[[Any, Any, Scope], Exec]] = {
    ast.Import: StatementCompiler.import_,
    ast.ImportFrom: StatementCompiler.import_from,
    ast.Expr: StatementCompiler.expression_statement,
    ast.Assign: StatementCompiler.assign,
    ast.AnnAssign: StatementCompiler.annotated,
    ast.AugAssign: StatementCompiler.augmented,
    ast.Delete: StatementCompiler.delete,
    ast.Pass: StatementCompiler.pass_,
    ast.Break: StatementCompiler.break_,
    ast.Continue: StatementCompiler.continue_,
    ast.Return: StatementCompiler.return_,
    ast.Assert: StatementCompiler.assert_,
    ast.Global: StatementCompiler.nothing,
    ast.Nonlocal: StatementCompiler.nothing,
    ast.If: StatementCompiler.if_,
    ast.While: StatementCompiler.while_,
    ast.For: StatementCompiler.for_,
    ast.With: StatementCompiler.with_,
    ast.FunctionDef: StatementCompiler.function,
    ast.ClassDef: StatementCompiler.class_,
}
