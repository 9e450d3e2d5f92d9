"""The torch engine: its traces equal the built-in engine's step by step, and what it is asked."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
import torch
from random_programs import program

from backprop_tui.engines.torch_engine.engine import TorchEngine
from backprop_tui.errors import EngineMissing, ScenarioError
from backprop_tui.scenario.interpreter import Interpreter
from backprop_tui.scenario.library import bundled
from backprop_tui.scenario.loader import loads
from backprop_tui.session import Session, make_engine
from backprop_tui.trace.compare import first_difference
from backprop_tui.trace.recorder import Recorder
from backprop_tui.trace.steps import Accumulate, Assign, Backward, Bind, Forward, Update
from backprop_tui.trace.trace import Trace

pytestmark = pytest.mark.filterwarnings("ignore")

HEAD = """import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset, TensorDataset
"""


def record(source: str, engine: str) -> tuple[Trace, str]:
    """The trace of a program on an engine, and the error that ended it ("": none)."""
    scenario, made = loads(HEAD + source, "program.py"), make_engine(engine)
    trace = Trace(scenario.program(), engine)
    recorder = Recorder(trace, made)
    made.listener = recorder
    try:
        Interpreter(scenario, made, recorder).run()
    except ScenarioError as error:
        return trace, str(error)
    return trace, ""


def differs(source: str) -> str | None:
    """How the two engines' records of a program differ, errors included."""
    (ours, error), (theirs, expected) = record(source, "numpy"), record(source, "torch")
    found = first_difference(ours, theirs, rtol=1e-4, atol=1e-5)
    if found is None and error != expected:
        return f"{error!r} is not {expected!r}"
    return found


# ------------------------------------------------------------------ step for step


#: Long trainings whose rounding grows on the way, and how far.
GROWING = {"weight_decay_overfit": 1e-2, "normalised_data": 1e-3}


def tied(ours: Trace, theirs: Trace) -> int:
    """The step at which max_pool2d takes one number here and another there, which are the same but
    for rounding; how many steps there are if nowhere. How PyTorch rounds depends on the machine."""
    for one, other in zip(ours, theirs, strict=True):
        if isinstance(one, Forward) and one.op == "max_pool2d_with_indices":
            assert isinstance(other, Forward)
            planes = one.inputs[0].value.data
            planes = planes.reshape(*planes.shape[:-2], -1)
            here, there = (step.outputs[1].data for step in (one, other))
            taken, left = (
                np.take_along_axis(planes, at.reshape(*at.shape[:-2], -1), -1)
                for at in (here, there)
            )
            if (here != there).any() and np.allclose(taken, left, rtol=1e-5):
                return one.index
    return len(ours)


def until(trace: Trace, stop: int) -> Trace:
    """The steps before ``stop``."""
    part = Trace(trace.program, trace.engine)
    for index in range(stop):
        part.append(trace[index])
    part.finished = trace.finished
    return part


@pytest.mark.parametrize("name", [entry.name for entry in bundled()])
def test_bundled_scenarios_are_equal_step_by_step(name: str) -> None:
    ours, theirs = Session.open(name).complete(), Session.open(name, engine="torch").complete()
    stop = tied(ours, theirs) if len(ours) == len(theirs) else len(ours)
    if stop < len(ours):
        ours, theirs = until(ours, stop), until(theirs, stop)
    assert stop > 500 or stop == len(ours)
    found = first_difference(ours, theirs, rtol=GROWING.get(name, 1e-4), atol=1e-6)
    assert found is None, found


@pytest.mark.parametrize("first", range(0, 500, 50))
def test_random_programs_are_equal_step_by_step(first: int) -> None:
    for seed in range(first, first + 50):
        found = differs(program(seed) + "\nroot.backward()\n")
        assert found is None, f"seed {seed}: {found}\n{program(seed)}"


PROGRAMS = {
    "hooks on a leaf and on what it makes": """
x = torch.tensor([1., 2.], requires_grad=True)
y = x * 3
y.retain_grad()
def hook(g):
    h = g * 2
    return h
y.register_hook(hook)
x.register_hook(lambda g: g + 1)
y.sum().backward()
""",
    "a graph used twice, then freed": """
x = torch.tensor([1., 2.], requires_grad=True)
y = (x * x).sum()
y.backward(retain_graph=True)
y.backward()
y.backward()
""",
    "torch.autograd.grad": """
x = torch.tensor([1., 2.], requires_grad=True)
w = torch.tensor(3., requires_grad=True)
z = (x * w) ** 2
y = z.sum()
g, = torch.autograd.grad(y, x, retain_graph=True)
h, k = torch.autograd.grad(y, [w, z])
""",
    "a gradient given, only some inputs wanted": """
x = torch.ones(2, requires_grad=True)
w = torch.ones(2, requires_grad=True)
(x * w).backward(torch.tensor([1., 2.]), inputs=[x])
""",
    "retain_grad across two backwards": """
x = torch.ones(2, requires_grad=True)
h = x * 3
h.retain_grad()
a, b = h.sum(), (h * h).sum()
a.backward(retain_graph=True)
b.backward()
""",
    "data, grad and requires_grad set": """
w = torch.tensor([1., 2.], requires_grad=True)
w.data = torch.tensor([3., 4.])
w.data -= 0.5
w.data[0] = 9.
w.grad = torch.ones(2)
w.grad.zero_()
w.grad = None
w.requires_grad = False
w.requires_grad_()
w.detach().add_(1)
""",
    "views changed in place": """
x = torch.arange(6.)
v = x.view(2, 3)
r = v[0]
r.mul_(2)
v[:, 1] = torch.tensor([7., 8.])
x += 1
y = torch.zeros(4, requires_grad=True) * 1
y[1:3] = torch.tensor([1., 2.], requires_grad=True)
z = y[2]
y.sum().backward()
""",
    "items set": """
x = torch.zeros(3, 4)
x[0] = 1
x[1, 2] = 5.
x[:, 0] = torch.arange(3.)
x[x > 2] = 0.
x[[0, 1]] = torch.ones(4)
x[..., 1] += 1
x[2] = [1., 2., 3., 4.]
""",
    "parts": """
x = torch.arange(24.).view(2, 3, 4).requires_grad_()
r = [x[0], x[-1, 1:], x[..., 0], x[:, None], x[:, [0, 2]], x[x > 5], x[:], x[1, 2, 3]]
r += [x[0, torch.tensor([0, 1]), 1], x[...], x[0:1, ::2]]
for row in x:
    s = row.sum()
""",
    "reshape in all its ways": """
z = torch.randn(2, 3, requires_grad=True)
a = [z.T.reshape(-1), z.t().reshape(3, 2), z.t().reshape(3, 1, 2), z.t().flatten(0)]
a += [z.expand(2, 2, 3).reshape(4, 3), z[:, 1:].reshape(2, 1, 2), torch.reshape(z.t(), (3, 2))]
a += [z.reshape(6), torch.flatten(z), z.view(3, -1), z.t().contiguous()]
print(a[1])
""",
    "products of all shapes": """
a = torch.randn(2, 3, 4, requires_grad=True)
b = torch.randn(4, 5, requires_grad=True)
c, v = torch.randn(2, 4, 5), torch.randn(4)
r = [a @ b, a @ c, a @ v, torch.randn(3) @ a, F.linear(a, b.T), F.linear(v, b.T)]
r += [F.linear(a, b.T, torch.randn(5)), nn.Linear(4, 2)(a), torch.outer(v, v), torch.dot(v, v)]
with torch.no_grad():
    r += [a @ b, a @ c, a @ v]
""",
    "reductions": """
x = torch.tensor([[0.2, 0.7, -1.], [0.5, 0.1, 2.]], requires_grad=True)
a = [x.sum(0), x.sum(dim=(0, 1)), x.mean(dim=1, keepdim=True), x.std(), x.norm(), x.prod(), x.max()]
a += [x.var(dim=0, unbiased=False), x.norm(dim=1), x.prod(1), x.min(dim=0).values, x.argmax()]
a += [x.argmax(dim=1), x.cumsum(0), x.logsumexp(1), x.topk(2).values, x.all(), x.any(dim=1)]
a += [x.sort(dim=0, descending=True).values, x.unbind(), x.chunk(2), x.split([1, 2], dim=1)]
""",
    "element by element": """
x = torch.tensor([[0.2, 0.7, -1.], [0.5, 0.1, 2.]], requires_grad=True)
a = [x.clamp(min=0), x.clamp(0, 1), x.abs(), x.sign(), x.round(), x.floor(), x.square(), x % 2]
a += [x.rsqrt(), 2 ** x, x ** x.abs(), x / 2, 2 / x, -x, 1 - x, torch.maximum(x, x * 2), x == 0.2]
a += [x.add(x, alpha=2), x.sub(1, alpha=3), torch.where(x > 0, 1.0, 0.0), torch.where(x > 0, x, 0)]
a += [x.masked_fill(x > 0, 1.0), x.isnan(), x.isfinite(), x.double(), x.long(), x.to(torch.float64)]
a += [x.relu(), F.leaky_relu(x), F.elu(x), F.gelu(x), F.silu(x), F.softplus(x), F.logsigmoid(x)]
""",
    "dtypes that meet": """
a = torch.tensor([1, 2, 3])
b = torch.tensor([1., 2., 3.], dtype=torch.float64, requires_grad=True)
c = torch.tensor(2.0)
d = [a + b, a * 2, a / 2, a * 2.5, b * c, a == b, a.float() * c, a.sum(), a.max(), -a, a ** 2]
""",
    "NaN and infinity": """
x = torch.tensor([0., -1., 1e30], requires_grad=True)
y = torch.log(x) + x / 0 + torch.sqrt(x)
y.sum().backward()
""",
    "losses": """
x = torch.tensor([[0.2, 0.7], [0.5, 0.1]], requires_grad=True)
y = torch.tensor([[0., 1.], [1., 0.]])
a = [F.mse_loss(x, y), F.l1_loss(x, y), F.smooth_l1_loss(x, y), F.binary_cross_entropy(x, y)]
a += [F.binary_cross_entropy_with_logits(x, y, reduction="sum"), F.mse_loss(x, y[0])]
a += [F.nll_loss(F.log_softmax(x, 1), torch.tensor([0, 1]), weight=torch.tensor([1., 2.]))]
a += [F.kl_div(F.log_softmax(x, 1), y, reduction="batchmean"), F.huber_loss(x, y)]
a += [F.cross_entropy(x, y), F.cross_entropy(x, y, reduction="none").sum()]
sum(a).backward()
""",
    "momentum, weight decay, Nesterov": """
torch.manual_seed(1)
model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True)
x, t = torch.randn(5, 3), torch.tensor([0, 1, 1, 0, 1])
loss_function = nn.CrossEntropyLoss()
for i in range(3):
    opt.zero_grad()
    loss = loss_function(model(x), t)
    loss.backward()
    opt.step()
""",
    "every optimizer": """
for make in [optim.Adam, optim.AdamW, optim.RMSprop, optim.Adagrad]:
    w = torch.tensor([1., -2.], requires_grad=True)
    opt = make([w], lr=0.1)
    for i in range(2):
        loss = (w ** 2).sum()
        opt.zero_grad(set_to_none=False)
        loss.backward()
        opt.step()
""",
    "a closure": """
w = torch.tensor([1., -2.], requires_grad=True)
opt = optim.SGD([w], lr=0.1)
def closure():
    opt.zero_grad()
    loss = (w ** 2).sum()
    loss.backward()
    return loss
loss = opt.step(closure)
""",
    "a dataset of one's own, shuffled": """
class Doubles(Dataset):
    def __init__(self):
        self.x = torch.arange(6.).view(6, 1)
    def __len__(self):
        return 6
    def __getitem__(self, i):
        return self.x[i], self.x[i] * 2
torch.manual_seed(3)
for x, y in DataLoader(Doubles(), batch_size=4, shuffle=True):
    print(x, y)
for x, in DataLoader(TensorDataset(torch.arange(4.)), batch_size=2, shuffle=True):
    print(x)
def collate(rows):
    return torch.stack([row[0] * 2 for row in rows])
for x in DataLoader(TensorDataset(torch.arange(4.)), batch_size=2, collate_fn=collate):
    print(x)
""",
    "a module with buffers, saved, loaded, cast": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(2, 3), nn.Linear(3, 1)])
        self.drop = nn.Dropout(0.5)
        self.scale = nn.Parameter(torch.tensor(2.0))
        self.register_buffer("shift", torch.ones(1))
    def forward(self, x):
        for layer in self.layers:
            x = self.drop(torch.relu(layer(x)))
        return x * self.scale + self.shift
torch.manual_seed(0)
net = Net()
print(net)
net(torch.randn(4, 2)).mean().backward()
net.eval()
with torch.no_grad():
    out = net(torch.randn(4, 2))
net.zero_grad()
net.load_state_dict(net.state_dict())
net.double()
for name, p in net.named_parameters():
    print(name, p.shape, p.dtype)
""",
    "weights begun by hand": """
w = torch.empty(3, 2)
nn.init.xavier_uniform_(w)
nn.init.zeros_(w)
w.uniform_(-1, 1)
layer = nn.Linear(2, 2)
nn.init.constant_(layer.bias, 0.5)
nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
layer.weight.data.normal_(0, 0.02)
with torch.no_grad():
    layer.weight.copy_(torch.ones(2, 2))
    layer.weight[0, 0] = 3.
    layer.weight -= 0.5
""",
    "gradients clipped, a schedule": """
w = torch.tensor([3., 4.], requires_grad=True)
opt = optim.SGD([w], lr=0.1)
schedule = optim.lr_scheduler.StepLR(opt, 1, 0.5)
for i in range(2):
    (w * w).sum().backward()
    norm = nn.utils.clip_grad_norm_([w], 1.0)
    nn.utils.clip_grad_value_([w], 0.1)
    opt.step()
    schedule.step()
""",
    "normalisations": """
x = torch.randn(4, 6, requires_grad=True)
y = nn.LayerNorm(6)(x) + F.group_norm(x, 2)
norm = nn.BatchNorm1d(6)
norm(y).sum().backward()
norm.eval()
z = norm(x)
""",
    "convolution and pooling": """
x, conv = torch.randn(2, 1, 4, 4), nn.Conv2d(1, 2, 3, padding=1)
y = nn.MaxPool2d(2)(torch.relu(conv(x))).sum() + nn.AvgPool2d(2)(conv(x)).sum()
y.backward()
w = nn.Conv1d(2, 1, 2)(F.pad(torch.randn(1, 2, 5), (1, 1)))
""",
    "recurrent cells": """
torch.manual_seed(0)
y, h = nn.RNN(2, 3, batch_first=True)(torch.randn(1, 2, 2))
y.sum().backward()
h, c = nn.LSTMCell(2, 3)(torch.randn(1, 2))
h.sum().backward()
nn.GRUCell(2, 3)(torch.randn(1, 2)).sum().backward()
""",
    "attention": """
q = torch.randn(1, 2, 3, requires_grad=True)
s = (q @ q.transpose(-2, -1) / 3 ** 0.5).softmax(-1) @ q
s.sum().backward()
""",
    "random numbers": """
x = torch.randn(3)
torch.manual_seed(0)
a = [torch.rand(3), torch.randn(20), torch.randint(0, 5, (3,)), torch.randperm(5)]
b = torch.bernoulli(torch.full((3,), 0.5))
c = F.dropout(torch.ones(4, requires_grad=True), 0.5)
d = torch.empty(3).normal_()
""",
    "a leaf changed in place": "x = torch.ones(2, requires_grad=True)\nx += 1\n",
    "a saved tensor changed in place": """
x = torch.ones(2, requires_grad=True)
y = x.exp()
y.add_(1)
y.sum().backward()
""",
    "shapes that do not fit": "y = nn.Linear(3, 2)(torch.ones(1, 2))\n",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_are_equal_step_by_step(name: str) -> None:
    found = differs(PROGRAMS[name])
    assert found is None, found


# ------------------------------------------------------------------ any PyTorch code


def told(run: Any) -> Trace:
    """The trace of plain Python code, run while the engine is active."""
    engine = TorchEngine()
    trace = Trace(loads("import torch\n", "code.py").program(), "torch")
    engine.listener = Recorder(trace, engine)
    with engine.active():
        run()
    return trace


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        (x,) = ctx.saved_tensors
        return 2 * x * grad


def leaf(*values: float, **options: Any) -> Any:
    return torch.tensor(values, requires_grad=True, **options)


@pytest.mark.parametrize(
    ("run", "ops", "nodes"),
    [
        (lambda: torch.ones(2, dtype=torch.bfloat16) * 2, "mul", ""),
        (lambda: torch.ones(2, dtype=torch.half) * 2, "mul", ""),
        (lambda: torch.ones(2, dtype=torch.complex64) * 2j, "mul.complex", ""),
        (lambda: torch.eye(2).to_sparse() * 2, "_to_sparse mul", ""),
        (lambda: torch.eye(2).to_sparse_csr() * 2, "_to_sparse_csr mul", ""),
        (lambda: torch.ones(2, device="meta") * 2, "mul", ""),
        (lambda: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8).dequantize(),
         "quantize_per_tensor dequantize", ""),
        (lambda: Square.apply(leaf(1.0, 2.0)).sum().backward(), "Square sum",
         "SumBackward0 SquareBackward"),
        (lambda: torch.nn.Conv2d(1, 2, 3)(torch.ones(1, 1, 3, 3)).sum().backward(),
         "convolution sum", "SumBackward0 ConvolutionBackward0"),
        (lambda: torch.nn.LSTM(2, 3)(torch.ones(1, 1, 2))[0].sum().backward(),
         "select select mkldnn_rnn_layer stack stack sum",
         "SumBackward0 MkldnnRnnLayerBackward0"),
        (lambda: torch.linalg.det(torch.eye(2)), "_linalg_det", ""),
    ],
)  # fmt: skip
def test_operations_without_a_record_are_told_by_pytorchs_name(
    run: Any, ops: str, nodes: str
) -> None:
    trace = told(run)
    assert " ".join(step.op for step in trace if isinstance(step, Forward)) == ops
    assert " ".join(step.node.name for step in trace if isinstance(step, Backward)) == nodes


def test_a_tensor_that_did_not_change_is_told_as_the_same_value() -> None:
    engine = TorchEngine()
    x = leaf(1.0, 2.0)
    first = engine.snapshot(x)
    assert engine.snapshot(x) is first
    x.requires_grad_(False)
    flagged = engine.snapshot(x)
    assert (flagged.requires_grad, flagged.tensor) == (False, first.tensor)
    assert flagged.data is first.data
    assert not flagged.data.flags.writeable


def test_changes_that_autograd_does_not_count_are_seen() -> None:
    x = leaf(1.0, 2.0)
    view = x.detach()
    engine = TorchEngine()
    with engine.active():
        before = engine.snapshot(x), engine.snapshot(view)
        x.data.add_(1)
        after = engine.snapshot(x), engine.snapshot(view)
    assert [one.data.tolist() for one in before] == [[1.0, 2.0]] * 2
    assert [one.data.tolist() for one in after] == [[2.0, 3.0]] * 2


@pytest.mark.parametrize(
    ("tensor", "dtype", "shown"),
    [
        (torch.ones(2, dtype=torch.bfloat16), "torch.bfloat16", [1.0, 1.0]),
        (torch.ones(2, dtype=torch.float16), "torch.float16", [1.0, 1.0]),
        (torch.tensor([1 + 2j]), "torch.complex64", [[1.0, 2.0]]),
        (torch.eye(2).to_sparse(), "torch.float32 (torch.sparse_coo)", [[1.0, 0.0], [0.0, 1.0]]),
        (torch.quantize_per_tensor(torch.ones(1), 0.5, 0, torch.qint8), "torch.qint8", [1.0]),
        (torch.ones(2, device="meta"), "torch.float32", []),
        (torch.ones(1).expand(3), "torch.float32", [1.0, 1.0, 1.0]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_tensors_of_all_kinds_are_shown_or_named(tensor: Any, dtype: str, shown: Any) -> None:
    value = TorchEngine().snapshot(tensor)
    assert (value.dtype, value.data.tolist()) == (dtype, shown)


def test_the_same_numbers_are_kept_once() -> None:
    """What passes through a Node, waits in a buffer and becomes .grad is one array."""

    def run() -> None:
        x = leaf(1.0, 2.0)
        ((x + 1) * 3).sum().backward()

    trace = told(run)
    add = next(s for s in trace if isinstance(s, Backward) and s.node.name == "AddBackward0")
    accumulate = next(s for s in trace if isinstance(s, Accumulate))
    out = add.outgoing[0]
    assert out is not None
    assert add.incoming[0] is out.grad is out.after is accumulate.incoming is accumulate.after


@pytest.mark.parametrize("name", ["Adadelta", "Adamax", "ASGD", "NAdam", "RAdam", "Rprop", "LBFGS"])
def test_any_optimizer_tells_its_updates_and_state(name: str) -> None:
    def run() -> None:
        w = leaf(1.0, -2.0)
        optimizer = getattr(torch.optim, name)([w], lr=0.1)

        def closure() -> Any:
            optimizer.zero_grad()
            loss = (w * w).sum()
            loss.backward()
            return loss

        optimizer.step(closure)

    trace = told(run)
    update = next(step for step in trace if isinstance(step, Update))
    assert update.optimizer == name
    assert update.before.data.tolist() == [1.0, -2.0]
    assert not np.array_equal(update.before.data, update.after.data)
    assert update.state_after
    assert update.group["lr"] == 0.1
    assert [s.op for s in trace if isinstance(s, Forward)][:2] == ["mul", "sum"]


def test_layers_are_at_work_where_their_operations_are() -> None:
    source = "model = nn.Sequential(nn.Linear(1, 1), nn.Tanh())\ny = model(torch.ones(1, 1))\n"
    trace, _ = record(source, "torch")
    places = [(step.op, step.where.module) for step in trace if isinstance(step, Forward)]
    assert places == [("t", "model.0"), ("addmm", "model.0"), ("tanh", "model.1")]


# ------------------------------------------------------------------ what is left behind


def test_nothing_of_the_recording_stays_in_pytorch() -> None:
    def looks() -> list[object]:
        return [
            torch.optim.Optimizer.zero_grad, torch.nn.Module.zero_grad, torch.nn.Module._apply,
            torch.autograd.Variable._execution_engine, torch.is_grad_enabled(),
            torch.get_default_dtype(), torch.overrides._get_current_function_mode(),
            torch.utils._python_dispatch._get_current_dispatch_mode(),
        ]  # fmt: skip

    before, state = looks(), torch.get_rng_state()
    _, error = record("torch.set_grad_enabled(False)\ntorch.randn(3)\nx = torch.ones(2) @ 1\n",
                      "torch")  # fmt: skip
    assert "TypeError" in error
    assert looks() == before
    assert torch.equal(torch.get_rng_state(), state)


def test_another_thread_is_not_recorded() -> None:
    session = Session.of_text("import torch\nx = torch.ones(2)\ny = x * 2\nz = y * 2\n",
                              engine="torch")  # fmt: skip
    session.grow(until=0)
    w = leaf(1.0)
    (w * w).backward()
    torch.optim.SGD([w], lr=0.1).zero_grad()
    trace = session.complete()
    assert [type(step) for step in trace] == [Bind, Forward, Forward]


def test_unseeded_programs_draw_the_same_in_every_run() -> None:
    source = "print(torch.randn(2), nn.Linear(2, 1).weight)\n"
    (first, _), (second, _) = record(source, "torch"), record(source, "torch")
    assert first_difference(first, second) is None


@pytest.mark.parametrize(
    "source",
    [
        "torch.zeros(10**5, 10**5)",
        "torch.ones(10**4, 1) * torch.ones(1, 10**4)",
        "torch.ones(2).repeat(10**9)",
        "torch.ones(1).expand(10**9)",
        "torch.ones(10**4, 1) @ torch.ones(1, 10**4)",
        "torch.eye(10**5)",
        "torch.randn(10**10)",
        "x = torch.ones(10**6)\nfor i in range(5000):\n    x = torch.cat([x, x])",
    ],
)
def test_what_is_too_large_is_refused_before_it_is_made(source: str) -> None:
    _, error = record(source + "\n", "torch")
    assert "over budget" in error


def test_assignments_are_told_with_the_gradient_after_them() -> None:
    def run() -> None:
        w = leaf(1.0)
        w.grad = torch.ones(1)
        w.data = torch.zeros(1)
        del w.grad

    steps = [step for step in told(run) if isinstance(step, Assign)]
    assert [(s.attribute, s.grad is None) for s in steps] == [
        ("grad", False), ("data", False), ("grad", True),
    ]  # fmt: skip


def test_an_engine_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "backprop_tui.engines.torch_engine.engine", None)
    with pytest.raises(EngineMissing, match="pip install torch"):
        make_engine("torch")
    with pytest.raises(EngineMissing, match="numpy, torch"):
        make_engine("jax")


@pytest.mark.parametrize(
    ("device", "said"), [("cuda:99", "a CUDA build of PyTorch"), ("quantum", "use cpu or cuda")]
)
def test_a_device_that_is_not_there_is_named(device: str, said: str) -> None:
    with pytest.raises(EngineMissing, match=said) as raised:
        make_engine("torch", device)
    assert "\n" not in str(raised.value)
