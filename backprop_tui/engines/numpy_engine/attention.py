"""Attention as a function: which Nodes PyTorch makes of it on the CPU.

four dimensions, no dropout     one Node for all of it
anything else                   scores, softmax and mean, Node for Node
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine import events, state
from backprop_tui.engines.numpy_engine import tensor as tensors
from backprop_tui.engines.numpy_engine.apply import apply, tell
from backprop_tui.engines.numpy_engine.composites import repeat_interleave
from backprop_tui.engines.numpy_engine.graph import plan_of
from backprop_tui.engines.numpy_engine.nn_functional import dropout
from backprop_tui.engines.numpy_engine.pointwise import add, need_tensor
from backprop_tui.engines.numpy_engine.products import matmul
from backprop_tui.engines.numpy_engine.shaping import transpose

__all__ = ["scaled_dot_product_attention"]


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    """softmax(query @ keyᵀ / √d + mask) @ value."""
    _check(query, key, value, attn_mask, dropout_p)
    if attn_mask is not None and attn_mask.array.dtype.kind == "b":
        attn_mask = _added(attn_mask, query.array.dtype)
    if _in_one(query, key, value, attn_mask, dropout_p, enable_gqa):
        state.make_room((*query.shape[:-1], key.shape[-2]), query.array.itemsize)
        return apply(
            "_scaled_dot_product_flash_attention_for_cpu", query, key, value, attn_mask,
            dropout_p=0.0, is_causal=is_causal, scale=scale,
        )  # fmt: skip
    return _by_steps(query, key, value, attn_mask, dropout_p, is_causal, scale, enable_gqa)


def _check(query: Any, key: Any, value: Any, attn_mask: Any, dropout_p: float) -> None:
    given = (query, key, value)
    for position, (name, one) in enumerate(zip(("query", "key", "value"), given, strict=True), 1):
        need_tensor(one, "scaled_dot_product_attention", name, position)
    if attn_mask is not None:
        need_tensor(attn_mask, "scaled_dot_product_attention", "attn_mask", 4)
    kinds = [one.dtype.c_name for one in given]
    if len(set(kinds)) > 1:
        raise RuntimeError(
            "Expected query, key, and value to have the same dtype, but got query.dtype: "
            f"{kinds[0]} key.dtype: {kinds[1]} and value.dtype: {kinds[2]} instead."
        )
    if any(one.ndim < 2 for one in given):
        raise RuntimeError(
            "Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: "
            f"{query.ndim} key.dim: {key.ndim} and value.dim: {value.ndim} instead."
        )
    if (
        attn_mask is not None
        and attn_mask.array.dtype.kind != "b"
        and attn_mask.array.dtype != query.array.dtype
    ):
        raise RuntimeError(
            "Expected attn_mask dtype to be bool or float or to match query dtype, but got "
            f"attn_mask.dtype: {attn_mask.dtype.c_name} and  query.dtype: {kinds[0]} instead."
        )
    if query.array.dtype.kind != "f":
        raise RuntimeError(f"expected scalar type Float but found {query.dtype.legacy}")
    if dropout_p > 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {dropout_p:g}")
    if dropout_p < 0:
        raise RuntimeError(
            "scaled_dot_product_attention_flash_attention: Currently do not support dropout > 0"
        )


def _added(allowed: Any, kind: Any) -> Any:
    """A mask of what may be looked at as numbers to be added: 0 or −∞."""
    numbers = (0.0, -math.inf)
    with events.muted():
        sides = [tensors.Tensor(np.asarray(number, kind)) for number in numbers]
        made = apply("where", allowed, *sides)
    tell(plan_of("where"), (allowed, *numbers), {}, (made,), None)
    return made


def _in_one(
    query: Any, key: Any, value: Any, mask: Any, dropout_p: float, enable_gqa: bool
) -> bool:
    """Whether PyTorch has one Node for it."""
    given = (query, key, value)
    if dropout_p or any(one.ndim != 4 or not one.array.size for one in given):
        return False
    batch, heads, rows, width = query.shape
    if any(one.shape[0] != batch or one.shape[-1] != width for one in (key, value)):
        return False
    if key.shape[1] != value.shape[1] or key.shape[2] != value.shape[2]:
        return False
    if heads != key.shape[1] and (not enable_gqa or heads % key.shape[1]):
        return False
    if not all(_in_a_row(one) for one in given):
        return False
    return mask is None or _fits(mask, (batch, heads, rows, key.shape[2]))


def _in_a_row(one: Any) -> bool:
    """Whether numbers beside each other along the last dimension are so in memory."""
    return bool(one.shape[-1] == 1 or one.array.strides[-1] == one.array.itemsize)


def _fits(mask: Any, scores: tuple[int, ...]) -> bool:
    if mask.requires_grad or mask.ndim not in (2, 4) or not _in_a_row(mask):
        return False
    sizes = zip(reversed(mask.shape), reversed(scores), strict=False)
    return all(have in (1, wanted) for have, wanted in sizes)


def _by_steps(
    query: Any,
    key: Any,
    value: Any,
    mask: Any,
    dropout_p: float,
    is_causal: bool,
    scale: float | None,
    enable_gqa: bool,
) -> Any:
    if is_causal and mask is not None:
        raise RuntimeError(
            "_scaled_dot_product_attention: Explicit attn_mask should not be set when "
            "is_causal=True"
        )
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    root = math.sqrt(abs(factor))
    query = apply("mul.scalar", query, other=-root if factor < 0 else root)
    if is_causal:
        all_ = tensors.Tensor(np.ones((query.shape[-2], key.shape[-2]), bool))
        mask = _added(apply("tril", all_, diagonal=0), query.array.dtype)
    if enable_gqa and query.ndim >= 3:
        key, value = (_shared(one, query) for one in (key, value))
    turned = apply("mul.scalar", transpose(key, -2, -1), other=root)
    scores = matmul(query, turned)
    if mask is not None:
        scores = add(scores, mask)
    weights = apply("_safe_softmax", scores, dim=-1)
    if dropout_p:
        weights = dropout(weights, dropout_p)
    return matmul(weights, value)


def _shared(heads: Any, query: Any) -> Any:
    times, left = divmod(query.shape[-3], heads.shape[-3])
    if left:
        raise RuntimeError("Number of heads in key and value must divide the number of heads in ")
    return repeat_interleave(heads, times, -3) if times > 1 else heads
