"""Several heads of attention side by side, as ``F.multi_head_attention_forward`` writes it.

Its views and copies are Nodes too. Where weights are wanted, scores, softmax and mean are computed
one by one; else all heads go through ``scaled_dot_product_attention``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine import tensor as tensors
from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.attention import scaled_dot_product_attention
from backprop_tui.engines.numpy_engine.convolution import pad
from backprop_tui.engines.numpy_engine.inplace import apply_
from backprop_tui.engines.numpy_engine.nn_functional import dropout
from backprop_tui.engines.numpy_engine.pointwise import add, mul
from backprop_tui.engines.numpy_engine.pointwise import softmax as softmax_
from backprop_tui.engines.numpy_engine.products import bmm, linear
from backprop_tui.engines.numpy_engine.shaping import (
    cat,
    chunk,
    expand,
    permute,
    repeat,
    reshape,
    split,
    squeeze,
    transpose,
    unflatten,
    unsqueeze,
    view,
)

__all__ = ["multi_head_attention_forward"]

NEEDS_MASK = (
    "Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
    "`generate_square_subsequent_mask` to create this mask."
)


def canonical_mask(mask: Any, name: str, kind: Any) -> Any:
    """A mask of what must not be looked at as numbers to be added: −∞ or 0."""
    if mask is None or mask.array.dtype.kind == "f":
        return mask
    if mask.array.dtype.kind != "b":
        raise AssertionError(f"only bool and floating types of {name} are supported")
    zeros = tensors.Tensor(np.zeros(mask.array.shape, kind))
    return apply_("masked_fill", zeros, mask, value=-math.inf)


def multi_head_attention_forward(
    query: Any,
    key: Any,
    value: Any,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Any,
    in_proj_bias: Any,
    bias_k: Any,
    bias_v: Any,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Any,
    out_proj_bias: Any,
    training: bool = True,
    key_padding_mask: Any = None,
    need_weights: bool = True,
    attn_mask: Any = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Any = None,
    k_proj_weight: Any = None,
    v_proj_weight: Any = None,
    static_k: Any = None,
    static_v: Any = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> Any:
    """Attention of several heads side by side: (output, weights or None)."""
    if static_k is not None or static_v is not None:
        raise NotImplementedError("static_k and static_v are not offered here")
    batched = _check_heads(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        query, key, value = (unsqueeze(one, 1) for one in (query, key, value))
        if key_padding_mask is not None:
            key_padding_mask = unsqueeze(key_padding_mask, 0)
    rows, batch, width = query.shape
    kind = query.array.dtype
    key_padding_mask = canonical_mask(key_padding_mask, "key_padding_mask", kind)
    if is_causal and attn_mask is None:
        raise RuntimeError(NEEDS_MASK)
    if is_causal and key_padding_mask is None and not need_weights:
        attn_mask = None
    else:
        attn_mask = canonical_mask(attn_mask, "attn_mask", kind)
        is_causal = is_causal and key_padding_mask is None
    _check_sizes(query, key, value, embed_dim_to_check, num_heads, use_separate_proj_weight)
    if use_separate_proj_weight:
        weights = (q_proj_weight, k_proj_weight, v_proj_weight)
        q, k, v = _projected_apart(query, key, value, weights, in_proj_bias)
    else:
        q, k, v = _projected(query, key, value, in_proj_weight, in_proj_bias)
    attn_mask = _three_dimensional(attn_mask, rows, key.shape[0], batch * num_heads)
    if bias_k is not None and bias_v is not None:
        k = cat([k, repeat(bias_k, (1, batch, 1))])
        v = cat([v, repeat(bias_v, (1, batch, 1))])
        attn_mask, key_padding_mask = _one_more(attn_mask), _one_more(key_padding_mask)
    heads = (batch * num_heads, width // num_heads)
    q, k, v = (transpose(view(one, (one.shape[0], *heads)), 0, 1) for one in (q, k, v))
    if add_zero_attn:
        k, v = (
            cat([one, tensors.Tensor(np.zeros((heads[0], 1, heads[1]), kind))], 1) for one in (k, v)
        )
        attn_mask, key_padding_mask = _one_more(attn_mask), _one_more(key_padding_mask)
    mask = _merged(attn_mask, key_padding_mask, batch, num_heads, k.shape[1])
    dropout_p = dropout_p if training else 0.0
    if need_weights:
        output, weighed = _with_weights(q, k, v, mask, dropout_p)
        output = reshape(transpose(output, 0, 1), (rows * batch, width))
    else:
        output = _without_weights((q, k, v), mask, dropout_p, is_causal, (batch, num_heads))
        output = reshape(permute(output, (2, 0, 1, 3)), (batch * rows, width))
    output = linear(output, out_proj_weight, out_proj_bias)
    output = view(output, (rows, batch, output.shape[1]))
    if need_weights:
        weighed = view(weighed, (batch, num_heads, rows, k.shape[1]))
        weighed = weighed.mean(dim=1) if average_attn_weights else weighed
    if not batched:
        output = squeeze(output, 1)
        weighed = squeeze(weighed, 0) if need_weights else None
    return output, weighed if need_weights else None


def _one_more(mask: Any) -> Any:
    """A mask for one more key, which may be looked at."""
    return None if mask is None else pad(mask, (0, 1))


def _check_heads(q: Any, k: Any, v: Any, padding: Any, mask: Any, heads: int) -> bool:
    """Whether there is a batch."""
    if q.ndim not in (2, 3):
        raise AssertionError(
            f"query should be unbatched 2D or batched 3D tensor but received {q.ndim}-D query "
            "tensor"
        )
    batched: bool = q.ndim == 3
    what = "For batched (3-D) `query`" if batched else "For unbatched (2-D) `query`"
    if k.ndim != q.ndim or v.ndim != q.ndim:
        raise AssertionError(
            f"{what}, expected `key` and `value` to be {q.ndim}-D but found {k.ndim}-D and "
            f"{v.ndim}-D tensors respectively"
        )
    if padding is not None and padding.ndim != q.ndim - 1:
        raise AssertionError(
            f"{what}, expected `key_padding_mask` to be `None` or {q.ndim - 1}-D but found "
            f"{padding.ndim}-D tensor instead"
        )
    if mask is not None and mask.ndim not in (2, 3):
        raise AssertionError(
            f"{what}, expected `attn_mask` to be `None`, 2-D or 3-D but found {mask.ndim}-D "
            "tensor instead"
        )
    if mask is not None and not batched and mask.ndim == 3:
        wanted = (heads, q.shape[0], k.shape[0])
        if tuple(mask.shape) != wanted:
            raise AssertionError(f"Expected `attn_mask` shape to be {wanted} but got {mask.shape}")
    return batched


def _check_sizes(q: Any, k: Any, v: Any, wanted: int, heads: int, apart: bool) -> None:
    width = q.shape[-1]
    if width != wanted:
        raise AssertionError(f"was expecting embedding dimension of {wanted}, but got {width}")
    if width % heads:
        raise AssertionError(f"embed_dim {width} not divisible by num_heads {heads}")
    if apart:
        if tuple(k.shape[:2]) != tuple(v.shape[:2]):
            raise AssertionError(
                f"key's sequence and batch dims {k.shape[:2]} do not match value's {v.shape[:2]}"
            )
    elif tuple(k.shape) != tuple(v.shape):
        raise AssertionError(f"key shape {k.shape} does not match value shape {v.shape}")


def _projected(q: Any, k: Any, v: Any, weight: Any, bias: Any) -> tuple[Any, Any, Any]:
    """Queries, keys and values by one weight: in one product as far as they are the same tensor."""
    width = q.shape[-1]
    if k is not v:
        weights = chunk(weight, 3)
        biases = (None,) * 3 if bias is None else chunk(bias, 3)
        made = [linear(*each) for each in zip((q, k, v), weights, biases, strict=True)]
        return made[0], made[1], made[2]
    if q is k:
        made = _laid_apart(linear(q, weight, bias), 3, width)
        return made[0], made[1], made[2]
    of_query, of_rest = split(weight, [width, 2 * width])
    biases = (None, None) if bias is None else split(bias, [width, 2 * width])
    first = linear(q, of_query, biases[0])
    made = _laid_apart(linear(k, of_rest, biases[1]), 2, width)
    return first, made[0], made[1]


def _laid_apart(product: Any, count: int, width: int) -> list[Any]:
    parts = unsqueeze(unflatten(product, -1, (count, width)), 0)
    parts = squeeze(transpose(parts, 0, -2), -2).contiguous()
    return [parts[i] for i in range(count)]


def _projected_apart(
    q: Any, k: Any, v: Any, weights: tuple[Any, ...], bias: Any
) -> tuple[Any, Any, Any]:
    """Queries, keys and values, each by a weight of its own."""
    biases = (None,) * 3 if bias is None else chunk(bias, 3)
    width = q.shape[-1]
    for name, one, weight in zip(("query", "key", "value"), (q, k, v), weights, strict=True):
        if tuple(weight.shape) != (width, one.shape[-1]):
            raise AssertionError(
                f"expecting {name} weights shape of {(width, one.shape[-1])}, but got "
                f"{weight.shape}"
            )
    made = [linear(*each) for each in zip((q, k, v), weights, biases, strict=True)]
    return made[0], made[1], made[2]


def _three_dimensional(mask: Any, rows: int, columns: int, heads: int) -> Any:
    if mask is None:
        return None
    wanted = (rows, columns) if mask.ndim == 2 else (heads, rows, columns)
    if tuple(mask.shape) != wanted:
        raise RuntimeError(
            f"The shape of the {mask.ndim}D attn_mask is {mask.shape}, but should be {wanted}."
        )
    return unsqueeze(mask, 0) if mask.ndim == 2 else mask


def _merged(mask: Any, padding: Any, batch: int, heads: int, columns: int) -> Any:
    """What must not be looked at, and what is padding, in one mask."""
    if padding is None:
        return mask
    for dim, wanted in enumerate((batch, columns)):
        if padding.shape[dim] != wanted:
            raise AssertionError(
                f"Expected key_padded_mask.shape[{dim}] to be {wanted}, but got "
                f"{padding.shape[dim]}"
            )
    padding = expand(view(padding, (batch, 1, 1, columns)), (-1, heads, -1, -1))
    padding = reshape(padding, (batch * heads, 1, columns))
    return padding if mask is None else add(mask, padding)


def _with_weights(q: Any, k: Any, v: Any, mask: Any, dropout_p: float) -> tuple[Any, Any]:
    scaled = mul(q, math.sqrt(1.0 / float(q.shape[-1])))
    turned = transpose(k, -2, -1)
    if mask is None:
        scores = bmm(scaled, turned)
    else:
        scores = apply("baddbmm", mask, scaled, turned, beta=1, alpha=1)
    weights = softmax_(scores, -1)
    if dropout_p > 0.0:
        weights = dropout(weights, dropout_p)
    return bmm(weights, v), weights


def _without_weights(
    parts: tuple[Any, Any, Any],
    mask: Any,
    dropout_p: float,
    is_causal: bool,
    heads: tuple[int, int],
) -> Any:
    columns = parts[1].shape[1]
    if mask is not None:
        alone = mask.ndim == 3 and mask.shape[0] == 1
        mask = unsqueeze(mask, 0) if alone else view(mask, (*heads, -1, columns))
    q, k, v = (view(one, (*heads, *one.shape[1:])) for one in parts)
    return scaled_dot_product_attention(q, k, v, mask, dropout_p, is_causal)
