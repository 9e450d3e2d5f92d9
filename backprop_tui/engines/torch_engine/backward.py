"""Backward as PyTorch's engine runs it, captured by hooks on every Node that can be reached.

    prehook   gradients kept by ``retain_grad``, only where something keeps its gradient
    hook      what went in and out, in true order of execution

Captured are the Node and mentions of its gradients; ``gradients.py`` works out the rest. That a
gradient was summed back because of broadcasting is seen among the operations inside the Node,
unless all Nodes are such as can run unobserved (``derivatives.py``): that is a good deal faster.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import torch

from backprop_tui.engines.torch_engine.derivatives import summed
from backprop_tui.engines.torch_engine.gradients import Gradients
from backprop_tui.engines.torch_engine.mentions import Mention
from backprop_tui.engines.torch_engine.modes import operations_unseen
from backprop_tui.engines.torch_engine.recorder import Recorder, current
from backprop_tui.engines.torch_engine.seen import grad_fn_of, leaf_of, unseen


class Run:
    """One backward."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.mentions = recorder.mentions
        self.gradients = Gradients(recorder.decoder)
        self.handles: list[Any] = []
        #: whether no operation inside has to be seen, and no code of the program's own runs
        self.unobserved = False
        #: id of a Node → the tensors among its outputs that keep their gradient, by output number
        self.retained: dict[int, list[tuple[int, Any]]] = {}

    def watch(self, roots: Sequence[Any], unobserved: bool) -> None:
        """Put hooks on every Node that can be reached; see if it can run ``unobserved``."""
        written: list[tuple[Any, Any]] = []
        seen: dict[int, Any] = {}  # a Node's id is its own for as long as somebody holds it
        stack = list(roots)
        handles, ran, grads = self.handles, self.ran, self.recorder.grads
        while stack:
            node = stack.pop()
            if node is None or id(node) in seen:
                continue
            seen[id(node)] = node
            leaf = leaf_of(node)
            if leaf is None:
                sums = summed(node) if unobserved else None
                unobserved = sums is not None
                handles.append(node.register_hook(partial(ran, node, sums)))
                stack += [target for target, _ in node.next_functions]
            else:
                handles.append(node.register_hook(partial(self.accumulated, node, leaf)))
                if leaf._backward_hooks or leaf._post_accumulate_grad_hooks:
                    unobserved = False
                if leaf.grad is not None:
                    written.append((node, leaf))
                if id(leaf) not in grads:
                    grads[id(leaf)] = before = self.mentions.grad(leaf)
                    if before is not None:
                        self.mentions.waiting.add(before)
        for ref in self.recorder.retaining:
            tensor: Any = ref()
            node = None if tensor is None else grad_fn_of(tensor)
            if node is not None and id(node) in seen:
                grads[id(tensor)] = before = self.mentions.grad(tensor)
                if before is not None:
                    self.mentions.waiting.add(before)
                kept = self.retained.setdefault(id(node), [])
                if not kept:
                    handles.append(node.register_prehook(partial(self.arrived, node)))
                kept.append((tensor.output_nr, tensor))
        self.unobserved = unobserved and not any(len(h.hooks_dict_ref()) > 1 for h in handles)
        if self.unobserved:
            for node, leaf in written:
                handles.append(node.register_prehook(partial(self.writes, leaf)))

    # ------------------------------------------------------------------ hooks

    def writes(self, leaf: Any, _: Any) -> None:
        """A leaf is about to receive a gradient, added to the one that it has."""
        with unseen():
            if leaf.grad is not None:
                self.mentions.written(leaf.grad)

    def arrived(self, node: Any, arrived: Any) -> None:
        """A Node is about to run; ``retain_grad`` has done its work."""
        with unseen():
            for index, tensor in self.retained[id(node)]:
                if arrived[index] is not None:
                    self._kept(tensor, node, index, arrived[index], None)

    def accumulated(self, node: Any, leaf: Any, _: Any, arrived: Any) -> None:
        """A leaf received its gradient."""
        if arrived and arrived[0] is not None:
            with unseen():
                self._kept(leaf, node, 0, arrived[0], node)

    def _kept(self, tensor: Any, node: Any, index: int, grad: Any, accumulator: Any) -> None:
        recorder, mentions = self.recorder, self.mentions
        mentions.has_grad(tensor)
        before, after = recorder.grads.get(id(tensor)), mentions.grad(tensor)
        recorder.grads[id(tensor)] = after
        if after is not None:
            mentions.waiting.add(after)
            recorder.also(
                self.gradients.accumulated,
                mentions.seen(tensor), node, index, mentions.of(grad), before, after, accumulator,
            )  # fmt: skip
            if before is not None:
                mentions.waiting.discard(before)
            recorder.flush()

    def ran(self, node: Any, summed_: tuple[int, ...] | None, left: Any, arrived: Any) -> None:
        """A Node ran."""
        recorder, of = self.recorder, self.mentions.of
        with unseen():
            sums: dict[Mention, Mention] | None = None
            if summed_ and self.unobserved:
                came = arrived[0]
                sums = {of(left[i]): of(came) for i in summed_ if left[i] is not None}
            elif recorder.sums:
                whole = recorder.sums
                sums = {of(g): of(whole[id(g)][1]) for g in left if id(g) in whole}
                recorder.sums = {}
            recorder.also(
                self.gradients.ran,
                node,
                [None if grad is None else of(grad) for grad in left],
                [None if grad is None else of(grad) for grad in arrived],
                sums,
            )
            recorder.flush()


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
        with watched(recorder, tensors, grad_tensors, create_graph):
            return run()


def _can_run(tensors: Sequence[Any], grads: Sequence[Any]) -> bool:
    """Whether PyTorch will begin at all: each root is part of a graph and has a gradient."""
    return all(
        isinstance(t, torch.Tensor) and t.requires_grad and g is not None
        for t, g in zip(tensors, grads, strict=False)
    )


@contextmanager
def watched(
    recorder: Recorder, tensors: Sequence[Any], grads: Sequence[Any], create_graph: bool
) -> Iterator[None]:
    """Inside, a backward from ``tensors`` runs and is captured."""
    recorder.flush()
    run = Run(recorder)
    with unseen():
        seen, of = recorder.mentions.seen, recorder.mentions.of
        roots = [_edge_of(tensor) for tensor in tensors]
        for tensor, grad, (node, index) in zip(tensors, grads, roots, strict=True):
            recorder.note(run.gradients.begins, seen(tensor), of(grad), node, index)
        recorder.flush()
        eager = recorder.most == 0 or recorder.hooked or recorder.in_backward or create_graph
        run.watch([node for node, _ in roots], not eager)
    enabled, function = recorder.grad_enabled, recorder.function
    recorder.grad_enabled = torch.is_grad_enabled() if enabled is None else enabled
    recorder.function = None
    recorder.in_backward += 1
    try:
        with operations_unseen(recorder) if run.unobserved else nullcontext():
            yield
    finally:
        recorder.in_backward -= 1
        recorder.grad_enabled, recorder.function = enabled, function
        recorder.sums.clear()
        if not recorder.in_backward:
            recorder.mentions.waiting.difference_update(recorder.grads.values())
            recorder.grads.clear()
        for handle in run.handles:
            handle.remove()


def _edge_of(tensor: Any) -> tuple[Any, int]:
    edge = torch.autograd.graph.get_gradient_edge(tensor)
    return edge.node, edge.output_nr
