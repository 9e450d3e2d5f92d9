"""The Timeline pane: where we are in the run, in three or four lines.

loss 0.9803 → 0.6048   █▁
forward ●●●● backward ●●◆○○○ update ○○○        the steps of this iteration, one cell each
iteration 1 of 2 ━━━━━━━╸───────────           the whole run
"""

from __future__ import annotations

from backprop_tui.trace.phases import Iteration, Phase, Phases, phases_of
from backprop_tui.trace.steps import Failed
from backprop_tui.trace.trace import Trace
from backprop_tui.view.curves import sparkline
from backprop_tui.view.numbers import short
from backprop_tui.view.types import Line, Pane, Run, plain

_PAST, _HERE, _AHEAD = "●", "◆", "○"
_DONE, _LEFT, _TIP = "━", "─", "╸"
_ROWS = 3


def timeline_pane(trace: Trace, index: int, width: int, height: int = _ROWS) -> Pane:
    """Phases of the iteration, iterations of the run, and the loss so far; where there are only two
    rows the loss stands in the second."""
    if not len(trace):
        return Pane("Timeline", ())
    phases = phases_of(trace)
    here = phases.iteration_at(index)
    steps = _steps(phases, here, index, width)
    if height < _ROWS:
        run = _run(trace, phases, here, index, width, _losses(phases, index))
        return Pane("Timeline", (steps, run))
    run = _run(trace, phases, here, index, width)
    return Pane("Timeline", (steps, run, _loss(phases, index, width)))


def _steps(phases: Phases, here: Iteration, index: int, width: int) -> Line:
    """A cell per step, phase by phase; stretches that do not fit are scaled down."""
    parts = phases.within(here.number)
    room = width - sum(len(part.kind) + 3 for part in parts)
    total = here.stop - here.start
    runs: list[Run] = []
    for part in parts:
        inside = part.start <= index < part.stop
        style = "active" if inside else ("done" if part.stop <= index else "pending")
        runs += [Run(part.kind, style), Run(" ")]
        count = part.stop - part.start
        cells = count if total <= room else max(1, count * max(room, 0) // total)
        runs += _cells(part, index, cells)
        runs.append(Run("  "))
    return tuple(runs)


def _cells(part: Phase, index: int, cells: int) -> list[Run]:
    count = part.stop - part.start
    if index >= part.stop:
        return [Run(_PAST * cells, "done")]
    if index < part.start:
        return [Run(_AHEAD * cells, "pending")]
    at = (index - part.start) * cells // count
    return [
        Run(_PAST * at, "done"),
        Run(_HERE, "active"),
        Run(_AHEAD * (cells - at - 1), "pending"),
    ]


def _run(
    trace: Trace, phases: Phases, here: Iteration, index: int, width: int, loss: str = ""
) -> Line:
    more = "" if trace.finished else "+"
    rounds = phases.iterations - is_after(trace, phases, phases.iterations)
    name = f"iteration {here.number:,} of {rounds:,}{more}" if here.number else "setup"
    if is_after(trace, phases, here.number):
        name = f"after iteration {here.number - 1:,}"
    head = f"{name} · step {index + 1:,} of {len(trace):,}{more} "
    said = (Run(f"{head}· "), Run(loss, "loss"), Run(" ")) if loss else (Run(head),)
    if len(plain(said)) > width:
        said = (Run(head),)
    room = max(width - len(plain(said)), 0)
    done = (index + 1) * room // len(trace)
    bar = (Run(_DONE * max(done - 1, 0) + _TIP * min(done, 1), "active"),)
    return (*said, *bar, Run(_LEFT * (room - done), "pending"))


def is_after(trace: Trace, phases: Phases, number: int) -> bool:
    """Whether "iteration" ``number`` only follows the one before it: it calls backward no more, and
    was not kept from it by an error."""
    if number < 2 or any(part.kind == "backward" for part in phases.within(number)):
        return False
    last = number == phases.iterations
    return not last or (trace.finished and not isinstance(trace[len(trace) - 1], Failed))


def _losses(phases: Phases, index: int) -> str:
    """The first loss and the latest; "" before there is one."""
    known = phases.losses_until(index)
    if not known:
        return ""
    losses = phases.losses()
    now = short(losses[known - 1])
    return f"loss {short(losses[0])} → {now}" if known > 1 else f"loss {now}"


def _loss(phases: Phases, index: int, width: int) -> Line:
    words = _losses(phases, index)
    if not words:
        return (Run("loss: backward has not begun yet", "muted"),)
    losses = phases.losses()
    head = f"{words} "
    shown = sparkline(losses, max(width - len(head), 0))
    past = round(phases.losses_until(index) * len(shown) / len(losses))
    return (Run(head, "loss"), Run(shown[:past], "loss"), Run(shown[past:], "pending"))
