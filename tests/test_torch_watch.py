"""Watching any PyTorch code: what is told, where, and that nothing else is touched."""

from __future__ import annotations

import gc
import warnings
from typing import Any

import pytest
import torch
from random_programs import program
from test_torch_engine import HEAD, PROGRAMS

import backprop_tui
from backprop_tui.engines.summary import digest_of
from backprop_tui.engines.torch_engine.watch import Watch
from backprop_tui.scenario.loader import loads
from backprop_tui.trace.compare import first_difference
from backprop_tui.trace.recorder import Recorder
from backprop_tui.trace.steps import Forward
from backprop_tui.trace.trace import Trace

pytestmark = pytest.mark.filterwarnings("ignore")


class Noted:
    """A Placed listener that notes (place, what was told)."""

    def __init__(self) -> None:
        self.here = 0
        self.now: object = None
        self.told: list[tuple[object, str, tuple[Any, ...]]] = []

    def place(self) -> object:
        return self.here

    def at(self, place: object) -> None:
        self.now = place

    def __getattr__(self, name: str) -> Any:
        def tell(*args: Any) -> None:
            self.told.append((self.now, name, args))

        return tell

    def said(self) -> str:
        """What was told, operations and Nodes by their own names."""
        names = {"forward": lambda a: a[0], "backward": lambda a: a[0].name}
        return " ".join(names.get(name, lambda _, n=name: n)(args) for _, name, args in self.told)


def test_everything_is_told_where_it_happened() -> None:
    noted = Noted()
    watch = Watch(noted)
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    watch.start()
    noted.here = 1
    y = (w * w).sum()
    noted.here = 2
    y.backward()
    noted.here = 3
    with torch.no_grad():
        w.add_(1)
    noted.here = 4
    watch.stop()
    assert noted.said() == ("mul sum seed_grad SumBackward0 MulBackward0 accumulate add")
    assert [place for place, *_ in noted.told] == [1, 1, 2, 2, 2, 2, 3]


def test_it_can_be_started_and_stopped_inside_a_steps_hooks() -> None:
    noted = Noted()
    watch = Watch(noted)
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)
    rounds = 0

    def boundary(*_: Any) -> None:
        nonlocal rounds
        rounds += 1
        watch.stop()
        if rounds % 2:
            watch.start()

    optimizer.register_step_post_hook(boundary)
    for _ in range(4):
        optimizer.zero_grad()
        (w * w).sum().backward()
        optimizer.step()
    once = "zero_grad mul sum seed_grad SumBackward0 MulBackward0 accumulate update"
    assert noted.said() == f"{once} {once}"
    assert torch.overrides._get_current_function_mode() is None
    assert torch.utils._python_dispatch._get_current_dispatch_mode() is None


def test_random_numbers_and_grad_mode_are_not_touched() -> None:
    torch.manual_seed(0)
    plain = torch.rand(3)
    torch.manual_seed(0)
    watch = Watch(Noted())
    with torch.no_grad():
        watch.start()
        assert not torch.is_grad_enabled()
        watch.stop()
        assert not torch.is_grad_enabled()
    assert torch.equal(torch.rand(3), plain)


def trained(optimizer: str, watching: bool) -> list[Any]:
    """Parameters and state after some iterations with batch normalisation, clipping, momentum."""
    torch.manual_seed(3)
    net = torch.nn.Sequential(
        torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.ReLU(inplace=True),
        torch.nn.Dropout(0.3), torch.nn.Linear(4, 1),
    )  # fmt: skip
    options = {"momentum": 0.9} if optimizer == "SGD" else {}
    made = getattr(torch.optim, optimizer)(net.parameters(), lr=0.05, **options)
    watch = Watch(Noted(), events=20)
    if watching:
        watch.start()
    for turn in range(6):
        made.zero_grad(set_to_none=turn % 2 == 0)
        for _ in range(2):
            net(torch.randn(8, 3)).square().mean().backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 0.5)
        made.step()
    watch.stop()
    grads = [param.grad for param in net.parameters()]
    return [*net.state_dict().values(), *grads, torch.rand(1)]


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "RMSprop"])
def test_a_watched_training_ends_with_the_same_bits(optimizer: str) -> None:
    plain, watched_ = trained(optimizer, False), trained(optimizer, True)
    assert [torch.equal(a, b) for a, b in zip(plain, watched_, strict=True)] == [True] * len(plain)


def test_after_a_step_that_raised_the_rest_is_told() -> None:
    noted = Noted()
    watch = Watch(noted)
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    w.grad = torch.ones(2)
    optimizer = torch.optim.SGD([w], lr=0.1)
    optimizer.param_groups[0]["lr"] = "fast"
    watch.start()
    with pytest.raises(TypeError):
        optimizer.step()
    w * 2
    watch.stop()
    assert noted.said() == "update mul"


def test_large_tensors_are_told_as_summaries() -> None:
    noted = Noted()
    watch = Watch(noted, limit=10)
    watch.start()
    x = torch.arange(12.0).view(3, 4) / torch.tensor([1.0, 1.0, 1.0, 0.0])
    (x * 0.5)[0].tolist()
    watch.stop()
    whole = [digest_of(args[3][0].data) for _, name, args in noted.told if name == "forward"]
    view, quotient, product, row = whole
    assert view is not None
    assert (view.minimum, view.maximum, view.mean) == (0.0, 11.0, 5.5)
    assert view.norm == pytest.approx(506**0.5)
    assert sum(view.histogram) == 12
    assert view.corner.tolist() == [
        [0.0, 1.0, 2.0, 3.0],
        [4.0, 5.0, 6.0, 7.0],
        [8.0, 9.0, 10.0, 11.0],
    ]
    assert quotient is not None
    assert (quotient.nonfinite, quotient.maximum) == (3, 10.0)
    assert product is not None
    assert product.device == "cpu"
    assert row is None


# ------------------------------------------------------------------ told later


HELD = {
    "nothing": lambda h, flat: None,
    "the base": lambda h, flat: h,
    "the view": lambda h, flat: flat,
    "another view": lambda h, flat: h.t(),
    "its memory": lambda h, flat: h.untyped_storage(),
    "a gradient": lambda h, flat: flat.grad_fn,
}


@pytest.mark.parametrize("what", HELD)
@pytest.mark.parametrize("grad", [False, True])
def test_what_was_told_stays_whatever_of_it_is_still_held(what: str, grad: bool) -> None:
    noted = Noted()
    watch = Watch(noted)
    x = torch.ones(2, 3, requires_grad=grad)
    watch.start()
    h = x * 2
    flat = h.t().reshape(6) if what == "another view" else h.view(6)
    held = HELD[what](h, flat)
    flat.sum().backward() if grad else flat.sum()
    del h, flat
    watch.drain()
    told = [one.data for _, name, args in noted.told if name == "forward" for one in args[3]]
    assert all((array == 2).all() for array in told[:2])
    with torch.no_grad():
        if isinstance(held, torch.Tensor):
            held.zero_()
        elif isinstance(held, torch.UntypedStorage):
            held.fill_(0)
        for grad_ in [x.grad] if grad else []:
            grad_.zero_()
    watch.stop()
    assert all((array == 2).all() for array in told[:2]), told
    grads = [args[4] for _, name, args in noted.told if name == "accumulate"]
    assert all((array == 2).all() for array in grads), grads


def watched(source: str, events: int, before: str = "") -> Trace:
    """The trace of Python code, told when there are more than so many events."""
    trace = Trace(loads("import torch\n", "code.py").program(), "torch")
    recorder: Any = Recorder(trace, None)  # type: ignore[arg-type]
    watch = Watch(recorder, events=events)
    recorder.engine = watch.engine
    torch.manual_seed(0)
    names: dict[str, Any] = {}
    exec(HEAD + before, names)
    watch.start()
    try:
        exec(compile(source if before else HEAD + source, "code.py", "exec"), names)
    except (RuntimeError, TypeError, ValueError):
        pass
    finally:
        watch.stop()
        torch.set_grad_enabled(True)
    return trace


LATER = {
    **PROGRAMS,
    "in place on activations and on their gradients": """
x = torch.randn(3, requires_grad=True)
h = nn.ReLU(inplace=True)(x * 2)
h.register_hook(lambda g: g.mul_(2))
y = (h * 3).sum()
y.backward()
x.grad.mul_(3)
x.grad.zero_()
""",
    "a parameter and its views, step after step": """
w = torch.randn(3, 3, requires_grad=True)
opt = optim.Adam([w], lr=0.1)
for i in range(3):
    y = (w.t() @ w[0] + w.diagonal()).sum()
    opt.zero_grad(set_to_none=i == 1)
    y.backward()
    opt.step()
    w.data.clamp_(-1, 1)
w.requires_grad_(False)
z = w * 2
""",
    "a model that changes its dtype, with its gradients": """
net = nn.Linear(2, 1)
opt = optim.SGD(net.parameters(), lr=0.1)
for dtype in (torch.float32, torch.float64, torch.float32, torch.float64):
    net.to(dtype)
    opt.zero_grad()
    net(torch.ones(3, 2, dtype=dtype)).square().sum().backward()
    opt.step()
net.double().float()
""",
    "Nodes with hooks of the program's own": """
w = torch.randn(3, requires_grad=True)
h = (w * 2).tanh()
h.grad_fn.register_hook(lambda left, arrived: (left[0].mul_(2),))
h.sum().backward()
g = (w * 3).exp()
g.grad_fn.register_prehook(lambda arrived: (arrived[0].mul_(2),))
g.sum().backward()
g = w.exp()
accumulates = g.grad_fn.next_functions[0][0]
accumulates.register_hook(lambda left, arrived: w.grad.mul_(2))
g.sum().backward()
""",
    "a gradient of gradients": """
net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
x = torch.randn(4, 2, requires_grad=True)
(g,) = torch.autograd.grad(net(x).sum(), x, create_graph=True)
((g.norm(2, dim=1) - 1) ** 2).mean().backward()
""",
    "running statistics": """
norm = nn.BatchNorm1d(3)
for i in range(3):
    norm(torch.randn(4, 3)).sum().backward()
""",
    "gradients summed back, added to those there": """
x, b, c = torch.randn(2, 3), torch.randn(3, requires_grad=True), torch.randn((), requires_grad=True)
w, k = torch.randn(3, 3, requires_grad=True), torch.randn(1, 3, requires_grad=True)
for i in range(3):
    h = torch.addmm(b, x, w) + k + c
    h.relu().mean().backward(retain_graph=True)
    (x - h).square().sum().backward(retain_graph=True)
    torch.sub(h, c).relu().mean().backward()
    torch.add(h.detach(), k, alpha=2).sum().backward()
    (torch.addmm(b, x, w, beta=3) - k).tanh().sum().backward()
    (h.detach() * k / c).sum().backward()
""",
    "a gradient that is another's": """
w, v = torch.randn(3, requires_grad=True), torch.randn(3, requires_grad=True)
w.grad = torch.ones(3)
(w + v).backward(w.grad)
(w + v + 1).backward(w.grad)
nn.Parameter(torch.ones(1)).square().sum().backward()
""",
    "recomputed in backward": """
from torch.utils.checkpoint import checkpoint
net = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.ReLU())
x = torch.randn(4, 3)
for i in range(2):
    checkpoint(net, x, use_reentrant=False).sum().backward()
net[1].running_mean * 2
""",
    "hooks on leaves and on Nodes": """
x = torch.randn(3, requires_grad=True)
y = x * 2
y.grad_fn.register_hook(lambda left, came: print(x.data.add_(1)))
y.sum().backward()
(x * 3).sum().backward()
x.register_post_accumulate_grad_hook(lambda p: print(p.data.mul_(2)))
(x * 3).sum().backward()
x.register_hook(lambda g: g * 2)
(x * 3).sum().backward()
""",
    "gradients set to zero": """
net = nn.Linear(2, 2)
opt = optim.SGD(net.parameters(), lr=0.1)
for i in range(3):
    net(torch.ones(1, 2)).sum().backward()
    kept = net.weight.grad * 2
    [opt, net][i % 2].zero_grad(set_to_none=False)
    net.zero_grad(i == 1)
""",
    "the same graph twice": """
x = torch.randn(3, requires_grad=True)
y = (x * x).sum()
y.backward(retain_graph=True)
with torch.no_grad():
    x.grad += 1
y.backward()
""",
}


@pytest.mark.parametrize("name", LATER)
def test_what_is_told_later_is_what_is_told_at_once(name: str) -> None:
    found = first_difference(watched(LATER[name], 0), watched(LATER[name], 10**9))
    assert found is None, found


OLDER = {
    "a hook on a tensor": """
h = (w * 2).tanh()
h.register_hook(lambda grad: grad.mul_(2))
loss = (h * torch.ones(3)).sum()
""",
    "a hook before a Node": """
h = (w * 2).tanh()
h.grad_fn.register_prehook(lambda arrived: (arrived[0].mul_(2),))
loss = (h * torch.ones(3)).sum()
""",
    "a hook after a Node": """
h = (w * 2).tanh()
h.grad_fn.register_hook(lambda left, arrived: (left[0].mul_(2),))
loss = (h * torch.ones(3)).sum()
""",
    "what is saved is changed": """
kept = []
with torch.autograd.graph.saved_tensors_hooks(kept.append, lambda _: w.grad.mul_(2)):
    loss = w.exp().sum()
w.grad = torch.ones(3)
""",
    "a hook on a leaf": """
w.register_hook(lambda grad: grad.mul_(2))
loss = (w * 2).tanh().sum()
""",
}


@pytest.mark.parametrize("name", OLDER)
def test_code_put_into_a_graph_before_recording_is_seen_to_run(name: str) -> None:
    """It changes numbers in a backward, which is captured more carefully then."""
    before, source = "w = torch.ones(3, requires_grad=True)" + OLDER[name], "loss.backward()\n"
    found = first_difference(watched(source, 0, before), watched(source, 10**9, before))
    assert found is None, found


def test_random_programs_are_told_later_as_at_once() -> None:
    for seed in range(1000, 1060):
        source = program(seed) + "\nroot.backward()\n"
        found = first_difference(watched(source, 0), watched(source, 10**9))
        assert found is None, f"seed {seed}: {found}\n{source}"


@pytest.mark.parametrize("collects", [True, False])
def test_telling_leaves_pythons_collector_as_it_was(collects: bool) -> None:
    class Seeing(Noted):
        def at(self, place: object) -> None:
            collecting.append(gc.isenabled())

    collecting: list[bool] = []
    watch = Watch(Seeing())
    before = gc.isenabled()
    (gc.enable if collects else gc.disable)()
    try:
        watch.start()
        (torch.ones(2, requires_grad=True) * 2).sum().backward()
        assert gc.isenabled() is collects
        watch.stop()
        assert gc.isenabled() is collects
    finally:
        (gc.enable if before else gc.disable)()
    assert collecting
    assert not any(collecting)


def test_a_change_in_place_is_no_surprise() -> None:
    """PyTorch counts versions after the operation; that is not a write that slipped through."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with backprop_tui.record() as trace:
            y = torch.ones(2)
            y.add_(1)
            y.normal_()
            with torch.no_grad():
                w = torch.ones(2, requires_grad=True)
                w.mul_(y)
            (w * y).sum().backward()
    assert [s.op for s in trace if isinstance(s, Forward)] == ["add", "mul", "mul", "sum"]


@pytest.mark.parametrize("limit", [None, 100])
@pytest.mark.parametrize("count", [4, 300, 5000])
def test_memory_that_was_recorded_can_be_resized(count: int, limit: int | None) -> None:
    """PyTorch refuses it for memory that NumPy was once given."""
    whole, part = torch.zeros(count), torch.zeros(2 * count)[::2]
    with backprop_tui.record(limit=limit):
        for _ in range(3):
            (whole + part).sum()
            whole.add_(1)
            part.add_(1)
    whole.resize_(2 * count)
    assert whole[:count].tolist() == [3.0] * count
    assert part.untyped_storage().resizable()
