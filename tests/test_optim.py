"""Optimizers and schedulers against torch: parameters, state, text, errors, and what is told."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from backprop_tui.engines.numpy_engine import lr_scheduler, optim
from backprop_tui.engines.numpy_engine.creation import tensor
from backprop_tui.engines.numpy_engine.dtypes import float64
from backprop_tui.engines.numpy_engine.engine import NumpyEngine
from backprop_tui.engines.numpy_engine.tensor import Parameter

OURS = SimpleNamespace(optim=optim, scheduler=lr_scheduler, parameter=Parameter, tensor=tensor)
TORCH = SimpleNamespace(
    optim=torch.optim,
    scheduler=torch.optim.lr_scheduler,
    parameter=torch.nn.Parameter,
    tensor=torch.tensor,
)
START = ([0.5, -0.3], [[1.0, 2.0, 3.0]])
OPTIMIZERS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 0.1, "momentum": 0.5, "dampening": 0.2, "maximize": True}),
    ("Adam", {"lr": 0.1}),
    ("Adam", {"lr": 0.1, "amsgrad": True, "weight_decay": 0.1}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.1, "momentum": 0.9, "centered": True}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1}),
]


def numbers(value: object) -> np.ndarray:
    return value.detach().numpy() if isinstance(value, torch.Tensor) else value.array


def made(side: SimpleNamespace, name: str, options: dict[str, object]) -> tuple[list, object]:
    params = [side.parameter(side.tensor(values)) for values in START]
    return params, getattr(side.optim, name)(params, **options)


def steps(side: SimpleNamespace, params: list, optimizer: object, count: int) -> None:
    rng = np.random.default_rng(1)
    for _ in range(count):
        for param in params:
            param.grad = side.tensor(rng.normal(size=tuple(param.shape)).astype("float32"))
        optimizer.step()


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS, ids=str)
def test_steps_equal_torch(name: str, options: dict[str, object]) -> None:
    runs = []
    for side in (OURS, TORCH):
        params, optimizer = made(side, name, options)
        steps(side, params, optimizer, 3)
        optimizer.param_groups[0]["lr"] = 0.05
        steps(side, params, optimizer, 1)
        runs.append((params, optimizer))
    (mine, ours), (theirs, torchs) = runs
    for a, b in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(numbers(a), numbers(b), rtol=1e-5, atol=1e-6)
        assert a._version == b._version
        assert numbers(a).dtype == np.float32
        assert list(ours.state[a]) == list(torchs.state[b])
        for key, value in torchs.state[b].items():
            np.testing.assert_allclose(numbers(ours.state[a][key]), numbers(value), rtol=1e-5)
            assert numbers(ours.state[a][key]).dtype == numbers(value).dtype
    assert repr(ours) == repr(torchs)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad"])
def test_defaults(name: str) -> None:
    (_, ours), (_, torchs) = (made(side, name, {}) for side in (OURS, TORCH))
    assert repr(ours) == repr(torchs)
    mine, theirs = (
        {k: v for k, v in o.param_groups[0].items() if k != "params"} for o in (ours, torchs)
    )
    assert mine == theirs
    assert list(ours.state_dict()) == list(torchs.state_dict())
    assert ours.state_dict()["param_groups"][0]["params"] == [0, 1]


def test_double_precision_stays() -> None:
    param = Parameter(tensor([1.0], dtype=float64))
    param.grad = tensor([0.5], dtype=float64)
    optim.Adam([param]).step()
    assert param.array.dtype == np.float64


def test_parameters_without_a_gradient_stay() -> None:
    params, optimizer = made(OURS, "SGD", {"lr": 0.1, "momentum": 0.9})
    params[0].grad = tensor([1.0, 1.0])
    optimizer.step()
    assert params[1]._version == 0
    assert list(optimizer.state) == [params[0]]


def test_groups_of_their_own() -> None:
    texts, values = [], []
    for side in (OURS, TORCH):
        params = [side.parameter(side.tensor(v)) for v in START]
        optimizer = side.optim.SGD([{"params": params[0], "lr": 3.0}], lr=0.1)
        optimizer.add_param_group({"params": [params[1]], "momentum": 0.5})
        steps(side, params, optimizer, 2)
        texts.append(repr(optimizer))
        values.append([numbers(p) for p in params])
    assert texts[0] == texts[1]
    for mine, theirs in zip(*values, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6)


def test_a_state_dict_carries_on() -> None:
    params, optimizer = made(OURS, "Adam", {"lr": 0.1})
    steps(OURS, params, optimizer, 2)
    fresh, other = made(OURS, "Adam", {"lr": 0.3})
    for a, b in zip(params, fresh, strict=True):
        b._write(a.array)
    other.load_state_dict(optimizer.state_dict())
    steps(OURS, params, optimizer, 1), steps(OURS, fresh, other, 1)
    for a, b in zip(params, fresh, strict=True):
        np.testing.assert_array_equal(a.array, b.array)


def test_a_closure_is_called_first() -> None:
    params, optimizer = made(OURS, "SGD", {"lr": 1.0})

    def closure() -> float:
        params[0].grad = tensor([1.0, 1.0])
        return 7.0

    assert optimizer.step(closure) == 7.0
    np.testing.assert_allclose(params[0].array, [-0.5, -1.3])


REFUSED = [
    lambda s, p: s.optim.SGD([]),
    lambda s, p: s.optim.SGD(p[0].data),
    lambda s, p: s.optim.SGD([1.0]),
    lambda s, p: s.optim.SGD(p, lr=-1),
    lambda s, p: s.optim.SGD(p, momentum=-1),
    lambda s, p: s.optim.SGD(p, weight_decay=-1),
    lambda s, p: s.optim.SGD(p, nesterov=True),
    lambda s, p: s.optim.SGD([p[0] * 2]),
    lambda s, p: s.optim.SGD([{"params": {p[0]}}]),
    lambda s, p: s.optim.SGD([{"params": p}, {"params": p}]),
    lambda s, p: s.optim.Adam(p, betas=(1, 0.9)),
    lambda s, p: s.optim.Adam(p, betas=(0.9, 2)),
    lambda s, p: s.optim.AdamW(p, eps=-1),
    lambda s, p: s.optim.RMSprop(p, alpha=-1),
    lambda s, p: s.optim.Adagrad(p, lr_decay=-1),
    lambda s, p: s.optim.Adagrad(p, initial_accumulator_value=-1),
    lambda s, p: s.optim.SGD(p).load_state_dict({"param_groups": [], "state": {}}),
]


@pytest.mark.parametrize("refused", REFUSED, ids=range(len(REFUSED)))
def test_errors_in_torchs_words(refused: object) -> None:
    found = []
    for side in (OURS, TORCH):
        params = [side.parameter(side.tensor(v)) for v in START]
        with pytest.raises((ValueError, TypeError)) as raised:
            refused(side, params)
        found.append((raised.type, str(raised.value)))
    assert found[0] == found[1]


SCHEDULERS = [
    ("StepLR", {"step_size": 2, "gamma": 0.5}),
    ("ConstantLR", {"factor": 0.5, "total_iters": 3}),
    ("PolynomialLR", {"total_iters": 4, "power": 2.0}),
    ("MultiStepLR", {"milestones": [2, 3, 3, 7], "gamma": 0.5}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("CosineAnnealingLR", {"T_max": 4, "eta_min": 0.01}),
    ("LambdaLR", {"lr_lambda": lambda epoch: 0.9**epoch}),
]


@pytest.mark.parametrize(("name", "options"), SCHEDULERS, ids=[name for name, _ in SCHEDULERS])
def test_schedulers(name: str, options: dict[str, object]) -> None:
    rates = []
    for side in (OURS, TORCH):
        params, optimizer = made(side, "SGD", {"lr": 0.1})
        scheduler = getattr(side.scheduler, name)(optimizer, **options)
        found = []
        for _ in range(10):
            found += [optimizer.param_groups[0]["lr"], *scheduler.get_last_lr()]
            steps(side, params, optimizer, 1)
            scheduler.step()
        rates.append(found)
    assert rates[0] == rates[1]


class Told:
    """Keeps what an engine tells."""

    def __init__(self) -> None:
        self.events: list[tuple[str, tuple]] = []

    def __getattr__(self, name: str) -> object:
        return lambda *what, **more: self.events.append((name, what))


@pytest.fixture
def told() -> object:
    engine = NumpyEngine()
    engine.listener = Told()
    with engine.active():
        yield engine.listener


def test_an_update_tells_before_and_after(told: Told) -> None:
    param = Parameter(tensor([1.0, 2.0]))
    param.grad = tensor([1.0, 1.0])
    optimizer = optim.SGD([param], lr=0.1, momentum=0.5)
    optimizer.step(), optimizer.step()
    updates = [what for name, what in told.events if name == "update"]
    (name, group, grad, before, after, had, has), (*_, before2, after2, had2, has2) = updates
    assert name == "SGD"
    assert group == {
        "lr": 0.1, "momentum": 0.5, "dampening": 0, "weight_decay": 0, "nesterov": False,
        "maximize": False,
    }  # fmt: skip
    np.testing.assert_allclose(before.data, [1.0, 2.0])
    np.testing.assert_allclose(after.data, [0.9, 1.9])
    np.testing.assert_allclose(after2.data, [0.75, 1.75])
    assert before2 is after
    assert had == {}
    np.testing.assert_allclose(has["momentum_buffer"], [1.0, 1.0])
    assert had2["momentum_buffer"] is has["momentum_buffer"]
    np.testing.assert_allclose(has2["momentum_buffer"], [1.5, 1.5])
    np.testing.assert_allclose(grad, [1.0, 1.0])
    assert before.tensor == after.tensor == after2.tensor


@pytest.mark.parametrize("set_to_none", [True, False])
def test_zero_grad(told: Told, set_to_none: bool) -> None:
    params, optimizer = made(OURS, "SGD", {})
    params[0].grad = tensor([1.0, 2.0])
    told.events.clear()
    optimizer.zero_grad(set_to_none=set_to_none)
    [(name, (cleared,))] = told.events
    assert name == "zero_grad"
    (_, before, after), (_, nothing, still_nothing) = cleared
    np.testing.assert_allclose(before, [1.0, 2.0])
    assert nothing is None
    assert still_nothing is None
    if set_to_none:
        assert after is None
        assert params[0].grad is None
    else:
        np.testing.assert_allclose(after, [0.0, 0.0])
        np.testing.assert_allclose(params[0].grad.array, [0.0, 0.0])
