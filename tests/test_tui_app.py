"""The app, driven key by key."""

from pathlib import Path

import pytest
from tui_films import BRACKETS, FAILING, TWO_ROUNDS, Slow, app, recorded, screen_text

from backprop_tui.errors import Place, ScenarioNotFound, ScenarioRefused
from backprop_tui.tui.app import BackpropApp
from backprop_tui.tui.layout import PANES
from backprop_tui.tui.screens.ask import AskScreen
from backprop_tui.tui.screens.blank import BlankScreen
from backprop_tui.tui.screens.help import HelpScreen
from backprop_tui.tui.screens.library import LibraryScreen
from backprop_tui.tui.screens.refused import RefusedScreen
from backprop_tui.tui.screens.tensor import TensorScreen
from backprop_tui.tui.themes import THEME_NAMES

WIDE, NARROW = (160, 45), (80, 24)


def film_of(running):
    return running.stepper.film


@pytest.mark.parametrize(
    ("keys", "index"),
    [
        ("right", 1),
        ("right right left", 1),
        ("pagedown pagedown pageup", 1),
        ("left", 0),
        ("end home", 0),
        ("right 3 right 4 right", 3),
        ("g 5 enter", 4),
        ("g 9 9 9 9 enter home right", 1),
        ("right escape", 1),
        ("shift+right shift+left", 0),
    ],
)
async def test_keys_walk(keys, index):
    running = app()
    async with running.run_test(size=WIDE) as pilot:
        await pilot.press(*keys.split())
        await pilot.pause()
        assert film_of(running).index == index


@pytest.mark.parametrize("pane", range(1, 6))
async def test_the_presenters_remote_works_in_every_pane(pane):
    running = app()
    async with running.run_test(size=WIDE) as pilot:
        await pilot.press(str(pane), "pagedown", "pagedown", "pageup")
        assert film_of(running).index == 1


@pytest.mark.parametrize("size", [WIDE, (100, 30), NARROW])
async def test_each_pane_is_a_key_away(size):
    running = app()
    async with running.run_test(size=size) as pilot:
        for number, name in enumerate(PANES, start=1):
            await pilot.press(str(number))
            await pilot.pause()
            assert running.focused.id == name
            assert running.focused.display


async def test_tab_goes_round_all_panes_even_on_a_narrow_screen():
    running = app()
    async with running.run_test(size=NARROW) as pilot:
        seen = []
        for _ in PANES:
            await pilot.press("tab")
            await pilot.pause()
            seen.append(running.focused.id)
        assert sorted(seen) == sorted(PANES)
        await pilot.press("shift+tab")
        assert running.focused.id == seen[-2]


@pytest.mark.parametrize("size", [WIDE, (100, 30), NARROW])
async def test_all_that_counts_is_on_the_screen(size):
    running = app()
    async with running.run_test(size=size) as pilot:
        await pilot.press("g", *"loss", "enter")
        await pilot.pause()
        text = screen_text(running)
    assert "loss.backward()" in text
    assert "Program" in text or "film" in text
    assert "Timeline" in text
    assert f"/{len(film_of(running).trace)}" in text
    caption = "".join(
        run.text for run in film_of(running).frame(running.stepper.stage.sizes).caption
    )
    assert " ".join(caption.split())[:40] in " ".join(text.split())


async def test_a_click_on_a_hidden_panes_name_brings_it():
    running = app()
    async with running.run_test(size=NARROW) as pilot:
        title = running.stepper.query_one("#maths")
        await pilot.click(title, offset=(title.size.width - 4, 0))
        await pilot.pause()
        assert running.focused.id == "tensors"
        assert not title.display


async def test_a_resize_lays_out_anew():
    running = app()
    async with running.run_test(size=WIDE) as pilot:
        graph = running.stepper.query_one("#graph")
        assert graph.display
        await pilot.resize_terminal(*NARROW)
        await pilot.pause()
        assert not graph.display
        await pilot.resize_terminal(*WIDE)
        await pilot.pause()
        assert graph.display


async def test_zoom_and_back():
    running = app()
    async with running.run_test(size=WIDE) as pilot:
        await pilot.press("2", "z")
        await pilot.pause()
        assert [p for p in PANES if running.stepper.query_one(f"#{p}").display] == [
            "graph",
            "timeline",
        ]
        await pilot.press("escape", "escape", "escape")
        await pilot.pause()
        assert all(running.stepper.query_one(f"#{p}").display for p in PANES)
        assert running.is_running


async def test_presenting_hides_the_key_bar():
    running = app()
    async with running.run_test(size=NARROW) as pilot:
        await pilot.press("f5")
        await pilot.pause()
        assert "q quit" not in screen_text(running)
        await pilot.press("f5")
        await pilot.pause()
        assert "q quit" in screen_text(running)


@pytest.mark.parametrize("key", ["full_stop", "b"])
async def test_a_blank_screen_until_any_key(key):
    running = app()
    async with running.run_test(size=NARROW) as pilot:
        await pilot.press("right", key)
        assert isinstance(running.screen, BlankScreen)
        assert screen_text(running).strip() == ""
        await pilot.press("pagedown")
        await pilot.pause()
        assert running.screen is running.stepper
        assert film_of(running).index == 1


async def test_selecting_a_tensor_and_opening_it():
    running = app()
    async with running.run_test(size=WIDE) as pilot:
        await pilot.press("end", "3", "down", "down", "enter")
        await pilot.pause()
        assert isinstance(running.screen, TensorScreen)
        text = screen_text(running)
        assert "requires_grad=" in text
        assert "History" in text
        before = film_of(running).index
        await pilot.press("pageup", "left", "right")
        assert film_of(running).index == before - 1
        await pilot.press("escape")
        await pilot.pause()
        assert running.screen is running.stepper


async def test_finding_a_tensor_completes_its_name():
    running = app()
    async with running.run_test(size=WIDE) as pilot:
        await pilot.press("slash", *"los", "enter")
        await pilot.pause()
        assert film_of(running).selected_name == "loss"


@pytest.mark.parametrize(
    "keys", ["slash n o p e enter", "g n o p e enter", "g l i n e : 9 9 enter"]
)
async def test_what_is_not_there_is_said(keys):
    running = app()
    async with running.run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("right", *("colon" if key == ":" else key for key in keys.split()))
        await pilot.pause()
        assert len(running._notifications) == 1
        assert film_of(running).index == 1


async def test_a_click_selects_a_tensor():
    running = app()
    async with running.run_test(size=WIDE) as pilot:
        await pilot.press("end")
        view = running.stepper.query_one("#tensors")
        row, tensor = next(iter(view.pane.targets.items()))
        await pilot.click(view, offset=(2, row + 1))
        assert film_of(running).selection.tensor == tensor


async def test_playing_goes_on_by_itself_and_stops_at_the_end():
    running = app()
    async with running.run_test(size=WIDE) as pilot:
        await pilot.press(*["plus"] * 6, "space")
        for _ in range(200):
            await pilot.pause(0.02)
            if film_of(running).ended:
                break
        await pilot.pause(0.1)
        assert film_of(running).ended
        assert not running.stepper._player.playing


async def test_space_pauses():
    running = app()
    async with running.run_test(size=WIDE) as pilot:
        await pilot.press(*["plus"] * 3, "space")
        while not film_of(running).index:
            await pilot.pause(0.05)
        await pilot.press("space")
        await pilot.pause()
        assert not running.stepper._player.playing
        at = film_of(running).index
        await pilot.pause(0.3)
        assert film_of(running).index == at


@pytest.mark.parametrize("key", ["question_mark", "f1"])
async def test_help_opens_and_closes(key):
    running = app()
    async with running.run_test(size=NARROW) as pilot:
        await pilot.press(key)
        await pilot.pause()
        assert isinstance(running.screen, HelpScreen)
        assert "PageDown" in screen_text(running)
        await pilot.press("escape")
        assert running.screen is running.stepper


async def test_the_palette_runs_commands_by_name():
    running = app()
    async with running.run_test(size=WIDE) as pilot:
        await pilot.press("ctrl+p", *"last step")
        await pilot.pause(0.4)
        await pilot.press("down", "enter")
        await pilot.pause(0.2)
        assert film_of(running).ended


async def test_themes_go_round():
    running = app()
    async with running.run_test(size=NARROW) as pilot:
        seen = [running.theme]
        for _ in THEME_NAMES:
            await pilot.press("t")
            await pilot.pause()
            seen.append(running.theme)
        assert tuple(seen) == (*THEME_NAMES, THEME_NAMES[0])


async def test_a_theme_recolours_what_is_painted():
    running = app()
    async with running.run_test(size=NARROW) as pilot:
        view = running.stepper.query_one("#program")
        dark = view.render_line(3)
        await pilot.press("t")
        await pilot.pause()
        assert view.render_line(3) != dark


async def test_no_color_paints():
    from textual.filter import Monochrome

    running = app()
    running._filters.append(Monochrome())
    async with running.run_test(size=WIDE) as pilot:
        await pilot.press("end")
        await pilot.pause()
        assert "Timeline" in screen_text(running)


async def test_square_brackets_of_the_program_are_shown():
    running = app(BRACKETS)
    async with running.run_test(size=WIDE) as pilot:
        await pilot.press("g", *"loss", "enter")
        await pilot.pause()
        assert "y = x[0] * 2 + x[1]" in screen_text(running)


class TestFailing:
    async def test_it_stays_open_at_the_failing_line_with_pytorchs_words(self):
        running = app(FAILING)
        async with running.run_test(size=WIDE) as pilot:
            await pilot.press("end")
            await pilot.pause()
            text = screen_text(running)
        assert "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)" in text
        assert "stopped by an error" in text
        assert "▶  5 d = c @ b" in text

    async def test_all_steps_before_can_be_walked(self):
        running = app(FAILING)
        async with running.run_test(size=WIDE) as pilot:
            await pilot.press("end", "left", "left")
            assert film_of(running).index == film_of(running).last - 2
            await pilot.pause()
            assert "stopped by an error" not in screen_text(running)


class TestGrowing:
    async def test_recording_goes_on_behind_the_first_frame(self):
        running = BackpropApp(Slow(TWO_ROUNDS))
        async with running.run_test(size=WIDE) as pilot:
            for _ in range(200):
                await pilot.pause(0.02)
                if running.stepper.film.session.finished:
                    break
            assert len(film_of(running).trace) == len(recorded(TWO_ROUNDS).trace)

    async def test_waiting_for_a_recording_is_said(self):
        session = Slow(TWO_ROUNDS, chunk=0)
        session.trace.append(session._whole[0])
        running = BackpropApp(session)
        async with running.run_test(size=WIDE) as pilot:
            await pilot.press("right")
            await pilot.pause()
            assert "recording…" in screen_text(running)
            session.chunk = 1
            await pilot.pause(0.3)
            assert film_of(running).index == 1
            assert "recording…" not in screen_text(running)

    async def test_leaving_closes_the_session(self):
        session = Slow(TWO_ROUNDS)
        running = BackpropApp(session)
        async with running.run_test(size=NARROW) as pilot:
            await pilot.press("q")
        assert session.closed

    async def test_it_opens_at_a_step_that_is_not_recorded_yet(self):
        running = BackpropApp(Slow(TWO_ROUNDS), at=7)
        async with running.run_test(size=NARROW) as pilot:
            await pilot.pause(0.4)
            assert film_of(running).index == 7


class TestExport:
    async def exported(self, monkeypatch, tmp_path, *keys):
        monkeypatch.chdir(tmp_path)
        running = app()
        async with running.run_test(size=WIDE, notifications=True) as pilot:
            await pilot.press("e", *keys)
            await pilot.pause()
            await running.workers.wait_for_complete()
            await pilot.pause()
            return [notice.message for notice in running._notifications]

    async def test_it_writes_beside_the_default_name_and_says_where(self, monkeypatch, tmp_path):
        said = await self.exported(monkeypatch, tmp_path, "enter")
        assert said == [f"Written to {tmp_path / 'film.md'}"]
        assert (tmp_path / "film.md").read_text("utf-8").startswith("#")

    async def test_an_existing_file_is_kept_unless_one_says_yes(self, monkeypatch, tmp_path):
        (tmp_path / "film.md").write_text("mine")
        assert await self.exported(monkeypatch, tmp_path, "enter", *"no", "enter") == []
        assert (tmp_path / "film.md").read_text() == "mine"

    async def test_an_existing_file_is_replaced_if_one_says_yes(self, monkeypatch, tmp_path):
        (tmp_path / "film.md").write_text("old")
        await self.exported(monkeypatch, tmp_path, "enter", *"yes", "enter")
        assert (tmp_path / "film.md").read_text("utf-8") != "old"
        assert [path.name for path in tmp_path.iterdir()] == ["film.md"]

    async def test_a_place_that_is_not_there_is_said(self, monkeypatch, tmp_path):
        said = await self.exported(
            monkeypatch, tmp_path, *["backspace"] * 7, *"no", "slash", *"x", "enter"
        )
        assert len(said) == 1
        assert "cannot write no/x" in said[0]

    async def test_escape_writes_nothing(self, monkeypatch, tmp_path):
        assert await self.exported(monkeypatch, tmp_path, "escape") == []
        assert list(tmp_path.iterdir()) == []


class TestLibrary:
    async def test_without_a_scenario_the_app_begins_in_the_library(self):
        running = BackpropApp(None, opener=lambda source: recorded(TWO_ROUNDS))
        async with running.run_test(size=WIDE) as pilot:
            assert isinstance(running.screen, LibraryScreen)
            await pilot.press("escape")
            assert isinstance(running.screen, LibraryScreen)
            await pilot.press("down", "enter")
            await pilot.pause()
            assert running.screen is running.stepper
            assert film_of(running).index == 0

    async def test_enter_opens_what_is_chosen(self):
        asked = []

        def opener(source):
            asked.append(Path(source).stem)
            return recorded(TWO_ROUNDS)

        running = BackpropApp(recorded(TWO_ROUNDS), opener=opener)
        async with running.run_test(size=WIDE) as pilot:
            await pilot.press("l", "down", "down", "up")
            entry = running.screen._entries[1]
            await pilot.pause()
            text = screen_text(running)
            assert entry.title[:20] in text
            assert f"backprop-tui {entry.name}" in text
            await pilot.press("enter")
            await pilot.pause()
        assert asked == [entry.name]

    async def test_opening_another_film_closes_the_one_before(self):
        first = Slow(TWO_ROUNDS)
        running = BackpropApp(first, opener=lambda source: recorded(FAILING))
        async with running.run_test(size=WIDE) as pilot:
            await pilot.press("right", "l", "enter")
            await pilot.pause()
            assert first.closed
            assert "d = c @ b" in screen_text(running)

    @pytest.mark.parametrize(
        ("error", "words"),
        [
            (
                ScenarioRefused(
                    "`exec` is not part of the language",
                    Place("bad.py", 3, 5, "x = exec('[1]')", 4),
                    "write it out: [x]",
                ),
                ["`exec` is not part", "line 3, column 5", "exec('[1]')", "write it out: [x]"],
            ),
            (ScenarioNotFound("no file and no bundled scenario 'nope'"), ["'nope'"]),
        ],
    )
    async def test_a_refused_scenario_says_why_and_the_app_stays(self, error, words):
        def opener(source):
            raise error

        running = BackpropApp(recorded(TWO_ROUNDS), opener=opener)
        async with running.run_test(size=NARROW) as pilot:
            await pilot.press("right", "l", "enter")
            await pilot.pause()
            assert isinstance(running.screen, RefusedScreen)
            text = screen_text(running)
            assert [word for word in words if word not in text] == []
            await pilot.press("escape", "escape")
            await pilot.pause()
            assert running.screen is running.stepper
            assert film_of(running).index == 1


async def test_escape_leaves_a_question_unanswered():
    running = app()
    async with running.run_test(size=NARROW) as pilot:
        await pilot.press("g")
        assert isinstance(running.screen, AskScreen)
        await pilot.press("9", "escape")
        assert film_of(running).index == 0


async def test_a_users_keymap_changes_a_key():
    running = app()
    running.set_keymap({"step.next": "j"})
    async with running.run_test(size=NARROW) as pilot:
        await pilot.press("j", "j")
        assert film_of(running).index == 2
