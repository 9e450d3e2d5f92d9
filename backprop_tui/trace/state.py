"""What every live tensor is at step ``i``: a fold of the steps up to it.

    state(i) = apply(step[i], state(i − 1))

Folding 5,000 steps for one look would be slow, so every KEYFRAME-th state is kept and the last
one looked at too: a look anywhere folds at most KEYFRAME steps. States are never changed once
made; nothing is ever un-executed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary, proxy

from backprop_tui.engines.base import Array, TensorValue
from backprop_tui.trace.steps import (
    Accumulate,
    Assign,
    Backward,
    Bind,
    Call,
    Forward,
    Loop,
    Named,
    Resumed,
    SeedGrad,
    Step,
    Update,
    ZeroGrad,
)
from backprop_tui.trace.trace import Trace

KEYFRAME = 64


@dataclass(frozen=True, slots=True, eq=False)
class TensorState:
    """A tensor at a step: its value, its ``.grad`` (None: no gradient), and the gradient that has
    flowed to it in the current backward pass (``flowing``, None: not arrived).
    """

    value: TensorValue
    grad: Array | None = None
    flowing: Array | None = None


@dataclass(slots=True, eq=False)
class State:
    """Everything that lives at a step. ``changed`` are the tensors this very step touched."""

    index: int = -1
    call: int = 0
    names: dict[tuple[int, str], Named] = field(default_factory=dict)
    tensors: dict[int, TensorState] = field(default_factory=dict)
    changed: frozenset[int] = frozenset()
    ran: frozenset[int] = frozenset()

    def copy(self) -> State:
        """A state to fold further; what is inside is shared, for it never changes."""
        return State(
            self.index, self.call, dict(self.names), dict(self.tensors), self.changed, self.ran
        )

    def visible(self) -> Iterator[tuple[str, TensorState]]:
        """The named tensors in sight, in the order their names were first given.

        Inside a function these are its own names and the module's; a tensor with several names
        appears under each; a container's elements only if they learn and have no other name.
        """
        shown = {
            name: named.value
            for (call, name), named in self.names.items()
            if call in (0, self.call)
            and name != "_"
            and isinstance(named.value, TensorValue)
            and (named.kind != "element" or named.value.requires_grad)
        }
        own = {value.tensor for name, value in shown.items() if not name.endswith("]")}
        for name, value in shown.items():
            if not name.endswith("]") or value.tensor not in own:
                yield name, self.tensors[value.tensor]

    def numbers(self) -> Iterator[tuple[str, str]]:
        """The names in sight that stand for plain numbers, with the number's text."""
        for (call, name), named in self.names.items():
            if call in (0, self.call) and named.kind == "number":
                yield name, str(named.value)


def at(trace: Trace, index: int) -> State:
    """The state of ``trace`` after step ``index`` (−1: before the first)."""
    states = _known.get(trace)
    if states is None:
        states = _known[trace] = _States(trace)
    return states.at(index)


class _States:
    """Keyframes of one trace; they hold its steps, not the trace itself, so that it can go."""

    def __init__(self, trace: Trace) -> None:
        self._trace = proxy(trace)
        self._keyframes: list[State] = [State()]
        self._last = State()

    def at(self, index: int) -> State:
        """The state after step ``index`` (−1: before the first)."""
        if not -1 <= index < len(self._trace):
            raise IndexError(f"step {index} of {len(self._trace)}")
        if index == self._last.index:
            return self._last
        key = min((index + 1) // KEYFRAME, len(self._keyframes) - 1)
        state = self._keyframes[key]
        if state.index < self._last.index < index:
            state = self._last
        state = state.copy()
        for i in range(state.index + 1, index + 1):
            self._fold(state, self._trace[i])
            if (i + 1) // KEYFRAME == len(self._keyframes) and (i + 1) % KEYFRAME == 0:
                self._keyframes.append(state.copy())
        self._last = state
        return state

    def _fold(self, state: State, step: Step) -> None:
        state.index = step.index
        changed: set[int] = set()
        if step.where.call != state.call:
            if state.call > step.where.call:
                _forget_call(state, state.call)
            state.call = step.where.call
        match step:
            case Bind() | Call() | Resumed():
                _bind(state, step.where.call, step.binds, changed)
            case Loop():
                _forget_unnamed(state)
                _bind(state, step.where.call, step.binds, changed)
            case Forward():
                for value in step.outputs + step.changed:
                    _set_value(state, value, changed)
                for owner in step.grads:
                    _set_value(state, owner.tensor, set())
                    _set_grad(state, owner.tensor.tensor, owner.grad, changed)
                _bind(state, step.where.call, step.binds, changed)
            case SeedGrad():
                _begin_backward(state)
                _flow(state, step.tensor.tensor, step.grad, changed)
            case Backward():
                self._pass_on(state, step, changed)
            case Accumulate():
                _set_value(state, step.tensor, set())
                _set_grad(state, step.tensor.tensor, step.after, changed)
            case ZeroGrad():
                for cleared in step.cleared:
                    _set_value(state, cleared.tensor, set())
                    _set_grad(state, cleared.tensor.tensor, cleared.after, changed)
            case Update():
                _set_value(state, step.after, changed)
            case Assign():
                _set_value(state, step.tensor, changed)
                _set_grad(state, step.tensor.tensor, step.grad, changed)
            case _:
                pass
        state.changed = frozenset(changed)

    def _pass_on(self, state: State, step: Backward, changed: set[int]) -> None:
        state.ran = state.ran | {step.node.node}
        for outgoing in step.outgoing:
            if outgoing is None:
                continue
            edge = outgoing.edge
            target = edge.variable
            if target is None:
                source = self._trace.forward_of(edge.node)
                if source is None or edge.index >= len(source.outputs):
                    continue
                target = source.outputs[edge.index].tensor
            _flow(state, target, outgoing.after, changed)


def _bind(state: State, call: int, binds: tuple[Named, ...], changed: set[int]) -> None:
    for named in binds:
        key = (call, named.name)
        if isinstance(named.value, TensorValue):
            _set_value(state, named.value, changed)
        state.names[key] = named


def _set_value(state: State, value: TensorValue, changed: set[int]) -> None:
    known = state.tensors.get(value.tensor)
    if known is None:
        state.tensors[value.tensor] = TensorState(value)
        changed.add(value.tensor)
    elif known.value is not value:
        state.tensors[value.tensor] = replace(known, value=value)
        changed.add(value.tensor)


def _set_grad(state: State, tensor: int, grad: Array | None, changed: set[int]) -> None:
    known = state.tensors[tensor]
    if known.grad is not grad:
        state.tensors[tensor] = replace(known, grad=grad)
        changed.add(tensor)


def _flow(state: State, tensor: int, grad: Array, changed: set[int]) -> None:
    known = state.tensors.get(tensor)
    if known is not None:
        state.tensors[tensor] = replace(known, flowing=grad)
        changed.add(tensor)


def _begin_backward(state: State) -> None:
    state.ran = frozenset()
    for tensor, known in state.tensors.items():
        if known.flowing is not None:
            state.tensors[tensor] = replace(known, flowing=None)


def _forget_call(state: State, call: int) -> None:
    for key in [key for key in state.names if key[0] == call]:
        del state.names[key]


def _forget_unnamed(state: State) -> None:
    """A new round: what has no name can be seen no more; flowing gradients belong to the past."""
    named = {
        named.value.tensor for named in state.names.values() if isinstance(named.value, TensorValue)
    }
    state.tensors = {
        tensor: replace(known, flowing=None)
        for tensor, known in state.tensors.items()
        if tensor in named
    }


_known: WeakKeyDictionary[Trace, _States] = WeakKeyDictionary()
