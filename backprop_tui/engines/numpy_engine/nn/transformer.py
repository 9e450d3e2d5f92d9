"""Transformers: attention and a small network at each position, in layers, encoder and decoder."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np

import backprop_tui.engines.numpy_engine.nn_functional as F
from backprop_tui.engines.numpy_engine import events
from backprop_tui.engines.numpy_engine import heads as H
from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.dtypes import dtype
from backprop_tui.engines.numpy_engine.nn import init
from backprop_tui.engines.numpy_engine.nn.attention import MultiheadAttention
from backprop_tui.engines.numpy_engine.nn.containers import ModuleList
from backprop_tui.engines.numpy_engine.nn.layers import Dropout, Linear
from backprop_tui.engines.numpy_engine.nn.module import Module
from backprop_tui.engines.numpy_engine.nn.normalization import LayerNorm
from backprop_tui.engines.numpy_engine.state import now
from backprop_tui.engines.numpy_engine.tensor import Tensor

Activation = str | Callable[[Any], Any]


def _activation(given: Activation) -> Callable[[Any], Any]:
    if not isinstance(given, str):
        return given
    known: dict[str, Callable[[Any], Any]] = {"relu": F.relu, "gelu": F.gelu}
    if given not in known:
        raise RuntimeError(f"activation should be relu/gelu, not {given}")
    return known[given]


class _Layer(Module):
    """What layers of encoder and decoder share: how often they attend says how many norms."""

    attentions: tuple[str, ...]

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: dtype | None = None,
    ) -> None:
        how: dict[str, Any] = {"bias": bias, "device": device, "dtype": dtype}
        super().__init__()
        for name in self.attentions:
            heads = MultiheadAttention(d_model, nhead, dropout, batch_first=batch_first, **how)
            self.add_module(name, heads)
        self.linear1 = Linear(d_model, dim_feedforward, **how)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, **how)
        self.norm_first = norm_first
        parts = range(1, len(self.attentions) + 2)
        for part in parts:
            self.add_module(f"norm{part}", LayerNorm(d_model, layer_norm_eps, **how))
        for part in parts:
            self.add_module(f"dropout{part}", Dropout(dropout))
        self.activation = _activation(activation)

    def _around(self, x: Any, part: int, run: Callable[[Any], Any]) -> Any:
        """``run`` beside a way past it, normalized before or after."""
        norm, dropped = self._modules[f"norm{part}"], self._modules[f"dropout{part}"]
        assert norm is not None
        assert dropped is not None
        if self.norm_first:
            return x + dropped(run(norm(x)))
        return norm(x + dropped(run(x)))

    def _feed_forward(self, x: Any) -> Any:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))


class TransformerEncoderLayer(_Layer):
    """Each position looks at all of them, then thinks for itself."""

    attentions = ("self_attn",)

    def forward(
        self,
        src: Tensor,
        src_mask: Any = None,
        src_key_padding_mask: Any = None,
        is_causal: bool = False,
    ) -> Any:
        kind = src.array.dtype
        padding = H.canonical_mask(src_key_padding_mask, "src_key_padding_mask", kind)
        mask = H.canonical_mask(src_mask, "src_mask", kind)

        def attend(x: Any) -> Any:
            return self.self_attn(x, x, x, padding, False, mask, is_causal=is_causal)[0]

        x = self._around(src, 1, attend)
        return self._around(x, 2, self._feed_forward)


class TransformerDecoderLayer(_Layer):
    """Each position looks at those before it, then at what the encoder made."""

    attentions = ("self_attn", "multihead_attn")

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Any:
        def attend(x: Any) -> Any:
            return self.self_attn(
                x, x, x, tgt_key_padding_mask, False, tgt_mask, is_causal=tgt_is_causal
            )[0]

        def look(x: Any) -> Any:
            return self.multihead_attn(
                x, memory, memory, memory_key_padding_mask, False, memory_mask,
                is_causal=memory_is_causal,
            )[0]  # fmt: skip

        x = self._around(tgt, 1, attend)
        x = self._around(x, 2, look)
        return self._around(x, 3, self._feed_forward)


class _Stack(Module):
    """Copies of one layer, each with weights of its own, that begin alike."""

    def __init__(self, layer: Module, num_layers: int, norm: Module | None) -> None:
        super().__init__()
        self.layers = ModuleList([copy.deepcopy(layer) for _ in range(num_layers)])
        self.num_layers = num_layers
        self.norm = norm

    def _normalized(self, x: Any) -> Any:
        return x if self.norm is None else self.norm(x)

    def _causal(self, x: Tensor, mask: Any, given: bool | None) -> bool:
        """Whether a mask hides exactly what comes later."""
        if given is not None or mask is None:
            return bool(given)
        steps = x.shape[0 if x.ndim == 2 or not self.layers[0].self_attn.batch_first else 1]
        later = generate_square_subsequent_mask(steps, dtype=mask.dtype)
        if tuple(mask.shape) != tuple(later.shape):
            return False
        return bool((mask == later).all())


class TransformerEncoder(_Stack):
    """Copies of an encoder layer, one after the other."""

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__(encoder_layer, num_layers, norm)
        self.enable_nested_tensor = enable_nested_tensor
        self.mask_check = mask_check

    def forward(
        self,
        src: Tensor,
        mask: Any = None,
        src_key_padding_mask: Any = None,
        is_causal: bool | None = None,
    ) -> Any:
        kind = src.array.dtype
        padding = H.canonical_mask(src_key_padding_mask, "src_key_padding_mask", kind)
        mask = H.canonical_mask(mask, "mask", kind)
        causal = self._causal(src, mask, is_causal)
        output = src
        for layer in self.layers:
            output = layer(output, src_mask=mask, is_causal=causal, src_key_padding_mask=padding)
        if padding is not None and mask is None and self._leaves_out(src, padding):
            output = output.masked_fill((padding != 0).unsqueeze(-1), 0.0)
        return self._normalized(output)

    def _leaves_out(self, src: Tensor, padding: Tensor) -> bool:
        """Whether PyTorch, with nothing to learn, computes nothing for padding and puts 0 there:
        each row of the batch has its padding at the end, and the layers are of the usual kind."""
        layer = self.layers[0]
        if not (self.enable_nested_tensor and isinstance(layer, TransformerEncoderLayer)):
            return False
        heads = layer.self_attn
        usual = (
            src.ndim == 3
            and heads.batch_first
            and heads.in_proj_bias is not None
            and heads.num_heads % 2 == 0
            and not layer.norm_first
            and not layer.training
            and layer.activation in (F.relu, F.gelu)
        )
        learns = now().grad_enabled and (
            src.requires_grad or any(p.requires_grad for p in layer.parameters())
        )
        hidden = padding.array != 0
        return usual and not learns and bool((np.diff(hidden.astype(int), axis=1) >= 0).all())


class TransformerDecoder(_Stack):
    """Copies of a decoder layer, one after the other."""

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__(decoder_layer, num_layers, norm)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Any:
        causal = self._causal(tgt, tgt_mask, tgt_is_causal)
        output = tgt
        for layer in self.layers:
            output = layer(
                output,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=causal,
                memory_is_causal=memory_is_causal,
            )
        return self._normalized(output)


class Transformer(Module):
    """An encoder and a decoder: what PyTorch offers of "Attention Is All You Need"."""

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        custom_encoder: Any = None,
        custom_decoder: Any = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        shared: tuple[Any, ...] = (
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first,
            norm_first, bias, device, dtype,
        )  # fmt: skip

        def norm() -> LayerNorm:
            return LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)

        if custom_encoder is None:
            layer = TransformerEncoderLayer(*shared)
            custom_encoder = TransformerEncoder(layer, num_encoder_layers, norm())
        self.encoder = custom_encoder
        if custom_decoder is None:
            other = TransformerDecoderLayer(*shared)
            custom_decoder = TransformerDecoder(other, num_decoder_layers, norm())
        self.decoder = custom_decoder
        self._reset_parameters()
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def _reset_parameters(self) -> None:
        with events.muted():
            for weight in self.parameters():
                if weight.ndim > 1:
                    init.xavier_uniform_(weight)

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Any = None,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        src_key_padding_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Any:
        at = 0 if self.batch_first else 1
        if src.ndim == 3 and src.shape[at] != tgt.shape[at]:
            raise RuntimeError("the batch number of src and tgt must be equal")
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise RuntimeError("the feature number of src and tgt must be equal to d_model")
        memory = self.encoder(
            src,
            mask=src_mask,
            src_key_padding_mask=src_key_padding_mask,
            is_causal=src_is_causal,
        )
        return self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )

    @staticmethod
    def generate_square_subsequent_mask(
        sz: int, device: Any = None, dtype: dtype | None = None
    ) -> Any:
        """−∞ where a position would look at a later one, 0 elsewhere."""
        return generate_square_subsequent_mask(sz, device, dtype)


def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: dtype | None = None) -> Any:
    """−∞ where a position would look at a later one, 0 elsewhere."""
    kind = np.float32 if dtype is None else dtype.numpy
    return apply("triu", Tensor(np.full((sz, sz), -math.inf, kind)), diagonal=1)
