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
from backprop_tui.engines.torch_engine.numbers import SMALL
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
        #: the group whose parameter was told last, and its numbers
        self._group: tuple[Mapping[str, Any], Mapping[str, Scalar]] = ({}, {})
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
        operands: list[Operand] = []
        name = plan.name
        for label, value in plan.operands(bound):
            if type(value) is Mention:
                number = numbers.get(value) if numbers else None
                operands.append(Operand(label, book.value(value) if number is None else number))
                is_complex = value.tensor.is_complex()
            elif not (is_complex := type(value) is complex):
                operands.append(Operand(label, value))
            if is_complex:
                name = f"{plan.name}.complex"  # the records are about real numbers
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
            node = _node_of(outputs)
            if node is not None and plan.name == "_reshape_alias":
                book.of_node(node).name = "ReshapeAliasBackward0"
            told = tuple([book.value(output) for output in outputs])
        if node is not None:
            book.of_node(node).outputs = len(told)
        listener.forward(
            name,
            tuple(operands),
            plan.attributes(bound, outputs[0].tensor if outputs else None),
            told,
            None if node is None else book.node_value(node),
            changed,
            grads,
        )

    def several(self, told: Sequence[tuple[Callable[..., None], Sequence[Any]]]) -> None:
        """Several things happened in one."""
        for tell, what in told:
            tell(*what)

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
        node = _node_of(outputs)
        if node is not None:
            book.of_node(node).outputs = len(outputs)
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

    def stepped(
        self,
        optimizer: str,
        entries: Sequence[tuple[Any, Mapping[str, Any], Mention, Mention, State]],
        after: Sequence[tuple[Mention, State]],
    ) -> None:
        """An optimizer changed these parameters, one after the other."""
        for (param, group, grad, before, state), (changed, state_after) in zip(
            entries, after, strict=True
        ):
            self.updated(param, optimizer, group, grad, before, changed, state, state_after)

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
                self._hyperparameters(group),
                array,
                told,
                changed,
                state,
                self._state(state_after),
            )
        if self.measure is not None:
            if array.size > SMALL or isinstance(array, Summary):
                lengths = tensor_norm(grad.tensor), tensor_norm(after.tensor)
                update = distance(after.tensor, before.tensor)
            else:
                was, there = book.array(before), book.array(after)
                lengths = norm(array), norm(there)
                update = norm(there - was)
            self.measure(param, lengths[0], update, lengths[1])

    def _hyperparameters(self, group: Mapping[str, Any]) -> Mapping[str, Scalar]:
        """The numbers of a group, told as one object for all of its parameters."""
        if group is not self._group[0]:
            self._group = (group, hyperparameters(group))
        return self._group[1]

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


def _node_of(outputs: Sequence[Mention]) -> Any:
    """The Node that made these."""
    for output in outputs:
        given = output.attributes
        node = grad_fn_of(output.tensor) if given is None else given.grad_fn
        if node is not None:
            return node
    return None
