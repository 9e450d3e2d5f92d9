"""The widgets paint what a Pane says: its characters, its styles, and only what changed."""

import pytest
from textual.app import App
from textual.geometry import Region

from backprop_tui.tui.layout import PANES
from backprop_tui.tui.themes import INKS, THEME_NAMES, WEIGHTS, themes, variables
from backprop_tui.tui.widgets.caption import Caption, wrap
from backprop_tui.tui.widgets.key_bar import KeyBar
from backprop_tui.tui.widgets.lines_view import LinesView
from backprop_tui.view.types import STYLES, Pane, Run, plain

#: Styles that stand side by side and mean different things.
TOGETHER = {
    "program": ("", "active", "statement", "origin", "narration", "error", "muted"),
    "graph": ("", "active", "pending", "leaf", "op", "changed", "selected", "muted", "loss"),
    "tensors": ("value", "grad", "pending", "changed", "selected", "heading", "leaf", "muted"),
    "maths": ("value", "grad", "pending", "changed", "selected", "heading", "op", "loss", "error"),
    "timeline": ("done", "active", "pending", "heading", "loss"),
}


def test_every_style_has_a_weight():
    assert WEIGHTS.keys() == STYLES.keys()


@pytest.mark.parametrize("theme", THEME_NAMES)
def test_every_style_has_a_colour_in_every_theme(theme):
    assert set(STYLES) - {""} <= set(INKS[theme])
    assert INKS[theme].keys() == INKS[THEME_NAMES[0]].keys()


@pytest.mark.parametrize("pane", PANES)
def test_styles_that_meet_differ_without_colour(pane):
    weights = [WEIGHTS[style] for style in TOGETHER[pane]]
    assert len(set(weights)) == len(weights), dict(zip(TOGETHER[pane], weights, strict=True))


def contrast(one, other):
    """The contrast ratio of WCAG 2 between two #rrggbb colours."""

    def light(colour):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", themes(), ids=lambda theme: theme.name)
@pytest.mark.parametrize("style", [style for style in STYLES if style])
def test_text_can_be_read_in_the_lecture_hall(theme, style):
    assert contrast(INKS[theme.name][style], theme.background) >= 4.5


@pytest.mark.parametrize("theme", THEME_NAMES)
@pytest.mark.parametrize("surface", ["bar", "bar-focus", "caption"])
def test_bars_can_be_read(theme, surface):
    inks = INKS[theme]
    assert contrast(inks[f"{surface}-ink"], inks[surface]) >= 4.5


class Bench(App):
    """One widget on a screen."""

    CSS = "Screen { layout: vertical; } LinesView { width: 100%; height: 6; }"

    def __init__(self, widget):
        super().__init__()
        self.widget = widget

    def get_theme_variable_defaults(self):
        return variables("dark")

    def compose(self):
        yield self.widget


def text_of(widget):
    return [widget.render_line(y).text.rstrip() for y in range(widget.size.height)]


def pane(*texts, focus=None, targets=None):
    return Pane("P", tuple((Run(text),) for text in texts), focus, targets or {})


async def test_square_brackets_are_characters():
    view = LinesView()
    async with Bench(view).run_test(size=(40, 10)):
        view.show(pane("x[0] = [/] [bold]y[/bold]"))
        assert text_of(view)[1] == "x[0] = [/] [bold]y[/bold]"


async def test_only_rows_that_differ_are_painted_anew(monkeypatch):
    view = LinesView()
    async with Bench(view).run_test(size=(40, 10)) as pilot:
        view.show(pane("a", "b", "c"))
        await pilot.pause()
        regions = []
        monkeypatch.setattr(view, "refresh", lambda *dirty: regions.append(dirty))
        view.show(pane("a", "B", "c"))
        view.show(pane("a", "B", "c"))
        assert regions == [(Region(0, 2, 40, 1),)]


async def test_a_row_that_vanished_is_painted_over():
    view = LinesView()
    async with Bench(view).run_test(size=(40, 10)) as pilot:
        view.show(pane("a", "b", "c"))
        await pilot.pause()
        view.show(pane("a"))
        await pilot.pause()
        assert text_of(view)[1:4] == ["a", "", ""]


@pytest.mark.parametrize(("row", "first"), [(0, "0"), (2, "0"), (10, "8"), (19, "15")])
async def test_the_focus_is_scrolled_into_view(row, first):
    view = LinesView()
    async with Bench(view).run_test(size=(40, 10)):
        view.show(pane(*map(str, range(20)), focus=(row, 0)))
        assert text_of(view)[1] == first
        assert str(row) in text_of(view)[1:]


async def test_the_focus_is_scrolled_into_view_sideways():
    view = LinesView()
    async with Bench(view).run_test(size=(40, 10)):
        view.show(pane("." * 100 + "here" + "." * 100, focus=(0, 100)))
        assert "here" in text_of(view)[1]


async def test_the_title_says_what_lies_beyond():
    view = LinesView(3)
    async with Bench(view).run_test(size=(40, 10)):
        view.show(pane(*map(str, range(20)), "x" * 60))
        assert text_of(view)[0] == " 3 P  ↓16 →21"


async def test_scrolling_stops_at_the_ends():
    view = LinesView()
    async with Bench(view).run_test(size=(40, 10)):
        view.show(pane(*map(str, range(7))))
        view.scroll_lines(rows=99)
        assert text_of(view)[1:] == ["2", "3", "4", "5", "6"]
        view.scroll_lines(rows=-99)
        assert text_of(view)[1] == "0"


async def test_a_click_on_a_row_with_a_meaning_chooses_it():
    chosen = []

    class Listening(Bench):
        def on_lines_view_chosen(self, message):
            chosen.append(message.target)

    view = LinesView()
    async with Listening(view).run_test(size=(40, 10)) as pilot:
        view.show(pane("a", "b", "c", targets={1: 77}))
        for row in (0, 1, 2, 3):
            await pilot.click(view, offset=(1, row))
        assert chosen == [77]


@pytest.mark.parametrize("style", [*STYLES, "a style of tomorrow"])
async def test_every_style_can_be_painted(style):
    view = LinesView()
    async with Bench(view).run_test(size=(40, 10)):
        view.show(Pane("P", ((Run("x", style),),)))
        strip = view.render_line(1)
        assert all(segment.style is not None for segment in strip)


async def test_wide_characters_keep_their_columns():
    view = LinesView()
    async with Bench(view).run_test(size=(10, 8)):
        view.show(pane("梯度梯度梯度梯度"))
        assert view.render_line(1).cell_length == 10


@pytest.mark.parametrize(
    ("text", "rows", "wrapped"),
    [
        ("", 2, [""]),
        ("one two", 2, ["one two"]),
        ("one two three four", 2, ["one two ", "three four"]),
        ("one two three four five", 2, ["one two ", "three fo …"]),
        ("onetwothreefour", 2, ["onetwothreefour"]),
    ],
)
def test_captions_break_at_spaces(text, rows, wrapped):
    lines = wrap((Run(text),), 10, rows)
    assert [plain(line) for line in lines] == wrapped


async def test_a_caption_is_seen_whole():
    caption = Caption()
    caption.styles.height = 3
    async with Bench(caption).run_test(size=(30, 10)):
        caption.show((Run("w[0] learns: ", "heading"), Run("it moves against its gradient")))
        assert " ".join(" ".join(text_of(caption)).split()) == (
            "w[0] learns: it moves against its gradient"
        )


@pytest.mark.parametrize("width", [30, 80, 160])
async def test_help_and_quit_are_always_in_the_key_bar(width):
    bar = KeyBar()
    async with Bench(bar).run_test(size=(width, 5)):
        assert "? help  q quit" in text_of(bar)[0]
