"""``torch.*`` functions of two or three tensors, element by element; and those of whole numbers."""

from __future__ import annotations

from typing import Any

from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.inplace import apply_
from backprop_tui.engines.numpy_engine.pointwise import (
    binary,
    greater_equal,
    less_equal,
    need_tensor,
    not_equal,
    refuse,
    refuse_zero,
)
from backprop_tui.engines.numpy_engine.tensor import Tensor

__all__ = [
    "addcdiv", "addcmul", "arctan2", "atan2", "bitwise_left_shift", "bitwise_right_shift",
    "copysign", "fmax", "fmin", "fmod", "gcd", "greater_equal", "hypot", "lcm", "lerp",
    "less_equal", "logaddexp", "logaddexp2", "not_equal", "xlogy",
]  # fmt: skip

atan2, hypot, logaddexp, logaddexp2, fmax, fmin = (
    binary(name, first=True, both=True)
    for name in ("atan2", "hypot", "logaddexp", "logaddexp2", "fmax", "fmin")
)
gcd, lcm = (binary(name, "fb", first=True, both=True) for name in ("gcd", "lcm"))
bitwise_left_shift, bitwise_right_shift = (
    binary(name, "fb") for name in ("bitwise_left_shift", "bitwise_right_shift")
)
arctan2 = atan2


def fmod(input: Any, other: Any) -> Any:
    """What division leaves, with the sign of what is divided."""
    return remains(apply, input, other)


def remains(run: Any, input: Any, other: Any) -> Any:
    """``fmod`` by a number or a tensor, by ``apply`` or in place."""
    refuse("fmod_cpu", "b", need_tensor(input, "fmod"), other)
    refuse_zero(input, other)
    if isinstance(other, Tensor):
        return run("fmod.tensor", input, other)
    return run("fmod", input, other=other)


def copysign(input: Any, other: Any) -> Any:
    """One number with the sign of another."""
    need_tensor(input, "copysign")
    if isinstance(other, Tensor):
        return apply("copysign", input, other)
    return apply("copysign.scalar", input, other=other)


def xlogy(input: Any, other: Any) -> Any:
    """x · log y, and 0 where x is 0."""
    if not isinstance(input, Tensor):
        need_tensor(other, "xlogy")
    return apply("xlogy", input, other)


def mixed(run: Any, input: Any, end: Any, weight: Any) -> Any:
    """``lerp`` by a number or a tensor, by ``apply`` or in place."""
    need_tensor(input, "lerp")
    need_tensor(end, "lerp", "end", 2)
    if input.array.dtype != end.array.dtype:
        raise RuntimeError(
            f"expected dtype {input.dtype.c_name} for `end` but got dtype {end.dtype.c_name}"
        )
    refuse("lerp_kernel_scalar", "iub", input)
    if isinstance(weight, Tensor):
        if weight.array.dtype != input.array.dtype:
            raise RuntimeError(
                f"expected dtype {input.dtype.c_name} for `weight` but got dtype "
                f"{weight.dtype.c_name}"
            )
        return run("lerp.tensor", input, end, weight)
    return run("lerp", input, end, weight=weight)


def lerp(input: Any, end: Any, weight: Any) -> Any:
    """input + weight · (end − input)."""
    return mixed(apply, input, end, weight)


def lerp_(input: Any, end: Any, weight: Any) -> Any:
    """The same, in place."""
    return mixed(apply_, input, end, weight)


def fmod_(input: Any, other: Any) -> Any:
    """What division leaves, in place."""
    return remains(apply_, input, other)


def addcmul(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
    """input + value · tensor1 · tensor2."""
    return apply("addcmul", need_tensor(input, "addcmul"), tensor1, tensor2, value=value)


def addcmul_(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
    """The same, in place."""
    return apply_("addcmul", input, tensor1, tensor2, value=value)


def _floating(name: str, *inputs: Any) -> None:
    if all(one.array.dtype.kind != "f" for one in inputs[1:]):
        raise RuntimeError(
            f"Integer division with {name} is no longer supported, and in a future  release "
            f"{name} will perform a true division of tensor1 and tensor2."
        )


def addcdiv(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
    """input + value · tensor1 / tensor2."""
    _floating("addcdiv", need_tensor(input, "addcdiv"), tensor1, tensor2)
    return apply("addcdiv", input, tensor1, tensor2, value=value)


def addcdiv_(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
    """The same, in place."""
    _floating("addcdiv", input, tensor1, tensor2)
    return apply_("addcdiv", input, tensor1, tensor2, value=value)
