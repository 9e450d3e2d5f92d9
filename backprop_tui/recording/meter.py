"""The meter: what is read of a run once per optimizer step, at next to no cost.

    backward(loss) ──▶ the loss
    step begins    ──▶ every parameter is copied into a buffer that was made once
    step ends      ──▶ ‖buffer − parameter‖, ‖parameter‖, ‖gradient‖ ──▶ Reading

Of a step that is recorded in full nothing is copied: who tells of its updates tells their norms.
No modes: PyTorch's own hooks of an optimizer's step, and a look at what ``backward`` is called on.
Nothing waits for a CUDA device: what was measured there stays there as single numbers, a batch of
which is copied at a time and read when an event says that it has arrived.
"""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from operator import is_
from typing import Any

import torch

from backprop_tui.engines.torch_engine.norms import HIGH, LARGE, LOW, tensor_norm
from backprop_tui.trace.training import Reading

#: Readings whose numbers are fetched from a device together, and seconds they may wait for that.
BATCH = 32
PATIENCE = 0.25
#: Seconds for which the memory that was read is taken to be the memory now.
MEMORY_KEEPS = 0.5

Deliver = Callable[[Reading], None]


class Meter:
    """Measures every step of every optimizer, and hands on Readings in their order.

    ``names`` gives an optimizer's parameters their names; ``columns`` is told all names so far,
    the columns of the Readings, before the first Reading that has more of them.
    """

    def __init__(
        self,
        deliver: Deliver,
        columns: Callable[[tuple[str, ...]], None],
        names: Callable[[Any], Sequence[str]],
    ) -> None:
        self._deliver = deliver
        self._columns = columns
        self._names = names
        self._began = time.monotonic()
        self._loss: Any = None
        #: parameter's id → (its column, itself: an id is one's own only while one lives)
        self._column: dict[int, tuple[int, Any]] = {}
        self._titles: list[str] = []
        self._gauges: dict[int, _Gauge] = {}
        #: of the step that is being told: norms of gradient, update and parameter, by column
        self._told: dict[int, tuple[float, float, float]] = {}
        self._waiting: deque[_Row] = deque()
        self._sent: deque[_Sent] = deque()
        self._memory = (-1.0, 0)

    def backward_begins(self, root: Any) -> None:
        """``root`` is what ``backward`` was called on."""
        one = root
        if not isinstance(root, torch.Tensor) and isinstance(root, Sequence) and len(root) == 1:
            one = root[0]
        number = isinstance(one, torch.Tensor) and one.numel() == 1 and not one.is_complex()
        self._loss = _alone(one) if number else None

    def step_begins(self, optimizer: Any, recorded: bool = False) -> None:
        """Before an optimizer changes its parameters; ``recorded`` in full or not."""
        gauge = self._gauges.get(id(optimizer))
        if (
            gauge is None
            or gauge.optimizer is not optimizer
            or gauge.outgrown()
            or not (recorded or gauge.fits())
        ):
            gauge = self._gauges[id(optimizer)] = _Gauge(optimizer)
            self._make_columns(optimizer, gauge)
        for part in () if recorded else gauge.parts:
            part.keep()

    def step_ends(self, optimizer: Any, iteration: int) -> None:
        """After it."""
        gauge = self._gauges.get(id(optimizer))
        if gauge is None or gauge.optimizer is not optimizer:
            return
        numbers = [] if self._loss is None else [self._loss]
        for part in gauge.parts:
            numbers += part.measure()
        self._waiting.append(_Row(self._reading(gauge, iteration), gauge, numbers))
        self._fetch()

    def step_recorded(self, optimizer: Any, iteration: int) -> Callable[[], None]:
        """After a step that is recorded in full; to be called when all of it is told."""
        gauge = self._gauges[id(optimizer)]
        reading, loss, width = self._reading(gauge, iteration), self._loss, len(self._titles)

        def tell() -> None:
            norms: list[float | None] = [None] * width
            ratios: list[float | None] = [None] * width
            for column, (grad, update, weight) in self._told.items():
                norms[column], ratios[column] = grad, _ratio(update, weight)
            self._told.clear()
            self._fetch(at_once=True)
            number = None if loss is None else float(loss)
            told = replace(reading, loss=number, grad_norms=tuple(norms), ratios=tuple(ratios))
            self._deliver(told)

        return tell

    def updated(self, parameter: Any, grad: float, update: float, weight: float) -> None:
        """The norms of one update that is told: of gradient, update, and parameter after it."""
        known = self._column.get(id(parameter))
        if known is not None:
            self._told[known[0]] = (grad, update, weight)

    def _reading(self, gauge: _Gauge, iteration: int) -> Reading:
        """What is known of a step before its numbers are."""
        passed = time.monotonic() - self._began
        loss = None if self._loss is None else 0.0
        return Reading(iteration, passed, loss, (), (), self._used(gauge))

    def close(self) -> None:
        """Hand on all that is still on its way."""
        self._fetch(at_once=True)

    # ------------------------------------------------------------------ columns

    def _make_columns(self, optimizer: Any, gauge: _Gauge) -> None:
        parameters = gauge.parameters
        new = [i for i, p in enumerate(parameters) if id(p) not in self._column]
        if new:
            names = self._names(optimizer)
            self._fetch(at_once=True)
            for i in new:
                self._column[id(parameters[i])] = (len(self._titles), parameters[i])
                self._titles.append(names[i])
            self._columns(tuple(self._titles))
        gauge.columns = [self._column[id(p)][0] for p in parameters]

    # ------------------------------------------------------------------ from the device

    def _fetch(self, at_once: bool = False) -> None:
        """Deliver what has arrived; send for what has waited long enough."""
        waiting = self._waiting
        if waiting and (
            at_once
            or not waiting[-1].gauge.far
            or len(waiting) >= BATCH
            or waiting[-1].told.seconds - waiting[0].told.seconds > PATIENCE
        ):
            self._sent.append(_Sent(list(waiting)))
            waiting.clear()
        while self._sent and (at_once or self._sent[0].arrived()):
            sent = self._sent.popleft()
            numbers = iter(sent.numbers())
            for row in sent.rows:
                self._deliver(row.reading(numbers, len(self._titles)))

    def _used(self, gauge: _Gauge) -> int:
        """Bytes: of the device where the parameters are, else of this process."""
        now = time.monotonic()
        when, used = self._memory
        if now - when > MEMORY_KEEPS or when < 0:
            used = torch.cuda.memory_allocated(gauge.far) if gauge.far else resident()
            self._memory = (now, used)
        return used


class _Row:
    """A Reading to be, whose numbers may still be on a device."""

    __slots__ = ("gauge", "numbers", "told", "with_grad")

    def __init__(self, told: Reading, gauge: _Gauge, numbers: list[Any]) -> None:
        self.told = told
        self.gauge = gauge
        self.numbers = numbers
        self.with_grad = [part.with_grad for part in gauge.parts]

    def reading(self, numbers: Iterator[float], width: int) -> Reading:
        """The Reading, of ``width`` columns; ``numbers`` are its own and those of later ones."""
        loss = None if self.told.loss is None else next(numbers)
        norms: list[float | None] = [None] * width
        ratios: list[float | None] = [None] * width
        for part, with_grad in zip(self.gauge.parts, self.with_grad, strict=True):
            columns = [self.gauge.columns[part.places[i]] for i in with_grad]
            for column in columns:
                norms[column] = next(numbers)
            updates = [next(numbers) for _ in columns]
            for column, update in zip(columns, updates, strict=True):
                ratios[column] = _ratio(update, next(numbers))
        return replace(self.told, loss=loss, grad_norms=tuple(norms), ratios=tuple(ratios))


class _Sent:
    """Rows whose numbers are on their way from a device, in the order in which they are asked."""

    def __init__(self, rows: list[_Row]) -> None:
        self.rows = rows
        self._numbers = [number for row in rows for number in row.numbers]
        self._here: Any = None
        self._event: Any = None
        far = [number for number in self._numbers if isinstance(number, torch.Tensor)]
        if far and all(row.gauge.alike for row in rows):
            with torch.no_grad():
                stacked = torch.stack(far)
                self._here = torch.empty(stacked.shape, dtype=stacked.dtype, pin_memory=True)
                self._here.copy_(stacked, non_blocking=True)
            self._event = torch.cuda.Event()
            self._event.record(torch.cuda.current_stream(far[0].device))

    def arrived(self) -> bool:
        return self._event is None or bool(self._event.query())

    def numbers(self) -> list[float]:
        """All of them, waited for if need be."""
        if self._event is None:  # none is on a device, or they are of several kinds
            return [float(number) for number in self._numbers]
        self._event.synchronize()
        here = iter(self._here.tolist())
        return [next(here) if isinstance(n, torch.Tensor) else n for n in self._numbers]


def _ratio(update: float, weight: float) -> float:
    if weight:
        return update / weight
    return float("inf") if update else 0.0


def _alone(number: Any) -> Any:
    """A tensor of one number: the number itself if that is here, else a copy on its device."""
    if number.is_cpu:
        return float(number.item())
    return number.detach().reshape(()).to(torch.float32, copy=True)


class _Gauge:
    """What is measured of one optimizer: its parameters, in parts of one device and dtype."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer
        self.parameters = parameters_of(optimizer)
        self.columns: list[int] = []
        places: dict[tuple[Any, Any], list[int]] = {}
        for place, parameter in enumerate(self.parameters):
            places.setdefault((parameter.device, parameter.dtype), []).append(place)
        self.parts = [_Part([self.parameters[p] for p in ps], ps) for ps in places.values()]
        #: the CUDA device of the first parameters that are on one
        self.far = next((d for d, _ in places if d.type == "cuda"), None)

        #: whether all that is measured are numbers of one dtype on one CUDA device
        self.alike = len(self.parts) == 1 and self.far is not None and self.parts[0].single

    def outgrown(self) -> bool:
        """Whether parameters came or went since."""
        now = parameters_of(self.optimizer)
        return len(now) != len(self.parameters) or not all(map(is_, now, self.parameters))

    def fits(self) -> bool:
        """Whether none has moved since."""
        return not any(part.moved() for part in self.parts)


class _Part:
    """Parameters of one device and dtype; ``places`` are theirs among the optimizer's."""

    def __init__(self, parameters: list[Any], places: list[int]) -> None:
        self.parameters = parameters
        self.places = places
        self.with_grad: list[int] = []
        first = parameters[0]
        self.device, self.dtype, self.shapes = (
            first.device,
            first.dtype,
            [p.shape for p in parameters],
        )
        half = first.dtype in (torch.float16, torch.bfloat16)
        self.wide = torch.float32 if half else None
        self.single = half or first.dtype == torch.float32
        self.large = any(p.numel() >= LARGE for p in parameters)
        self.dot = first.device.type == "cpu" and first.dtype in (torch.float32, torch.float64)
        self.before: list[Any] = []

    def moved(self) -> bool:
        return any(
            p.dtype is not self.dtype or p.device != self.device or p.shape != shape
            for p, shape in zip(self.parameters, self.shapes, strict=True)
        )

    def keep(self) -> None:
        """Remember every parameter as it is."""
        with torch.no_grad():
            if not self.before:
                self.before = [torch.empty_like(p, requires_grad=False) for p in self.parameters]
            torch._foreach_copy_(self.before, self.parameters)

    def measure(self) -> list[Any]:
        """Norms of gradients, updates and parameters, of those that have a gradient."""
        grads = [p.grad for p in self.parameters]
        self.with_grad = have = [i for i, grad in enumerate(grads) if grad is not None]
        if not have:
            return []
        whole = len(have) == len(grads)
        parameters = self.parameters if whole else [self.parameters[i] for i in have]
        before = self.before if whole else [self.before[i] for i in have]
        with torch.no_grad():
            torch._foreach_sub_(before, parameters)
            given = [_dense(grads[i]) for i in have]
            return self._norms([*given, *before, *parameters])

    def _norms(self, tensors: list[Any]) -> list[Any]:
        if self.dot and not self.large:
            norms = torch.stack(torch._foreach_norm(tensors)).tolist()
            return [
                norm if LOW < norm < HIGH else tensor_norm(tensor)
                for norm, tensor in zip(norms, tensors, strict=True)
            ]
        if self.dot:
            return [tensor_norm(t) for t in tensors]
        norms = (
            torch._foreach_norm(tensors)
            if self.wide is None
            else torch._foreach_norm(tensors, 2, self.wide)
        )
        return list(norms) if self.device.type == "cuda" else [norm.item() for norm in norms]


def _dense(grad: Any) -> Any:
    """A tensor with the same norm that is not sparse."""
    return grad.coalesce().values() if grad.is_sparse else grad


def parameters_of(optimizer: Any) -> list[Any]:
    """All parameters of an optimizer, in the order of its groups."""
    return [p for group in optimizer.param_groups for p in group["params"]]


def resident() -> int:
    """Bytes of memory that this process has: now, or where the system tells no more, at most."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        pass
    try:
        import resource
    except ImportError:  # Windows has none
        return 0
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024
