"""The methods of ``Tensor`` that write into it: ``add_``, ``zero_``, ``scatter_`` …"""

from __future__ import annotations

import math
from typing import Any

from backprop_tui.engines.numpy_engine.method_kinds import F, Operand, in_place, of


class Writing(Operand):
    """What changes a tensor in place."""

    __slots__ = ()

    # -- in place
    mul_, div_, neg_, exp_, sqrt_, tanh_, sigmoid_, relu_, abs_, copy_ = map(
        in_place,
        ("mul", "div", "neg", "exp", "sqrt", "tanh", "sigmoid", "relu", "abs", "copy"),
    )
    floor_, ceil_, round_, reciprocal_, zero_, log_ = map(
        in_place, ("floor", "ceil", "round", "reciprocal", "zero", "log")
    )
    sin_, cos_, tan_, asin_, acos_, atan_ = map(
        in_place, ("sin", "cos", "tan", "asin", "acos", "atan")
    )
    sinh_, cosh_, asinh_, acosh_, atanh_ = map(
        in_place, ("sinh", "cosh", "asinh", "acosh", "atanh")
    )
    exp2_, expm1_, log2_, log10_, log1p_, rsqrt_ = map(
        in_place, ("exp2", "expm1", "log2", "log10", "log1p", "rsqrt")
    )
    erf_, erfc_, erfinv_, lgamma_, digamma_, sinc_ = map(
        in_place, ("erf", "erfc", "erfinv", "lgamma", "digamma", "sinc")
    )
    sign_, sgn_, trunc_, frac_, deg2rad_, rad2deg_ = map(
        in_place, ("sign", "sgn", "trunc", "frac", "deg2rad", "rad2deg")
    )
    atan2_, hypot_, logical_and_, logical_or_, logical_xor_, logical_not_ = map(
        in_place, ("atan2", "hypot", "logical_and", "logical_or", "logical_xor", "logical_not")
    )
    bitwise_and_, bitwise_or_, bitwise_xor_, bitwise_not_, floor_divide_ = map(
        in_place, ("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not", "floor_divide")
    )
    eq_, ne_, lt_, le_, gt_, ge_ = map(in_place, ("eq", "ne", "lt", "le", "gt", "ge"))
    multiply_, divide_, true_divide_, negative_, absolute_ = mul_, div_, div_, neg_, abs_
    arctan2_, fix_ = atan2_, trunc_
    scatter_, scatter_add_, scatter_reduce_, masked_scatter_ = map(
        of, ("scatter_", "scatter_add_", "scatter_reduce_", "masked_scatter_")
    )
    index_add_, index_copy_, index_fill_, index_put_ = map(
        of, ("index_add_", "index_copy_", "index_fill_", "index_put_")
    )
    bernoulli_, random_, exponential_ = map(of, ("bernoulli_", "random_", "exponential_"))
    lerp_, fmod_, addcmul_, addcdiv_ = map(of, ("lerp_", "fmod_", "addcmul_", "addcdiv_"))
    addmm_, baddbmm_, addmv_, addr_ = map(of, ("addmm_", "baddbmm_", "addmv_", "addr_"))

    def add_(self, other: Any, *, alpha: Any = 1) -> Any:
        return _scaled("add", self, other, alpha)

    def sub_(self, other: Any, *, alpha: Any = 1) -> Any:
        return _scaled("sub", self, other, alpha)

    def pow_(self, exponent: Any) -> Any:
        if isinstance(exponent, Operand):
            return F.apply_("pow.tensor", self, exponent)
        return F.apply_("pow", self, exponent=exponent)

    def fill_(self, value: Any) -> Any:
        if isinstance(value, Operand):
            return F.apply_("fill.tensor", self, value)
        return F.apply_("fill", self, value=value)

    def clamp_(self, min: Any = None, max: Any = None) -> Any:
        low = -math.inf if min is None else min
        return F.apply_("clamp", self, min=low, max=math.inf if max is None else max)

    def masked_fill_(self, mask: Any, value: Any) -> Any:
        return F.apply_("masked_fill", self, mask, value=value)

    def uniform_(self, a: Any = 0.0, b: Any = 1.0, generator: Any = None) -> Any:
        return F.filled_at_random("uniform", self, a, b, generator)

    def normal_(self, mean: Any = 0.0, std: Any = 1.0, generator: Any = None) -> Any:
        return F.filled_at_random("normal", self, mean, std, generator)

    subtract_ = sub_

    def square_(self) -> Any:
        return self.pow_(2)

    def clamp_min_(self, min: Any) -> Any:
        return F.apply_("clamp_min", self, min=min)

    def clamp_max_(self, max: Any) -> Any:
        return F.apply_("clamp_max", self, max=max)

    clip_ = clamp_

    def remainder_(self, other: Any) -> Any:
        if isinstance(other, Operand):
            return F.apply_("remainder.tensor", self, other)
        return F.apply_("remainder", self, other=other)

    def cumsum_(self, dim: int) -> Any:
        return F.apply_("cumsum", self, dim=dim)

    def cumprod_(self, dim: int) -> Any:
        return F.apply_("cumprod", self, dim=dim)

    def tril_(self, diagonal: int = 0) -> Any:
        return F.apply_("tril", self, diagonal=diagonal)

    def triu_(self, diagonal: int = 0) -> Any:
        return F.apply_("triu", self, diagonal=diagonal)

    def nan_to_num_(self, nan: Any = None, posinf: Any = None, neginf: Any = None) -> Any:
        return F.apply_("nan_to_num", self, nan=nan, posinf=posinf, neginf=neginf)

    def logit_(self, eps: Any = None) -> Any:
        return F.apply_("logit", self, eps=eps)


def _scaled(op: str, target: Any, other: Any, alpha: Any) -> Any:
    if alpha == 1:
        return F.apply_(op, target, other)
    return F.apply_(f"{op}.alpha", target, other, alpha=alpha)
