"""Turns what an engine and an interpreter tell into the steps of a Trace.

    interpreter ── where we are, names, loops, output ──┐
                                                        ├──▶ Recorder ──▶ Trace
    engine ─────── ops, gradients, updates ─────────────┘

The recorder decides one thing of its own: a name given by the very statement whose last op made
the value (``z = w @ x``) belongs to that Forward step, so that stepping does not stop twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from types import BuiltinFunctionType, FunctionType
from typing import Any

from backprop_tui.engines.base import (
    Array,
    Engine,
    GradValue,
    NodeValue,
    Operand,
    Outgoing,
    Scalar,
    TensorValue,
)
from backprop_tui.trace.steps import (
    Accumulate,
    Assign,
    Backward,
    Bind,
    Call,
    Cleared,
    Failed,
    Forward,
    Loop,
    LoopAt,
    Named,
    Output,
    SeedGrad,
    Span,
    Step,
    Update,
    Where,
    ZeroGrad,
)
from backprop_tui.trace.trace import Trace

#: Containers are named element by element (``params[0]``) up to this many tensors.
NAMED_ELEMENTS = 32
#: The text kept of a value that is no tensor.
TEXT_WIDTH = 80


class Recorder:
    """Listens to an engine and observes an interpreter; writes steps to ``trace``.

    ``on_step`` is called after each step, with the trace complete up to it.
    """

    def __init__(
        self, trace: Trace, engine: Engine, on_step: Callable[[], None] | None = None
    ) -> None:
        self.trace = trace
        self.engine = engine
        self.on_step = on_step
        self.statement = self.expression = Span(1, 0, 1, 0)
        self._scopes: tuple[str, ...] = ()
        self._calls = [0]
        self._call_count = 0
        self._loops: list[LoopAt] = []
        self._loop_depths = [0]
        self._loops_now: tuple[LoopAt, ...] = ()
        self._modules: list[str] = []
        self._module_paths: dict[int, tuple[object, str]] = {}
        self._where = Where(self.statement, self.expression)
        self._marked: Where | None = None
        self._moved = True

    # ------------------------------------------------------------------ where we are

    def where(self) -> Where:
        """The current place; the same object while nothing moved."""
        grad_enabled = self.engine.is_grad_enabled()
        last = self._where
        if (
            self._moved
            or last.statement is not self.statement
            or last.expression is not self.expression
            or last.grad_enabled is not grad_enabled
        ):
            self._where = Where(
                self.statement,
                self.expression,
                self._scopes,
                self._calls[-1],
                self._loops_now,
                self._modules[-1] if self._modules else "",
                grad_enabled,
            )
            self._moved = False
        return self._where

    def _add(self, step: Step) -> None:
        self.trace.append(step)
        if self.on_step is not None:
            self.on_step()

    # ------------------------------------------------------------------ told by the interpreter

    def bind(self, names: Sequence[tuple[str, object]]) -> None:
        """Names now stand for values; see the module's docstring for where this is kept."""
        binds = self._named(names)
        last = self.trace[-1] if len(self.trace) else None
        if (
            isinstance(last, Forward)
            and last.where.statement is self.statement
            and last.where.call == self._calls[-1]
            and _are_outputs(binds, last)
        ):
            self.trace.amend(
                Forward(
                    last.index, last.where, last.op, last.inputs, last.attrs, last.outputs,
                    last.node, last.changed, last.binds + binds, last.grads,
                )
            )  # fmt: skip
        elif binds:
            self._add(Bind(len(self.trace), self.where(), binds))

    def enter(self, function: str, arguments: Sequence[tuple[str, object]]) -> None:
        """A function of the scenario is entered."""
        self._call_count += 1
        self._calls.append(self._call_count)
        self._scopes = (*self._scopes, function)
        self._loop_depths.append(len(self._loops))
        self._moved = True
        self._add(Call(len(self.trace), self.where(), function, self._named(arguments)))

    def leave(self) -> None:
        """The function is left, and with it the loops it was in."""
        self._calls.pop()
        self._scopes = self._scopes[:-1]
        del self._loops[self._loop_depths.pop() :]
        self._loops_now = tuple(self._loops)
        self._moved = True

    def loop_enter(self, name: str, total: int | None) -> None:
        """A loop begins; its rounds follow."""
        self._loops.append(LoopAt(name, 0, total))

    def loop_round(self, number: int, names: Sequence[tuple[str, object]]) -> None:
        """A round of the innermost loop begins."""
        self._loops[-1] = replace(self._loops[-1], number=number)
        self._loops_now = tuple(self._loops)
        self._moved = True
        self._add(Loop(len(self.trace), self.where(), self._named(names)))

    def loop_exit(self) -> None:
        """The innermost loop ended."""
        self._loops.pop()
        self._loops_now = tuple(self._loops)
        self._moved = True

    def output(self, text: str) -> None:
        """Something was printed."""
        self._add(Output(len(self.trace), self.where(), text))

    def mark(self) -> None:
        """Something goes wrong here, with these functions and loops around it."""
        self._marked = self.where()

    def failed(self, kind: str, message: str, hint: str) -> None:
        """The program stopped here."""
        where = self._marked or self.where()
        self._add(Failed(len(self.trace), where, kind, message, hint))

    # ------------------------------------------------------------------ told by the engine

    def forward(
        self,
        op: str,
        inputs: tuple[Operand, ...],
        attrs: Mapping[str, object],
        outputs: tuple[TensorValue, ...],
        node: NodeValue | None,
        changed: tuple[TensorValue, ...] = (),
        grads: tuple[GradValue, ...] = (),
    ) -> None:
        """An op ran."""
        index, where = len(self.trace), self.where()
        self._add(Forward(index, where, op, inputs, attrs, outputs, node, changed, grads=grads))

    def seed_grad(self, tensor: TensorValue, grad: Array) -> None:
        """Backward begins."""
        self._add(SeedGrad(len(self.trace), self.where(), tensor, grad))

    def backward(
        self,
        node: NodeValue,
        incoming: tuple[Array | None, ...],
        outgoing: tuple[Outgoing | None, ...],
    ) -> None:
        """A Node passed its gradients on."""
        self._add(Backward(len(self.trace), self.where(), node, incoming, outgoing))

    def accumulate(
        self,
        tensor: TensorValue,
        node: NodeValue | None,
        incoming: Array,
        before: Array | None,
        after: Array,
    ) -> None:
        """A gradient arrived in ``.grad``."""
        self._add(Accumulate(len(self.trace), self.where(), tensor, node, incoming, before, after))

    def zero_grad(
        self, tensors: tuple[tuple[TensorValue, Array | None, Array | None], ...]
    ) -> None:
        """Gradients were cleared."""
        cleared = tuple([Cleared(*entry) for entry in tensors])
        self._add(ZeroGrad(len(self.trace), self.where(), cleared))

    def update(
        self,
        optimizer: str,
        group: Mapping[str, Scalar],
        grad: Array,
        before: TensorValue,
        after: TensorValue,
        state_before: Mapping[str, Array | Scalar],
        state_after: Mapping[str, Array | Scalar],
    ) -> None:
        """An optimizer changed a parameter."""
        self._add(
            Update(
                len(self.trace), self.where(), optimizer, group, grad, before, after,
                state_before, state_after,
            )
        )  # fmt: skip

    def assign(self, attribute: str, tensor: TensorValue, grad: Array | None) -> None:
        """``data``, ``grad`` or ``requires_grad`` was set."""
        self._add(Assign(len(self.trace), self.where(), attribute, tensor, grad))

    def enter_module(self, module: object) -> None:
        """A module's forward begins; its path is the name it was bound to, or its class."""
        known = self._module_paths.get(id(module))
        self._modules.append(known[1] if known else type(module).__name__)
        self._moved = True

    def exit_module(self, module: object) -> None:
        """A module's forward ended."""
        self._modules.pop()
        self._moved = True

    # ------------------------------------------------------------------ values

    def _named(self, names: Sequence[tuple[str, object]]) -> tuple[Named, ...]:
        found: list[Named] = []
        for name, value in names:
            found += self._name(name, value)
        return tuple(found)

    def _name(self, name: str, value: object) -> Sequence[Named]:
        if isinstance(value, bool | int | float):
            return (Named(name, repr(value), "number"),)
        kind = self.engine.kind(value)
        if kind == "Tensor":
            return (Named(name, self.engine.snapshot(value)),)
        if kind != "Module":
            text = Named(name, self._text(value, kind), "text")
            return [text, *self._elements(name, value, NAMED_ELEMENTS)]
        found = [Named(name, type(value).__name__, "module")]
        if name == "self":
            return found  # In __init__ there is nothing in it; later it goes by the name outside.
        for path, module in self.engine.named_modules(value):
            dotted = f"{name}.{path}" if path else name
            self._module_paths.setdefault(id(module), (module, dotted))
        for path, parameter in self.engine.named_parameters(value):
            found.append(Named(f"{name}.{path}", self.engine.snapshot(parameter), "parameter"))
        return found

    def _elements(self, name: str, value: object, room: int) -> Iterator[Named]:
        items: Sequence[tuple[object, object]] = ()
        if isinstance(value, list | tuple):
            items = list(enumerate(value[:room]))
        elif isinstance(value, dict):
            items = list(islice(value.items(), room))
        for key, item in items:
            part = f"{name}[{self._key(key)}]"
            if self.engine.kind(item) == "Tensor":
                yield Named(part, self.engine.snapshot(item), "element")
            elif isinstance(item, list | tuple) and name.count("[") < 1:
                yield from self._elements(part, item, room)

    def _key(self, key: object) -> str:
        if isinstance(key, str):
            return repr(key[:TEXT_WIDTH])
        return repr(key) if isinstance(key, int | float | None) else type(key).__name__

    def _text(self, value: Any, kind: str | None) -> str:
        if kind == "Node":
            return str(value.name()).rpartition(":")[2]
        if isinstance(value, FunctionType | BuiltinFunctionType):
            return value.__name__
        if kind is not None:
            return type(value).__name__
        if isinstance(value, str):
            return repr(value[:TEXT_WIDTH])
        if isinstance(value, list | tuple | dict | set):
            return f"{type(value).__name__} of {len(value)}"
        return type(value).__name__


def _are_outputs(binds: Sequence[Named], step: Forward) -> bool:
    made = [output.tensor for output in step.outputs]
    values = [named.value for named in binds]
    return all(isinstance(value, TensorValue) and value.tensor in made for value in values)
