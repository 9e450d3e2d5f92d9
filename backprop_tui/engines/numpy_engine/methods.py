"""The methods of ``Tensor`` that compute: operators, element-wise functions, reductions, views.

Most only name the function of ``torch`` that does it; see method_kinds.py. What a tensor is in
other words is in conversions.py, what changes it in place in writing.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.conversions import Conversions
from backprop_tui.engines.numpy_engine.method_kinds import (
    F,
    Operand,
    assigning,
    of,
    of_sizes,
    operator,
    reflected,
)
from backprop_tui.engines.numpy_engine.writing import Writing

if TYPE_CHECKING:
    from backprop_tui.engines.numpy_engine.tensor import Tensor


class Methods(Conversions, Writing):
    """What every tensor can do."""

    __slots__ = ()
    __array_ufunc__ = None  # so that NumPy leaves `array + tensor` to us

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
        return F.eq(self, other) if isinstance(other, Operand | int | float) else False

    def __ne__(self, other: object) -> Any:
        return F.ne(self, other) if isinstance(other, Operand | int | float) else True

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

    # -- shares, ranks, counts
    cumprod, logcumsumexp, nansum, nanmean = map(
        of, ("cumprod", "logcumsumexp", "nansum", "nanmean")
    )
    median, nanmedian, mode, kthvalue, quantile = map(
        of, ("median", "nanmedian", "mode", "kthvalue", "quantile")
    )
    cummax, cummin, aminmax, msort = map(of, ("cummax", "cummin", "aminmax", "msort"))
    unique, unique_consecutive, bincount, histc = map(
        of, ("unique", "unique_consecutive", "bincount", "histc")
    )
    nonzero, argwhere = of("nonzero"), of("argwhere")

    # -- two or three, element by element
    atan2, arctan2, hypot, fmod, fmax, fmin = map(
        of, ("atan2", "atan2", "hypot", "fmod", "fmax", "fmin")
    )
    logaddexp, logaddexp2, copysign, xlogy, lerp = map(
        of, ("logaddexp", "logaddexp2", "copysign", "xlogy", "lerp")
    )
    addcmul, addcdiv, float_power = map(of, ("addcmul", "addcdiv", "float_power"))
    gcd, lcm, bitwise_left_shift, bitwise_right_shift = map(
        of, ("gcd", "lcm", "bitwise_left_shift", "bitwise_right_shift")
    )
    bitwise_and, bitwise_or, bitwise_xor, bitwise_not = map(
        of, ("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not")
    )
    __lshift__, __rshift__ = operator("bitwise_left_shift"), operator("bitwise_right_shift")
    greater, greater_equal, less, less_equal, not_equal = map(of, ("gt", "ge", "lt", "le", "ne"))

    # -- one, element by element
    asinh, acosh, atanh, arcsinh, arccosh, arctanh = map(
        of, ("asinh", "acosh", "atanh", "asinh", "acosh", "atanh")
    )
    arcsin, arccos, arctan, absolute, negative, fix = map(
        of, ("asin", "acos", "atan", "abs", "neg", "trunc")
    )
    exp2, logit, erfc, erfinv, lgamma, digamma = map(
        of, ("exp2", "logit", "erfc", "erfinv", "lgamma", "digamma")
    )
    sinc, deg2rad, rad2deg, frac, sgn, signbit = map(
        of, ("sinc", "deg2rad", "rad2deg", "frac", "sgn", "signbit")
    )
    isposinf, isneginf, nan_to_num, positive = map(
        of, ("isposinf", "isneginf", "nan_to_num", "positive")
    )

    # -- products and matrices
    baddbmm, addbmm, addmv, addr, vdot = map(of, ("baddbmm", "addbmm", "addmv", "addr", "vdot"))
    inner, kron, cross, dist, ger = map(of, ("inner", "kron", "cross", "dist", "outer"))
    inverse, det, logdet, slogdet, pinverse = map(
        of, ("inverse", "det", "logdet", "slogdet", "pinverse")
    )
    cov, corrcoef = of("cov"), of("corrcoef")
    matrix_power, trace, svd = of("matrix_power"), of("trace"), of("svd")

    # -- other places
    diag, diag_embed, diagflat, roll, rot90, unfold = map(
        of, ("diag", "diag_embed", "diagflat", "roll", "rot90", "unfold")
    )
    fliplr, flipud, diff, tensor_split = map(of, ("fliplr", "flipud", "diff", "tensor_split"))
    hsplit, vsplit, dsplit, split_with_sizes = map(of, ("hsplit", "vsplit", "dsplit", "split"))
    moveaxis, swapdims, adjoint = map(of, ("movedim", "transpose", "adjoint"))
    scatter, scatter_add, scatter_reduce, masked_scatter = map(
        of, ("scatter", "scatter_add", "scatter_reduce", "masked_scatter")
    )
    index_add, index_copy, index_fill, index_put = map(
        of, ("index_add", "index_copy", "index_fill", "index_put")
    )
    take, take_along_dim, select_scatter, slice_scatter = map(
        of, ("take", "take_along_dim", "select_scatter", "slice_scatter")
    )
    broadcast_to = of_sizes("expand")

    @property
    def H(self) -> Any:
        if self.array.ndim not in (0, 2):
            raise RuntimeError(
                "tensor.H is only supported on matrices (2-D tensors). Got "
                f"{self.array.ndim}-D tensor."
            )
        return F.transpose(self, -2, -1) if self.array.ndim else self

    # -- new ones of the same dtype, and drawn ones
    def multinomial(self, num_samples: Any, replacement: Any = False, **how: Any) -> Any:
        return F.multinomial(self, num_samples, replacement, **how)

    def new_zeros(self, *size: Any) -> Any:
        return F.new(self, F.sizes(size), 0)

    def new_ones(self, *size: Any) -> Any:
        return F.new(self, F.sizes(size), 1)

    def new_full(self, size: Any, fill_value: Any) -> Any:
        return F.new(self, F.sizes((size,)), fill_value)

    def new_tensor(self, data: Any) -> Any:
        return F.new_tensor(self, data)
