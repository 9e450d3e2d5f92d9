"""Traces: names on steps, states, iterations and phases, and what is read back from JSON."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest

from backprop_tui.errors import TraceError
from backprop_tui.scenario.library import bundled
from backprop_tui.session import Session
from backprop_tui.trace import state
from backprop_tui.trace.codec import dumps, loads
from backprop_tui.trace.compare import first_difference
from backprop_tui.trace.phases import phases_of
from backprop_tui.trace.steps import Accumulate, Bind, Forward, Loop, SeedGrad, Step
from backprop_tui.trace.trace import Trace

SCENARIOS = [entry.name for entry in bundled()]

UV = """
import torch
u = torch.tensor(1.0, requires_grad=True)
v = torch.tensor(2.0, requires_grad=True)
f = u * v + u**2
f.backward()
"""

LOOP = """
import torch
w = torch.tensor(2.0, requires_grad=True)
for epoch in range(3):
    for x in (1.0, 2.0):
        w.grad = None
        loss = (w * x - 1.0) ** 2
        loss.backward()
        with torch.no_grad():
            w -= 0.1 * w.grad
    print(w.item())
"""

BATCH = """
import torch
w = torch.tensor(2.0, requires_grad=True)
xs = [1.0, 2.0, 3.0]
for epoch in range(2):
    total = 0.0
    for x in xs:
        total = total + (w * x - 1.0) ** 2
    total.backward()
    w.data = w.data - 0.01 * w.grad
    w.grad = None
"""

UPDATE_LOOP = """
import torch
params = [torch.tensor(2.0, requires_grad=True), torch.tensor(1.0, requires_grad=True)]
for x in (1.0, 2.0):
    for p in params:
        p.grad = None
    loss = (params[0] * x + params[1]) ** 2
    loss.backward()
    with torch.no_grad():
        for p in params:
            p -= 0.1 * p.grad
"""

TWICE = """
import torch
x = torch.tensor(3.0, requires_grad=True)
y = x ** 2
y.backward()
y = x ** 2
y.backward()
"""


def record(text: str) -> Trace:
    session = Session.of_text(text)
    trace = session.complete()
    assert session.error is None, session.error
    return trace


def beginning(name: str, steps: int = 1200) -> Trace:
    """A bundled scenario, recorded as far as it takes to meet all that it does."""
    session = Session.open(name)
    while session.grow(seconds=1.0, until=steps) and len(session.trace) <= steps:
        pass
    session.close()
    return session.trace


def names(step: Step) -> list[str]:
    return [named.name for named in getattr(step, "binds", ())]


# ------------------------------------------------------------------------------ the recorder


def test_a_name_belongs_to_the_op_that_made_its_value() -> None:
    trace = record(UV)
    named = {step.op: names(step) for step in trace if isinstance(step, Forward)}
    assert named == {"mul": [], "pow": [], "add": ["f"]}


def test_a_leaf_gets_a_bind_step() -> None:
    trace = record(UV)
    assert [names(step) for step in trace if isinstance(step, Bind)] == [["u"], ["v"]]


def test_expressions_are_told_by_their_own_text() -> None:
    trace = record(UV)
    texts = [trace.text(step.where.expression) for step in trace if isinstance(step, Forward)]
    assert texts == ["u * v", "u**2", "u * v + u**2"]


def test_loops_say_which_round_it_is() -> None:
    trace = record(LOOP)
    rounds = [
        [(loop.name, loop.number, loop.total) for loop in step.where.loops]
        for step in trace
        if isinstance(step, Loop)
    ]
    assert rounds[:4] == [
        [("epoch", 1, 3)],
        [("epoch", 1, 3), ("x", 1, 2)],
        [("epoch", 1, 3), ("x", 2, 2)],
        [("epoch", 2, 3)],
    ]


def test_a_function_shows_its_own_names_only_while_it_runs() -> None:
    trace = record("import torch\ndef f(a):\n    b = a * 2\n    return b\nc = f(torch.ones(1))\n")
    inside = next(i for i, step in enumerate(trace) if "b" in names(step))
    assert {name for name, _ in state.at(trace, inside).visible()} == {"a", "b"}
    assert {name for name, _ in state.at(trace, len(trace) - 1).visible()} == {"c"}


def test_a_modules_parameters_go_by_dotted_names_and_its_ops_by_its_path() -> None:
    trace = record(
        "import torch\nfrom torch import nn\n"
        "model = nn.Sequential(nn.Linear(2, 1), nn.Sigmoid())\ny = model(torch.ones(1, 2))\n"
    )
    bound = next(step for step in trace if "model" in names(step))
    assert names(bound) == ["model", "model.0.weight", "model.0.bias"]
    paths = {step.op: step.where.module for step in trace if isinstance(step, Forward)}
    assert paths == {"t": "model.0", "addmm": "model.0", "sigmoid": "model.1"}


def test_an_unchanged_tensor_is_kept_once() -> None:
    trace = record(UV)
    values = [
        operand.value
        for step in trace
        if isinstance(step, Forward)
        for operand in step.inputs
        if operand.name == "self" and step.op in ("mul", "pow")
    ]
    assert values[0] is values[1]


# ------------------------------------------------------------------------------ the state


def test_a_gradient_that_has_not_arrived_is_none_and_never_zero() -> None:
    trace = record(UV)
    seed = next(i for i, step in enumerate(trace) if isinstance(step, SeedGrad))
    before = dict(state.at(trace, seed).visible())
    assert before["u"].grad is None
    assert before["u"].flowing is None
    after = dict(state.at(trace, len(trace) - 1).visible())
    assert float(after["u"].grad) == 4.0
    assert float(after["v"].grad) == 1.0
    assert after["f"].grad is None
    assert float(after["f"].flowing) == 1.0


def facts(trace: Trace, index: int) -> object:
    now = state.at(trace, index)
    return (
        now.changed,
        [
            (name, *(None if a is None else a.tolist() for a in (t.value.data, t.grad, t.flowing)))
            for name, t in now.visible()
        ],
    )


@pytest.mark.parametrize("text", [UV, LOOP, BATCH, TWICE], ids=["uv", "loop", "batch", "twice"])
def test_the_state_at_a_step_is_the_same_however_one_gets_there(text: str) -> None:
    forwards = record(text)
    expected = [facts(forwards, i) for i in range(len(forwards))]
    anyhow = record(text)
    order = [*range(len(anyhow)), *range(len(anyhow))]
    random.Random(1).shuffle(order)
    for i in order:
        assert facts(anyhow, i) == expected[i], f"step {i}"


def test_a_state_once_made_never_changes() -> None:
    trace = record(LOOP)
    early = state.at(trace, 3)
    seen = [(name, t.value.data.tolist()) for name, t in early.visible()]
    state.at(trace, len(trace) - 1)
    assert [(name, t.value.data.tolist()) for name, t in early.visible()] == seen


# ------------------------------------------------------------------------------ phases


@pytest.mark.parametrize(
    ("text", "iterations", "shape"),
    [
        (UV, 1, ["forward", "backward"]),
        (TWICE, 2, ["forward", "backward"]),
        (LOOP, 6, ["forward", "backward", "update"]),
        (BATCH, 2, ["forward", "backward", "update"]),
        (UPDATE_LOOP, 2, ["forward", "backward", "update"]),
    ],
    ids=["uv", "twice", "loop", "batch", "update loop"],
)
def test_iterations_and_phases(text: str, iterations: int, shape: list[str]) -> None:
    phases = phases_of(record(text))
    assert phases.iterations == iterations
    for number in range(1, iterations + 1):
        kinds = [phase.kind for phase in phases.within(number)]
        assert [kind for kind in kinds if kind in shape] == kinds
        assert list(dict.fromkeys(kinds)) == shape, f"iteration {number}: {kinds}"


def test_phases_found_while_recording_are_those_found_afterwards() -> None:
    session = Session.of_text(LOOP)
    while session.grow(seconds=0.0):
        phases_of(session.trace)
    slowly = phases_of(session.trace)
    at_once = phases_of(record(LOOP))
    assert [slowly.phase_at(i) for i in range(len(session.trace))] == [
        at_once.phase_at(i) for i in range(len(session.trace))
    ]


def test_the_loss_of_each_iteration() -> None:
    trace = record(LOOP)
    roots = [float(step.tensor.data) for step in trace if isinstance(step, SeedGrad)]
    assert phases_of(trace).losses() == roots


@pytest.mark.parametrize("name", SCENARIOS)
def test_moving_visits_every_place_forwards_and_backwards(name: str) -> None:
    trace = beginning(name)
    phases = phases_of(trace)
    for forth, back in (
        (phases.next_statement, phases.previous_statement),
        (phases.next_phase, phases.previous_phase),
        (phases.next_iteration, phases.previous_iteration),
    ):
        places = [0]
        while (further := forth(places[-1])) != places[-1]:
            assert further > places[-1]
            places.append(further)
        assert places[-1] == len(trace) - 1
        visited = [len(trace) - 1]
        while (earlier := back(visited[-1])) != visited[-1]:
            visited.append(earlier)
        assert visited[-1] == 0
        assert set(visited) >= set(places[:-1]), f"{forth.__name__}"


# ------------------------------------------------------------------------------ JSON


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_trace_is_read_back_equal(name: str) -> None:
    trace = beginning(name, 300)
    text = dumps(trace)
    again = loads(text)
    assert first_difference(trace, again) is None
    assert again.finished
    assert dumps(again) == text


def test_json_has_no_number_that_is_none_of_its_own() -> None:
    trace = record("import torch\nx = torch.tensor([1.0, -1.0, 0.0]) / 0\nn = 1e999\n")
    document = json.loads(dumps(trace), parse_constant=lambda text: pytest.fail(text))
    assert document["final"]["x"]["data"] == ["inf", "-inf", "nan"]
    assert first_difference(trace, loads(dumps(trace))) is None


def test_final_says_how_every_named_tensor_ended() -> None:
    final = json.loads(dumps(record(UV)))["final"]
    assert final["u"] == {
        "data": 1.0, "grad": 4.0, "grad_fn": None, "is_leaf": True, "requires_grad": True,
        "shape": [], "dtype": "torch.float32",
    }  # fmt: skip
    assert final["f"]["grad"] is None
    assert final["f"]["grad_fn"] == "AddBackward0"
    assert not final["f"]["is_leaf"]


def test_a_part_of_a_trace_says_so_and_is_not_read_back() -> None:
    part = dumps(record(UV), 2, 4)
    assert [step["index"] for step in json.loads(part)["steps"]] == [2, 3]
    with pytest.raises(TraceError, match="in part"):
        loads(part)


def damaged(change: object) -> str:
    document = json.loads(dumps(record(UV)))
    change(document)  # type: ignore[operator]
    return json.dumps(document)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(format="other"), "not a trace"),
        (lambda d: d.update(version=99), "version 99"),
        (lambda d: d.pop("arrays"), "damaged"),
        (lambda d: d["steps"].reverse(), "damaged"),
        (lambda d: d["steps"][0].update({"$": "os.system"}), "damaged"),
        (lambda d: d["steps"][0].update(extra=1), "damaged"),
        (lambda d: d["steps"][0].pop("where"), "damaged"),
        (lambda d: d["arrays"][0].update(dtype="object"), "damaged"),
        (lambda d: d["arrays"][0].update(shape=[7]), "damaged"),
        (lambda d: d["steps"][0].update(where={"$where": 10**6}), "damaged"),
        (lambda d: d["steps"][0].update(where={"$where": -1}), "damaged"),
        (lambda d: d["steps"][0].update(where={"$nothing": 0}), "damaged"),
    ],
)
def test_a_damaged_trace_is_refused(change: object, message: str) -> None:
    with pytest.raises(TraceError, match=message):
        loads(damaged(change))


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "[" * 100_000, '{"format": 1}'])
def test_what_is_no_trace_is_refused(text: str) -> None:
    with pytest.raises(TraceError, match="not a trace"):
        loads(text)


# ------------------------------------------------------------------------------ comparison


def test_the_first_difference_is_named() -> None:
    a, b = record(UV), record(UV.replace("u**2", "u**3"))
    found = first_difference(a, b)
    assert found is not None
    assert "Forward" in found
    assert "line 5" in found


def test_rounding_is_forgiven_only_if_asked() -> None:
    a, b = (record(UV.replace("2.0", digits)) for digits in ("2.0000000", "2.0000005"))
    b.program = a.program
    assert first_difference(a, b, rtol=1e-5) is None
    found = first_difference(a, b)
    assert found is not None
    assert found.startswith("step 2 (Bind) at line 4.binds.0.value.data")


# ------------------------------------------------------------------------------ the session


def test_recording_a_little_at_a_time_gives_the_same_trace() -> None:
    session = Session.of_text(LOOP)
    slices = 0
    while session.grow(seconds=0.0):
        slices += 1
    assert slices > 10
    assert first_difference(session.trace, record(LOOP)) is None


def test_a_session_stops_after_the_steps_asked_for() -> None:
    session = Session.of_text("import torch\nx = torch.ones(1)\nwhile True:\n    x = x + 1\n")
    assert session.grow(seconds=5.0, until=10)
    assert 10 < len(session.trace) < 20
    session.close()
    assert session.finished


def test_a_failing_scenario_keeps_the_steps_before() -> None:
    session = Session.of_text(UV + "f.backward()\n")
    trace = session.complete()
    assert session.error is not None
    assert "backward through the graph a second time" in str(session.error)
    assert type(trace[-1]).__name__ == "Failed"
    assert sum(isinstance(step, Accumulate) for step in trace) == 2
    assert np.asarray(dict(state.at(trace, len(trace) - 1).visible())["u"].grad) == 4.0


@pytest.mark.parametrize("engine", ["numpy", "torch"])
@pytest.mark.parametrize("clearing", ["w.grad.zero_()", "w.grad.data.zero_()", "w.grad *= 0"])
def test_a_gradient_changed_in_place_is_seen_at_its_tensor(engine: str, clearing: str) -> None:
    program = (
        "import torch\nw = torch.tensor(2.0, requires_grad=True)\n(w * 3).backward()\n"
        f"{clearing}\n(w * 5).backward()\n"
    )
    trace = Session.of_text(program, engine=engine).complete()
    seen = []
    for index in range(len(trace)):
        grad = dict(state.at(trace, index).visible())["w"].grad
        number = None if grad is None else float(grad)
        if not seen or seen[-1] != number:
            seen.append(number)
    assert seen == [None, 3.0, 0.0, 5.0]
