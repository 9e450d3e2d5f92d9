"""``backprop-tui check``: is a scenario accepted, does it run, and are its gradients right?

Every gradient that reaches a leaf is held against a central difference of the recorded forward
pass, computed again in float64 (see explain.replay). A kink (ReLU at 0, a maximum with ties) has no
derivative to compare with: where the two one-sided differences disagree, it is passed over.

The other engine runs the same scenario, too, through the same interpreter, and the two traces are
compared step by step: PyTorch itself, where torch is installed.

What is not wrong but better otherwise (no title, no narration, long lines …) is said as advice.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import numpy as np

from backprop_tui.engines.base import Array
from backprop_tui.errors import BackpropTuiError, EngineMissing
from backprop_tui.explain.replay import graph_before, replay
from backprop_tui.scenario.library import find
from backprop_tui.scenario.limits import Budget
from backprop_tui.scenario.loader import Scenario, examine
from backprop_tui.session import Session
from backprop_tui.trace.compare import first_difference
from backprop_tui.trace.steps import Accumulate, Forward, Output, SeedGrad
from backprop_tui.trace.trace import Trace

T = TypeVar("T")

#: Two engines round differently; through many iterations this adds up.
TORCH_RTOL, TORCH_ATOL = 1e-3, 1e-4
EPSILON = 1e-5
RTOL, ATOL = 2e-3, 1e-5
#: Passes and elements beyond these are sampled evenly, so that a check ends.
MOST_PASSES, MOST_ELEMENTS = 8, 16
#: Beyond these a scenario is advised to do less.
MOST_COLUMNS, MOST_STEPS = 100, 20_000


@dataclass(slots=True)
class Report:
    """What a check found.

    ``errors`` refuse the scenario, ``notes`` say what was checked, ``advice`` what could be better.
    """

    scenario: str
    errors: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.errors

    def render(self) -> str:
        """The report as text, the errors first."""
        head = [] if self.errors else [f"{self.scenario}: ok"]
        said = [*self.notes, *(f"advice: {each}" for each in self.advice)]
        return "\n".join([*head, *self.errors, *(f"    {each}" for each in said)])


def check_scenario(
    source: str, budget: Budget | None = None, engine: str = "numpy", device: str = "cpu"
) -> Report:
    """Check one scenario, a file or a bundled name, on an engine; ``device`` is for torch alone.

    Raises EngineMissing where there is no such engine or device.
    """
    report = Report(source)
    try:
        path = find(source)
        scenario, refusals = examine(path, budget)
        report.errors += [str(refusal) for refusal in refusals]
        if scenario is not None:
            report.advice += advice(scenario)
        if scenario is None or refusals:
            return report
        session = Session(scenario, engine, budget, device)
        trace = session.complete()
    except EngineMissing:
        raise
    except BackpropTuiError as error:
        report.errors.append(str(error))
        return report
    if session.error is not None:
        report.errors.append(str(session.error))
    elif not any(isinstance(step, Output) for step in trace):
        report.advice.append(
            "it prints nothing: print the key numbers, and `run` answers with them"
        )
    if len(trace) > MOST_STEPS:
        report.advice.append(
            f"{len(trace):,} steps, more than {MOST_STEPS:,}: fewer rounds or a smaller batch tell "
            "the same story"
        )
    report.notes.append(f"{len(trace):,} steps")
    _check_gradients(trace, report)
    if engine == "torch" or find_spec("torch") is not None:
        _check_against_other(path, trace, report, budget)
    return report


#: Modules whose effects are not the program's text.
TAKEN_IN = {
    "matplotlib": "matplotlib draws nothing here: the app shows every tensor's history",
    "tqdm": "tqdm shows no bar here: it gives its elements, and the app shows the rounds",
    "time": "a clock says something else in every run, and so will what it prints",
}


def imported(tree: ast.Module) -> Iterator[str]:
    """The modules that a program imports."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def advice(scenario: Scenario) -> list[str]:
    """What the text alone could do better."""
    found = []
    if not scenario.header.title:
        found.append('no title: the screen shows the file\'s name (title = "…" in the header)')
    if not scenario.description:
        found.append("no description: a docstring at the top says what there is to see")
    if not scenario.narration:
        found.append("no narration: a comment directly above a statement is shown when it runs")
    modules = {name.split(".")[0] for name in imported(scenario.tree)}
    found += [said for module, said in TAKEN_IN.items() if module in modules]
    lines = enumerate(scenario.text.split("\n"), 1)
    long = [str(number) for number, line in lines if len(line) > MOST_COLUMNS]
    if long:
        few = ", ".join(long[:5]) + (", …" if len(long) > 5 else "")
        found.append(
            f"more than {MOST_COLUMNS} columns in line{'s' * (len(long) > 1)} {few}: "
            "the program pane wraps them"
        )
    return found


#: engine → the other one, and what it is called
OTHER = {"numpy": ("torch", "PyTorch"), "torch": ("numpy", "the built-in engine")}


def _check_against_other(path: Path, trace: Trace, report: Report, budget: Budget | None) -> None:
    """Record the other engine on the same scenario, and compare step by step."""
    other, called = OTHER[trace.engine]
    theirs = Session.open(path, other, budget).complete()
    found = first_difference(trace, theirs, TORCH_RTOL, TORCH_ATOL)
    if found is None:
        report.notes.append(f"{called} does the same, step for step")
    else:
        report.errors.append(f"{report.scenario}: error: {called} does otherwise: {found}")


def _check_gradients(trace: Trace, report: Report) -> None:
    seeds = [i for i, step in enumerate(trace) if isinstance(step, SeedGrad)]
    compared = unknown = kinks = 0
    for seed in _sample(seeds, MOST_PASSES):
        root = trace[seed]
        assert isinstance(root, SeedGrad)
        graph = graph_before(trace, seed)
        for arrival in _arrivals(trace, seed):
            for found in _differences(graph, root, arrival):
                if found is None:
                    unknown += 1
                elif found.kink:
                    kinks += 1
                else:
                    compared += 1
                    if not found.agrees:
                        report.errors.append(_mismatch(trace, arrival, found))
    report.notes.append(
        f"{compared} gradient entries agree with finite differences"
        if report.ok
        else f"{compared} gradient entries held against finite differences"
    )
    if kinks:
        report.notes.append(f"{kinks} entries passed over: the function has a kink there")
    if unknown:
        report.notes.append(f"{unknown} entries not checked: an op on the way has no record")


def _arrivals(trace: Trace, seed: int) -> list[Accumulate]:
    """The gradients that reach leaves in the backward pass that begins at step ``seed``."""
    found = []
    for i in range(seed + 1, len(trace)):
        step = trace[i]
        if isinstance(step, SeedGrad | Forward):
            break
        if isinstance(step, Accumulate) and step.node is not None:
            found.append(step)
    return found


@dataclass(frozen=True, slots=True)
class _Found:
    index: tuple[int, ...]
    recorded: float
    difference: float
    kink: bool

    @property
    def agrees(self) -> bool:
        return bool(np.isclose(self.recorded, self.difference, RTOL, ATOL, equal_nan=True))


def _differences(graph: list[Forward], root: SeedGrad, arrival: Accumulate) -> list[_Found | None]:
    data = arrival.tensor.data.astype(np.float64)
    weights = root.grad.astype(np.float64)

    def loss(changed: Array) -> float | None:
        value = replay(graph, root, arrival.tensor.tensor, changed)
        return None if value is None else float((value * weights).sum())

    middle = loss(data)
    found: list[_Found | None] = []
    for index in _sample(list(np.ndindex(data.shape)), MOST_ELEMENTS):
        step = EPSILON * max(1.0, abs(float(data[index])))
        up, down = data.copy(), data.copy()
        up[index] += step
        down[index] -= step
        high, low = loss(up), loss(down)
        if high is None or low is None or middle is None:
            found.append(None)
            continue
        right, left = (high - middle) / step, (middle - low) / step
        kink = not np.isclose(right, left, 1e-2, 1e-3, equal_nan=True)
        found.append(_Found(index, float(arrival.incoming[index]), (right + left) / 2, kink))
    return found


def _mismatch(trace: Trace, arrival: Accumulate, found: _Found) -> str:
    where = arrival.where.statement
    return (
        f"{trace.program.name}:{where.line}:{where.column + 1}: error: step {arrival.index + 1}: "
        f"the gradient at {list(found.index)} is {found.recorded:.6g}, "
        f"finite differences give {found.difference:.6g}"
    )


def _sample(items: list[T], most: int) -> list[T]:
    if len(items) <= most:
        return items
    return [items[i * (len(items) - 1) // (most - 1)] for i in range(most)]
