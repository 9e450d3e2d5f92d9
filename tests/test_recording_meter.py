"""What the meter reads, against the same computed by hand in PyTorch."""

import math

import pytest
import torch
from torch import nn
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

import backprop_tui
from backprop_tui.recording.levels import Levels
from backprop_tui.recording.memory import KeptTrace
from backprop_tui.trace.trace import Program


class NoWatch:
    """A recorder that must not be asked for anything."""

    def start(self):
        raise AssertionError("switched on")

    stop = drain = start

    def measures(self, updated):
        pass


@pytest.fixture(autouse=True, params=["iterations", "steps", "summaries"])
def how(request, monkeypatch):
    """Measured alone, or told with every step, from arrays or from tensors kept as summaries."""
    monkeypatch.setattr(Metered, "how", request.param)
    return request.param


class Metered:
    """Inside, every optimizer's step is measured; beside it the same is computed by hand."""

    how = "iterations"

    def __init__(self):
        self.trace = KeptTrace(Program("test", ""))
        self.expected = []
        self._levels = Levels(NoWatch(), self.trace, level="iterations")
        if self.how != "iterations":
            self._recording = backprop_tui.record(limit=None if self.how == "steps" else 0)

    def __enter__(self):
        self._hooks = [
            register_optimizer_step_pre_hook(self._before),
            register_optimizer_step_post_hook(self._after),
        ]
        if self.how == "iterations":
            self._levels.begin()
        else:
            self.trace = self._recording.__enter__()
        return self

    def __exit__(self, *error):
        if self.how == "iterations":
            self._levels.end()
        else:
            self._recording.__exit__(*error)
        for hook in self._hooks:
            hook.remove()

    def _before(self, optimizer, *_):
        self._kept = [
            p.detach().clone() for group in optimizer.param_groups for p in group["params"]
        ]

    def _after(self, optimizer, *_):
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        row = {}
        for parameter, before in zip(parameters, self._kept, strict=True):
            if parameter.grad is None:
                row[id(parameter)] = (None, None)
                continue
            grad = parameter.grad.to_dense() if parameter.grad.is_sparse else parameter.grad
            now = parameter.detach().to(torch.complex128 if grad.is_complex() else torch.float64)
            update, weight = (now - before.to(now.dtype)).norm().item(), now.norm().item()
            ratio = update / weight if weight else (math.inf if update else 0.0)
            row[id(parameter)] = (grad.to(now.dtype).norm().item(), ratio)
        self.expected.append(row)

    def check(self, *parameters):
        readings = self.trace.readings()
        assert len(readings) == len(self.expected)
        for number, (reading, row) in enumerate(zip(readings, self.expected, strict=True)):
            assert reading.iteration == number + 1
            columns = list(enumerate(parameters))[: len(reading.grad_norms)]
            assert set(row) <= {id(parameter) for _, parameter in columns}
            for column, parameter in columns:
                norm, ratio = row.get(id(parameter), (None, None))
                told = reading.grad_norms[column], reading.ratios[column]
                assert told == (
                    pytest.approx(norm, rel=2e-3, nan_ok=True),
                    pytest.approx(ratio, rel=2e-2, nan_ok=True),
                ), (number, self.trace.parameters[column])


def net(dtype=torch.float32):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(60, 50), nn.Tanh(), nn.Linear(50, 1)).to(dtype)


def trained(model, optimizer, rounds=4, dtype=torch.float32):
    x = torch.randn(8, 60).to(dtype)
    for _ in range(rounds):

        def closure():
            optimizer.zero_grad()
            loss = (model(x) - 1).square().mean()
            loss.backward()
            return loss

        if isinstance(optimizer, torch.optim.LBFGS):
            optimizer.step(closure)
        else:
            closure()
            optimizer.step()


OPTIMIZERS = {
    "SGD": lambda p: torch.optim.SGD(p, 0.1),
    "momentum": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.1, nesterov=True),
    "Adam": lambda p: torch.optim.Adam(p, 0.01),
    "fused": lambda p: torch.optim.AdamW(p, 0.01, fused=True),
    "one by one": lambda p: torch.optim.AdamW(p, 0.01, foreach=False),
    "Adagrad": lambda p: torch.optim.Adagrad(p, 0.01),
    "Rprop": lambda p: torch.optim.Rprop(p, 0.01),
    "LBFGS": lambda p: torch.optim.LBFGS(p, 0.1, max_iter=3),
}


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_every_optimizer_is_measured(make):
    model = net()
    with Metered() as metered:
        trained(model, make(model.parameters()))
    metered.check(*model.parameters())


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_every_dtype_is_measured(dtype):
    model = net(dtype)
    with Metered() as metered:
        trained(model, torch.optim.SGD(model.parameters(), 0.1), dtype=dtype)
    metered.check(*model.parameters())


def stepped(optimizer, *gradients):
    """Steps of an optimizer with these gradients, a list per step."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    with Metered() as metered:
        for grads in gradients:
            for parameter, grad in zip(parameters, grads, strict=True):
                parameter.grad = grad
            optimizer.step()
    metered.check(*parameters)
    return metered.trace


def leaf(*numbers, **options):
    return torch.tensor(numbers, requires_grad=True, **options)


def test_a_parameter_without_gradient_has_none():
    trace = stepped(
        torch.optim.SGD([leaf(1.0), leaf(2.0)], 0.1),
        [torch.ones(1), None],
        [None, torch.ones(1)],
        [None, None],
    )
    norms = [reading.grad_norms for reading in trace.readings()]
    assert norms == [(1.0, None), (None, 1.0), (None, None)]


def test_no_parameter_and_no_element_are_no_trouble():
    stepped(torch.optim.SGD([torch.empty(0, 3, requires_grad=True)], 0.1), [torch.empty(0, 3)])


def test_a_sparse_gradient_is_measured():
    embedding = nn.Embedding(10, 3, sparse=True)
    optimizer = torch.optim.SparseAdam(embedding.parameters())
    with Metered() as metered:
        for _ in range(2):
            optimizer.zero_grad()
            embedding(torch.tensor([1, 1, 4])).sum().backward()
            optimizer.step()
    metered.check(embedding.weight)


def test_a_complex_parameter_is_measured():
    stepped(torch.optim.SGD([leaf(1 + 2j, 3j)], 0.1), [torch.tensor([1j, 2.0 + 0j])])


def test_another_memory_format_is_measured():
    model = nn.Conv2d(3, 40, 3).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Metered() as metered:
        model(torch.randn(2, 3, 8, 8)).sum().backward()
        optimizer.step()
    metered.check(*model.parameters())


@pytest.mark.parametrize("size", [1e-30, 1e30, math.inf, math.nan], ids=str)
def test_norms_whose_squares_are_no_numbers(size):
    stepped(
        torch.optim.SGD([torch.ones(5000, requires_grad=True)], 1.0), [torch.full((5000,), size)]
    )


def test_weights_that_are_zero():
    trace = stepped(torch.optim.SGD([leaf(0.0), leaf(1.0)], 1.0), [torch.zeros(1), torch.ones(1)])
    assert trace.readings()[0].ratios == (0.0, math.inf)


def test_what_changes_a_weight_between_steps_is_no_update():
    weight = leaf(1.0)
    optimizer = torch.optim.SGD([weight], 0.1)
    with Metered() as metered:
        for _ in range(3):
            weight.data.mul_(5)
            weight.grad = torch.ones(1)
            optimizer.step()
    metered.check(weight)


def test_several_optimizers_have_their_own_columns():
    one, two = net(), net()
    optimizers = [torch.optim.SGD(one.parameters(), 0.1), torch.optim.Adam(two.parameters())]
    with Metered() as metered:
        for optimizer, model in zip(optimizers * 2, [one, two] * 2, strict=True):
            trained(model, optimizer, rounds=1)
    metered.check(*one.parameters(), *two.parameters())
    assert metered.trace.parameters[0] == "one.0.weight"
    assert metered.trace.parameters[4] == "two.0.weight"
    assert [len(r.grad_norms) for r in metered.trace.readings()] == [4, 8, 8, 8]


def test_parameters_that_come_later_get_columns_of_their_own():
    first, second = leaf(1.0), leaf(2.0)
    optimizer = torch.optim.SGD([first], 0.1)
    with Metered() as metered:
        first.grad = torch.ones(1)
        optimizer.step()
        optimizer.add_param_group({"params": [second]})
        second.grad = torch.ones(1)
        optimizer.step()
    assert [len(r.grad_norms) for r in metered.trace.readings()] == [1, 2]
    assert metered.trace.parameters == ("first", "second")


def test_a_model_that_changes_its_dtype_is_measured_on():
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Metered() as metered:
        trained(model, optimizer, rounds=1)
        model.double()
        trained(model, optimizer, rounds=1, dtype=torch.float64)
    metered.check(*model.parameters())


# ---------------------------------------------------------------------- the loss


def loss_of(backward):
    weight = leaf(3.0, 4.0)
    optimizer = torch.optim.SGD([weight], 0.1)
    with Metered() as metered:
        backward(weight)
        optimizer.step()
    return metered.trace.readings()[0].loss


@pytest.mark.parametrize(
    ("backward", "loss"),
    [
        (lambda w: w.sum().backward(), 7.0),
        (lambda w: w.sum().reshape(1, 1).backward(), 7.0),
        (lambda w: torch.autograd.backward(w.sum()), 7.0),
        (lambda w: torch.autograd.backward(tensors=[w.sum()]), 7.0),
        (lambda w: (w.sum().backward(), w.prod().backward()), 12.0),
        (lambda w: w.backward(torch.ones(2)), None),
        (lambda w: torch.autograd.backward([w.sum(), w.prod()]), None),
        (lambda w: (w.sum() * math.inf).backward(), math.inf),
        (lambda w: setattr(w, "grad", torch.ones(2)), None),
    ],
)
def test_the_loss_is_what_the_last_backward_began_from(backward, loss):
    assert loss_of(backward) == loss


def test_the_loss_is_as_it_was_although_it_changes_later():
    def backward(w):
        loss = w.sum()
        loss.backward()
        with torch.no_grad():
            loss.mul_(100)

    assert loss_of(backward) == 7.0


def test_the_graph_is_not_kept_alive(how):
    if how != "iterations":
        pytest.skip("what is recorded is kept until it is told")
    import weakref

    weight = leaf(3.0)
    with Metered():
        loss = (weight * 2).sum()
        loss.backward()
        gone = weakref.ref(loss)
        del loss
        assert gone() is None


# ---------------------------------------------------------------------- the rest


def test_a_step_that_a_scaler_skips_is_no_iteration():
    weight = leaf(1.0)
    optimizer = torch.optim.SGD([weight], 0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    with Metered() as metered:
        for factor in (1.0, math.inf, 2.0):
            optimizer.zero_grad()
            scaler.scale((weight * factor).sum()).backward()
            scaler.step(optimizer)
            scaler.update()
    metered.check(weight)
    assert [reading.grad_norms for reading in metered.trace.readings()] == [(1.0,), (2.0,)]


def test_measuring_changes_nothing():
    plain = net()
    state = torch.get_rng_state()
    trained(plain, torch.optim.Adam(plain.parameters()))
    after = torch.get_rng_state()
    torch.set_rng_state(state)
    model = net()
    torch.set_rng_state(state)
    with Metered():
        trained(model, torch.optim.Adam(model.parameters()))
    assert torch.equal(torch.get_rng_state(), after)
    for a, b in zip(plain.parameters(), model.parameters(), strict=True):
        assert torch.equal(a, b)


def test_time_and_memory_are_told():
    model = net()
    with Metered() as metered:
        trained(model, torch.optim.SGD(model.parameters(), 0.1))
    readings = metered.trace.readings()
    seconds = [reading.seconds for reading in readings]
    assert seconds == sorted(seconds)
    assert seconds[0] >= 0
    assert all(reading.memory > 10_000_000 for reading in readings)


class Trainer:
    def __init__(self):
        self.model = net()
        self.optimizer = torch.optim.SGD(self.model.parameters(), 0.1)

    def fit(self):
        trained(self.model, self.optimizer, rounds=1)


def through_a_trainer():
    Trainer().fit()


def through_named_parameters():
    trained_here = net()
    optimizer = torch.optim.SGD([("w", next(trained_here.parameters()))], 0.1)
    del trained_here
    optimizer.step()


def nameless():
    torch.optim.SGD([leaf(1.0)], 0.1).step()


@pytest.mark.parametrize(
    ("run", "name"),
    [
        (through_a_trainer, "model.0.weight"),
        (through_named_parameters, "w"),
        (nameless, "param_groups[0][0]"),
    ],
)
def test_parameters_have_names(run, name):
    with Metered() as metered:
        run()
    assert metered.trace.parameters[0] == name
