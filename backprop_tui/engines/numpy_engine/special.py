"""``torch.special`` and the functions of ``torch`` that it shares its names with."""

from __future__ import annotations

import math
from typing import Any

from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.dtypes import float64
from backprop_tui.engines.numpy_engine.inverses import acos, asin, expm1
from backprop_tui.engines.numpy_engine.pairs import xlogy
from backprop_tui.engines.numpy_engine.pointwise import (
    atan,
    erf,
    fix,
    log1p,
    log_softmax,
    need_tensor,
    positive,
    pow,
    round,
    sigmoid,
    softmax,
    unary,
)
from backprop_tui.engines.numpy_engine.reduce import logsumexp
from backprop_tui.engines.numpy_engine.tensor import Tensor

__all__ = [
    "acosh", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh", "asinh", "atanh",
    "deg2rad", "digamma", "entr", "erf", "erfc", "erfinv", "exp2", "expit", "expm1", "fix",
    "float_power", "frac", "gammaln", "isneginf", "isposinf", "lgamma", "log1p", "log_softmax",
    "logit", "logsumexp", "nan_to_num", "ndtr", "polygamma", "positive", "psi", "rad2deg",
    "round", "sgn", "signbit", "sinc", "softmax", "xlog1py", "xlogy",
]  # fmt: skip

asinh, acosh, atanh, exp2 = map(unary, ("asinh", "acosh", "atanh", "exp2"))
erfc, erfinv, lgamma, digamma = map(unary, ("erfc", "erfinv", "lgamma", "digamma"))
sinc, deg2rad, rad2deg, frac, sgn = map(unary, ("sinc", "deg2rad", "rad2deg", "frac", "sgn"))
signbit, isposinf, isneginf = map(unary, ("signbit", "isposinf", "isneginf"))
arcsin, arccos, arctan, arcsinh, arccosh, arctanh = asin, acos, atan, asinh, acosh, atanh
expit, psi, gammaln = sigmoid, digamma, lgamma


def entr(input: Any) -> Any:
    """−x log x, and 0 at 0."""
    return apply("special_entr", need_tensor(input, "special_entr"))


def logit(input: Any, eps: float | None = None) -> Any:
    """The logarithm of the odds; with ``eps`` its input is kept away from 0 and 1."""
    return apply("logit", need_tensor(input, "logit"), eps=eps)


def ndtr(input: Any) -> Any:
    """The area under the bell curve up to x."""
    need_tensor(input, "special_ndtr")
    area = erf(apply("mul.scalar", input, other=math.sqrt(0.5)))
    return apply("mul.scalar", apply("add.scalar", area, other=1), other=0.5)


def polygamma(n: int, input: Any) -> Any:
    """The n-th derivative of the digamma function."""
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    return apply("polygamma", need_tensor(input, "polygamma", position=2), n=n)


def nan_to_num(input: Any, nan: Any = None, posinf: Any = None, neginf: Any = None) -> Any:
    """NaN and the infinities as numbers."""
    need_tensor(input, "nan_to_num")
    return apply("nan_to_num", input, nan=nan, posinf=posinf, neginf=neginf)


def xlog1py(input: Any, other: Any) -> Any:
    """x · log(1 + y), and 0 where x is 0."""
    need_tensor(input, "special_xlog1py")
    return apply("special_xlog1py", input, need_tensor(other, "special_xlog1py", "other", 2))


def float_power(input: Any, exponent: Any) -> Any:
    """x to a power, in float64."""
    base = input.to(float64) if isinstance(input, Tensor) else float(input)
    return pow(base, exponent.to(float64) if isinstance(exponent, Tensor) else float(exponent))
