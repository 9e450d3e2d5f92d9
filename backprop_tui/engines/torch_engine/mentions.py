"""Mentions: references to tensors while PyTorch runs, with the promise to know their numbers then.

    z = w * x                  z, w, x are mentioned: references, nothing is read, nothing copied
    w.add_(1)                  before it writes, whatever is mentioned in the memory of w is copied
    …                          (copy on write), and what w is mentioned as from now on is another
    drain                      z, x are read as they are, w from its copy

There is one Mention per tensor and version, found by the tensor's ``id``: the tensor lives as long
as it is mentioned. Whoever writes to memory says so *before* it does, with ``written``.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from ctypes import string_at
from typing import Any, NamedTuple

import torch

from backprop_tui.engines.base import Array, TensorValue
from backprop_tui.engines.torch_engine.memory import LITTLE, storage_key, version_of
from backprop_tui.engines.torch_engine.seen import (
    Book,
    Key,
    Seen,
    grad_fn_of,
    grad_of,
    is_plain_leaf,
    keeps_grad,
)


class Attributes(NamedTuple):
    """What autograd says of a tensor; ``history`` is the Node that a change in place replaces."""

    grad_fn: Any
    requires_grad: bool
    retains_grad: bool
    history: Any


#: what autograd says of a leaf that asks for no gradient, and of one that does
_OF_LEAVES = tuple(Attributes(None, requires_grad, False, None) for requires_grad in (False, True))


def attributes_of(tensor: Any) -> Attributes:
    """The tensor's attributes now."""
    requires_grad: bool = tensor.requires_grad
    if is_plain_leaf(tensor):
        return _OF_LEAVES[requires_grad]
    retains_grad = requires_grad and tensor.retains_grad
    return Attributes(grad_fn_of(tensor), requires_grad, retains_grad, history_of(tensor))


def history_of(tensor: Any) -> Any:
    """The Node that a change in place replaces: of a view, its base's."""
    base = tensor._base if tensor._is_view() else None
    return grad_fn_of(tensor if base is None else base)


class Mention:
    """A tensor as it is when mentioned.

    ``tensor`` is the tensor, or once something wrote to it a copy; then ``entry`` says whose and
    ``key`` as of when. ``data`` and ``value`` are set when it is told.
    """

    __slots__ = (
        "attributes", "data", "entry", "key", "ours", "seen", "tensor", "value", "version",
    )  # fmt: skip

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor
        #: its version counter, to find out what went unseen; -1: not known yet
        self.version = version_of(tensor)
        #: whether it is told as a tensor, and not only its numbers
        self.seen = False
        #: whether nobody else has ``tensor`` and its memory: it is a copy
        self.ours = False
        self.attributes: Attributes | None = None
        self.entry: Seen | None = None
        self.key: Key | None = None
        self.data: Array | None = None
        self.value: TensorValue | None = None


class Mentions:
    """The mentions that are not told yet."""

    def __init__(self, book: Book) -> None:
        self.book = book
        #: id of the tensor → its mention as of now
        self._live: dict[int, Mention] = {}
        #: not yet sorted by the memory that they lie in; sorted: storage → mentions
        self._loose: list[Mention] = []
        self._lying: dict[int, list[Mention]] = {}
        #: how many bytes the storages that are sorted keep
        self.nbytes = 0
        #: mentioned for what is noted only later
        self.waiting: set[Mention] = set()
        #: tensors whose ``.grad`` somebody can have got hold of
        self._owners: dict[int, weakref.ref[Any]] = {}

    def of(self, tensor: Any) -> Mention:
        """The numbers of a tensor."""
        mention = self._live.get(id(tensor))
        if mention is None:
            mention = self._live[id(tensor)] = Mention(tensor)
            self._loose.append(mention)
        return mention

    def seen(self, tensor: Any) -> Mention:
        """A tensor, which gets a number when it is told."""
        mention = self._live.get(id(tensor))
        if mention is None:
            mention = self._live[id(tensor)] = Mention(tensor)
            self._loose.append(mention)
        mention.seen = True
        return mention

    def grad(self, tensor: Any) -> Mention | None:
        """The numbers of ``tensor.grad``; None for a non-leaf that keeps none."""
        grad = grad_of(tensor)
        return None if grad is None else self.of(grad)

    def forget(self) -> None:
        """Everything is told but what is waiting."""
        kept = [m for m in self.waiting if m.data is None and not m.ours]
        live = {key: m for key, m in self._live.items() if m in kept} if kept else {}
        self._live, self._loose, self._lying, self.nbytes = live, kept, {}, 0

    # ------------------------------------------------------------------ before something changes

    def written(self, *tensors: Any) -> None:
        """Something is about to write to the memory of these."""
        self.sort()
        for tensor in tensors:
            key = storage_key(tensor)
            lying = self._lying.pop(key, [])
            self._settle(lying)
            made = self.book.written(key, [mention.tensor for mention in lying])
            for mention, copy in zip(lying, made, strict=True):
                mention.ours = copy is not mention.tensor
                mention.tensor = copy

    def overwritten(
        self, copies: Sequence[tuple[Any, bytes]], views: Sequence[tuple[Any, Attributes]]
    ) -> tuple[Any, ...]:
        """Something has written to the memory of these, which held this before; that changed what
        autograd says of these views of them."""
        for view, attributes in views:
            self.says(view, attributes)
        self.sort()
        for tensor, memory in copies:
            key = storage_key(tensor)
            lying = self._lying.pop(key, None)
            if lying is not None:
                self._settle(lying)
                whole = torch.frombuffer(bytearray(memory), dtype=torch.uint8)
                for mention in lying:
                    mention.tensor, mention.ours = _part(whole, mention.tensor), True
            self.book.written(key)
        return ()

    def relabelled(self, tensor: Any) -> None:
        """What autograd says of the tensor is about to change; its numbers stay."""
        mention = self._live.pop(id(tensor), None)
        if mention is not None and mention.attributes is None:
            mention.attributes = attributes_of(mention.tensor)

    def sort(self) -> None:
        """Find the memory that the mentioned tensors lie in."""
        lying = self._lying
        for mention in self._loose:
            try:
                storage = mention.tensor.untyped_storage()
                key = storage._cdata
                there = lying.get(key)
                if there is None:
                    lying[key] = [mention]
                    self.nbytes += storage.nbytes()
                else:
                    there.append(mention)
            except (RuntimeError, NotImplementedError):
                lying.setdefault(-id(mention.tensor), []).append(mention)
        self._loose.clear()

    def says(self, tensor: Any, attributes: Attributes) -> None:
        """What autograd says of a tensor, if that is asked of what it is mentioned as now."""
        mention = self._live.get(id(tensor))
        if mention is not None and mention.attributes is None:
            mention.attributes = attributes

    def _settle(self, mentions: list[Mention]) -> None:
        """These stay what they are, whatever becomes of their tensors."""
        book, live = self.book, self._live
        for mention in mentions:
            tensor = mention.tensor
            entry = mention.entry = book.entry(tensor)
            mention.key = book.key(entry, tensor)
            if mention.seen:
                entry.seen = True
                if mention.attributes is None:
                    mention.attributes = attributes_of(tensor)
            if live.get(id(tensor)) is mention:
                del live[id(tensor)]

    # ------------------------------------------------------------------ after something changed

    def aliases(self, tensor: Any) -> list[Mention]:
        """The tensor and every living one that was seen in the same memory."""
        entry = self.book.entry(tensor)
        entry.seen = True
        others = [one() for one in entry.storage.lies_in.values() if one.seen]
        return [
            self.seen(tensor),
            *(self.seen(one) for one in others if one is not None and one is not tensor),
        ]

    def has_grad(self, tensor: Any) -> None:
        """Somebody can have got hold of ``tensor.grad``."""
        if id(tensor) not in self._owners:
            owner = id(tensor)
            self._owners[owner] = weakref.ref(tensor, lambda _: self._owners.pop(owner, None))

    def grads_in(self, tensor: Any) -> list[tuple[Mention, Mention]]:
        """The tensors whose ``.grad`` lies in the memory of ``tensor``, with it."""
        if tensor.requires_grad:
            return []
        key = storage_key(tensor)
        return [
            (self.of(owner), self.of(owner.grad))
            for owner in self._with_grad()
            if storage_key(owner.grad) == key
        ]

    def _with_grad(self) -> list[Any]:
        owners = [ref() for ref in list(self._owners.values())]
        return [o for o in owners if o is not None and keeps_grad(o) and o.grad is not None]


#: PyTorch's own classes of tensors
OWN = frozenset({torch.Tensor, torch.nn.Parameter, torch.nn.Buffer})


def memory_of(tensor: Any) -> bytes | None:
    """What the storage of a tensor holds now; None if that is much, or not there to be read."""
    if type(tensor) not in OWN or not tensor.is_cpu or tensor.layout is not torch.strided:
        return None
    storage = tensor.untyped_storage()
    size: int = storage.nbytes()
    return string_at(storage.data_ptr(), size) if 0 < size <= LITTLE else None


def _part(whole: Any, tensor: Any) -> Any:
    """What a tensor would be if it lay in this copy of its storage."""
    size = tensor.element_size()
    there = whole[: len(whole) // size * size].view(tensor.dtype)
    there = there.as_strided(tensor.shape, tensor.stride(), tensor.storage_offset())
    if tensor.is_complex() and tensor.is_conj():
        there = there.conj()
    return torch._neg_view(there) if tensor.is_neg() else there
