"""Optimizers and schedulers against torch: parameters, state, text, errors, and what is told."""

from __future__ import annotations

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from backprop_tui.engines.numpy_engine import lr_combined, lr_cycles, lr_scheduler, optim
from backprop_tui.engines.numpy_engine.creation import tensor
from backprop_tui.engines.numpy_engine.dtypes import float64
from backprop_tui.engines.numpy_engine.engine import NumpyEngine
from backprop_tui.engines.numpy_engine.tensor import Parameter

SCHEDULES = {**vars(lr_scheduler), **vars(lr_cycles), **vars(lr_combined)}
OURS = SimpleNamespace(
    optim=optim, scheduler=SimpleNamespace(**SCHEDULES), parameter=Parameter, tensor=tensor
)
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
    ("NAdam", {"lr": 0.1, "weight_decay": 0.1}),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {"lr": 0.1, "betas": (0.9, 0.8), "maximize": True}),
    ("Adamax", {"lr": 0.1, "weight_decay": 0.1}),
    ("Adadelta", {"rho": 0.8}),
    ("ASGD", {"lr": 0.1, "t0": 1}),
    ("Rprop", {"lr": 0.1}),
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


@pytest.mark.parametrize("name", [name for name in optim.__all__ if name != "Optimizer"])
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
    lambda s, p: s.optim.NAdam(p, momentum_decay=-1),
    lambda s, p: s.optim.RAdam(p, betas=(0.9, 1.0)),
    lambda s, p: s.optim.Adamax(p, eps=-1),
    lambda s, p: s.optim.Adadelta(p, rho=1.5),
    lambda s, p: s.optim.ASGD(p, weight_decay=-1),
    lambda s, p: s.optim.Rprop(p, etas=(0.5, 1.0)),
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


SCHEDULERS = {
    "StepLR": lambda s, o: s.StepLR(o, 2, gamma=0.5),
    "ConstantLR": lambda s, o: s.ConstantLR(o, factor=0.5, total_iters=3),
    "PolynomialLR": lambda s, o: s.PolynomialLR(o, total_iters=4, power=2.0),
    "MultiStepLR": lambda s, o: s.MultiStepLR(o, [2, 3, 3, 7], gamma=0.5),
    "ExponentialLR": lambda s, o: s.ExponentialLR(o, gamma=0.9),
    "LinearLR": lambda s, o: s.LinearLR(o, 0.25, total_iters=4),
    "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, T_max=4, eta_min=0.01),
    "LambdaLR": lambda s, o: s.LambdaLR(o, lambda epoch: 0.9**epoch),
    "MultiplicativeLR": lambda s, o: s.MultiplicativeLR(o, [lambda epoch: 0.9]),
    "warm restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 3, T_mult=2, eta_min=0.01),
    "OneCycleLR": lambda s, o: s.OneCycleLR(o, 0.5, total_steps=10),
    "a line": lambda s, o: s.OneCycleLR(o, 0.5, epochs=3, steps_per_epoch=4, pct_start=0.5,
                                        anneal_strategy="linear", cycle_momentum=False),
    "three phases": lambda s, o: s.OneCycleLR(o, [0.5], total_steps=10, three_phase=True),
    "CyclicLR": lambda s, o: s.CyclicLR(o, 0.01, 0.1, step_size_up=2, step_size_down=3),
    "triangular2": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 2, mode="triangular2"),
    "exp_range": lambda s, o: s.CyclicLR(o, 0.1, 0.2, 3, mode="exp_range", gamma=0.9),
    "a scale": lambda s, o: s.CyclicLR(o, 0.1, 0.2, 3, scale_fn=lambda x: 1 / (5 ** (x * 0.01)),
                                       scale_mode="iterations", cycle_momentum=False),
    "SequentialLR": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1, total_iters=3), s.CosineAnnealingLR(o, 5), s.StepLR(o, 1)], [3, 6]
    ),
    "a chain": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1), s.ExponentialLR(o, 0.9)]),
    "a chain in a sequence": lambda s, o: s.SequentialLR(
        o, [s.SequentialLR(o, [s.ConstantLR(o), s.StepLR(o, 1)], [2]), s.ExponentialLR(o, 0.9)], [4]
    ),
    "one after another": lambda s, o: (s.StepLR(o, 3), s.ExponentialLR(o, 0.5))[1],
}  # fmt: skip


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("name", SCHEDULERS)
@pytest.mark.filterwarnings("ignore")
def test_schedulers(name: str, kind: str) -> None:
    seen = []
    for side in (OURS, TORCH):
        options = {"momentum": 0.9} if kind == "SGD" else {}
        params, optimizer = made(side, kind, {"lr": 0.1, **options})
        scheduler = SCHEDULERS[name](side.scheduler, optimizer)
        found = []
        for _ in range(10):
            group = optimizer.param_groups[0]
            found.append((group["lr"], group.get("momentum"), group.get("betas")))
            found.append(tuple(scheduler.get_last_lr()))
            steps(side, params, optimizer, 1)
            scheduler.step()
        seen.append((found, kept(scheduler.state_dict()), sorted(group)))
    assert seen[0] == seen[1]


def kept(state: object) -> object:
    """A state dict as it is compared: without what PyTorch keeps of its own making."""
    if isinstance(state, dict):
        return {k: kept(v) for k, v in state.items() if k not in ("_scale_fn_ref",)}
    return [kept(one) for one in state] if isinstance(state, list) else state


@pytest.mark.parametrize("name", SCHEDULERS)
@pytest.mark.filterwarnings("ignore")
def test_a_schedulers_state_carries_on(name: str) -> None:
    seen = []
    for side in (OURS, TORCH):
        _, optimizer = made(side, "SGD", {"lr": 0.1, "momentum": 0.9})
        scheduler = SCHEDULERS[name](side.scheduler, optimizer)
        for _ in range(4):
            scheduler.step()
        _, second = made(side, "SGD", {"lr": 0.1, "momentum": 0.9})
        other = SCHEDULERS[name](side.scheduler, second)
        other.load_state_dict(scheduler.state_dict())
        second.load_state_dict(optimizer.state_dict())
        for one in (scheduler, other):
            one.step()
        seen.append([scheduler.get_last_lr(), other.get_last_lr()])
    assert seen[0] == seen[1]
    assert seen[0][0] == seen[0][1]


ANY_ROUND = ("StepLR", "LinearLR", "PolynomialLR", "MultiStepLR", "ConstantLR", "LambdaLR",
             "CosineAnnealingLR", "warm restarts")  # fmt: skip


@pytest.mark.parametrize("name", ANY_ROUND)
@pytest.mark.filterwarnings("ignore")
def test_a_round_of_ones_choice(name: str) -> None:
    seen = []
    for side in (OURS, TORCH):
        _, optimizer = made(side, "SGD", {"lr": 0.1})
        scheduler = SCHEDULERS[name](side.scheduler, optimizer)
        seen.append([])
        for epoch in (4, 0, 2, 5, 3):
            scheduler.step(epoch)
            seen[-1].append(scheduler.get_last_lr())
    assert seen[0] == seen[1]


PLATEAUS = [
    {"patience": 1},
    {"patience": 0, "mode": "max", "threshold_mode": "abs", "threshold": 0.1},
    {"patience": 1, "cooldown": 2, "factor": 0.5, "min_lr": [0.02]},
    {"mode": "max", "patience": 2, "threshold": 0.05},
]


@pytest.mark.parametrize("options", PLATEAUS, ids=str)
def test_a_plateau(options: dict[str, object]) -> None:
    seen = []
    for side in (OURS, TORCH):
        _, optimizer = made(side, "SGD", {"lr": 0.1})
        scheduler = side.scheduler.ReduceLROnPlateau(optimizer, **options)
        seen.append([])
        for measure in (1.0, 0.9, 0.91, 0.95, 0.9, 0.2, 0.3, 0.3, 0.3, 0.25, 0.3, 0.3):
            scheduler.step(side.tensor(measure))
            seen[-1].append((scheduler.get_last_lr(), scheduler.num_bad_epochs, scheduler.best))
        seen[-1].append(scheduler.state_dict())
    assert seen[0] == seen[1]


REFUSED_SCHEDULES = [
    lambda s, o: s.StepLR("o", 1),
    lambda s, o: s.StepLR(o, 1, last_epoch=2),
    lambda s, o: s.LambdaLR(o, [abs, abs]),
    lambda s, o: s.LinearLR(o, 2.0),
    lambda s, o: s.LinearLR(o, end_factor=2.0),
    lambda s, o: s.ConstantLR(o, -1.0),
    lambda s, o: s.CosineAnnealingWarmRestarts(o, 0),
    lambda s, o: s.CosineAnnealingWarmRestarts(o, 2, 0),
    lambda s, o: s.CosineAnnealingWarmRestarts(o, 2, eta_min="0"),
    lambda s, o: s.CosineAnnealingWarmRestarts(o, 2).step(-1),
    lambda s, o: s.OneCycleLR(o, 0.1),
    lambda s, o: s.OneCycleLR(o, 0.1, total_steps=0),
    lambda s, o: s.OneCycleLR(o, 0.1, epochs=1.5, steps_per_epoch=2),
    lambda s, o: s.OneCycleLR(o, 0.1, total_steps=4, pct_start=2),
    lambda s, o: s.OneCycleLR(o, 0.1, total_steps=4, anneal_strategy="cosine"),
    lambda s, o: s.OneCycleLR(o, [0.1, 0.2], total_steps=4),
    lambda s, o: [one.step() for one in [s.OneCycleLR(o, 0.1, 1)] for _ in range(3)],
    lambda s, o: s.CyclicLR(o, 0.1, 0.2, mode="sine"),
    lambda s, o: s.SequentialLR(o, [], []),
    lambda s, o: s.SequentialLR(o, [s.StepLR(o, 1)], [1]),
    lambda s, o: s.SequentialLR(o, [s.StepLR(o, 1), s.ReduceLROnPlateau(o)], [1]),
    lambda s, o: s.ChainedScheduler([]),
    lambda s, o: s.ReduceLROnPlateau(o, factor=1.0),
    lambda s, o: s.ReduceLROnPlateau(o, mode="low"),
    lambda s, o: s.ReduceLROnPlateau(o, threshold_mode="low"),
    lambda s, o: s.ReduceLROnPlateau(o, min_lr=[0, 0]),
]


@pytest.mark.parametrize("refused", REFUSED_SCHEDULES, ids=range(len(REFUSED_SCHEDULES)))
@pytest.mark.filterwarnings("ignore")
def test_schedulers_refuse_in_torchs_words(refused: object) -> None:
    found = []
    for side in (OURS, TORCH):
        _, optimizer = made(side, "SGD", {"lr": 0.1, "momentum": 0.9})
        with pytest.raises(Exception) as raised:  # noqa: PT011
            refused(side.scheduler, optimizer)
        found.append((raised.type, str(raised.value)))
    assert found[0] == found[1]


@pytest.mark.parametrize("early", [True, False])
def test_a_scheduler_before_its_optimizer_is_warned_of(early: bool) -> None:
    for side in (OURS, TORCH):
        params, optimizer = made(side, "SGD", {"lr": 0.1})
        steps(side, params, optimizer, 1)
        scheduler = side.scheduler.StepLR(optimizer, 1)
        if not early:
            steps(side, params, optimizer, 1)
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            scheduler.step()
        assert [str(one.message)[:45] for one in heard] == (
            ["Detected call of `lr_scheduler.step()` before"] if early else []
        )


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
