"""Modules against torch: text, parameters, beginnings, errors, results, and what is told."""

from __future__ import annotations

from collections import OrderedDict
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import backprop_tui.engines.numpy_engine.random as R
from backprop_tui.engines.numpy_engine import dtypes, nn
from backprop_tui.engines.numpy_engine.creation import tensor, zeros
from backprop_tui.engines.numpy_engine.engine import NumpyEngine
from backprop_tui.engines.numpy_engine.nn import init, utils

OURS = SimpleNamespace(
    nn=nn,
    init=init,
    utils=utils,
    tensor=tensor,
    zeros=zeros,
    manual_seed=R.manual_seed,
    float64=dtypes.float64,
)
TORCH = SimpleNamespace(
    nn=torch.nn,
    init=torch.nn.init,
    utils=torch.nn.utils,
    tensor=torch.tensor,
    zeros=torch.zeros,
    manual_seed=torch.manual_seed,
    float64=torch.float64,
)


def numbers(value: object) -> np.ndarray:
    return value.detach().numpy() if isinstance(value, torch.Tensor) else value.array


def close(mine: object, theirs: object, tolerance: float = 1e-6) -> None:
    a, b = numbers(mine), numbers(theirs)
    assert (a.shape, a.dtype) == (b.shape, b.dtype)
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def net(t: SimpleNamespace) -> object:
    """A class of the scenario's own kind, on either side."""

    class Net(t.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1 = t.nn.Linear(2, 3)
            self.act = t.nn.Tanh()
            self.fc2 = t.nn.Linear(3, 1)

        def forward(self, x: object) -> object:
            return self.fc2(self.act(self.fc1(x)))

    return Net()


def shared(t: SimpleNamespace) -> object:
    layer = t.nn.Linear(2, 2)
    return t.nn.Sequential(layer, t.nn.Tanh(), layer)


TREES = {
    "Linear": lambda t: t.nn.Linear(2, 3),
    "Linear without bias": lambda t: t.nn.Linear(2, 3, bias=False),
    "Identity": lambda t: t.nn.Identity(5, a=3),
    "Flatten": lambda t: t.nn.Flatten(0),
    "Dropout": lambda t: t.nn.Dropout(0.2),
    "Embedding": lambda t: t.nn.Embedding(4, 3),
    "Embedding with padding": lambda t: t.nn.Embedding(4, 3, padding_idx=-1),
    "Conv1d": lambda t: t.nn.Conv1d(2, 4, 3, dilation=2, groups=2),
    "Conv2d": lambda t: t.nn.Conv2d(1, 8, 3, padding=1),
    "Conv2d without bias": lambda t: t.nn.Conv2d(3, 2, (2, 3), stride=2, bias=False),
    "Conv2d same": lambda t: t.nn.Conv2d(3, 2, 3, padding="same"),
    "ConvTranspose1d": lambda t: t.nn.ConvTranspose1d(2, 4, 3, stride=2),
    "ConvTranspose2d": lambda t: t.nn.ConvTranspose2d(3, 2, 3, stride=2, output_padding=1),
    "MaxPool1d": lambda t: t.nn.MaxPool1d(2),
    "MaxPool2d": lambda t: t.nn.MaxPool2d((2, 1), stride=2),
    "AvgPool1d": lambda t: t.nn.AvgPool1d(2),
    "AvgPool2d": lambda t: t.nn.AvgPool2d(2, 1),
    "AdaptiveAvgPool2d": lambda t: t.nn.AdaptiveAvgPool2d((1, 1)),
    "AdaptiveAvgPool1d": lambda t: t.nn.AdaptiveAvgPool1d(2),
    "AdaptiveMaxPool1d": lambda t: t.nn.AdaptiveMaxPool1d(2),
    "AdaptiveMaxPool2d": lambda t: t.nn.AdaptiveMaxPool2d(2),
    "BatchNorm1d": lambda t: t.nn.BatchNorm1d(3),
    "BatchNorm2d, plain": lambda t: t.nn.BatchNorm2d(3, affine=False, track_running_stats=False),
    "LayerNorm": lambda t: t.nn.LayerNorm(3),
    "LayerNorm over two": lambda t: t.nn.LayerNorm((2, 3), elementwise_affine=False),
    "GroupNorm": lambda t: t.nn.GroupNorm(2, 4),
    "RNNCell": lambda t: t.nn.RNNCell(2, 3),
    "RNNCell, relu": lambda t: t.nn.RNNCell(2, 3, nonlinearity="relu", bias=False),
    "LSTMCell": lambda t: t.nn.LSTMCell(2, 3),
    "GRUCell": lambda t: t.nn.GRUCell(2, 3),
    "RNN": lambda t: t.nn.RNN(2, 3),
    "RNN of two layers": lambda t: t.nn.RNN(2, 3, 2, "relu", batch_first=True, dropout=0.5),
    "Sigmoid": lambda t: t.nn.Sigmoid(),
    "ReLU": lambda t: t.nn.ReLU(),
    "ReLU in place": lambda t: t.nn.ReLU(inplace=True),
    "LeakyReLU": lambda t: t.nn.LeakyReLU(0.1),
    "LeakyReLU in place": lambda t: t.nn.LeakyReLU(0.1, True),
    "ELU": lambda t: t.nn.ELU(),
    "SiLU": lambda t: t.nn.SiLU(),
    "Softplus": lambda t: t.nn.Softplus(),
    "GELU": lambda t: t.nn.GELU(),
    "Softmax": lambda t: t.nn.Softmax(dim=1),
    "LogSoftmax": lambda t: t.nn.LogSoftmax(dim=-1),
    "LogSigmoid": lambda t: t.nn.LogSigmoid(),
    "MSELoss": lambda t: t.nn.MSELoss(),
    "L1Loss": lambda t: t.nn.L1Loss(reduction="sum"),
    "BCELoss": lambda t: t.nn.BCELoss(),
    "CrossEntropyLoss": lambda t: t.nn.CrossEntropyLoss(weight=t.tensor([1.0, 2.0])),
    "HuberLoss": lambda t: t.nn.HuberLoss(),
    "SmoothL1Loss": lambda t: t.nn.SmoothL1Loss(),
    "Sequential": lambda t: t.nn.Sequential(t.nn.Linear(1, 1), t.nn.Sigmoid()),
    "Sequential, empty": lambda t: t.nn.Sequential(),
    "Sequential by name": lambda t: t.nn.Sequential(
        OrderedDict([("first", t.nn.Linear(2, 3)), ("act", t.nn.ReLU())])
    ),
    "Sequential in Sequential": lambda t: t.nn.Sequential(
        t.nn.Sequential(t.nn.Linear(2, 3), t.nn.ReLU()), t.nn.Flatten()
    ),
    "a slice": lambda t: t.nn.Sequential(t.nn.Linear(2, 3), t.nn.ReLU(), t.nn.Tanh())[1:],
    "ModuleList": lambda t: t.nn.ModuleList([t.nn.Linear(2, 2) for _ in range(3)]),
    "ModuleList, mixed": lambda t: t.nn.ModuleList(
        [t.nn.Linear(2, 3), t.nn.Linear(3, 3), t.nn.Linear(3, 3), t.nn.ReLU()]
    ),
    "ModuleList, empty": lambda t: t.nn.ModuleList(),
    "ModuleDict": lambda t: t.nn.ModuleDict({"a": t.nn.Linear(2, 3), "b": t.nn.ReLU()}),
    "ParameterList": lambda t: t.nn.ParameterList([t.tensor([1.0, 2.0]), t.tensor([[3.0]])]),
    "ParameterList of one": lambda t: t.nn.ParameterList([t.tensor([1.0, 2.0])]),
    "Net": net,
    "shared": shared,
}


@pytest.mark.parametrize("name", TREES)
def test_trees(name: str) -> None:
    seen = []
    for t in (OURS, TORCH):
        t.manual_seed(0)
        seen.append(TREES[name](t))
    mine, theirs = seen
    assert repr(mine) == repr(theirs)
    for walk in ("named_parameters", "named_buffers", "named_modules", "named_children"):
        assert [n for n, _ in getattr(mine, walk)()] == [n for n, _ in getattr(theirs, walk)()]
    assert list(mine.state_dict()) == list(theirs.state_dict())
    for a, b in zip(mine.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_array_equal(numbers(a), numbers(b))
        assert a.requires_grad
        assert a.is_leaf


@pytest.mark.parametrize("seed", [0, 1, 42])
@pytest.mark.parametrize("sizes", [(1, 1), (2, 4), (7, 3), (20, 30)])
def test_linear_begins_with_torchs_numbers(seed: int, sizes: tuple[int, int]) -> None:
    layers = []
    for t in (OURS, TORCH):
        t.manual_seed(seed)
        layers.append((t.nn.Linear(*sizes), t.nn.Linear(3, 2, dtype=t.float64)))
    for mine, theirs in zip(*layers, strict=True):
        for a, b in zip(mine.parameters(), theirs.parameters(), strict=True):
            assert numbers(a).dtype == numbers(b).dtype
            np.testing.assert_allclose(numbers(a), numbers(b), rtol=0, atol=3e-16)


FILLS = [
    lambda t, w: t.init.uniform_(w, -1, 2),
    lambda t, w: t.init.normal_(w, 1.0, 0.5),
    lambda t, w: t.init.zeros_(w),
    lambda t, w: t.init.ones_(w),
    lambda t, w: t.init.constant_(w, 0.3),
    lambda t, w: t.init.eye_(w),
    lambda t, w: t.init.xavier_uniform_(w),
    lambda t, w: t.init.xavier_uniform_(w, gain=t.init.calculate_gain("tanh")),
    lambda t, w: t.init.xavier_normal_(w),
    lambda t, w: t.init.kaiming_uniform_(w, nonlinearity="relu"),
    lambda t, w: t.init.kaiming_uniform_(w, a=0.2, mode="fan_out"),
    lambda t, w: t.init.kaiming_normal_(w),
    lambda t, w: t.init.trunc_normal_(w),
    lambda t, w: t.init.trunc_normal_(w, 0.5, 2.0, -1, 0.5),
    lambda t, w: t.init.trunc_normal_(w, std=0.02),
    lambda t, w: t.init.trunc_normal_(w, 0.0, 1.0, 1.5, 3.0),
    lambda t, w: t.init.orthogonal_(w),
    lambda t, w: t.init.orthogonal_(w, gain=0.7),
    lambda t, w: t.init.sparse_(w, 0.4),
]


@pytest.mark.parametrize("fill", FILLS, ids=range(len(FILLS)))
@pytest.mark.parametrize("shape", [(3, 2), (8, 5)])
def test_init(fill: object, shape: tuple[int, int]) -> None:
    found = []
    for t in (OURS, TORCH):
        t.manual_seed(1)
        weight = t.nn.Parameter(t.zeros(*shape))
        assert fill(t, weight) is weight
        found.append(weight)
    close(*found)
    assert found[0].is_leaf
    assert found[0]._version == found[1]._version


KERNELS = [
    lambda t: t.init.dirac_(t.zeros(4, 2, 3), groups=2),
    lambda t: t.init.dirac_(t.zeros(2, 3, 3, 4)),
    lambda t: t.init.orthogonal_(t.zeros(2, 3, 2, 2)),
]


@pytest.mark.parametrize("fill", KERNELS, ids=range(len(KERNELS)))
def test_init_of_kernels(fill: object) -> None:
    found = []
    for t in (OURS, TORCH):
        t.manual_seed(2)
        found.append(fill(t))
    close(*found)
    assert found[0]._version == found[1]._version


@pytest.mark.parametrize("name", ["linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu"])
def test_gain(name: str) -> None:
    assert init.calculate_gain(name) == torch.nn.init.calculate_gain(name)


def _assign(module: object, name: str, value: object) -> None:
    setattr(module, name, value)


REFUSED = {
    "no forward": lambda t: t.nn.Module()(1),
    "a list's forward": lambda t: t.nn.ModuleList()(1),
    "a number as weight": lambda t: _assign(t.nn.Linear(1, 1), "weight", 3),
    "a tensor as weight": lambda t: _assign(t.nn.Linear(1, 1), "weight", t.tensor([1.0])),
    "a number as child": lambda t: _assign(net(t), "fc1", 3),
    "no such attribute": lambda t: net(t).fc3,
    "train of a number": lambda t: t.nn.Linear(1, 1).train(3),
    "dropout of 2": lambda t: t.nn.Dropout(2),
    "index outside": lambda t: t.nn.Sequential(t.nn.ReLU())[1],
    "a name with a dot": lambda t: t.nn.Module().add_module("a.b", t.nn.ReLU()),
    "a name taken": lambda t: t.nn.Linear(1, 1).register_buffer("forward", None),
    "a computed parameter": lambda t: t.nn.Module().register_parameter("a", t.tensor([1.0])),
    "fan of a vector": lambda t: t.init.xavier_uniform_(t.tensor([1.0])),
    "a mode of fans": lambda t: t.init.kaiming_normal_(t.zeros(2, 2), mode="fan"),
    "a vector at right angles": lambda t: t.init.orthogonal_(t.tensor([1.0])),
    "a sparse vector": lambda t: t.init.sparse_(t.tensor([1.0]), 0.5),
    "a kernel of a matrix": lambda t: t.init.dirac_(t.zeros(2, 2)),
    "a kernel of groups": lambda t: t.init.dirac_(t.zeros(3, 2, 2), groups=2),
    "a gain": lambda t: t.init.calculate_gain("softmax"),
    "missing keys": lambda t: net(t).load_state_dict({}),
    "unexpected keys": lambda t: t.nn.Linear(1, 1).load_state_dict(
        {"weight": t.zeros(1, 1), "bias": t.zeros(1), "other": t.zeros(1)}
    ),
    "another shape": lambda t: t.nn.Linear(1, 1).load_state_dict(
        {"weight": t.zeros(2, 1), "bias": t.zeros(1)}
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_errors_in_torchs_words(name: str) -> None:
    found = []
    for t in (OURS, TORCH):
        with pytest.raises(Exception) as raised:  # noqa: PT011
            REFUSED[name](t)
        found.append((raised.type, str(raised.value)))
    assert found[0] == found[1]


def test_a_parameter_needs_init_first() -> None:
    for t in (OURS, TORCH):

        class Net(t.nn.Module):
            def __init__(self, t: SimpleNamespace = t) -> None:
                self.fc = t.nn.Linear(1, 1)

        with pytest.raises(AttributeError, match=r"cannot assign module before Module.__init__"):
            Net()


def test_state_shares_memory_and_is_copied_by_load() -> None:
    first, second = net(OURS), net(OURS)
    kept = first.state_dict()
    assert str(second.load_state_dict(kept)) == "<All keys matched successfully>"
    first.fc1.weight._write(0)
    assert (kept["fc1.weight"].array == 0).all()
    assert not (second.fc1.weight.array == 0).any()
    assert not kept["fc1.weight"].requires_grad


def test_reassigning_moves_between_the_tables() -> None:
    model = nn.Module()
    model.a = 3
    model.a = nn.Parameter(tensor([1.0]))
    assert [n for n, _ in model.named_parameters()] == ["a"]
    model.a = None
    assert list(model.parameters()) == []
    model.b = nn.ReLU()
    model.b = nn.Tanh()
    assert repr(model.b) == "Tanh()"
    del model.b
    assert list(model.children()) == []


def test_modes_and_freezing_reach_every_module() -> None:
    model = nn.Sequential(nn.Sequential(nn.Linear(1, 1), nn.Dropout()), nn.ReLU())
    assert model.eval() is model
    assert not any(m.training for m in model.modules())
    model.train()
    assert all(m.training for m in model.modules())
    model.requires_grad_(False)
    assert not any(p.requires_grad for p in model.parameters())
    visited: list[str] = []
    model.apply(lambda m: visited.append(type(m).__name__))
    assert visited == ["Linear", "Dropout", "Sequential", "ReLU", "Sequential"]


def test_casting() -> None:
    model = net(OURS).double()
    assert {p.dtype.name for p in model.parameters()} == {"torch.float64"}
    assert {p.dtype.name for p in model.float().parameters()} == {"torch.float32"}
    assert all(p.requires_grad for p in model.parameters())


def test_lists_of_modules() -> None:
    row = nn.ModuleList([nn.ReLU()])
    row.append(nn.Tanh()).extend([nn.Sigmoid()])
    row.insert(0, nn.Identity())
    assert [type(m).__name__ for m in row] == ["Identity", "ReLU", "Tanh", "Sigmoid"]
    assert type(row[-1]).__name__ == "Sigmoid"
    assert [type(m).__name__ for m in row[1:3]] == ["ReLU", "Tanh"]
    named = nn.ModuleDict({"a": nn.ReLU()})
    named["b"] = nn.Tanh()
    assert list(named.keys()) == ["a", "b"]
    assert "b" in named
    assert len(named) == 2


X = [[0.5, -1.0], [2.0, 0.3], [-0.7, 0.1]]
FORWARDS = {
    **{
        name: (TREES[name], X)
        for name in ("Linear", "Linear without bias", "Identity", "Flatten", "Sigmoid", "ReLU")
    },
    **{name: (TREES[name], X) for name in ("LeakyReLU", "ELU", "SiLU", "Softplus", "GELU")},
    **{name: (TREES[name], X) for name in ("Softmax", "LogSoftmax", "LogSigmoid", "Net")},
    "shared": (TREES["shared"], X),
}


@pytest.mark.parametrize("name", FORWARDS)
def test_forward_and_backward(name: str) -> None:
    build, data = FORWARDS[name]
    found = []
    for t in (OURS, TORCH):
        t.manual_seed(0)
        model = build(t)
        x = t.tensor(data, requires_grad=True)
        y = model(x)
        (y * y).sum().backward()
        found.append((y, x.grad, [p.grad for p in model.parameters()]))
    (y, dx, dps), (ty, tdx, tdps) = found
    close(y, ty)
    close(dx, tdx, 1e-5)
    for dp, tdp in zip(dps, tdps, strict=True):
        close(dp, tdp, 1e-5)
    if ty.grad_fn is not None and name != "Identity":
        assert y.grad_fn.name() == ty.grad_fn.name()


LOSSES = {
    "MSELoss": (lambda t: t.nn.MSELoss(), X, X[::-1]),
    "MSELoss sum": (lambda t: t.nn.MSELoss(reduction="sum"), X, X[::-1]),
    "L1Loss": (lambda t: t.nn.L1Loss(), X, X[::-1]),
    "SmoothL1Loss": (lambda t: t.nn.SmoothL1Loss(), X, X[::-1]),
    "HuberLoss": (lambda t: t.nn.HuberLoss(delta=0.5), X, X[::-1]),
    "BCELoss": (lambda t: t.nn.BCELoss(), [0.2, 0.7, 0.5], [0.0, 1.0, 1.0]),
    "BCEWithLogitsLoss": (lambda t: t.nn.BCEWithLogitsLoss(), [0.2, -0.7, 5.0], [0.0, 1.0, 1.0]),
    "BCEWithLogitsLoss weighted": (
        lambda t: t.nn.BCEWithLogitsLoss(pos_weight=t.tensor([3.0])),
        [0.2, -0.7, 5.0],
        [0.0, 1.0, 1.0],
    ),
    "CrossEntropyLoss": (lambda t: t.nn.CrossEntropyLoss(), X, [0, 1, 1]),
    "CrossEntropyLoss weighted": (
        lambda t: t.nn.CrossEntropyLoss(weight=t.tensor([1.0, 3.0])),
        X,
        [0, 1, 1],
    ),
    "KLDivLoss": (lambda t: t.nn.KLDivLoss(reduction="batchmean"), X, [[0.2, 0.8]] * 3),
    "HingeEmbeddingLoss": (
        lambda t: t.nn.HingeEmbeddingLoss(0.7),
        X,
        [[1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]],
    ),
    "NLLLoss": (lambda t: t.nn.NLLLoss(reduction="none"), X, [0, 1, 1]),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name: str) -> None:
    build, data, target = LOSSES[name]
    found = []
    for t in (OURS, TORCH):
        x = t.tensor(data, requires_grad=True)
        loss = build(t)(x, t.tensor(target))
        loss.sum().backward()
        found.append((loss, x.grad))
    (loss, dx), (tloss, tdx) = found
    close(loss, tloss)
    close(dx, tdx)
    assert loss.grad_fn.name() == tloss.grad_fn.name()


def test_dropout_draws_torchs_mask() -> None:
    found = []
    for t in (OURS, TORCH):
        t.manual_seed(5)
        layer = t.nn.Dropout(0.3)
        x = t.tensor(X, requires_grad=True)
        y = layer(x)
        y.sum().backward()
        found.append((y, x.grad, layer(x), layer.eval()(x)))
        assert y.grad_fn.name() == "MulBackward0"
    for mine, theirs in zip(*found, strict=True):
        close(mine, theirs)


def test_embedding() -> None:
    found = []
    for t in (OURS, TORCH):
        t.manual_seed(5)
        layer = t.nn.Embedding(5, 3)
        y = layer(t.tensor([[0, 2], [2, 4]]))
        (y * y).sum().backward()
        found.append((y, layer.weight.grad))
    for mine, theirs in zip(*found, strict=True):
        close(mine, theirs)


@pytest.mark.parametrize("bound", [0.5, 100.0])
def test_clipping(bound: float) -> None:
    found = []
    for t in (OURS, TORCH):
        params = [
            t.nn.Parameter(t.zeros(2)),
            t.nn.Parameter(t.zeros(1)),
            t.nn.Parameter(t.zeros(3)),
        ]
        params[0].grad = t.tensor([3.0, -4.0])
        params[1].grad = t.tensor([12.0])
        total = t.utils.clip_grad_norm_(params, bound)
        clipped = [numbers(p.grad).copy() for p in params[:2]]
        t.utils.clip_grad_value_(params, 0.2)
        found.append((numbers(total), *clipped, *(numbers(p.grad) for p in params[:2])))
        assert params[2].grad is None
    for mine, theirs in zip(*found, strict=True):
        assert mine.dtype == theirs.dtype
        np.testing.assert_allclose(mine, theirs, rtol=1e-6)


class Told:
    """Keeps what an engine tells, by name."""

    def __init__(self) -> None:
        self.events: list[tuple[str, tuple]] = []

    def __getattr__(self, name: str) -> object:
        return lambda *what, **more: self.events.append((name, what))


def test_modules_tell_that_they_begin_and_end() -> None:
    engine = NumpyEngine()
    with engine.active():
        model = net(OURS)
        engine.listener = told = Told()
        model(tensor(X))
    inside = [
        type(what[0]).__name__ if name.endswith("_module") else what[0]
        for name, what in told.events
    ]
    assert inside == [
        "Net", "Linear", "t", "addmm", "Linear", "Tanh", "tanh", "Tanh",
        "Linear", "t", "addmm", "Linear", "Net",
    ]  # fmt: skip
    names = [name for name, _ in told.events if name.endswith("_module")]
    assert names.count("enter_module") == names.count("exit_module") == 4


def test_a_failing_forward_ends_too() -> None:
    engine = NumpyEngine()
    with engine.active():
        model = nn.Sequential(nn.Linear(2, 3))
        engine.listener = told = Told()
        with pytest.raises(RuntimeError, match="mat1 and mat2 shapes cannot be multiplied"):
            model(tensor([[1.0, 2.0, 3.0]]))
    names = [name for name, _ in told.events if name.endswith("_module")]
    assert names == ["enter_module", "enter_module", "exit_module", "exit_module"]


def test_beginnings_are_told_only_when_a_program_asks_for_them() -> None:
    engine = NumpyEngine()
    engine.listener = told = Told()
    with engine.active():
        layer = nn.Linear(2, 1)
        assert told.events == []
        init.constant_(layer.weight, 0.5)
        [(name, (attribute, value, grad))] = told.events
    assert (name, attribute, grad) == ("assign", "data", None)
    np.testing.assert_array_equal(value.data, [[0.5, 0.5]])


@pytest.mark.parametrize("momentum", [0.1, None])
@pytest.mark.parametrize("track", [True, False])
def test_running_statistics(momentum: float | None, track: bool) -> None:
    seen = []
    for t in (OURS, TORCH):
        layer = t.nn.BatchNorm1d(2, momentum=momentum, track_running_stats=track)
        batches = [
            t.tensor([[1.0, 2.0], [3.0, -1.0], [0.5, 4.0]]),
            t.tensor([[2.0, 0.0], [5.0, 1]]),
        ]
        results = [layer(batch) for batch in batches]
        layer.eval()
        results.append(layer(batches[0]))
        seen.append((results, list(layer.state_dict().values())))
    for mine, theirs in zip(seen[0], seen[1], strict=True):
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(numbers(a), numbers(b), rtol=1e-5, atol=1e-6)
