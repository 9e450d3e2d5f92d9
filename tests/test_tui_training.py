"""The training screen: in a pilot on files that are being written, and once in a real terminal."""

import os
import re
import signal
import time

import pexpect
import pytest
from test_tui_terminal import terminal  # noqa: F401
from textual.geometry import Region

from backprop_tui.session import StoredSession
from backprop_tui.trace.file import StoredTrace, WritingTrace
from backprop_tui.trace.steps import Output, Span, Where
from backprop_tui.trace.trace import Program
from backprop_tui.trace.training import Reading
from backprop_tui.tui.app import BackpropApp
from backprop_tui.tui.live import Live, watched
from backprop_tui.tui.screens.training import TrainingScreen, places
from backprop_tui.tui.training_commands import TRAINING
from backprop_tui.tui.widgets.key_bar import KeyBar
from backprop_tui.view.types import plain

HERE = Where(Span(1, 0, 1, 5), Span(1, 0, 1, 5))
PROGRAM = Program("mnist", "train(model)\n", "mnist")


class Run:
    """A run that writes its file as it is told to."""

    def __init__(self, path):
        self.path = path
        self.trace = WritingTrace(path, PROGRAM)
        self.trace.parameters = ("model.conv1.weight", "model.conv1.bias", "model.fc1.weight")
        self.iteration = 0

    def train(self, rounds, steps=0):
        for _ in range(rounds):
            self.iteration += 1
            first = len(self.trace) if steps else None
            for _ in range(steps):
                self.trace.append(Output(len(self.trace), HERE, f"{self.iteration}\n"))
            norms = (1 / self.iteration, 0.01, None)
            loss = 2.3 / self.iteration
            seconds = self.iteration / 40
            self.trace.measure(
                Reading(self.iteration, seconds, loss, norms, norms, 612_000_000, first)
            )
        self.trace.flush()
        return self

    def say(self, state):
        self.trace.say(state)
        self.trace.flush()

    def wish(self):
        return self.trace.wish()

    def close(self, error=None):
        self.trace.close(error)
        return self


@pytest.fixture
def run(tmp_path):
    run = Run(tmp_path / "run.trace")
    yield run
    run.close()


@pytest.fixture
def live(run):
    trace = StoredTrace(run.path)
    yield Live(trace)
    trace.close()


# ---------------------------------------------------------------------- without a screen


def test_what_is_written_is_taken_in(run, live):
    run.train(3)
    live.look()
    assert (live.curves.count, live.state, live.step) == (3, "running", None)
    run.train(2, steps=4)
    live.look()
    assert (live.curves.count, live.chosen, live.step) == (5, 5, 4)
    run.close()
    live.look()
    assert live.state == "finished"
    assert not live.waits


@pytest.mark.parametrize(
    ("moves", "chosen"),
    [([], 4), ([-1], 3), ([-1, -1], 2), ([-10], 2), ([-10, 1], 3), ([-1, 10], 4)],
)
def test_an_iteration_is_chosen(run, live, moves, chosen):
    run.train(1).train(3, steps=2)
    live.look()
    for move in moves:
        live.choose(move)
    assert live.chosen == chosen


@pytest.mark.parametrize(("move", "chosen"), [(0, 5), (-1, 3)])
def test_the_last_is_followed_while_it_is_chosen(run, live, move, chosen):
    run.train(4, steps=1)
    live.look()
    live.choose(move)
    run.train(1, steps=1)
    live.look()
    assert live.chosen == chosen


def test_wishes_come_about(run, live):
    run.train(3)
    live.look()
    live.toggle()
    assert (run.wish(), live.wish) == ("pause", "pause")
    run.train(1, steps=2).say("paused")
    live.look()
    assert (live.state, live.wish) == ("paused", "")
    live.ask("next")
    live.look()
    assert (run.wish(), live.wish) == ("next", "next")
    run.train(1, steps=2)
    live.look()
    assert (live.state, live.wish) == ("paused", "")
    live.toggle()
    assert (run.wish(), live.wish) == ("run", "run")
    run.say("running")
    live.look()
    assert live.wish == ""


def test_a_wish_is_taken_back(run, live):
    live.toggle()
    live.toggle()
    assert run.wish() == "run"


def test_a_run_that_dies_while_it_waits_is_told_of(run, live, monkeypatch):
    from backprop_tui.trace.file import reader

    run.train(3, steps=1).say("paused")
    live.look()
    live.ask("next")
    live.look()
    assert (live.state, live.wish) == ("paused", "next")
    monkeypatch.setattr(reader, "SILENCE", -1.0)
    live.look()
    assert (live.state, live.wish, live.waits) == ("stopped", "", False)


def test_two_viewers_see_the_same_and_the_last_wish_counts(run, live):
    other = Live(StoredTrace(run.path))
    live.ask("pause")
    other.ask("run")
    assert run.wish() == "run"
    run.train(2).say("paused")
    live.look()
    other.look()
    assert live.state == other.state == "paused"
    other.trace.close()


def test_a_viewer_says_that_it_is_there(run, live):
    live.ask("pause")
    time.sleep(0.05)
    before = run.trace.wished()[2]
    live._attended = 0.0
    live.look()
    assert run.trace.wished()[2] < before


def test_a_trace_of_no_run_has_no_curves(tmp_path, run):
    empty = Run(tmp_path / "empty.trace").close()
    trace = StoredTrace(empty.path)
    assert watched(trace) is None
    assert watched(object()) is None
    trace.close()


# ---------------------------------------------------------------------- where the panes lie


@pytest.mark.parametrize("size", [(160, 44), (110, 30), (100, 29), (80, 23), (60, 15)])
@pytest.mark.parametrize("layers", [1, 8, 1000])
@pytest.mark.parametrize("zoomed", [None, "loss", "layers", "recorded"])
def test_the_panes_cover_the_screen_once(size, layers, zoomed):
    regions = list(places(*size, zoomed, layers).values())
    assert sum(region.area for region in regions) == size[0] * size[1]
    for number, one in enumerate(regions):
        assert Region(0, 0, *size).contains_region(one)
        assert not any(one.overlaps(other) for other in regions[:number])


# ---------------------------------------------------------------------- the screen


def shown(app, name):
    return "\n".join(plain(line) for line in app.screen._views[name].pane.lines)


def on_curves(app):
    return isinstance(app.screen, TrainingScreen) and app.screen._views["status"].pane.lines


async def until(pilot, fact):
    for _ in range(200):
        if fact():
            return
        await pilot.pause(0.05)
    raise AssertionError("it did not come about")


def opened(path):
    return BackpropApp(StoredSession(path))


async def test_a_running_file_opens_on_its_curves(run):
    run.train(40)
    app = opened(run.path)
    async with app.run_test(size=(160, 45)) as pilot:
        await until(pilot, lambda: on_curves(app))
        assert "● running" in shown(app, "status")
        assert "iteration 40" in shown(app, "status")
        assert shown(app, "layers").splitlines()[1].startswith(" conv1.weight")
        run.train(2)
        await until(pilot, lambda: "iteration 42" in shown(app, "status"))


async def test_pause_walk_in_come_back_one_more_go_on(run):
    run.train(4216)
    app = opened(run.path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: on_curves(app))
        await pilot.press("space")
        assert run.wish() == "pause"
        assert "pausing" in shown(app, "status")
        run.train(1, steps=5).say("paused")
        await until(pilot, lambda: "paused at 4,217" in shown(app, "status"))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.stepper)
        assert app.stepper.film.index == 0
        await pilot.press("v")
        await until(pilot, lambda: on_curves(app))
        await pilot.press("n")
        assert run.wish() == "next"
        run.train(1, steps=5)
        await until(pilot, lambda: "paused at 4,218" in shown(app, "status"))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.stepper and app.stepper.film.index == 5)
        await pilot.press("v")
        await until(pilot, lambda: on_curves(app))
        await pilot.press("space")
        assert run.wish() == "run"


async def test_a_run_goes_on_waiting_while_one_walks(run):
    run.train(2, steps=3).say("paused")
    app = opened(run.path)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: on_curves(app))
        await pilot.press("space", "n", "enter")
        await until(pilot, lambda: app.screen is app.stepper)
        app.stepper._live._attended = 0.0
        before = run.trace.wished()[2]
        await until(pilot, lambda: run.trace.wished()[2] < before)
        assert "‖ paused at 2" in app.stepper.stage.views["timeline"].beside


@pytest.mark.parametrize(
    ("error", "told"),
    [(None, "■ finished"), ("ValueError: no such file", "✗ failed: ValueError: no such file")],
)
async def test_a_run_that_ended_says_how(run, error, told):
    run.train(30).close(error)
    app = opened(run.path)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: on_curves(app))
        assert told in shown(app, "status")
        await pilot.press("space", "n")
        assert run.path.exists()
        assert told in shown(app, "status")


def bar(app):
    return "".join(segment.text for segment in app.screen.query_one(KeyBar).render_line(0))


async def test_only_keys_that_do_something_are_shown(run):
    run.train(30)
    app = opened(run.path)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: on_curves(app))
        await until(pilot, lambda: {"pause", "more"} <= set(bar(app).split()))
        assert "walk" not in bar(app)
        run.train(1, steps=3).say("paused")
        await until(pilot, lambda: "walk in" in bar(app))
        run.close()
        await until(pilot, lambda: "pause" not in bar(app))
        assert "one more" not in bar(app)
        assert {"walk", "film", "help", "quit"} <= set(bar(app).split())


async def test_a_finished_trace_with_steps_opens_on_its_film_and_has_curves(run):
    run.train(3, steps=2).close()
    app = opened(run.path)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause(0.3)
        assert app.screen is app.stepper
        await pilot.press("v")
        await until(pilot, lambda: on_curves(app))
        await pilot.press("home", "down", "enter")
        await until(pilot, lambda: app.screen is app.stepper)
        assert app.stepper.film.index == 2


async def test_a_scenario_has_no_curves():
    from tui_films import TWO_ROUNDS, app

    scenario = app(TWO_ROUNDS)
    async with scenario.run_test(size=(120, 40)) as pilot:
        await pilot.press("v")
        await pilot.pause()
        assert scenario.screen is scenario.stepper


async def test_every_key_of_the_table_is_understood(run):
    run.train(300).train(3, steps=2)
    app = opened(run.path)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: on_curves(app))
        for command in TRAINING:
            assert command.action.startswith("app.") or hasattr(
                TrainingScreen, "action_" + command.action.partition("(")[0]
            )
        await pilot.press("tab", "z", "z", "shift+tab", "1", "2", "3", "z", "escape", "up", "down")
        await pilot.press("pagedown", "pageup", "home", "end", "t", "question_mark", "escape")
        assert isinstance(app.screen, TrainingScreen)
        await pilot.resize_terminal(80, 24)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.stepper)


def test_no_key_of_the_training_screen_means_two_things():
    keys = [key for command in TRAINING for key in command.keys]
    assert len(keys) == len(set(keys))


async def test_a_click_walks_into_an_iteration(run):
    run.train(9).train(3, steps=2)
    app = opened(run.path)
    async with app.run_test(size=(160, 45)) as pilot:
        await until(pilot, lambda: on_curves(app))
        await pilot.click("#recorded", offset=(5, 2))
        await until(pilot, lambda: app.screen is app.stepper and app.stepper.film.index == 2)


def test_the_picture(snap_compare, run):
    run.train(300).train(4, steps=3).train(36).close()

    async def curves(pilot):
        await pilot.press("v")
        await until(pilot, lambda: on_curves(pilot.app))
        await pilot.press("up")
        await pilot.pause()

    assert snap_compare(opened(run.path), terminal_size=(140, 36), run_before=curves)


# ---------------------------------------------------------------------- the whole, in a terminal

SCRIPT = """\
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))
optimizer = torch.optim.SGD(model.parameters(), 0.01)
for i in range(100_000):
    x, y = torch.randn(4, 1, 8, 8), torch.randint(0, 2, (4,))
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    if i == 3:
        print("the fourth")
"""


def test_a_script_is_watched_paused_and_walked_into(terminal, tmp_path):  # noqa: F811
    script = tmp_path / "learn.py"
    script.write_text(SCRIPT)
    app = terminal("record", "--watch", str(script), OMP_NUM_THREADS="1")
    try:
        app.until("● running +Space pauses")
        app.until("loss 0|loss 1")
        app.until("3.weight")
        app.press(" ")
        app.until("paused at")
        number = re.search(r"paused at ([\d,]+)", app.text())[1]
        app.press("\r")
        app.until(rf"iteration {number} of {number}")
        app.until("Recording begins with iteration")
        app.press("v")
        app.until(f"paused at {number}")
        app.press("q")
        app.child.expect(r"The run goes on \(process (\d+)\)")
        running = int(app.child.match[1])
        app.child.expect(pexpect.EOF)
    finally:
        trace = StoredTrace(tmp_path / "learn.trace")
        os.kill(trace.rows("SELECT pid FROM pulse")[0][0], signal.SIGKILL)
    assert trace.rows("SELECT pid FROM pulse")[0][0] == running
    assert (tmp_path / "learn.trace.log").read_text() == "the fourth\n", number
    trace.close()


def test_a_run_that_is_over_offers_no_pause(terminal, run):  # noqa: F811
    run.train(30).close()
    app = terminal("open", str(run.path))
    app.until("■ finished")
    app.until("v film")
    assert not re.search(r"Space|one more|walk in", app.text())
    assert app.leave() == 0


def test_a_script_that_cannot_begin_says_why(terminal, tmp_path):  # noqa: F811
    script = tmp_path / "wrong.py"
    script.write_text("x = (\n")
    app = terminal("record", "--watch", str(script))
    app.child.expect("SyntaxError")
    app.child.expect(pexpect.EOF)
    app.child.close()
    assert app.child.exitstatus == 1
