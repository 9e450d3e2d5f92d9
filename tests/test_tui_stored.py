"""The app on a trace in a file: as on a scenario, also while the file grows, also where it is
damaged."""

from __future__ import annotations

import sqlite3
from array import array
from pathlib import Path

import pytest
from tui_films import TWO_ROUNDS, recorded, screen_text

from backprop_tui.session import StoredSession
from backprop_tui.trace.arrays import unsqueeze
from backprop_tui.trace.file import WritingTrace
from backprop_tui.trace.trace import Trace
from backprop_tui.tui.app import BackpropApp
from backprop_tui.tui.film import Film
from backprop_tui.tui.places import Query


@pytest.fixture
def trace() -> Trace:
    return recorded(TWO_ROUNDS).trace


@pytest.fixture
def path(trace: Trace, tmp_path: Path) -> Path:
    with WritingTrace(tmp_path / "film.trace", trace.program) as writing:
        for step in trace:
            writing.append(step)
    return writing.path


def at_once(session: StoredSession) -> StoredSession:
    """The session, ready to look at its file again without waiting."""
    session._looked = 0.0
    return session


async def test_a_stored_film_looks_and_moves_like_the_one_just_recorded(path: Path) -> None:
    screens = []
    for session in (recorded(TWO_ROUNDS), StoredSession(path)):
        app = BackpropApp(session)
        async with app.run_test(size=(140, 40)) as pilot:
            seen = []
            for key in ("right", "n", "right_square_bracket", "right_curly_bracket", "a", "end"):
                await pilot.press(key)
                seen.append(screen_text(app))
            screens.append(seen)
    assert screens[0] == screens[1]


async def test_a_damaged_step_is_told_and_one_walks_on(path: Path) -> None:
    connection = sqlite3.connect(path)
    coding, data = connection.execute("SELECT coding, words FROM body WHERE id = 0").fetchone()
    words = array("Q", unsqueeze(coding, data))
    words[1 + words[0] + words[3]] = 99  # the class of the fourth step
    connection.execute("UPDATE body SET coding = 0, words = ? WHERE id = 0", (words.tobytes(),))
    connection.commit()
    connection.close()
    app = BackpropApp(StoredSession(path), at=2)
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.pause()
        assert "this step cannot be shown" in screen_text(app)
        await pilot.press("left")
        assert "this step cannot be shown" not in screen_text(app)
        await pilot.press("right", "right")
        # What comes after is made of what was there.
        assert "cannot be shown" in screen_text(app)


def test_a_film_follows_its_file(trace: Trace, tmp_path: Path) -> None:
    with WritingTrace(tmp_path / "film.trace", trace.program) as writing:
        for step in list(trace)[:5]:
            writing.append(step)
        writing.flush()
        session = StoredSession(writing.path)
        film = Film(session)
        film.go(20)
        assert film.recording
        assert film.index == 0
        for step in list(trace)[5:]:
            writing.append(step)
        writing.flush()
        at_once(session)
        film.grow()
        assert (film.index, film.recording) == (20, False)
        film.end()
        assert film.recording
    at_once(session)
    film.grow()
    assert film.ended
    assert film.index == len(trace) - 1
    assert session.error is None


def test_a_run_that_failed_is_a_film_that_stopped_by_an_error(tmp_path: Path, trace: Trace) -> None:
    writing = WritingTrace(tmp_path / "film.trace", trace.program)
    writing.append(trace[0])
    writing.close("RuntimeError: boom")
    session = StoredSession(tmp_path / "film.trace")
    assert str(session.error) == "RuntimeError: boom"
    assert session.finished


def test_a_search_in_a_stored_film_goes_round_its_end(path: Path, trace: Trace) -> None:
    stored, known = Film(StoredSession(path)), Film(recorded(TWO_ROUNDS))
    for film in (stored, known):
        film.go(12)
    for query in (Query("loss"), Query("line", line=11), Query("tensor", name="w")) * 8:
        for film in (stored, known):
            film.seek(query, pytest.fail)
        assert stored.index == known.index, query


def test_where_nothing_can_be_written_a_trace_is_read(path: Path) -> None:
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        assert len(StoredSession(path).trace) > 20
    finally:
        path.parent.chmod(0o755)
