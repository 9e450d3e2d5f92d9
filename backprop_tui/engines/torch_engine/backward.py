"""Backward as PyTorch's engine runs it, captured by hooks on every Node that can be reached.

    prehook   gradients kept by ``retain_grad``, only where something keeps its gradient
    hook      what went in and out, in true order of execution

Captured are the Node and mentions of its gradients; ``gradients.py`` works out the rest. That a
gradient was summed back because of broadcasting is seen among the operations inside the Node,
unless all Nodes are such as can run unobserved (``derivatives.py``): then no code of the program's
own runs meanwhile, and what the hooks were given is looked at when PyTorch's engine is done. In a
small graph a leaf that just one Node leads to, which leads to no other leaf, needs no hook then:
PyTorch's engine gives it its gradient right after that Node.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from types import CodeType
from typing import Any

import torch

from backprop_tui.engines.torch_engine.derivatives import summed
from backprop_tui.engines.torch_engine.gradients import Gradients
from backprop_tui.engines.torch_engine.mentions import Mention, Mentions
from backprop_tui.engines.torch_engine.modes import operations_seen, operations_unseen
from backprop_tui.engines.torch_engine.recorder import Recorder, current
from backprop_tui.engines.torch_engine.seen import ACCUMULATES, grad_fn_of, unseen
from backprop_tui.engines.torch_engine.tape import OFTEN

Grads = tuple[Any, ...]
Hook = Callable[[Grads, Grads], None]


class Run:
    """One backward; inside it is captured."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.gradients = Gradients(recorder.decoder)
        #: the Nodes that can be reached: Node, its leaf, and which of its outputs are plain sums
        self.nodes: list[tuple[Any, Any, tuple[int, ...] | None]] = []
        #: hooks as PyTorch keeps them → the one that is ours
        self.hooks: list[tuple[dict[Any, Any], Any]] = []
        self.prehooks: list[tuple[dict[Any, Any], Any]] = []
        #: whether no operation inside has to be seen, and no code of the program's own runs
        self.unobserved = False
        #: what the hooks of an unobserved run were given: number of the Node, gradients out and in
        self.kept: list[tuple[int, Grads, Grads]] = []
        #: leaves that need no hook, by the ``id`` of their AccumulateGrad
        self.follow: dict[int, tuple[Any, Any]] = {}
        #: id of a Node → the tensors among its outputs that keep their gradient, by output number
        self.retained: dict[int, list[tuple[int, Any]]] = {}

    def begin(self, tensors: Sequence[Any], grads: Sequence[Any], create_graph: bool) -> None:
        """A backward from ``tensors`` is about to run."""
        recorder = self.recorder
        recorder.flush()
        with unseen():
            roots = [_edge_of(tensor) for tensor in tensors]
            for tensor, grad, (node, index) in zip(tensors, grads, roots, strict=True):
                recorder.held(_begins, self.gradients.begins, tensor, grad, node, index)
            recorder.flush()
            eager = recorder.most == 0 or recorder.hooked or recorder.in_backward or create_graph
            self.watch([node for node, _ in roots], not eager)
        self._outside = recorder.grad_enabled, recorder.function, recorder.builds
        recorder.builds = create_graph
        if recorder.grad_enabled is None:
            recorder.grad_enabled = torch._C.is_grad_enabled()
        recorder.function = None
        recorder.in_backward += 1

    def end(self) -> None:
        """PyTorch's engine is done."""
        recorder = self.recorder
        try:
            self.settle()
        finally:
            recorder.in_backward -= 1
            recorder.grad_enabled, recorder.function, recorder.builds = self._outside
            recorder.sums.clear()
            if not recorder.in_backward:
                if any(recorder.grads.values()):
                    recorder.mentions.waiting.difference_update(recorder.grads.values())
                recorder.grads.clear()
            _remove(self.hooks)
            _remove(self.prehooks)

    # ------------------------------------------------------------------ before

    def watch(self, roots: list[Any], unobserved: bool) -> None:
        """Put hooks on every Node that can be reached; see if it can run ``unobserved``."""
        recorder = self.recorder
        first, grads, nodes = recorder.first_node, recorder.grads, self.nodes
        written: list[tuple[Any, Any]] = []
        #: to each leaf; many, if one more is reached from the same Node, or backward begins there
        edges = {id(root): OFTEN for root in roots}
        seen: dict[int, Any] = {}  # a Node's id is its own for as long as somebody holds it
        stack = roots
        while stack:
            node = stack.pop()
            if node is None or id(node) in seen:
                continue
            seen[id(node)] = node
            if type(node) is not ACCUMULATES:
                sums = None
                if unobserved and node._sequence_nr() >= first:
                    sums = summed(node)
                unobserved = sums is not None
                nodes.append((node, None, sums))
                targets = [target for target, _ in node.next_functions]
                leaves = [id(target) for target in targets if type(target) is ACCUMULATES]
                for target in leaves:
                    edges[target] = edges.get(target, 0) + len(leaves)
                stack += targets
                continue
            leaf = node.variable
            nodes.append((node, leaf, None))
            if leaf._backward_hooks or leaf._post_accumulate_grad_hooks:
                unobserved = False
            before = leaf.grad
            if before is not None:
                written.append((node, leaf))
            if id(leaf) not in grads:
                grads[id(leaf)] = self._waits(before)
        if recorder.retaining:
            self._retained(seen)
        self.unobserved = unobserved
        if unobserved and len(nodes) < OFTEN and not (written or self.retained):
            self.follow = {
                id(node): (node, leaf)
                for node, leaf, _ in nodes
                if leaf is not None and edges.get(id(node)) == 1 and leaf.is_cpu
            }
        if not self._hook() and unobserved:  # somebody else's are there
            _remove(self.hooks)
            self.unobserved = False
            self.follow = {}
            self._hook()
        if self.unobserved:
            for node, leaf in written:
                self._before(node, self._writing(leaf))

    def _hook(self) -> bool:
        """Put a hook on each Node; whether there were none before."""
        alone, unobserved, put = True, self.unobserved, self.hooks
        for index, (node, leaf, _) in enumerate(self.nodes):
            if id(node) in self.follow:
                continue
            if unobserved:
                hook = self._keeping(index)
            elif leaf is None:
                hook = self._running(node)
            else:
                hook = self._accumulating(node, leaf)
            hooks = node.register_hook(hook)
            put.append((hooks, hook))
            if len(hooks) > 1:
                alone = False
        return alone

    def _before(self, node: Any, hook: Any) -> None:
        self.prehooks.append((node.register_prehook(hook), hook))

    def _waits(self, grad: Any) -> Mention | None:
        """A gradient as it is before."""
        if grad is None:
            return None
        mentions = self.recorder.mentions
        mention = mentions.of(grad)
        mentions.waiting.add(mention)
        return mention

    def _retained(self, seen: dict[int, Any]) -> None:
        for ref in self.recorder.retaining:
            tensor: Any = ref()
            node = None if tensor is None else grad_fn_of(tensor)
            if node is not None and id(node) in seen:
                self.recorder.grads[id(tensor)] = self._waits(tensor.grad)
                kept = self.retained.setdefault(id(node), [])
                if not kept:
                    self._before(node, self._arriving(node))
                kept.append((tensor.output_nr, tensor))

    # ------------------------------------------------------------------ hooks

    def _running(self, node: Any) -> Hook:
        def backward_hook(left: Grads, arrived: Grads) -> None:
            with unseen():
                self.ran(node, left, arrived)
                self.recorder.flush()

        return backward_hook

    def _accumulating(self, node: Any, leaf: Any) -> Hook:
        def backward_hook(_: Grads, arrived: Grads) -> None:
            if arrived and arrived[0] is not None:
                with unseen():
                    self.accumulated(leaf, node, 0, arrived[0], node)
                    self.recorder.flush()

        return backward_hook

    def _keeping(self, index: int) -> Hook:
        kept = self.kept

        def backward_hook(left: Grads, arrived: Grads) -> None:
            kept.append((index, left, arrived))
            if len(kept) >= OFTEN:
                self.settle()

        return backward_hook

    def _arriving(self, node: Any) -> Any:
        """A Node is about to run; ``retain_grad`` has done its work."""

        def backward_prehook(arrived: Grads) -> None:
            with unseen():
                self.settle()
                for index, tensor in self.retained[id(node)]:
                    if arrived[index] is not None:
                        self.accumulated(tensor, node, index, arrived[index], None)
                self.recorder.flush()

        return backward_prehook

    def _writing(self, leaf: Any) -> Any:
        """A leaf is about to receive a gradient, added to the one that it has."""

        def backward_prehook(_: Grads) -> None:
            with unseen():
                if leaf.grad is not None:
                    self.settle()
                    self.recorder.overwritten([leaf.grad])

        return backward_prehook

    # ------------------------------------------------------------------ noted

    def settle(self) -> None:
        """Note what was kept."""
        if not self.kept:
            return
        recorder, nodes = self.recorder, self.nodes
        ran: list[tuple[Any, ...]] = []
        with unseen():
            for index, left, arrived in self.kept:
                node, leaf, outputs = nodes[index]
                if leaf is None:
                    ran.append((node, left, arrived, outputs))
                elif arrived and arrived[0] is not None and leaf.grad is not None:
                    before = recorder.grads.get(id(leaf))
                    ran.append((node, leaf, arrived[0], before, leaf.grad))
            self.kept.clear()
            follow = {at: (*one, one[1].grad) for at, one in self.follow.items()}
            recorder.also(recorder.decoder.several, ran, follow, mention=self._mention_all)
            recorder.flush()

    def _mention_all(
        self, mentions: Mentions, ran: list[Any], follow: dict[int, tuple[Any, Any, Any]]
    ) -> tuple[Any, ...]:
        """What is told of the Nodes that ran, and of the leaves that received their gradient."""
        told: list[Any] = []
        seen, of, gradients = mentions.seen, mentions.of, self.gradients
        for node, *what in ran:
            if type(node) is ACCUMULATES:
                leaf, grad, before, after = what
                mentions.has_grad(leaf)
                received = seen(leaf), node, 0, of(grad), before, of(after), node
                told.append((gradients.accumulated, received))
            else:
                left, arrived, outputs = what
                sums = [(left[i], arrived[0]) for i in outputs if _is_summed(left[i], arrived[0])]
                told.append((gradients.ran, _ran(mentions, node, left, arrived, sums)))
                for grad, (target, _) in zip(left, node.next_functions, strict=False):
                    accumulator, leaf, after = follow.get(id(target), (None, None, None))
                    if grad is not None and after is not None:
                        mentions.has_grad(leaf)
                        received = seen(leaf), target, 0, of(grad), None, of(after), accumulator
                        told.append((gradients.accumulated, received))
        return (told,)

    def ran(self, node: Any, left: Grads, arrived: Grads) -> None:
        """A Node ran; what was summed, of the gradients that left, is seen among the operations."""
        whole, self.recorder.sums = self.recorder.sums, {}
        sums = [(grad, whole[id(grad)][1]) for grad in left if id(grad) in whole]
        self.recorder.also(self.gradients.ran, node, left, arrived, sums, mention=_ran)

    def accumulated(self, tensor: Any, node: Any, index: int, grad: Any, accumulator: Any) -> None:
        """A tensor's ``.grad`` received this one."""
        recorder, mentions = self.recorder, self.recorder.mentions
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


def _begins(mentions: Mentions, tensor: Any, grad: Any, node: Any, index: int) -> tuple[Any, ...]:
    return mentions.seen(tensor), mentions.of(grad), node, index


def _ran(
    mentions: Mentions, node: Any, left: Grads, arrived: Grads, sums: Sequence[tuple[Any, Any]]
) -> tuple[Any, ...]:
    """What ``Gradients.ran`` is told; ``sums``: what left, and what was summed for it."""
    of = mentions.of
    return (
        node,
        [None if grad is None else of(grad) for grad in left],
        [None if grad is None else of(grad) for grad in arrived],
        {of(grad): of(whole) for grad, whole in sums} if sums else None,
    )


def _is_summed(left: Any, arrived: Any) -> bool:
    return left is not None and left.shape != arrived.shape


def _remove(hooks: list[tuple[dict[Any, Any], Any]]) -> None:
    for there, ours in hooks:
        there.pop(ours, None)
    hooks.clear()


def noticing(plain: Any) -> Any:
    """What PyTorch puts hooks on Nodes with: ours need no handle, and others' code runs inside."""

    def register_hook(hooks: dict[Any, Any] | None, hook: Any) -> tuple[dict[Any, Any], Any]:
        if getattr(hook, "__code__", None) in _OURS:
            there: dict[Any, Any] = OrderedDict() if hooks is None else hooks
            there[hook] = hook
            return there, there
        recorder = current()
        if recorder is not None:
            recorder.hooked = True
        registered: tuple[dict[Any, Any], Any] = plain.__func__(hooks, hook)
        return registered

    return staticmethod(register_hook)


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
        plain = partial(
            self.engine.run_backward,
            tensors, grad_tensors, keep_graph, create_graph, inputs,
            allow_unreachable=allow_unreachable, accumulate_grad=accumulate_grad,
        )  # fmt: skip
        if recorder is None:
            return plain()
        if recorder.quiet or not _can_run(tensors, grad_tensors):
            with operations_seen(recorder):
                return plain()
        run = Run(recorder)
        run.begin(tensors, grad_tensors, create_graph)
        try:
            with (operations_unseen if run.unobserved else operations_seen)(recorder):
                return plain()
        finally:
            run.end()


def _can_run(tensors: Sequence[Any], grads: Sequence[Any]) -> bool:
    """Whether PyTorch will begin at all: each root is part of a graph and has a gradient."""
    return all(
        isinstance(t, torch.Tensor) and t.requires_grad and g is not None
        for t, g in zip(tensors, grads, strict=False)
    )


def _edge_of(tensor: Any) -> tuple[Any, int]:
    node = grad_fn_of(tensor)
    if node is not None:
        return node, tensor.output_nr
    edge = torch.autograd.graph.get_gradient_edge(tensor)
    return edge.node, edge.output_nr


_OURS = frozenset(
    code
    for made in (
        Run._running,
        Run._accumulating,
        Run._keeping,
        Run._arriving,
        Run._writing,
    )
    for code in made.__code__.co_consts
    if isinstance(code, CodeType)
)
