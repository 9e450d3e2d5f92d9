"""What Python's compiler refuses though its parser does not: ``return`` outside a function …

A scenario is never compiled by Python, so these few rules are kept here, in Python's words.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from backprop_tui.errors import ScenarioRefused
from backprop_tui.scenario.scopes import names_of, target_names
from backprop_tui.scenario.sources import Source


@dataclass(frozen=True, slots=True)
class Inside:
    """What is around a statement; ``functions`` are the names of the functions around it."""

    function: bool = False
    loop: bool = False
    functions: tuple[frozenset[str], ...] = ()


def check(tree: ast.Module, source: Source) -> Iterator[ScenarioRefused]:
    """Every offence against the grammar, in no order."""
    for node, what in _offences(tree.body, Inside()):
        yield ScenarioRefused(f"this is not Python: {what}", source.at(node))
    for expression in ast.walk(tree):
        for node, what in _in_expression(expression):
            yield ScenarioRefused(f"this is not Python: {what}", source.at(node))


Offence = tuple[ast.AST, str]


def _offences(body: list[ast.stmt], inside: Inside) -> Iterator[Offence]:
    for node in body:
        if isinstance(node, ast.Return) and not inside.function:
            yield node, "'return' outside function"
        elif isinstance(node, ast.Break) and not inside.loop:
            yield node, "'break' outside loop"
        elif isinstance(node, ast.Continue) and not inside.loop:
            yield node, "'continue' not properly in loop"
        elif isinstance(node, ast.Expr | ast.Assign) and not inside.function:
            if isinstance(node.value, ast.Yield | ast.YieldFrom):
                word = "yield" if isinstance(node.value, ast.Yield) else "yield from"
                yield node.value, f"{word!r} outside function"
        elif isinstance(node, ast.Nonlocal):
            yield from _nonlocal(node, inside)
        elif isinstance(node, ast.FunctionDef):
            names = frozenset(names_of(node))
            yield from _offences(node.body, Inside(True, False, (*inside.functions, names)))
            yield from _declared(node)
        elif isinstance(node, ast.ClassDef):
            yield from _offences(node.body, Inside(False, False, inside.functions))
        elif isinstance(node, ast.For | ast.While):
            yield from _offences(node.body, replace(inside, loop=True))
            yield from _offences(node.orelse, inside)
        elif isinstance(node, ast.If):
            yield from _offences(node.body, inside)
            yield from _offences(node.orelse, inside)
        elif isinstance(node, ast.With):
            yield from _offences(node.body, inside)
        elif isinstance(node, ast.Try):
            for body in (node.body, node.orelse, node.finalbody):
                yield from _offences(body, inside)
            for handler in node.handlers:
                yield from _offences(handler.body, inside)
                if handler.type is None and handler is not node.handlers[-1]:
                    yield handler, "default 'except:' must be last"


def _nonlocal(node: ast.Nonlocal, inside: Inside) -> Iterator[Offence]:
    if not inside.function:
        yield node, "nonlocal declaration not allowed at module level"
        return
    for name in node.names:
        if not any(name in names for names in inside.functions[:-1]):
            yield node, f"no binding for nonlocal {name!r} found"


def _declared(function: ast.FunctionDef) -> Iterator[Offence]:
    """``global x`` where x is a parameter, or was used before."""
    parameters = {arg.arg for arg in _parameters(function.args)}
    used: set[str] = set()
    for statement in function.body:
        if isinstance(statement, ast.Global | ast.Nonlocal):
            kind = "global" if isinstance(statement, ast.Global) else "nonlocal"
            for name in statement.names:
                if name in parameters:
                    yield statement, f"name {name!r} is parameter and {kind}"
                elif name in used:
                    yield statement, f"name {name!r} is used prior to {kind} declaration"
        used |= {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}


def _in_expression(node: ast.AST) -> Iterator[Offence]:
    if isinstance(node, ast.arguments):
        seen: set[str] = set()
        for arg in _parameters(node):
            if arg.arg in seen:
                yield arg, f"duplicate argument {arg.arg!r} in function definition"
            seen.add(arg.arg)
    elif isinstance(node, ast.Call):
        given: set[str | None] = set()
        for keyword in node.keywords:
            if keyword.arg is not None and keyword.arg in given:
                yield keyword, f"keyword argument repeated: {keyword.arg}"
            given.add(keyword.arg)
    elif isinstance(node, ast.Tuple | ast.List) and isinstance(node.ctx, ast.Store):
        starred = [item for item in node.elts if isinstance(item, ast.Starred)]
        if len(starred) > 1:
            yield starred[1], "multiple starred expressions in assignment"
    elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
        rounds = {name for each in node.generators for name in target_names(each.target)}
        for each in ast.walk(node):
            if isinstance(each, ast.NamedExpr) and each.target.id in rounds:
                yield (
                    each,
                    "assignment expression cannot rebind comprehension iteration variable "
                    f"{each.target.id!r}",
                )
    for name, value in ast.iter_fields(node):
        if isinstance(value, ast.Starred):
            yield value, "can't use starred expression here"
        elif isinstance(value, list) and name not in ("elts", "args", "bases"):
            for item in value:
                if isinstance(item, ast.Starred):
                    yield item, "can't use starred expression here"
    if isinstance(node, ast.ClassDef):
        for base in node.bases:
            if isinstance(base, ast.Starred):
                yield base, "can't use starred expression here"


def _parameters(node: ast.arguments) -> list[ast.arg]:
    extra = [arg for arg in (node.vararg, node.kwarg) if arg is not None]
    return [*node.posonlyargs, *node.args, *node.kwonlyargs, *extra]
