"""``nn.MultiheadAttention``: several heads of attention side by side, and what surrounds them."""

from __future__ import annotations

from typing import Any

from backprop_tui.engines.numpy_engine import events
from backprop_tui.engines.numpy_engine import heads as H
from backprop_tui.engines.numpy_engine.dtypes import dtype, on_cpu
from backprop_tui.engines.numpy_engine.nn import init
from backprop_tui.engines.numpy_engine.nn.layers import Linear, parameter
from backprop_tui.engines.numpy_engine.nn.module import Module
from backprop_tui.engines.numpy_engine.shaping import transpose
from backprop_tui.engines.numpy_engine.tensor import Parameter, Tensor


class NonDynamicallyQuantizableLinear(Linear):
    """A Linear; PyTorch's name of the one in which heads come together."""


class MultiheadAttention(Module):
    """Queries look at keys and take a mean of their values, with several weights at once."""

    in_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: dtype | None = None,
    ) -> None:
        on_cpu(device)
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                "embed_dim and num_heads must be greater than 0, got "
                f"embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError("embed_dim must be divisible by num_heads")
        apart = {"q": embed_dim, "k": self.kdim, "v": self.vdim}
        if self._qkv_same_embed_dim:
            self.in_proj_weight = parameter(3 * embed_dim, embed_dim, dtype=dtype)
            for name in apart:
                self.register_parameter(f"{name}_proj_weight", None)
        else:
            for name, width in apart.items():
                weight = parameter(embed_dim, width, dtype=dtype)
                self.register_parameter(f"{name}_proj_weight", weight)
            self.register_parameter("in_proj_weight", None)
        whole = parameter(3 * embed_dim, dtype=dtype) if bias else None
        self.register_parameter("in_proj_bias", whole)
        self.out_proj = NonDynamicallyQuantizableLinear(
            embed_dim, embed_dim, bias=bias, dtype=dtype
        )
        self.bias_k = self.bias_v = None
        if add_bias_kv:
            self.bias_k = parameter(1, 1, embed_dim, dtype=dtype)
            self.bias_v = parameter(1, 1, embed_dim, dtype=dtype)
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        """Glorot's uniform start for the weights, 0 for the biases."""
        named = self._parameters
        with events.muted():
            for name in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"):
                weight = named[name]
                if weight is not None:
                    init.xavier_uniform_(weight)
            if self.in_proj_bias is not None:
                init.constant_(self.in_proj_bias, 0.0)
                init.constant_(self.out_proj.bias, 0.0)
            for bias in (self.bias_k, self.bias_v):
                if bias is not None:
                    init.xavier_normal_(bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Any, Any]:
        kind = query.array.dtype
        key_padding_mask = H.canonical_mask(key_padding_mask, "key_padding_mask", kind)
        attn_mask = H.canonical_mask(attn_mask, "attn_mask", kind)
        turned = self.batch_first and query.ndim == 3
        if turned:
            query, key, value = _batch_second(query, key, value)
        named = self._parameters
        output, weights = H.multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=named["q_proj_weight"],
            k_proj_weight=named["k_proj_weight"],
            v_proj_weight=named["v_proj_weight"],
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        return (transpose(output, 1, 0) if turned else output), weights


def _batch_second(query: Any, key: Any, value: Any) -> tuple[Any, Any, Any]:
    """Steps first, then the batch; what was one tensor stays one."""
    if key is not value:
        return transpose(query, 1, 0), transpose(key, 1, 0), transpose(value, 1, 0)
    first = transpose(query, 1, 0)
    both = first if query is key else transpose(key, 1, 0)
    return first, both, both
