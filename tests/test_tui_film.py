"""Moving through a film: a pure function of the trace, and never a wait."""

import pytest
from tui_films import TWO_ROUNDS, Slow, recorded

from backprop_tui.engines.base import TensorValue
from backprop_tui.trace.steps import Accumulate, SeedGrad
from backprop_tui.tui.film import Film, parse_jump
from backprop_tui.tui.places import Query
from backprop_tui.view.types import Sizes

SIZES = Sizes()


@pytest.fixture(scope="module")
def session():
    return recorded(TWO_ROUNDS)


@pytest.fixture
def film(session):
    return Film(session)


def lines_run(film):
    return film.trace[film.index].where.statement.line


def test_going_back_shows_the_very_same_frames(film):
    forth = []
    while not film.ended:
        forth.append(film.frame(SIZES))
        film.step(1)
    back = []
    while film.index:
        film.step(-1)
        back.append(film.frame(SIZES))
    assert back == forth[::-1]


@pytest.mark.parametrize("target", [0, 1, 7])
def test_go_shows_what_stepping_there_shows(session, target):
    stepped, jumped = Film(session), Film(session)
    for _ in range(target):
        stepped.step(1)
    jumped.go(target)
    assert jumped.frame(SIZES) == stepped.frame(SIZES)


def test_there_is_nothing_before_the_first_step(film):
    film.step(-1)
    assert film.index == 0


def test_there_is_nothing_after_the_last_step(film):
    film.go(10**6)
    assert (film.index, film.ended, film.recording) == (film.last, True, False)


def test_statements_follow_the_program(film):
    seen = [lines_run(film)]
    while not film.ended and len(seen) < 8:
        film.leap("statement", 1)
        seen.append(lines_run(film))
    assert seen == [4, 5, 7, 9, 10, 11, 12 if 12 in seen else 13, seen[-1]]


def test_the_next_phase_is_another_phase(film):
    kinds = [film.phases.kind_at(film.index)]
    while not film.ended:
        before = film.index
        film.leap("phase", 1)
        if film.index == before:
            break
        kinds.append(film.phases.kind_at(film.index))
    assert kinds[:5] == ["setup", "forward", "backward", "update", "forward"]


def test_iterations_go_forth_and_back(film):
    film.leap("iteration", 1)
    assert film.phases.iteration_at(film.index).number == 1
    film.leap("iteration", 1)
    assert film.phases.iteration_at(film.index).number == 2
    film.leap("iteration", -1)
    assert film.phases.iteration_at(film.index).number == 1


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("1", 0),
        ("12", 11),
        (" 12 ", 11),
        ("0", 0),
        ("loss", Query("loss")),
        ("line:9", Query("line", line=9)),
        ("line: 9", Query("line", line=9)),
        ("", None),
        ("-3", None),
        ("line:x", None),
        ("los", None),
    ],
)
def test_what_a_jump_means(text, meaning):
    assert parse_jump(text) == meaning


def test_a_jump_to_a_line_finds_its_next_run(film):
    film.seek(Query("line", line=10), pytest.fail)
    first = film.index
    film.seek(Query("line", line=10), pytest.fail)
    assert lines_run(film) == 10
    assert film.index > first


def test_a_jump_past_the_last_run_begins_again(film):
    film.end()
    film.seek(Query("line", line=4), pytest.fail)
    assert film.index == 0


def test_a_jump_to_a_line_that_never_runs_stays_and_says_so(film):
    said = []
    film.go(3)
    film.seek(Query("line", line=99), lambda: said.append(True))
    assert (film.index, said) == (3, [True])


def test_the_next_loss_is_where_backward_begins(film):
    film.seek(Query("loss"), pytest.fail)
    assert isinstance(film.trace[film.index], SeedGrad)


def test_finding_a_tensor_selects_it_and_goes_to_its_next_change(film):
    film.find("w", pytest.fail)
    while not isinstance(step := film.trace[film.index], Accumulate):
        film.find("w", pytest.fail)
    assert film.selection.tensor == step.tensor.tensor


def test_a_name_is_followed_from_round_to_round(film):
    film.find("y", pytest.fail)
    first = film.selection.tensor
    film.end()
    assert film.selected_name == "y"
    assert film.selection.tensor != first


def test_names_are_those_of_the_program(film):
    assert [name for name in film.names() if name in ("x", "w", "y", "loss")] == [
        "x",
        "w",
        "y",
        "loss",
    ]


def test_elements_go_round(film):
    film.seek(Query("line", line=5), pytest.fail)
    while not (
        isinstance(value := getattr(film.trace[film.index], "outputs", (None,))[0], TensorValue)
        and value.data.shape == (2,)
    ):
        film.step(1)
    seen = []
    for _ in range(3):
        film.element(1)
        seen.append(film.selection.element)
    assert seen == [(1,), (0,), (1,)]


class TestGrowing:
    def test_the_first_step_is_there_at_once(self):
        assert Film(Slow(TWO_ROUNDS)).last == 0

    def test_stepping_past_the_end_waits_for_the_recording(self):
        film = Film(Slow(TWO_ROUNDS))
        film.go(3)
        assert (film.index, film.recording) == (0, True)
        for _ in range(3):
            film.grow()
        assert (film.index, film.recording) == (3, False)

    def test_the_end_is_reached_when_all_is_recorded(self):
        film = Film(Slow(TWO_ROUNDS, chunk=5))
        film.end()
        while film.recording:
            film.grow()
        assert film.ended

    def test_the_next_phase_is_not_guessed_from_what_is_recorded(self):
        film, whole = Film(Slow(TWO_ROUNDS)), Film(recorded(TWO_ROUNDS))
        for each in (film, whole):
            each.leap("phase", 1)
        while film.recording:
            film.grow()
        assert film.index == whole.index

    def test_going_back_gives_a_waiting_wish_up(self):
        film = Film(Slow(TWO_ROUNDS))
        film.grow()
        film.go(1)
        film.end()
        film.step(-1)
        assert (film.index, film.recording) == (0, False)

    def test_a_defect_of_the_recording_is_kept_and_the_steps_stay(self):
        session = Slow(TWO_ROUNDS)
        film = Film(session)

        def broken(seconds, until):
            session.finished = True
            raise ZeroDivisionError("of the interpreter")

        session.grow = broken
        film.grow()
        assert isinstance(film.crash, ZeroDivisionError)
        assert film.last == 0
