"""Where the panes lie: inside the screen, apart from each other, usable at 80×24."""

from itertools import combinations

import pytest

from backprop_tui.tui.layout import PANES, SWITCHED, arrange

SIZES = [(160, 45), (120, 30), (110, 24), (109, 60), (100, 30), (80, 24), (60, 16), (200, 60)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("zoomed", [None, *PANES])
@pytest.mark.parametrize("presenting", [False, True])
def test_places_fill_the_screen_without_overlap(size, zoomed, presenting):
    width, height = size
    places = arrange(width, height, zoomed=zoomed, presenting=presenting)
    regions = [*places.regions.values(), places.caption]
    for one, other in combinations(regions, 2):
        assert not one.overlaps(other), f"{one} overlaps {other}"
    assert sum(region.area for region in regions) == width * height


@pytest.mark.parametrize(
    ("size", "visible"),
    [
        ((160, 45), set(PANES)),
        ((110, 24), set(PANES)),
        ((100, 30), {"program", "maths", "timeline"}),
        ((80, 24), {"program", "maths", "timeline"}),
        ((80, 60), {"program", "maths", "tensors", "timeline"}),
    ],
)
def test_as_many_panes_as_have_room(size, visible):
    assert set(arrange(*size).regions) == visible


@pytest.mark.parametrize("shown", SWITCHED)
def test_a_narrow_screen_shows_the_chosen_pane(shown):
    assert set(arrange(80, 23, shown=shown).regions) == {"program", shown, "timeline"}


@pytest.mark.parametrize(
    ("pane", "columns", "rows"), [("program", 79, 5), ("maths", 79, 9), ("timeline", 79, 2)]
)
def test_80_by_24_leaves_room_to_read(pane, columns, rows):
    width, height = arrange(80, 23).inside(pane)
    assert (width, height >= rows) == (columns, True)


def test_an_invisible_pane_has_no_inside():
    assert arrange(80, 23).inside("graph") == (0, 0)


@pytest.mark.parametrize("pane", PANES)
def test_zoom_gives_a_pane_the_stage(pane):
    places = arrange(160, 44, zoomed=pane)
    assert places.regions[pane].width == 160
    assert places.regions[pane].height >= 35
