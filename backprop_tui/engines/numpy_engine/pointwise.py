"""``torch.*`` functions that work element by element, and comparisons."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine import state
from backprop_tui.engines.numpy_engine import tensor as tensors
from backprop_tui.engines.numpy_engine.apply import apply, result_type

__all__ = [
    "abs",
    "absolute",
    "add",
    "allclose",
    "atan",
    "bitwise_and",
    "bitwise_not",
    "bitwise_or",
    "bitwise_xor",
    "ceil",
    "clamp",
    "clamp_max",
    "clamp_min",
    "clip",
    "cos",
    "div",
    "divide",
    "eq",
    "equal",
    "erf",
    "exp",
    "floor",
    "floor_divide",
    "ge",
    "greater",
    "gt",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "le",
    "less",
    "log",
    "log1p",
    "log2",
    "log10",
    "log_softmax",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "lt",
    "masked_fill",
    "maximum",
    "minimum",
    "mul",
    "multiply",
    "ne",
    "neg",
    "negative",
    "pow",
    "reciprocal",
    "relu",
    "remainder",
    "round",
    "rsqrt",
    "rsub",
    "sigmoid",
    "sign",
    "sin",
    "softmax",
    "sqrt",
    "square",
    "sub",
    "subtract",
    "tan",
    "tanh",
    "true_divide",
    "trunc",
    "where",
]  # fmt: skip

Function = Callable[..., Any]


def need_tensor(value: Any, function: str, argument: str = "input", position: int = 1) -> Any:
    """``value``, or PyTorch's TypeError if it is no tensor."""
    if not isinstance(value, tensors.Tensor):
        raise TypeError(
            f"{function}(): argument '{argument}' (position {position}) must be Tensor, "
            f"not {type(value).__name__}"
        )
    return value


def refuse(kernel: str, kinds: str, *inputs: Any) -> None:
    """PyTorch's error for dtypes (by NumPy's letters for kinds) that a function is not for."""
    found = [x for x in inputs if isinstance(x, tensors.Tensor)]
    common = result_type(found, [x for x in inputs if type(x) in (int, float, bool)])
    if common.numpy.kind in kinds:
        name = common.legacy
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{name}'")


def unary(name: str, not_for: str = "", kernel: str = "") -> Function:
    """A function of one tensor that is one op."""

    def function(input: Any) -> Any:
        need_tensor(input, name)
        if not_for and input.array.dtype.kind in not_for:
            refuse(kernel or f"{name}_cpu", not_for, input)
        return apply(name, input)

    function.__name__ = function.__qualname__ = name
    return function


def binary(
    name: str, not_for: str = "", kernel: str = "", first: bool = False, both: bool = False
) -> Function:
    """A function of two tensors (or a tensor and a number) that is one op.

    ``first``: its first argument must be a tensor; ``both``: so must its second.
    """

    def function(input: Any, other: Any) -> Any:
        if first or not isinstance(other, tensors.Tensor):
            need_tensor(input, name)
        if both:
            need_tensor(other, name, "other", 2)
        if not_for:
            refuse(kernel or f"{name}_cpu", not_for, input, other)
        return apply(name, input, other)

    function.__name__ = function.__qualname__ = name
    return function


exp, log, log1p, log2, log10 = map(unary, ("exp", "log", "log1p", "log2", "log10"))
sqrt, rsqrt, sin, cos, tan, atan = map(unary, ("sqrt", "rsqrt", "sin", "cos", "tan", "atan"))
tanh, sigmoid, erf, reciprocal, sign = map(unary, ("tanh", "sigmoid", "erf", "reciprocal", "sign"))
floor, ceil = unary("floor", "b", "floor_vml_cpu"), unary("ceil", "b", "ceil_vml_cpu")
trunc = unary("trunc", "b", "trunc_vml_cpu")
isnan, isinf, isfinite = map(unary, ("isnan", "isinf", "isfinite"))
logical_not = unary("logical_not")
mul = binary("mul")
eq, ne, lt, le, gt, ge = (binary(name, first=True) for name in ("eq", "ne", "lt", "le", "gt", "ge"))
maximum, minimum = (binary(name, first=True, both=True) for name in ("maximum", "minimum"))
logical_and, logical_or, logical_xor = (
    binary(name, first=True, both=True) for name in ("logical_and", "logical_or", "logical_xor")
)
bitwise_and, bitwise_or = binary("bitwise_and", "f"), binary("bitwise_or", "f")
bitwise_xor = binary("bitwise_xor", "f")
_floor_divide = binary("floor_divide", "b", "div_floor_cpu")
multiply, greater, less = mul, gt, lt
greater_equal, less_equal, not_equal = ge, le, ne
_add, _sub, _div = map(binary, ("add", "sub", "div"))
_neg, _abs, _relu, _not = unary("neg"), unary("abs", "b"), unary("relu"), unary("bitwise_not")


def add(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """input + alpha · other."""
    if alpha == 1:
        return _add(input, other)
    return apply("add.alpha", input, other, alpha=alpha)


def sub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """input − alpha · other."""
    if _is_bool(input) and _is_bool(other):
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
            "`logical_xor()` operator instead."
        )
    if _is_bool(input) or _is_bool(other):
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying "
            "to invert a mask, use the `~` or `logical_not()` operator instead."
        )
    if alpha == 1:
        return _sub(input, other)
    return apply("sub.alpha", input, other, alpha=alpha)


def _is_bool(value: Any) -> bool:
    return type(value) is bool or (
        isinstance(value, tensors.Tensor) and value.array.dtype.kind == "b"
    )


def rsub(input: Any, other: Any) -> Any:
    """A number minus a tensor."""
    if isinstance(other, tensors.Tensor) or _is_bool(input) or _is_bool(other):
        return sub(other, input)
    return apply("rsub", input, other=other)


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    """input / other, whole with ``rounding_mode``."""
    if rounding_mode is None:
        return _div(input, other)
    if rounding_mode in ("floor", "trunc"):
        if not isinstance(other, tensors.Tensor):
            need_tensor(input, "div")
        return apply("div.mode", input, other, rounding_mode=rounding_mode)
    raise RuntimeError(
        "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
        f"'{rounding_mode}'"
    )


true_divide = divide = div


def neg(input: Any) -> Any:
    """−x."""
    if _is_bool(input):
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to "
            "invert a mask, use the `~` or `logical_not()` operator instead."
        )
    return _neg(input)


def abs(input: Any) -> Any:
    """|x|."""
    return _abs(input)


def relu(input: Any) -> Any:
    """max(0, x)."""
    if _is_bool(input):
        raise RuntimeError("Boolean inputs not supported for relu")
    return _relu(input)


def bitwise_not(input: Any) -> Any:
    """Not x, bit by bit."""
    if need_tensor(input, "bitwise_not").array.dtype.kind == "f":
        raise TypeError(
            "~ (operator.invert) is only implemented on integer and Boolean-type tensors"
        )
    return _not(input)


def floor_divide(input: Any, other: Any) -> Any:
    """input / other, rounded down."""
    refuse_zero(input, other)
    return _floor_divide(input, other)


def refuse_zero(input: Any, other: Any) -> None:
    """PyTorch's error for whole numbers divided by 0."""
    values = [x.array if isinstance(x, tensors.Tensor) else x for x in (input, other)]
    if all(np.asarray(x).dtype.kind in "iu" for x in values) and not np.all(values[1]):
        raise RuntimeError("ZeroDivisionError")


negative, absolute, subtract, fix = neg, abs, sub, trunc


def positive(input: Any) -> Any:
    """+x."""
    return need_tensor(input, "positive")


def pow(input: Any, exponent: Any) -> Any:
    """x to a power; which of the three is a number decides the Node."""
    whole = all(
        x.array.dtype.kind in "iub" if isinstance(x, tensors.Tensor) else isinstance(x, int)
        for x in (input, exponent)
    )
    if whole and not isinstance(exponent, tensors.Tensor) and exponent < 0:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    if not isinstance(input, tensors.Tensor):
        refuse("pow", "b", input, exponent)
        return apply("pow.scalar", need_tensor(exponent, "pow"), self=input)
    if isinstance(exponent, tensors.Tensor):
        return apply("pow.tensor", input, exponent)
    if exponent is True and _is_bool(input):
        return apply("clone", input)
    return apply("pow", input, exponent=exponent)


def square(input: Any) -> Any:
    """x², which PyTorch computes as a power."""
    return pow(need_tensor(input, "square"), 2)


def remainder(input: Any, other: Any) -> Any:
    """What is left after dividing, with the sign of the divisor."""
    if not isinstance(other, tensors.Tensor):
        need_tensor(input, "remainder")
    refuse("remainder_cpu", "b", input, other)
    refuse_zero(input, other)
    if isinstance(other, tensors.Tensor):
        return apply("remainder.tensor", input, other)
    return apply("remainder", input, other=other)


def round(input: Any, *, decimals: int = 0) -> Any:
    """The nearest number with so many decimals; half goes to the even one."""
    refuse("round_vml_cpu", "b", need_tensor(input, "round"))
    return apply("round", input, decimals=decimals)


def clamp(input: Any, min: Any = None, max: Any = None) -> Any:
    """x kept within bounds, each a number, a tensor or None."""
    need_tensor(input, "clamp")
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    bounds = [bound for bound in (min, max) if bound is not None]
    if any(isinstance(bound, tensors.Tensor) for bound in bounds):
        if not all(isinstance(bound, tensors.Tensor) for bound in bounds):
            kinds = ", ".join(f"{n}={type(b).__name__}" for n, b in (("min", min), ("max", max)))
            raise TypeError(
                "clamp() received an invalid combination of arguments - got "
                f"(Tensor, {kinds}), but both bounds are tensors or both are numbers"
            )
        return apply("clamp.tensor", input, min, max)
    low = -math.inf if min is None else min
    return apply("clamp", input, min=low, max=math.inf if max is None else max)


def clamp_min(input: Any, min: Any) -> Any:
    """At least ``min``, a number or a tensor."""
    need_tensor(input, "clamp_min")
    if isinstance(min, tensors.Tensor):
        return apply("clamp_min.tensor", input, min)
    return apply("clamp_min", input, min=min)


def clamp_max(input: Any, max: Any) -> Any:
    """At most ``max``, a number or a tensor."""
    need_tensor(input, "clamp_max")
    if isinstance(max, tensors.Tensor):
        return apply("clamp_max.tensor", input, max)
    return apply("clamp_max", input, max=max)


clip = clamp


def softmax(input: Any, dim: int, dtype: Any = None) -> Any:
    """eˣ divided by its sum along ``dim``."""
    return _soft("softmax", input, dim, dtype)


def log_softmax(input: Any, dim: int, dtype: Any = None) -> Any:
    """The logarithm of softmax."""
    return _soft("log_softmax", input, dim, dtype)


def _soft(name: str, input: Any, dim: int, dtype: Any) -> Any:
    need_tensor(input, name)
    if dtype is not None:
        input = input.to(dtype)
    last = "_lastdim" if dim in (-1, input.ndim - 1) else ""
    refuse(f"{name}{last}_kernel_impl", "iub", input)
    return apply(name, input, dim=dim)


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """One or the other; with the condition alone, where it is true."""
    need_tensor(condition, "where", "condition")
    if input is None and other is None:
        return tuple(tensors.Tensor(places) for places in np.nonzero(condition.array))
    if condition.array.dtype.kind != "b":
        raise RuntimeError(
            "where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{condition.dtype.legacy}"
        )
    sides = [_as_tensor(side) if _numbers(input, other) else side for side in (input, other)]
    return apply("where", condition, *sides)


def _numbers(*values: Any) -> bool:
    return not any(isinstance(value, tensors.Tensor) for value in values)


def _as_tensor(value: Any) -> Any:
    kind = state.now().default_dtype.numpy if isinstance(value, float) else None
    return tensors.Tensor(np.asarray(value, dtype=kind))


def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """With ``value`` where ``mask`` is true."""
    if mask.array.dtype.kind != "b":
        raise RuntimeError(
            f"masked_fill_ only supports boolean masks, but got mask with dtype {mask.dtype.c_name}"
        )
    if isinstance(value, tensors.Tensor) and value.requires_grad and not value.ndim:
        return apply("masked_fill.tensor", input, mask, value)
    if isinstance(value, tensors.Tensor) and value.ndim:
        raise RuntimeError(
            "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.ndim} dimension(s)."
        )
    number = value.item() if isinstance(value, tensors.Tensor) else value
    if not isinstance(number, int | float):
        raise TypeError(
            "masked_fill() received an invalid combination of arguments - got "
            f"(Tensor, {type(value).__name__}), but expected (Tensor mask, Number value)"
        )
    return apply("masked_fill", input, mask, value=number)


def isclose(
    input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """Nearly the same, element by element."""
    if input.array.dtype != other.array.dtype:
        raise RuntimeError(f"{input.dtype.legacy} did not match {other.dtype.legacy}")
    for name, bound in (("rtol", rtol), ("atol", atol)):
        if bound < 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {bound}")
    close = np.isclose(input.array, other.array, rtol, atol, equal_nan)
    return tensors.Tensor(np.asarray(close))


def allclose(
    input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> bool:
    """Whether all elements are nearly the same."""
    if input.array.dtype != other.array.dtype:
        raise RuntimeError(f"{input.dtype.legacy} did not match {other.dtype.legacy}")
    return bool(np.allclose(input.array, other.array, rtol, atol, equal_nan))


def equal(input: Any, other: Any) -> bool:
    """Whether shape and all elements are the same."""
    return bool(np.array_equal(input.array, other.array))
