"""Numbers that are read when somebody asks for them are those of the moment they were told at."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import backprop_tui
from backprop_tui.engines.base import Edge, Outgoing, TensorValue
from backprop_tui.engines.promise import Promise, given
from backprop_tui.engines.torch_engine import promises
from backprop_tui.engines.torch_engine.memory import LITTLE, SLIPPED
from backprop_tui.engines.torch_engine.promises import Promises
from backprop_tui.engines.torch_engine.recorder import current
from backprop_tui.trace.file import StoredTrace
from backprop_tui.trace.steps import Accumulate, Backward, Forward, Step, Update
from backprop_tui.trace.trace import Trace

#: As many numbers as are promised.
MANY = 1 << 14


def data_of(trace: Trace, op: str) -> list[Any]:
    """The numbers that each step of this operation made."""
    found = [step for step in trace if isinstance(step, Forward) and step.op == op]
    return [step.outputs[0].data for step in found]


def told() -> None:
    """Have everything told that happened so far."""
    recorder = current()
    assert recorder is not None
    recorder.drain()


# ---------------------------------------------------------------------- what is asked for


class Made(Promise):
    """Promises a count; how often it was asked for."""

    __slots__ = ("asked",)

    def __init__(self) -> None:
        super().__init__((2, 3), np.dtype(np.float32))
        self.asked = 0

    def numbers(self) -> Any:
        self.asked += 1
        return np.arange(6, dtype=np.float32).reshape(2, 3)


FIELDS: dict[str, tuple[Callable[[Any], object], str]] = {
    "a value": (lambda one: TensorValue(1, one, "torch.float32", False, True), "data"),
    "what leaves": (lambda one: Outgoing(Edge(1, 0), one, None, None, one), "grad"),
    "several": (lambda one: Backward(0, None, None, (None, one), ()), "incoming"),  # type: ignore[arg-type]
    "by name": (
        lambda one: Update(0, None, "Adam", {}, None, None, None, {}, {"step": 3, "m": one}),  # type: ignore[arg-type]
        "state_after",
    ),
}


@pytest.mark.parametrize("field", FIELDS)
def test_a_promise_is_kept_once(field: str) -> None:
    made, (build, name) = Made(), FIELDS[field]
    owner = build(made)
    assert made.asked == 0
    first, again = getattr(owner, name), getattr(owner, name)
    inside = {"incoming": lambda: first[1], "state_after": lambda: first["m"]}
    array = inside.get(name, lambda: first)()
    assert type(array) is np.ndarray
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert first is again
    assert made.asked == 1


def test_a_promise_is_an_array_to_numpy() -> None:
    made = Made()
    assert (made.shape, made.ndim, made.size, made.nbytes) == ((2, 3), 2, 6, 24)
    assert made.asked == 0
    assert np.asarray(made).sum() == 15


# ---------------------------------------------------------------------- what is written to

WRITES = {
    "in place": "h.relu_()",
    "through data": "h.data.mul_(0)",
    "as data": "h.data = torch.zeros(3)",
    "to a part": "h.view(2, -1)[1].zero_()",
    "as out": "torch.mul(x, 0, out=h)",
    "copied over": "h.copy_(x)",
    "by random numbers": "h.normal_()",
    "through NumPy": "h.numpy()[:] = 0",
    "through NumPy's protocol": "np.asarray(h)[:] = 0",
    "by DLPack": "torch.from_dlpack(h).zero_()",
    "through its memory": "h.untyped_storage().fill_(0)",
    "made smaller": "h.untyped_storage().resize_(0)",
    "made larger": "h.resize_(2 * len(x)).zero_()",
    "swapped": "h.set_(torch.zeros(3))",
    "by many at once": "torch._foreach_zero_([h])",
    "unnoticed by autograd": "with torch.inference_mode(): h.zero_()",
    "let go": "del h",
}


@pytest.mark.parametrize("when", ["at once", "when told", "after the run"])
@pytest.mark.parametrize("how", WRITES)
def test_numbers_are_those_of_the_moment(how: str, when: str) -> None:
    x = torch.linspace(-1, 1, MANY)
    h = x * 2
    expected = h.numpy().copy()
    names = {"x": x, "torch": torch, "np": np}
    with backprop_tui.record(limit=None) as trace:
        names["h"] = x * 2
        _ = names["h"] + 1
        if when == "when told":
            told()
        if when != "after the run":
            exec(WRITES[how], names)
    if when == "after the run":
        exec(WRITES[how], names)
    assert data_of(trace, "mul")[0].tobytes() == expected.tobytes()
    assert data_of(trace, "add")[0].tobytes() == (expected + 1).tobytes()


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(inplace=True), nn.Conv2d(8, 16, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(784, 64), nn.Tanh(), nn.Linear(64, 4),
    )  # fmt: skip


def train(model: nn.Module, optimizer: Any, rounds: int) -> Iterator[None]:
    """Each round is one iteration."""
    torch.manual_seed(1)
    x, y = torch.rand(32, 1, 18, 18), torch.randint(4, (32,))
    for _ in range(rounds):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        yield


OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "SGD": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9),
    "Adam": lambda p: torch.optim.Adam(p, 0.1),
    "one by one": lambda p: torch.optim.Adam(p, 0.1, foreach=False),
    "with decay": lambda p: torch.optim.SGD(p, 0.1, weight_decay=0.1, nesterov=True, momentum=0.9),
}


@pytest.mark.parametrize("drained", [False, True])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_training_is_told_as_it_was(name: str, drained: bool) -> None:
    plain = net()
    optimizer = OPTIMIZERS[name](plain.parameters())
    weights, grads = [[p.detach().clone() for p in plain.parameters()]], []
    for _ in train(plain, optimizer, 3):
        weights.append([p.detach().clone() for p in plain.parameters()])
        grads.append([p.grad.clone() for p in plain.parameters() if p.grad is not None])
    model = net()
    with backprop_tui.record(limit=None) as trace:
        for _ in train(model, OPTIMIZERS[name](model.parameters()), 3):
            if drained:
                told()
    updates = [step for step in trace if isinstance(step, Update)]
    count = len(weights[0])
    assert len(updates) == 3 * count
    for i, step in enumerate(updates):
        at, which = divmod(i, count)
        assert np.array_equal(step.before.data, weights[at][which].numpy())
        assert np.array_equal(step.after.data, weights[at + 1][which].numpy())
        assert np.array_equal(step.grad, grads[at][which].numpy())


def test_gradients_that_are_added_up_are_told_as_they_were() -> None:
    w = torch.ones(MANY, requires_grad=True)
    with backprop_tui.record(limit=None) as trace:
        for _ in range(3):
            (w * 2 + w * 3).sum().backward()
            told()
        w.grad = None
    found = [step for step in trace if isinstance(step, Accumulate)]
    assert [(s.before is not None and s.before[0], s.after[0]) for s in found] == [
        (False, 5), (5, 10), (10, 15),
    ]  # fmt: skip
    arrived = [
        (None if out.before is None else out.before[-1], out.after[-1])
        for step in trace
        if isinstance(step, Backward)
        for out in step.outgoing
        if out is not None and out.edge.variable is not None
    ]
    (nothing, first), (earlier, both) = arrived[:2]
    assert nothing is None
    assert first == earlier in (2, 3)
    assert both == 5


def test_what_is_written_unseen_is_said() -> None:
    x = torch.ones(MANY)
    with backprop_tui.record(limit=None) as trace:
        h = x * 2
        told()
        with torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction():
            h.add_(1)
        with pytest.warns(RuntimeWarning, match=SLIPPED.split(",")[0]):
            assert data_of(trace, "mul")[0][0] == 3


# ---------------------------------------------------------------------- what is kept, what is not


@pytest.fixture
def copying(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes each copy took of what was promised."""
    sizes: list[int] = []
    one, several = promises.copied, promises.copies

    def copied(tensor: Any) -> Any:
        sizes.append(tensor.nbytes)
        return one(tensor)

    def copies(tensors: Any) -> Any:
        sizes.append(sum(tensor.nbytes for tensor in tensors))
        return several(tensors)

    monkeypatch.setattr(promises, "copied", copied)
    monkeypatch.setattr(promises, "copies", copies)
    return sizes


def arrays(step: Step) -> Iterator[Any]:
    """The numbers of a step of the forward or backward."""
    if isinstance(step, Forward):
        yield from (output.data for output in step.outputs)
    elif isinstance(step, Backward):
        yield from (grad for grad in step.incoming if grad is not None)
        yield from (out.after for out in step.outgoing if out is not None)


def test_activations_and_gradients_are_not_copied(copying: list[int]) -> None:
    model = net()
    parameters = sum(p.nbytes for p in model.parameters())
    batch = 32 * 18 * 18 * 4
    with backprop_tui.record(limit=None) as trace:
        for _ in train(model, torch.optim.SGD(model.parameters(), 0.1), 2):
            told()
            copying.clear()
    kept = sum(copying)
    seen = sum(array.nbytes for step in trace for array in arrays(step))
    # what the program still holds: parameters, their gradients, the batch
    assert sum(copying) == kept <= 2 * parameters + batch < seen / 10


def test_what_only_might_have_changed_is_told_as_the_same() -> None:
    with backprop_tui.record(limit=None) as trace:
        h = torch.ones(MANY) * 2
        _ = h.sum()
        told()
        for _ in range(2):
            h.numpy()
            _ = h.sum()
            told()
        h.numpy()[:] = 3
        _ = h.sum()
    first, second, third, last = [
        step.inputs[0].value for step in trace if isinstance(step, Forward) and step.op == "sum"
    ]
    assert isinstance(first, TensorValue)
    assert isinstance(last, TensorValue)
    assert first is second is third is not last
    assert (first.data[0], last.data[0]) == (2, 3)


def test_asked_for_while_the_program_holds_it_is_a_copy() -> None:
    with backprop_tui.record(limit=None) as trace:
        h = torch.ones(MANY) * 2
        told()
        array = data_of(trace, "mul")[0]
        h.zero_()
    assert array.sum() == 2 * MANY
    assert not array.flags.writeable


def test_nothing_that_made_it_is_kept() -> None:
    class Held:
        pass

    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.held = held
            return x * 2

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad * 2

    held: Any = Held()
    gone = weakref.ref(held)
    w = torch.ones(MANY, requires_grad=True)
    with backprop_tui.record(limit=None) as trace:
        y = Double.apply(w).exp()
        told()
        assert isinstance(given(trace[len(trace) - 1].outputs[0], "data"), Promise)  # type: ignore[union-attr]
        held = None
        del y
        w.sum()  # what a name stood for is kept until the next operation
        told()
        gc.collect()
        assert gone() is None


@pytest.mark.parametrize(
    ("make", "promised"),
    [
        (lambda: torch.ones(MANY), True),
        (lambda: torch.ones(2, MANY).t(), True),
        (lambda: torch.ones(MANY, 1).expand(MANY, 2), True),
        (lambda: torch.ones(1).expand(MANY), False),
        (lambda: torch.ones(LITTLE // 4), False),
        (lambda: torch.ones(10, MANY)[0], False),
        (lambda: torch.from_numpy(np.ones(MANY)), False),
        (lambda: torch.ones(MANY, dtype=torch.bfloat16), False),
        (lambda: torch.ones(100, MANY).to_sparse(), False),
        (lambda: torch.ones(MANY, device="meta"), False),
    ],
)
def test_these_are_promised(make: Callable[[], Any], promised: bool) -> None:
    tensor = make()
    assert (Promises().of(tensor, 0) is not None) == promised


def test_a_part_is_promised_if_the_whole_is() -> None:
    known, whole = Promises(), torch.ones(10, MANY)
    first = known.of(whole, 0)
    part = known.of(whole[0], 0)
    assert first is not None
    assert part is not None
    known.written(whole.untyped_storage()._cdata)
    whole.zero_()
    assert (first.numbers().sum(), part.numbers().sum()) == (10 * MANY, MANY)
    assert np.shares_memory(first.numbers(), part.numbers())


def test_promises_nobody_waits_for_are_forgotten() -> None:
    known, tensor = Promises(), torch.ones(MANY)
    for _ in range(4 * promises.OFTEN):
        known.of(tensor.clone(), 0)
        known.of(tensor, 0)
    assert sum(map(len, known._lying.values())) <= 2 * promises.OFTEN


def test_who_holds_the_memory_alone_is_reckoned_with() -> None:
    h = torch.ones(MANY)
    memory = h.untyped_storage()
    with backprop_tui.record(limit=None) as trace:
        _ = h * 2
        del h
    memory.fill_(0)
    step = next(step for step in trace if isinstance(step, Forward))
    assert isinstance(step.inputs[0].value, TensorValue)
    assert step.inputs[0].value.data.sum() == MANY


def test_a_write_waits_until_another_thread_has_read(monkeypatch: pytest.MonkeyPatch) -> None:
    reads, wrote, plain = threading.Event(), threading.Event(), promises.copied

    def slowly(tensor: Any) -> Any:
        reads.set()
        wrote.wait(0.3)
        return plain(tensor)

    monkeypatch.setattr(promises, "copied", slowly)
    found: list[Any] = []
    with backprop_tui.record(limit=None) as trace:
        h = torch.ones(MANY) * 2
        told()
        made = next(step for step in trace if isinstance(step, Forward)).outputs[0]
        viewers = [threading.Thread(target=lambda: found.append(made.data)) for _ in range(2)]
        for viewer in viewers:
            viewer.start()
        assert reads.wait(10)
        h.zero_()
        wrote.set()
        for viewer in viewers:
            viewer.join()
    assert found[0].sum() == 2 * MANY
    assert found[0] is found[1] is made.data


def test_a_trace_file_holds_them(tmp_path: Path) -> None:
    x = torch.linspace(-1, 1, MANY)
    expected = (x * 2).numpy().copy()
    with backprop_tui.record(tmp_path / "run.trace", limit=None):
        for _ in range(20):
            h = x * 2
            h.relu_()
            told()
            h.zero_()
    trace = StoredTrace(tmp_path / "run.trace")
    assert all(np.array_equal(data, expected) for data in data_of(trace, "mul"))
    assert all(np.array_equal(data, expected.clip(0)) for data in data_of(trace, "relu"))
