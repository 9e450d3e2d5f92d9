"""Decoding a backward: what every Node passed on, and the buffers in which several paths meet.

The buffers are PyTorch's own business and cannot be seen; they are added up again from what leaves
each Node, in the same order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch

from backprop_tui.engines.base import Array, Edge, Outgoing
from backprop_tui.engines.promise import Promise
from backprop_tui.engines.torch_engine.decoder import Decoder
from backprop_tui.engines.torch_engine.memory import address
from backprop_tui.engines.torch_engine.mentions import Mention
from backprop_tui.engines.torch_engine.numbers import equal

Sums = Mapping[Mention, Mention]
#: A Node's number, and which of its inputs in backward.
Place = tuple[int, int]


class Buffer(NamedTuple):
    """What has arrived so far: a mention if it came along one path, else their sum."""

    grad: Mention
    array: Array


class Gradients:
    """One backward."""

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder
        self.book = decoder.book
        #: what has arrived and was not told yet
        self.buffers: dict[Place, Buffer] = {}

    def begins(self, tensor: Mention, grad: Mention, node: Any, index: int) -> None:
        """Backward begins at a tensor with this gradient."""
        array, value = self.book.passing(grad), self.book.value(tensor)
        if self.decoder.listener is not None:
            self.decoder.listener.seed_grad(value, array)
        self.buffers[self.book.of_node(node).number, index] = Buffer(grad, array)

    def accumulated(
        self,
        tensor: Mention,
        node: Any,
        index: int,
        grad: Mention,
        before: Mention | None,
        after: Mention,
        accumulator: Any,
    ) -> None:
        """``tensor.grad`` received a gradient: a leaf's from ``accumulator``, else kept on the way.

        ``node`` is where the gradient arrived, as its input ``index``.
        """
        book = self.book
        told = None if accumulator is None else book.node_value(accumulator)
        place = book.of_node(node).number, index
        earlier = None if before is None else book.array(before)
        incoming = self._incoming(place, grad)
        if told is None:
            self.buffers[place] = Buffer(grad, incoming)
        elif before is None and after.tensor.shape == grad.tensor.shape:
            book.holds(after, incoming)  # the first gradient is taken as it came
        array = book.array(after)
        if self.decoder.listener is not None:
            self.decoder.listener.accumulate(book.value(tensor), told, incoming, earlier, array)

    def ran(
        self,
        node: Any,
        left: Sequence[Mention | None],
        arrived: Sequence[Mention | None],
        sums: Sums | None,
    ) -> None:
        """A Node ran; outputs that can have no gradient (indices) are None among ``incoming``."""
        book = self.book
        told = book.node_value(node)
        incoming: list[Array | None] = []
        passed: list[tuple[Mention, Array]] = []
        for index, grad in enumerate(arrived):
            if grad is None:
                incoming.append(None)
            else:
                array = self._incoming((told.node, index), grad)
                incoming.append(array)
                passed.append((grad, array))
        incoming += [None] * (book.of_node(node).outputs - len(incoming))
        outgoing = [
            None if edge is None or grad is None else self._outgoing(edge, grad, passed, sums)
            for edge, grad in zip(told.next_functions, left, strict=False)
        ]
        if self.decoder.listener is not None:
            self.decoder.listener.backward(told, tuple(incoming), tuple(outgoing))

    # ------------------------------------------------------------------ numbers

    def _incoming(self, place: Place, grad: Mention) -> Array:
        """What arrived, as the same array that was told to leave for here, if it is the same."""
        kept = self.buffers.pop(place, None)
        if kept is not None and kept.grad is grad:
            return kept.array
        array = self.book.passing(grad)
        if kept is not None and _are_equal(kept, Buffer(grad, array)):
            grad.data = array = kept.array
        return array

    def _outgoing(
        self,
        edge: Edge,
        grad: Mention,
        passed: Sequence[tuple[Mention, Array]],
        sums: Sums | None,
    ) -> Outgoing:
        """What leaves along an edge; what only passes through is the array that came in."""
        array = self._numbers(grad, passed)
        whole = None if sums is None else sums.get(grad)
        unreduced = None if whole is None else self._numbers(whole, passed)
        place = edge.node, edge.index
        kept = self.buffers.get(place)
        if kept is None:
            self.buffers[place] = Buffer(grad, array)
            return Outgoing(edge, array, unreduced, None, array)
        total = Mention(kept.grad.tensor.detach() + grad.tensor.detach())
        total.ours = True
        after = self.book.passing(total)
        self.buffers[place] = Buffer(total, after)
        return Outgoing(edge, array, unreduced, kept.array, after)

    def _numbers(self, grad: Mention, passed: Sequence[tuple[Mention, Array]]) -> Array:
        """The numbers of a gradient: those of one in ``passed`` if it is the same memory."""
        if grad.data is not None:
            return grad.data
        for other, array in passed:
            if _same(grad.tensor, other.tensor):
                grad.data = array
                return array
        return self.book.passing(grad)


def _are_equal(one: Buffer, other: Buffer) -> bool:
    """Whether the numbers are the same; what is promised is compared where it lies."""
    if isinstance(one.array, Promise) or isinstance(other.array, Promise):
        a, b = one.grad.tensor, other.grad.tensor
        return bool(a.shape == b.shape and a.dtype == b.dtype and torch.equal(a, b))
    return equal(one.array, other.array)


def _same(one: Any, other: Any) -> bool:
    return one is other or (
        one.shape == other.shape
        and address(one) == address(other) != 0
        and one.stride() == other.stride()
        and one.dtype == other.dtype
    )
