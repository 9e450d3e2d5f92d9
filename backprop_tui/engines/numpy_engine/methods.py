"""The methods of ``Tensor`` that compute: operators, element-wise functions, reductions, views.

Most only name the function of ``functional.py`` (``torch.*``) that does it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

import numpy as np

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

if TYPE_CHECKING:
    from backprop_tui.engines.numpy_engine.tensor import Tensor

#: ``functional``, put here by the package: it needs tensors, and tensors need it.
F: Any = None


def of(name: str) -> Callable[..., Any]:
    """The method that is ``torch.<name>`` with the tensor as its first argument."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(F, name)(self, *args, **kwargs)

    method.__name__ = method.__qualname__ = name
    return method


def of_sizes(name: str) -> Callable[..., Any]:
    """Like ``of``, for a function whose sizes may be given one by one."""

    def method(self: Any, *given: Any) -> Any:
        return getattr(F, name)(self, F.sizes(given))

    method.__name__ = method.__qualname__ = name
    return method


def in_place(op: str) -> Callable[..., Any]:
    """The method that runs an op and writes the result into the tensor."""

    def method(self: Any, *args: Any, **attrs: Any) -> Any:
        return F.apply_(op, self, *args, **attrs)

    method.__name__ = method.__qualname__ = f"{op}_"
    return method


def operator(name: str) -> Callable[..., Any]:
    """``x ∘ y`` for tensors and numbers; other operands are left to Python's own error."""

    def method(self: Any, other: Any) -> Any:
        if isinstance(other, Methods | int | float | np.number):
            return getattr(F, name)(self, other)
        return NotImplemented

    method.__name__ = method.__qualname__ = name
    return method


def reflected(name: str) -> Callable[..., Any]:
    """``y ∘ x`` where y is a number."""

    def method(self: Any, other: Any) -> Any:
        if isinstance(other, int | float | np.number):
            return getattr(F, name)(other, self)
        return NotImplemented

    method.__name__ = method.__qualname__ = name
    return method


def assigning(op: str) -> Callable[..., Any]:
    """``x ∘= y``."""

    def method(self: Any, other: Any) -> Any:
        return F.apply_(op, self, other)

    method.__name__ = method.__qualname__ = f"i{op}"
    return method


class Methods:
    """What every tensor can do."""

    __slots__ = ()
    __array_ufunc__ = None  # so that NumPy leaves `array + tensor` to us

    array: Any
    _requires_grad: bool

    # -- operators
    __add__ = __radd__ = operator("add")
    __sub__ = operator("sub")
    __rsub__ = operator("rsub")
    __mul__ = __rmul__ = operator("mul")
    __truediv__ = operator("div")
    __floordiv__ = operator("floor_divide")
    __rfloordiv__ = reflected("floor_divide")
    __mod__ = operator("remainder")
    __pow__ = operator("pow")
    __rpow__ = reflected("pow")
    __and__ = __rand__ = operator("bitwise_and")
    __or__ = __ror__ = operator("bitwise_or")
    __xor__ = __rxor__ = operator("bitwise_xor")
    __lt__ = operator("lt")
    __le__ = operator("le")
    __gt__ = operator("gt")
    __ge__ = operator("ge")
    asin, acos, sinh, cosh, expm1 = map(of, ("asin", "acos", "sinh", "cosh", "expm1"))
    diagonal = of("diagonal")
    tril, triu, repeat_interleave = of("tril"), of("triu"), of("repeat_interleave")
    __neg__, __abs__, __invert__ = of("neg"), of("abs"), of("bitwise_not")
    __matmul__ = of("matmul")
    __iadd__, __isub__, __imul__ = assigning("add"), assigning("sub"), assigning("mul")
    __itruediv__ = assigning("div")
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> Any:
        return F.eq(self, other) if isinstance(other, Methods | int | float) else False

    def __ne__(self, other: object) -> Any:
        return F.ne(self, other) if isinstance(other, Methods | int | float) else True

    def __rtruediv__(self, other: Any) -> Any:
        return F.mul(F.reciprocal(self), other)

    def __pos__(self) -> Any:
        return self

    def __getitem__(self, index: Any) -> Any:
        return F.getitem(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        F.setitem(self, index, value)

    def __iter__(self) -> Iterator[Tensor]:
        return cast("Iterator[Tensor]", F.iterate(self))

    def __contains__(self, item: Any) -> bool:
        return bool((self == item).any().item())

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

    # -- element by element
    add, sub, mul, div, neg, pow = map(of, ("add", "sub", "mul", "div", "neg", "pow"))
    subtract, multiply, divide, true_divide = map(of, ("sub", "mul", "div", "div"))
    exp, log, log1p, log2, log10 = map(of, ("exp", "log", "log1p", "log2", "log10"))
    sqrt, rsqrt, square, reciprocal = map(of, ("sqrt", "rsqrt", "square", "reciprocal"))
    sin, cos, tan, atan, erf = map(of, ("sin", "cos", "tan", "atan", "erf"))
    abs, sign, floor, ceil, round, trunc = map(
        of, ("abs", "sign", "floor", "ceil", "round", "trunc")
    )
    tanh, sigmoid, relu = map(of, ("tanh", "sigmoid", "relu"))
    softmax, log_softmax, logsumexp = map(of, ("softmax", "log_softmax", "logsumexp"))
    clamp, clip, clamp_min, clamp_max = map(of, ("clamp", "clamp", "clamp_min", "clamp_max"))
    maximum, minimum, masked_fill = map(of, ("maximum", "minimum", "masked_fill"))
    remainder, floor_divide = map(of, ("remainder", "floor_divide"))
    eq, ne, lt, le, gt, ge = map(of, ("eq", "ne", "lt", "le", "gt", "ge"))
    equal, allclose, isclose = map(of, ("equal", "allclose", "isclose"))
    isnan, isinf, isfinite = map(of, ("isnan", "isinf", "isfinite"))
    logical_and, logical_or, logical_xor, logical_not = map(
        of, ("logical_and", "logical_or", "logical_xor", "logical_not")
    )

    def where(self, condition: Any, other: Any) -> Any:
        return F.where(condition, self, other)

    # -- reductions
    sum, mean, prod, var, std, norm = map(of, ("sum", "mean", "prod", "var", "std", "norm"))
    max, min, amax, amin, argmax, argmin = map(
        of, ("max", "min", "amax", "amin", "argmax", "argmin")
    )
    any, all, count_nonzero, cumsum = map(of, ("any", "all", "count_nonzero", "cumsum"))
    sort, argsort, topk = map(of, ("sort", "argsort", "topk"))

    # -- products
    mm, mv, dot, bmm, matmul, outer, addmm = map(
        of, ("mm", "mv", "dot", "bmm", "matmul", "outer", "addmm")
    )

    # -- views and copies
    view, reshape, expand, repeat, permute, tile = map(
        of_sizes, ("view", "reshape", "expand", "repeat", "permute", "tile")
    )
    t, transpose, swapaxes, movedim = map(of, ("t", "transpose", "transpose", "movedim"))
    flatten, ravel, unflatten, squeeze, unsqueeze = map(
        of, ("flatten", "ravel", "unflatten", "squeeze", "unsqueeze")
    )
    clone, detach, flip = map(of, ("clone", "detach", "flip"))
    split, chunk, unbind = map(of, ("split", "chunk", "unbind"))
    gather, index_select, masked_select, narrow, select = map(
        of, ("gather", "index_select", "masked_select", "narrow", "select")
    )

    @property
    def T(self) -> Any:
        return F.permute(self, tuple(range(self.array.ndim))[::-1])

    @property
    def mT(self) -> Any:
        if self.array.ndim < 2:
            raise RuntimeError(
                "tensor.mT is only supported on matrices or batches of matrices. Got "
                f"{self.array.ndim}-D tensor."
            )
        return F.transpose(self, -2, -1)

    def view_as(self, other: Tensor) -> Any:
        return F.view(self, other.shape)

    def reshape_as(self, other: Tensor) -> Any:
        return F.reshape(self, other.shape)

    def expand_as(self, other: Tensor) -> Any:
        return F.expand(self, other.shape)

    def is_contiguous(self) -> bool:
        return bool(self.array.flags.c_contiguous)

    def contiguous(self) -> Any:
        return self if self.array.flags.c_contiguous else apply("clone", self)

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

    # -- in place
    mul_, div_, neg_, exp_, sqrt_, tanh_, sigmoid_, relu_, abs_, copy_ = map(
        in_place,
        ("mul", "div", "neg", "exp", "sqrt", "tanh", "sigmoid", "relu", "abs", "copy"),
    )
    floor_, ceil_, round_, reciprocal_, zero_, log_ = map(
        in_place, ("floor", "ceil", "round", "reciprocal", "zero", "log")
    )

    def add_(self, other: Any, *, alpha: Any = 1) -> Any:
        return _scaled("add", self, other, alpha)

    def sub_(self, other: Any, *, alpha: Any = 1) -> Any:
        return _scaled("sub", self, other, alpha)

    def pow_(self, exponent: Any) -> Any:
        if isinstance(exponent, Methods):
            return F.apply_("pow.tensor", self, exponent)
        return F.apply_("pow", self, exponent=exponent)

    def fill_(self, value: Any) -> Any:
        if isinstance(value, Methods):
            return F.apply_("fill.tensor", self, value)
        return F.apply_("fill", self, value=value)

    def clamp_(self, min: Any = None, max: Any = None) -> Any:
        low = -math.inf if min is None else min
        return F.apply_("clamp", self, min=low, max=math.inf if max is None else max)

    def masked_fill_(self, mask: Any, value: Any) -> Any:
        return F.apply_("masked_fill", self, mask, value=value)

    def multinomial(self, num_samples: Any, replacement: Any = False, **how: Any) -> Any:
        return F.multinomial(self, num_samples, replacement, **how)

    def uniform_(self, a: Any = 0.0, b: Any = 1.0, generator: Any = None) -> Any:
        return F.filled_at_random("uniform", self, a, b, generator)

    def normal_(self, mean: Any = 0.0, std: Any = 1.0, generator: Any = None) -> Any:
        return F.filled_at_random("normal", self, mean, std, generator)

    # -- new ones of the same dtype
    def new_zeros(self, *size: Any) -> Any:
        return F.new(self, F.sizes(size), 0)

    def new_ones(self, *size: Any) -> Any:
        return F.new(self, F.sizes(size), 1)

    def new_full(self, size: Any, fill_value: Any) -> Any:
        return F.new(self, F.sizes((size,)), fill_value)

    def new_tensor(self, data: Any) -> Any:
        return F.new_tensor(self, data)


def _scaled(op: str, target: Any, other: Any, alpha: Any) -> Any:
    if alpha == 1:
        return F.apply_(op, target, other)
    return F.apply_(f"{op}.alpha", target, other, alpha=alpha)


def _dtype_of(target: Any, otherwise: Any) -> Any:
    """The dtype that ``x.to(target)`` asks for."""
    if isinstance(target, dtype):
        return target
    if isinstance(target, Methods):
        return OF_NUMPY[target.array.dtype]
    if isinstance(target, device | str) or type(target) is int:
        on_cpu(target)
        return otherwise
    raise TypeError(
        "to() received an invalid combination of arguments - got "
        f"({type(target).__name__}), but expected a dtype, a device or a Tensor"
    )
