"""From corners to cells: frames, lines and arrows, and to whom each cell belongs.

A line cell is the set of the ways that leave it (up, down, left, right); its box-drawing character
follows from the set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
_LINES = " │││─┘┐┤─└┌├─┴┬┼"
_LINES_ASCII = " |||-+++-+++-+++"
#: Where an arrow that enters a frame from this way points.
_ARROWS = {UP: "▼", DOWN: "▲", LEFT: "▶", RIGHT: "◀"}
_ARROWS_ASCII = {UP: "v", DOWN: "^", LEFT: ">", RIGHT: "<"}

#: The same lines heavier, for a box or an edge that is at work.
HEAVY = str.maketrans("│─┘┐┤└┌├┴┬┼", "┃━┛┓┫┗┏┣┻┳╋")
HEAVY_ASCII = str.maketrans("|-", "#=")

#: Who owns a cell: node ``i`` as ``i``, edge ``j`` as ``~j``. A port belongs to its box and to its
#: edge, a crossing to two edges.
Owner = tuple[int, ...]
Point = tuple[int, int]  # row, column


@dataclass(frozen=True, slots=True)
class Rect:
    """Where a box stands."""

    row: int
    column: int
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawn graph: ``rows`` of ``width`` characters, and per row the runs ``(start, end,
    owner)`` of cells that belong to somebody. ``boxes`` are empty, for the caller to write in."""

    width: int
    height: int
    rows: tuple[str, ...]
    owner: tuple[tuple[tuple[int, int, Owner], ...], ...]
    boxes: tuple[Rect, ...]


def paint(
    boxes: Sequence[Rect],
    framed: Sequence[bool],
    ways: Sequence[Sequence[Point]],
    backwards: bool,
    ascii: bool,  # noqa: A002
) -> Drawing:
    """The cells of ``boxes`` and of ``ways``, each from the edge of its source to its target's.

    Arrows stand on the frame of the target, or of the source if ``backwards``.
    """
    corners = [point for way in ways for point in way]
    height = max([b.row + b.height for b in boxes] + [row + 1 for row, _ in corners], default=0)
    width = max([b.column + b.width for b in boxes] + [x + 1 for _, x in corners], default=0)
    lines = [bytearray(width) for _ in range(height)]
    owners: list[list[Owner]] = [[()] * width for _ in range(height)]
    for node, box in enumerate(boxes):
        for row in range(box.row, box.row + box.height):
            owners[row][box.column : box.column + box.width] = [(node,)] * box.width
        if framed[node]:
            for start, end in pairwise(_outline(box)):
                _draw(lines, start, end)
    for edge, way in enumerate(ways):
        for start, end in pairwise(way):
            for row, column in _draw(lines, start, end):
                if ~edge not in owners[row][column]:
                    owners[row][column] += (~edge,)
    for node, box in enumerate(boxes):
        if not framed[node]:
            for row in range(box.row, box.row + box.height):
                lines[row][box.column : box.column + box.width] = bytes(box.width)
                owners[row][box.column : box.column + box.width] = [(node,)] * box.width
    glyphs = _LINES_ASCII if ascii else _LINES
    texts = [[glyphs[ways] for ways in row] for row in lines]
    arrows = _ARROWS_ASCII if ascii else _ARROWS
    for way in ways:
        (row, column), beside = (way[0], way[1]) if backwards else (way[-1], way[-2])
        if lines[row][column]:
            texts[row][column] = arrows[_way((row, column), beside)]
    return Drawing(
        width,
        height,
        tuple("".join(text) for text in texts),
        tuple(_runs(row) for row in owners),
        tuple(boxes),
    )


def _outline(box: Rect) -> tuple[Point, ...]:
    top, left = box.row, box.column
    bottom, right = top + box.height - 1, left + box.width - 1
    return (top, left), (top, right), (bottom, right), (bottom, left), (top, left)


def _way(start: Point, end: Point) -> int:
    if start[1] == end[1]:
        return DOWN if end[0] > start[0] else UP
    return RIGHT if end[1] > start[1] else LEFT


def _draw(lines: list[bytearray], start: Point, end: Point) -> list[Point]:
    """Join two points of one row or one column; the cells from one to the other."""
    if start == end:
        return [start]
    on, back = _way(start, end), _way(end, start)
    (row, column), (last_row, last_column) = start, end
    down = (last_row > row) - (last_row < row)
    right = (last_column > column) - (last_column < column)
    cells = [start]
    while (row, column) != end:
        lines[row][column] |= on
        row, column = row + down, column + right
        lines[row][column] |= back
        cells.append((row, column))
    return cells


def _runs(owners: list[Owner]) -> tuple[tuple[int, int, Owner], ...]:
    runs, column = [], 0
    for owner, cells in groupby(owners):
        end = column + sum(1 for _ in cells)
        if owner:
            runs.append((column, end, owner))
        column = end
    return tuple(runs)
