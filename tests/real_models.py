"""One training step of models as people write them, recorded, for the readers of traces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
import torch.utils.checkpoint
from torch import nn

from backprop_tui.recording import record
from backprop_tui.trace.trace import Trace


class Block(nn.Module):
    """Of a residual net, with ReLU in place."""

    def __init__(self, into: int, out: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(into, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.down = nn.Conv2d(into, out, 1, stride) if stride > 1 else nn.Identity()

    def forward(self, x: Any) -> Any:
        """The sum of two ways."""
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += self.down(x)
        return self.relu(out)


class ResNet(nn.Module):
    """Eight blocks, as ResNet-18, narrow."""

    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        sizes = [width, width, 2 * width, 4 * width, 8 * width]
        for i in range(1, 5):
            stride = 1 if i == 1 else 2
            block = nn.Sequential(Block(sizes[i - 1], sizes[i], stride), Block(sizes[i], sizes[i]))
            setattr(self, f"layer{i}", block)
        self.fc = nn.Linear(8 * width, 5)

    def forward(self, x: Any) -> Any:
        """Logits."""
        x = self.maxpool(F.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


class Transformer(nn.Module):
    """An encoder over tokens."""

    def __init__(self, layers: int, size: int = 16) -> None:
        super().__init__()
        self.embed = nn.Embedding(20, size)
        layer = nn.TransformerEncoderLayer(size, 2, 2 * size, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.head = nn.Linear(size, 20)

    def forward(self, tokens: Any) -> Any:
        """Logits for each place."""
        return self.head(self.encoder(self.embed(tokens)))


class Cube(torch.autograd.Function):
    """x³ with a backward of its own."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        """x³"""
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        """3x²"""
        (x,) = ctx.saved_tensors
        return 3 * x * x * grad


def train(model: Any, inputs: Any, targets: Any, limit: int | None = None) -> Trace:
    """One step of Adam."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    with record(limit=limit) as trace:
        logits = model(inputs)
        loss = F.cross_entropy(logits.flatten(0, -2), targets.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return trace


def resnet(limit: int | None = None) -> Trace:
    """A residual net on two small pictures."""
    return train(ResNet(), torch.randn(2, 3, 16, 16), torch.tensor([1, 4]), limit)


def transformer(layers: int = 2, limit: int | None = None) -> Trace:
    """An encoder of some layers."""
    tokens = torch.randint(0, 20, (2, 6))
    return train(Transformer(layers), tokens, torch.randint(0, 20, (2, 6)), limit)


def lstm() -> Trace:
    """Recurrent layers: one fused, one op by op."""
    rnn, gru = nn.LSTM(3, 4, 2, batch_first=True), nn.GRU(4, 3)
    x = torch.randn(2, 3, 3)
    with record() as trace:
        out, (h, c) = rnn(x)
        after, _ = gru(out)
        loss = after.pow(2).mean() + h.sum() + c.mean()
        loss.backward()
    return trace


def custom() -> Trace:
    """A Function of one's own."""
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    with record() as trace:
        y = Cube.apply(x)
        loss = y.sum()
        loss.backward()
    return trace


def attention() -> Trace:
    """Attention in three spellings."""
    mha = nn.MultiheadAttention(4, 2)
    q = torch.randn(3, 1, 4, requires_grad=True)
    with record() as trace:
        one, _ = mha(q, q, q)
        two = F.scaled_dot_product_attention(q, q, q)
        scores = torch.einsum("ibd,jbd->bij", q, q)
        loss = one.sum() + two.pow(2).sum() + scores.exp().mean()
        loss.backward()
    return trace


def bags() -> Trace:
    """Tables that are looked up."""
    table, bag = nn.Embedding(6, 3), nn.EmbeddingBag(6, 3)
    with record() as trace:
        weight = table.weight
        rows = table(torch.tensor([1, 1, 4]))
        summed = bag(torch.tensor([0, 2, 5, 1]), torch.tensor([0, 2]))
        loss = rows.sum() + summed.pow(2).sum() + weight[0].sum()
        loss.backward()
    return trace


def spectrum() -> Trace:
    """Complex numbers."""
    x = torch.randn(3, 4, requires_grad=True)
    with record() as trace:
        f = torch.fft.rfft(x)
        z = torch.complex(x, x * 2)
        loss = f.abs().sum() + (z * z.conj()).real.mean()
        loss.backward()
    return trace


def linear_algebra() -> Trace:
    """Ops that have no record, and several outputs."""
    x = torch.randn(3, 3, requires_grad=True)
    with record() as trace:
        _, s, _ = torch.linalg.svd(x)
        largest, _ = x.topk(2)
        inverse = torch.linalg.inv(x)
        powers = torch.matrix_exp(x)
        loss = s.sum() + largest.sum() + inverse.sum() + powers.sum()
        loss.backward()
    return trace


def edges() -> Trace:
    """NaN, infinity, nothing at all, half precision, a second backward, a tensor set by hand."""
    n = torch.tensor([float("nan"), float("inf"), 1.0], requires_grad=True)
    empty = torch.zeros(0, 3, requires_grad=True)
    half = torch.randn(2, 2, dtype=torch.bfloat16, requires_grad=True)
    w = torch.tensor([2.0, 3.0], requires_grad=True)
    with record() as trace:
        (n * 2).sum().backward()
        (empty * 2).sum().backward()
        (half @ half).float().sum().backward()
        loss = (w.clamp(min=2.5) * w).sum()
        loss.backward(retain_graph=True)
        loss.backward()
        with torch.no_grad():
            w -= 0.1 * w.grad
        w.grad = None
        print(w)
    return trace


def twice() -> Trace:
    """A derivative of a derivative; two roots at once; a hook that changes a gradient."""
    x = torch.randn(3, requires_grad=True)
    w = torch.randn(4, 3, requires_grad=True)
    with record() as trace:
        (slope,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
        slope.pow(2).sum().backward()
        w.register_hook(lambda grad: grad * 2)
        h = torch.tanh(w @ x)
        a, b = h.split(2)
        loss = (a * b).sum()
        torch.autograd.backward([loss, h.mean()])
    return trace


def sparse() -> Trace:
    """Sparse tensors and gradients, and a forward that runs again in backward."""
    left = torch.eye(4).to_sparse().requires_grad_()
    right = torch.randn(4, 2, requires_grad=True)
    table = nn.Embedding(5, 4, sparse=True)
    layer = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
    with record() as trace:
        product = torch.sparse.mm(left, right)
        again = torch.utils.checkpoint.checkpoint(layer, product, use_reentrant=False)
        loss = again.sum() + table(torch.tensor([1, 2])).sum()
        loss.backward()
    return trace


MODELS: dict[str, Callable[[], Trace]] = {
    "resnet": resnet,
    "transformer": transformer,
    "lstm": lstm,
    "custom": custom,
    "attention": attention,
    "bags": bags,
    "spectrum": spectrum,
    "linear algebra": linear_algebra,
    "edges": edges,
    "twice": twice,
    "sparse": sparse,
    "resnet, summarised": lambda: resnet(limit=40),
    "transformer, summarised": lambda: transformer(limit=20),
}


@lru_cache
def recorded(name: str) -> Trace:
    """The trace of a model, recorded once."""
    torch.manual_seed(0)
    return MODELS[name]()


def texts(lines: Iterator[Any]) -> str:
    """All text of some lines."""
    return "\n".join("".join(run.text for run in line) for line in lines)
