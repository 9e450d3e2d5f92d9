"""Which variable a name means, decided once, as Python decides it."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal


@dataclass(slots=True)
class Scope:
    """The names of one module, function, class body or comprehension."""

    kind: Literal["module", "function", "class"]
    names: set[str] = field(default_factory=set)
    up: Scope | None = None
    qualname: str = ""
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)

    def hops(self, name: str) -> int | None:
        """How many functions up the variable lives; None: it is a global or a builtin."""
        if self.kind == "module" or name in self.globals:
            return None
        if name in self.names and name not in self.nonlocals:
            return 0
        count = 0
        scope = self.up
        while scope is not None and scope.kind != "module":
            if scope.kind == "function":
                count += 1
                if name in scope.globals:
                    return None
                if name in scope.names and name not in scope.nonlocals:
                    return count
            scope = scope.up
        return None

    def inner(self, kind: Literal["function", "class"], name: str = "") -> Scope:
        """A scope inside this one."""
        prefix = ""
        if name and self.kind != "module":
            prefix = self.qualname + (".<locals>." if self.kind == "function" else ".")
        return Scope(kind, up=self, qualname=prefix + name if name else self.qualname)


def bind_names(scope: Scope, body: Iterable[ast.AST]) -> None:
    """Note every name that the statements of a body bind, not looking into inner scopes."""
    stack = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            scope.names.add(node.name)
            continue
        if isinstance(node, INNER):  # a name given by := in a comprehension lives outside it
            if not isinstance(node, ast.Lambda):
                given = (each for each in ast.walk(node) if isinstance(each, ast.NamedExpr))
                scope.names.update(each.target.id for each in given)
            continue
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            scope.names.add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            scope.names.add(node.name)
        elif isinstance(node, ast.Global):
            scope.globals.update(node.names)
        elif isinstance(node, ast.Nonlocal):
            scope.nonlocals.update(node.names)
        stack.extend(ast.iter_child_nodes(node))


def names_of(function: ast.FunctionDef) -> set[str]:
    """The local names of a function, its parameters among them."""
    scope = Scope("function")
    bind_names(scope, function.body)
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [arg for arg in (arguments.vararg, arguments.kwarg) if arg is not None]
    return (scope.names | {arg.arg for arg in every}) - scope.globals - scope.nonlocals


def yields(node: ast.AST) -> bool:
    """Whether a statement holds a ``yield``, not looking into inner scopes."""
    stack: list[ast.AST] = [node]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef, *INNER)):
            stack.extend(ast.iter_child_nodes(node))
    return False


INNER = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def target_names(node: ast.AST) -> list[str]:
    """The plain names of an assignment's target, from left to right."""
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Tuple | ast.List):
        return [name for item in node.elts for name in target_names(item)]
    return target_names(node.value) if isinstance(node, ast.Starred) else []
