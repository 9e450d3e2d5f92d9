"""What a tensor is and says: attributes, errors in PyTorch's words, dtypes, views, indexing."""

from __future__ import annotations

import itertools
import sys
from typing import Any

import numpy as np
import pytest
import torch
from twins import OURS, TORCH, array, outcome, run

from backprop_tui.engines.numpy_engine.engine import NumpyEngine
from backprop_tui.engines.numpy_engine.names import lookup

START = """
x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
w = torch.tensor([[0.5, -0.3, 0.1], [0.2, 0.1, 0.9]], requires_grad=True)
v = torch.tensor([1.0, 2.0, 3.0])
s = torch.tensor(2.5)
i = torch.tensor([1, 2, 3])
n = torch.tensor(7)
m = torch.tensor([True, False, True])
d = torch.tensor([1.0, 2.0], dtype=torch.float64)
"""

#: Expressions that must read the same, or fail with the same words.
SAME = [
    # attributes
    "x.shape, x.size(), x.size(0), x.size(-1), x.ndim, x.dim(), x.numel(), x.nelement()",
    "x.dtype, i.dtype, m.dtype, d.dtype, s.dtype, x.device, x.is_leaf, w.requires_grad",
    "x.grad, x.grad_fn, (w * 2).grad_fn.name(), (w * 2).is_leaf, (w * 2).requires_grad",
    "x.size(5)", "x.type(), i.type(), m.type()", "x.element_size(), d.element_size()",
    "x.is_contiguous(), x.t().is_contiguous(), x.t().contiguous().is_contiguous()",
    "x.stride(), x.t().stride()", "x.shape.numel(), x.shape + (1,), x.shape[1:], len(x.shape)",
    "x.shape == (2, 3), tuple(x.shape), list(x.shape)", "w.output_nr, w.retains_grad, w._version",
    "x.T.shape, x.mT.shape, v.T", "v.mT", "x.is_floating_point(), i.is_floating_point()",
    # Python values
    "s.item(), n.item(), m[0].item(), x[0, 1].item()", "x.item()", "x.tolist(), s.tolist()",
    "float(s), int(s), bool(s), int(n), float(n), bool(m[1])", "float(x)", "int(v)", "bool(x)",
    "bool(torch.tensor([]))", "len(x), len(v)", "len(s)", "[row for row in x]", "list(s)",
    "[1, 2, 3][torch.tensor(1)]", "[1, 2, 3][s]", "x.numpy()", "w.numpy()", "w.detach().numpy()",
    "3.0 in v, 9 in v", "hash(x) == hash(x)", "x.detach().numpy().dtype",
    # printing
    "x", "s", "i", "n", "m", "d", "w", "w * 2", "w.sum()", "torch.zeros(0)", "torch.zeros(2, 0)",
    "f'{s} {s:.3f} {n} {n:d} {x}'", "f'{x:.2f}'", "f'{w.sum():.2f}'", "str(x), repr(s)", "x.shape",
    "torch.float32", "x.device", "torch.nn.Parameter(v)", "f'{torch.nn.Parameter(s)}'", "x.max(1)",
    "torch.sort(v, descending=True)", "torch.topk(v, 2)",
    # creation
    "torch.tensor(3), torch.tensor(3.0), torch.tensor(True), torch.tensor([])",
    "torch.tensor([[1, 2], [3, 4.0]]), torch.tensor([True, 2]), torch.tensor([[1, 2]])",
    "torch.tensor([[1, 2], [3]])", "torch.tensor([1, [2]])", "torch.tensor('a')",
    "torch.tensor([s, n])", "torch.tensor(x)", "torch.tensor(0.1, dtype=torch.float64).item()",
    "torch.tensor(None)", "torch.tensor({})", "torch.tensor([v, v])",
    "torch.zeros(2, 3), torch.zeros((2, 3)), torch.zeros([2]), torch.ones(2, dtype=torch.int64)",
    "torch.full((2,), 7), torch.full((2, 2), 0.5), torch.eye(2), torch.eye(2, 3)",
    "torch.arange(5), torch.arange(1, 4), torch.arange(0, 1, 0.25), torch.arange(5, 0, -2)",
    "torch.arange(1, 0)", "torch.arange(0, 5, 0)", "torch.arange(3.0)",
    "torch.arange(0.1, 0.5, 0.1)",
    "torch.linspace(0, 1, 5), torch.linspace(-3, 2, 7), torch.linspace(0, 1, 1)",
    "torch.zeros_like(w), torch.ones_like(i), torch.full_like(x, 3), torch.zeros(-1)",
    "torch.Tensor([1, 2]), torch.FloatTensor([1]), torch.LongTensor([1, 2]), torch.Tensor()",
    "isinstance(x, torch.Tensor), isinstance(i, torch.LongTensor), isinstance(3, torch.Tensor)",
    "torch.Tensor(2, 3).shape", "x.new_zeros(2), x.new_ones(1, 2), x.new_tensor([1, 2])",
    "torch.zeros(2, requires_grad=True), torch.ones(1, requires_grad=True)",
    "torch.zeros(2, dtype=torch.int64, requires_grad=True)", "torch.is_tensor(x), torch.numel(x)",
    # operators and errors
    "x + torch.ones(2)", "x * torch.ones(4, 1)", "x @ x", "v @ torch.ones(4)", "x @ torch.ones(2)",
    "s @ v", "torch.ones(2, 3, 4) @ torch.ones(2, 5, 4)", "torch.bmm(x, x)", "torch.mm(x, v)",
    "torch.mv(v, x)", "torch.dot(x, v)", "x + 'a'", "'a' + x", "x + [1]", "x + None", "x * ()",
    "x == 'a'", "x != None", "x < 'a'", "torch.exp(1.0)", "torch.sigmoid('a')", "-m", "~x", "~m",
    "m - m", "1 - m", "m + m, m * m, m + 1, m * 2.5", "i / i, i // 2, i % 2, i ** 2, 7 // n",
    "i ** -1", "2 ** i, 2.0 ** i, i ** 0.5, i ** 2.0", "i & 1, i | 1, i ^ 1", "x & x",
    "abs(-x), +x, -x", "x > 2, x >= 2, x < v, x == x, i == 2, s > n", "5 - i, 1 / i, 2.0 - i",
    "i.mean()", "i.sum(), m.sum(), i.prod(), i.max(), i.cumsum(0)",
    "i.exp(), m.sqrt(), i.sigmoid()", "i.var()", "i.norm()", "torch.softmax(i, 0)", "x.sum(5)",
    "x.sum((0, 0))", "x.max(3)", "torch.zeros(0).max()", "x.mean(0, 1)", "x.clamp()", "x.argmax(7)",
    "x.softmax(4)", "torch.stack([x, v])", "torch.cat([x, v])", "torch.cat([x, torch.ones(2, 4)])",
    "torch.cat([])", "torch.cat([s, s])", "torch.cat([i, v])", "torch.stack([])", "torch.cat(x)",
    "torch.cat([x, 1])", "torch.where(v, v, v)", "x.masked_fill(v > 0, 'a')", "x.masked_fill(i, 0)",
    "torch.where(x > 2)", "torch.where(m, 1, 0), torch.where(m, 1.0, 0)", "torch.maximum(v, i)",
    "x.view(4)", "x.view(-1, -1)", "x.view(-1, 4)", "x.t().view(6)", "x.reshape(7)", "x.view(-2)",
    "x.squeeze(3)", "x.unsqueeze(4)", "x.permute(0)", "x.permute(0, 0)", "x.transpose(0, 2)",
    "torch.ones(2, 2, 2).t()", "x.expand(3, 3)", "v.expand(2)", "x.expand(3)",
    "x.expand(-1, -1, 3)", "x.repeat(2)", "x.flatten(1, 0)", "x.split(0)", "x.split([1, 2])",
    "x.split(-1)", "x.chunk(0)", "x.unbind(2)", "s.unbind()", "x.gather(0, i)",
    "v.gather(0, torch.tensor([5]))", "v.index_select(0, torch.tensor([9]))", "x.topk(9)",
    "torch.allclose(v, v), torch.equal(v, i)", "torch.allclose(v, d)", "x.outer(v)",
    "torch.outer(v, v)", "x.to('cpu')",
    "x.round(), (x / 3).round(decimals=2)", "torch.div(x, 2, rounding_mode='floor')",
    "torch.div(x, 2, rounding_mode='up')", "x.mm(d)", "torch.ones(2, 2) @ torch.ones(2, 2).long()",
    "torch.ones(2, 2) @ torch.ones(2, 2).double()", "torch.dot(v, i)",
    # indexing
    "x[0], x[1, 2], x[:, 1], x[-1], x[..., 0], x[None].shape, x[:, None].shape, x[0:1], x[::2]",
    "x[1:, :2], x[[0, 1]], x[[1, 0], [0, 2]], x[x > 2], x[:, m], x[i[:2] - 1], v[i - 1], x[n - 7]",
    "x[2]", "x[-3]", "x[0, 3]", "x[0, 0, 0]", "s[0]", "s[...]", "s[()]", "x['a']", "x[1.0]", "x[v]",
    "x[::-1]", "x[[5]]", "v[m]", "v[torch.tensor([True, False])]", "x[m]", "v[[]]", "x[[]].shape",
    "x[[0, 1], [0, 1, 2]]", "x[True].shape, x[False].shape", "x[range(2)]", "x[(0, 1)]", "x[5:]",
    "v[-2:], v[:-1], v[10:], v[1:2]", "x[:, [0, 2]], x[..., [1]]",
    "v[i[0]]",
    # losses
    "F.mse_loss(v, v * 2), F.l1_loss(v, v * 2), F.mse_loss(v, torch.ones(2))",
    "F.binary_cross_entropy(v, v)", "F.binary_cross_entropy(v / 9, torch.ones(2))",
    "F.binary_cross_entropy(v / 9, i)", "F.binary_cross_entropy_with_logits(v, torch.ones(2))",
    "F.cross_entropy(x, torch.tensor([0, 3]))", "F.cross_entropy(x, torch.tensor([0]))",
    "F.cross_entropy(x, torch.tensor([0.0, 1.0]))", "F.cross_entropy(v, n)", "F.nll_loss(x, i[:2])",
    "F.cross_entropy(x, x.long())", "F.mse_loss(v, v, reduction='x')", "F.mse_loss(v, 3)",
    "F.linear(x, x), F.linear(v, x), F.linear(x, v)", "F.linear(x, torch.ones(2, 4))",
    "F.linear(x, torch.ones(2, 3), torch.ones(5))", "F.linear(x, torch.ones(2, 3).double())",
    "F.one_hot(i), F.one_hot(i, 5)", "F.one_hot(i, 2)", "F.one_hot(v)", "F.softmax(v, dim=0)",
    "F.kl_div(v.log(), v / 6), F.kl_div(x.log(), x, reduction='batchmean')", "F.normalize(x)",
    "F.hinge_embedding_loss(v, torch.tensor([1.0, -1.0, -1.0]))", "F.dropout(v, 2.0)",
    "F.dropout(v, training=False), F.dropout(v, 1.0)", "F.embedding(i, torch.ones(2, 2))",
    "F.cross_entropy(x, x / 10), F.cross_entropy(x, x / 10, reduction='none')",
]  # fmt: skip

#: Statements, and what ``result`` is afterwards.
AFTER = [
    "x[0] = 5\nresult = x", "x[:, 1] = v[:2]\nresult = x", "x[x > 3] = 0\nresult = x",
    "x[0, 1] += 1\nresult = x", "x[[0, 1], [0, 2]] = 9\nresult = x", "x[0] = [7, 8, 9]",
    "x[:] = 1\nresult = x", "x[...] = 2\nresult = x", "x[0] = torch.ones(2)",
    "x[0] = v\nresult = x", "x[m] = 1", "v[m] = torch.tensor([8.0, 9.0])\nresult = v",
    "v[i - 1] = i", "v[5] = 1", "i[0] = 2.7\nresult = i", "m[0] = 0\nresult = m",
    "x[0] = i\nresult = x", "x[None] = 3\nresult = x", "x += 1\nresult = x", "x *= v\nresult = x",
    "x -= 0.5\nresult = x", "x /= 2\nresult = x", "x **= 2\nresult = x", "v += x",
    "v += torch.ones(2)", "i += 0.5", "i /= 2", "i *= 2\nresult = i", "m += 1",
    "x += i\nresult = x", "x += d[0]\nresult = x.dtype, x", "s += v", "x.zero_()\nresult = x",
    "x.fill_(3)\nresult = x", "x.fill_(s)\nresult = x", "x.fill_(v)", "x.copy_(v)\nresult = x",
    "v.copy_(x)", "i.copy_(v * 1.5)\nresult = i", "x.clamp_(2, 4)\nresult = x",
    "x.add_(1).mul_(2).sub_(3).div_(4)\nresult = x", "x.add_(v, alpha=2)\nresult = x",
    "x.relu_().sigmoid_().tanh_()\nresult = x", "x.masked_fill_(x > 2, 0)\nresult = x",
    "a = x.view(3, 2)\na[0] = 0\nresult = x", "a = x.t()\na += 1\nresult = x, a._version",
    "a = x[0]\na.zero_()\nresult = x, x._version", "a = x.reshape(6)\na[0] = 9\nresult = x",
    "a = x.t().reshape(6)\na[0] = 9\nresult = x", "a = x.clone()\na[0] = 9\nresult = x",
    "a = x.flatten()\na[0] = 9\nresult = x", "a = x.expand(2, 2, 3)\nx[0] = 9\nresult = a",
    "a, c = x.unbind()\na[0] = 9\nresult = x", "a = x.detach()\na[0] = 9\nresult = x",
    "a = x.numpy()\na[0] = 9\nresult = x", "a = x.T\nx[0] = 9\nresult = a",
    "a = x.data\na[0] = 9\nresult = x", "x.data = torch.ones(2)\nresult = x", "x.data = 3",
    "w.data[0] = 1\nresult = w", "w.data.copy_(x)\nresult = w",
    "a = x.to(x.dtype)\nresult = a is x", "a = torch.as_tensor(x)\nresult = a is x",
    "a = torch.nn.Parameter(v)\na.data[0] = 9\nresult = v",
    "a = torch.nn.Parameter(v)\nresult = a.is_leaf, a.requires_grad, a",
    "a = torch.nn.Parameter(i)", "a = torch.nn.Parameter(v, requires_grad=False)\nresult = a",
    "w.grad = w.detach()\nw.grad.zero_()\nresult = w", "del w.grad\nresult = w.grad",
    "x.requires_grad = True\nresult = x", "v.requires_grad_().sum().backward()\nresult = v.grad",
    "torch.set_default_dtype(torch.float64)\nresult = torch.tensor(1.0), torch.zeros(2)\n"
    "torch.set_default_dtype(torch.float32)",
    "torch.set_printoptions(precision=2)\nresult = x / 3\n"
    "torch.set_printoptions(profile='default')",
    "a = s\na += 1\nresult = s", "a = w * 1\na.detach_()\nresult = a.is_leaf, a",
]  # fmt: skip


@pytest.fixture(autouse=True)
def fresh_engine() -> None:
    NumpyEngine()


def settled(text: str) -> str:
    """Messages of PyTorch's argument parser are compared by their first line's kind only."""
    for long in ("received an invalid combination", "only tensors, ", "unsupported operand"):
        if long in text:
            return f"{text.partition(':')[0]}: {long}"
    return text


@pytest.mark.parametrize("expression", SAME)
def test_reads_the_same(expression: str) -> None:
    program = f"{START}\nresult = {expression}"
    assert settled(outcome(OURS, program)) == settled(outcome(TORCH, program))


@pytest.mark.parametrize("lines", AFTER)
def test_ends_the_same(lines: str) -> None:
    assert settled(outcome(OURS, START + lines)) == settled(outcome(TORCH, START + lines))


# ---------------------------------------------------------------- dtypes

DTYPES = ["float32", "float64", "int64", "int32", "uint8", "bool"]
OPERATIONS = ["a + b", "a * b", "a / b", "torch.where(a > 0, a, b)", "torch.maximum(a, b)", "a > b"]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("shapes", ["[1, 1] [1, 1]", "[1, 1] 1", "1 [1, 1]", "1 1"])
def test_promotion_of_tensors(operation: str, shapes: str) -> None:
    first, second = shapes.replace("[1, 1]", "[1,1]").split()
    for a, b in itertools.product(DTYPES, DTYPES):
        program = (
            f"a = torch.tensor({first}, dtype=torch.{a})\n"
            f"b = torch.tensor({second}, dtype=torch.{b})\nresult = {operation}"
        )
        assert outcome(OURS, program) == outcome(TORCH, program), f"{a} with {b}"


@pytest.mark.parametrize("operation", ["a + {}", "a * {}", "{} - a", "a / {}", "a ** {}", "a > {}"])
@pytest.mark.parametrize("number", ["2", "2.5", "True"])
def test_promotion_with_python_numbers(operation: str, number: str) -> None:
    for shape, a in itertools.product(["[1, 2]", "1"], DTYPES):
        program = f"a = torch.tensor({shape}, dtype=torch.{a})\nresult = {operation.format(number)}"
        assert outcome(OURS, program) == outcome(TORCH, program), f"{a} {shape}"


@pytest.mark.parametrize("to", ["float", "double", "long", "int", "bool"])
def test_conversions(to: str) -> None:
    for a in DTYPES:
        program = (
            f"a = torch.tensor([0, 1, 2], dtype=torch.{a})\nresult = a.{to}(), a.to(torch.{to})"
        )
        assert outcome(OURS, program) == outcome(TORCH, program), a


def test_float32_stays_float32() -> None:
    program = "a = torch.tensor(0.1)\nresult = ((a * 3.3 + 1) / 7 - 2) ** 3"
    mine, theirs = (run(side, program)["result"] for side in (OURS, TORCH))
    assert array(mine).tobytes() == array(theirs).tobytes()


# ---------------------------------------------------------------- the engine


def test_resolve_gives_what_it_has_and_leaves_out_the_rest() -> None:
    found = NumpyEngine().resolve(["torch.tensor", "torch.nn.Linear", "torch.pi", "torch.nothing",
                                   "torch.np", "torch._x", "os.system"])  # fmt: skip
    assert set(found) == {"torch.tensor", "torch.nn.Linear", "torch.pi"}


@pytest.mark.parametrize(
    "name",
    [name for name in dir(torch) if not name.startswith("_") and lookup(f"torch.{name}")[0]],
)
def test_every_name_is_pytorchs_own(name: str) -> None:
    assert hasattr(torch, name)


def test_no_name_is_invented() -> None:
    from backprop_tui.engines.numpy_engine import (
        autograd,
        creation,
        functional,
        loss_functions,
        nn_functional,
    )

    spaces: list[tuple[Any, Any]] = [
        (torch, creation), (torch, functional), (torch.nn.functional, nn_functional),
        (torch.nn.functional, loss_functions),
    ]  # fmt: skip
    for theirs, mine in spaces:
        assert [name for name in mine.__all__ if not hasattr(theirs, name)] == []
    for name in autograd.__all__:
        assert hasattr(torch, name) or hasattr(torch.autograd, name)


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        ("torch.ones(1)", "Tensor"),
        ("nn.Parameter(torch.ones(1))", "Tensor"),
        ("torch.ones(2).shape", "Size"),
        ("torch.float32", "dtype"),
        ("torch.ones(1).device", "device"),
        ("torch.ones(1).numpy()", "ndarray"),
        ("(torch.ones(1, requires_grad=True) * 2).grad_fn", "Node"),
        ("nn.Linear(1, 1)", "Module"),
        ("torch.Generator()", "Generator"),
        ("torch.no_grad()", "grad_mode"),
        ("3", None),
    ],
)
def test_kinds(made: str, kind: str | None) -> None:
    engine = NumpyEngine()
    assert engine.kind(run(OURS, f"result = {made}")["result"]) == kind


def test_a_new_engine_is_fresh() -> None:
    first = NumpyEngine()
    run(OURS, "torch.manual_seed(5)\ntorch.set_default_dtype(torch.float64)\ntorch.rand(3)")
    second = NumpyEngine()
    assert run(OURS, "result = torch.zeros(1)")["result"].array.dtype == np.float32
    with first.active():
        assert run(OURS, "result = torch.zeros(1)")["result"].array.dtype == np.float64
    assert second.is_grad_enabled()


def test_the_engine_does_not_load_torch() -> None:
    import subprocess

    code = (
        "import sys, backprop_tui.engines.numpy_engine.engine as e; e.NumpyEngine();"
        "print([m for m in ('torch', 'textual', 'rich', 'click') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
