"""A run's curves as plain data: what is kept of them, and how they are drawn."""

import math

import numpy as np
import pytest

from backprop_tui.trace.training import Reading
from backprop_tui.view.plots import Scale, plot, sparks
from backprop_tui.view.training import (
    Board,
    Curves,
    Sizes,
    Standing,
    amount,
    duration,
    training,
)
from backprop_tui.view.types import plain


def reading(iteration, loss=1.0, norms=(1.0,), ratios=None, **options):
    options = {"seconds": iteration / 10, "memory": 612_000_000, **options}
    ratios = norms if ratios is None else ratios
    return Reading(iteration, options["seconds"], loss, norms, ratios, options["memory"],
                   options.get("step"))  # fmt: skip


def curves(*readings, parameters=("model.0.weight",), points=64):
    made = Curves(points)
    made.parameters = parameters
    made.add(readings)
    return made


def board(made, state="running", sizes=None, chosen=None, **options) -> Board:
    standing = Standing("run", state, options.pop("error", ""), options.pop("wish", ""))
    return training(made, standing, sizes or Sizes(), chosen, **options)


def lines(pane):
    return [plain(line) for line in pane.lines]


def text(pane):
    return "\n".join(lines(pane))


# ---------------------------------------------------------------------- a curve


def drawn(numbers, width=23, height=5, **options):
    series = np.array(numbers, float)
    return [plain(line) for line in plot(series, series, ("1", "9"), width, height, **options)]


def test_a_falling_curve():
    assert drawn([3.0, 2.0, 1.0]) == [
        "      3.0 ┤⠉⠓⠦⣄⡀       ",
        "          │    ⠉⠓⠦⣄⡀   ",
        "      1.0 ┤        ⠉⠓⠦⣄",
        "          └────────────",
        "           1          9",
    ]
    assert drawn([3.0, 2.0, 1.0], ascii=True) == [
        "      3.0 +*****       ",
        "          |    *****   ",
        "      1.0 +        ****",
        "          +------------",
        "           1          9",
    ]


@pytest.mark.parametrize("height", [3, 4, 7, 12, 30])
@pytest.mark.parametrize("width", [14, 23, 80])
@pytest.mark.parametrize("plainly", [False, True])
@pytest.mark.parametrize(
    "numbers",
    [
        [1.0],
        [1.0, 1.0],
        [0.0],
        [-1e300, 1e300],
        [1e-300, 1e300],
        [math.inf],
        [math.nan, math.nan],
        [math.nan, 1.0, math.inf, 2.0, -math.inf],
        list(range(1000)),
    ],
)
def test_a_curve_fills_its_cells_and_no_more(numbers, width, height, plainly):
    rows = drawn(numbers, width, height, ascii=plainly)
    assert len(rows) == height
    assert {len(row) for row in rows[: height - 1]} <= {len(rows[0]), width}
    assert max(map(len, rows)) <= width
    if plainly:
        assert all(row.isascii() for row in rows)


@pytest.mark.parametrize(("width", "height"), [(0, 0), (12, 9), (80, 2), (-1, 5)])
def test_where_there_is_no_room_there_is_no_curve(width, height):
    assert drawn([1.0, 2.0], width, height) == []


def cells(rows):
    """The dots alone: what stands right of the axis."""
    return [row[11:] for row in rows[:-2]]


def test_the_first_number_is_left_the_last_right_the_largest_on_top():
    top, *_, bottom = cells(drawn([5.0, 1.0, 1.0, 1.0], 31, 6))
    assert top[0] != " "
    assert top[-1] == " "
    assert bottom[-1] != " "
    assert bottom[0] == " "


def test_a_number_beyond_all_is_marked():
    assert "!" in cells(drawn([1.0, math.inf, 2.0], 31, 6))[0]
    assert "!" not in "".join(cells(drawn([1.0, math.nan, 2.0], 31, 6)))


@pytest.mark.parametrize(
    ("numbers", "log"),
    [
        ([1.0, 2.0], False),
        ([0.01, 2.0], True),
        ([0.0, 2.0], False),
        ([-1.0, 100.0], False),
        ([], False),
        ([math.inf, 1.0], False),
    ],
)
def test_the_scale_is_logarithmic_where_numbers_lie_far_apart(numbers, log):
    assert Scale.of(np.array(numbers)).log is log


def test_labels_are_numbers_of_the_scale():
    rows = drawn([1000.0, 0.1], 31, 11)
    labels = [float(row.split("┤")[0]) for row in rows if "┤" in row]
    assert labels == pytest.approx([1000.0, 100.0, 10.0, 1.0, 0.1], rel=0.01)


@pytest.mark.parametrize(
    ("numbers", "width", "told"),
    [
        ([], 5, ""),
        ([1.0, 2.0, 3.0], 5, "▁▅█"),
        ([1.0, 100.0, 10000.0], 5, "▁▅█"),
        ([1.0, 1.0, 9.0, 1.0], 2, "▁█"),
        ([1.0, math.nan, 2.0], 5, "▁ █"),
        ([1.0, math.inf, 2.0], 5, "▁!█"),
        ([1.0], 0, ""),
    ],
)
def test_sparks(numbers, width, told):
    assert sparks(np.array(numbers), width) == told


# ---------------------------------------------------------------------- what is kept


@pytest.mark.parametrize("count", [1, 63, 64, 65, 200, 1000])
def test_points_are_bounded_and_nothing_between_is_lost(count):
    losses = [float(np.sin(i) * 10) for i in range(count)]
    made = curves(*(reading(i + 1, loss) for i, loss in enumerate(losses)))
    low, high = made.losses
    assert len(low) <= 64
    assert (low.min(), high.max()) == (min(losses), max(losses))
    assert made.count == count
    assert made.last.iteration == count


def test_none_is_no_number_and_nan_is_beyond_all():
    made = curves(
        reading(1, None, (None,)), reading(2, math.nan, (math.nan,)), reading(3, 1.0, (2.0,))
    )
    layer = made.layers(grouped=False)[0]
    assert layer.norms.tolist()[1:] == [math.inf, 2.0]
    assert math.isnan(layer.norms[0])
    assert made.losses[1].tolist()[1:] == [math.inf, 1.0]
    assert layer.norm == 2.0


def test_parameters_may_come_later():
    made = curves(reading(1, 1.0, (1.0,)), reading(2, 1.0, (1.0, 2.0)), parameters=("a", "b"))
    first, second = made.layers(grouped=False)
    assert first.norms.tolist() == [1.0, 1.0]
    assert math.isnan(second.norms[0])
    assert second.norms[1] == 2.0


def test_parameters_of_a_module_make_one_row():
    made = curves(
        reading(1, 1.0, (3.0, 4.0, None), (0.1, 0.2, None)),
        parameters=("model.a.weight", "model.a.bias", "model.b.weight"),
    )
    a, b = made.layers(grouped=True)
    assert (a.name, a.norm, a.ratio) == ("a", 5.0, 0.2)
    assert (a.norms.tolist(), b.norm) == ([5.0], None)


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (("model.a.weight", "model.b.weight"), ["a.weight", "b.weight"]),
        (("model.weight", "model.bias"), ["model.weight", "model.bias"]),
        (("g.a.weight", "d.a.weight"), ["g.a.weight", "d.a.weight"]),
        (("w", "b"), ["w", "b"]),
    ],
)
def test_what_all_names_begin_with_is_left_out(names, shown):
    made = curves(reading(1, 1.0, (1.0, 1.0)), parameters=names)
    assert [layer.name for layer in made.layers(grouped=False)] == shown


@pytest.mark.parametrize(
    ("seconds", "rate"),
    [
        ([0.0], None),
        ([0.0, 0.0], None),
        ([0.1 * i for i in range(30)], 10.0),
        ([0.1 * i + (60 if i > 20 else 0) for i in range(30)], 10.0),  # a pause is no slowness
        ([1.0 * i if i < 100 else 100 + 0.01 * i for i in range(900)], 100.0),
    ],
)
def test_iterations_per_second_are_those_of_late(seconds, rate):
    made = curves(*(reading(i + 1, seconds=at) for i, at in enumerate(seconds)))
    assert made.rate == (None if rate is None else pytest.approx(rate))


# ---------------------------------------------------------------------- what is shown

RUN = [reading(i, 1 / i, (0.5 / i, 0.1), step=i * 10 if i > 4215 else None) for i in range(1, 4218)]
TWO = ("net.fc1.weight", "net.fc2.weight")


@pytest.mark.parametrize(
    ("state", "options", "told"),
    [
        ("running", {}, "● running   Space pauses"),
        ("running", {"wish": "pause"}, "● running   pausing: the next iteration is recorded"),
        ("running", {"wish": "next"}, "one more iteration is recorded"),
        ("paused", {}, "‖ paused at 4,217   Enter walks into 4,217, n records one more"),
        ("finished", {}, "■ finished"),
        ("failed", {"error": "ValueError: no"}, "✗ failed: ValueError: no"),
        ("stopped", {}, "✗ no heartbeat: the run has stopped without a word"),
        ("stopped", {"wish": "pause"}, "✗ no heartbeat: the run has stopped without a word"),
    ],
)
def test_how_the_run_is(state, options, told):
    assert told in lines(board(curves(*RUN, parameters=TWO), state, **options).status)[0]


def test_figures():
    figures = lines(board(curves(*RUN, parameters=TWO)).status)[1]
    assert figures.split("   ")[:5] == [
        " iteration 4,217", "loss 2.37e-04", "iterations/s 10.0", "elapsed 7:01", "memory 612 MB",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (curves(), "No optimizer has made a step yet."),
        (curves(reading(1, None)), "Backward did not begin from a single number."),
    ],
)
def test_without_a_loss_it_says_why(made, told):
    assert told in text(board(made).loss)


def test_layers_tell_their_last_numbers():
    rows = lines(board(curves(*RUN, parameters=TWO), sizes=Sizes(layers=(79, 10))).layers)
    assert rows[0].split() == ["gradient", "2-norm", "now", "update", "÷", "weight", "now"]
    assert rows[1].split()[0] == "fc1.weight"
    assert rows[1].split()[2] == "1.19e-04"
    assert rows[2].split()[2] == "0.1"


@pytest.mark.parametrize(("width", "ranged"), [(79, False), (150, True)])
def test_where_there_is_room_the_scale_of_each_row_is_told(width, ranged):
    rows = lines(board(curves(*RUN, parameters=TWO), sizes=Sizes(layers=(width, 10))).layers)
    assert ("least" in rows[0]) is ranged
    assert max(map(len, rows)) <= width
    if ranged:
        assert rows[1].split()[1] == "1.22e-04"


@pytest.mark.parametrize(("height", "rows"), [(8, 10), (40, 30)])
def test_many_parameters_share_rows_by_module_where_they_do_not_fit(height, rows):
    names = tuple(f"net.{i}.{name}" for i in range(10) for name in ("weight", "bias", "scale"))
    made = curves(reading(1, 1.0, (1.0,) * 30), parameters=names)
    pane = board(made, sizes=Sizes(layers=(100, height))).layers
    assert len(pane.lines) == rows + 1
    assert "30 parameters" in pane.title


def test_iterations_that_have_steps_lead_there():
    pane = board(curves(*RUN, parameters=TWO), chosen=4217).recorded
    assert lines(pane) == [
        "   iteration 4,216   from step 42,161",
        " ▸ iteration 4,217   from step 42,171",
    ]
    assert pane.targets == {0: 42160, 1: 42170}
    assert pane.focus == (1, 0)


def test_a_long_list_ends_with_the_newest():
    pane = board(curves(*(reading(i, step=i) for i in range(1, 2001)))).recorded
    assert lines(pane)[0] == " … 1,500 before"
    assert lines(pane)[-1] == "   iteration 2,000   from step 2,001"


@pytest.mark.parametrize("size", [(1, 1), (20, 3), (40, 8), (300, 90)])
def test_every_size_is_painted(size):
    for made in (curves(), curves(*RUN, parameters=TWO)):
        shown = board(made, sizes=Sizes(size, size, size, size))
        assert max(map(len, lines(shown.loss)), default=0) <= max(size[0], 60)


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.4, "0:00"), (112, "1:52"), (3600, "1:00:00"), (7509.9, "2:05:09")]
)
def test_duration(seconds, told):
    assert duration(seconds) == told


@pytest.mark.parametrize(
    ("size", "told"),
    [(0, "0 B"), (612, "612 B"), (612_000_000, "612 MB"), (999_600, "1 MB"), (2.5e9, "2.5 GB")],
)
def test_amount(size, told):
    assert amount(size) == told
