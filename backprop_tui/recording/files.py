"""The files of the user's own code: their statements, the loops around each, the names they give.

    frame ──▶ code object ──▶ co_positions() of the instruction ──▶ Spot(statement, expression)

The user's own is every file with a source that belongs neither to Python, nor to an installed
package, nor to this one.
"""

from __future__ import annotations

import ast
import linecache
import os
import sysconfig
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from types import CodeType

from backprop_tui.scenario.scopes import target_names
from backprop_tui.scenario.sources import Source
from backprop_tui.trace.steps import Span

OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_PYTHON = tuple({sysconfig.get_path(kind) + os.sep for kind in ("stdlib", "platstdlib")})
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")

#: Code of these is part of the statement that it stands in.
INLINE = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})
_CACHE = 0  # the opcode of the room behind an instruction
_WORD = 2  # bytes of an instruction
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_RETURNS_LATER = 0x20 | 0x80 | 0x200  # CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR

Bounds = tuple[tuple[int, int], tuple[int, int]]


@dataclass(eq=False, slots=True)
class Loop:
    """A ``for`` or ``while`` of a file; ``names`` are the variables that each round sets."""

    node: ast.For | ast.AsyncFor | ast.While
    name: str
    header: Span
    target: Span
    names: tuple[str, ...]


@dataclass(eq=False, slots=True)
class Statement:
    """A statement; ``order`` counts them through the file, ``loops`` are those it is a body of.

    ``names`` are the names that it gives, ``value`` is what they are given; ``loop`` is its own, of
    a loop's header. ``guarded``: in a ``with``, or in a function with a decorator.
    """

    span: Span
    order: int
    bounds: Bounds
    up: Statement | None
    node: ast.stmt
    scope: ast.AST
    loops: tuple[Loop, ...]
    names: tuple[str, ...]
    value: Span
    loop: Loop | None
    guarded: bool = False


@dataclass(eq=False, slots=True)
class Spot:
    """Where in a function an instruction stands: at which offset, in which statement."""

    at: int
    statement: Statement
    expression: Span


class File:
    """One file of the user's own; ``name`` is what spans call it ("": the program itself)."""

    def __init__(self, name: str, path: str, text: str) -> None:
        self.name = name
        self.source = Source(text, path)
        self.statements: list[Statement] = []
        self._starts: list[tuple[int, int]] = []
        #: function (or the file) → name → the statements in it that give the name
        self.giving: dict[ast.AST, dict[str, list[Statement]]] = {}
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            tree = ast.Module([], [])
        self.tree = tree
        self._block(tree.body, tree, None, ())
        self._starts = [each.bounds[0] for each in self.statements]
        self._nowhere = Statement(
            Span(1, 0, 1, 0, name), 0, ((1, 0), (1, 0)), None, ast.Pass(), tree, (), (),
            Span(1, 0, 1, 0, name), None,
        )  # fmt: skip

    def span(self, node: ast.AST) -> Span:
        """Where a node stands."""
        return Span(*self.source.bounds(node), self.name)

    def _block(
        self, body: list[ast.stmt], scope: ast.AST, up: Statement | None, loops: tuple[Loop, ...]
    ) -> None:
        for node in body:
            statement = self._statement(node, scope, up, loops)
            inner, around = scope, loops
            if isinstance(node, _DEFINITIONS):
                inner, around = node, ()
            for part in ("body", "orelse", "handlers", "finalbody", "cases"):
                for block in _blocks(node, part):
                    within = part == "body" and statement.loop is not None
                    more = (*around, statement.loop) if within and statement.loop else around
                    self._block(block, inner, statement, more)

    def _statement(
        self, node: ast.stmt, scope: ast.AST, up: Statement | None, loops: tuple[Loop, ...]
    ) -> Statement:
        first = node
        for decorator in getattr(node, "decorator_list", ()):
            first = min(first, decorator, key=lambda n: (n.lineno, n.col_offset))
        start = (first.lineno, first.col_offset)
        end = (node.end_lineno or node.lineno, node.end_col_offset or 0)
        header = Span(*self.source.header(node), self.name)
        loop = None
        if isinstance(node, ast.For | ast.AsyncFor):
            names = tuple(target_names(node.target))
            target = self.span(node.target)
            loop = Loop(node, self.source.segment(node.target), header, target, names)
        elif isinstance(node, ast.While):
            loop = Loop(node, self.source.segment(node.test), header, self.span(node.test), ())
        given, value = _given(node)
        statement = Statement(
            header, len(self.statements), (start, end), up, node, scope, loops, given,
            header if value is None else self.span(value), loop,
        )  # fmt: skip
        if up is not None and isinstance(up.node, _DEFINITIONS):
            statement.guarded = bool(up.node.decorator_list)
        elif up is not None:
            statement.guarded = up.guarded or isinstance(up.node, ast.With | ast.AsyncWith)
        self.statements.append(statement)
        for name in given:
            self.giving.setdefault(scope, {}).setdefault(name, []).append(statement)
        return statement

    def at(self, line: int, offset: int) -> Statement:
        """The innermost statement at a line and an offset in bytes."""
        place = (line, offset)
        found = bisect_right(self._starts, place) - 1
        statement = self.statements[found] if found >= 0 else None
        while statement is not None and statement.bounds[1] < place:
            statement = statement.up
        return statement or self._nowhere


class Code:
    """A code object of the user's: its Spots by instruction, and what its calls are called."""

    def __init__(self, code: CodeType, file: File, module: str | None) -> None:
        self.code = code
        self.file = file
        self.inline = code.co_name in INLINE or not (
            code.co_flags & 0x2 or code.co_name == "<module>"  # CO_NEWLOCALS; else a class's body
        )
        self.function = module if module is not None else code.co_qualname
        self.suspends = bool(code.co_flags & _RETURNS_LATER)
        #: whether its locals are kept in a dict of their own, made whenever they are asked for
        self.optimized = bool(code.co_flags & 0x1)
        self.looks = bool({"locals", "vars", "dir", "eval", "exec"} & set(code.co_names))
        count = code.co_argcount + code.co_kwonlyargcount
        count += bool(code.co_flags & 0x4) + bool(code.co_flags & 0x8)
        self.arguments = code.co_varnames[:count]
        self._spots: dict[int, Spot] = {}
        self._positions: list[tuple[int | None, int | None, int | None, int | None]] | None = None

    def spot(self, lasti: int) -> Spot:
        """Where the instruction at an offset stands."""
        spot = self._spots.get(lasti)
        if spot is None:
            spot = self._spots[lasti] = self._find(lasti)
        return spot

    def _find(self, lasti: int) -> Spot:
        code = self.code.co_code
        at = max(lasti, 0)
        while at > 0 and code[at] == _CACHE:
            at -= _WORD
        if at != lasti:
            return self.spot(at)
        if self._positions is None:
            self._positions = list(self.code.co_positions())
        line, end_line, offset, end_offset = next(
            islice(self._positions, at // _WORD, None), (None, None, None, None)
        )
        line = line or self.code.co_firstlineno
        if offset is None or end_offset is None or end_line is None:
            statement = self.file.at(line, 1 << 20)
            return Spot(at, statement, statement.span)
        statement = self.file.at(line, offset)
        expression = self._expression(statement, (line, offset, end_line, end_offset))
        if expression.end_line > statement.span.end_line:  # with the block under it
            node, expression = statement.node, statement.span
            if isinstance(node, ast.For | ast.AsyncFor):
                expression = self.file.span(node.iter)
        return Spot(at, statement, expression)

    def _expression(self, statement: Statement, bounds: tuple[int, int, int, int]) -> Span:
        """The expression with these bounds; Python names only the last line of a chained call."""
        line, offset, end_line, end_offset = bounds
        whole = None
        for node in expressions_of(statement.node):
            if (node.end_lineno, node.end_col_offset) == (end_line, end_offset):
                if (node.lineno, node.col_offset) == (line, offset):
                    return self.file.span(node)
                if isinstance(node, ast.Call | ast.Attribute) and (
                    (node.lineno, node.col_offset) < (line, offset)
                ):
                    whole = node
        if whole is not None:
            return self.file.span(whole)
        source = self.file.source
        first, last = source.column(line, offset), source.column(end_line, end_offset)
        return Span(line, first, end_line, last, self.file.name)


class Files:
    """Which files are the user's own; ``found`` is told of each other than the program itself."""

    def __init__(self, main: str, text: str, found: Callable[[str, str], None]) -> None:
        self._main = main
        self._home = os.path.dirname(os.path.abspath(main))
        self._found = found
        self.known: dict[str, File | None] = {main: File("", main, text)}

    def look_up(self, filename: str) -> File | None:
        """The file of this name if it is the user's own."""
        if filename not in self.known:
            self.known[filename] = self._read(filename)
        return self.known[filename]

    def _read(self, filename: str) -> File | None:
        if filename.startswith("<frozen") or not may_be_own(filename):
            return None
        text = "".join(linecache.getlines(filename))
        if not text:
            return None
        name = os.path.abspath(filename) if os.path.exists(filename) else filename
        if name.startswith(self._home + os.sep):
            name = os.path.relpath(name, self._home)
        self._found(name, text)
        return File(name, filename, text)


def may_be_own(filename: str) -> bool:
    """Whether a file belongs neither to Python, nor to an installed package, nor to this one."""
    path = os.path.abspath(filename)
    if path.startswith(OURS) or any(part in path for part in _INSTALLED):
        return False
    return not path.startswith(_PYTHON)


def _blocks(node: ast.stmt, part: str) -> Iterator[list[ast.stmt]]:
    found = getattr(node, part, None)
    if part in ("handlers", "cases"):
        yield from (each.body for each in found or ())
    elif isinstance(found, list):
        yield found


def _given(node: ast.stmt) -> tuple[tuple[str, ...], ast.expr | None]:
    """The names that a statement gives, and the expression that it gives them."""
    names: list[str] = []
    value: ast.expr | None = None
    if isinstance(node, ast.Assign):
        names, value = [n for target in node.targets for n in target_names(target)], node.value
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        names, value = target_names(node.target), node.value
    elif isinstance(node, ast.AugAssign):
        names = target_names(node.target)
    elif isinstance(node, ast.With | ast.AsyncWith):
        for item in node.items:
            if item.optional_vars is not None:
                names += target_names(item.optional_vars)
                value = item.context_expr
    for inner in expressions_of(node):
        if isinstance(inner, ast.NamedExpr):
            names.append(inner.target.id)
            value = value or inner.value
    return tuple(names), value


def expressions_of(node: ast.stmt) -> Iterator[ast.expr]:
    """The expressions of a statement's own, those of the blocks under it left out."""
    stack = list(ast.iter_child_nodes(node))
    while stack:
        inner = stack.pop()
        if isinstance(inner, ast.stmt | ast.ExceptHandler | ast.match_case):
            continue
        if isinstance(inner, ast.expr):
            yield inner
        stack.extend(ast.iter_child_nodes(inner))
