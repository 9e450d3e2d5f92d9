"""A tensor as Python values, its sizes, and copies of it in other dtypes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.dtypes import (
    OF_NUMPY,
    bool_,
    device,
    dtype,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    on_cpu,
    uint8,
)
from backprop_tui.engines.numpy_engine.method_kinds import F, Operand

if TYPE_CHECKING:
    from backprop_tui.engines.numpy_engine.tensor import Tensor


class Conversions(Operand):
    """What a tensor is in other words."""

    __slots__ = ()

    array: Any
    _requires_grad: bool

    # -- as Python values
    def item(self) -> Any:
        if self.array.size != 1:
            raise RuntimeError(
                f"a Tensor with {self.array.size} elements cannot be converted to Scalar"
            )
        return self.array.item()

    def tolist(self) -> Any:
        return self.array.tolist()

    def numpy(self, *, force: bool = False) -> Any:
        """The memory as a NumPy array."""
        if self.requires_grad and not force:  # type: ignore[attr-defined]
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() "
                "instead."
            )
        return self.array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self.numpy() if dtype is None else self.numpy().astype(dtype)

    def __bool__(self) -> bool:
        if self.array.size == 0:
            raise RuntimeError("Boolean value of Tensor with no values is ambiguous")
        if self.array.size > 1:
            raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")
        return bool(self.array.item())

    def _one(self) -> Any:
        if self.array.size != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return self.array.item()

    def __float__(self) -> float:
        return float(self._one())

    def __int__(self) -> int:
        return int(self._one())

    def __index__(self) -> int:
        if self.array.size != 1 or self.array.dtype.kind not in "iub":
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.array.item())

    def __len__(self) -> int:
        if not self.array.ndim:
            raise TypeError("len() of a 0-d tensor")
        return int(self.array.shape[0])

    def __repr__(self) -> str:
        return str(F.text(self))

    def __format__(self, spec: str) -> str:
        return str(F.formatted(self, spec))

    # -- sizes and types
    def size(self, dim: int | None = None) -> Any:
        shape = self.shape  # type: ignore[attr-defined]
        return shape if dim is None else shape[F.wrap_dim(dim, self.array.ndim)]

    def dim(self) -> int:
        return int(self.array.ndim)

    ndimension = dim

    def numel(self) -> int:
        return int(self.array.size)

    nelement = numel

    def element_size(self) -> int:
        return int(self.array.dtype.itemsize)

    def data_ptr(self) -> int:
        return int(self.array.__array_interface__["data"][0])

    def stride(self, dim: int | None = None) -> Any:
        steps = tuple(n // self.array.dtype.itemsize for n in self.array.strides)
        return steps if dim is None else steps[dim]

    def is_floating_point(self) -> bool:
        return bool(self.array.dtype.kind == "f")

    def is_complex(self) -> bool:
        return False

    def is_signed(self) -> bool:
        return bool(self.array.dtype.kind in "if")

    def is_nonzero(self) -> bool:
        return bool(self)

    def is_same_size(self, other: Tensor) -> bool:
        return bool(self.array.shape == other.array.shape)

    def to(self, *target: Any, dtype: Any = None, device: Any = None, copy: bool = False) -> Any:
        """The same numbers with another dtype (or device, of which there is one)."""
        on_cpu(device)
        for one in target:
            dtype = _dtype_of(one, dtype)
        if dtype is None or dtype.numpy == self.array.dtype:
            return apply("clone", self) if copy else self
        return apply("_to_copy", self, dtype=dtype.numpy.name)

    def type(self, dtype: Any = None) -> Any:
        if dtype is None:
            return f"torch.{OF_NUMPY[self.array.dtype].legacy}Tensor"
        return self.to(dtype)

    def type_as(self, other: Tensor) -> Any:
        return self.to(other.dtype)

    def float(self) -> Any:
        return self.to(float32)

    def double(self) -> Any:
        return self.to(float64)

    def half(self) -> Any:
        return self.to(float16)

    def long(self) -> Any:
        return self.to(int64)

    def int(self) -> Any:
        return self.to(int32)

    def short(self) -> Any:
        return self.to(int16)

    def char(self) -> Any:
        return self.to(int8)

    def byte(self) -> Any:
        return self.to(uint8)

    def bool(self) -> Any:
        return self.to(bool_)

    def cpu(self) -> Any:
        return self

    def cuda(self, device: Any = None) -> Any:
        on_cpu("cuda")


def _dtype_of(target: Any, otherwise: Any) -> Any:
    """The dtype that ``x.to(target)`` asks for."""
    if isinstance(target, dtype):
        return target
    if isinstance(target, Operand):
        return OF_NUMPY[target.array.dtype]  # type: ignore[attr-defined]
    if isinstance(target, device | str) or type(target) is int:
        on_cpu(target)
        return otherwise
    raise TypeError(
        "to() received an invalid combination of arguments - got "
        f"({type(target).__name__}), but expected a dtype, a device or a Tensor"
    )
