"""Tensors and Nodes by number, in the order of first sight, and what is told of their mentions.

A tensor's numbers are read again only after something wrote to its memory: its own version counter
tells of changes that autograd sees, a count per storage of those it does not (through ``.data``).
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import torch

from backprop_tui.engines.base import Array, Edge, NodeValue, TensorValue
from backprop_tui.engines.torch_engine.memory import SLIPPED, address, storage_key, version_of
from backprop_tui.engines.torch_engine.numbers import copied, equal, small, summarised, viewed
from backprop_tui.engines.torch_engine.promises import Promises, TensorPromise

if TYPE_CHECKING:
    from backprop_tui.engines.torch_engine.mentions import Mention

#: As of when a tensor's numbers are: version, writes to its storage, address and how often that
#: was given to it, shape.
Key = tuple[int, int, tuple[int, int], Any]

#: The Node at which a leaf receives its gradient.
ACCUMULATES = torch._C._functions.AccumulateGrad

#: Inside, looking at a tensor's attributes is no call of the program's.
unseen = torch._C.DisableTorchFunction


class Storage:
    """The memory that tensors share: how often it was written, and what is known to lie in it."""

    __slots__ = ("lies_in", "writes")

    def __init__(self) -> None:
        self.writes = 0
        self.lies_in: dict[int, Seen] = {}


#: Where a tensor lies before its memory is known.
NOWHERE = Storage()


class Seen(weakref.ref[Any]):
    """A weak reference to a tensor, with what is known of it; ``number`` is 0 until the Listener is
    told of it."""

    __slots__ = (
        "accumulator",
        "data",
        "id",
        "key",
        "memory",
        "moves",
        "number",
        "seen",
        "storage",
        "told",
        "told_of",
    )

    def __init__(self, tensor: Any, forget: Callable[[Seen], None]) -> None:
        self.id = id(tensor)
        self.number = self.moves = 0
        self.accumulator: SeenNode | None = None
        self.memory = -1
        self.storage = NOWHERE
        #: whether the Listener is told of it, now or later
        self.seen = False
        self.told: TensorValue | None = None
        #: the numbers with which that was told
        self.told_of: Array | None = None
        #: the numbers as they were told last, and as of when
        self.data: Array | None = None
        self.key: Key | None = None


class SeenNode:
    """What is known of one Node, kept in its own ``metadata``."""

    __slots__ = ("edge", "name", "number", "outputs", "told")

    def __init__(self, number: int) -> None:
        self.number = number
        #: with how many outputs its operation was told; 0: it was not
        self.outputs = 0
        #: what it is told as, if not by its own name
        self.name: str | None = None
        self.told: NodeValue | None = None
        #: to an AccumulateGrad
        self.edge: Edge | None = None

    def label(self, node: Any) -> str:
        """Its name, without the C++ namespace."""
        if self.name is None:
            self.name = node.name().rpartition(":")[2]
        return self.name


class Book:
    """The numbers and values of one engine's tensors and Nodes.

    Tensors of more than ``limit`` elements are told as Summary; None: never.
    """

    def __init__(self) -> None:
        self.limit: int | None = None
        self.promises = Promises()
        self._tensors: dict[int, Seen] = {}
        self._storages: dict[int, Storage] = {}
        self._count = 0
        self._nodes = 0
        #: under this key stands what is known of a Node
        self._mark = object()

    # ------------------------------------------------------------------ tensors

    def entry(self, tensor: Any) -> Seen:
        """What is known of a tensor; nothing yet at first."""
        key = id(tensor)
        known = self._tensors.get(key)
        if known is not None and known() is tensor:
            return known
        entry = self._tensors[key] = Seen(tensor, self._forget)
        self._place(entry, tensor)
        return entry

    def _forget(self, entry: Seen) -> None:
        if self._tensors.get(entry.id) is entry:
            del self._tensors[entry.id]
        self._leave(entry)

    def seen(self, tensor: Any) -> Seen:
        """The entry of a tensor that the Listener is told of; it has a number from now on."""
        return self._numbered(self.entry(tensor))

    def _numbered(self, entry: Seen) -> Seen:
        if not entry.number:
            self._count += 1
            entry.number = self._count
            entry.seen = True
        return entry

    def _place(self, entry: Seen, tensor: Any) -> None:
        """Find the storage that a tensor lies in now."""
        key = storage_key(tensor)
        if key != entry.memory:
            if entry.storage is not NOWHERE:
                self._leave(entry)
            storage = self._storages.get(key)
            if storage is None:
                storage = self._storages[key] = Storage()
            entry.memory, entry.storage = key, storage
            storage.lies_in[id(entry)] = entry

    def _leave(self, entry: Seen) -> None:
        storage = entry.storage
        storage.lies_in.pop(id(entry), None)
        if not storage.lies_in and self._storages.get(entry.memory) is storage:
            del self._storages[entry.memory]

    def written(self, memory: int, tensors: Sequence[Any] = ()) -> Sequence[Any]:
        """Something is about to write to this storage; copies of these, which lie there."""
        made = self.promises.written(memory, tensors)
        storage = self._storages.get(memory)
        if storage is not None:
            storage.writes += 1
        return made

    def moved(self, tensor: Any) -> None:
        """``tensor.data`` was set: it lies in another memory now."""
        known = self._tensors.get(id(tensor))
        if known is not None and known() is tensor:
            self._place(known, tensor)
            known.moves += 1

    def apart(self, tensor: Any) -> None:
        """The tensor is told as if it had memory of its own (a part that ``unsafe_split`` made)."""
        entry = self.entry(tensor)
        self._leave(entry)
        entry.storage = Storage()
        entry.storage.lies_in[id(entry)] = entry

    def key(self, entry: Seen, tensor: Any) -> Key:
        """As of when the numbers of a tensor are, if they are read now."""
        writes, moves = entry.storage.writes, entry.moves
        try:
            return tensor._version, writes, (tensor.data_ptr(), moves), tensor.shape
        except (RuntimeError, NotImplementedError):
            return version_of(tensor), writes, (address(tensor), moves), tensor.shape

    # ------------------------------------------------------------------ what is told of mentions

    def of(self, mention: Mention) -> Seen:
        """The entry of the tensor that is mentioned."""
        if mention.entry is None:
            mention.entry = self.entry(mention.tensor)
        return mention.entry

    def array(self, mention: Mention) -> Array:
        """The numbers; the same array as before if nothing wrote to them."""
        if mention.data is None:
            entry = self.of(mention)
            key = mention.key or self._unwritten(mention, entry)
            if entry.data is None or entry.key != key:
                data = self.read(mention, entry.data)
                if entry.data is None or data is not entry.data:
                    entry.data = data
                entry.key = key
            mention.data = entry.data
        return mention.data

    def passing(self, mention: Mention) -> Array:
        """The numbers of a tensor that nobody asks for again."""
        if mention.data is None:
            if mention.entry is not None or id(mention.tensor) in self._tensors:
                return self.array(mention)
            mention.data = self.read(mention, None)
        return mention.data

    def read(self, mention: Mention, known: Array | None) -> Array:
        """The numbers, or a promise of them; ``known`` itself if they are few and these."""
        if self.limit is not None and mention.tensor.numel() > self.limit:
            return summarised(mention.tensor)
        there = small(mention.tensor, known)
        if there is not None:
            return there
        if mention.ours:
            return viewed(mention.tensor)
        version = version_of(mention.tensor) if mention.version >= 0 else -1
        promise = self.promises.of(mention.tensor, version)
        if promise is not None:
            return cast("Array", promise)
        array = copied(mention.tensor)
        there = known.there if isinstance(known, TensorPromise) else known
        return array if known is None or there is None or not equal(there, array) else known

    def _unwritten(self, mention: Mention, entry: Seen) -> Key:
        key = self.key(entry, mention.tensor)
        if key[0] != mention.version >= 0:
            warnings.warn(SLIPPED, RuntimeWarning, stacklevel=2)
        return key

    def value(self, mention: Mention) -> TensorValue:
        """The tensor; the same object as before if nothing changed."""
        if mention.value is not None:
            return mention.value
        entry = self._numbered(self.of(mention))
        data = self.array(mention)
        tensor, told = mention.tensor, entry.told
        given = mention.attributes
        node = grad_fn_of(tensor) if given is None else given.grad_fn
        requires, retains = (
            (tensor.requires_grad, tensor.retains_grad)
            if given is None
            else (given.requires_grad, given.retains_grad)
        )
        known = None if node is None else self.of_node(node)
        number = None if known is None else known.number
        if (
            told is None
            or entry.told_of is not data
            or told.node != number
            or told.requires_grad != requires
            or told.retains_grad != retains
        ):
            entry.told_of = data
            told = entry.told = TensorValue(
                entry.number,
                data,
                dtype_name(tensor),
                requires,
                node is None,
                None if known is None else known.label(node),
                number,
                retains,
                "cpu" if tensor.is_cpu else str(tensor.device),
            )
        mention.value = told
        return told

    def holds(self, mention: Mention, array: Array) -> None:
        """The numbers are known to be these."""
        entry = self.of(mention)
        entry.data = mention.data = array
        entry.key = mention.key or self.key(entry, mention.tensor)

    # ------------------------------------------------------------------ Nodes

    def of_node(self, node: Any) -> SeenNode:
        """What is known of a Node; AccumulateGrad has its leaf's, since PyTorch makes it anew each
        time."""
        if type(node) is ACCUMULATES:
            return self._of_leaf(self.seen(node.variable))
        metadata = node.metadata
        known: SeenNode | None = metadata.get(self._mark)
        if known is None:
            self._nodes += 1
            known = metadata[self._mark] = SeenNode(self._nodes)
        return known

    def _of_leaf(self, leaf: Seen) -> SeenNode:
        if leaf.accumulator is None:
            self._nodes += 1
            leaf.accumulator = SeenNode(self._nodes)
        return leaf.accumulator

    def node_value(self, node: Any) -> NodeValue:
        """A Node as the Listener is told of it; the same object each time."""
        known = self.of_node(node)
        if known.told is None:
            known.told = NodeValue(
                known.number,
                known.label(node),
                node._sequence_nr(),
                tuple([self.edge(target, index) for target, index in node.next_functions]),
            )
        return known.told

    def edge(self, node: Any, index: int) -> Edge | None:
        """An edge as the Listener is told of it; to a leaf the same object each time."""
        if node is None:
            return None
        if type(node) is not ACCUMULATES:
            return Edge(self.of_node(node).number, index)
        leaf = self.seen(node.variable)
        known = self._of_leaf(leaf)
        if known.edge is None:
            known.edge = Edge(known.number, index, leaf.number)
        return known.edge


# ---------------------------------------------------------------------- of tensors and Nodes


def grad_fn_of(tensor: Any) -> Any:
    """``tensor.grad_fn``; None for a view that PyTorch itself refuses to give one."""
    try:
        return tensor.grad_fn
    except RuntimeError:
        return None


def keeps_grad(tensor: Any) -> bool:
    """Whether a tensor can have a ``.grad``; PyTorch warns when that of another is looked at."""
    return tensor.retains_grad or grad_fn_of(tensor) is None


def is_plain_leaf(tensor: Any) -> bool:
    """Whether a tensor is a leaf and no view, of which PyTorch may refuse to say what it is."""
    return not tensor._is_view() and tensor.is_leaf


def grad_of(tensor: Any) -> Any:
    """``tensor.grad``; None for a non-leaf that keeps none."""
    return tensor.grad if is_plain_leaf(tensor) or keeps_grad(tensor) else None


def dtype_name(tensor: Any) -> str:
    """ "torch.float32"; a layout that is not strided is said with it."""
    plain = str(tensor.dtype)
    return plain if tensor.layout is torch.strided else f"{plain} ({tensor.layout})"
