"""Tensors and Nodes by number, in the order of first sight, and tensors' values by copy.

A tensor is copied again only after something wrote to its memory: its own version counter tells of
changes that autograd sees, and a count per storage of those it does not (through ``.data``).
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import torch

from backprop_tui.engines.base import Array, Edge, GradValue, NodeValue, TensorValue

#: Inside, looking at a tensor's attributes is no call of the program's.
unseen = torch._C.DisableTorchFunction


class Storage:
    """The memory that tensors share: how often it was written, and what is known to lie in it."""

    __slots__ = ("lies_in", "writes")

    def __init__(self) -> None:
        self.writes = 0
        self.lies_in: dict[int, Seen] = {}


class Seen:
    """What is known of one tensor; ``number`` is 0 until the Listener is told of it."""

    __slots__ = (
        "accumulator", "at", "data", "key", "number", "ref", "shape", "storage", "told", "version",
        "writes",
    )  # fmt: skip

    def __init__(self, ref: weakref.ref[Any]) -> None:
        self.ref = ref
        self.number = self.accumulator = 0
        self.key = -1
        self.storage = Storage()
        self.told: TensorValue | None = None
        #: the numbers as they were at this version, after so many writes, at this address
        self.data: Array | None = None
        self.shape: tuple[int, ...] | None = None
        self.version = self.writes = self.at = -1


class Book:
    """The numbers and values of one engine's tensors and Nodes."""

    def __init__(self) -> None:
        self._tensors: dict[int, Seen] = {}
        self._storages: dict[int, Storage] = {}
        self._count = 0
        self._nodes = 0
        #: Under these keys a Node's number, how many outputs its operation was told with, and
        #: what it is called stand in its own ``metadata``.
        self._mark = object()
        self._outputs = object()
        self._name = object()

    # ------------------------------------------------------------------ tensors

    def _entry(self, tensor: Any) -> Seen:
        """What is known of a tensor; nothing yet at first."""
        key = id(tensor)
        known = self._tensors.get(key)
        if known is not None and known.ref() is tensor:
            return known

        def forget(_: object) -> None:
            if self._tensors.get(key) is entry:
                del self._tensors[key]
            self._leave(entry)

        entry = self._tensors[key] = Seen(weakref.ref(tensor, forget))
        self._place(entry, tensor)
        return entry

    def seen(self, tensor: Any) -> Seen:
        """The entry of a tensor that the Listener is told of; it has a number from now on."""
        entry = self._entry(tensor)
        if not entry.number:
            self._count += 1
            entry.number = self._count
        return entry

    def _place(self, entry: Seen, tensor: Any) -> None:
        """Find the storage that a tensor lies in now."""
        key = storage_key(tensor)
        if key != entry.key:
            self._leave(entry)
            entry.key = key
            entry.storage = self._storages.setdefault(key, Storage())
            entry.storage.lies_in[id(entry)] = entry

    def _leave(self, entry: Seen) -> None:
        storage = entry.storage
        storage.lies_in.pop(id(entry), None)
        if not storage.lies_in and self._storages.get(entry.key) is storage:
            del self._storages[entry.key]

    def written(self, tensor: Any) -> None:
        """Something wrote to the memory of ``tensor``."""
        storage = self._storages.get(storage_key(tensor))
        if storage is not None:
            storage.writes += 1

    def moved(self, tensor: Any) -> None:
        """``tensor.data`` was set: it lies in another memory now."""
        known = self._tensors.get(id(tensor))
        if known is not None and known.ref() is tensor:
            self._place(known, tensor)
            known.version = -1

    def apart(self, tensor: Any) -> None:
        """The tensor is told as if it had memory of its own (a part that ``unsafe_split`` made)."""
        entry = self._entry(tensor)
        self._leave(entry)
        entry.storage = Storage()
        entry.storage.lies_in[id(entry)] = entry

    def _data(self, entry: Seen, tensor: Any) -> Array:
        """The numbers; the same array as before if nothing wrote to them."""
        version, writes, at = version_of(tensor), entry.storage.writes, address(tensor)
        if (
            entry.data is None
            or entry.version != version
            or entry.writes != writes
            or entry.at != at
            or entry.shape != tensor.shape
        ):
            data = copied(tensor)
            if entry.data is None or not equal(entry.data, data):
                entry.data = data
            entry.version, entry.writes, entry.at = version, writes, at
            entry.shape = tensor.shape
        return entry.data

    def snapshot(self, tensor: Any) -> TensorValue:
        """The tensor as it is now; the same object as before if nothing changed."""
        entry = self.seen(tensor)
        data, told = self._data(entry, tensor), entry.told
        node = grad_fn_of(tensor)
        number = None if node is None else self.node(node)
        if (
            told is not None
            and told.data is data
            and told.node == number
            and told.requires_grad == tensor.requires_grad
            and told.retains_grad == tensor.retains_grad
        ):
            return told
        entry.told = TensorValue(
            entry.number,
            data,
            dtype_name(tensor),
            tensor.requires_grad,
            node is None,
            None if node is None else self.label(node),
            number,
            tensor.retains_grad,
        )
        return entry.told

    def array(self, tensor: Any) -> Array | None:
        """A read-only copy of the numbers, without a number for the tensor; None for None."""
        return None if tensor is None else self._data(self._entry(tensor), tensor)

    def holds(self, tensor: Any, array: Array) -> None:
        """The tensor's numbers are known to be these."""
        entry = self._entry(tensor)
        entry.data = array
        entry.version, entry.writes = version_of(tensor), entry.storage.writes
        entry.at, entry.shape = address(tensor), tensor.shape

    def grad(self, tensor: Any) -> Array | None:
        """``tensor.grad`` as a read-only copy; None for a non-leaf that keeps none."""
        return self.array(tensor.grad) if keeps_grad(tensor) else None

    def aliases(self, tensor: Any) -> tuple[TensorValue, ...]:
        """The tensor and every living one that was seen in the same memory, as they are now."""
        own = self.snapshot(tensor)
        entries = [one for one in self.seen(tensor).storage.lies_in.values() if one.number]
        others = [one.ref() for one in sorted(entries, key=lambda one: one.number)]
        return (own, *(self.snapshot(t) for t in others if t is not None and t is not tensor))

    def grads_in(self, tensor: Any) -> tuple[GradValue, ...]:
        """The tensors seen whose ``.grad`` lies in the memory of ``tensor``, as they are now."""
        if tensor.requires_grad:
            return ()
        key = storage_key(tensor)
        found = []
        for entry in sorted(self._tensors.values(), key=lambda one: one.number):
            owner = entry.ref() if entry.number else None
            if owner is None or not keeps_grad(owner):
                continue
            if owner.grad is not None and storage_key(owner.grad) == key:
                grad = self.array(owner.grad)
                if grad is not None:
                    found.append(GradValue(self.snapshot(owner), grad))
        return tuple(found)

    # ------------------------------------------------------------------ Nodes

    def node(self, node: Any) -> int:
        """A Node's number; AccumulateGrad has its leaf's, since PyTorch makes it anew each time."""
        variable = leaf_of(node)
        if variable is not None:
            seen = self.seen(variable)
            if not seen.accumulator:
                self._nodes += 1
                seen.accumulator = self._nodes
            return seen.accumulator
        metadata = node.metadata
        number: int | None = metadata.get(self._mark)
        if number is None:
            self._nodes += 1
            number = metadata[self._mark] = self._nodes
        return number

    def label(self, node: Any) -> str:
        """A Node's name without the C++ namespace, or the one that it was given by ``rename``."""
        if leaf_of(node) is None:
            given: str | None = node.metadata.get(self._name)
            if given is not None:
                return given
        name: str = node.name()
        return name.rpartition(":")[2]

    def rename(self, node: Any, name: str) -> None:
        """Tell a Node under this name from now on."""
        node.metadata[self._name] = name

    def outputs_of(self, node: Any, count: int) -> None:
        """A Node's operation was told with so many outputs."""
        if leaf_of(node) is None:
            node.metadata[self._outputs] = count

    def count_of(self, node: Any) -> int:
        """With how many outputs a Node's operation was told; 0 if it was not."""
        count: int = 0 if leaf_of(node) is not None else node.metadata.get(self._outputs, 0)
        return count

    def node_value(self, node: Any) -> NodeValue:
        """A Node as the Listener is told of it."""
        return NodeValue(
            self.node(node),
            self.label(node),
            node._sequence_nr(),
            tuple([self.edge(target, index) for target, index in node.next_functions]),
        )

    def edge(self, node: Any, index: int) -> Edge | None:
        """An edge as the Listener is told of it."""
        if node is None:
            return None
        variable = leaf_of(node)
        leaf = None if variable is None else self.seen(variable).number
        return Edge(self.node(node), index, leaf)


# ---------------------------------------------------------------------- of tensors and Nodes


def leaf_of(node: Any) -> Any:
    """The leaf of an AccumulateGrad; None for any other Node."""
    return node.variable if type(node).__name__ == "AccumulateGrad" else None


def grad_fn_of(tensor: Any) -> Any:
    """``tensor.grad_fn``; None for a view that PyTorch itself refuses to give one."""
    try:
        return tensor.grad_fn
    except RuntimeError:
        return None


def keeps_grad(tensor: Any) -> bool:
    """Whether a tensor can have a ``.grad``; PyTorch warns when that of another is looked at."""
    return tensor.retains_grad or grad_fn_of(tensor) is None


def version_of(tensor: Any) -> int:
    """How often the tensor was changed in place; inference tensors do not count."""
    try:
        version: int = tensor._version
    except RuntimeError:
        return 0
    return version


def storage_key(tensor: Any) -> int:
    """Which memory a tensor lies in; the tensor itself where it has no plain one."""
    try:
        key: int = tensor.untyped_storage()._cdata
    except (RuntimeError, NotImplementedError):
        return -id(tensor)
    return key


def address(tensor: Any) -> int:
    """Where in memory its first element lies."""
    try:
        at: int = tensor.data_ptr()
    except (RuntimeError, NotImplementedError):
        return 0
    return at


def dtype_name(tensor: Any) -> str:
    """ "torch.float32"; a layout that is not strided is said with it."""
    plain = str(tensor.dtype)
    return plain if tensor.layout is torch.strided else f"{plain} ({tensor.layout})"


def equal(a: Array, b: Array) -> bool:
    """Whether shape, dtype and all numbers are the same, NaN included."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    return bool((a == b).all()) or (a.dtype.kind in "fc" and np.array_equal(a, b, equal_nan=True))


def copied(tensor: Any) -> Array:
    """The numbers of any tensor as a read-only array; empty where there are none to be had."""
    with torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction():
        try:
            array = _numbers(tensor.detach())
        except (RuntimeError, TypeError, NotImplementedError):
            array = np.zeros(0, np.float32)
    array.setflags(write=False)
    return array


def _numbers(plain: Any) -> Array:
    if plain.is_quantized:
        plain = plain.dequantize()
    if plain.layout is not torch.strided:
        plain = plain.to_dense()
    if plain.device.type != "cpu":
        plain = plain.cpu()
    if plain.dtype in _WIDENED:
        plain = plain.float()
    if plain.is_complex():
        plain = torch.view_as_real(plain.resolve_conj())  # a pair for every number
    array: Array = np.array(plain.resolve_conj().resolve_neg().numpy(), order="C", copy=True)
    return array


#: dtypes that NumPy does not have; shown as float32 under their own name.
_WIDENED = tuple(
    getattr(torch, name)
    for name in ("bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz")
    if hasattr(torch, name)
)
