"""Attention, LSTM and the rarer layers: as PyTorch has them, step for step and in plain Python."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from both import PRELUDE, in_ours, in_python
from test_explain_ops import HEAD, missing
from test_explain_ops import record as explained
from test_nn import OURS, TORCH, numbers
from test_torch_engine import differs

from backprop_tui.check import check_scenario
from backprop_tui.engines.numpy_engine.engine import NumpyEngine
from backprop_tui.ops import OPS

pytestmark = pytest.mark.filterwarnings("ignore")

# ------------------------------------------------------------------ step for step

PROGRAMS = {
    "attention in one Node": """
q, k, v = [torch.randn(1, 2, n, 4, requires_grad=True) for n in (3, 5, 5)]
F.scaled_dot_product_attention(q, k, v).sum().backward()
o = F.scaled_dot_product_attention(q, k, v, is_causal=True)
o = F.scaled_dot_product_attention(q, k, v, attn_mask=torch.rand(3, 5) > 0.5, scale=0.3)
(o * o).sum().backward()
F.scaled_dot_product_attention(q, k, v, attn_mask=torch.zeros(1, 1, 3, 5) - 0.5).mean().backward()
with torch.no_grad():
    o = F.scaled_dot_product_attention(q, k, v)
o = F.scaled_dot_product_attention(torch.randn(1, 4, 3, 4), k, v, enable_gqa=True)
(o * o).sum().backward()
""",
    "attention step by step": """
q, k, v = [torch.randn(2, n, 4, requires_grad=True) for n in (3, 5, 5)]
F.scaled_dot_product_attention(q, k, v).sum().backward()
o = F.scaled_dot_product_attention(q, k, v, is_causal=True)
(o * o).sum().backward()
seen = torch.tensor([[True] * 5, [False] * 5, [True, False] * 2 + [True]])
o = F.scaled_dot_product_attention(q[0], k[0], v[0], attn_mask=seen)
(o * o).sum().backward()
o = F.scaled_dot_product_attention(q[0], k[0], v[0], dropout_p=0.4, scale=-0.2)
(o * o).sum().backward()
o = F.scaled_dot_product_attention(torch.randn(4, 3, 4), k, v, enable_gqa=True)
""",
    "attention that PyTorch does not run in one": """
q, k, v = [torch.randn(1, 2, n, 4, requires_grad=True) for n in (3, 5, 5)]
m = torch.zeros(3, 5, requires_grad=True)
o = F.scaled_dot_product_attention(q, k, v, m)
(o * o).sum().backward()
o = F.scaled_dot_product_attention(q.mT, q.mT, q.mT)
o = F.scaled_dot_product_attention(q, k, v[..., :2])
o = F.scaled_dot_product_attention(q, k[:, :1], v[:, :1])
""",
    "heads that look at themselves": """
x = torch.randn(5, 2, 4, requires_grad=True)
m = nn.MultiheadAttention(4, 2)
o, w = m(x, x, x)
((o * o).sum() + w[0, 0, 0]).backward()
o, w = m(x, x, x, need_weights=False)
(o * o).sum().backward()
""",
    "heads that look at others": """
x, y = torch.randn(5, 2, 4, requires_grad=True), torch.randn(3, 2, 4)
m = nn.MultiheadAttention(4, 2)
o, w = m(y, x, x)
(o * o).sum().backward()
o, w = m(y, x, x * 2, need_weights=False, attn_mask=torch.ones(3, 5).bool().tril(),
         key_padding_mask=torch.zeros(2, 5).bool())
(o * o).sum().backward()
""",
    "heads with masks and dropout": """
m = nn.MultiheadAttention(4, 2, batch_first=True, dropout=0.1)
z = torch.randn(2, 5, 4)
o, w = m(z, z, z)
later = torch.ones(5, 5).bool().triu(1)
o, w = m(z, z, z, need_weights=False, is_causal=True, attn_mask=later)
(o * o).sum().backward()
o, w = m(z[0], z[0], z[0], average_attn_weights=False, attn_mask=torch.zeros(5, 5),
         key_padding_mask=torch.zeros(5).bool())
(o * o).sum().backward()
m.eval()
with torch.no_grad():
    o, w = m(z, z, z)
o, w = m(z, z, z)
""",
    "heads with everything": """
m = nn.MultiheadAttention(4, 2, kdim=3, vdim=6, add_bias_kv=True, add_zero_attn=True,
                          batch_first=True)
q, k, v = torch.randn(2, 3, 4), torch.randn(2, 5, 3), torch.randn(2, 5, 6)
o, w = m(q, k, v, attn_mask=torch.zeros(3, 5), key_padding_mask=torch.zeros(2, 5))
(o * o).sum().backward()
""",
    "an encoder layer": """
layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
x = torch.randn(2, 3, 4)
o = layer(x)
(o * o).mean().backward()
layer.eval()
with torch.no_grad():
    o = layer(x, src_key_padding_mask=torch.tensor([[False, False, True], [False] * 3]))
""",
    "an encoder": """
layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, activation="gelu", norm_first=True)
net = nn.TransformerEncoder(layer, 2, nn.LayerNorm(4))
x, later = torch.randn(3, 2, 4), nn.Transformer.generate_square_subsequent_mask(3)
o = net(x, mask=later)
(o * o).mean().backward()
o = net(x, mask=later, is_causal=True)
""",
    "a decoder": """
net = nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 8, batch_first=True), 2)
x, y = torch.randn(2, 3, 4), torch.randn(2, 5, 4)
o = net(x, y, tgt_mask=nn.Transformer.generate_square_subsequent_mask(3))
(o * o).mean().backward()
""",
    "a whole transformer": """
net = nn.Transformer(4, 2, 1, 1, 8, batch_first=True)
x, y = torch.randn(2, 3, 4), torch.randn(2, 5, 4)
o = net(x, y, tgt_mask=net.generate_square_subsequent_mask(5))
(o * o).mean().backward()
""",
    "an LSTM": """
x = torch.randn(3, 2, 4, requires_grad=True)
m = nn.LSTM(4, 5)
y, (h, c) = m(x)
(y.sum() + h.sum()).backward()
y, (h, c) = m(x, (h.detach(), c.detach()))
(y * y).sum().backward()
""",
    "an LSTM of two layers": """
x = torch.randn(3, 2, 4, requires_grad=True)
m = nn.LSTM(4, 5, batch_first=True, num_layers=2, dropout=0.5)
y, (h, c) = m(x)
(y.sum() + h.sum() + (c * c).sum()).backward()
m.eval()
with torch.no_grad():
    y, _ = m(x)
""",
    "an LSTM from both sides": """
x = torch.randn(3, 2, 4, requires_grad=True)
m = nn.LSTM(4, 5, bidirectional=True, num_layers=2, bias=False)
y, (h, c) = m(x)
(y * y).sum().backward()
y, (h, c) = m(x[:, 0])
(y * y).sum().backward()
y, _ = m(x, (torch.zeros(4, 2, 5, requires_grad=True), torch.ones(4, 2, 5, requires_grad=True)))
(y * y).sum().backward()
""",
    "an LSTM cell by cell": """
x = torch.randn(3, 2, 4, requires_grad=True)
y, (h, c) = nn.LSTM(4, 5, proj_size=3, num_layers=2, batch_first=True)(x)
(y.sum() + h.sum() + (c * c).sum()).backward()
y, (h, c) = nn.LSTM(4, 5, num_layers=2, bidirectional=True).double()(x.double())
(y.sum() + h.sum() + (c * c).sum()).backward()
""",
    "dropout of channels": """
x, im = torch.randn(2, 4, 4, requires_grad=True), torch.randn(2, 4, 4, 4, requires_grad=True)
for m in [nn.Dropout1d(0.3), nn.AlphaDropout(0.3), nn.Dropout(1.0)]:
    (m(x) ** 2).sum().backward()
y = nn.Dropout1d(0.3)(x[0])
z = nn.Dropout(0.5)(x.mT)
for m in [nn.Dropout2d(0.3), nn.Dropout3d(0.3), nn.FeatureAlphaDropout(0.3), nn.Dropout2d(1.0)]:
    (m(im) ** 2).sum().backward()
    m.eval()
    y = m(im)
""",
    "norms": """
x, im = torch.randn(2, 4, 4, requires_grad=True), torch.randn(2, 4, 4, 4, requires_grad=True)
for m in [nn.InstanceNorm1d(4), nn.InstanceNorm1d(4, affine=True, track_running_stats=True)]:
    (m(x) ** 3).sum().backward()
    y = m(x[0])
    m.eval()
    y = m(x)
(nn.InstanceNorm2d(4, affine=True)(im) ** 3).sum().backward()
(nn.BatchNorm3d(4)(im[..., None]) ** 3).sum().backward()
(nn.RMSNorm(4)(x) ** 3).sum().backward()
(F.rms_norm(x, (4, 4), eps=0.1) ** 3).sum().backward()
""",
    "patches, shuffles, padding, sizes": """
im = torch.randn(2, 4, 4, 4, requires_grad=True)
for m in [nn.PixelShuffle(2), nn.PixelUnshuffle(2), nn.ChannelShuffle(2), nn.Unfold(2, stride=2),
          nn.Unfold((2, 3), padding=1, dilation=(1, 2)), nn.Softmax2d(), nn.Unflatten(1, (2, 2)),
          nn.ZeroPad2d(1), nn.ConstantPad2d((1, 2, 0, 1), 2.), nn.ReflectionPad2d((1, 2, 0, 1)),
          nn.ReplicationPad2d(2), nn.UpsamplingNearest2d(scale_factor=2), nn.ZeroPad1d(2),
          nn.UpsamplingBilinear2d(scale_factor=2), nn.Upsample(size=(3, 7), mode='bilinear')]:
    y = m(im)
    (y * y).sum().backward()
y = nn.Fold(4, 2, stride=2)(nn.Unfold(2, stride=2)(im))
(y * y).sum().backward()
(F.interpolate(im[0], scale_factor=1.5, mode='linear', align_corners=True) ** 2).sum().backward()
""",
    "two inputs": """
b = nn.Bilinear(4, 3, 2)
x, z = torch.randn(5, 4, requires_grad=True), torch.randn(5, 3, requires_grad=True)
(b(x, z) ** 2).sum().backward()
(b(x.view(5, 1, 4), z.view(5, 1, 3)) ** 2).sum().backward()
u, v = torch.randn(5, 4, requires_grad=True), torch.randn(5, 4, requires_grad=True)
nn.CosineSimilarity()(u, v).sum().backward()
F.cosine_similarity(u, v[0], dim=-1).sum().backward()
nn.PairwiseDistance()(u, v).sum().backward()
""",
    "layers that wait for their first input": """
net = nn.Sequential(nn.LazyConv2d(2, 3), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(),
                    nn.LazyLinear(3, bias=False))
opt = optim.SGD(net.parameters(), lr=0.1)
x = torch.randn(5, 1, 4, 4)
(net(x) ** 2).sum().backward()
opt.step()
y = net(x)
""",
    "what is laid out in order whatever came in": """
x = torch.randn(3, 4, 4, requires_grad=True)
t = x.transpose(0, 1)
a = [t.softmax(-1), t.log_softmax(0), F.layer_norm(t, (4,)), F.logsigmoid(t), t.tril(), t.cumsum(0),
     F.batch_norm(t, None, None, training=True), t.masked_fill(t > 0, 0.0)]
a += [nn.RMSNorm(4)(t), F.rms_norm(t, (4,))]
y = sum(nn.Linear(4, 2)(one).sum() + one.view(-1)[0] for one in a)
z = F.one_hot(torch.tensor([0, 1]).repeat(12)).float()
z = F.interpolate(t, scale_factor=2).view(4, -1) @ z
(y + z.sum()).backward()
""",
    "Gumbel": """
x = torch.randn(5, 4, requires_grad=True)
for hard in (False, True):
    y = F.gumbel_softmax(x, tau=0.5, hard=hard)
    (y * y).sum().backward()
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_are_equal_step_by_step(name: str) -> None:
    found = differs("torch.manual_seed(0)" + PROGRAMS[name])
    assert found is None, found


# ------------------------------------------------------------------ as plain Python prints it

TRAINED = """
opt = optim.Adam(net.parameters(), lr=0.02)
for step in range(3):
    opt.zero_grad()
    loss = F.mse_loss(net(x), y)
    loss.backward()
    opt.step()
    print(f"{loss.item():.4f}")
print(net)
"""
PRINTED = {
    "an LSTM learns": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(2, 4, num_layers=2, batch_first=True, bidirectional=True)
        self.out = nn.Linear(8, 1)
    def forward(self, x):
        return self.out(self.lstm(x)[0][:, -1])
torch.manual_seed(0)
x, y, net = torch.randn(3, 5, 2), torch.randn(3, 1), Net()
""" + TRAINED,
    "a transformer learns": """
torch.manual_seed(0)
layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.2, batch_first=True)
net = nn.Sequential(nn.Linear(2, 4), nn.TransformerEncoder(layer, 2), nn.Linear(4, 1))
x, y = torch.randn(3, 5, 2), torch.randn(3, 5, 1)
""" + TRAINED,
    "padding in use and in training": """
torch.manual_seed(0)
net = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), 2).eval()
x, pad = torch.randn(2, 3, 4), torch.tensor([[False, False, True], [False] * 3])
with torch.no_grad():
    print(net(x, src_key_padding_mask=pad), net(x, src_key_padding_mask=pad.flip(1)))
print(net(x, src_key_padding_mask=pad))
""",
    "layers that wait for their first input": """
torch.manual_seed(0)
net = nn.Sequential(nn.LazyConv1d(2, 3), nn.LazyBatchNorm1d(), nn.Flatten(), nn.LazyLinear(3))
print(net, net[3].in_features, net[3].weight)
y = net(torch.randn(4, 2, 5))
print(net, net[3].in_features, y, [p.shape for p in net.parameters()], list(net.state_dict()))
""",
    "weights of heads": """
torch.manual_seed(0)
m, x = nn.MultiheadAttention(4, 2, batch_first=True), torch.randn(1, 3, 4)
print(m(x, x, x, average_attn_weights=False)[1], m.in_proj_weight[0], m.out_proj.bias)
""",
    "layers as text": """
print(nn.LSTM(2, 3, 2, bias=False, bidirectional=True, dropout=0.1), nn.LSTM(3, 4, proj_size=2))
print(nn.MultiheadAttention(4, 2, kdim=3, bias=False), nn.Transformer(4, 2, 1, 1, 8))
for m in [nn.Dropout1d(), nn.AlphaDropout(0.1), nn.Unflatten(1, (2, 2)), nn.Fold(4, 2),
          nn.RMSNorm(4), nn.PairwiseDistance(), nn.CosineSimilarity(), nn.ReflectionPad1d(2),
          nn.ZeroPad2d(1),
          nn.ConstantPad2d(2, 1.5), nn.Upsample(scale_factor=2, mode='bilinear'), nn.Softmax2d(),
          nn.UpsamplingNearest2d(size=3), nn.InstanceNorm2d(3), nn.PixelShuffle(2), nn.Unfold(2),
          nn.ChannelShuffle(2), nn.Bilinear(2, 3, 1), nn.BatchNorm3d(2), nn.ReplicationPad2d(1)]:
    print(m)
""",
}  # fmt: skip


@pytest.mark.parametrize("name", PRINTED)
def test_prints_as_plain_python_does(name: str) -> None:
    text = PRELUDE + PRINTED[name]
    assert in_ours(text, NumpyEngine()) == in_python(text)


SDPA = "F.scaled_dot_product_attention"
REFUSED = [
    f"{SDPA}(q, k, k, attn_mask=torch.ones(3, 5).int())", f"{SDPA}(q, k.double(), k)",
    f"{SDPA}(q[0, 0, 0], k, k)", f"{SDPA}(q[0], k[0], k[0], torch.ones(3, 5), is_causal=True)",
    f"{SDPA}(q.long(), k.long(), k.long())", f"{SDPA}(q, k, k, dropout_p=1.5)",
    f"{SDPA}(q, k[..., :3], k)", f"{SDPA}(q, k, k, attn_mask=torch.ones(3, 5).double())",
    f"{SDPA}(q[0], k[0], k[0], attn_mask=torch.ones(3, 4))", f"{SDPA}(1, k, k)",
    f"{SDPA}(torch.ones(3, 3, 4), k[0], k[0], enable_gqa=True)",
    "heads(x, x, x, is_causal=True)", "heads(x, x, x[:2])",
    "heads(x[..., :2], x[..., :2], x[..., :2])", "heads(x, x, x, attn_mask=torch.ones(2, 2))",
    "heads(x, x, x, attn_mask=torch.ones(2, 2, 2))", "heads(x[0, 0], x, x)",
    "heads(x, x, x, attn_mask=torch.ones(3, 3).long())", "heads(x, x[0], x)",
    "heads(x, x, x, key_padding_mask=torch.ones(3, 2))", "nn.MultiheadAttention(4, 3)",
    "heads(x, x, x, key_padding_mask=torch.ones(3))", "nn.MultiheadAttention(0, 1)",
    "nn.MultiheadAttention(4, 2, kdim=3)(x, x, x)", "heads(x[0], x[0], x[0], None, True, q[0])",
    "nn.TransformerEncoderLayer(4, 2, activation='tanh')",
    "nn.Transformer(4, 2, 1, 1, 4)(x, x[:, :1])", "nn.Transformer(4, 2, 1, 1, 4)(x, x[..., :2])",
    "nn.LSTM(4, 5, proj_size=5)", "nn.LSTM(4, 5, proj_size=-1)", "nn.LSTM(4, 0)",
    "nn.LSTM(4, 5)(x[0, 0])", "nn.LSTM(3, 5)(x)", "nn.LSTM(4, 5)(x.double())",
    "nn.LSTM(4, 5)(x, (torch.zeros(1, 2, 5), torch.zeros(1, 2, 4)))", "nn.LSTM(4, 5, dropout=2)",
    "nn.LSTM(4, 5)(x, (torch.zeros(2, 5), torch.zeros(2, 5)))", "nn.GRU(4, 5)(x.double())",
    "nn.LSTM(4, 5)(x[0], (torch.zeros(1, 1, 5), torch.zeros(1, 1, 5)))",
    "F.pixel_shuffle(q, 3)", "F.pixel_shuffle(q[0, 0], 2)", "F.pixel_unshuffle(q, 0)",
    "F.pixel_unshuffle(q, 2)", "F.channel_shuffle(q, 3)", "F.channel_shuffle(q[0, 0], 2)",
    "F.channel_shuffle(q, 0)", "F.unfold(q, 5)", "F.unfold(q, 0)", "F.unfold(q, 2, stride=0)",
    "F.unfold(q, 2, dilation=0)", "F.unfold(q, 2, padding=-1)", "F.unfold(q.long(), 2)",
    "F.fold(torch.ones(2, 16, 5), 4, 2, stride=2)", "F.fold(torch.ones(2, 15, 4), 4, 2)",
    "F.fold(torch.ones(4), 4, 2)", "nn.InstanceNorm1d(3)(q)",
    "nn.InstanceNorm2d(2)(q[..., :1, :1])", "nn.InstanceNorm2d(3, affine=True)(q)",
    "nn.RMSNorm(3)(q)", "nn.Dropout2d(2)",
    "F.dropout2d(q, 2.)", "F.alpha_dropout(q, 2.)", "F.dropout1d(q)", "nn.Softmax2d()(q[0, 0])",
    "nn.Bilinear(4, 4, 3)(q[0], q)", "nn.Bilinear(4, 4, 3)(q[0], k[0])", "nn.Bilinear(0, 1, 1)",
    "nn.Bilinear(3, 4, 3)(q, q)", "nn.Bilinear(4, 3, 3)(q, q)", "nn.Unflatten(1, 2)",
    "nn.LazyLinear(2).weight.shape", "nn.LazyConv2d(2, 3)(q[0, 0])",
    "nn.LazyConv2d(2, 3, groups=3)(q)", "nn.Unflatten(1, (2., 2))",
    "F.cosine_similarity(q.long(), q.long())", "nn.ReflectionPad2d(5)(q)",
    "F.interpolate(q, scale_factor=2, mode='linear')",
    "F.interpolate(q[0], scale_factor=2, mode='bilinear')",
    "F.interpolate(q, scale_factor=2, align_corners=True)",
]  # fmt: skip


@pytest.mark.parametrize("line", REFUSED)
def test_errors_in_pytorchs_words(line: str) -> None:
    text = f"{PRELUDE}q, k, x = torch.ones(1, 2, 3, 4), torch.ones(1, 2, 5, 4), torch.ones(3, 2, 4)"
    text += f"\nheads = nn.MultiheadAttention(4, 2)\nresult = {line}\n"
    ours, theirs = in_ours(text, NumpyEngine()), in_python(text)
    assert theirs[1], "PyTorch takes it"
    assert ours == theirs


# ------------------------------------------------------------------ how they begin, what they are

TREES = {
    "LSTM": lambda t: t.nn.LSTM(2, 3),
    "LSTM of two layers, both sides": lambda t: t.nn.LSTM(2, 3, 2, bidirectional=True),
    "LSTM with projections": lambda t: t.nn.LSTM(2, 3, proj_size=2, bias=False),
    "heads": lambda t: t.nn.MultiheadAttention(4, 2),
    "heads of other sizes": lambda t: t.nn.MultiheadAttention(4, 2, kdim=3, add_bias_kv=True),
    "an encoder": lambda t: t.nn.TransformerEncoder(t.nn.TransformerEncoderLayer(4, 2, 8), 2),
    "a decoder layer": lambda t: t.nn.TransformerDecoderLayer(4, 2, 8, bias=False),
    "a transformer": lambda t: t.nn.Transformer(4, 2, 1, 1, 8),
    "Bilinear": lambda t: t.nn.Bilinear(2, 3, 4),
    "InstanceNorm": lambda t: t.nn.InstanceNorm1d(3, affine=True, track_running_stats=True),
    "RMSNorm": lambda t: t.nn.RMSNorm((2, 3)),
}


@pytest.mark.parametrize("name", TREES)
def test_trees_begin_with_torchs_numbers(name: str) -> None:
    seen = []
    for t in (OURS, TORCH):
        t.manual_seed(0)
        seen.append(TREES[name](t))
    mine, theirs = seen
    assert repr(mine) == repr(theirs)
    for walk in ("named_parameters", "named_buffers", "named_modules"):
        assert [n for n, _ in getattr(mine, walk)()] == [n for n, _ in getattr(theirs, walk)()]
    assert list(mine.state_dict()) == list(theirs.state_dict())
    for a, b in zip(mine.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(numbers(a), numbers(b), rtol=1e-6, atol=1e-7)


# ------------------------------------------------------------------ the rules themselves


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("biases", [False, True])
def test_the_gradients_of_an_lstm_layer_in_double(reverse: bool, biases: bool) -> None:
    op, rng = OPS["mkldnn_rnn_layer"], np.random.RandomState(3)
    shapes = [(4, 2, 3), (8, 3), (8, 2), (8,), (8,), (2, 2), (2, 2)]
    inputs = [rng.normal(size=shape) for shape in shapes]
    how = {"hidden_size": 2, "has_biases": biases, "reverse": reverse}
    seeds = [rng.normal(size=made.shape) for made in op.forward(*inputs, **how)]
    saved = type("Saved", (), dict(zip(op.vjps, inputs, strict=True)) | how)()
    for at, (name, vjp) in enumerate(op.vjps.items()):
        if name in ("weight2", "weight3") and not biases:
            continue
        got = vjp.rule(tuple(seeds), saved)
        for place in np.ndindex(inputs[at].shape):
            sides = []
            for step in (1e-6, -1e-6):
                moved = [one.copy() for one in inputs]
                moved[at][place] += step
                made = op.forward(*moved, **how)
                sides.append(sum((a * b).sum() for a, b in zip(made, seeds, strict=True)))
            assert got[place] == pytest.approx((sides[0] - sides[1]) / 2e-6, abs=1e-7), name


@pytest.mark.parametrize(
    "expression",
    [
        "F.scaled_dot_product_attention(a[None, None], c[None, None], c[None, None] * 2)",
        "F.scaled_dot_product_attention(a[None, None], a[None, None], c[None, None], "
        "is_causal=True)",
        "F.scaled_dot_product_attention(a, c, a, is_causal=True)",
        "nn.LSTM(3, 1)(a[:, None])[0]",
        "nn.LSTM(3, 1, bidirectional=True)(a[:, None])[1][1]",
        "F.pixel_shuffle(a.view(1, 6, 1, 1).expand(1, 6, 1, 1)[:, :4], 2)",
        "F.unfold(a[None, None], 2)", "F.fold(m.view(1, 2, 3).view(1, 6, 1)[:, :4], 2, 2)",
        "F.bilinear(a, c, m.view(1, 3, 2) @ c[:, :2].t()[:, :1].expand(2, 3), b[0, :1])",
        "F.interpolate(a[None], scale_factor=2, mode='linear')",
        "F.interpolate(a[None, None], size=(3, 2), mode='bilinear')",
        "torch.clamp_min(a, b)", "F.channel_shuffle(a.view(1, 6, 1), 2)",
    ],
)  # fmt: skip
def test_the_rule_itself_works_the_element_out(expression: str) -> None:
    torch.manual_seed(0)
    trace = explained(f"{HEAD}y = {expression}\n(y * y).sum().backward()\n")
    assert missing(trace) == []


def test_what_rows_of_tensors_made_is_checked_by_differences(tmp_path: Path) -> None:
    path = tmp_path / "rows.py"
    path.write_text(
        "import torch\nx = torch.tensor([1.0, 2.0], requires_grad=True)\n"
        "y = torch.cat([x, x * 2]) * torch.stack([x], 1).log_softmax(0).repeat(2, 1)[:, 0]\n"
        "y[torch.tensor([0, 3, 3])].sum().backward()\nprint(x.grad)\n"
    )
    report = check_scenario(str(path))
    assert report.ok
    assert "    2 gradient entries agree with finite differences" in report.render()
