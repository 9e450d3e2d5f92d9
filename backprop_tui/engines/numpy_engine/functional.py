"""``torch.*`` functions on tensors, composed of ops as PyTorch composes them.

They live in ``pointwise``, ``reduce``, ``products``, ``shaping`` and ``indexing``; this module is
the one door to them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine import formatting, state
from backprop_tui.engines.numpy_engine import tensor as tensors
from backprop_tui.engines.numpy_engine.composites import (
    diagonal as diagonal,
)
from backprop_tui.engines.numpy_engine.composites import (
    repeat_interleave as repeat_interleave,
)
from backprop_tui.engines.numpy_engine.indexing import (
    gather,
    index_select,
    masked_select,
    narrow,
    select,
)
from backprop_tui.engines.numpy_engine.indexing import (
    getitem as getitem,
)
from backprop_tui.engines.numpy_engine.indexing import (
    iterate as iterate,
)
from backprop_tui.engines.numpy_engine.indexing import (
    setitem as setitem,
)
from backprop_tui.engines.numpy_engine.inplace import apply_ as apply_
from backprop_tui.engines.numpy_engine.inverses import (
    acos as acos,
)
from backprop_tui.engines.numpy_engine.inverses import (
    asin as asin,
)
from backprop_tui.engines.numpy_engine.inverses import (
    cosh as cosh,
)
from backprop_tui.engines.numpy_engine.inverses import (
    expm1 as expm1,
)
from backprop_tui.engines.numpy_engine.inverses import (
    sinh as sinh,
)
from backprop_tui.engines.numpy_engine.inverses import (
    tril as tril,
)
from backprop_tui.engines.numpy_engine.inverses import (
    triu as triu,
)
from backprop_tui.engines.numpy_engine.pointwise import (
    abs,
    absolute,
    add,
    allclose,
    atan,
    bitwise_and,
    bitwise_not,
    bitwise_or,
    bitwise_xor,
    ceil,
    clamp,
    clamp_max,
    clamp_min,
    clip,
    cos,
    div,
    divide,
    eq,
    equal,
    erf,
    exp,
    floor,
    floor_divide,
    ge,
    greater,
    gt,
    isclose,
    isfinite,
    isinf,
    isnan,
    le,
    less,
    log,
    log1p,
    log2,
    log10,
    log_softmax,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    lt,
    masked_fill,
    maximum,
    minimum,
    mul,
    multiply,
    ne,
    neg,
    negative,
    pow,
    reciprocal,
    relu,
    remainder,
    round,
    rsqrt,
    rsub,
    sigmoid,
    sign,
    sin,
    softmax,
    sqrt,
    square,
    sub,
    subtract,
    tan,
    tanh,
    true_divide,
    trunc,
    where,
)
from backprop_tui.engines.numpy_engine.products import (
    addmm,
    bmm,
    dot,
    matmul,
    mm,
    mv,
    outer,
)
from backprop_tui.engines.numpy_engine.reduce import (
    all,
    amax,
    amin,
    any,
    argmax,
    argmin,
    argsort,
    count_nonzero,
    cumsum,
    logsumexp,
    max,
    mean,
    min,
    norm,
    prod,
    sort,
    std,
    sum,
    topk,
    var,
)
from backprop_tui.engines.numpy_engine.shaping import (
    broadcast_tensors,
    broadcast_to,
    cat,
    chunk,
    clone,
    concat,
    concatenate,
    detach,
    flatten,
    flip,
    hstack,
    movedim,
    permute,
    ravel,
    reshape,
    split,
    squeeze,
    stack,
    swapaxes,
    swapdims,
    t,
    tile,
    transpose,
    unbind,
    unflatten,
    unsqueeze,
    vstack,
)
from backprop_tui.engines.numpy_engine.shaping import (
    expand as expand,
)
from backprop_tui.engines.numpy_engine.shaping import (
    repeat as repeat,
)
from backprop_tui.engines.numpy_engine.shaping import (
    sizes as sizes,
)
from backprop_tui.engines.numpy_engine.shaping import (
    view as view,
)
from backprop_tui.ops.rules import wrap_dim as wrap_dim


def numel(input: Any) -> int:
    """How many elements."""
    return int(input.array.size)


def is_tensor(obj: Any) -> bool:
    """Whether it is a tensor."""
    return isinstance(obj, tensors.Tensor)


def is_floating_point(input: Any) -> bool:
    """Whether its elements are floating point numbers."""
    return bool(input.array.dtype.kind == "f")


def result_type(tensor1: Any, tensor2: Any) -> Any:
    """The dtype that two tensors or numbers have in common."""
    from backprop_tui.engines.numpy_engine import apply

    both = (tensor1, tensor2)
    found = [x for x in both if isinstance(x, tensors.Tensor)]
    return apply.result_type(found, [x for x in both if not isinstance(x, tensors.Tensor)])


def set_printoptions(**options: Any) -> None:
    """How tensors are printed from now on."""
    extras = state.now().extras
    extras["printing"] = formatting.set_printoptions(_printing(), **options)


def _printing() -> formatting.PrintOptions:
    options = state.now().extras.get("printing", formatting.DEFAULT)
    assert isinstance(options, formatting.PrintOptions)
    return options


# ---------------------------------------------------------------- what methods need besides


def multinomial(input: Any, *args: Any, **how: Any) -> Any:
    """Indices drawn with these weights."""
    from backprop_tui.engines.numpy_engine import random

    return random.multinomial(input, *args, **how)


def text(input: Any) -> str:
    """The tensor as ``print`` shows it."""
    return formatting.tensor_text(
        input.array,
        input.dtype.name,
        requires_grad=input.requires_grad,
        grad_fn=None if input.grad_fn is None else input.grad_fn.label,
        parameter=isinstance(input, tensors.Parameter),
        default_dtype=state.now().default_dtype.name,
        options=_printing(),
    )


def formatted(input: Any, spec: str) -> str:
    """``f"{tensor:spec}"``."""
    parameter = isinstance(input, tensors.Parameter)
    if input.ndim == 0 and not parameter:
        return formatting.format_tensor(input.array, "", spec)
    return formatting.format_tensor(input.array, text(input), spec, parameter=parameter)


def new(input: Any, size: tuple[int, ...], value: Any) -> Any:
    """A tensor of one value in the dtype of another tensor."""
    state.make_room(size, input.array.dtype.itemsize)
    return tensors.Tensor(np.full(size, value, input.array.dtype))


def new_tensor(input: Any, data: Any) -> Any:
    """A tensor of ``data`` in the dtype of another tensor."""
    from backprop_tui.engines.numpy_engine.creation import tensor

    return tensor(data, dtype=input.dtype)


def filled_at_random(kind: str, input: Any, first: Any, second: Any, generator: Any) -> Any:
    """Fill in place with draws of ``Generator.uniform`` or ``normal``."""
    from backprop_tui.engines.numpy_engine import events, random
    from backprop_tui.engines.numpy_engine.inplace import refuse_leaves

    if state.now().grad_enabled:
        refuse_leaves(input)
    source = random.default_generator() if generator is None else generator
    draw = source.uniform if kind == "uniform" else source.normal
    events.write(input, draw(input.array.shape, first, second, input.array.dtype))
    return input


__all__ = [
    "abs",
    "absolute",
    "add",
    "addmm",
    "all",
    "allclose",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "argsort",
    "atan",
    "bitwise_and",
    "bitwise_not",
    "bitwise_or",
    "bitwise_xor",
    "bmm",
    "broadcast_tensors",
    "broadcast_to",
    "cat",
    "ceil",
    "chunk",
    "clamp",
    "clamp_max",
    "clamp_min",
    "clip",
    "clone",
    "concat",
    "concatenate",
    "cos",
    "count_nonzero",
    "cumsum",
    "detach",
    "div",
    "divide",
    "dot",
    "eq",
    "equal",
    "erf",
    "exp",
    "flatten",
    "flip",
    "floor",
    "floor_divide",
    "gather",
    "ge",
    "greater",
    "gt",
    "hstack",
    "index_select",
    "is_floating_point",
    "is_tensor",
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
    "logsumexp",
    "lt",
    "masked_fill",
    "masked_select",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "mm",
    "movedim",
    "mul",
    "multiply",
    "mv",
    "narrow",
    "ne",
    "neg",
    "negative",
    "norm",
    "numel",
    "outer",
    "permute",
    "pow",
    "prod",
    "ravel",
    "reciprocal",
    "relu",
    "remainder",
    "reshape",
    "result_type",
    "round",
    "rsqrt",
    "rsub",
    "select",
    "set_printoptions",
    "sigmoid",
    "sign",
    "sin",
    "softmax",
    "sort",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "sub",
    "subtract",
    "sum",
    "swapaxes",
    "swapdims",
    "t",
    "tan",
    "tanh",
    "tile",
    "topk",
    "transpose",
    "true_divide",
    "trunc",
    "unbind",
    "unflatten",
    "unsqueeze",
    "var",
    "vstack",
    "where",
]
