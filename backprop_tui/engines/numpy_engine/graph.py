"""The autograd graph: Nodes, their edges, and what they saved from the forward pass."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from inspect import CO_VARARGS
from itertools import compress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from backprop_tui.engines.base import Array, Edge, NodeValue
from backprop_tui.engines.numpy_engine import state
from backprop_tui.ops.base import OPS, Op, Shape, reduce_to

if TYPE_CHECKING:
    from backprop_tui.engines.numpy_engine.tensor import Tensor

Hook = Callable[[Any], Any]


class Version:
    """How often a tensor was changed in place; views and ``detach()`` share it."""

    count = 0


class Keep(NamedTuple):
    """One thing that rules read on backward: an input by its position, or only its shape."""

    name: str
    position: int
    shape: bool


class Plan:
    """An op record made ready to run: its inputs in order and what each gradient needs."""

    __slots__ = ("_keeps", "inputs", "is_view", "op", "rest", "rules", "scalars", "vjp_inputs")

    def __init__(self, op: Op) -> None:
        code = op.forward.__code__
        positional = code.co_varnames[: code.co_argcount]
        keywords = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        self.op = op
        self.inputs: tuple[str, ...] = tuple(
            name for name in positional if name in op.vjps or name in op.plain or not op.vjps
        )
        #: the name of any number of further inputs (``*indices``), or ""
        first = code.co_argcount + code.co_kwonlyargcount
        self.rest = code.co_varnames[first] if code.co_flags & CO_VARARGS else ""
        self.scalars = tuple(n for n in keywords if n in ("self", "other", "exponent"))
        #: positions of the inputs that an edge leads to, in ``next_functions`` order
        self.vjp_inputs = () if op.variadic else tuple(self.inputs.index(name) for name in op.vjps)
        self.rules = tuple(op.vjps.values())
        self.is_view = op.view
        self._keeps: dict[tuple[bool, ...], tuple[tuple[Keep, ...], bool]] = {}

    def keeps(self, wanted: tuple[bool, ...]) -> tuple[tuple[Keep, ...], bool]:
        """What to keep of the inputs if a gradient is wanted of these, and whether of the result.

        The position of the further inputs (``rest``) is that of the first of them.
        """
        found = self._keeps.get(wanted)
        if found is None:
            names = {name: None for vjp in compress(self.rules, wanted) for name in vjp.saves}
            of_inputs = (name for name in names if name != "result")
            found = (tuple([self._keep(name) for name in of_inputs]), "result" in names)
            self._keeps[wanted] = found
        return found

    def _keep(self, name: str) -> Keep:
        source = name.removesuffix("_shape")
        if self.op.variadic or source == self.rest:
            return Keep(name, len(self.inputs), source != name)
        return Keep(name, self.inputs.index(source), source != name)


PLANS: dict[str, Plan] = {}


def plan_of(name: str) -> Plan:
    """The Plan of an op, made at its first use."""
    plan = PLANS.get(name)
    if plan is None:
        plan = PLANS[name] = Plan(OPS[name])
    return plan


class SavedInput:
    """An input kept for backward: the tensor itself, as it was at this version."""

    __slots__ = ("tensor", "version")

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor
        self.version = tensor._version_counter.count

    def unpack(self) -> Array:
        if self.tensor._version_counter.count != self.version:
            origin = self.tensor._grad_fn
            raise modified(
                self.tensor.array,
                ""
                if origin is None
                else f", which is output {self.tensor._output_nr} of {short_name(origin.name())},",
                self.tensor._version_counter.count,
                self.version,
            )
        array: Array = self.tensor.array
        return array


class SavedTuple:
    """Several saved tensors under one name."""

    __slots__ = ("parts",)

    def __init__(self, parts: Sequence[SavedInput | SavedResult]) -> None:
        self.parts = parts

    def unpack(self) -> Any:
        return Unpacked(self.parts)


class Unpacked(Sequence[Any]):
    """Several saved tensors; each is looked at when a rule reads it.

    What PyTorch does not save, and no rule reads, may be changed in place: ``ReLU(inplace=True)``
    after a normalisation or a pooling.
    """

    __slots__ = ("parts",)

    def __init__(self, parts: Sequence[SavedInput | SavedResult]) -> None:
        self.parts = parts

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(part.unpack() for part in self.parts[index])
        return self.parts[index].unpack()


class SavedResult:
    """An output kept for backward: its array alone, since the output holds the Node."""

    __slots__ = ("array", "counter", "output_nr", "owner", "version")

    def __init__(self, array: Array, counter: Version, owner: str, output_nr: int) -> None:
        self.array = array
        self.counter = counter
        self.version = counter.count
        self.owner = owner
        self.output_nr = output_nr

    def unpack(self) -> Array:
        if self.counter.count != self.version:
            raise modified(
                self.array,
                f", which is output {self.output_nr} of {short_name(self.owner)},",
                self.counter.count,
                self.version,
            )
        return self.array


def short_name(node_name: str) -> str:
    """ "TanhBackward0" as errors call it: "Tanh" (leaves "CopySlices" alone)."""
    return node_name.removesuffix("Backward0")


def modified(array: Array, of: str, version: int, expected: int) -> RuntimeError:
    """PyTorch's error for a saved tensor that an in-place operation changed."""
    from backprop_tui.engines.numpy_engine.dtypes import of_array

    return RuntimeError(
        "one of the variables needed for gradient computation has been modified by an inplace "
        f"operation: [torch.{of_array(array).legacy}Tensor {list(array.shape)}]{of} is at "
        f"version {version}; expected version {expected} instead. Hint: enable anomaly detection "
        "to find the operation that failed to compute its gradient, with "
        "torch.autograd.set_detect_anomaly(True, check_nan=False)."
    )


class Node:
    """A function of the backward graph, as PyTorch's ``grad_fn``."""

    __slots__ = (
        "__weakref__",
        "_id",
        "_told",
        "attrs",
        "edges",
        "freed",
        "keeps_result",
        "metas",
        "outputs",
        "plain",
        "plan",
        "post_hooks",
        "pre_hooks",
        "retained",
        "saved",
        "sequence_nr",
    )

    def __init__(self, plan: Plan, attrs: dict[str, Any]) -> None:
        now = state.now()
        self.sequence_nr = now.sequence_nr
        now.sequence_nr += 1
        self.plan: Plan = plan
        self.attrs = attrs
        self.edges: tuple[tuple[Any, int], ...] = ()
        self.metas: list[tuple[Shape, np.dtype[Any]]] = []
        #: shape and dtype of each output, for gradients that never arrive
        self.outputs: list[tuple[Shape, np.dtype[Any]]] = []
        #: inputs and results that the rules read, and of others the shape or plain number
        self.saved: dict[str, SavedInput | SavedResult | SavedTuple] = {}
        self.plain: dict[str, Any] = {}
        self.keeps_result = False
        self.freed = False
        self.pre_hooks: dict[int, list[Hook]] | None = None
        self.post_hooks: list[Callable[..., Any]] | None = None
        self.retained: dict[int, weakref.ref[Tensor]] | None = None
        self._id = 0
        self._told: NodeValue | None = None

    # -- as PyTorch shows it
    def name(self) -> str:
        return self.plan.op.grad_fn

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        return self.edges

    def _sequence_nr(self) -> int:
        return self.sequence_nr

    @property
    def metadata(self) -> dict[str, object]:
        return {}

    @property
    def label(self) -> str:
        """The name as people say it: ``name()`` without the C++ namespace."""
        return self.name().rpartition(":")[2]

    def __lt__(self, other: Node) -> bool:
        """Whether it runs before ``other`` when both are ready; ties are left to the queue."""
        return self.sequence_nr > other.sequence_nr

    def __repr__(self) -> str:
        return f"<{self.label} object at {id(self):#x}>"

    def __getattr__(self, attribute: str) -> Any:
        """``_saved_<name>`` as PyTorch offers it."""
        wanted = attribute.removeprefix("_saved_")
        if wanted != attribute:
            if wanted in self.attrs:
                return self.attrs[wanted]
            if self.freed:
                raise RuntimeError(SECOND_TIME)
            if wanted in self.saved:
                from backprop_tui.engines.numpy_engine.tensor import Tensor

                kept = self.saved[wanted]
                value = kept.unpack()
                return kept.tensor if isinstance(kept, SavedInput) else Tensor(value)
        raise AttributeError(f"'{self.name()}' object has no attribute '{attribute}'")

    def register_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(grad_inputs, grad_outputs)`` after this Node ran."""
        if self.post_hooks is None:
            self.post_hooks = []
        self.post_hooks.append(hook)
        return RemovableHandle(self.post_hooks, hook)

    # -- as the engine runs it
    def __call__(self, grads: list[Array | None]) -> tuple[list[Array | None], list[Array | None]]:
        """The gradients along the edges: (reduced to the inputs' shapes, before that)."""
        if self.freed:
            raise RuntimeError(SECOND_TIME)
        edges, op = self.edges, self.plan.op
        reduced: list[Array | None] = [None] * len(edges)
        unreduced: list[Array | None] = [None] * len(edges)
        g: Any = grads[0] if op.outputs == 1 else self._filled(grads)
        if g is None:
            return reduced, unreduced
        saved = self.unpacked()
        rules = self.plan.rules
        several = list(rules[0].rule(g, saved)) if op.variadic else None
        for number, (target, _) in enumerate(edges):
            if target is None:
                continue
            grad = rules[number].rule(g, saved) if several is None else several[number]
            if grad is None:
                continue
            grad = np.asarray(grad)
            shape, dtype = self.metas[number]
            if grad.shape != shape:
                unreduced[number] = grad
                grad = reduce_to(grad, shape)
            reduced[number] = grad if grad.dtype is dtype else grad.astype(dtype, copy=False)
        return reduced, unreduced

    def _filled(self, grads: list[Array | None]) -> tuple[Array, ...] | None:
        """Zeros for the outputs whose gradient never arrived; None if none did."""
        if all(g is None for g in grads):
            return None
        return tuple(
            np.zeros(shape, dtype) if one is None else one
            for one, (shape, dtype) in zip(grads, self.outputs, strict=True)
        )

    def unpacked(self) -> SimpleNamespace:
        """What the rules read: saved tensors (their versions checked), shapes, attributes."""
        found = SimpleNamespace(**self.attrs)
        names = found.__dict__
        names.update(self.plain)
        for name, kept in self.saved.items():
            names[name] = kept.unpack()
        return found

    def release(self) -> None:
        """Let go of what was saved; a second backward is refused if there was anything."""
        if self.saved:
            self.freed = True
            self.saved = {}

    def told(self) -> NodeValue:
        """This Node as the Listener is told of it."""
        if self._told is None:
            self._told = NodeValue(
                node_id(self),
                self.label,
                self.sequence_nr,
                tuple(edge_value(node, index) for node, index in self.edges),
            )
        return self._told


class AccumulateGrad(Node):
    """Where a leaf's gradient arrives; it always runs as soon as it can."""

    __slots__ = ("variable",)

    def __init__(self, variable: Tensor) -> None:
        self.sequence_nr = 2**64 - 1
        self.variable = variable
        self.attrs = {}
        self.edges = ()
        self.metas = []
        self.outputs = [(variable.array.shape, variable.array.dtype)]
        self.saved = {}
        self.plain = {}
        self.keeps_result = False
        self.freed = False
        self.pre_hooks = None
        self.post_hooks = None
        self.retained = None
        self._id = 0
        self._told = None

    def name(self) -> str:
        return "torch::autograd::AccumulateGrad"

    def __getattr__(self, attribute: str) -> Any:
        raise AttributeError(f"'AccumulateGrad' object has no attribute '{attribute}'")


class RemovableHandle:
    """What ``register_hook`` returns."""

    __slots__ = ("hook", "hooks")

    def __init__(self, hooks: list[Any], hook: Any) -> None:
        self.hooks = hooks
        self.hook = hook

    def remove(self) -> None:
        if self.hook in self.hooks:
            self.hooks.remove(self.hook)


SECOND_TIME = (
    "Trying to backward through the graph a second time (or directly access saved tensors after "
    "they have already been freed). Saved intermediate values of the graph are freed when you "
    "call .backward() or autograd.grad(). Specify retain_graph=True if you need to backward "
    "through the graph a second time or if you need to access saved tensors after calling "
    "backward."
)


def node_id(node: Node) -> int:
    """A Node's number, given at first sight."""
    if not node._id:
        now = state.now()
        now.nodes_seen += 1
        node._id = now.nodes_seen
    return node._id


def edge_value(node: Node | None, index: int) -> Edge | None:
    """An edge as the Listener is told of it."""
    if node is None:
        return None
    variable = node.variable._identity() if isinstance(node, AccumulateGrad) else None
    return Edge(node_id(node), index, variable)
