"""Lines that run the records of layers: attention, LSTM, patches, padding; read by test_ops.py."""

from __future__ import annotations

_ATTENTION = "F.scaled_dot_product_attention"
_LSTM = "made(nn.LSTM(3, 2{})).float()(B.float(){})"

#: One line for each record: an expression that runs it, in the words of test_ops.INPUTS.
SAMPLES = {
    "_scaled_dot_product_flash_attention_for_cpu": [
        f"{_ATTENTION}(I, I * 0.5, I + 1)",
        f"{_ATTENTION}(I, K.view(1, 2, 2, 4), K.view(1, 2, 2, 4) * 2, is_causal=True)",
        f"{_ATTENTION}(I, I[:, :, :3] * 2, I[:, :, 1:], scale=-0.3)",
        f"{_ATTENTION}(I, I, I, attn_mask=torch.arange(16).view(4, 4) % 3 > 0)",
        f"{_ATTENTION}(I, I, I, attn_mask=torch.tensor([[True, False], [False, False]])"
        ".repeat(2, 2))",
        f"{_ATTENTION}(I, I, I, torch.arange(16, dtype=f).sin().view(1, 1, 4, 4))",
        f"{_ATTENTION}(I, I[:, :1] * 2, I[:, 1:], enable_gqa=True)",
        "made(nn.MultiheadAttention(3, 3))(B, B, B, need_weights=False)[0]",
        "made(nn.TransformerEncoderLayer(3, 1, 4, 0.0, batch_first=True))(B)",
        "made(nn.TransformerDecoderLayer(3, 3, 4, 0.0, F.gelu, norm_first=True))(B, B * 0.5)",
    ],
    "_safe_softmax": [
        f"{_ATTENTION}(B, B * 0.5, B + 1)", f"{_ATTENTION}(x, p, q, is_causal=True)",
        f"{_ATTENTION}(x, p, q, attn_mask=torch.tensor([[True, True], [False, False]]))",
        f"{_ATTENTION}(x, p, q, attn_mask=torch.ones(2, 2, dtype=f) * s, scale=-2.0)",
        f"{_ATTENTION}(I, I[:, :1] * 2, I[:, 1:])", f"{_ATTENTION}(B, B * 0.5, B @ w)",
    ],
    "mkldnn_rnn_layer": [
        f"{_LSTM.format('', '')}[0]", f"{_LSTM.format(', bias=False', '')}[1][1]",
        f"{_LSTM.format(', 2, bidirectional=True', '')}[0]",
        "made(nn.LSTM(3, 2, batch_first=True)).float()(x.float())[1][0]",
        f"{_LSTM.format('', ', ((p @ w).float()[None], (x @ w).float()[None])')}[0]",
    ],
    "_trilinear": ["F.bilinear(x @ w, p, B, v[:2])", "F.bilinear(x, q @ w, w[None] * s)",
                   "made(nn.Bilinear(3, 3, 2))(B, B * 0.5)"],
    "im2col": ["F.unfold(I, 2)", "F.unfold(I, (2, 3), dilation=(2, 1), padding=(1, 0), stride=2)",
               "F.unfold(I[0], 3, padding=1)"],
    "col2im": ["F.fold(F.unfold(I, 2), (4, 4), 2)", "F.fold(I.view(1, 8, 4), 3, 2)",
               "F.fold(I.view(8, 4), (4, 3), 2, stride=2, padding=(0, 1))"],
    "pixel_shuffle": ["F.pixel_shuffle(I.view(1, 4, 2, 4), 2)",
                      "nn.PixelShuffle(2)(K.view(4, 2, 2))"],
    "pixel_unshuffle": ["F.pixel_unshuffle(I, 2)", "nn.PixelUnshuffle(2)(I[0])"],
    "channel_shuffle": ["F.channel_shuffle(I.view(1, 4, 2, 4), 2)",
                        "nn.ChannelShuffle(3)(I.view(1, 1, 32).expand(1, 6, 32))"],
    "upsample_linear1d": ["F.interpolate(B, scale_factor=2, mode='linear')",
                          "F.interpolate(B, size=5, mode='linear', align_corners=True)"],
    "upsample_bilinear2d": ["F.interpolate(I, scale_factor=1.5, mode='bilinear')",
                            "F.interpolate(I, size=(3, 7), mode='bilinear')",
                            "nn.UpsamplingBilinear2d(scale_factor=2)(I)"],
    "clamp_min.tensor": ["torch.clamp_min(x, p)", "x.clamp_min(v)", "F.cosine_similarity(x, p)",
                         "F.cosine_similarity(x, v, dim=-1)", "nn.CosineSimilarity(0)(x, p)"],
    "clamp_max.tensor": ["torch.clamp_max(x, q)", "x.clamp_max(s)"],
}  # fmt: skip

#: Records whose slope is another on each side of some places.
KINKS = {"clamp_min.tensor", "clamp_max.tensor"}
