"""A code object of the user's: where its instructions stand, and the ways between them.

frame ──▶ code object ──▶ co_positions() of the instruction ──▶ Spot(statement, expression)
                          Spot ── Move ──▶ Spot
"""

from __future__ import annotations

import ast
from itertools import islice
from types import CodeType
from typing import cast

from backprop_tui.recording.files import File, Giving, Statement, expressions_of
from backprop_tui.recording.moves import Move, Spot
from backprop_tui.trace.steps import Span

#: Code of these is part of the statement that it stands in.
INLINE = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})
_CACHE = 0  # the opcode of the room behind an instruction
_WORD = 2  # bytes of an instruction
_RETURNS_LATER = 0x20 | 0x80 | 0x200  # CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR


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
        self._entries: dict[int, Move] = {}
        self._positions: list[tuple[int | None, int | None, int | None, int | None]] | None = None

    def spot(self, lasti: int) -> Spot:
        """Where the instruction at an offset stands."""
        spot = self._spots.get(lasti)
        if spot is None:
            spot = self._spots[lasti] = self._find(lasti)
        return spot

    def entry(self, lasti: int) -> Move:
        """The way from a function's beginning to an instruction."""
        move = self._entries.get(lasti)
        if move is None:
            move = self._entries[lasti] = self._move(None, self.spot(lasti))
        return move

    def move(self, old: Spot, lasti: int | None) -> Move:
        """The way from a Spot to an instruction; None: to the function's end."""
        move = old.moves.get(lasti)
        if move is None:
            move = self._move(old, None if lasti is None else self.spot(lasti))
            old.moves[lasti] = move
        return move

    def _move(self, old: Spot | None, new: Spot | None) -> Move:
        return Move(self.file, cast(Spot, new or old).statement.scope, old, new)

    def giving(self, spot: Spot) -> Giving:
        """The names that the function gives, and in which statements."""
        return {} if self.inline else self.file.giving.get(spot.statement.scope, {})

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
