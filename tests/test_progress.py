"""What is remembered of the bundled scenarios, in the file and on the library screen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_tui_terminal import Terminal
from tui_films import Slow, screen_text

from backprop_tui import progress
from backprop_tui.progress import Place, remember, remembered
from backprop_tui.scenario.library import bundled, find
from backprop_tui.session import Session
from backprop_tui.tui.app import BackpropApp

SQUARE = find("square").read_text(encoding="utf-8")
WIDE = (160, 45)


def test_nothing_is_remembered_at_first(state_directory: Path) -> None:
    assert remembered() == {}
    assert not state_directory.exists()


@pytest.mark.parametrize(
    "place", [Place(3, 9), Place(3), Place(8, 9, True), Place(0, 9, True), Place(3, 9, True)]
)
def test_a_place_is_remembered(place: Place) -> None:
    remember("square", SQUARE, place)
    assert remembered() == {"square": place}


def test_scenarios_are_remembered_side_by_side(state_directory: Path) -> None:
    remember("square", SQUARE, Place(3, 9))
    remember("polynomial", find("polynomial").read_text(encoding="utf-8"), Place(5))
    assert remembered() == {"square": Place(3, 9), "polynomial": Place(5)}
    assert [path.name for path in state_directory.iterdir()] == ["progress.json"]


def test_finished_once_is_finished() -> None:
    remember("square", SQUARE, Place(8, 9, True))
    remember("square", SQUARE, Place(2, 9))
    assert remembered() == {"square": Place(2, 9, True)}


@pytest.mark.parametrize(
    ("name", "source", "place"),
    [
        ("square", SQUARE, Place(0, 9)),
        ("square", SQUARE + "\n", Place(3, 9)),
        ("my_own", "import torch\n", Place(3, 9)),
    ],
    ids=["only looked at", "somebody else's file of that name", "not bundled"],
)
def test_what_is_not_worth_remembering(name: str, source: str, place: Place) -> None:
    remember(name, source, place)
    assert remembered() == {}


def test_a_look_at_the_first_step_keeps_the_place() -> None:
    remember("square", SQUARE, Place(3, 9))
    remember("square", SQUARE, Place(0, 9))
    assert remembered() == {"square": Place(3, 9)}


def test_an_edited_scenario_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "folder", lambda: tmp_path)
    path = tmp_path / "autograd" / "square.py"
    path.parent.mkdir()
    path.write_text(SQUARE, encoding="utf-8")
    remember("square", SQUARE, Place(8, 9, True))
    assert list(remembered()) == ["square"]
    path.write_text(SQUARE + "print(1)\n", encoding="utf-8")
    assert remembered() == {}
    remember("square", SQUARE + "print(1)\n", Place(2))
    assert remembered() == {"square": Place(2)}


GOOD = {"source": progress.digest(SQUARE), "step": 3, "steps": 9, "finished": False}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b'{"version": 1, "scenarios": {"square": {',
        b"[" * 100_000,
        b"null",
        b'{"version": 1}',
        b'{"version": 1, "scenarios": []}',
        b'{"version": 2, "scenarios": {}}',
        *(
            json.dumps({"version": 1, "scenarios": {"square": wrong}}).encode()
            for wrong in (
                7,
                GOOD | {"source": 7},
                GOOD | {"step": -1},
                GOOD | {"step": 9},
                GOOD | {"step": True},
                GOOD | {"steps": "9"},
                GOOD | {"finished": 1},
                {"source": GOOD["source"]},
            )
        ),
    ],
)
def test_a_damaged_file_is_an_empty_one(content: bytes, state_directory: Path) -> None:
    state_directory.mkdir()
    (state_directory / "progress.json").write_bytes(content)
    assert remembered() == {}
    remember("square", SQUARE, Place(3, 9))
    assert remembered() == {"square": Place(3, 9)}


def test_one_damaged_record_leaves_the_others(state_directory: Path) -> None:
    state_directory.mkdir()
    content = {"version": 1, "scenarios": {"polynomial": 7, "square": GOOD}}
    (state_directory / "progress.json").write_text(json.dumps(content), encoding="utf-8")
    assert remembered() == {"square": Place(3, 9)}


def test_where_nothing_can_be_written_nothing_breaks(state_directory: Path) -> None:
    state_directory.write_text("a file where the directory should be", encoding="utf-8")
    remember("square", SQUARE, Place(3, 9))
    assert remembered() == {}


def test_where_the_file_is_a_directory_nothing_breaks(state_directory: Path) -> None:
    (state_directory / "progress.json").mkdir(parents=True)
    remember("square", SQUARE, Place(3, 9))
    assert remembered() == {}
    assert [path.name for path in state_directory.iterdir()] == ["progress.json"]


def test_it_is_kept_where_the_user_keeps_state(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k != progress.VARIABLE}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from backprop_tui import progress; print(progress.file());"
            "print(*{'numpy', 'torch', 'textual'} & set(sys.modules))",
        ],
        env={**environment, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "here")},
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
    )
    where, heavy = done.stdout.split("\n")[:2]
    assert where.startswith(str(tmp_path))
    assert where.endswith("progress.json")
    assert heavy == ""
    assert list(tmp_path.iterdir()) == []


# -- on the screen ------------------------------------------------------------------------------


def app(scenario: str | None = None) -> BackpropApp:
    """The app as the command line makes it."""
    session = None if scenario is None else Session.open(scenario)
    return BackpropApp(session, opener=Session.open, remembers=True)


def line_of(text: str, name: str) -> str:
    """The row of a scenario in the library's list."""
    title = next(entry.title for entry in bundled() if entry.name == name)[:30]
    return next(line[:80] for line in text.split("\n") if title in line[:80])


async def library_after(*keys: str, scenario: str = "square") -> str:
    """The library of a new app, after ``keys`` were pressed in a film that was then quit."""
    running = app(scenario)
    async with running.run_test(size=WIDE) as pilot:
        await pilot.press(*keys)
        await pilot.pause(0.1)
    again = app()
    async with again.run_test(size=WIDE) as pilot:
        await pilot.pause()
        return screen_text(again)


async def test_a_film_that_was_quit_half_way_says_where() -> None:
    text = await library_after("right", "right")
    steps = len(Session.open("square").complete())
    assert f"step 3/{steps}" in line_of(text, "square")
    assert "◐" in line_of(text, "square")
    assert "Enter go on" in text
    assert "◐" not in line_of(text, "polynomial")


@pytest.mark.parametrize("keys", [["end"], ["end", "home"], ["end", "left"]])
async def test_a_film_whose_last_step_was_seen_is_finished(keys: list[str]) -> None:
    text = await library_after(*keys)
    assert "✓" in line_of(text, "square")
    assert ("step" in line_of(text, "square")) is (keys[-1] == "left")


async def test_a_film_that_was_only_opened_has_no_mark() -> None:
    row = line_of(await library_after(), "square")
    assert "✓" not in row
    assert "◐" not in row


@pytest.mark.parametrize(("key", "index"), [("enter", 4), ("r", 0)])
async def test_one_goes_on_or_begins_anew(key: str, index: int) -> None:
    remember("square", SQUARE, Place(4))
    running = app()
    async with running.run_test(size=WIDE) as pilot:
        await pilot.press(key)
        await pilot.pause(0.1)
        assert running.screen is running.stepper
        assert running.stepper.film is not None
        assert running.stepper.film.index == index


async def test_the_library_over_a_film_knows_where_the_film_is() -> None:
    running = app("square")
    async with running.run_test(size=WIDE) as pilot:
        await pilot.press("right", "right", "right", "l")
        await pilot.pause(0.1)
        assert "step 4" in line_of(screen_text(running), "square")


async def test_chapters_have_a_title_and_say_what_is_new() -> None:
    running = app()
    async with running.run_test(size=(90, 60)) as pilot:
        await pilot.pause()
        text = screen_text(running)
    assert "Autograd\n" in "\n".join(line.rstrip() for line in text.split("\n"))
    assert "what .grad holds" in text


async def test_an_app_that_does_not_remember_writes_nothing(state_directory: Path) -> None:
    running = BackpropApp(Session.open("square"), opener=Session.open)
    async with running.run_test(size=WIDE) as pilot:
        await pilot.press("end", "l")
        await pilot.pause(0.1)
    assert not state_directory.exists()


async def test_walking_writes_nothing(state_directory: Path) -> None:
    running = app("square")
    async with running.run_test(size=WIDE) as pilot:
        await pilot.press("right", "right", "end")
        await pilot.pause(0.1)
        assert not state_directory.exists()
    assert state_directory.exists()


def test_while_recording_goes_on_nobody_knows_how_many_steps() -> None:
    from backprop_tui.tui.film import Film

    film = Film(Slow(SQUARE))  # type: ignore[arg-type]
    film.grow()
    film.step(1)
    assert film.place == Place(1)
    while film.session.grow():
        pass
    assert film.place == Place(1, len(film.trace))
    film.end()
    film.step(-1)
    assert film.place == Place(len(film.trace) - 2, len(film.trace), True)


def test_in_a_real_terminal_quitting_remembers() -> None:
    terminal = Terminal("square")
    try:
        terminal.until(r"\b1/\d+")
        terminal.press("\x1b[C\x1b[C")
        terminal.until(r"\b3/\d+")
        assert terminal.leave() == 0
    finally:
        terminal.child.close(force=True)
    assert remembered()["square"].step == 2
