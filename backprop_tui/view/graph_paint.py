"""Writes looks into a drawing: which runs of which style each row is made of.

The rows of a drawing are cut once into *pieces*, each of one owner. A step repaints the rows of
those boxes and edges whose look has changed, and takes the others as they were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backprop_tui.view.canvas import HEAVY, HEAVY_ASCII
from backprop_tui.view.graph_boxes import Look
from backprop_tui.view.layout import Drawing, Owner
from backprop_tui.view.numbers import clip
from backprop_tui.view.types import Line, Run

#: What our own labels and values hold beyond ASCII, cell for cell.
_PLAIN = str.maketrans("→∂·…ᵀ±₀₁₂₃₄₅₆₇₈₉", ">d,~T~0123456789")


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some cells of a row: of nobody, of a frame or an edge, or (``line`` ≥ 0) a box's text."""

    text: str
    owner: Owner
    line: int = -1


class Painter:
    """A drawing, and the lines it was last painted as; ``bare``: its boxes have no frames."""

    def __init__(self, drawing: Drawing, bare: bool, ascii: bool) -> None:  # noqa: A002
        self.drawing = drawing
        self._bare = bare
        self._ascii = ascii
        self._pieces = [self._cut(row) for row in range(drawing.height)]
        self._rows_of: dict[int, set[int]] = {}
        for row, pieces in enumerate(self._pieces):
            for piece in pieces:
                for part in piece.owner:
                    self._rows_of.setdefault(part, set()).add(row)
        self._looks: Sequence[Look] = ()
        self._lit: Mapping[int, str] = {}
        self._lines: list[Line] = [() for _ in range(drawing.height)]

    def lines(self, looks: Sequence[Look], lit: Mapping[int, str]) -> tuple[Line, ...]:
        """The lines with each box as in ``looks`` and the edges ``lit`` in their styles."""
        rows: set[int] = set()
        if self._looks:
            for node, (old, new) in enumerate(zip(self._looks, looks, strict=True)):
                if old != new:
                    rows |= self._rows_of.get(node, set())
            for edge in self._lit.keys() | lit.keys():
                if self._lit.get(edge) != lit.get(edge):
                    rows |= self._rows_of.get(~edge, set())
        else:
            rows.update(range(self.drawing.height))
        self._looks, self._lit = looks, lit
        for row in rows:
            self._lines[row] = tuple(
                run for piece in self._pieces[row] for run in self._paint(piece)
            )
        return tuple(self._lines)

    def _cut(self, row: int) -> list[_Piece]:
        text, pieces, column = self.drawing.rows[row], [], 0
        for start, end, owner in self.drawing.owner[row]:
            if start > column:
                pieces.append(_Piece(text[column:start], ()))
            column = end
            line = self._line(row, start, end, owner)
            if line is None:
                pieces.append(_Piece(text[start:end], owner))
                continue
            # The ends of the run that are frame; a port beside them is a piece of its own.
            box = self.drawing.boxes[owner[0]]
            inner = max(start, box.column + 1), min(end, box.column + box.width - 1)
            if self._bare:
                inner = start, end
            if inner[0] > start:
                pieces.append(_Piece(text[start : inner[0]], owner))
            pieces.append(_Piece(" " * (inner[1] - inner[0]), owner, line))
            if end > inner[1]:
                pieces.append(_Piece(text[inner[1] : end], owner))
        if column < len(text):
            pieces.append(_Piece(text[column:], ()))
        return pieces

    def _line(self, row: int, start: int, end: int, owner: Owner) -> int | None:
        """Which line of its text a run of a box holds; None for frames and edges."""
        if len(owner) != 1 or owner[0] < 0 or end - start < 2:
            return None
        box = self.drawing.boxes[owner[0]]
        if self._bare:
            return row - box.row
        inside = box.row < row < box.row + box.height - 1
        return row - box.row - 1 if inside else None

    def _paint(self, piece: _Piece) -> list[Run]:
        if not piece.owner:
            return [Run(piece.text)]
        nodes = [part for part in piece.owner if part >= 0]
        if piece.line >= 0:
            return self._text(piece, self._looks[nodes[0]])
        styles = [self._lit[~part] for part in piece.owner if ~part in self._lit]
        look = self._looks[nodes[0]] if nodes else None
        if styles or (look is not None and look.heavy):
            heavy = piece.text.translate(HEAVY_ASCII if self._ascii else HEAVY)
            return [Run(heavy, styles[0] if styles else look.frame if look else "")]
        return [Run(piece.text, look.frame if look is not None else "muted")]

    def _text(self, piece: _Piece, look: Look) -> list[Run]:
        """A box's line of text, cut or filled to its room; between corners if it has no frame."""
        room = len(piece.text)
        left = room - 2
        first, last = self._corners(piece) if self._bare else (" ", " ")
        runs = [Run(first, look.frame)]
        for run in look.lines[piece.line] if piece.line < len(look.lines) else ():
            words = clip(run.text.translate(_PLAIN) if self._ascii else run.text, left)
            left -= len(words)
            if words:
                runs.append(Run(words, run.style))
        return [*runs, Run(" " * left + last, look.frame)]

    def _corners(self, piece: _Piece) -> tuple[str, str]:
        if self._ascii or self.drawing.boxes[piece.owner[0]].height == 1:
            return "[", "]"
        return ("┌", "┐") if piece.line == 0 else ("└", "┘")
