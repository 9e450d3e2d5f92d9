"""What every live tensor is at step ``i``: a fold of the steps up to it.

    state(i) = apply(step[i], state(i − 1))

Folding 5,000 steps for one look would be slow, so every KEYFRAME-th state is kept and the last
one looked at too: a look anywhere folds at most KEYFRAME steps, or, where a file has keyframes of
its own, from the last of these. States are never changed once made; nothing is ever un-executed.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
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
    ran: set[int] = field(default_factory=set)

    def copy(self) -> State:
        """A state to fold further; what is inside is shared, for it never changes."""
        return State(
            self.index, self.call, dict(self.names), dict(self.tensors), self.changed, set(self.ran)
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
        self._fold = Fold(self._outputs)
        self._kept = [-1]
        self._keyframes = {-1: State()}
        self._last = State()

    def at(self, index: int) -> State:
        """The state after step ``index`` (−1: before the first)."""
        if not -1 <= index < len(self._trace):
            raise IndexError(f"step {index} of {len(self._trace)}")
        if index == self._last.index:
            return self._last
        state = self._keyframes[self._kept[bisect_right(self._kept, index) - 1]]
        if state.index < self._last.index < index:
            state = self._last
        if index - state.index > KEYFRAME:
            state = self._trace.keyframe(index, state.index) or state
        state = state.copy()
        for i in range(state.index + 1, index + 1):
            self._fold.apply(state, self._trace[i])
            if (i + 1) % KEYFRAME == 0:
                self._keep(state)
        self._last = state
        return state

    def _keep(self, state: State) -> None:
        if state.index in self._keyframes:
            return
        insort(self._kept, state.index)
        self._keyframes[state.index] = state.copy()
        most = self._trace.most_states
        if most is not None and len(self._kept) > most:
            # What is farthest from here is asked for last; the beginning costs nothing to keep.
            far = 1 if state.index - self._kept[1] > self._kept[-1] - state.index else -1
            del self._keyframes[self._kept.pop(far)]

    def _outputs(self, node: int) -> tuple[int, ...]:
        step = self._trace.forward_of(node)
        return () if step is None else tuple(output.tensor for output in step.outputs)


class Fold:
    """How a step changes a state; ``outputs_of`` tells which tensors a Node's op made.

    What is kept of a value and of a gradient is up to ``value`` and ``gradient``: themselves here,
    only where they are written in one who folds while it writes.
    """

    def __init__(self, outputs_of: Callable[[int], tuple[int, ...]]) -> None:
        self._outputs_of = outputs_of

    def value(self, value: TensorValue) -> TensorValue:
        """What is kept of a value."""
        return value

    def gradient(self, gradient: Array) -> Array:
        """What is kept of a gradient."""
        return gradient

    def apply(self, state: State, step: Step) -> None:
        """Change ``state`` to what it is after ``step``."""
        state.index = step.index
        changed: set[int] = set()
        if step.where.call != state.call:
            if state.call > step.where.call:
                _forget_call(state, state.call)
            state.call = step.where.call
        match step:  # what is most frequent first
            case Forward():
                for value in step.outputs + step.changed:
                    self._set_value(state, value, changed)
                for owner in step.grads:
                    self._set_value(state, owner.tensor, set())
                    self._set_grad(state, owner.tensor.tensor, owner.grad, changed)
                self._bind(state, step.where.call, step.binds, changed)
            case Backward():
                self._pass_on(state, step, changed)
            case Accumulate():
                self._set_value(state, step.tensor, set())
                self._set_grad(state, step.tensor.tensor, step.after, changed)
            case Update():
                self._set_value(state, step.after, changed)
            case SeedGrad():
                _begin_backward(state)
                self._flow(state, step.tensor.tensor, step.grad, changed)
            case Bind() | Call() | Resumed():
                self._bind(state, step.where.call, step.binds, changed)
            case Loop():
                _forget_unnamed(state)
                self._bind(state, step.where.call, step.binds, changed)
            case ZeroGrad():
                for cleared in step.cleared:
                    self._set_value(state, cleared.tensor, set())
                    self._set_grad(state, cleared.tensor.tensor, cleared.after, changed)
            case Assign():
                self._set_value(state, step.tensor, changed)
                self._set_grad(state, step.tensor.tensor, step.grad, changed)
            case _:
                pass
        state.changed = frozenset(changed)

    def _pass_on(self, state: State, step: Backward, changed: set[int]) -> None:
        state.ran.add(step.node.node)
        for outgoing in step.outgoing:
            if outgoing is None:
                continue
            edge = outgoing.edge
            target = edge.variable
            if target is None:
                outputs = self._outputs_of(edge.node)
                if edge.index >= len(outputs):
                    continue
                target = outputs[edge.index]
            self._flow(state, target, outgoing.after, changed)

    def _bind(self, state: State, call: int, binds: tuple[Named, ...], changed: set[int]) -> None:
        for named in binds:
            value = named.value
            if isinstance(value, TensorValue):
                self._set_value(state, value, changed)
                kept = self.value(value)
                named = named if kept is value else Named(named.name, kept, named.kind)
            state.names[call, named.name] = named

    def _set_value(self, state: State, value: TensorValue, changed: set[int]) -> None:
        known = state.tensors.get(value.tensor)
        kept = self.value(value)
        if known is None:
            state.tensors[value.tensor] = TensorState(kept)
            changed.add(value.tensor)
        elif known.value is not kept:
            state.tensors[value.tensor] = TensorState(kept, known.grad, known.flowing)
            changed.add(value.tensor)

    def _set_grad(self, state: State, tensor: int, grad: Array | None, changed: set[int]) -> None:
        known = state.tensors[tensor]
        kept = None if grad is None else self.gradient(grad)
        if known.grad is not kept:
            state.tensors[tensor] = TensorState(known.value, kept, known.flowing)
            changed.add(tensor)

    def _flow(self, state: State, tensor: int, grad: Array, changed: set[int]) -> None:
        known = state.tensors.get(tensor)
        if known is not None:
            kept = self.gradient(grad)
            state.tensors[tensor] = TensorState(known.value, known.grad, kept)
            changed.add(tensor)


def _begin_backward(state: State) -> None:
    state.ran = set()
    for tensor, known in state.tensors.items():
        if known.flowing is not None:
            state.tensors[tensor] = TensorState(known.value, known.grad)


def _forget_call(state: State, call: int) -> None:
    for key in [key for key in state.names if key[0] == call]:
        del state.names[key]


def _forget_unnamed(state: State) -> None:
    """A new round: what has no name can be seen no more; flowing gradients belong to the past."""
    named = {
        named.value.tensor for named in state.names.values() if not isinstance(named.value, str)
    }
    state.tensors = {
        tensor: known if known.flowing is None else TensorState(known.value, known.grad)
        for tensor, known in state.tensors.items()
        if tensor in named
    }


_known: WeakKeyDictionary[Trace, _States] = WeakKeyDictionary()
