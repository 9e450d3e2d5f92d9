"""2-norms of arrays and tensors, right also where the square of one is no number any more."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from backprop_tui.engines.base import Array

#: Outside of these a norm is taken again in double precision: its square may have over- or
#: underflowed.
LOW, HIGH = 1e-15, 1e15
#: Differences are taken of so many numbers at a time: as many as stay near the processor.
PART = 1 << 15
#: Of so few numbers a norm is taken without arrays.
FEW = 64
#: From this size on a product with itself is the faster way to a norm on a CPU.
LARGE = 2048

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def norm(array: Array) -> float:
    """The 2-norm of an array's numbers."""
    if array.size <= FEW:
        found = math.hypot(*array.ravel().tolist())
        if math.isfinite(found):
            return found
    if array.dtype not in _FLOATS:
        array = array.astype(np.float64)
    flat = array.ravel()
    with np.errstate(over="ignore"):
        found = math.sqrt(abs(flat.dot(flat)))
    if LOW < found < HIGH:
        return found
    return float(np.linalg.norm(flat.astype(np.float64)))


def tensor_norm(tensor: Any) -> float:
    """The 2-norm of any tensor's numbers."""
    plain = tensor.detach()
    if plain.layout is not torch.strided:
        plain = plain.to_dense()
    if plain.dtype in (torch.float16, torch.bfloat16):
        plain = plain.float()
    if (
        plain.is_cpu
        and plain.numel() >= LARGE
        and plain.dtype in (torch.float32, torch.float64)
        and plain.is_contiguous()
    ):
        flat = plain.view(-1)
        found = math.sqrt(abs(torch.dot(flat, flat).item()))
    else:
        found = float(torch.linalg.vector_norm(plain).item())
    if LOW < found < HIGH:
        return found
    wide = torch.complex128 if plain.is_complex() else torch.float64
    return float(torch.linalg.vector_norm(plain.to(wide)).item())


def distance(one: Any, other: Any) -> float:
    """The 2-norm of the difference of two tensors, without a third of their size on a CPU."""
    if not (one.is_cpu and one.is_contiguous() and other.is_contiguous()) or one.numel() <= PART:
        return tensor_norm(one.detach() - other.detach())
    a, b = one.detach().view(-1), other.detach().view(-1)
    parts = range(0, a.numel(), PART)
    return math.hypot(*(tensor_norm(a[i : i + PART] - b[i : i + PART]) for i in parts))
