"""Real PyTorch code, recorded: the run is as without, and the trace tells what PyTorch did."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from recorded_scripts import FIRST, failure, named, plainly, ran, recorded, write

from backprop_tui.export.markdown import export_markdown
from backprop_tui.trace.steps import Accumulate, Backward, Forward
from backprop_tui.trace.trace import Trace
from backprop_tui.view.frame import frame
from backprop_tui.view.types import Selection, Sizes

pytestmark = pytest.mark.filterwarnings("ignore")

SCRIPTS = {
    "two losses of a chain": """
x = torch.tensor([1., 2.], requires_grad=True)
w = torch.tensor(3., requires_grad=True)
y = (x * w).sum()
graph(y)
y.backward()
grads(x=x, w=w)
""",
    "a transformer layer": """
layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.1, batch_first=True)
loss = layer(torch.randn(2, 3, 4)).pow(2).mean()
graph(loss)
loss.backward()
grads(**{"layer.linear1.weight": layer.linear1.weight, "layer.norm1.bias": layer.norm1.bias})
layer.eval()
with torch.no_grad():
    show(layer(torch.randn(1, 2, 4)))
""",
    "attention": """
attention = nn.MultiheadAttention(4, 2, batch_first=True)
x = torch.randn(1, 3, 4, requires_grad=True)
out, weights = attention(x, x, x)
loss = out.sum()
graph(loss)
loss.backward()
grads(x=x)
show(out, weights, x.grad)
""",
    "an LSTM in training": """
net, head = nn.LSTM(2, 3, batch_first=True), nn.Linear(3, 1)
optimizer = torch.optim.Adam([*net.parameters(), *head.parameters()], lr=0.1)
for step in range(2):
    optimizer.zero_grad()
    hidden, (h, c) = net(torch.randn(4, 5, 2))
    loss = head(hidden[:, -1]).pow(2).mean()
    graph(loss)
    loss.backward()
    optimizer.step()
show(*net.parameters(), *head.parameters())
""",
    "a block with batch norm and ReLU in place": """
class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = out + x
        return self.relu(out)

block = Block(2)
optimizer = torch.optim.SGD(block.parameters(), lr=0.1, momentum=0.9)
for epoch in range(2):
    loss = block(torch.randn(2, 2, 4, 4)).mean()
    optimizer.zero_grad()
    graph(loss)
    loss.backward()
    optimizer.step()
grads(**{"block.conv1.weight": block.conv1.weight})
show(*block.parameters(), *block.buffers())
""",
    "a Function of its own": """
class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x ** 3

    @staticmethod
    def backward(ctx, grad):
        x, = ctx.saved_tensors
        return 3 * x ** 2 * grad

x = torch.tensor([1., 2.], requires_grad=True)
y = Cube.apply(x).sum()
graph(y)
y.backward()
grads(x=x)
""",
    "hooks": """
seen = []
model = nn.Linear(2, 1)
model.register_forward_hook(lambda module, args, out: seen.append(out.sum().item()))
model.register_full_backward_hook(lambda module, into, out: seen.append(out[0].sum().item()))
x = torch.ones(1, 2, requires_grad=True)
h = x * 2
h.register_hook(lambda grad: grad * 3)
model.weight.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad.sum().item()))
y = model(h).sum()
y.backward()
grads(x=x)
print(seen)
""",
    "a closure": """
w = torch.tensor([2., -1.], requires_grad=True)
optimizer = torch.optim.LBFGS([w], max_iter=4)
def closure():
    optimizer.zero_grad()
    loss = ((w - 1) ** 2).sum()
    loss.backward()
    return loss
for step in range(2):
    optimizer.step(closure)
show(w)
""",
    "checkpointing": """
from torch.utils.checkpoint import checkpoint
first, second = nn.Linear(2, 3), nn.Linear(3, 1)
x = torch.randn(4, 2)
loss = second(checkpoint(lambda v: torch.tanh(first(v)), x, use_reentrant=False)).sum()
loss.backward()
grads(**{"first.weight": first.weight, "second.weight": second.weight})
""",
    "autocast": """
model = nn.Linear(4, 2)
with torch.autocast("cpu", dtype=torch.bfloat16):
    y = model(torch.randn(3, 4))
    loss = y.float().sum()
graph(loss)
loss.backward()
grads(**{"model.weight": model.weight})
show(y.float())
""",
    "a subclass of Tensor": """
class Length(torch.Tensor):
    pass
x = torch.tensor([1., 2.]).as_subclass(Length).requires_grad_()
y = (x * x).sum()
y.backward()
grads(x=x)
print(type(y).__name__)
""",
    "sparse": """
m = torch.eye(3).to_sparse()
x = torch.ones(3, 1, requires_grad=True)
y = torch.sparse.mm(m, x).sum()
y.backward()
e = nn.Embedding(5, 2, sparse=True)
e(torch.tensor([1, 3])).sum().backward()
grads(x=x)
show(e.weight.grad)
""",
    "quantised": """
q = torch.quantize_per_tensor(torch.tensor([0.1, 0.5]), 0.1, 0, torch.quint8)
y = q.dequantize() * 2
show(y)
""",
    "complex": """
z = torch.tensor([1 + 2j, 3j], requires_grad=True)
y = (z * z.conj()).real.sum()
graph(y)
y.backward()
show(z.grad)
""",
    "NaN and infinity": """
x = torch.tensor([0., 1., float("inf")], requires_grad=True)
y = torch.log(x) / x
y.sum().backward()
print([str(v) for v in x.grad.tolist()])
""",
    "several outputs": """
x = torch.randn(3, 4, requires_grad=True)
values, indices = x.topk(2)
a, b = values.split(1, dim=1)
u, s, v = torch.linalg.svd(x[:, :3])
loss = (a * b).sum() + s.sum()
graph(loss)
loss.backward()
grads(x=x)
""",
    "functions, generators, comprehensions": """
import functools
def doubled(function):
    @functools.wraps(function)
    def inner(*args):
        result = function(*args)
        return result * 2
    return inner

@doubled
def square(x):
    return x ** 2

def batches(count):
    for i in range(count):
        batch = torch.randn(2) + i
        yield batch

w = torch.ones(2, requires_grad=True)
norm = lambda t: t.norm() + 1
total = 0
for batch in batches(2):
    total = total + norm(square(batch * w))
parts = [w * k for k in range(3)]
total = total + sum(part.sum() for part in parts)
graph(total)
total.backward()
grads(w=w)
exec("z = w * 5", {"w": w})
""",
    "compiled": """
model = torch.compile(nn.Linear(2, 1))
@torch.compile
def double(x):
    return x * 2
y = double(model(torch.ones(1, 2))).sum()
y.backward()
show(*[p.grad for p in model.parameters()])
print(type(model).__name__)
""",
    "workers": """
from torch.utils.data import DataLoader, TensorDataset
data = TensorDataset(torch.arange(6.).view(6, 1))
w = torch.ones(1, requires_grad=True)
for (x,) in DataLoader(data, batch_size=3, num_workers=1):
    (x * w).sum().backward()
grads(w=w)
""",
    "two threads": """
import threading
w = torch.ones(1, requires_grad=True)
def other():
    (w * 2).sum().backward()
    print("from another thread")
thread = threading.Thread(target=other)
thread.start(); thread.join()
y = (w * 3).sum()
y.backward()
show(w.grad)
""",
    "second backward of the backward": """
x = torch.tensor(2., requires_grad=True)
y = x ** 3
g, = torch.autograd.grad(y, x, create_graph=True)
graph(g)
g.backward()
grads(x=x)
""",
    "a gradient penalty": """
critic = nn.Sequential(nn.Linear(2, 3), nn.LeakyReLU(0.2), nn.Linear(3, 1))
optimizer = torch.optim.Adam(critic.parameters(), lr=0.1)
for step in range(2):
    between = torch.randn(4, 2, requires_grad=True)
    slope, = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    loss = (slope.norm(2, dim=1) - 1).square().mean()
    graph(loss)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
show(*critic.parameters())
""",
    "Newton's method by a product with the Hessian": """
w = torch.tensor([1., 2.], requires_grad=True)
loss = (w ** 4).sum() + w.prod()
slope, = torch.autograd.grad(loss, w, create_graph=True)
rows = [torch.autograd.grad(slope[i], w, retain_graph=True)[0] for i in range(2)]
show(torch.linalg.solve(torch.stack(rows), slope.detach()))
""",
    "learning to learn": """
w, rate = torch.tensor(1., requires_grad=True), torch.tensor(0.1, requires_grad=True)
inner = (w * 3 - 1).square()
slope, = torch.autograd.grad(inner, w, create_graph=True)
outer = ((w - rate * slope) * 2 - 1).square()
graph(outer)
outer.backward()
grads(w=w, rate=rate)
""",
}


@pytest.fixture(scope="module", params=list(SCRIPTS))
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple:
    script = write(tmp_path_factory.mktemp("script"), SCRIPTS[request.param])
    return plainly(script), *recorded(script)


def test_the_run_is_as_without_recording(run: tuple) -> None:
    plain, told, _ = run
    assert (told.status, told.output) == (0, plain.output), plain.error + told.error


def test_gradients_told_are_the_gradients(run: tuple) -> None:
    _, told, trace = run
    names = named(trace)
    for grads in told.grads:
        for name, grad in grads.items():
            arrived = [
                step.after
                for step in trace
                if isinstance(step, Accumulate) and step.tensor.tensor == names[name].tensor
            ]
            assert any(np.array_equal(grad.numpy(), after) for after in arrived), name


def test_nodes_told_are_the_graphs(run: tuple) -> None:
    plain, _, trace = run
    for nodes in plain.nodes:
        assert _as_views(nodes) in [_as_views(names) for names in ran(trace)]


def test_every_node_that_runs_was_made_in_a_step(run: tuple) -> None:
    *_, trace = run
    made = set()
    for step in trace:
        if isinstance(step, Forward) and step.node is not None:
            made.add(step.node.node)
        elif isinstance(step, Backward) and step.node.name != "AliasBackward0":
            # (a tensor becomes one of a subclass without any operation)
            assert step.node.node in made, (step.index, step.node.name)


def _as_views(nodes: list[str]) -> list[str]:
    """``reshape`` makes either kind of view; inside ``nn.functional`` it cannot be told which."""
    return sorted(name.replace("ReshapeAlias", "View") for name in nodes)


def test_every_step_can_be_shown(run: tuple) -> None:
    *_, trace = run
    for index in range(len(trace)):
        frame(trace, index, Selection(), Sizes())
        frame(trace, index, Selection(autograd=True), Sizes())
    assert export_markdown(trace)


def test_places_are_in_the_script(run: tuple) -> None:
    *_, trace = run
    for step in trace:
        assert step.where.statement.line >= FIRST
        assert trace.text(step.where.expression) in trace.text(step.where.statement) or (
            step.where.expression.end_line > step.where.statement.end_line
        )


def test_a_scenarios_film_is_the_same_when_recorded() -> None:
    """Where names, rounds and functions are: as the interpreter tells it."""
    from backprop_tui.session import Session

    for name in ("two_points", "two_points_hidden", "line_slope", "softmax", "gru_cell"):
        session = Session.open(name, engine="torch")
        path = Path(str(session.scenario.path))
        _, trace = recorded(path)
        assert rows(trace) == rows(session.complete()), name


def rows(trace: Trace) -> list[tuple]:
    return [
        (
            type(step).__name__,
            getattr(step, "op", ""),
            [one.name for one in getattr(step, "binds", ())],
            trace.text(step.where.expression),
            step.where.scopes,
            step.where.loops,
            step.where.module,
            step.where.grad_enabled,
            getattr(step, "text", ""),
        )
        for step in trace
    ]


ERRORS = {
    "a second backward": """
x = torch.ones(1, requires_grad=True)
y = (x * x).sum()
y.backward()
y.backward()
""",
    "changed in place": """
x = torch.ones(2, requires_grad=True)
y = x.exp()
y.add_(1)
y.sum().backward()
""",
    "shapes that do not fit": """
def product(a, b):
    return a @ b
w = torch.ones(2, 3, requires_grad=True)
product(w, torch.ones(2, 3))
""",
    "in a loss": "F.cross_entropy(torch.ones(1, 2), torch.tensor([7]))\n",
    "in a layer": "nn.Linear(2, 1)(torch.ones(1, 3))\n",
    "of its own": """
w = torch.ones(1, requires_grad=True)
loss = w * 2
try:
    {}["missing"]
except KeyError as error:
    raise ValueError("no such key") from error
""",
}


@pytest.mark.parametrize("name", ERRORS)
def test_a_script_that_raises(name: str, tmp_path: Path) -> None:
    script = write(tmp_path, ERRORS[name])
    plain, (told, trace) = plainly(script), recorded(script)
    last = failure(trace)
    assert told.status == 1
    assert last is not None
    assert f"{last.kind}: {last.message}" == plain.error
    assert told.error.rstrip().endswith(plain.error)
    assert "backprop_tui" not in told.error
    for index in range(len(trace)):
        frame(trace, index, Selection(), Sizes())


def test_names_have_the_values_of_their_time(tmp_path: Path) -> None:
    source = """
def f():
    x = torch.ones(2)
    y = x * 2
    y.add_(1)
    x.fill_(7)
    w = torch.zeros(2, requires_grad=True)
    w.data += 1
    pair = [torch.ones(1), torch.ones(1)]
    pair[0].mul_(3)
    layer = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(layer.weight)
    print("done")
f()
"""
    _, trace = recorded(write(tmp_path, source))
    told = {
        one.name: one.value.data.tolist()
        for step in trace
        for one in getattr(step, "binds", ())
        if not isinstance(one.value, str)
        if not one.name.startswith("tensor")  # an argument of the test's own ``show``
    }
    assert told.pop("layer.weight") != [[0.0]]
    assert told == {
        "x": [1.0, 1.0], "y": [2.0, 2.0], "w": [0.0, 0.0], "pair[0]": [1.0], "pair[1]": [1.0],
    }  # fmt: skip


def test_several_files(tmp_path: Path) -> None:
    beside = "import torch\n\n\ndef scaled(x, by):\n    y = x * by\n    return y\n"
    script = write(
        tmp_path, "from helper import scaled\nz = scaled(torch.ones(2), 3)\n", helper=beside
    )
    _, trace = recorded(script)
    step = next(step for step in trace if isinstance(step, Forward) and step.op == "mul")
    assert step.where.expression.file == "helper.py"
    assert trace.text(step.where.expression) == "x * by"
    assert [one.name for one in step.binds] == ["y"]
    assert step.where.scopes == ("scaled",)
    assert trace.source("helper.py") == beside


def test_modules_without_a_name_go_by_their_class(tmp_path: Path) -> None:
    source = "nn.Sequential(nn.Linear(2, 1), nn.ReLU())(torch.ones(1, 2)).sum().backward()\n"
    _, trace = recorded(write(tmp_path, source))
    found = {step.where.module for step in trace if isinstance(step, Forward)}
    assert {"Sequential.0", "Sequential.1"} <= found


def test_a_backward_is_where_backward_was_called(tmp_path: Path) -> None:
    _, trace = recorded(write(tmp_path, SCRIPTS["two losses of a chain"]))
    ran_at = {trace.text(s.where.expression) for s in trace if isinstance(s, Backward)}
    assert ran_at == {"y.backward()"}


LOOPS = {
    "for i in range(2, 8, 2):\n    w * i": [(1, 3), (2, 3), (3, 3)],
    "for i in range(5):\n    if i % 2:\n        w * i": [(2, 5), (4, 5)],
    "for i, v in enumerate([1, 2], start=4):\n    w * v": [(1, 2), (2, 2)],
    "for a, b in zip([1, 2, 3], 'xy'):\n    w * a": [(1, 2), (2, 2)],
    "x = torch.ones(5, 2)\nfor i in range(0, len(x), 4):\n    w * i": [(1, 2), (2, 2)],
    "x = torch.ones(5, 2)\nfor i in range(2, x.shape[0], 2):\n    w * i": [(1, 2), (2, 2)],
    "x = torch.ones(2, 5)\nfor i in range(x.size(0)):\n    w * i": [(1, 2), (2, 2)],
    "x = torch.ones(2, 3)\nfor i in range(x.shape[1]):\n    w * i": [
        (1, None),
        (2, None),
        (3, None),
    ],
    "rows = torch.ones(2, 3)\nfor row in rows:\n    w * row": [(1, 2), (2, 2)],
    "for layer in nn.Sequential(nn.ReLU(), nn.Tanh()):\n    layer(w)": [(1, None), (2, None)],
    "layers = nn.ModuleList([nn.ReLU(), nn.Tanh()])\nfor l in layers:\n    l(w)": [(1, 2), (2, 2)],
    "n = 0\nwhile n < 2:\n    n += 1\n    y = w * n\n    y = y + 1": [(1, None)] * 2
    + [(2, None)] * 2,
    "for k in iter(lambda: w.sum().item() > 99, True):\n    y = w * 2\n    break": [(1, None)],
    "for d in {'a': 1, 'b': 2}.items():\n    w * d[1]": [(1, None), (2, None)],
    "d = {'a': 1, 'b': 2}\nfor k, v in d.items():\n    w * v": [(1, 2), (2, 2)],
    "for i in range(2):\n    for j in range(2):\n        w * j": [(1, 2), (2, 2), (1, 2), (2, 2)],
}


@pytest.mark.parametrize("source", LOOPS)
def test_rounds_of_loops(source: str, tmp_path: Path) -> None:
    _, trace = recorded(write(tmp_path, f"w = torch.ones(3)\n{source}\n"))
    told = [
        (loop.number, loop.total)
        for step in trace
        if isinstance(step, Forward) and step.where.loops and step.op not in ("unbind", "sum")
        for loop in step.where.loops[-1:]
    ]
    assert told == LOOPS[source]
