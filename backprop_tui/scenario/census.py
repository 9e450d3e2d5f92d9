"""How much memory a run holds, found by walking from what it can reach."""

from __future__ import annotations

import gc
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import numpy as np

#: Where the world of the host begins; nothing behind it belongs to a program.
BEYOND = (type, ModuleType, FunctionType, BuiltinFunctionType, CodeType, FrameType)
#: What an object takes beside the elements it holds: a rule of thumb.
BYTES_OF_AN_OBJECT = 80


def bytes_of(roots: list[Any]) -> int:
    """Bytes of all arrays, tensors and other objects that can be reached from ``roots``."""
    sizes: dict[int, int] = {}
    seen: set[int] = set()
    stack: list[Any] = list(roots)
    while stack:
        value = stack.pop()
        if id(value) in seen or isinstance(value, BEYOND):
            continue
        seen.add(id(value))
        if type(value) is np.ndarray:
            owner = value if value.base is None else value.base
            sizes[id(owner)] = int(getattr(owner, "nbytes", value.nbytes))
        elif type(value).__module__ == "torch" and type(value).__name__ == "Tensor":
            sizes[value.data_ptr()] = value.nbytes
        stack.extend(gc.get_referents(value))
    return sum(sizes.values()) + BYTES_OF_AN_OBJECT * len(seen)
