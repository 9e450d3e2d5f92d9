"""A tensor's numbers as a read-only array: a copy, or where nobody else can write to it, a view.

Large tensors are summarised where they are: of a tensor on a GPU only the Digest comes over.
"""

from __future__ import annotations

import math
from ctypes import string_at
from typing import Any

import numpy as np
import torch

from backprop_tui.engines.base import Array
from backprop_tui.engines.summary import BINS, SAMPLE, Digest, Summary, corner

#: Of larger arrays the first so many numbers are compared first.
LARGE = 256
#: Up to so many numbers are read at once, whoever may ask for them.
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


def small(tensor: Any, known: Array | None) -> Array | None:
    """The numbers of a small and plain tensor, ``known`` itself if they are these; None for any
    other tensor.

    They are taken by their address: memory that was handed to NumPy once cannot be resized by the
    program any more.
    """
    if (
        tensor.numel() > SMALL
        or tensor.dtype not in PLAIN
        or tensor.layout is not torch.strided
        or not tensor.is_cpu
        or tensor.is_neg()
        or tensor._is_zerotensor()
    ):
        return None
    plain = tensor if tensor.is_contiguous() else tensor.detach().contiguous()
    try:
        at, size = plain.data_ptr(), plain.nbytes
    except (RuntimeError, NotImplementedError):
        return None
    if size and not at:
        return None
    shape, dtype, found = plain.shape, PLAIN[plain.dtype], string_at(at, size)
    if (
        known is not None
        and known.shape == shape
        and known.dtype == dtype
        and known.tobytes() == found
    ):
        return known
    return np.ndarray(shape, dtype, found)


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


#: dtypes of which a tensor can be no lazy view, and what NumPy calls them.
PLAIN = {
    getattr(torch, name): np.dtype(name)
    for name in (
        "float32", "float64", "float16", "int64", "int32", "int16", "int8", "uint8", "bool",
    )
}  # fmt: skip
_EXACT = (torch.float32, torch.float64)
#: dtypes that NumPy does not have; shown as float32 under their own name.
_WIDENED = tuple(
    getattr(torch, name)
    for name in ("bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz")
    if hasattr(torch, name)
)
