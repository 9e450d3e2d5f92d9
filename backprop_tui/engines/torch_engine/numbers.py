"""A tensor's numbers as a read-only array: a copy, or where nobody else can write to it, a view.

Large tensors are summarised where they are: of a tensor on a GPU only the Digest comes over.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from backprop_tui.engines.base import Array
from backprop_tui.engines.summary import BINS, SAMPLE, Digest, Summary, corner

#: Of larger arrays the first so many numbers are compared first.
LARGE = 256
#: Up to so many numbers are copied in any case: a view would keep a tensor for each of them.
SMALL = 256


def copied(tensor: Any) -> Array:
    """The numbers of any tensor as a read-only array; empty where there are none to be had."""
    return _read(tensor, copy=True)


def viewed(tensor: Any) -> Array:
    """The same of a tensor that nobody writes to: in its own memory, where that has an order."""
    return _read(tensor, copy=False)


def equal(a: Array, b: Array) -> bool:
    """Whether shape, dtype and all numbers are the same, NaN included; never for summaries."""
    if a.shape != b.shape or a.dtype != b.dtype or isinstance(a, Summary):
        return False
    if a.size <= SMALL:
        return a.tobytes() == b.tobytes()
    if a.size > LARGE and not equal(a.flat[:LARGE], b.flat[:LARGE]):
        return False
    same = a == b
    if same.all():
        return True
    if a.dtype.kind not in "fc":
        return False
    return bool((np.isnan(a) & np.isnan(b))[~same].all())


def small(tensor: Any) -> Array | None:
    """The numbers of a small and plain tensor, in its own memory; None for any other."""
    if (
        tensor.numel() > SMALL
        or tensor.dtype not in _PLAIN
        or tensor.layout is not torch.strided
        or not tensor.is_cpu
        or tensor.is_neg()
        or tensor._is_zerotensor()
    ):
        return None
    array: Array = tensor.detach().numpy()
    return array


class _Holder:
    __slots__ = ("tensor",)

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor


def _just_made() -> int:
    tensor = torch.empty(1)
    memory = tensor.untyped_storage()
    return sys.getrefcount(memory)


_JUST_MADE = _just_made()


def _holders(mention: Any) -> tuple[int, int]:
    """How many hold ``mention.tensor``, and how many its memory."""
    try:
        memory = mention.tensor.untyped_storage()
        count = torch._C._storage_Use_Count(memory._cdata)
        held = sys.getrefcount(memory) != _JUST_MADE  # by somebody who asked for it as well
        return sys.getrefcount(mention.tensor), 0 if held or not memory.resizable() else count
    except (RuntimeError, NotImplementedError):
        return 0, 0


#: the same, of a tensor that only a mention holds
_ALONE = _holders(_Holder(torch.empty(1)))


def alone(mention: Any) -> bool:
    """Whether nobody but the mention can reach ``mention.tensor`` or its memory."""
    return _holders(mention) == _ALONE


def _based() -> int:
    """How many hold what a mention and a view hold, as far as Python counts."""
    tensor = torch.empty(1)
    view = tensor.view(1)
    held = _Holder(tensor)
    del tensor
    return _holders(held)[0] if view._base is held.tensor else -1


_BASE = _based()


def alone_together(mentions: Sequence[Any]) -> bool:
    """Whether nobody but these, and each other as views, can reach their tensors and memory."""
    parts = {id(mention.tensor): mention for mention in mentions}
    based = {_add_base(mention.tensor, parts) for mention in mentions}
    memory = _ALONE[1] + len(parts) - 1
    return all(
        _holders(part) == (_BASE if key in based else _ALONE[0], memory)
        for key, part in parts.items()
    )


def _add_base(tensor: Any, parts: dict[int, Any]) -> int:
    """The ``id`` of what a tensor is a view of, which becomes one of the ``parts``; 0 for none."""
    base = tensor._base if tensor._is_view() else None
    if base is None:
        return 0
    if id(base) not in parts:
        parts[id(base)] = _Holder(base)
    return id(base)


def summarised(tensor: Any) -> Array:
    """The Summary of a tensor, worked out on its device."""
    with torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction(), torch.no_grad():
        plain = _dense(tensor.detach())
        device = str(plain.device)
        if plain.device.type == "meta":
            return np.zeros(0, np.float32)
        part = _array(corner(plain), copy=True)
        finite = plain if plain.dtype in _EXACT else plain.float()
        whole = finite.numel()
        ends = torch.aminmax(finite) if whole else ()
        if whole and not torch.isfinite(torch.stack(ends)).all():
            finite = finite[torch.isfinite(finite)]
            ends = torch.aminmax(finite) if finite.numel() else ()
        low = high = mean = norm = float("nan")
        bars = [0] * BINS
        if ends:
            figures = (*ends, finite.mean(), torch.linalg.vector_norm(finite))
            low, high, mean, norm = torch.stack(figures).tolist()
            counts = torch.histc(_sample(finite), BINS, *_limits(low, high))
            bars = [int(count) for count in counts.tolist()]
        digest = Digest(low, high, mean, norm, whole - finite.numel(), tuple(bars), part, device)
        return Summary(tuple(plain.shape), part.dtype, digest)


def _sample(tensor: Any) -> Any:
    """Enough numbers for a histogram, evenly taken in steps that meet every row and column."""
    count = tensor.numel()
    step = max(1, count // SAMPLE)
    while math.gcd(step, count) > 1:
        step += 1
    return tensor.reshape(-1)[::step]


def _limits(low: float, high: float) -> tuple[float, float]:
    """Bars evenly from minimum to maximum; around it where all numbers are one."""
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _read(tensor: Any, copy: bool) -> Array:
    with torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction():
        try:
            array = _array(_dense(tensor.detach()), copy)
        except (RuntimeError, TypeError, NotImplementedError):
            array = np.zeros(0, np.float32)
    array.setflags(write=False)
    return array


def _dense(plain: Any) -> Any:
    """A plain tensor of the same numbers, of a dtype that NumPy has."""
    if plain.is_quantized:
        plain = plain.dequantize()
    if plain.layout is not torch.strided:
        plain = plain.to_dense()
    if plain.dtype in _WIDENED:
        plain = plain.float()
    if plain.is_complex():
        plain = torch.view_as_real(plain.resolve_conj())  # a pair for every number
    return plain


def _array(plain: Any, copy: bool) -> Array:
    there = plain.cpu().resolve_conj().resolve_neg()
    if copy or not (there.is_contiguous() or _is_transposed(there)):
        there = there.clone(memory_format=torch.contiguous_format)
    array: Array = there.numpy()
    return array


def _is_transposed(plain: Any) -> bool:
    return bool(plain.ndim == 2 and plain.t().is_contiguous())


#: dtypes that NumPy has, of which a tensor can be no lazy view.
_PLAIN = frozenset(
    {
        torch.float32, torch.float64, torch.float16, torch.int64, torch.int32, torch.int16,
        torch.int8, torch.uint8, torch.bool,
    }
)  # fmt: skip
_EXACT = (torch.float32, torch.float64)
#: dtypes that NumPy does not have; shown as float32 under their own name.
_WIDENED = tuple(
    getattr(torch, name)
    for name in ("bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz")
    if hasattr(torch, name)
)
