"""Decoding: what was captured while PyTorch ran becomes what the Listener is told.

    (Decoder.forward, place, grad mode, plan, mentions …)   ──▶   listener.forward(op, operands, …)

Everything that can wait is done here: names, attributes, Nodes and their edges, numbers. What is
captured is told in the order in which it happened, and every mention stands for its tensor as it
was then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from backprop_tui.engines.base import Array, GradValue, Listener, Operand, Scalar, TensorValue
from backprop_tui.engines.summary import Summary
from backprop_tui.engines.torch_engine.aten import Plan
from backprop_tui.engines.torch_engine.mentions import Mention, history_of
from backprop_tui.engines.torch_engine.norms import distance, norm, tensor_norm
from backprop_tui.engines.torch_engine.seen import Book, grad_fn_of
from backprop_tui.ops.updates import ONE_NUMBER, hyperparameters

#: A mention of a tensor and, where it has one, of its ``.grad``.
WithGrad = tuple[Mention, Mention | None]
State = Mapping[str, Mention | Scalar]


class InPlace:
    """What an operation in place changed: its target first, then aliases; gradients by owner."""

    __slots__ = ("changed", "grads", "history")

    def __init__(self, history: Any) -> None:
        #: the Node that it replaces
        self.history = history
        self.changed: Sequence[Mention] = ()
        self.grads: Sequence[tuple[Mention, Mention]] = ()


class Decoder:
    """Tells one listener, with the numbers of one book."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.listener: Listener | None = None
        #: is told the norms of each update: the parameter's gradient, the update, itself after
        self.measure: Callable[[Any, float, float, float], None] | None = None

    # ------------------------------------------------------------------ operations

    def forward(
        self,
        plan: Plan,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        outputs: Sequence[Mention],
        numbers: Mapping[Mention, Scalar],
        in_place: InPlace | None,
    ) -> None:
        """An operation ran; ``numbers`` are arguments that were numbers as it was written."""
        book, listener = self.book, self.listener
        if listener is None:
            return
        bound = plan.bind(args, kwargs)
        inputs = plan.operands(bound)
        operands = tuple(
            [
                Operand(name, self._operand(value, numbers))
                for name, value in inputs
                if not isinstance(value, complex)
            ]
        )
        if not operands:
            return
        changed: tuple[TensorValue, ...] = ()
        grads: tuple[GradValue, ...] = ()
        told: tuple[TensorValue, ...]
        if in_place is not None:
            changed = self.changed(in_place.changed)
            grads = self._grads(in_place.grads)
            target = in_place.changed[0]
            given = target.attributes
            node = history_of(target.tensor) if given is None else given.history
            if node is in_place.history:
                node = None
            told = changed[:1]
        else:
            node = next((n for n in map(_grad_fn, outputs) if n is not None), None)
            if node is not None and plan.name == "_reshape_alias":
                book.rename(node, "ReshapeAliasBackward0")
            told = tuple([book.value(output) for output in outputs])
        if node is not None:
            book.outputs_of(node, len(told))
        name = plan.name
        if any(_is_complex(value) for _, value in inputs):
            name = f"{name}.complex"  # the records are about real numbers
        output = outputs[0].tensor if outputs else None
        listener.forward(
            name,
            operands,
            plan.attributes({key: real(value) for key, value in bound.items()}, output),
            told,
            None if node is None else book.node_value(node),
            changed,
            grads,
        )

    def _operand(self, value: Any, numbers: Mapping[Mention, Scalar]) -> Any:
        """A tensor as it was; a number as it was written."""
        if not isinstance(value, Mention):
            return value
        number = numbers.get(value)
        return self.book.value(value) if number is None else number

    def named(
        self,
        op: str,
        inputs: Sequence[tuple[str, Mention]],
        attrs: Mapping[str, object],
        outputs: Sequence[Mention],
    ) -> None:
        """A function is told as one operation."""
        book = self.book
        operands = tuple([Operand(name, book.value(one)) for name, one in inputs])
        node = next((n for n in map(_grad_fn, outputs) if n is not None), None)
        if node is not None:
            book.outputs_of(node, len(outputs))
        if self.listener is not None:
            self.listener.forward(
                op,
                operands,
                attrs,
                tuple([book.value(one) for one in outputs]),
                None if node is None else book.node_value(node),
            )

    def changed(self, mentions: Sequence[Mention]) -> tuple[TensorValue, ...]:
        """The tensor that was changed, then every other one told before in the same memory."""
        own = self.book.value(mentions[0])
        others = [one for one in mentions[1:] if self.book.of(one).number]
        others.sort(key=lambda one: self.book.of(one).number)
        return (own, *[self.book.value(one) for one in others])

    def _grads(self, found: Sequence[tuple[Mention, Mention]]) -> tuple[GradValue, ...]:
        of = self.book.of
        told = [(owner, grad) for owner, grad in found if of(owner).number]
        told.sort(key=lambda pair: of(pair[0]).number)
        return tuple([GradValue(self.book.value(o), self.book.array(g)) for o, g in told])

    # ------------------------------------------------------------------ tensors from outside

    def filled(self, mentions: Sequence[Mention], grad: Mention | None) -> None:
        """A tensor got other numbers, outside of any graph."""
        array = self.optional(grad)
        if self.listener is not None:
            for changed in self.changed(mentions):
                self.listener.assign("data", changed, array)

    def assigned(self, attribute: str, tensor: Mention, grad: Mention | None) -> None:
        """An attribute of a tensor was set."""
        if self.listener is not None:
            self.listener.assign(attribute, self.book.value(tensor), self.optional(grad))

    def optional(self, mention: Mention | None) -> Array | None:
        """Numbers, or None."""
        return None if mention is None else self.book.array(mention)

    # ------------------------------------------------------------------ modules and optimizers

    def enters(self, module: object) -> None:
        """A module's ``forward`` begins."""
        if self.listener is not None:
            self.listener.enter_module(module)

    def exits(self, module: object) -> None:
        """A module's ``forward`` ends."""
        if self.listener is not None:
            self.listener.exit_module(module)

    def cleared(self, before: Sequence[Mention | None], after: Sequence[WithGrad]) -> None:
        """Gradients were cleared."""
        grads = [self.optional(grad) for grad in before]
        told = [
            (self.book.value(tensor), was, self.optional(grad))
            for was, (tensor, grad) in zip(grads, after, strict=True)
        ]
        if self.listener is not None:
            self.listener.zero_grad(tuple(told))

    def updated(
        self,
        param: Any,
        optimizer: str,
        group: Mapping[str, Any],
        grad: Mention,
        before: Mention,
        after: Mention,
        state_before: State,
        state_after: State,
    ) -> None:
        """An optimizer changed one parameter."""
        book = self.book
        array, told = book.array(grad), book.value(before)
        state, changed = self._state(state_before), book.value(after)
        if self.listener is not None:
            self.listener.update(
                optimizer,
                hyperparameters(group),
                array,
                told,
                changed,
                state,
                self._state(state_after),
            )
        if self.measure is not None:
            if any(isinstance(one, Summary) for one in (array, told.data, changed.data)):
                tensors = (grad.tensor, after.tensor - before.tensor, after.tensor)
                norms = [tensor_norm(one) for one in tensors]
            else:
                norms = [norm(array), distance(changed.data, told.data), norm(changed.data)]
            self.measure(param, *norms)

    def _state(self, state: State) -> dict[str, Array | Scalar]:
        """What the optimizer remembers of a parameter: arrays, and as numbers what is one."""
        told: dict[str, Array | Scalar] = {}
        for name, value in state.items():
            if isinstance(value, Mention):
                array = self.book.array(value)
                alone = name in ONE_NUMBER and array.ndim == 0
                told[name] = array.item() if alone else array
            else:
                told[name] = float(value) if name == "step" else value
        return told


def real(value: Any) -> Any:
    """The value with tensors for their mentions."""
    if isinstance(value, Mention):
        return value.tensor
    if type(value) in (list, tuple):
        return type(value)([real(part) for part in value])
    return value


def _grad_fn(mention: Mention) -> Any:
    given = mention.attributes
    return grad_fn_of(mention.tensor) if given is None else given.grad_fn


def _is_complex(value: Any) -> bool:
    if isinstance(value, Mention):
        return bool(value.tensor.is_complex())
    return isinstance(value, complex)
