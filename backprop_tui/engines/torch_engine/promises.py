"""The numbers of large tensors, read when somebody asks for them or something is about to write.

    told         a promise: the tensor's memory is kept, nothing is read, nothing copied
    asked for    handed over as they lie there, if nobody else can reach that memory any more
    written to   before that, and where asked for and in somebody else's reach: copied

What is kept is the memory and not the tensor: its graph goes when the program lets go of it. What
is promised may be asked for in another thread than the one that runs the program.
"""

from __future__ import annotations

import os
import threading
import warnings
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from backprop_tui.engines.base import Array
from backprop_tui.engines.promise import Promise
from backprop_tui.engines.torch_engine.memory import LITTLE, SLIPPED, copies, lying_in, version_of
from backprop_tui.engines.torch_engine.numbers import PLAIN, copied, viewed

#: At least this part of the memory that is kept for it must be a tensor's own.
PART = 0.5
#: After so many more it is asked which of them somebody still waits for.
OFTEN = 256

#: Who holds it reads what is promised, or changes what is known of it.
_reading = threading.RLock()


def _forked() -> None:
    """In a process that was forked: whoever was reading does not do so here."""
    global _reading
    _reading = threading.RLock()


os.register_at_fork(after_in_child=_forked)


class TensorPromise(Promise):
    """The numbers of a tensor, as it is when this is made."""

    __slots__ = ("__weakref__", "_promises", "memory", "tensor", "there", "version")

    def __init__(self, promises: Promises, tensor: Any, memory: int, version: int) -> None:
        super().__init__(tuple(tensor.shape), PLAIN[tensor.dtype])
        #: a tensor of its own in the same memory; None once the numbers are there
        self.tensor: Any = tensor.detach()
        self.memory = memory
        #: its version counter; below 0: not known
        self.version = version
        self._promises = promises
        self.there: Array | None = None

    def numbers(self) -> Array:
        if self.there is None:
            self._promises.ask(self)
        assert self.there is not None
        return self.there

    def keep(self, array: Array) -> None:
        """These are the numbers."""
        self.there = array
        self.tensor = None

    def check(self) -> None:
        """Warn where something unseen wrote to them."""
        if self.version >= 0 and version_of(self.tensor) != self.version:
            warnings.warn(SLIPPED, RuntimeWarning, stacklevel=2)


class Promises:
    """What is promised, by the memory in which it lies."""

    def __init__(self) -> None:
        self._lying: dict[int, list[weakref.ref[TensorPromise]]] = {}
        self._made = 0

    def of(self, tensor: Any, version: int) -> TensorPromise | None:
        """A promise of a tensor's numbers; None if they are better read now: they are few, they
        lie where others write unseen, or would keep much more memory than is theirs."""
        if (
            tensor.layout is not torch.strided
            or tensor.dtype not in PLAIN
            or tensor.nbytes <= LITTLE
            or not tensor.is_cpu
            or tensor.is_neg()
        ):
            return None
        try:
            memory, size = tensor.untyped_storage(), tensor.nbytes
            key = memory._cdata
            if memory.nbytes() <= LITTLE or not (memory.resizable() and tensor.data_ptr()):
                return None
        except (RuntimeError, NotImplementedError):
            return None
        with _reading:
            self._forget()
            lying = self._lying.get(key, [])
            if size < memory.nbytes() * PART and not any(_waits(one()) for one in lying):
                return None
            promise = TensorPromise(self, tensor, key, version)
            lying.append(weakref.ref(promise))
            self._lying[key] = lying
        return promise

    def written(self, memory: int, others: Sequence[Any] = ()) -> Sequence[Any]:
        """Something is about to write to this memory; copies of these others that lie there."""
        if not others and memory not in self._lying:
            return ()
        with _unheard():
            return self._copy(memory, others)

    def settle(self) -> None:
        """Nobody says from now on what is written: copy what others can reach."""
        with _unheard():
            for memory in list(self._lying):
                if not _are_alone(self._waiting(memory)):
                    self._copy(memory)

    def ask(self, promise: TensorPromise) -> None:
        """Somebody asks for these numbers."""
        with _unheard():
            if promise.tensor is None:  # somebody else has asked meanwhile
                return
            waiting = self._waiting(promise.memory)
            if _are_alone(waiting):
                del self._lying[promise.memory]
                for one in waiting:
                    one.check()
                    one.keep(viewed(one.tensor))
            else:
                promise.check()
                promise.keep(copied(promise.tensor))

    def _copy(self, memory: int, others: Sequence[Any] = ()) -> Sequence[Any]:
        """Copy what is promised, and these others."""
        waiting = self._waiting(memory)
        self._lying.pop(memory, None)
        made = copies([*others, *[promise.tensor for promise in waiting]])
        for promise, copy in zip(waiting, made[len(others) :], strict=True):
            promise.check()
            promise.keep(viewed(copy))
        return made[: len(others)]

    def _waiting(self, memory: int) -> list[TensorPromise]:
        """The promises that somebody may still ask for."""
        found = [one() for one in self._lying.get(memory, ())]
        return [one for one in found if one is not None and one.tensor is not None]

    def _forget(self) -> None:
        """Forget what nobody waits for, every so often."""
        self._made += 1
        if self._made % max(OFTEN, len(self._lying)) == 0:
            kept = {
                key: [one for one in lying if _waits(one())] for key, lying in self._lying.items()
            }
            self._lying = {key: lying for key, lying in kept.items() if lying}


@contextmanager
def _unheard() -> Iterator[None]:
    """Inside, this thread alone reads, and is not recorded."""
    with _reading, torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction():
        yield


def _waits(promise: TensorPromise | None) -> bool:
    return promise is not None and promise.tensor is not None


def _are_alone(waiting: Sequence[TensorPromise]) -> bool:
    """Whether nobody but these, all that wait there, can reach their memory."""
    return not waiting or lying_in(waiting[0].tensor.untyped_storage()) == len(waiting)
