"""Backward, as PyTorch's engine does it: a ready queue, not a depth-first walk.

A Node is ready when every Node that feeds it has run. Among the ready ones the youngest (highest
sequence number) runs first; AccumulateGrad counts as the youngest of all. Gradients that reach a
Node on several paths are summed in its buffer before it runs.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from backprop_tui.engines.base import Array, Edge, Listener, Outgoing
from backprop_tui.engines.numpy_engine import state
from backprop_tui.engines.numpy_engine.graph import AccumulateGrad, Node, edge_value
from backprop_tui.engines.numpy_engine.tensor import Tensor

F = TypeVar("F", bound=Callable[..., Any])


def run_backward(
    roots: Sequence[tuple[Tensor, Array]],
    keep_graph: bool,
    wanted: Sequence[tuple[Node, int]] | None = None,
    accumulate: bool = True,
) -> dict[tuple[Node, int], Array]:
    """Send gradients from the roots to the leaves.

    ``wanted``: only the Nodes on a way to these edges run. With ``accumulate`` False the
    gradients at those edges are returned instead of being added to ``.grad``.
    """
    listener = state.now().listener
    buffers: dict[Node, list[Array | None]] = {}
    edges = [tensor._gradient_edge() for tensor, _ in roots]
    waiting = _dependencies([node for node, _ in edges])
    needed = None if wanted is None else _leading_to(waiting, [node for node, _ in wanted])
    captured: dict[tuple[Node, int], Array] = {}
    ready: list[Node] = []
    for (tensor, grad), (node, index) in zip(roots, edges, strict=True):
        if listener is not None:
            listener.seed_grad(tensor._snapshot(), _frozen(grad))
        if node not in buffers and not waiting[node]:
            heapq.heappush(ready, node)
        _add(buffers, node, index, grad)

    with state.quiet():
        while ready:
            node = heapq.heappop(ready)
            incoming = buffers.pop(node)
            if needed is not None and node not in needed:
                continue
            if node.pre_hooks or node.retained:
                _before(node, incoming)
            if not accumulate and wanted is not None:
                for index, grad_in in enumerate(incoming):
                    if (node, index) in wanted and grad_in is not None:
                        captured[node, index] = grad_in
            if isinstance(node, AccumulateGrad):
                if accumulate and incoming[0] is not None:
                    _accumulate(node, incoming[0])
                continue
            if not accumulate and needed is not None and not _continues(node, needed):
                continue
            reduced, unreduced = node(incoming)
            if needed is not None:
                for number, (target, _) in enumerate(node.edges):
                    if target not in needed:
                        reduced[number] = unreduced[number] = None
            if node.post_hooks:
                _after(node, reduced, incoming)
            told: list[Outgoing | None] = [None] * len(reduced)
            for number, (target, index) in enumerate(node.edges):
                if target is None:
                    continue
                grad_out = reduced[number]
                if grad_out is not None:
                    before, after = _add(buffers, target, index, grad_out)
                    if listener is not None:
                        told[number] = _outgoing(
                            edge_value(target, index), grad_out, unreduced[number], before, after
                        )
                elif target not in buffers:
                    buffers[target] = [None] * len(target.outputs)
                waiting[target] -= 1
                if not waiting[target]:
                    heapq.heappush(ready, target)
            if listener is not None:
                listener.backward(
                    node.told(),
                    tuple([None if g is None else _frozen(g) for g in incoming]),
                    tuple(told),
                )
            if not keep_graph:
                node.release()
    return captured


def _dependencies(roots: Sequence[Node]) -> dict[Node, int]:
    """For every Node reachable: how many edges lead to it."""
    counts: dict[Node, int] = dict.fromkeys(roots, 0)
    stack = list(counts)
    while stack:
        for target, _ in stack.pop().edges:
            if target is not None:
                if target in counts:
                    counts[target] += 1
                else:
                    counts[target] = 1
                    stack.append(target)
    return counts


def _leading_to(nodes: dict[Node, int], targets: Sequence[Node]) -> set[Node]:
    """The Nodes from which one of ``targets`` can be reached, the targets included."""
    needed = set(targets)
    sources: dict[Node, list[Node]] = {}
    for node in nodes:
        for target, _ in node.edges:
            if target is not None:
                sources.setdefault(target, []).append(node)
    stack = list(needed)
    while stack:
        for source in sources.get(stack.pop(), ()):
            if source not in needed:
                needed.add(source)
                stack.append(source)
    return needed


def _continues(node: Node, needed: set[Node]) -> bool:
    return any(target in needed for target, _ in node.edges)


def _add(
    buffers: dict[Node, list[Array | None]], node: Node, index: int, grad: Array
) -> tuple[Array | None, Array]:
    """Add a contribution to a Node's buffer; the buffer before and after."""
    buffer = buffers.get(node)
    if buffer is None:
        buffer = buffers[node] = [None] * len(node.outputs)
    before = buffer[index]
    after = grad if before is None else np.asarray(before + grad)
    buffer[index] = after
    return before, after


def _outgoing(
    edge: Edge | None, grad: Array, whole: Array | None, before: Array | None, after: Array
) -> Outgoing:
    assert edge is not None
    return Outgoing(
        edge, _frozen(grad), None if whole is None else _frozen(whole), before, _frozen(after)
    )


def _frozen(array: Array) -> Array:
    """The same array, which nobody writes to from now on."""
    if array.flags.writeable:
        array.setflags(write=False)
    return array


def _before(node: Node, incoming: list[Array | None]) -> None:
    """Hooks on the tensors that this Node made, then ``retain_grad``."""
    if node.pre_hooks:
        for index, hooks in node.pre_hooks.items():
            for hook in list(hooks):
                grad = incoming[index]
                if grad is not None:
                    with no_grad():
                        replaced = hook(Tensor(grad.copy()))
                    incoming[index] = grad if replaced is None else replaced.array
    if node.retained:
        for index, reference in node.retained.items():
            tensor, grad = reference(), incoming[index]
            if tensor is not None and grad is not None:
                _retain(tensor, grad)


def _after(node: Node, reduced: list[Array | None], incoming: list[Array | None]) -> None:
    """Hooks on the Node itself, which may give other gradients than it did."""
    grads_in = tuple(None if g is None else Tensor(g.copy()) for g in reduced)
    grads_out = tuple(None if g is None else Tensor(g.copy()) for g in incoming)
    for hook in list(node.post_hooks or ()):
        with no_grad():
            replaced = hook(grads_in, grads_out)
        if replaced is not None:
            reduced[:] = [None if r is None else r.array for r in replaced]


def _retain(tensor: Tensor, grad: Array) -> None:
    listener = state.now().listener
    before = None if listener is None else tensor._grad_array()
    if tensor._grad is None:
        tensor._set_grad(Tensor(grad.copy()))
    else:
        tensor._set_grad(Tensor(np.asarray(tensor._grad.array + grad)))
    if listener is not None:
        _tell_accumulate(listener, tensor, None, grad, before)


def _accumulate(node: AccumulateGrad, grad: Array) -> None:
    """Add to the leaf's ``.grad``, in place if there is one."""
    tensor = node.variable
    listener = state.now().listener
    before = None if listener is None else tensor._grad_array()
    if tensor._grad is None:
        tensor._set_grad(Tensor(grad.copy()))
    else:
        tensor._grad._write(tensor._grad.array + grad)
    if listener is not None:
        _tell_accumulate(listener, tensor, node, grad, before)
    if node.post_hooks:
        for hook in list(node.post_hooks):
            with no_grad():
                hook((), (Tensor(grad.copy()),))


def _tell_accumulate(
    listener: Listener, tensor: Tensor, node: Node | None, grad: Array, before: Array | None
) -> None:
    after = tensor._grad_array()
    assert after is not None
    listener.accumulate(
        tensor._snapshot(), None if node is None else node.told(), _frozen(grad), before, after
    )


# ---------------------------------------------------------------- what PyTorch offers


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """``torch.autograd.backward``: add the gradients to the leaves' ``.grad``."""
    wanted = None
    if inputs is not None:
        wanted = [t._gradient_edge() for t in _as_list(inputs)]
    run_backward(
        _seeds(_as_list(tensors), _as_list(grad_tensors)),
        _keeps(retain_graph, create_graph),
        wanted,
    )


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Tensor | None, ...]:
    """``torch.autograd.grad``: the gradients of ``inputs``, given back instead of accumulated."""
    sources = _as_list(inputs)
    for one in sources:
        if not one._requires_grad:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
    wanted = [t._gradient_edge() for t in sources]
    found = run_backward(
        _seeds(_as_list(outputs), _as_list(grad_outputs)),
        _keeps(retain_graph, create_graph),
        wanted,
        accumulate=False,
    )
    results: list[Tensor | None] = []
    for position, edge in enumerate(wanted):
        if edge not in found and not allow_unused:
            raise RuntimeError(
                f"The differentiated Tensor at index {position} appears to not have been used in "
                "the graph. Set allow_unused=True if this is the desired behavior."
            )
        results.append(Tensor(found[edge].copy()) if edge in found else None)
    return tuple(results)


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return [value] if isinstance(value, Tensor) else list(value)


def _keeps(retain_graph: bool | None, create_graph: bool) -> bool:
    if create_graph:
        raise NotImplementedError(
            "create_graph=True (gradients of gradients) is not offered by the NumPy engine; "
            "use the torch engine"
        )
    return bool(retain_graph)


def _seeds(roots: list[Tensor], gradients: list[Any]) -> list[tuple[Tensor, Array]]:
    gradients = gradients or [None] * len(roots)
    seeds = []
    for position, (root, gradient) in enumerate(zip(roots, gradients, strict=True)):
        if gradient is not None:
            if gradient.array.shape != root.array.shape:
                raise RuntimeError(
                    f"Mismatch in shape: grad_output[{position}] has a shape of "
                    f"{gradient.shape} and output[{position}] has a shape of {root.shape}."
                )
            seed = gradient.array.astype(root.array.dtype)
        elif root._requires_grad and root.array.size != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        else:
            seed = np.ones(root.array.shape, root.array.dtype)
        seeds.append((root, seed))
    for position, (root, _) in enumerate(seeds):
        if not root._requires_grad:
            raise RuntimeError(
                f"element {position} of tensors does not require grad and does not have a grad_fn"
            )
    return seeds


class _GradMode:
    """Sets the grad mode inside ``with``, or inside the function it decorates."""

    enabled = False

    def __init__(self) -> None:
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(state.now().grad_enabled)
        state.now().grad_enabled = self.enabled

    def __exit__(self, *error: object) -> None:
        state.now().grad_enabled = self._before.pop()

    def __call__(self, function: F) -> F:
        @wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return inside  # type: ignore[return-value]


class no_grad(_GradMode):
    """No graph is recorded inside (``torch.no_grad()``)."""

    def __new__(cls, function: Any = None) -> Any:
        made = super().__new__(cls)
        if function is None:
            return made
        made._before = []
        return made(function)


class enable_grad(_GradMode):
    """The graph is recorded inside, even within ``no_grad``."""

    enabled = True


class inference_mode(_GradMode):
    """Like ``no_grad`` (``torch.inference_mode()``)."""

    def __init__(self, mode: bool = True) -> None:
        super().__init__()
        self.enabled = not mode


class set_grad_enabled(_GradMode):
    """Sets the grad mode at once; as a context manager, sets it back at the end."""

    def __init__(self, mode: bool) -> None:
        super().__init__()
        self.enabled = bool(mode)
        self._set_from = state.now().grad_enabled
        state.now().grad_enabled = self.enabled

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        state.now().grad_enabled = self._set_from


def is_grad_enabled() -> bool:
    """``torch.is_grad_enabled``."""
    return state.now().grad_enabled


__all__ = [
    "backward",
    "enable_grad",
    "grad",
    "inference_mode",
    "is_grad_enabled",
    "no_grad",
    "set_grad_enabled",
]
