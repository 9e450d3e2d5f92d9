"""Where tensors lie: which memory, who else can reach it, how often it was written, and copies."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import torch

#: Storages of no more bytes are copied whole, and read at once.
LITTLE = 1 << 14

SLIPPED = (
    "the numbers of a tensor changed before they were recorded, by something that went unseen; "
    "they are shown as they are now"
)


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


# ---------------------------------------------------------------------- who can reach it


def lying_in(memory: Any) -> int:
    """How many tensors lie in this memory; 0 where somebody holds the memory itself."""
    if sys.getrefcount(memory) != _HELD:
        return 0
    count: int = torch._C._storage_Use_Count(memory._cdata) - _COUNTED
    return count


def _held(memory: Any) -> int:
    return sys.getrefcount(memory)


_ONE = torch.empty(1)
#: How many hold a memory that was asked of a tensor just now, as Python counts; and how many more
#: than lie in it are counted by PyTorch then.
_HELD = _held(_ONE.untyped_storage())
_COUNTED: int = torch._C._storage_Use_Count(_ONE.untyped_storage()._cdata) - 1


# ---------------------------------------------------------------------- copies


def copies(tensors: Sequence[Any]) -> Sequence[Any]:
    """Copies of tensors that lie in one storage; what is a part of another shares its copy."""
    if len(tensors) == 1:
        return (_copy(tensors[0]),)
    whole = next((t for t in tensors if _is_plain(t) and _is_whole(t)), None)
    if whole is None:
        return [_copy(t) for t in tensors]
    kept = _copy(whole)
    return [
        kept if t is whole
        else kept.as_strided(t.shape, t.stride(), t.storage_offset())
        if t.dtype == whole.dtype and _is_plain(t)
        else _copy(t)
        for t in tensors
    ]  # fmt: skip


def _is_plain(tensor: Any) -> bool:
    """Whether a tensor's numbers are just those in its memory."""
    dtype = tensor.dtype
    if tensor.layout is not torch.strided or not (dtype.is_floating_point or dtype.is_complex):
        return tensor.layout is torch.strided and not tensor.is_quantized
    return not (dtype.is_complex and tensor.is_conj()) and not tensor.is_neg()


def _is_whole(tensor: Any) -> bool:
    """Whether a tensor is all of its storage, element after element."""
    return bool(tensor.is_contiguous() and tensor.untyped_storage().nbytes() == tensor.nbytes)


def _copy(tensor: Any) -> Any:
    try:
        return tensor.detach().clone()
    except (RuntimeError, TypeError, NotImplementedError):
        return tensor
