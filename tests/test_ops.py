"""Every op record: values, graph and gradients as in PyTorch, a gradient check, its shape rule and
its formulas. A new record needs one line in SAMPLES."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes
from layer_samples import KINKS as OF_LAYERS
from layer_samples import SAMPLES as LAYERS
from op_samples import KINKS
from op_samples import SAMPLES as FURTHER
from twins import OURS, TORCH, difference, drawn, order_of, run

from backprop_tui.engines.numpy_engine.engine import NumpyEngine
from backprop_tui.ops import OPS

#: The tensors that samples speak of; ``f`` stands for the dtype of the run.
INPUTS = {
    "x": "torch.tensor([[0.45, -1.25, 1.9], [-0.75, 0.3, 1.55]], dtype=f, requires_grad=True)",
    "p": "torch.tensor([[0.5, 1.25, 2.0], [0.75, 0.25, 1.5]], dtype=f, requires_grad=True)",
    "q": "torch.tensor([[0.2, 0.9, 0.6], [0.4, 0.35, 0.7]], dtype=f, requires_grad=True)",
    "v": "torch.tensor([0.3, -0.6, 0.9], dtype=f, requires_grad=True)",
    "w": "torch.tensor([[1.0, -2.0], [0.5, 0.25], [-1.5, 3.0]], dtype=f, requires_grad=True)",
    "s": "torch.tensor(0.8, dtype=f, requires_grad=True)",
    "B": "torch.arange(12, dtype=f).sub(5).mul(0.3).view(2, 2, 3).requires_grad_()",
    "I": "torch.arange(32, dtype=f).mul(5).remainder(11).sub(5).mul(0.3).view(1, 2, 4, 4)"
    ".requires_grad_()",
    "K": "torch.arange(16, dtype=f).mul(3).remainder(7).sub(3).mul(0.25).view(2, 2, 2, 2)"
    ".requires_grad_()",
    "t": "torch.tensor([[0.1, -0.5, 2.5], [1.0, 0.0, 0.3]], dtype=f)",
    "y": "torch.tensor([[0.0, 1.0, 1.0], [1.0, 0.0, 0.25]], dtype=f)",
    "k": "torch.tensor([2, 0])",
    "m": "torch.tensor([[True, False, True], [False, False, True]])",
}

#: One line for each record: an expression that runs it.
SAMPLES = {
    "xlogy": ["F.kl_div(torch.log(q), p)", "F.kl_div(torch.log(q), y)"],
    "add": ["x + v", "x + 1.5", "2 + s", "s + x"],
    "add.scalar": ["F.margin_ranking_loss(x, p, y, margin=0.3)", "F.margin_ranking_loss(x, p, y)",
                   "F.margin_ranking_loss(x, p, y, margin=-1, reduction='sum')"],
    "add.alpha": ["torch.add(x, v, alpha=2)"],
    "sub": ["x - v", "x - 1", "v - x"],
    "sub.alpha": ["torch.sub(x, v, alpha=0.5)"],
    "rsub": ["2 - x", "1.5 - s"],
    "mul": ["torch.einsum('i,j->ij', v, x[0])", "torch.einsum('ij,ij->ij', x, p)",
            "torch.einsum('ij->ji', x) * 1", "torch.einsum('ij->', x) * 2",
            "x * v", "x * 2", "0.1 * x", "s * x", "x * x"],
    "mul.scalar": [
        "F.cross_entropy(x, k, label_smoothing=0.1)",
        "F.cross_entropy(x, k, label_smoothing=0.2, ignore_index=0)",
        "F.cross_entropy(x, k, label_smoothing=0.2, reduction='none')",
        "F.cross_entropy(v, k[0], label_smoothing=0.1, reduction='sum')",
        "F.cross_entropy(x, k, weight=v.detach().abs(), label_smoothing=0.1)",
        "F.cross_entropy(x, k, weight=v.detach().abs(), label_smoothing=0.1, reduction='none')",
        "F.cross_entropy(x, k, weight=v.detach().abs(), label_smoothing=0.1, ignore_index=0)",
    ],
    "div": ["x / p", "x / 2", "v / p"],
    "div.scalar": ["F.cross_entropy(x, y)", "F.cross_entropy(x, y, label_smoothing=0.1)"],
    "div.mode": ["torch.div(x, p, rounding_mode='floor')", "x.div(0.7, rounding_mode='trunc')"],
    "neg": ["-x"],
    "reciprocal": ["p.reciprocal()", "3 / p", "1 / p"],
    "pow": ["x ** 2", "x ** 3", "p ** 0.5", "p ** -1", "x ** 0", "x.square()", "p ** 1.5",
            "F.mse_loss(x, p, weight=y)", "F.mse_loss(x, p, weight=y, reduction='sum')"],
    "pow.tensor": ["p ** v", "p ** torch.tensor(2.0, dtype=f)", "x ** torch.tensor(2.0, dtype=f)"],
    "pow.scalar": ["2 ** x", "1.5 ** x"],
    "remainder": ["x % 2", "x % 0.7"],
    "remainder.tensor": ["x % p"],
    "maximum": ["torch.maximum(x, v)", "torch.max(x, x)"],
    "minimum": ["torch.minimum(x, v)", "torch.min(x, t)"],
    "where": ["torch.where(m, x, v)", "torch.where(x > 0, x, 0.0)", "torch.where(m, 1.0, x)"],
    "masked_fill": ["x.masked_fill(m, 7.0)"],
    "masked_fill.tensor": ["x.masked_fill(m, s)"],
    "expm1": ["torch.expm1(x)"],
    "sinh": ["torch.sinh(x)"],
    "cosh": ["torch.cosh(x)"],
    "asin": ["torch.asin(q)"],
    "acos": ["torch.acos(q)"],
    "tril": ["torch.tril(B)", "torch.tril(x, -1)"],
    "triu": ["torch.triu(x, diagonal=1)"],
    "exp": ["x.exp()", "F.poisson_nll_loss(x, y)",
            "F.poisson_nll_loss(x, y * 5, full=True, reduction='sum')"],
    "log": ["p.log()", "F.poisson_nll_loss(p, y + 1, log_input=False, full=True)",
            "F.gaussian_nll_loss(x, v, p)", "F.gaussian_nll_loss(x, t, p[:, 0], full=True)",
            "F.gaussian_nll_loss(x, t, 0.7, reduction='sum')",
            "F.gaussian_nll_loss(x, t, p[:, :1], reduction='none', eps=0.2)"],
    "log1p": ["p.log1p()"],
    "log2": ["p.log2()"],
    "log10": ["p.log10()"],
    "sqrt": ["p.sqrt()"],
    "rsqrt": ["p.rsqrt()"],
    "abs": ["F.softsign(x)", "x.abs()", "abs(x)", "F.smooth_l1_loss(x, p, beta=0.0)",
            "F.l1_loss(x, v)",
            "F.triplet_margin_with_distance_loss(x, p, q, reduction='sum',"
            " distance_function=lambda a, b: (a - b).abs().sum(1))",
            "F.l1_loss(x, p, weight=y)", "F.l1_loss(x, p, weight=y, reduction='none')"],
    "sin": ["x.sin()"],
    "cos": ["x.cos()"],
    "tan": ["x.tan()"],
    "atan": ["x.atan()"],
    "tanh": ["F.tanhshrink(x)",
             "made(nn.RNN(3, 2, bidirectional=True))(B)[0]",
             "made(nn.RNN(3, 2, 2, bidirectional=True))(B)[1]",
             "x.tanh()", "made(nn.RNNCell(3, 2))(x, p @ w)", "made(nn.RNN(3, 2))(B)[0]",
             "made(nn.RNN(3, 2))(x)[1]",
             "made(nn.RNN(3, 2, bias=False))(B)[0]"],
    "sigmoid": ["torch.sigmoid(x)"],
    "relu": ["torch.relu(x)", "F.relu(x)",
             "made(nn.RNN(3, 2, nonlinearity='relu'))(B, B[:1, :, :2])[1]"],
    "leaky_relu": ["F.leaky_relu(x, 0.1)"],
    "leaky_relu.inplace": ["F.leaky_relu(x * 1, 0.2, inplace=True)"],
    "elu.inplace": ["F.elu(x * 1, 0.5, True)", "F.selu(x * 1, inplace=True)"],
    "celu.inplace": ["F.celu(x * 1, 0.5, True)"],
    "elu": ["F.elu(x)", "F.elu(x, 0.5)", "F.selu(x)"],
    "softplus": ["F.softplus(x)", "F.softplus(x * 20, 2.0, 10.0)"],
    "silu": ["F.silu(x)"],
    "erf": ["torch.erf(x)"],
    "gelu": ["F.gelu(x)", "F.gelu(x, approximate='tanh')"],
    "log_sigmoid": ["F.logsigmoid(x)", "F.multilabel_soft_margin_loss(x, y)",
                    "F.multilabel_soft_margin_loss(x, y, weight=t, reduction='sum')"],
    "hardtanh": ["F.hardtanh(x)", "F.relu6(x)"],
    "clamp": ["x.clamp(-1, 1)", "x.clamp(min=0)", "x.clamp(max=0.5)", "(x * 0).clamp(min=0)"],
    "clamp.tensor": ["x.clamp(p * -1, q)", "torch.clamp(x, min=v)", "x.clamp(max=s)",
                     "torch.clamp(x, p, q)", "x.clamp(v.detach(), p)"],
    "hardsigmoid": ["F.hardsigmoid(x * 3)", "nn.Hardsigmoid()(x)"],
    "hardswish": ["F.hardswish(x * 2)", "nn.Hardswish()(x)"],
    "mish": ["F.mish(x)", "nn.Mish()(x)"],
    "celu": ["F.celu(x)", "nn.CELU(0.5)(x)"],
    "hardshrink": ["F.hardshrink(x)", "nn.Hardshrink(0.4)(x)"],
    "softshrink": ["F.softshrink(x)", "nn.Softshrink(0.4)(x)"],
    "threshold": ["F.threshold(x, 0.1, 7.0)", "nn.Threshold(0.5, -1.0)(x)"],
    "glu": ["F.glu(B, 0)", "nn.GLU(1)(I)"],
    "_prelu_kernel": ["F.prelu(x, v)", "F.prelu(B, v[:1])", "made(nn.PReLU())(x)",
                      "made(nn.PReLU(2))(I)", "F.prelu(v, v[:1])"],
    "clamp_min": ["x.clamp_min(0.1)"],
    "clamp_max": ["x.clamp_max(0.1)"],
    "sign": ["x.sign()"],
    "floor": ["x.floor()"],
    "ceil": ["x.ceil()"],
    "round": ["x.round()"],
    "trunc": ["x.trunc()"],
    "softmax": ["torch.softmax(x, 1)", "x.softmax(0)", "s.softmax(0)"],
    "log_softmax": ["F.log_softmax(x, dim=-1)", "x.log_softmax(0)"],
    "sum": ["x.sum()", "s.sum()"],
    "sum.dim": ["x.sum(axis=1, keepdims=True)", "torch.sum(x, axis=0)",
                "x.sum(0)", "x.sum(dim=1, keepdim=True)", "B.sum((0, 2))", "torch.sum(x, -1)"],
    "mean": ["x.mean()", "torch.mean(s)"],
    "mean.dim": ["x.mean(0)", "x.mean(dim=-1, keepdim=True)", "B.mean((1, 2))"],
    "max": ["x.max()", "torch.max(torch.relu(x))", "F.relu(-p).max()"],
    "max.dim": ["x.max(1).values", "x.max(dim=0, keepdim=True)[0]", "s.max(0)[0]"],
    "amax": ["x.amax(1)", "F.relu(-p).amax(0)", "x.amax()"],
    "min": ["x.min()", "torch.min(torch.relu(x))"],
    "min.dim": ["x.min(1).values", "x.min(dim=0, keepdim=True)[0]"],
    "amin": ["x.amin(1, keepdim=True)"],
    "var": ["x.var()", "x.var(0)", "x.var(1, unbiased=False)", "x.var(dim=1, keepdim=True)"],
    "std": ["x.std()", "x.std(1)", "x.std(0, keepdim=True)"],
    "linalg_vector_norm": ["x.norm()", "x.norm(1)", "x.norm(p=3)", "x.norm(dim=1)",
                           "torch.norm(x, float('inf'))", "x.norm(float('-inf'), 1)"],
    "prod": ["x.prod()", "F.relu(x).prod()"],
    "prod.dim": ["x.prod(1)", "F.relu(x).prod(0)", "x.prod(0, keepdim=True)"],
    "logsumexp": ["x.logsumexp(1)", "torch.logsumexp(x, 0, keepdim=True)"],
    "cumsum": ["x.cumsum(0)", "x.cumsum(-1)"],
    "mm": ["x @ w", "torch.mm(x, w)", "v @ w", "B @ w", "B.transpose(0, 1) @ w", "F.linear(x, x)",
           "F.linear(v, x)", "F.linear(B, x)"],
    "addmm": ["F.linear(x, w.t(), w[0])", "F.linear(v, w.t(), w[1])", "F.linear(B, w.t(), w[1])",
              "torch.addmm(w[0], x, w)"],
    "addmm.alpha": ["torch.addmm(w[0], x, w, beta=2, alpha=0.5)",
                    "torch.addmm(w[1], x, w, alpha=3)"],
    "mv": ["t[0] @ B.mT", "x @ v", "x.mv(v)", "B @ v"],
    "dot": ["v @ v", "torch.dot(v, x[0])"],
    "bmm": ["torch.bmm(B, B.mT)", "B @ B.transpose(1, 2)", "B @ w.detach().expand(2, 3, 2)",
            "torch.einsum('ij,jk->ik', x, w)", "torch.einsum('bqd,bkd->bqk', B, B)",
            "torch.einsum('bij,j->bi', B, v)", "torch.einsum('i,i->', v, x[0])",
            "torch.einsum('...ij,jk->...ik', B, w)", "torch.einsum('ij,kj', x, p)",
            "torch.einsum('bij, bik -> jk', B, B)", "torch.einsum('i,ij,i->j', v, w, x[0])",
            "t @ B.mT", "B.view(2, 1, 2, 3) @ B.mT"],
    "t": ["x.t()", "v.t()"],
    "view": ["x.view(3, 2)", "x.reshape(-1)", "x.flatten()", "x.view(-1, 2)", "x.view(2, 3)"],
    "permute": ["x.T", "B.permute(2, 0, 1)", "v.T"],
    "transpose": ["x.transpose(0, 1)", "B.mT", "B.transpose(-1, 0)"],
    "_reshape_alias": ["B.transpose(0, 1).reshape(2, 2, 3, 1)"],
    "unsqueeze": ["x.unsqueeze(0)", "x.unsqueeze(-1)", "x[None]", "x[:, None]"],
    "squeeze": ["x.unsqueeze(0).squeeze()", "x.squeeze()"],
    "squeeze.dim": ["x.unsqueeze(1).squeeze(1)", "x.squeeze(0)"],
    "squeeze.dims": ["x.view(1, 6, 1).squeeze((0, 2))"],
    "squeeze.matmul": ["v @ w"],
    "expand": ["x.repeat_interleave(2)", "x.repeat_interleave(3, dim=1)",
               "v.expand(2, 3)", "v.expand_as(x)", "v[:, None].expand(-1, 4)", "s.expand(2)"],
    "alias": ["x[...]"],
    "detach": ["x.detach()"],
    "clone": ["x.clone()", "x.t().contiguous()"],
    "_unsafe_view": ["x.t().reshape(-1)", "torch.flatten(B.mT)"],
    "_to_copy": ["x.double() * x.float()", "x.double().float()", "x.long()"],
    "repeat": ["x.repeat(2, 1)", "v.repeat(2, 2)", "x.repeat(2, 1, 3)"],
    "diagonal": ["torch.diagonal(x)", "B.diagonal(1, -1, 0)", "torch.einsum('ii->i', x[:, :2])",
                 "torch.einsum('ii', B[0, :, :2])", "x.diagonal(-1)"],
    "flip": ["x.flip(0)", "x.flip((0, 1))"],
    "cat": ["torch.cat([x, p], axis=1)", "torch.cat([x, p])", "torch.cat((x, t, x), dim=1)"],
    "stack": ["torch.stack([v, v, x[0]])", "torch.stack((x, p), dim=-1)"],
    "split": ["x.split(1)[1]", "x.split(2, dim=1)[1]", "x.chunk(2)[0]", "x.chunk(2, 1)[1]"],
    "split.sizes": ["x.split([1, 2], 1)[1]"],
    "unbind": ["x.unbind()[1]", "x.unbind(1)[2]", "[row for row in x][0]"],
    "select": ["x[0]", "x[1, 2]", "x[:, 1]", "x[-1]", "x[..., 0]", "x[torch.tensor(1)]"],
    "slice": ["x[:, -5:]", "x[1:]", "x[:, :2]", "x[:]", "x[:, ::2]", "v[-2:]",
              "x.narrow(1, 1, 2)", "x[5:]"],
    "index": ["x[k.flip(0) // 2]", "x[:, k]", "x[m]", "x[[0, 1, 1], [2, 0, 0]]", "x[1:, k]",
              "x[0, k]", "B[:, k // 2]", "x[k // 2, None]", "x[True]"],
    "masked_select": ["x.masked_select(m)", "torch.masked_select(v, m)"],
    "index_put": ["put(x * 1, k // 2, v)", "put(x * 1, m, 3.0)", "put(x * 1, m, 1 * x[0, 0])"],
    "gather": ["x.gather(1, k[:, None])", "torch.gather(x, 0, k[None] // 2)"],
    "index_select": ["x.repeat_interleave(k, 0)", "x.index_select(1, k)"],
    "embedding": ["F.embedding(k, w)", "F.embedding(k[None], w, padding_idx=2)"],
    "sort": ["x.sort()[0]", "x.sort(0, descending=True).values"],
    "topk": ["x.topk(2).values", "torch.topk(x, 1, dim=0)[0]"],
    "mse_loss": ["F.mse_loss(x, t)", "F.mse_loss(x, p, reduction='sum')",
                 "F.mse_loss(x, t, reduction='none')", "F.mse_loss(x, v)"],
    "huber_loss": ["F.huber_loss(x, p)", "F.huber_loss(x, t, delta=0.5, reduction='sum')",
                   "F.huber_loss(x, p, weight=y)"],
    "smooth_l1_loss": ["F.smooth_l1_loss(x, p)", "F.smooth_l1_loss(x, t, beta=0.3)"],
    "binary_cross_entropy": ["F.binary_cross_entropy(q, y)", "F.binary_cross_entropy(q, q * 1)",
                             "F.binary_cross_entropy(q, y, weight=t, reduction='sum')",
                             "F.binary_cross_entropy(y.clone().requires_grad_(), y)"],
    "binary_cross_entropy_with_logits": [
        "F.binary_cross_entropy_with_logits(x, y)",
        "F.binary_cross_entropy_with_logits(x, q, reduction='none')",
        "F.binary_cross_entropy_with_logits(x, y, pos_weight=torch.tensor([1.0, 2, 3], dtype=f))",
        "F.binary_cross_entropy_with_logits(x, y, weight=t)"],
    "norm.dim": ["F.pairwise_distance(x, p)", "F.pairwise_distance(x, v, p=1, keepdim=True)",
                 "F.triplet_margin_loss(x, p, q)",
                 "F.triplet_margin_loss(x, p, q, 2.0, 1, 0.03, True)",
                 "F.triplet_margin_loss(x, t, q, p=3, reduction='none')",
                 "F.triplet_margin_with_distance_loss(x, p, q, swap=True, margin=0.5)"],
    "sub.scalar": ["F.cosine_embedding_loss(x, p, torch.tensor([1.0, -1.0], dtype=f), margin=0.1)",
                   "F.cosine_embedding_loss(v, x[0], torch.tensor(-1.0), margin=-0.5)",
                   "F.cosine_embedding_loss(x, p, torch.tensor([-1, 1]), reduction='none')"],
    "soft_margin_loss": ["F.soft_margin_loss(x, y.sign() * 2 - 1)",
                         "F.soft_margin_loss(x, t, reduction='none')"],
    "multi_margin_loss": ["F.multi_margin_loss(x, k)", "F.multi_margin_loss(v, k[0], 2, 0.7)",
                          "F.multi_margin_loss(x, k, weight=y[1] + 1, reduction='none')",
                          "F.multi_margin_loss(x, k, p=2, reduction='sum')"],
    "multilabel_margin_loss": [
        "F.multilabel_margin_loss(x, torch.tensor([[2, 0, -1], [1, -1, 0]]))",
        "F.multilabel_margin_loss(v, torch.tensor([-1, 0, 1]), reduction='none')",
        "F.multilabel_margin_loss(x, torch.tensor([[1, 1, -1], [0, 1, 2]]), reduction='none')"],
    "nll_loss": ["F.cross_entropy(x, k)", "F.nll_loss(x, k, reduction='sum')",
                 "F.cross_entropy(x, k, weight=torch.tensor([0.5, 1, 2], dtype=f))",
                 "F.cross_entropy(x, k, reduction='none')", "F.cross_entropy(v, k[0])",
                 "F.cross_entropy(x, k, ignore_index=0)"],
    "convolution": ["F.conv2d(I, K, w[0])", "F.conv2d(I[0], K, stride=2, padding=1)",
                    "F.conv2d(I, K[:, :1], padding=(1, 0), dilation=2, groups=2)",
                    "F.conv2d(I, K, w[1], padding='same')", "F.conv1d(B, K[0], w[0])",
                    "F.conv1d(B[0], K[1], padding='valid')", "F.conv_transpose2d(I, K, w[0])",
                    "F.conv_transpose2d(I[0], K[:, :1], stride=2, padding=1, output_padding=1,"
                    " groups=2)", "F.conv_transpose1d(B, K[0])",
                    "F.conv2d(I, K[:, :, :1], stride=(1, 2))"],
    "constant_pad_nd": ["F.pad(x, (1, 2))", "F.pad(B, (1, 0, -1, 2), value=3.0)"],
    "reflection_pad1d": ["F.pad(x, (1, 2), mode='reflect')", "F.pad(B, (2, 0), mode='reflect')"],
    "reflection_pad2d": ["F.pad(I, (1, 2, 3, 0), mode='reflect')"],
    "replication_pad1d": ["F.pad(B, (1, 4), mode='replicate')"],
    "replication_pad2d": ["F.pad(I, (1, 2, 0, 3), mode='replicate')",
                          "F.pad(I[0], (1, 1, 1, 1), mode='replicate')"],
    "upsample_nearest1d": ["F.interpolate(B, scale_factor=2)", "F.interpolate(B, size=5)"],
    "upsample_nearest2d": ["F.interpolate(I, scale_factor=2)", "F.interpolate(I, size=(3, 7))",
                           "nn.Upsample(scale_factor=(1.5, 2))(I)", "nn.Upsample(size=2)(I)"],
    "max_pool2d_with_indices": ["F.max_pool2d(I, 2)", "F.max_pool2d(I[0], 3, 1, 1)",
                                "F.max_pool2d(I, 3, ceil_mode=True)", "F.max_pool1d(B, 2, 1)",
                                "F.max_pool2d(I, 2, dilation=2, stride=1)",
                                "F.max_pool2d(I * 0, 2, return_indices=True)[0]"],
    "avg_pool2d": ["F.avg_pool2d(I, 2)", "F.avg_pool2d(I, 3, 2, 1, ceil_mode=True)",
                   "F.avg_pool2d(I, 3, 1, 1, count_include_pad=False)", "F.avg_pool1d(B, 2)",
                   "F.avg_pool2d(I[0], (2, 1), divisor_override=3)"],
    "_adaptive_avg_pool2d": ["F.adaptive_avg_pool2d(I, 3)", "F.adaptive_avg_pool2d(I, (None, 1))",
                             "F.adaptive_avg_pool1d(B, 2)"],
    "adaptive_max_pool2d": ["F.adaptive_max_pool2d(I, 3)", "F.adaptive_max_pool1d(B, 2)"],
    "native_batch_norm": ["F.batch_norm(x, None, None, training=True)",
                          "F.batch_norm(B, None, None, w[:, 0][:2], w[:, 1][:2], training=True)",
                          "F.batch_norm(x, t[0], t[1].abs() + 1, v, v * 2, momentum=0.5)",
                          "F.batch_norm(I, None, None, w[0], None, True, eps=0.1)"],
    "native_layer_norm": ["F.layer_norm(x, (3,))", "F.layer_norm(B, (2, 3), x, p)",
                          "F.layer_norm(x, [3], v, eps=0.1)"],
    "native_group_norm": ["F.group_norm(I, 1)", "F.group_norm(I, 2, w[0], w[1])"],
    "transpose_": ["made(nn.RNN(3, 2, 2, batch_first=True))(B)[0]"],
    "unsafe_split": ["made(nn.GRU(3, 2))(B)[0]", "made(nn.GRU(3, 2, 2, batch_first=True))(B)[1]",
                     "made(nn.GRU(3, 2, bidirectional=True))(B)[0]", "made(nn.GRU(3, 2))(x)[0]",
                     "made(nn.LSTMCell(3, 2))(x)[0]",
                     "made(nn.LSTMCell(3, 2))(x, (p @ w, x @ w))[1]",
                     "made(nn.GRUCell(3, 2))(x)", "made(nn.GRUCell(3, 2))(v, w[0])"],
    "nll_loss2d": ["F.cross_entropy(B, k.view(1, 2).expand(2, 2)[:, :1].expand(2, 3) // 2)",
                   "F.cross_entropy(I, torch.arange(16).view(1, 4, 4) % 2, reduction='sum')",
                   "F.nll_loss(I, torch.arange(16).view(1, 4, 4) % 2, weight=t[0, :2].abs())",
                   "F.cross_entropy(B, (t > 0).long(), ignore_index=1, reduction='none')"],
    "zero": ["(x * 1).zero_()"],
    "fill": ["(x * 1).fill_(3)"],
    "fill.tensor": ["(x * 1).fill_(s)", "put(x * 1, 0, 3.0)", "put(x * 1, 0, s)"],
    "copy": ["(x * 1).copy_(v)", "(x * 1).copy_(t)"],
    "eq": ["x == 2"], "ne": ["x != v"], "lt": ["x < 0"], "le": ["x <= v"], "gt": ["x > 0.5"],
    "ge": ["s >= x"],
    "logical_and": ["torch.logical_and(m, x)"], "logical_or": ["torch.logical_or(m, x)"],
    "logical_xor": ["torch.logical_xor(m, m)"], "logical_not": ["torch.logical_not(m)"],
    "bitwise_and": ["m & (x > 0)"], "bitwise_or": ["m | (x > 0)"], "bitwise_xor": ["m ^ m"],
    "bitwise_not": ["~m"], "floor_divide": ["t // 0.3", "k // 2"],
    "isnan": ["x.isnan()"], "isinf": ["x.isinf()"], "isfinite": ["x.isfinite()"],
    "argmax": ["x.argmax()", "x.argmax(1)", "x.argmax(0, keepdim=True)"],
    "argmin": ["x.argmin()", "x.argmin(dim=1)"],
    "any": ["m.any()", "m.any(0)"], "all": ["m.all()", "m.all(dim=1)"],
    "count_nonzero": ["torch.count_nonzero(m)"],
}  # fmt: skip


SAMPLES |= FURTHER | LAYERS
CASES = [(name, sample) for name, samples in SAMPLES.items() for sample in samples]

PUT = """
def made(module):
    module.double() if f == torch.float64 else None
    with torch.no_grad():
        for number, p in enumerate(module.parameters()):
            p.copy_(torch.arange(p.numel(), dtype=f).view(p.shape).mul(0.7).add(number).sin())
    return module


def put(base, index, value):
    base[index] = value
    return base
"""


@pytest.fixture(autouse=True)
def fresh_engine() -> None:
    NumpyEngine()


def program(sample: str, dtype: str) -> str:
    lines = [f"f = torch.{dtype}", *(f"{name} = {made}" for name, made in INPUTS.items())]
    return "\n".join([*lines, PUT, f"result = {sample}"])


class Heard:
    """A Listener that keeps what it was told of forward."""

    def __init__(self) -> None:
        self.forwards: list[Any] = []

    def forward(self, op, inputs, attrs, outputs, node, changed=(), grads=()) -> None:  # type: ignore[no-untyped-def]
        self.forwards.append((op, inputs, attrs, outputs, node, changed))

    def __getattr__(self, name: str) -> Any:
        return lambda *told: None


def listened(text: str) -> tuple[dict[str, Any], list[Any]]:
    engine, heard = NumpyEngine(), Heard()
    engine.listener = heard
    names = run(OURS, text)
    engine.listener = None
    return names, heard.forwards


def test_every_record_has_a_sample() -> None:
    assert set(SAMPLES) == set(OPS), "a record without a line in SAMPLES, or a line without one"
    assert all(SAMPLES.values())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "sample"), CASES)
def test_as_in_pytorch(name: str, sample: str, dtype: str) -> None:
    text = program(sample, dtype)
    mine, forwards = listened(text)
    theirs = run(TORCH, text)
    assert name in [op for op, *_ in forwards], f"{sample} does not run {name}"
    a, b = mine["result"], theirs["result"]
    wide = dtype == "float64" and ".float()" not in sample
    assert not (found := difference(a, b, wide)), f"{sample}: {found}"
    if not b.requires_grad:
        return
    orders = []
    for side, names in ((OURS, mine), (TORCH, theirs)):
        seed = "g = torch.arange(n, dtype=d).mul(0.25).sub(0.4).view(size)"
        made = {**side, "n": a.numel(), "d": names["result"].dtype, "size": names["result"].shape}
        exec(seed.replace("d)", "d)") if a.numel() else "g = torch.zeros(size)", made)
        root = names["result"]
        orders.append(order_of(root, lambda root=root, g=made["g"]: root.backward(g)))
    assert orders[0] == orders[1], f"{sample}: another order of execution"
    for leaf in INPUTS:
        found = difference(mine[leaf].grad, theirs[leaf].grad, wide)
        assert not found, f"{sample}: {leaf}.grad: {found}"


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_the_shape_rule_foretells_the_result(name: str, sample: str) -> None:
    _, forwards = listened(program(sample, "float32"))
    for op_name, inputs, attrs, outputs, _, _ in forwards:
        op = OPS[op_name]
        shapes = [np.shape(getattr(one.value, "data", 0)) for one in inputs]
        told = op.shape(shapes, **attrs) if op.variadic else op.shape(*shapes, **attrs)
        if told is None:
            continue
        expected = told if op.outputs != 1 else (told,)
        assert tuple(tuple(s) for s in expected) == tuple(o.data.shape for o in outputs), op_name


#: Dtypes other than the run's, values at a bend, and the row whose gradient is left out.
UNEVEN = ("float()", "y.clone", "padding_idx")
SMOOTH = [(n, s) for n, s in CASES if OPS[n].vjps and not any(part in s for part in UNEVEN)]


@pytest.mark.parametrize(("name", "sample"), SMOOTH)
def test_gradient_against_finite_differences(name: str, sample: str) -> None:
    text = program(sample, "float64")
    names = run(OURS, text)
    result = names["result"]
    if not result.requires_grad:
        return
    weights = np.asarray(np.linspace(-1, 1, result.array.size).reshape(result.array.shape) + 0.3)
    OURS["torch"].autograd.backward(result, OURS["torch"].from_numpy(weights))
    kinks = {"clamp.tensor", "_prelu_kernel", "div.mode",
             "max_pool2d_with_indices", "adaptive_max_pool2d",
             "relu", "maximum", "minimum", "max", "min", "amax", "amin", "remainder",
             "remainder.tensor"} | KINKS | OF_LAYERS  # fmt: skip
    for leaf in INPUTS:
        tensor = names[leaf]
        if not tensor.requires_grad or tensor.grad is None:
            continue
        got = tensor.grad.array.copy()
        for place in np.ndindex(tensor.array.shape):
            sides = []
            for step in (1e-6, -1e-6):
                made = f"{leaf} = {leaf}.detach().clone()\n{leaf}[{place}] += {step}\n"
                moved = run(OURS, text.replace("\nresult", f"\n{made}result"))["result"]
                sides.append((moved.array * weights).sum())
            slope = (sides[0] - sides[1]) / 2e-6
            if name in kinks and abs(slope - got[place]) > 1e-3:
                continue  # at a tie the slope is another on each side
            assert abs(slope - got[place]) < 1e-5 * max(1, abs(slope)), (
                f"{sample}: d/d{leaf}{place} is {got[place]}, by differences {slope}"
            )


@pytest.mark.parametrize("name", sorted(OPS))
def test_formulas_render_in_text_and_latex(name: str) -> None:
    op = OPS[name]
    code = op.forward.__code__
    known = {"grad", "result", "tensors", *op.vjps, *op.plain}
    known |= set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    formulas = [op.formula, *(vjp.formula for vjp in op.vjps.values())]
    for formula in formulas:
        for template, filled in (
            (formula.text, formula.fill(**dict.fromkeys(known, "Z"))),
            (formula.latex, formula.fill_latex(**dict.fromkeys(known, "Z"))),
        ):
            assert "$" not in filled, f"{name}: {template} asks for something unknown"
        latex = formula.fill_latex(**dict.fromkeys(known, "Z"))
        assert latex.replace(r"\{", "").count("{") == latex.replace(r"\}", "").count("}"), latex
        assert len(re.findall(r"\\left", latex)) == len(re.findall(r"\\right", latex)), latex
    assert op.help.endswith("."), f"{name} needs a line of help"


@pytest.mark.parametrize("name", sorted(n for n, op in OPS.items() if op.vjps))
def test_rules_save_only_what_exists(name: str) -> None:
    op = OPS[name]
    code = op.forward.__code__
    inputs = {"result", "tensors", *code.co_varnames[: code.co_argcount], *op.vjps, *op.plain}
    for vjp in op.vjps.values():
        assert {saved.removesuffix("_shape") for saved in vjp.saves} <= inputs


ELEMENTWISE = [
    "a + b",
    "a - b",
    "a * b",
    "a / b",
    "torch.maximum(a, b)",
    "torch.where(a > b, a, b)",
]


@settings(max_examples=60, deadline=None)
@given(
    shapes=mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3, min_side=0),
    sample=st.sampled_from(ELEMENTWISE),
    seed=st.integers(0, 99),
)
def test_broadcasting(shapes: Any, sample: str, seed: int) -> None:
    first, second = (tuple(shape) for shape in shapes.input_shapes)
    numbers = np.random.RandomState(seed)
    values = [numbers.uniform(0.5, 2, shape).astype(np.float32) for shape in (first, second)]
    sides = []
    for side in (OURS, TORCH):
        names = dict(side)
        for letter, value in zip("ab", values, strict=True):
            names[letter] = side["torch"].from_numpy(value.copy()).requires_grad_()
        exec(f"result = {sample}\nresult.sum().backward()", names)
        sides.append(names)
    for letter in ("a", "b"):
        assert not (found := difference(sides[0][letter].grad, sides[1][letter].grad)), found
    assert drawn(sides[0]["result"]) == drawn(sides[1]["result"])
    assert not (found := difference(sides[0]["result"], sides[1]["result"])), found
