"""Numbers as text: what is written, that it fits, and that it is not misleading."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from backprop_tui.view.curves import sparkline
from backprop_tui.view.numbers import array_rows, clip, heat, shape_text, short, tensor_text

F32 = np.float32


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.62480647, "0.6248"),
        (-0.125, "-0.125"),
        (1.2e-05, "1.2e-05"),
        (-1.23456e-05, "-1.23e-05"),
        (0.0005, "0.0005"),
        (F32(0.0005), "0.0005"),
        (0.0012345, "0.0012"),
        (0.00012345, "1.23e-04"),
        (3, "3"),
        (3.0, "3.0"),
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (10.0, "10.0"),
        (100.0, "100.0"),
        (1234.5678, "1234.57"),
        (12345.678, "12345.7"),
        (150000.0, "1.5e+05"),
        (1e30, "1e+30"),
        (np.int64(7), "7"),
        (True, "True"),
        (np.bool_(False), "False"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
    ],
)
def test_short(x, text):
    assert short(x) == text


def test_short_with_more_digits_shows_the_article():
    assert short(0.298371109, 9) == "0.298371109"


@settings(deadline=None)
@given(st.floats(-1e300, 1e300))
def test_short_is_close_and_looks_like_a_float(x):
    text = short(x)
    assert float(text) == pytest.approx(x, rel=6e-3, abs=6e-5)
    assert set(text) & {".", "e"}
    assert len(text) <= 10


@settings(deadline=None)
@given(st.integers())
def test_short_keeps_ints(n):
    assert short(n) == str(n)


def test_short_refuses_what_is_no_number():
    with pytest.raises(TypeError, match="must be a number"):
        short("1.0")


@pytest.mark.parametrize(
    ("shape", "text"), [((), "scalar"), ((3,), "(3,)"), ((1, 2), "(1, 2)"), ((0, 2), "(0, 2)")]
)
def test_shape_text(shape, text):
    assert shape_text(shape) == text


@pytest.mark.parametrize(
    ("array", "width", "text"),
    [
        (np.array(0.62480647), 20, "0.6248"),
        (np.array(0.62480647), 4, "0.62"),
        (np.array(7), 20, "7"),
        (np.array([0.4944, -0.2988], F32), 20, "[0.4944, -0.2988]"),
        (np.array([0.4944, -0.2988], F32), 14, "[0.49, -0.3]"),
        (np.array([[0.5, 1.0], [2.0, 3.0]]), 30, "[[0.5, 1.0], [2.0, 3.0]]"),
        (np.array([True, False]), 20, "[True, False]"),
        (np.zeros(0), 20, "[]"),
        (np.zeros((0, 3)), 20, "(0, 3) []"),
        (np.arange(8.0).reshape(4, 2) / 10, 26, "(4, 2) [0.0, 0.1, 0.2, …]"),
        (np.arange(8).reshape(4, 2), 20, "(4, 2) [0, 1, 2, …]"),
        (np.ones((64, 128)), 30, "(64, 128) mean 1.0 ± 0.0"),
        (np.ones((64, 128)), 12, "(64, 128)"),
        (np.full((64, 128), np.nan), 30, "(64, 128) 8192 nan"),
        (np.ones((64, 128)), 5, "(64,…"),
    ],
)
def test_tensor_text(array, width, text):
    assert tensor_text(array, width) == text


@settings(deadline=None)
@given(
    hnp.arrays(st.sampled_from([np.float32, np.int64, np.bool_]), hnp.array_shapes(max_side=9)),
    st.integers(1, 60),
)
def test_tensor_text_fits(array, width):
    assert 0 < len(tensor_text(array, width)) <= width


def _texts(rows):
    return [" ".join(cell.text for cell in row) for row in rows]


@pytest.mark.parametrize(
    ("array", "lines"),
    [
        (np.array(2.5), ["2.5"]),
        (np.array([1.0, -20.25]), ["   1.0 -20.25"]),
        (np.array([[1, 20], [300, 4]]), ["  1  20", "300   4"]),
        (np.array([[[1, 2]], [[3, 4]]]), ["[0, :, :]", "1 2", "[1, :, :]", "3 4"]),
        (np.zeros((0, 2)), ["(0, 2) []"]),
    ],
)
def test_array_rows(array, lines):
    assert _texts(array_rows(array)) == lines


def test_array_rows_are_cut_off_visibly():
    rows = _texts(array_rows(np.arange(100).reshape(10, 10), max_rows=2, max_columns=3))
    assert rows == [" 0  1  2 …", "10 11 12 …", "…"]


@settings(deadline=None)
@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, max_dims=4, max_side=4)))
def test_array_rows_hold_every_element_once_at_its_place(array):
    cells = [cell for row in array_rows(array) for cell in row if cell.index is not None]
    assert [cell.index for cell in cells] == list(np.ndindex(array.shape))
    assert all(cell.text.strip() == short(array[cell.index]) for cell in cells)
    assert len({len(cell.text) for cell in cells}) == 1


@pytest.mark.parametrize(
    ("x", "glyph"),
    [(1.0, "+█"), (-1.0, "-█"), (0.0, "  "), (0.1, "+░"), (-0.6, "-▓"), (9.0, "+█"),
     (math.nan, "!!"), (-math.inf, "-█")],
)  # fmt: skip
def test_heat_tells_sign_and_size_without_colour(x, glyph):
    assert heat(x, 1.0) == glyph
    assert heat(x, 1.0, ascii=True).isascii()


@pytest.mark.parametrize(("width", "text"), [(5, "loss"), (4, "loss"), (3, "lo…"), (0, "")])
def test_clip(width, text):
    assert clip("loss", width) == text


@pytest.mark.parametrize(
    ("values", "width", "text"),
    [
        ([], 5, ""),
        ([1.0], 0, ""),
        ([0.0, 7.0], 5, "▁█"),
        ([2.0, 2.0], 5, "▄▄"),
        ([0.0, math.nan, 1.0], 5, "▁!█"),
        ([math.inf], 5, "!"),
        ([-1e308, 1e308], 5, "▁█"),
        (list(range(8)), 8, "▁▂▃▄▅▆▇█"),
        (list(range(16)), 4, "▁▃▆█"),
    ],
)
def test_sparkline(values, width, text):
    assert sparkline(values, width) == text


@settings(deadline=None)
@given(st.lists(st.floats(), max_size=40), st.integers(0, 20))
def test_sparkline_fits(values, width):
    assert len(sparkline(values, width)) == min(width, len(values))
    assert sparkline(values, width, ascii=True).isascii()
