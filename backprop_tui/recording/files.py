"""The files of the user's own code: their statements, the loops around each, the names they give.

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
from dataclasses import dataclass, field
from functools import cached_property

from backprop_tui.scenario.scopes import target_names
from backprop_tui.scenario.sources import Source
from backprop_tui.trace.steps import Span

OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_PYTHON = tuple({sysconfig.get_path(kind) + os.sep for kind in ("stdlib", "platstdlib")})
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
#: What a program is seen at again after what is under it: a round's begin, a block's end.
_COME_BACK_TO = (ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith)
#: What a program says where it can give any name of a module.
_HIDDEN = frozenset({
    "exec", "eval", "globals", "locals", "vars", "modules", "import_module", "__import__",
    "__main__", "__dict__", "__globals__", "*",
})  # fmt: skip

Bounds = tuple[tuple[int, int], tuple[int, int]]
#: Name → the statements of a function that give it.
Giving = dict[str, list["Statement"]]


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

    ``last`` is the order of the last statement under it. ``reach`` is the outermost loop or
    ``with`` around it, or itself: where the program can have been while it was seen here twice.
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
    last: int = field(init=False)
    reach: Statement = field(init=False)

    def __post_init__(self) -> None:
        self.last = self.order
        around = (
            None if self.up is None or isinstance(self.up.node, _DEFINITIONS) else self.up.reach
        )
        self.reach = around if around and isinstance(around.node, _COME_BACK_TO) else self

    @property
    def until(self) -> int:
        """The last statement that can have given a name while the program is seen in this one."""
        return self.order - 1 if self.reach is self and _gives_last(self.node) else self.reach.last


class File:
    """One file of the user's own; ``name`` is what spans call it ("": the program itself)."""

    def __init__(self, name: str, path: str, text: str) -> None:
        self.name = name
        self.source = Source(text, path)
        self.statements: list[Statement] = []
        self._starts: list[tuple[int, int]] = []
        #: function (or the file) → name → the statements in it that give the name
        self.giving: dict[ast.AST, Giving] = {}
        #: function (or the file) → the orders of its first and its last statement
        self._extent: dict[ast.AST, tuple[int, int]] = {}
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            tree = ast.Module([], [])
        self.tree = tree
        self._block(tree.body, tree, None, ())
        self._extent[tree] = 0, len(self.statements)
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
            statement.last = len(self.statements) - 1
            if inner is node:
                self._extent[node] = statement.order, statement.last

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

    def given_between(self, scope: ast.AST, first: int | None, last: int | None) -> Giving:
        """The names of a function that can have been given from one statement to another;
        None: from its beginning, to its end."""
        giving = self.giving.get(scope)
        if giving is None or (scope is self.tree and self._any_name):
            return giving or {}
        begin, end = self._extent[scope]
        names = set(self._unstated)
        for statement in self.statements[begin if first is None else first :]:
            if statement.order > (end if last is None else last):
                break
            if statement.scope is scope:
                names.update(statement.names)
                if statement.loop is not None:
                    names.update(statement.loop.names)
        return {name: giving[name] for name in names if name in giving}

    @cached_property
    def _unstated(self) -> set[str]:
        """Names that something else than the statements in ``giving`` can give."""
        names: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Global | ast.Nonlocal):
                names.update(node.names)
            elif isinstance(node, ast.alias):
                names.add(node.asname or node.name.partition(".")[0])
            elif isinstance(node, (*_DEFINITIONS, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
                names.add(node.name or "")
            elif isinstance(node, ast.MatchMapping):
                names.add(node.rest or "")
        return names

    @cached_property
    def _any_name(self) -> bool:
        """Whether names of the module can be given in ways that no statement tells."""
        return any(
            (isinstance(node, ast.Name) and node.id in _HIDDEN)
            or (isinstance(node, ast.Attribute) and node.attr in _HIDDEN)
            or (isinstance(node, ast.alias) and node.name in _HIDDEN)
            for node in ast.walk(self.tree)
        )

    def at(self, line: int, offset: int) -> Statement:
        """The innermost statement at a line and an offset in bytes."""
        place = (line, offset)
        found = bisect_right(self._starts, place) - 1
        statement = self.statements[found] if found >= 0 else None
        while statement is not None and statement.bounds[1] < place:
            statement = statement.up
        return statement or self._nowhere


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


def _gives_last(node: ast.stmt) -> bool:
    """Whether all else of a statement is done when it gives its names."""
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign | ast.AugAssign):
        targets = [node.target]
    else:
        return False
    if len(targets) == 1 and isinstance(targets[0], ast.Tuple):
        targets = targets[0].elts
    return all(isinstance(each, ast.Name) for each in targets) and not any(
        isinstance(inner, ast.NamedExpr) for inner in expressions_of(node)
    )


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
