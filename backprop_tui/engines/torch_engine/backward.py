"""Backward as PyTorch's engine runs it, told by hooks on every Node that can be reached.

    prehook   what arrived: gradients kept by ``retain_grad``; a leaf's ``.grad`` before
    hook      what went in and out, in true order of execution

The buffers in which several paths meet are PyTorch's own business and cannot be seen; they are
added up again from what leaves each Node, in the same order. That a gradient was summed back
because of broadcasting is seen among the operations that ran inside the Node.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from backprop_tui.engines.base import Array, Edge, NodeValue, Outgoing
from backprop_tui.engines.torch_engine.recorder import Recorder, current
from backprop_tui.engines.torch_engine.seen import copied, equal, grad_fn_of, leaf_of, unseen


class Run:
    """One backward."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.book = recorder.book
        self.handles: list[Any] = []
        #: (Node, input number) → the sum of what has arrived so far: the tensor and its numbers
        self.buffers: dict[tuple[int, int], tuple[Any, Array]] = {}
        #: Node → the tensors among its outputs that keep their gradient, by output number
        self.retained: dict[int, list[tuple[int, Any]]] = {}
        #: tensors that keep their gradient, and leaves → ``.grad`` before
        self.before: dict[int, Array | None] = {}

    # ------------------------------------------------------------------ hooks

    def watch(self, roots: Sequence[Any]) -> None:
        """Put hooks on every Node that can be reached."""
        seen: set[int] = set()
        stack = [root for root in roots if root is not None]
        while stack:
            node = stack.pop()
            number = self.book.node(node)
            if number in seen:
                continue
            seen.add(number)
            self._hook(node, number)
            stack += [target for target, _ in node.next_functions if target is not None]
        for ref in self.recorder.retaining:
            tensor: Any = ref()
            node = None if tensor is None else grad_fn_of(tensor)
            if node is not None and self.book.node(node) in seen:
                number = self.book.node(node)
                self.retained.setdefault(number, []).append((tensor.output_nr, tensor))
                self.before[id(tensor)] = self.book.grad(tensor)

    def _hook(self, node: Any, number: int) -> None:
        leaf, told = leaf_of(node), self.book.node_value(node)
        count = self.book.count_of(node)

        def before(grads: Any) -> None:
            with unseen():
                if leaf is None:
                    self.arrived(number, grads)
                else:
                    self.before[id(leaf)] = self.book.grad(leaf)

        def after(grads_out: Any, grads_in: Any) -> None:
            with unseen():
                if leaf is None:
                    self.ran(told, grads_out, grads_in, count)
                else:
                    self.accumulated(told, leaf, grads_in)

        self.handles += [node.register_prehook(before), node.register_hook(after)]

    def arrived(self, number: int, grads: Any) -> None:
        """A Node is about to run; ``retain_grad`` has done its work."""
        for index, tensor in self.retained.get(number, ()):
            if grads[index] is not None:
                before, after = self.before[id(tensor)], self.book.grad(tensor)
                self.before[id(tensor)] = after
                incoming = self._incoming(number, index, grads[index])
                self._accumulate(tensor, None, incoming, before, after)

    def accumulated(self, told: NodeValue, leaf: Any, grads: Any) -> None:
        """A leaf received its gradient."""
        if grads and grads[0] is not None:
            incoming = self._incoming(told.node, 0, grads[0])
            self.buffers.pop((told.node, 0), None)
            before = self.before.pop(id(leaf), None)
            if before is None and leaf.grad is not None and leaf.grad.shape == grads[0].shape:
                self.book.holds(leaf.grad, incoming)  # the first gradient is taken as it came
            self._accumulate(leaf, told, incoming, before, self.book.grad(leaf))

    def _accumulate(
        self,
        tensor: Any,
        told: NodeValue | None,
        incoming: Array,
        before: Array | None,
        after: Array | None,
    ) -> None:
        listener = self.recorder.listener
        if listener is not None and after is not None:
            listener.accumulate(self.book.snapshot(tensor), told, incoming, before, after)

    def ran(self, told: NodeValue, grads_out: Any, grads_in: Any, outputs: int) -> None:
        """A Node ran; outputs that can have no gradient (indices) are None among ``incoming``."""
        incoming = tuple(
            [
                None if grad is None else self._incoming(told.node, index, grad)
                for index, grad in enumerate(grads_in)
            ]
        )
        passed = [(g, a) for g, a in zip(grads_in, incoming, strict=True) if a is not None]
        incoming += (None,) * (outputs - len(incoming))
        outgoing = tuple(
            [
                None if edge is None or grad is None else self._outgoing(edge, grad, passed)
                for edge, grad in zip(told.next_functions, grads_out, strict=False)
            ]
        )
        self.recorder.sums.clear()
        for index in range(len(incoming)):
            self.buffers.pop((told.node, index), None)
        if self.recorder.listener is not None:
            self.recorder.listener.backward(told, incoming, outgoing)

    # ------------------------------------------------------------------ numbers

    def _incoming(self, node: int, index: int, grad: Any) -> Array:
        """What arrived, as the same array that was told to leave for here, if it is the same."""
        kept = self.buffers.get((node, index))
        if kept is not None and kept[0] is grad:
            return kept[1]
        array = copied(grad)
        if kept is not None and equal(kept[1], array):
            array = kept[1]
        self.buffers[node, index] = (grad, array)
        return array

    def _outgoing(self, edge: Edge, grad: Any, passed: Sequence[tuple[Any, Array]]) -> Outgoing:
        """What leaves along an edge; what only passes through is the array that came in."""
        array = _numbers(grad, passed)
        whole = self.recorder.sums.get(id(grad))
        unreduced = None if whole is None else _numbers(whole[1], passed)
        key = (edge.node, edge.index)
        kept = self.buffers.get(key)
        before = None if kept is None else kept[1]
        after = array
        if kept is None:
            self.buffers[key] = (grad, array)
        else:
            with torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction():
                total = kept[0].detach() + grad.detach()
            after = copied(total)
            self.buffers[key] = (total, after)
        return Outgoing(edge, array, unreduced, before, after)


def _numbers(grad: Any, passed: Sequence[tuple[Any, Array]]) -> Array:
    """The numbers of a gradient: those of one in ``passed`` if it is the same memory, or a copy."""
    for other, array in passed:
        if grad is other or (
            grad.data_ptr() == other.data_ptr() != 0
            and grad.shape == other.shape
            and grad.stride() == other.stride()
            and grad.dtype == other.dtype
        ):
            return array
    return copied(grad)


# ---------------------------------------------------------------------- PyTorch's engine


class RecordedEngine:
    """Stands in for PyTorch's autograd engine while somebody records, in any thread."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)

    def run_backward(
        self,
        tensors: Sequence[Any],
        grad_tensors: Sequence[Any],
        keep_graph: bool,
        create_graph: bool,
        inputs: Any = (),
        allow_unreachable: bool = False,
        accumulate_grad: bool = False,
    ) -> Any:
        """PyTorch's own, with every Node told as it runs."""
        recorder = current()

        def run() -> Any:
            return self.engine.run_backward(
                tensors, grad_tensors, keep_graph, create_graph, inputs,
                allow_unreachable=allow_unreachable, accumulate_grad=accumulate_grad,
            )  # fmt: skip

        if recorder is None or recorder.quiet or not _can_run(tensors, grad_tensors):
            return run()
        with watched(recorder, tensors, grad_tensors):
            return run()


def _can_run(tensors: Sequence[Any], grads: Sequence[Any]) -> bool:
    """Whether PyTorch will begin at all: each root is part of a graph and has a gradient."""
    return all(
        isinstance(t, torch.Tensor) and t.requires_grad and g is not None
        for t, g in zip(tensors, grads, strict=False)
    )


@contextmanager
def watched(recorder: Recorder, tensors: Sequence[Any], grads: Sequence[Any]) -> Iterator[None]:
    """Inside, a backward from ``tensors`` runs and is told."""
    recorder.flush()
    with unseen():
        run = _begun(recorder, tensors, grads)
    enabled, function = recorder.grad_enabled, recorder.function
    recorder.grad_enabled = torch.is_grad_enabled() if enabled is None else enabled
    recorder.function = None
    recorder.in_backward += 1
    try:
        yield
    finally:
        recorder.in_backward -= 1
        recorder.grad_enabled, recorder.function = enabled, function
        recorder.sums.clear()
        for handle in run.handles:
            handle.remove()


def _begun(recorder: Recorder, tensors: Sequence[Any], grads: Sequence[Any]) -> Run:
    run = Run(recorder)
    roots = [(tensor, grad, _edge_of(tensor)) for tensor, grad in zip(tensors, grads, strict=True)]
    for tensor, grad, (node, index) in roots:
        array = copied(grad)
        if recorder.listener is not None:
            recorder.listener.seed_grad(recorder.book.snapshot(tensor), array)
        key = (recorder.book.node(node), index)
        run.buffers[key] = (grad, array)
    run.watch([node for *_, (node, _) in roots])
    return run


def _edge_of(tensor: Any) -> tuple[Any, int]:
    edge = torch.autograd.graph.get_gradient_edge(tensor)
    return edge.node, edge.output_nr
