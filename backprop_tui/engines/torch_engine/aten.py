"""What an ATen operation is called here: the record of ``ops`` that it matches, or its own name.

    aten.mul.Tensor(x, 2)            mul       self=x, other=2
    aten.sum.dim_IntList(x, [0])     sum.dim   self=x          dim=0, keepdim=False
    aten.nll_loss_forward(x, t, …)   nll_loss  self=x, target=t  reduction="mean", ignore_index=-100
    aten.convolution(x, w, b, …)     convolution, with PyTorch's names for everything

Records are named after PyTorch's ``derivatives.yaml``, so inputs and attributes have the names of
the ATen schema; ``ATTRS`` holds those few that are spelled otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from inspect import CO_VARARGS
from math import inf
from typing import Any

import torch

from backprop_tui.engines.torch_engine.mentions import Mention
from backprop_tui.ops import OPS
from backprop_tui.ops.base import Op
from backprop_tui.ops.rules import wrap_dim

Bound = dict[str, Any]

#: ATen overload → record, where it is not ``name.default`` → ``name``
RECORDS: dict[str, str] = {
    **{f"{name}.Tensor": name for name in ("add", "sub", "mul", "div")},
    **{f"{name}.Scalar": f"{name}.scalar" for name in ("add", "mul", "div")},
    **{
        f"{name}.{kind}": name
        for name in ("eq", "ne", "lt", "le", "gt", "ge", "bitwise_and", "bitwise_or", "bitwise_xor")
        for kind in ("Tensor", "Scalar")
    },
    "rsub.Scalar": "rsub",
    **{f"{name}_.default": f"{name}.inplace" for name in ("leaky_relu", "elu", "celu")},
    "sub.Scalar": "sub.scalar",
    "norm.ScalarOpt_dim": "norm.dim",
    "multilabel_margin_loss_forward.default": "multilabel_margin_loss",
    "pow.Tensor_Scalar": "pow",
    "pow.Tensor_Tensor": "pow.tensor",
    "pow.Scalar": "pow.scalar",
    "pow_.Scalar": "pow",
    "remainder.Scalar": "remainder",
    "remainder.Tensor": "remainder.tensor",
    "where.self": "where",
    "clamp.Tensor": "clamp.tensor",
    "clamp_min.Tensor": "clamp_min.tensor",
    "clamp_max.Tensor": "clamp_max.tensor",
    "masked_fill.Scalar": "masked_fill",
    "masked_fill.Tensor": "masked_fill",
    "round.decimals": "round",
    "sum.dim_IntList": "sum.dim",
    "mean.dim": "mean.dim",
    "prod.dim_int": "prod.dim",
    "max.dim": "max.dim",
    "min.dim": "min.dim",
    "var.correction": "var",
    "std.correction": "std",
    "any.dim": "any",
    "any.dims": "any",
    "all.dim": "all",
    "all.dims": "all",
    "sort.stable": "sort",
    "scatter.src": "scatter",
    "scatter.value": "scatter.value",
    "scatter_reduce.two": "scatter_reduce",
    "index_fill.int_Scalar": "index_fill",
    "index_fill.int_Tensor": "index_fill.tensor",
    "median.dim": "median.dim",
    "nanmedian.dim": "nanmedian.dim",
    "var_mean.correction": "var_mean",
    "std_mean.correction": "std_mean",
    "fmod.Scalar": "fmod",
    "fmod.Tensor": "fmod.tensor",
    "copysign.Tensor": "copysign",
    "copysign.Scalar": "copysign.scalar",
    "xlogy.Tensor": "xlogy",
    "lerp.Scalar": "lerp",
    "lerp.Tensor": "lerp.tensor",
    "linalg_pinv.atol_rtol_tensor": "linalg_pinv",
    "searchsorted.Tensor": "searchsorted",
    "searchsorted.Scalar": "searchsorted",
    "bucketize.Tensor": "bucketize",
    "bucketize.Scalar": "bucketize",
    "isin.Tensor_Tensor": "isin",
    "__lshift__.Tensor": "bitwise_left_shift",
    "__lshift__.Scalar": "bitwise_left_shift",
    "__rshift__.Tensor": "bitwise_right_shift",
    "__rshift__.Scalar": "bitwise_right_shift",
    "bitwise_left_shift.Tensor": "bitwise_left_shift",
    "bitwise_left_shift.Tensor_Scalar": "bitwise_left_shift",
    "bitwise_right_shift.Tensor": "bitwise_right_shift",
    "bitwise_right_shift.Tensor_Scalar": "bitwise_right_shift",
    "squeeze.dim": "squeeze.dim",
    "squeeze.dims": "squeeze.dims",
    "transpose.int": "transpose",
    "transpose.default": "transpose",
    "select.int": "select",
    "slice.Tensor": "slice",
    "index.Tensor": "index",
    "split.Tensor": "split",
    "split_with_sizes.default": "split.sizes",
    "unbind.int": "unbind",
    "fill.Scalar": "fill",
    "fill.Tensor": "fill.tensor",
    "_softmax.default": "softmax",
    "_log_softmax.default": "log_softmax",
    "log_sigmoid_forward.default": "log_sigmoid",
    "nll_loss_forward.default": "nll_loss",
    "nll_loss2d_forward.default": "nll_loss2d",
    "div.Tensor_mode": "div.mode",
    "div.Scalar_mode": "div.mode",
    "count_nonzero.dim_IntList": "count_nonzero",
}

#: Not steps: what makes tensors from nothing or at random, and PyTorch's own housekeeping.
SILENT = frozenset(
    {
        "_efficientzerotensor", "_linalg_check_errors", "_local_scalar_dense", "_pin_memory",
        "_unique2", "arange", "bernoulli",
        "binomial", "empty", "empty_like", "empty_permuted", "empty_strided", "equal",
        "exponential", "eye", "fill_diagonal_", "full", "full_like", "is_nonzero", "is_pinned",
        "lift", "lift_fresh", "lift_fresh_copy", "linspace", "logspace", "multinomial",
        "new_empty", "new_empty_strided", "new_full", "new_ones", "new_zeros", "nonzero",
        "nonzero_static", "normal", "ones", "ones_like", "poisson", "rand", "rand_like",
        "randint", "randint_like", "randn", "randn_like", "random", "randperm",
        "repeat_interleave", "resize_",
        "scalar_tensor", "set_", "tril_indices", "triu_indices", "unique_consecutive",
        "unique_dim", "zeros", "zeros_like",
    }
)  # fmt: skip

#: In place, these only give a tensor other numbers: told as a change of ``data``.
FILLING = frozenset(
    {"uniform_", "normal_", "bernoulli_", "random_", "exponential_", "cauchy_", "log_normal_",
     "geometric_"}
)  # fmt: skip

#: While training these also change their running statistics, which their schemas do not say.
REMEMBERING = dict.fromkeys(
    ("native_batch_norm", "cudnn_batch_norm", "miopen_batch_norm"),
    ("running_mean", "running_var"),
)

#: What can sum a gradient back to a smaller shape.
_SUMMING = ("sum", "sum.dim", "view")

REDUCTIONS = ("none", "mean", "sum")
_END = 2**63 - 1
_PLAIN = frozenset({type(None), bool, int, float, str})


def plain(value: Any) -> Any:
    """A value of the schema as a step keeps it: numbers and texts, tuples of them."""
    if type(value) in _PLAIN or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return tuple([plain(part) for part in value])
    return str(_real(value)).removeprefix("torch.")


def _dims(bound: Bound, _: Any) -> Any:
    """One dimension as a number, several as a tuple."""
    dim = bound["dim"]
    if isinstance(dim, list | tuple):
        return dim[0] if len(dim) == 1 else tuple(dim)
    return dim


def _size(_: Bound, output: Any) -> Any:
    return tuple(output.shape)


def _wrapped(bound: Bound, _: Any) -> Any:
    of = bound["self"]
    return wrap_dim(bound["dim"], of.ndim) if of.ndim else bound["dim"]


def _joined(extra: int) -> Callable[[Bound, Any], Any]:
    def dim(bound: Bound, _: Any) -> Any:
        ndim = bound["tensors"][0].ndim + extra
        return wrap_dim(bound["dim"], ndim) if ndim else bound["dim"]

    return dim


def _start(bound: Bound, _: Any) -> Any:
    return _bounds(bound)[0]


def _stop(bound: Bound, _: Any) -> Any:
    first, last = _bounds(bound)
    return max(first, last)


def _bounds(bound: Bound) -> tuple[int, int]:
    size = bound["self"].shape[bound["dim"]]
    stop = bound["end"]
    first, last, _ = slice(bound["start"], stop if stop != _END else None).indices(size)
    return first, last


def _value(bound: Bound, _: Any) -> Any:
    value = bound["value"]
    return value.item() if isinstance(value, torch.Tensor) else value


def _reduction(bound: Bound, _: Any) -> str:
    return REDUCTIONS[bound["reduction"]]


def _places(bound: Bound, _: Any) -> tuple[int, ...]:
    return tuple(i for i, index in enumerate(bound["indices"]) if index is not None)


def _keepdim(bound: Bound, _: Any) -> bool:
    return bool(bound.get("keepdim", False))


def _correction(bound: Bound, _: Any) -> Any:
    return 1 if bound["correction"] is None else bound["correction"]


def _pair(name: str) -> Callable[[Bound, Any], Any]:
    """One number for both directions, or one for each; no stride is the size of the kernel."""

    def pair(bound: Bound, _: Any) -> tuple[int, ...]:
        given = bound[name] or bound["kernel_size"]
        given = (given,) if isinstance(given, int) else tuple(given)
        return given * 2 if len(given) == 1 else given

    return pair


def _maybe_dim(bound: Bound, _: Any) -> Any:
    return _dims(bound, _) if "dim" in bound else None


#: (record, attribute) → what it is; the attribute of this name in the schema otherwise
ATTRS: dict[tuple[str, str], Callable[[Bound, Any], Any]] = {
    **{
        (name, "dim"): _dims
        for name in ("sum.dim", "mean.dim", "amax", "amin", "var", "std", "logsumexp",
                     "linalg_vector_norm", "norm.dim", "var_mean", "std_mean")
    },
    **{(name, "dim"): _maybe_dim for name in ("any", "all", "count_nonzero")},
    **{(name, "correction"): _correction for name in ("var", "std", "var_mean", "std_mean")},
    **{(name, "keepdim"): _keepdim for name in ("any", "all")},
    **{
        (name, "reduction"): _reduction
        for name in ("mse_loss", "huber_loss", "smooth_l1_loss", "binary_cross_entropy",
                     "binary_cross_entropy_with_logits", "nll_loss", "nll_loss2d",
                     "soft_margin_loss", "multi_margin_loss", "multilabel_margin_loss")
    },
    **{
        (pool, name): _pair(name)
        for pool in ("max_pool2d_with_indices", "avg_pool2d")
        for name in ("kernel_size", "stride")
    },
    ("view", "size"): _size,
    ("_unsafe_view", "size"): _size,
    ("_reshape_alias", "size"): _size,
    ("cat", "dim"): _joined(0),
    ("stack", "dim"): _joined(1),
    ("split", "dim"): _wrapped,
    ("split.sizes", "dim"): _wrapped,
    ("split.sizes", "split_size"): lambda bound, _: tuple(bound["split_sizes"]),
    ("slice", "start"): _start,
    ("slice", "end"): _stop,
    ("masked_fill", "value"): _value,
    ("index", "places"): _places,
    ("index_put", "places"): _places,
    ("clamp", "min"): lambda bound, _: -inf if bound["min"] is None else bound["min"],
    ("clamp", "max"): lambda bound, _: inf if bound["max"] is None else bound["max"],
    ("round", "decimals"): lambda bound, _: bound.get("decimals", 0),
}  # fmt: skip


class Plan:
    """How one ATen operation is told; made at its first use."""

    __slots__ = (
        "attrs", "fills", "idle", "in_place", "inputs", "name", "op", "other", "parameters",
        "remembers", "reshapes", "rest", "ruled", "silent", "suspect", "told", "variadic", "view",
        "written",
    )  # fmt: skip

    def __init__(self, func: Any, record: str = "") -> None:
        schema = func._schema
        packet, overload = func.overloadpacket.__name__, func._overloadname
        namespace = func.namespace
        #: name → default, None where there is none
        self.parameters = {a.name: _default(a) for a in schema.arguments}
        #: the arguments that it writes into
        self.written = tuple(
            a.name for a in schema.arguments if a.alias_info and a.alias_info.is_write
        )
        first = next(iter(self.parameters), "")
        self.in_place = (
            packet.endswith("_") and not packet.endswith("__") and self.written == (first,)
        )
        base = packet.removesuffix("_") if self.in_place else packet
        self.fills = packet in FILLING
        self.remembers = REMEMBERING.get(packet, ())
        self.silent = namespace != "aten" or base in SILENT or packet in SILENT
        self.view = any(r.alias_info and not r.alias_info.is_write for r in schema.returns)
        overloads = (f"{one}.{overload or 'default'}" for one in (packet, base))
        name = record or next(filter(None, map(RECORDS.get, overloads)), None)
        if name is None and overload in ("", "default") and base in OPS:
            name = base
        #: whether its target gets another shape
        self.reshapes = False
        own = {"squeeze_": "squeeze.matmul"}.get(packet, packet)
        if packet != base and own in OPS:
            # In place on what a composite has just made for itself: nobody else sees its target.
            name, self.in_place, self.written, self.reshapes = own, False, (), True
        self._take(OPS.get(name or ""), base)
        #: whether nobody asks for it inside a Node
        self.idle = not (self.written or self.remembers or self.name in _SUMMING)
        #: ``add`` and ``sub`` with a factor are records of their own; ``reshape`` makes a view of
        #: another kind where PyTorch is not recorded
        other = "_reshape_alias" if name == "view" else f"{name}.alpha"
        self.other = Plan(func, other) if other in OPS else None

    def _take(self, op: Op | None, base: str) -> None:
        self.op = op
        self.name = base if op is None else op.name
        self.variadic = op is not None and op.variadic
        #: how many of its outputs are told; None: all
        self.told = (op.outputs or None) if op is not None else None
        #: whether PyTorch may run it for itself
        self.suspect = self.name in ("detach", "transpose")
        self.rest = ""
        self.inputs: tuple[str, ...] = ()
        #: name, how it is found, and whether it is a number with a point
        self.attrs: tuple[tuple[str, Callable[[Bound, Any], Any] | None, bool], ...] = ()
        #: whether one of them is worked out
        self.ruled = False
        if op is None:
            return
        code = op.forward.__code__
        names = code.co_varnames
        positional = names[: code.co_argcount]
        keywords = names[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        if code.co_flags & CO_VARARGS:
            self.rest = names[code.co_argcount + code.co_kwonlyargcount]
        self.inputs = tuple(
            name
            for name in positional
            if (name in op.vjps or name in op.plain or not op.vjps)
            and name in self.parameters
            and name != self.rest
        )
        defaults = op.forward.__kwdefaults__ or {}
        self.attrs = tuple(
            (name, ATTRS.get((op.name, name)), isinstance(defaults.get(name), float))
            for name in keywords
            if not name.startswith("_") and (name in self.parameters or (op.name, name) in ATTRS)
        )
        self.ruled = any(rule is not None for _, rule, _ in self.attrs)

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound:
        """The arguments by name, defaults filled in."""
        return {**self.parameters, **dict(zip(self.parameters, args, strict=False)), **kwargs}

    def operands(self, bound: Bound) -> list[tuple[str, Any]]:
        """The inputs by the names they are told under: mentions and Python numbers."""
        if self.op is None:
            return _all_tensors(bound)
        if self.variadic:
            return [(f"tensors[{i}]", t) for i, t in enumerate(bound["tensors"])]
        found = [(name, bound[name]) for name in self.inputs if bound[name] is not None]
        if self.rest:
            further = [t for t in bound[self.rest] if t is not None]
            found += [(f"{self.rest}[{i}]", t) for i, t in enumerate(further)]
        return found

    def attributes(self, bound: Bound, output: Any) -> dict[str, Any]:
        """Everything that is no tensor, by the record's names."""
        if self.op is None or self.ruled:
            bound = {name: _real(value) for name, value in bound.items()}
        if self.op is None:
            return {
                name: plain(value) for name, value in bound.items() if not _holds_tensors(value)
            }
        return {
            name: float(value) if point and isinstance(value, int) else value
            for name, rule, point in self.attrs
            for value in (plain(bound[name] if rule is None else rule(bound, output)),)
        }


def _default(argument: Any) -> Any:
    return argument.default_value if argument.has_default_value() else None


def _real(value: Any) -> Any:
    """The value with tensors for their mentions."""
    kind = type(value)
    if kind is Mention:
        return value.tensor
    if kind is list or kind is tuple:
        return kind([_real(part) for part in value])
    return value


def _holds_tensors(value: Any) -> bool:
    if isinstance(value, torch.Tensor | torch.Generator):
        return True
    return isinstance(value, list | tuple) and any(isinstance(v, torch.Tensor) for v in value)


def _all_tensors(bound: Bound) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in bound.items():
        if isinstance(value, Mention):
            found.append((name, value))
        elif isinstance(value, list | tuple):
            found += [(f"{name}[{i}]", v) for i, v in enumerate(value) if isinstance(v, Mention)]
    return found


#: The plans made so far.
PLANS: dict[Any, Plan] = {}


def plan_of(func: Any) -> Plan:
    """The Plan of an ATen operation."""
    plan = PLANS.get(func)
    if plan is None:
        plan = PLANS[func] = Plan(func)
    return plan
