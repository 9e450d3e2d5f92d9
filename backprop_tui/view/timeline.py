"""The Timeline pane: where we are in the run, in three or four lines.

loss 0.9803 → 0.6048   █▁
forward ●●●● backward ●●◆○○○ update ○○○        the steps of this iteration, one cell each
iteration 1 of 2 ━━━━━━━╸───────────           the whole run
"""

from __future__ import annotations

from backprop_tui.trace.phases import Iteration, Phase, Phases, phases_of
from backprop_tui.trace.trace import Trace
from backprop_tui.view.curves import sparkline
from backprop_tui.view.numbers import short
from backprop_tui.view.types import Line, Pane, Run

_PAST, _HERE, _AHEAD = "●", "◆", "○"
_DONE, _LEFT, _TIP = "━", "─", "╸"


def timeline_pane(trace: Trace, index: int, width: int) -> Pane:
    """Phases of the iteration, iterations of the run, and the loss so far."""
    if not len(trace):
        return Pane("Timeline", ())
    phases = phases_of(trace)
    here = phases.iteration_at(index)
    lines = (
        _steps(phases, here, index, width),
        _run(trace, phases, here, index, width),
        _loss(phases, index, width),
    )
    return Pane("Timeline", lines)


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


def _run(trace: Trace, phases: Phases, here: Iteration, index: int, width: int) -> Line:
    name = f"iteration {here.number} of {phases.iterations}" if here.number else "setup"
    more = "" if trace.finished else "+"
    head = f"{name}{more if here.number else ''} · step {index + 1} of {len(trace)}{more} "
    room = max(width - len(head), 0)
    done = (index + 1) * room // len(trace)
    bar = (Run(_DONE * max(done - 1, 0) + _TIP * min(done, 1), "active"),)
    return (Run(head), *bar, Run(_LEFT * (room - done), "pending"))


def _loss(phases: Phases, index: int, width: int) -> Line:
    losses = phases.losses()
    known = phases.losses_until(index)
    if not known:
        return (Run("loss: backward has not begun yet", "muted"),)
    now = short(losses[known - 1])
    head = f"loss {short(losses[0])} → {now} " if known > 1 else f"loss {now} "
    shown = sparkline(losses, max(width - len(head), 0))
    past = round(known * len(shown) / len(losses))
    return (Run(head, "loss"), Run(shown[:past], "loss"), Run(shown[past:], "pending"))
