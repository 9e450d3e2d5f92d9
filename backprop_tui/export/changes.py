"""What a stretch of steps changed: one row per name or ``.grad``, before and after."""

from __future__ import annotations

from dataclasses import dataclass

from backprop_tui.engines.base import Array, TensorValue
from backprop_tui.explain.known import same
from backprop_tui.explain.naming import names_of
from backprop_tui.trace.state import State
from backprop_tui.trace.steps import (
    Accumulate,
    Assign,
    Bind,
    Call,
    Forward,
    Loop,
    Step,
    Update,
    ZeroGrad,
)
from backprop_tui.trace.trace import Trace


@dataclass(slots=True, eq=False)
class Change:
    """``name`` held ``before`` (None: nothing yet) and holds ``after``."""

    name: str
    before: Array | None
    after: Array | None


def changes(trace: Trace, start: int, stop: int, state: State) -> list[Change]:
    """What steps ``start`` to ``stop`` (exclusive) changed, in the order of first change.

    ``state`` is the one before ``start``.
    """
    folded = _Changes(trace, state)
    for index in range(start, stop):
        folded.take(trace[index])
    return [change for change in folded.rows.values() if not same(change.before, change.after)]


class _Changes:
    def __init__(self, trace: Trace, state: State) -> None:
        self.names = names_of(trace)
        self.state = state
        self.rows: dict[tuple[object, ...], Change] = {}
        #: tensor → the row of the name it was given within these steps
        self.keys: dict[int, tuple[object, ...]] = {}

    def take(self, step: Step) -> None:
        match step:
            case Bind() | Call() | Loop():
                self._bind(step)
            case Forward():
                for value in step.changed:
                    self._value(step, value)
                self._bind(step)
            case Accumulate():
                self._grad(step, step.tensor, step.before, step.after)
            case ZeroGrad():
                for cleared in step.cleared:
                    self._grad(step, cleared.tensor, cleared.before, cleared.after)
            case Update():
                self._value(step, step.after)
            case Assign():
                if step.attribute == "grad":
                    known = self.state.tensors.get(step.tensor.tensor)
                    before = None if known is None else known.grad
                    self._grad(step, step.tensor, before, step.grad)
                else:
                    self._value(step, step.tensor)
            case _:
                pass

    def _bind(self, step: Bind | Call | Loop | Forward) -> None:
        for named in step.binds:
            value = named.value
            if not isinstance(value, TensorValue) or named.kind == "element":
                continue
            before = self.state.names.get((step.where.call, named.name))
            old = before.value if before is not None else None
            key: tuple[object, ...] = (step.where.call, named.name)
            if isinstance(old, TensorValue) and old.tensor == value.tensor:
                key = (value.tensor, "data")
            self.keys.setdefault(value.tensor, key)
            known = self.state.tensors.get(old.tensor) if isinstance(old, TensorValue) else None
            self._row(key, Change(named.name, known.value.data if known else None, value.data))

    def _value(self, step: Step, value: TensorValue) -> None:
        if not self.names.has_name(value.tensor, step.index):
            return
        known = self.state.tensors.get(value.tensor)
        name = self.names.of(value.tensor, step.index).text
        key = self.keys.get(value.tensor, (value.tensor, "data"))
        self._row(key, Change(name, known.value.data if known else None, value.data))

    def _grad(
        self, step: Step, tensor: TensorValue, before: Array | None, after: Array | None
    ) -> None:
        name = self.names.of(tensor.tensor, step.index).text + ".grad"
        self._row((tensor.tensor, "grad"), Change(name, before, after))

    def _row(self, key: tuple[object, ...], change: Change) -> None:
        known = self.rows.setdefault(key, change)
        known.after = change.after
