"""The layered layout: what every drawing keeps, on any graph, and a few pictures."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop_tui.view.layers import ranks, settle
from backprop_tui.view.layout import Box, Drawing, Link, _layout, layout
from backprop_tui.view.routing import _Run, _tracks

DIRECTIONS = st.sampled_from(["down", "right"])
BLANK = " "
UP, DOWN, LEFT, RIGHT = (-1, 0), (1, 0), (0, -1), (0, 1)
#: The ways out of a cell, by its character; an arrow stands on a frame, so it has all but one.
WAYS = {
    "│": (UP, DOWN), "─": (LEFT, RIGHT), "┘": (UP, LEFT), "┐": (DOWN, LEFT), "└": (UP, RIGHT),
    "┌": (DOWN, RIGHT), "┤": (UP, DOWN, LEFT), "├": (UP, DOWN, RIGHT), "┴": (UP, LEFT, RIGHT),
    "┬": (DOWN, LEFT, RIGHT), "┼": (UP, DOWN, LEFT, RIGHT), "▼": (UP, LEFT, RIGHT),
    "▲": (DOWN, LEFT, RIGHT), "▶": (UP, DOWN, LEFT), "◀": (UP, DOWN, RIGHT),
}  # fmt: skip


@st.composite
def graphs(draw, most=14):
    count = draw(st.integers(0, most))
    boxes = [
        Box(draw(st.integers(1, 18)), draw(st.integers(1, 5)), draw(st.booleans()))
        for _ in range(count)
    ]
    pairs = list(combinations(draw(st.permutations(range(count))), 2))
    links = draw(st.lists(st.sampled_from(pairs), max_size=24)) if pairs else []
    return boxes, [Link(*pair) for pair in links]


def owners(drawing: Drawing) -> dict[tuple[int, int], tuple[int, ...]]:
    return {
        (row, column): owner
        for row, runs in enumerate(drawing.owner)
        for start, end, owner in runs
        for column in range(start, end)
    }


def cells_of(box):
    return {
        (row, column)
        for row in range(box.row, box.row + box.height)
        for column in range(box.column, box.column + box.width)
    }


@settings(max_examples=150, deadline=None)
@given(graphs(), DIRECTIONS, st.booleans(), st.none() | st.integers(1, 80))
def test_a_drawing_keeps_its_word(graph, direction, backwards, across):
    boxes, links = graph
    drawing = layout(boxes, links, direction, across=across, backwards=backwards)
    owner = owners(drawing)
    assert len(drawing.rows) == len(drawing.owner) == drawing.height
    assert all(len(row) == drawing.width for row in drawing.rows)

    areas = [cells_of(box) for box in drawing.boxes]
    for box, asked in zip(drawing.boxes, boxes, strict=True):
        assert box.width >= asked.width
        assert box.height >= asked.height
    for one, other in combinations(areas, 2):
        assert not one & other, "two boxes overlap"
    for node, area in enumerate(areas):
        assert all(owner[cell][0] == node for cell in area), "a box owns its cells"

    for number, link in enumerate(links):
        way = {cell for cell, who in owner.items() if ~number in who}
        for node, area in enumerate(areas):
            if node not in (link.source, link.target):
                assert not way & area, "a link passes through a foreign box"
        check_connected(drawing, boxes, areas, link, way)

    for cell, who in owner.items():
        if all(part < 0 for part in who):
            assert len(who) <= 2, "more than two links share a cell"
            glyph = drawing.rows[cell[0]][cell[1]]
            assert (glyph == "┼") == (len(who) == 2), "a crossing is where two links meet"
    for row, text in enumerate(drawing.rows):
        for column, glyph in enumerate(text):
            assert glyph == BLANK or (row, column) in owner, "a line without an owner"


def check_connected(drawing, boxes, areas, link, way):
    """The link's cells lead, character by character, from its source to its target."""
    source, target = areas[link.source], areas[link.target]

    # A box without a frame has no characters of its own to show the way.
    bare = {cell for n in (link.source, link.target) if not boxes[n].framed for cell in areas[n]}

    def leads(cell, step):
        if cell in bare:
            return True
        return cell in way and step in WAYS.get(drawing.rows[cell[0]][cell[1]], ())

    def neighbours(cell):
        for step in (UP, DOWN, LEFT, RIGHT):
            to = cell[0] + step[0], cell[1] + step[1]
            if leads(cell, step) and leads(to, (-step[0], -step[1])):
                yield to

    reached = {cell for cell in source if cell in way or not boxes[link.source].framed}
    frontier = list(reached)
    while frontier:
        for cell in neighbours(frontier.pop()):
            if cell not in reached:
                reached.add(cell)
                frontier.append(cell)
    assert reached & target, f"{link} does not reach its target"


@settings(max_examples=40, deadline=None)
@given(graphs(), DIRECTIONS)
def test_the_same_graph_gives_the_same_drawing(graph, direction):
    boxes, links = graph
    _layout.cache_clear()
    first = layout(boxes, links, direction)
    _layout.cache_clear()
    assert layout(list(boxes), list(links), direction) == first


@settings(max_examples=40, deadline=None)
@given(graphs(), DIRECTIONS)
def test_ascii_is_ascii_in_the_same_cells(graph, direction):
    fine, coarse = layout(*graph, direction), layout(*graph, direction, ascii=True)
    assert "".join(coarse.rows).isascii()
    assert coarse.owner == fine.owner
    for one, other in zip(fine.rows, coarse.rows, strict=True):
        assert [c == BLANK for c in one] == [c == BLANK for c in other]


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ([], [0, 0, 0, 0]),
        ([(0, 1), (1, 2), (2, 3)], [0, 1, 2, 3]),
        ([(0, 1), (1, 3), (2, 3)], [0, 1, 1, 2]),  # the leaf 2 stands beside its consumer
        ([(0, 1), (1, 2), (0, 3)], [0, 1, 2, 1]),  # the result 3 stands after its input
        ([(3, 2), (2, 1), (1, 0)], [3, 2, 1, 0]),
        ([(0, 1), (0, 1), (2, 3)], [0, 1, 0, 1]),
    ],
)
def test_ranks(links, expected):
    assert ranks(4, links) == expected


@pytest.mark.parametrize(
    ("wants", "weights", "steps", "settled"),
    [
        ([], [], [], []),
        ([5.0], [1.0], [], [5.0]),
        ([0.0, 9.0], [1.0, 1.0], [3], [0.0, 9.0]),
        ([0.0, 0.0], [1.0, 1.0], [4], [-2.0, 2.0]),
        ([0.0, 0.0], [3.0, 1.0], [4], [-1.0, 3.0]),
        ([9.0, 0.0, 0.0], [1.0, 1.0, 1.0], [1, 1], [2.0, 3.0, 4.0]),
    ],
)
def test_settle(wants, weights, steps, settled):
    assert settle(wants, weights, steps) == pytest.approx(settled)


@pytest.mark.parametrize(
    ("count", "links", "message"),
    [
        (2, [(0, 1), (1, 0)], "cycle"),
        (1, [(0, 0)], "cycle"),
        (1, [(0, 1)], "not among 1"),
        (1, [(-1, 0)], "not among 1"),
    ],
)
def test_what_is_no_graph_is_refused(count, links, message):
    with pytest.raises(ValueError, match=message):
        layout([Box(3, 3)] * count, [Link(*link) for link in links])


@pytest.mark.parametrize(
    ("runs", "tracks"),
    [
        ([(1, 1)], {}),
        ([(1, 5)], {(1, 5): 0}),
        ([(1, 3), (5, 8)], {(1, 3): 0, (5, 8): 0}),
        ([(1, 5), (3, 8)], {(3, 8): 0, (1, 5): 1}),  # to the right: the rightmost turns first
        ([(8, 3), (5, 1)], {(5, 1): 0, (8, 3): 1}),
        ([(1, 3), (3, 2)], {(3, 2): 0, (1, 3): 1}),  # column 3 must be left before it is entered
        ([(1, 3), (3, 1)], {(1, 2): 0, (3, 1): 1, (2, 3): 2}),  # a ring: one goes over column 2
    ],
)
def test_tracks(runs, tracks):
    made, parts = _tracks([_Run(i, *run) for i, run in enumerate(runs)])
    assert {(run.upper, run.lower): track for run, track in made.items()} == tracks
    assert parts == sorted(parts, key=lambda run: (run.segment, run.part))


def picture(drawing):
    return [row.rstrip() for row in drawing.rows]


def test_nothing_gives_nothing():
    assert layout([], []) == Drawing(0, 0, (), (), ())


def test_both_uses_of_one_tensor_are_seen():
    assert picture(layout([Box(5, 3), Box(7, 3)], [Link(0, 1), Link(0, 1)])) == [
        " ┌───┐",
        " │   │",
        " └┬─┬┘",
        "  │ │",
        "┌─▼─▼─┐",
        "│     │",
        "└─────┘",
    ]


def test_to_the_right_and_backwards():
    drawing = layout([Box(4, 3), Box(4, 3)], [Link(0, 1)], "right", backwards=True)
    assert picture(drawing) == ["┌──┐   ┌──┐", "│  ◀───┤  │", "└──┘   └──┘"]


def test_boxes_without_frames():
    drawing = layout([Box(3, 1, False), Box(5, 1, False), Box(9, 1, False)],
                     [Link(0, 2), Link(1, 2)])  # fmt: skip
    assert picture(drawing)[1].strip().startswith("│")
    assert drawing.height == 3


def test_parts_stand_side_by_side_or_on_shelves():
    parts = [Box(6, 3)] * 4
    assert layout(parts, []).height == 3
    shelves = layout(parts, [], across=14)
    assert [(box.row, box.column) for box in shelves.boxes] == [(0, 0), (0, 8), (4, 0), (4, 8)]


def test_a_chain_is_straight():
    chain = layout([Box(7, 3)] * 300, [Link(i, i + 1) for i in range(299)])
    assert {box.column for box in chain.boxes} == {0}
    assert chain.height == 300 * 4 - 1


def test_a_net_of_two_layers_has_no_crossing():
    inputs = {"x": "", "w1": "", "mm": "x w1", "b1": "", "add": "mm b1", "tanh": "add", "w2": "",
              "mm2": "tanh w2", "b2": "", "add2": "mm2 b2", "t": "", "sub": "add2 t",
              "square": "sub", "mean": "square"}  # fmt: skip
    names = list(inputs)
    links = [
        Link(names.index(source), target)
        for target, sources in enumerate(inputs.values())
        for source in sources.split()
    ]
    drawing = layout([Box(len(name) + 4, 3) for name in names], links)
    assert not any("┼" in row for row in drawing.rows)
    assert drawing.width < 30
