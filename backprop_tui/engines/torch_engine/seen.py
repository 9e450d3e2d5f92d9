"""Tensors and Nodes by number, in the order of first sight, and tensors' values by copy.

A tensor is copied again only after something wrote to its memory: its own version counter tells of
changes that autograd sees, and a count per storage of those it does not (through ``.data``).
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import torch

from backprop_tui.engines.base import Array, Edge, NodeValue, TensorValue

#: Inside, looking at a tensor's attributes is no call of the program's.
unseen = torch._C.DisableTorchFunction


class Storage:
    """The memory that tensors share: how often it was written, and which tensors lie in it."""

    __slots__ = ("seen", "writes")

    def __init__(self) -> None:
        self.writes = 0
        self.seen: list[weakref.ref[Any]] = []


class Seen:
    """What is known of one tensor."""

    __slots__ = (
        "accumulator",
        "at",
        "key",
        "number",
        "ref",
        "storage",
        "told",
        "version",
        "writes",
    )

    def __init__(self, number: int, ref: weakref.ref[Any]) -> None:
        self.number = number
        self.ref = ref
        self.accumulator = 0
        self.key = -1
        self.storage = Storage()
        self.told: TensorValue | None = None
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

    def seen(self, tensor: Any) -> Seen:
        """The entry of a tensor, made at first sight."""
        known = self._tensors.get(id(tensor))
        if known is not None and known.ref() is tensor:
            return known
        self._count += 1
        number, key = self._count, id(tensor)
        tensors = self._tensors

        def forget(_: object) -> None:
            if key in tensors and tensors[key].number == number:
                gone = tensors.pop(key)
                gone.storage.seen.remove(gone.ref)
                if not gone.storage.seen:
                    self._storages.pop(gone.key, None)

        known = tensors[key] = Seen(number, weakref.ref(tensor, forget))
        self._place(known, tensor)
        return known

    def knows(self, tensor: Any) -> bool:
        """Whether the tensor has a number."""
        known = self._tensors.get(id(tensor))
        return known is not None and known.ref() is tensor

    def _place(self, seen: Seen, tensor: Any) -> None:
        """Find the storage that a tensor lies in now."""
        key = storage_key(tensor)
        if key == seen.key:
            return
        if seen.ref in seen.storage.seen:
            seen.storage.seen.remove(seen.ref)
        seen.key = key
        seen.storage = self._storages.setdefault(key, Storage())
        seen.storage.seen.append(seen.ref)
        seen.told = None

    def written(self, tensor: Any) -> None:
        """Something wrote to the memory of ``tensor``."""
        storage = self._storages.get(storage_key(tensor))
        if storage is not None:
            storage.writes += 1

    def moved(self, tensor: Any) -> None:
        """``tensor.data`` was set: it lies in another memory now."""
        if self.knows(tensor):
            self._place(self.seen(tensor), tensor)
            self.seen(tensor).version = -1

    def snapshot(self, tensor: Any) -> TensorValue:
        """The tensor as it is now; the same object as before if nothing changed."""
        seen = self.seen(tensor)
        node = grad_fn_of(tensor)
        number = None if node is None else self.node(node)
        told = seen.told
        same = (
            told is not None
            and seen.version == version_of(tensor)
            and seen.writes == seen.storage.writes
            and seen.at == address(tensor)
        )
        if (
            told is not None
            and same
            and told.node == number
            and told.requires_grad == tensor.requires_grad
            and told.retains_grad == tensor.retains_grad
        ):
            return told
        if told is not None and same:
            data = told.data
        else:
            data = copied(tensor)
            if told is not None and equal(told.data, data):
                data = told.data
        seen.version, seen.writes = version_of(tensor), seen.storage.writes
        seen.at = address(tensor)
        seen.told = TensorValue(
            seen.number,
            data,
            dtype_name(tensor),
            tensor.requires_grad,
            node is None,
            None if node is None else self.label(node),
            number,
            tensor.retains_grad,
        )
        return seen.told

    def array(self, tensor: Any) -> Array | None:
        """A read-only copy of the numbers, without a number for the tensor; None for None."""
        if tensor is None:
            return None
        if self.knows(tensor):
            seen = self.seen(tensor)
            if (
                seen.told is not None
                and seen.version == version_of(tensor)
                and seen.writes == seen.storage.writes
                and seen.at == address(tensor)
            ):
                return seen.told.data
        return copied(tensor)

    def grad(self, tensor: Any) -> Array | None:
        """``tensor.grad`` as a read-only copy; None for a non-leaf that keeps none."""
        return self.array(tensor.grad) if tensor.is_leaf or tensor.retains_grad else None

    def aliases(self, tensor: Any) -> tuple[TensorValue, ...]:
        """The tensor and every living one that was seen in the same memory, as they are now."""
        own = self.snapshot(tensor)
        others = [ref() for ref in self.seen(tensor).storage.seen]
        return (
            own,
            *(self.snapshot(one) for one in others if one is not None and one is not tensor),
        )

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
    return np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")


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
    array: Array = np.array(plain.resolve_conj().resolve_neg().numpy(), order="C", copy=True)
    return array


#: dtypes that NumPy does not have; shown as float32 under their own name.
_WIDENED = tuple(
    getattr(torch, name)
    for name in ("bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz")
    if hasattr(torch, name)
)
