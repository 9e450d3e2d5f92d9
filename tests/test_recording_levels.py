"""Which iterations are recorded in full, and what a viewer's wishes do to a run."""

import threading
import time

import pytest
import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook

import backprop_tui
from backprop_tui.errors import TraceError
from backprop_tui.recording import levels
from backprop_tui.recording.levels import Levels, parse_iterations
from backprop_tui.trace.file import StoredTrace
from backprop_tui.trace.phases import phases_of
from backprop_tui.trace.steps import Resumed, Update


def train(rounds, after=lambda round_: None, seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    optimizer = torch.optim.Adam(model.parameters(), 0.1)
    for round_ in range(rounds):
        optimizer.zero_grad()
        loss = model(torch.ones(4, 2)).square().mean()
        loss.backward()
        optimizer.step()
        after(round_ + 1)
    return model


def in_full(trace):
    """The iterations that have steps, by their readings."""
    return [reading.iteration for reading in trace.readings() if reading.step is not None]


# ---------------------------------------------------------------------- levels


@pytest.mark.parametrize(
    ("level", "steps_of", "measured", "full"),
    [
        ("steps", "", [1, 2, 3, 4, 5], [1, 2, 3, 4, 5]),
        ("steps", "2", [1, 2, 3, 4, 5], [1, 2, 3, 4, 5]),
        ("iterations", "", [1, 2, 3, 4, 5], []),
        ("iterations", "1", [1, 2, 3, 4, 5], [1]),
        ("iterations", "2:3,5", [1, 2, 3, 4, 5], [2, 3, 5]),
        ("iterations", "4:", [1, 2, 3, 4, 5], [4, 5]),
        ("off", "", [], []),
        ("off", "3", [3], [3]),
    ],
)
def test_what_is_recorded_of_each_iteration(level, steps_of, measured, full):
    with backprop_tui.record(level=level, steps_of=steps_of) as trace:
        train(5)
    assert [reading.iteration for reading in trace.readings()] == measured
    assert in_full(trace) == full


def test_recording_says_where_it_begins_anew():
    with backprop_tui.record(level="iterations", steps_of="2:3,5") as trace:
        train(5)
    resumed = [step for step in trace if isinstance(step, Resumed)]
    assert [step.iteration for step in resumed] == [2, 5]
    firsts = [reading.step for reading in trace.readings() if reading.step is not None]
    assert [firsts[0], firsts[2]] == [step.index for step in resumed]
    assert "model" in {named.name.partition(".")[0] for named in resumed[0].binds}
    phases = phases_of(trace)
    assert [phases.iteration_at(first).number for first in firsts] == [2, 3, 5]


def work(steps):
    """What was computed and learnt, without what the program did besides."""
    kinds = {"Forward", "SeedGrad", "Backward", "Accumulate", "Update", "ZeroGrad"}
    told = []
    for step in steps:
        node = getattr(step, "node", None)
        if type(step).__name__ in kinds:
            told.append((type(step).__name__, getattr(step, "op", ""), node and node.name))
    return told


def test_an_iteration_is_recorded_as_it_is_without_a_gap():
    with backprop_tui.record() as whole:
        train(3)
    with backprop_tui.record(level="iterations", steps_of="3") as part:
        train(3)
    began = next(step for step in part if isinstance(step, Resumed)).index
    third = phases_of(whole).iteration(3)
    assert work(list(part)[began:]) == work(list(whole)[third.start : third.stop])


def test_updates_belong_to_the_iteration_that_they_end():
    with backprop_tui.record() as trace:
        train(3)
    updates = [step.index for step in trace if isinstance(step, Update)]
    firsts = [reading.step for reading in trace.readings()]
    assert [sum(index >= first for first in firsts) for index in updates] == [1] * 4 + [2] * 4 + [
        3
    ] * 4


@pytest.mark.parametrize("level", ["steps", "iterations", "off"])
def test_a_run_comes_out_as_without_recording(level):
    plain = train(4)
    with backprop_tui.record(level=level, steps_of="2"):
        recorded = train(4)
    for a, b in zip(plain.parameters(), recorded.parameters(), strict=True):
        assert torch.equal(a, b)


def test_pytorch_is_as_before_when_recording_has_ended():
    from torch.optim import optimizer as optimizers

    def state():
        return (
            torch.autograd.backward,
            list(optimizers._global_optimizer_pre_hooks.values()),
            list(optimizers._global_optimizer_post_hooks.values()),
        )

    before = state()
    with backprop_tui.record(level="iterations", steps_of="2"):
        train(3)
    with pytest.raises(ZeroDivisionError), backprop_tui.record(level="iterations"):
        train(2, after=lambda round_: 1 / 0)
    assert state() == before


def test_in_memory_the_program_does_not_wait_for_what_it_did_to_be_told():
    told = []
    with backprop_tui.record() as trace:
        train(8, lambda _: told.append(len(trace)))
    assert told == [told[0]] * 8
    assert len(trace) > told[0] + 8 * 10


# ---------------------------------------------------------------------- what counts as an iteration


class Around(torch.optim.Optimizer):
    """An optimizer that lets another make the step, as Lookahead and SAM do."""

    def __init__(self, parameters):
        parameters = list(parameters)
        super().__init__(parameters, {})
        self.inner = torch.optim.SGD(parameters, 0.1)

    def step(self):
        self.inner.step()


class Failing(torch.optim.SGD):
    def step(self):
        raise RuntimeError("no step")


def once(optimizer):
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = torch.ones_like(parameter)
    optimizer.step()


def weights():
    return [torch.ones(2, requires_grad=True)]


def nested():
    optimizer = Around(weights())
    once(optimizer)
    once(optimizer)


def one_that_fails_first():
    with pytest.raises(RuntimeError, match="no step"):
        once(Failing(weights()))
    optimizer = torch.optim.SGD(weights(), 0.1)
    once(optimizer)
    once(optimizer)


def with_hooks_of_the_users_own():
    optimizer = torch.optim.SGD(weights(), 0.1)
    hook = register_optimizer_step_post_hook(lambda *_: None)
    optimizer.register_step_post_hook(lambda *_: None)
    once(optimizer)
    once(optimizer)
    hook.remove()


def beside_another_thread():
    thread = threading.Thread(target=lambda: once(torch.optim.SGD(weights(), 0.1)))
    thread.start()
    thread.join()
    optimizer = torch.optim.SGD(weights(), 0.1)
    once(optimizer)
    once(optimizer)


def with_a_scheduler():
    optimizer = torch.optim.SGD(weights(), 0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    once(optimizer)
    scheduler.step()
    once(optimizer)


@pytest.mark.parametrize(
    "run",
    [
        nested,
        one_that_fails_first,
        with_hooks_of_the_users_own,
        beside_another_thread,
        with_a_scheduler,
    ],
)
def test_a_step_of_the_outermost_optimizer_is_one_iteration(run):
    with backprop_tui.record(level="iterations", steps_of="2") as trace:
        run()
    assert [reading.iteration for reading in trace.readings()] == [1, 2]
    assert in_full(trace) == [2]


# ---------------------------------------------------------------------- wishes


class Wishing:
    """A tape on which viewers' wishes come at a certain iteration, or wait."""

    parameters = ()

    def __init__(self, wishes, while_waiting=()):
        self.wishes = dict(wishes)
        self.while_waiting = list(while_waiting)
        self.number, self.wish, self.absent = 0, "", None
        self.said = []
        self.readings = []
        self.levels = None

    def __len__(self):
        return 100 + len(self.readings)

    def measure(self, reading):
        self.readings.append(reading)

    def flush(self):
        self.said.append("flush")

    def say(self, state):
        self.said.append(f"{state} {self.levels.iteration - 1}")

    def wished(self):
        if self.said and self.said[-1].startswith("paused"):
            if self.while_waiting:
                self._tell(self.while_waiting.pop(0))
        elif self.levels.iteration - 1 in self.wishes:
            self._tell(self.wishes.pop(self.levels.iteration - 1))
        return self.number, self.wish, self.absent

    def _tell(self, wish):
        if wish == "gone":
            self.absent = levels.ABSENT + 1
        elif wish:
            self.number, self.wish, self.absent = self.number + 1, wish, 0.0


class Lamp:
    def __init__(self):
        self.log = []

    def start(self):
        self.log.append("on")

    def stop(self):
        self.log.append("off")

    def drain(self):
        self.log.append("drain")

    def then(self, tell):
        tell()

    def measures(self, updated):
        pass


def run_with(wishes, while_waiting, monkeypatch, rounds=8, level="iterations"):
    monkeypatch.setattr(levels, "LOOK_EVERY", 0.0)
    monkeypatch.setattr(levels, "LOOK_WAITING", 0.0)
    tape, lamp = Wishing(wishes, while_waiting), Lamp()
    tape.levels = Levels(lamp, tape, level=level, sight=lambda: ())
    tape.levels.begin()
    try:
        train(rounds)
    finally:
        tape.levels.end()
    full = [reading.iteration for reading in tape.readings if reading.step is not None]
    pauses = [said.split()[1] for said in tape.said if said.startswith("paused")]
    return full, list(map(int, pauses)), lamp.log


@pytest.mark.parametrize(
    ("wishes", "while_waiting", "full", "pauses"),
    [
        pytest.param({}, [], [], [], id="none"),
        pytest.param({3: "pause"}, ["", "", "run"], [4], [4], id="pause, go on"),
        pytest.param(
            {3: "pause"}, ["next", "", "next", "run"], [4, 5, 6], [4, 5, 6], id="one more"
        ),
        pytest.param({2: "next"}, ["run"], [3], [3], id="one, while it runs"),
        pytest.param({2: "pause"}, ["pause", "", "run"], [3], [3], id="paused twice"),
        pytest.param({2: "pause"}, ["", "gone"], [3], [3], id="the viewer leaves"),
        pytest.param({2: "pause", 5: "pause"}, ["run", "run"], [3, 6], [3, 6], id="twice"),
        pytest.param({2: "pause", 3: "run"}, [], [3], [], id="thought better of it"),
    ],
)
def test_wishes(wishes, while_waiting, full, pauses, monkeypatch):
    assert run_with(wishes, while_waiting, monkeypatch)[:2] == (full, pauses)


def test_a_run_recorded_in_full_pauses_at_once(monkeypatch):
    full, pauses, _ = run_with({3: "pause"}, ["run"], monkeypatch, level="steps")
    assert (full, pauses) == (list(range(1, 9)), [3])


def test_a_run_of_which_nothing_is_recorded_can_be_walked_into(monkeypatch):
    full, pauses, _ = run_with({3: "pause"}, ["run"], monkeypatch, level="off")
    assert (full, pauses) == ([4], [4])


def test_what_records_steps_is_on_for_these_iterations_alone(monkeypatch):
    log = run_with({3: "pause"}, ["next", "run"], monkeypatch)[2]
    assert [one for one in log if one != "drain"] == ["on", "off"]
    assert log.count("drain") >= 2  # whoever waits has told everything


def test_an_old_wish_of_somebody_who_left_stops_nobody(monkeypatch):
    tape_wishes = {1: "pause"}
    monkeypatch.setattr(Wishing, "_tell", lambda self, wish: self.__dict__.update(
        number=self.number + 1, wish=wish, absent=levels.ABSENT + 1))  # fmt: skip
    assert run_with(tape_wishes, [], monkeypatch)[:2] == ([], [])


def test_a_run_in_a_file_waits_for_its_viewer(tmp_path, monkeypatch):
    monkeypatch.setattr(levels, "LOOK_EVERY", 0.0)
    path = tmp_path / "run.trace"
    seen = []

    def opened():
        while True:
            try:
                return StoredTrace(path)
            except TraceError:
                time.sleep(0.01)

    def watch():
        trace = opened()
        for wish, wanted in [("pause", 1), ("next", 2), ("run", 2)]:
            trace.ask(wish)
            while wish != "run" and not (
                trace.state() == "paused" and len(seen_in(trace)) == wanted
            ):
                time.sleep(0.01)
                trace.attend()
                trace.refresh()
            seen.append((wish, len(seen_in(trace))))
        trace.close()

    def seen_in(trace):
        return [reading for reading in trace.readings() if reading.step is not None]

    viewer = threading.Thread(target=watch)
    viewer.start()
    with backprop_tui.record(path, level="iterations"):
        train(1000, after=lambda round_: time.sleep(0.01) if len(seen) < 3 else None)
    viewer.join()
    assert seen == [("pause", 1), ("next", 2), ("run", 2)]
    trace = StoredTrace(path)
    assert trace.state() == "finished"
    one, two = in_full(trace)
    assert two == one + 1
    assert phases_of(trace).iteration_at(len(trace) - 1).number == two


# ---------------------------------------------------------------------- iterations as text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("7", ((7, 7),)),
        ("1:3,4217", ((1, 3), (4217, 4217))),
        (" 2 : 3 , 5 ", ((2, 3), (5, 5))),
        (":3", ((1, 3),)),
        ("5000:", ((5000, None),)),
    ],
)
def test_iterations_as_text(text, found):
    assert parse_iterations(text) == found


@pytest.mark.parametrize("text", ["", ":", "x", "1:2:3", "-1", "0", "3:2", "1,,2", "1.5", "²"])
def test_what_is_no_iteration_is_refused(text):
    with pytest.raises(ValueError, match=r"is not an iteration|counted from 1|A must not exceed B"):
        parse_iterations(text)
