"""``torch.*`` functions that work element by element, and comparisons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine import state
from backprop_tui.engines.numpy_engine import tensor as tensors
from backprop_tui.engines.numpy_engine.apply import apply

Function = Callable[..., Any]


def need_tensor(value: Any, function: str, argument: str = "input", position: int = 1) -> Any:
    """``value``, or PyTorch's TypeError if it is no tensor."""
    if not isinstance(value, tensors.Tensor):
        raise TypeError(
            f"{function}(): argument '{argument}' (position {position}) must be Tensor, "
            f"not {type(value).__name__}"
        )
    return value


def unary(name: str) -> Function:
    """A function of one tensor that is one op."""

    def function(input: Any) -> Any:
        return apply(name, need_tensor(input, name))

    function.__name__ = function.__qualname__ = name
    return function


def binary(name: str) -> Function:
    """A function of two tensors (or a tensor and a number) that is one op."""

    def function(input: Any, other: Any) -> Any:
        if not isinstance(other, tensors.Tensor):
            need_tensor(input, name)
        return apply(name, input, other)

    function.__name__ = function.__qualname__ = name
    return function


exp, log, log1p, log2, log10 = map(unary, ("exp", "log", "log1p", "log2", "log10"))
sqrt, rsqrt, sin, cos, tan, atan = map(unary, ("sqrt", "rsqrt", "sin", "cos", "tan", "atan"))
tanh, sigmoid, relu, erf = map(unary, ("tanh", "sigmoid", "relu", "erf"))
reciprocal, sign, floor, ceil, trunc = map(unary, ("reciprocal", "sign", "floor", "ceil", "trunc"))
isnan, isinf, isfinite = map(unary, ("isnan", "isinf", "isfinite"))
logical_not, bitwise_not = map(unary, ("logical_not", "bitwise_not"))
mul, maximum, minimum = map(binary, ("mul", "maximum", "minimum"))
eq, ne, lt, le, gt, ge = map(binary, ("eq", "ne", "lt", "le", "gt", "ge"))
logical_and, logical_or, logical_xor = map(binary, ("logical_and", "logical_or", "logical_xor"))
bitwise_and, bitwise_or, bitwise_xor = map(binary, ("bitwise_and", "bitwise_or", "bitwise_xor"))
floor_divide = binary("floor_divide")
multiply, greater, less = mul, gt, lt
_add, _sub, _div, _neg, _abs = *map(binary, ("add", "sub", "div")), *map(unary, ("neg", "abs"))


def add(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """input + alpha · other."""
    if alpha == 1:
        return _add(input, other)
    return apply("add.alpha", input, other, alpha=alpha)


def sub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """input − alpha · other."""
    if any(_is_bool(x) for x in (input, other)):
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying "
            "to invert a mask, use the `~` or `logical_not()` operator instead."
        )
    if alpha == 1:
        return _sub(input, other)
    return apply("sub.alpha", input, other, alpha=alpha)


def _is_bool(value: Any) -> bool:
    return isinstance(value, tensors.Tensor) and value.array.dtype.kind == "b"


def rsub(input: Any, other: Any) -> Any:
    """A number minus a tensor."""
    if _is_bool(input):
        return sub(input, other)
    return apply("rsub", input, other=other)


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    """input / other, whole with ``rounding_mode``."""
    if rounding_mode is None:
        return _div(input, other)
    if rounding_mode == "floor":
        return floor_divide(input, other)
    if rounding_mode == "trunc":
        return trunc(_div(input, other))
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


negative, absolute, subtract = neg, abs, sub


def pow(input: Any, exponent: Any) -> Any:
    """x to a power; which of the three is a number decides the Node."""
    whole = all(
        x.array.dtype.kind in "iub" if isinstance(x, tensors.Tensor) else isinstance(x, int)
        for x in (input, exponent)
    )
    if whole and not isinstance(exponent, tensors.Tensor) and exponent < 0:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    if not isinstance(input, tensors.Tensor):
        return apply("pow.scalar", need_tensor(exponent, "pow"), self=input)
    if isinstance(exponent, tensors.Tensor):
        return apply("pow.tensor", input, exponent)
    return apply("pow", input, exponent=exponent)


def square(input: Any) -> Any:
    """x², which PyTorch computes as a power."""
    return pow(need_tensor(input, "square"), 2)


def remainder(input: Any, other: Any) -> Any:
    """What is left after dividing, with the sign of the divisor."""
    if isinstance(other, tensors.Tensor):
        return apply("remainder.tensor", input, other)
    return apply("remainder", input, other=other)


def round(input: Any, *, decimals: int = 0) -> Any:
    """The nearest number with so many decimals; half goes to the even one."""
    return apply("round", need_tensor(input, "round"), decimals=decimals)


def clamp(input: Any, min: Any = None, max: Any = None) -> Any:
    """x kept within bounds, each a number, a tensor or None."""
    need_tensor(input, "clamp")
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if isinstance(min, tensors.Tensor) or isinstance(max, tensors.Tensor):
        if min is not None:
            input = maximum(input, min)
        return input if max is None else minimum(input, max)
    return apply("clamp", input, min=min, max=max)


def clamp_min(input: Any, min: Any) -> Any:
    """At least ``min``."""
    return apply("clamp_min", need_tensor(input, "clamp_min"), min=min)


def clamp_max(input: Any, max: Any) -> Any:
    """At most ``max``."""
    return apply("clamp_max", need_tensor(input, "clamp_max"), max=max)


clip = clamp


def softmax(input: Any, dim: int, dtype: Any = None) -> Any:
    """eˣ divided by its sum along ``dim``."""
    need_tensor(input, "softmax")
    return apply("softmax", input if dtype is None else input.to(dtype), dim=dim)


def log_softmax(input: Any, dim: int, dtype: Any = None) -> Any:
    """The logarithm of softmax."""
    need_tensor(input, "log_softmax")
    return apply("log_softmax", input if dtype is None else input.to(dtype), dim=dim)


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
            "masked_fill only supports boolean masks, but got mask with dtype "
            f"{mask.dtype.legacy.lower()}"
        )
    number = value.item() if isinstance(value, tensors.Tensor) else value
    return apply("masked_fill", input, mask, value=number)


def isclose(input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8) -> Any:
    """Nearly the same, element by element."""
    return tensors.Tensor(np.asarray(np.isclose(input.array, other.array, rtol, atol)))


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
