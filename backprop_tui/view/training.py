"""A run while it trains, as plain data: its loss, and its layers' gradients and updates over time.

    Readings ──Curves.add──▶ Curves ──training(curves, Standing, sizes)──▶ Board ──▶ the screen

Curves hold a bounded number of points however long the run is: when they are full, every two
neighbours become one that reaches from the lowest to the highest of both.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from backprop_tui.trace.training import Reading
from backprop_tui.view.numbers import short
from backprop_tui.view.plots import Scale, plot, sparks
from backprop_tui.view.types import Line, Pane, Run, Size

#: So many points are kept of a curve.
POINTS = 4096
#: So many of the iterations that have steps are listed.
LISTED = 500
#: Seconds over which iterations per second are counted.
LATELY = 5.0
#: … and at least so many iterations.
RECENT = 8
#: From so many rows on the parameters of one module share a row.
MANY = 12

Floats = npt.NDArray[np.float32]

STATES: dict[str, tuple[str, str]] = {
    "running": ("●", "running"),
    "paused": ("‖", "paused at {iteration}"),
    "finished": ("■", "finished"),
    "failed": ("✗", "failed"),
    "stopped": ("✗", "no heartbeat: the run has stopped without a word"),
}


class Curves:
    """The Readings of a run so far."""

    def __init__(self, points: int = POINTS) -> None:
        self.parameters: tuple[str, ...] = ()
        #: how many Readings there were, the first and the last
        self.count = 0
        self.first: Reading | None = None
        self.last: Reading | None = None
        #: the last loss that was a number, and the iterations that have steps: (number, step)
        self.loss: float | None = None
        self.recorded: list[tuple[int, int]] = []
        self._points = points
        self._stride = 1
        self._size = 0
        self._low = np.empty(points, np.float64)
        self._high = np.empty(points, np.float64)
        self._norms: Floats = np.empty((points, 0), np.float32)
        self._ratios: Floats = np.empty((points, 0), np.float32)
        self._lately: list[float] = []

    def add(self, readings: Iterable[Reading]) -> None:
        """Take in the Readings that follow."""
        for reading in readings:
            self._add(reading)

    def _add(self, reading: Reading) -> None:
        width = len(reading.grad_norms)
        if width > self._norms.shape[1]:
            self._widen(width)
        if self.count % self._stride == 0:
            if self._size == self._points:
                self._halve()
            at = self._size
            self._size += 1
            self._low[at] = self._high[at] = np.nan
            self._norms[at] = self._ratios[at] = np.nan
        at = self._size - 1
        if reading.loss is not None:
            loss = math.inf if math.isnan(reading.loss) else reading.loss
            self._low[at] = np.fmin(self._low[at], loss)
            self._high[at] = np.fmax(self._high[at], loss)
            self.loss = reading.loss
        for rows, given in ((self._norms, reading.grad_norms), (self._ratios, reading.ratios)):
            rows[at, :width] = np.fmax(rows[at, :width], _row(given))
        if reading.step is not None:
            self.recorded.append((reading.iteration, reading.step))
        self._lately.append(reading.seconds)
        while reading.seconds - self._lately[0] > LATELY and len(self._lately) > RECENT:
            self._lately.pop(0)
        self.first = self.first or reading
        self.last = reading
        self.count += 1

    def _widen(self, width: int) -> None:
        for name in ("_norms", "_ratios"):
            wider = np.full((self._points, width), np.nan, np.float32)
            old = getattr(self, name)
            wider[: self._size, : old.shape[1]] = old[: self._size]
            setattr(self, name, wider)

    def _halve(self) -> None:
        half = self._points // 2
        self._low[:half] = np.fmin(self._low[0::2], self._low[1::2])
        self._high[:half] = np.fmax(self._high[0::2], self._high[1::2])
        for rows in (self._norms, self._ratios):
            rows[:half] = np.fmax(rows[0::2], rows[1::2])
        self._size = half
        self._stride *= 2

    # ------------------------------------------------------------------ looking

    @property
    def losses(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """The lowest and the highest loss at each point."""
        return self._low[: self._size], self._high[: self._size]

    def layers(self, grouped: bool) -> list[Layer]:
        """Each parameter, or each module, in the order of the optimizer's."""
        names = list(self.parameters[: self._norms.shape[1]])
        names += [f"parameter {i + 1}" for i in range(len(names), self._norms.shape[1])]
        names = _without_common(names)
        groups: dict[str, list[int]] = {}
        for column, name in enumerate(names):
            groups.setdefault(_module_of(name) if grouped else name, []).append(column)
        return [self._layer(name, columns) for name, columns in groups.items()]

    def _layer(self, name: str, columns: list[int]) -> Layer:
        norms = self._norms[: self._size, columns].astype(np.float64)
        ratios = self._ratios[: self._size, columns].astype(np.float64)
        last = self.last
        now = [] if last is None else [last.grad_norms[c] for c in columns if c < len(last.ratios)]
        update = [] if last is None else [last.ratios[c] for c in columns if c < len(last.ratios)]
        return Layer(name, _together(norms), _highest(ratios), _joint(now), _most(update))

    @property
    def rate(self) -> float | None:
        """Iterations per second, lately."""
        steps = sorted(now - before for before, now in pairwise(self._lately))
        # The median: an iteration that was waited in, or recorded in full, is not like the others.
        usual = steps[len(steps) // 2] if steps else 0.0
        return 1 / usual if usual > 0 else None


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A parameter or module over time: gradient 2-norms, and updates over weights (of a module the
    largest of its parameters'); NaN where there was no gradient. ``norm`` and ``ratio`` are the
    last ones."""

    name: str
    norms: npt.NDArray[np.float64]
    ratios: npt.NDArray[np.float64]
    norm: float | None
    ratio: float | None


def _row(numbers: Sequence[float | None]) -> Floats:
    """Numbers as a row in which NaN is none, and what is no number is infinite."""
    row = [math.nan if n is None else math.inf if math.isnan(n) else n for n in numbers]
    with np.errstate(over="ignore"):
        return np.array(row, np.float64).astype(np.float32)


def _together(norms: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The norm of several tensors as one, NaN where all are."""
    if norms.shape[1] == 1:
        return norms[:, 0]
    joint = np.sqrt(np.nansum(norms**2, axis=1))
    joint[np.isnan(norms).all(axis=1)] = np.nan
    return np.asarray(joint)


def _highest(ratios: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(np.fmax.reduce(ratios, axis=1))


def _joint(norms: Sequence[float | None]) -> float | None:
    known = [norm for norm in norms if norm is not None]
    return math.hypot(*known) if known else None


def _most(ratios: Sequence[float | None]) -> float | None:
    return max((ratio for ratio in ratios if ratio is not None), default=None)


def _module_of(name: str) -> str:
    return name.rpartition(".")[0] or name


def _without_common(names: list[str]) -> list[str]:
    """Names without the first word, while that is the same of all."""
    while names and all("." in name for name in names):
        first = names[0].partition(".")[0]
        if any(name.partition(".")[0] != first for name in names) or any(
            "." not in name.partition(".")[2] for name in names
        ):
            break
        names = [name.partition(".")[2] for name in names]
    return names


# ---------------------------------------------------------------------- the board


@dataclass(frozen=True, slots=True)
class Standing:
    """How a run is: its ``state`` ("running", "paused", "finished", "failed", "stopped"), why it
    failed, and what a viewer wishes that has not come about yet ("pause", "run", "next")."""

    name: str
    state: str
    error: str = ""
    wish: str = ""


@dataclass(frozen=True, slots=True)
class Sizes:
    """(width, height) of the inside of each pane."""

    status: Size = (160, 2)
    loss: Size = (120, 16)
    layers: Size = (160, 20)
    recorded: Size = (38, 16)


@dataclass(frozen=True, slots=True)
class Board:
    """All that the training screen shows; ``recorded`` has the first step of each of its rows."""

    status: Pane
    loss: Pane
    layers: Pane
    recorded: Pane


def training(
    curves: Curves,
    standing: Standing,
    sizes: Sizes,
    chosen: int | None = None,
    ascii: bool = False,  # noqa: A002
) -> Board:
    """Everything to be shown of a run; ``chosen`` is the iteration selected in the list."""
    return Board(
        _status(curves, standing),
        _loss(curves, sizes.loss, ascii),
        _layers(curves, sizes.layers, ascii),
        _recorded(curves, chosen),
    )


def standing_words(curves: Curves, state: str) -> str:
    """How a run is: ``‖ paused at 4,217``."""
    sign, words = STATES.get(state, ("?", state))
    iteration = 0 if curves.last is None else curves.last.iteration
    return f"{sign} {words.format(iteration=f'{iteration:,}')}"


def _status(curves: Curves, standing: Standing) -> Pane:
    last = curves.last
    iteration = f"{0 if last is None else last.iteration:,}"
    words = standing_words(curves, standing.state)
    if standing.state == "failed" and standing.error:
        words += f": {standing.error}"
    style = {"failed": "error", "stopped": "error", "running": "active"}.get(standing.state, "")
    if standing.state == "paused":
        style = "changed"
    figures = [("iteration", iteration)]
    if last is not None:
        loss = curves.loss
        figures.append(("loss", "none seen" if loss is None else short(loss)))
        if curves.rate is not None:
            figures.append(("iterations/s", _rate(curves.rate)))
        figures += [("elapsed", duration(last.seconds)), ("memory", amount(last.memory))]
    line: list[Run] = [Run(" ")]
    for title, number in figures:
        line += [Run(f"{title} ", "muted"), Run(number, "value"), Run("   ")]
    hint = _hint(standing, iteration)
    return Pane(
        standing.name,
        ((Run(f" {words}", style), Run(f"   {hint}", "narration")), tuple(line)),
    )


def _hint(standing: Standing, iteration: str) -> str:
    waiting = standing.state in ("running", "paused")
    if waiting and standing.wish == "pause" and standing.state == "running":
        return "pausing: the next iteration is recorded step by step"
    if waiting and standing.wish == "next":
        return "one more iteration is recorded step by step"
    if standing.state == "running":
        return "Space pauses"
    if standing.state == "paused":
        return f"Enter walks into {iteration}, n records one more, Space goes on"
    return ""


def _rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}" if rate >= 1 else f"{rate:.2f}"


def duration(seconds: float) -> str:
    """Seconds as ``1:52``, hours as ``2:05:09``."""
    whole = int(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def amount(size: int) -> str:
    """Bytes as ``612 MB``."""
    number, units = float(size), ["B", "kB", "MB", "GB", "TB"]
    while number >= 999.5 and len(units) > 1:
        number /= 1000
        units.pop(0)
    return f"{number:.3g} {units[0]}"


def _loss(curves: Curves, size: Size, ascii: bool) -> Pane:  # noqa: A002
    low, high = curves.losses
    if curves.first is None or curves.last is None:
        return Pane("Loss", ((), (Run(" No optimizer has made a step yet.", "pending"),)))
    if np.isnan(high).all():
        told = " Backward did not begin from a single number."
        return Pane("Loss", ((), (Run(told, "pending"),)))
    ends = (f"{curves.first.iteration:,}", f"{curves.last.iteration:,}")
    log = ", logarithmic" if Scale.of(np.concatenate([low, high])).log else ""
    return Pane(f"Loss by iteration{log}", plot(low, high, ends, *size, ascii=ascii))


_HEADS = ("gradient 2-norm", "update ÷ weight")
_NUMBER = 9


def _layers(curves: Curves, size: Size, ascii: bool) -> Pane:  # noqa: A002
    width, height = size
    count = len(curves.parameters)
    grouped = count > MANY and count > height - 1
    layers = curves.layers(grouped)
    if not layers:
        return Pane("Layers", ())
    names = min(max(len(layer.name) for layer in layers), max(12, width // 4))
    half = (width - names - 2) // 2
    ranged = half >= 48
    spark = max(4, half - _NUMBER - 3 - (2 * _NUMBER + 2 if ranged else 0))
    head = [Run(" " + " " * names)]
    for title in _HEADS:
        scale = f"{'least':>{_NUMBER}} " if ranged else ""
        most = f" {'most':<{_NUMBER}}" if ranged else ""
        head.append(Run(f"  {scale}{title:<{spark}.{spark}}{most}{'now':>{_NUMBER}} ", "heading"))
    lines: list[Line] = [tuple(head)]
    for layer in layers:
        line = [Run(f" {_fitted(layer.name, names)}", "name")]
        for series, now, style in (
            (layer.norms, layer.norm, "grad"),
            (layer.ratios, layer.ratio, "value"),
        ):
            least, most = _ends(series) if ranged else ("", "")
            line += [
                Run(f"  {least:>{_NUMBER}} " if ranged else "  ", "muted"),
                Run(f"{sparks(series, spark, ascii):<{spark}}", style),
                Run(f" {most:<{_NUMBER}}" if ranged else "", "muted"),
                Run(f"{_now(now):>{_NUMBER}} ", style),
            ]
        lines.append(tuple(line))
    what = f"{len(layers)} modules, {count} parameters" if grouped else f"{count} parameters"
    return Pane(f"Layers · {what} · each curve on a scale of its own", tuple(lines))


def _fitted(name: str, width: int) -> str:
    return f"{name:<{width}}" if len(name) <= width else "…" + name[len(name) - width + 1 :]


def _now(number: float | None) -> str:
    if number is None:
        return "none"
    text = short(number, 4)
    return text if len(text) < _NUMBER else f"{number:.1e}"


def _ends(series: npt.NDArray[np.float64]) -> tuple[str, str]:
    finite = series[np.isfinite(series)]
    return (_now(float(finite.min())), _now(float(finite.max()))) if finite.size else ("", "")


def _recorded(curves: Curves, chosen: int | None) -> Pane:
    listed = curves.recorded[-LISTED:]
    if not listed:
        none = " none yet" if curves.count else ""
        return Pane("Recorded step by step", ((Run(none, "pending"),),))
    lines: list[Line] = []
    targets: dict[int, int] = {}
    focus = None
    if len(curves.recorded) > len(listed):
        lines.append((Run(f" … {len(curves.recorded) - len(listed):,} before", "muted"),))
    for iteration, step in listed:
        selected = iteration == chosen
        if selected:
            focus = (len(lines), 0)
        targets[len(lines)] = step
        mark = "▸" if selected else " "
        lines.append(
            (
                Run(f" {mark} iteration {iteration:,}", "selected" if selected else ""),
                Run(f"   from step {step + 1:,}", "muted"),
            )
        )
    return Pane(f"Recorded step by step · {len(curves.recorded):,}", tuple(lines), focus, targets)
