"""PyTorch's dtypes, sizes and devices, and what dtype comes out when two meet.

Promotion knows three ranks: tensors with dimensions decide first, then 0-dim tensors, then Python
numbers. A lower rank changes the dtype only when it is of a higher category (bool < int < float).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np


class dtype:
    """A dtype by PyTorch's name; ``numpy`` is the one behind it."""

    __slots__ = ("category", "is_floating_point", "itemsize", "legacy", "name", "numpy", "short")

    is_complex = False

    def __init__(self, name: str, numpy_type: Any, legacy: str) -> None:
        self.name = f"torch.{name}"
        self.short = name
        self.numpy = np.dtype(numpy_type)
        self.category = {"b": 0, "i": 1, "u": 1, "f": 2}[self.numpy.kind]
        self.is_floating_point = self.category == 2
        self.itemsize = self.numpy.itemsize
        #: "Float" in "torch.FloatTensor" and in the words of errors
        self.legacy = legacy

    @property
    def c_name(self) -> str:
        """What C++ calls it, and so do some of PyTorch's errors."""
        return C_NAMES.get(self.short, self.short)

    @property
    def is_signed(self) -> bool:
        return self.numpy.kind in "if"

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> str:
        return self.short if self.short != "bool" else "bool_"


C_NAMES = {
    "float32": "float",
    "float64": "double",
    "float16": "c10::Half",
    "int64": "long int",
    "int32": "int",
    "int16": "short int",
    "int8": "signed char",
    "uint8": "unsigned char",
}

float64 = dtype("float64", np.float64, "Double")
float32 = dtype("float32", np.float32, "Float")
float16 = dtype("float16", np.float16, "Half")
int64 = dtype("int64", np.int64, "Long")
int32 = dtype("int32", np.int32, "Int")
int16 = dtype("int16", np.int16, "Short")
int8 = dtype("int8", np.int8, "Char")
uint8 = dtype("uint8", np.uint8, "Byte")
bool_ = dtype("bool", np.bool_, "Bool")

OF_NUMPY = {
    d.numpy: d for d in (float64, float32, float16, int64, int32, int16, int8, uint8, bool_)
}

#: What ``torch.`` offers, aliases included.
NAMES = {
    "float64": float64,
    "double": float64,
    "float32": float32,
    "float": float32,
    "float16": float16,
    "half": float16,
    "int64": int64,
    "long": int64,
    "int32": int32,
    "int": int32,
    "int16": int16,
    "short": int16,
    "int8": int8,
    "uint8": uint8,
    "bool": bool_,
}


def of_array(array: Any) -> dtype:
    """The dtype of an array; TypeError for one that PyTorch has none for."""
    try:
        return OF_NUMPY[array.dtype]
    except KeyError:
        raise TypeError(
            f"can't convert np.ndarray of type {array.dtype}. The only supported types are: "
            "float64, float32, float16, int64, int32, int16, int8, uint8, and bool."
        ) from None


class Size(tuple[int, ...]):
    """A shape, printed as ``torch.Size([2, 3])``."""

    __slots__ = ()

    def numel(self) -> int:
        count = 1
        for n in self:
            count *= n
        return count

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    def __add__(self, other: Any) -> Size:
        return Size(tuple(self) + tuple(other))

    def __getitem__(self, item: Any) -> Any:
        picked = tuple.__getitem__(self, item)
        return Size(picked) if isinstance(item, slice) else picked


#: PyTorch's names of devices, in the order of its error message.
DEVICES = (
    "cpu", "cuda", "ipu", "xpu", "mkldnn", "opengl", "opencl", "ideep", "hip", "ve", "fpga",
    "maia", "xla", "lazy", "vulkan", "mps", "meta", "hpu", "mtia", "privateuseone",
)  # fmt: skip


class device:
    """Where a tensor lives. Any device can be named, but this engine has the CPU alone."""

    __slots__ = ("index", "type")

    type: str
    index: int | None

    def __init__(self, type: Any = "cpu", index: int | None = None) -> None:
        if isinstance(type, int):
            raise RuntimeError("Cannot access accelerator device when none is available.")
        if isinstance(type, device):
            self.type, self.index = type.type, type.index
            return
        name, _, number = str(type).partition(":")
        if name not in DEVICES or (number and not number.isdecimal()):
            raise RuntimeError(
                f"Expected one of {', '.join(DEVICES)} device type at start of device string: "
                f"{name}"
            )
        self.type = name
        self.index = int(number) if number else index

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type={self.type!r}{index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (other.type, other.index) == (self.type, self.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))


CPU = device()


def on_cpu(wanted: Any) -> None:
    """Refuse every device but the CPU, in the words of a PyTorch without a GPU."""
    if wanted is None:
        return
    kind = device(wanted).type
    if kind == "cuda":
        raise AssertionError("Torch not compiled with CUDA enabled")
    if kind == "mps":
        raise RuntimeError("PyTorch is not linked with support for mps devices")
    if kind != "cpu":
        raise RuntimeError(f"the NumPy engine computes on the CPU; device {kind!r} is not here")


_OF_CATEGORY = {bool: bool_, int: int64}


def promote(
    full: Iterable[dtype], zero_dim: Iterable[dtype], scalars: Iterable[object], default: dtype
) -> dtype:
    """The common dtype of tensors, 0-dim tensors and Python numbers (see the module's top)."""
    result = _common(full)
    for lower in (_common(zero_dim), _common(_of_scalar(s, default) for s in scalars)):
        if lower is not None and (result is None or lower.category > result.category):
            result = lower
    return default if result is None else result


def _of_scalar(value: object, default: dtype) -> dtype:
    return _OF_CATEGORY.get(type(value), default)


def _common(found: Iterable[dtype]) -> dtype | None:
    result: dtype | None = None
    for d in found:
        result = d if result is None else promote_types(result, d)
    return result


def promote_types(a: dtype, b: dtype) -> dtype:
    """``torch.promote_types``."""
    if a is b:
        return a
    if a.category != b.category:
        return a if a.category > b.category else b
    return OF_NUMPY[np.promote_types(a.numpy, b.numpy)]


__all__ = ["Size", "device", "promote_types"]
