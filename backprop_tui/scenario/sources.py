"""A source text and the places in it.

Python's syntax tree counts columns in UTF-8 bytes from 0; a Span counts characters from 0, a Place
characters from 1.
"""

from __future__ import annotations

import ast

from backprop_tui.errors import Place


class Source:
    """The text of a scenario; its lines end in "\\n" alone."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self._lines = text.split("\n")

    def line(self, number: int) -> str:
        """A line by number, from 1; empty beyond the end."""
        return self._lines[number - 1] if 0 < number <= len(self._lines) else ""

    def column(self, line: int, offset: int) -> int:
        """The column in characters, from 0, of an offset in bytes."""
        text = self.line(line)
        return offset if text.isascii() else len(text.encode()[:offset].decode(errors="ignore"))

    def bounds(self, node: ast.AST) -> tuple[int, int, int, int]:
        """Line and column where a node begins, line and column where it ends."""
        line = getattr(node, "lineno", 1)
        end_line = getattr(node, "end_lineno", None) or line
        return (
            line,
            self.column(line, getattr(node, "col_offset", 0)),
            end_line,
            self.column(end_line, getattr(node, "end_col_offset", None) or 0),
        )

    def header(self, node: ast.stmt) -> tuple[int, int, int, int]:
        """The bounds of a statement without the block under it, up to the colon."""
        line, column, end_line, end_column = self.bounds(node)
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            return line, column, end_line, end_column
        first = body[0].lineno
        for decorator in getattr(body[0], "decorator_list", []):
            first = min(first, decorator.lineno)
        if first == line:
            return line, column, line, self.column(line, body[0].col_offset)
        last = first - 1
        while last > line and not _code(self.line(last)).endswith(":"):
            last -= 1
        return line, column, last, len(_code(self.line(last)))

    def place(self, bounds: tuple[int, int, int, int]) -> Place:
        """Where an error is shown: its first line, underlined as far as that line goes."""
        line, column, end_line, end_column = bounds
        text = self.line(line)
        end = end_column if end_line == line else len(text)
        return Place(self.file, line, column + 1, text, max(1, end - column))

    def at(self, node: ast.AST) -> Place:
        """The place of a node."""
        return self.place(self.bounds(node))

    def segment(self, node: ast.AST) -> str:
        """The text of a node, in one line."""
        line, column, end_line, end_column = self.bounds(node)
        if line == end_line:
            return self.line(line)[column:end_column]
        parts = [self.line(line)[column:], *self._lines[line : end_line - 1]]
        return " ".join(p.strip() for p in [*parts, self.line(end_line)[:end_column]])


def _code(line: str) -> str:
    """A header line without a comment after its colon."""
    code, _, comment = line.rpartition("#")
    plain = line if not comment or not code.rstrip().endswith(":") else code
    return plain.rstrip()
