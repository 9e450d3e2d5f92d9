"""torch's further functions: both engines film them alike, step for step, and refuse alike."""

from __future__ import annotations

import pytest
from both import in_python
from op_samples import SAMPLES
from same_text import difference
from test_ops import INPUTS
from test_torch_engine import HEAD, differs, record

from backprop_tui.trace.steps import Output

#: The vectors of a decomposition are known up to their sign, and two libraries choose their own.
UP_TO_SIGN = ("svd", "norm(x, 2)", "'nuc'")
CASES = [
    (name, sample)
    for name, samples in SAMPLES.items()
    for sample in samples
    if not any(part in sample for part in UP_TO_SIGN)
]
GIVEN = "f = torch.float32\n" + "\n".join(f"{name} = {made}" for name, made in INPUTS.items())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "sample"), CASES)
def test_both_engines_tell_the_same(name: str, sample: str) -> None:
    program = f"{GIVEN}\ny = {sample}\nif y.requires_grad:\n    (y * y).sum().backward()\n"
    assert differs(program) is None


PROGRAMS = {
    "sequences padded": """
v = torch.randn(3, requires_grad=True)
w = torch.randn(5, requires_grad=True)
a = nn.utils.rnn.pad_sequence([v * 1, w * 2])
b = nn.utils.rnn.pad_sequence([v, w], batch_first=True, padding_value=-1.0)
(a.sum() + (b ** 2).sum()).backward()
""",
    "numbers drawn in place": """
torch.manual_seed(3)
a = torch.zeros(4).bernoulli_(0.3)
b = torch.zeros(4).random_(0, 7)
c = torch.zeros(20).exponential_(2.0)
d = torch.randint_like(a, 3, 9)
e = torch.logspace(0, 2, 5)
print(a, b, c, d, e, torch.logspace(-2, 1, 7, base=2))
""",
    "written in place": """
x = torch.zeros(2, 3)
x.scatter_(1, torch.tensor([[0], [1]]), 1.0)
x.index_add_(0, torch.tensor([0, 0]), torch.ones(2, 3))
x.index_fill_(1, torch.tensor([2]), 7.0)
x.masked_scatter_(x > 1, torch.arange(6.0))
x.index_copy_(0, torch.tensor([1]), torch.ones(1, 3))
x.scatter_add_(0, torch.tensor([[1, 0, 1]]), torch.ones(1, 3))
x.addcmul_(x, x, value=0.5).addcdiv_(x, x + 9).lerp_(torch.ones(2, 3), 0.9)
x.sin_().cos_().square_().cumsum_(0).clip_(0, 1).sub_(1).remainder_(0.3).fmod_(0.2).trunc_()
x.addmm_(torch.ones(2, 2), torch.ones(2, 3), beta=2).tril_().nan_to_num_().eq_(0)
print(x)
""",
    "written into what has a history": """
x = torch.arange(6.0).view(2, 3).requires_grad_()
a = x * 1
a.scatter_(1, torch.tensor([[0], [1]]), 5.0)
a.index_fill_(1, torch.tensor([2]), 7.0).lerp_(x, 0.5).addcmul_(x, x)
a.sum().backward()
""",
    "grids": """
g = torch.meshgrid(torch.arange(3.0), torch.arange(2.0), indexing="ij")
h = torch.meshgrid(torch.arange(3.0), torch.arange(2.0), indexing="xy")
p = torch.stack(g, -1).reshape(-1, 2)
print(torch.cartesian_prod(torch.tensor([1, 2]), torch.tensor([3, 4])), p)
print(torch.combinations(torch.tensor([1.0, 2.0, 3.0])), torch.tril_indices(3, 3))
""",
    "counts": """
x = torch.tensor([3, 1, 1, 2])
print(torch.unique(x), x.unique(return_counts=True), torch.bincount(x), torch.nonzero(x > 1))
print((x > 1).nonzero(as_tuple=True), torch.argwhere(x == 1), torch.unique_consecutive(x))
print(torch.isin(x, torch.tensor([1, 2])), torch.median(x.float()), torch.mode(x))
print(x.float().quantile(0.5), torch.histc(x.float(), 3), x.float().aminmax())
""",
    "linear algebra": """
x = torch.tensor([[3.0, 1.0], [1.0, 2.0]])
print(torch.linalg.inv(x), torch.det(x), torch.linalg.solve(x, torch.ones(2)))
print(torch.linalg.norm(x), torch.slogdet(x), torch.linalg.matrix_rank(x), torch.linalg.cond(x))
print(torch.linalg.cholesky(x), torch.linalg.eigh(x), torch.linalg.matrix_power(x, 5))
print(torch.linalg.multi_dot([x, x, torch.ones(2, 1)]), torch.linalg.norm(x, 1), x.trace())
""",
    "k-means": """
torch.manual_seed(0)
x = torch.randn(8, 3)
c = torch.randn(4, 3, requires_grad=True)
d = torch.cdist(x, c)
near = d.argmin(1)
d.min(1).values.sum().backward()
n = torch.bincount(near, minlength=4)
m = torch.zeros(4, 3).index_add(0, near, x) / n.clamp(min=1)[:, None]
print(near, m)
""",
    "samples that vary together": """
x = torch.randn(3, 5, requires_grad=True)
(torch.cov(x).sum() + torch.corrcoef(x).sum()).backward()
y = torch.randn(5)
print(torch.cov(y), y.cov(correction=0), torch.corrcoef(y))
print(torch.cosine_similarity(x.detach(), torch.ones(3, 5)))
print(torch.unravel_index(torch.tensor([4, 2]), (2, 3)), torch.is_nonzero(torch.tensor(1)))
""",
    "a diffusion's noise": """
b = torch.linspace(1e-4, 0.02, 10)
a = torch.cumprod(1 - b, 0)
before = torch.roll(a, 1)
before[0] = 1.0
t = torch.randint(0, 10, (4,))
print(a.gather(0, t), before)
""",
    "products of every kind": """
x = torch.randn(3, 4, requires_grad=True)
y = torch.inner(x, x).trace() + torch.kron(x, x).sum() + torch.tensordot(x, x, ([0, 1], [0, 1]))
z = torch.tensordot(x, x.detach().t(), 1).sum() + torch.tensordot(x[:1], x[:1], 2)
(y + z + torch.vdot(x[0], x[1])).backward()
""",
    "taken apart and put together": """
x = torch.randn(3, 4, requires_grad=True)
y = x.diff().abs().sum() + x.take_along_dim(x.argsort(1), 1).sum()
y = y + x.tensor_split(2, 1)[1].sum() + torch.hstack(x.hsplit(2)).sum()
y = y + torch.dstack([x, x]).sum() + torch.column_stack([x[:, 0], x]).sum()
y.backward()
""",
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_programs_are_told_alike(program: str) -> None:
    ours, theirs = record(program, "numpy")[1], record(program, "torch")[1]
    assert ours == theirs == ""
    assert differs(program) is None


REFUSED = [
    "torch.zeros(2, 3).scatter(1, torch.tensor([[3], [1]]), 1.0)",
    "torch.cdist(torch.ones(2, 3), torch.ones(2, 2))",
    "torch.diag(torch.ones(1, 1, 1))",
    "torch.roll(torch.ones(3), (1, 2))",
    "torch.ones(3).unfold(0, 4, 1)",
    "torch.bincount(torch.tensor([1.0, 2.0]))",
    "torch.bincount(torch.tensor([-1]))",
    "torch.quantile(torch.ones(3), 1.5)",
    "torch.linalg.inv(torch.ones(2, 3))",
    "torch.cumprod(torch.ones(3), 2)",
    "torch.lerp(torch.ones(3), torch.ones(3).double(), 0.5)",
    "torch.trace(torch.ones(3))",
    "torch.kthvalue(torch.ones(3), 4)",
    "torch.tensordot(torch.ones(2, 3), torch.ones(2, 3), 1)",
    "torch.take_along_dim(torch.ones(2, 3), torch.tensor([0]), 1)",
    "torch.linalg.solve(torch.eye(2), torch.ones(3))",
    "torch.histc(torch.ones(3).long())",
    "torch.linalg.multi_dot([torch.ones(2)])",
    "torch.masked_scatter(torch.zeros(3), torch.ones(3) > 0, torch.ones(2))",
    "torch.block_diag(torch.ones(1, 1, 1))",
    "torch.linalg.cross(torch.ones(2), torch.ones(2))",
    "torch.tensor([1, 2]).fmod(0)",
    "torch.dist(torch.ones(2), torch.ones(3))",
    "torch.rot90(torch.ones(3))",
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("line", REFUSED)
def test_refused_in_pytorchs_words(line: str) -> None:
    assert differs(f"y = {line}\n") is None
    assert record(f"y = {line}\n", "numpy")[1]


#: PyTorch computes something first, whose numbers mean nothing, and then refuses it.
SINGULAR = [
    "torch.linalg.inv(torch.tensor([[1.0, 2.0], [2.0, 4.0]]))",
    "torch.linalg.solve(torch.tensor([[1.0, 2.0], [2.0, 4.0]]), torch.ones(2))",
    "torch.linalg.cholesky(torch.tensor([[1.0, 2.0], [2.0, 1.0]]))",
    "torch.inverse(torch.zeros(2, 3, 3))",
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("line", SINGULAR)
def test_singular_matrices_are_refused_in_pytorchs_words(line: str) -> None:
    error = record(f"y = {line}\n", "numpy")[1]
    assert error
    assert error == record(f"y = {line}\n", "torch")[1]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_programs_print_what_python_prints(program: str) -> None:
    text, error, *_ = in_python(HEAD + program)
    assert not error
    trace, _ = record("torch.manual_seed(0)\n" + program, "numpy")
    printed = "".join(step.text for step in trace if isinstance(step, Output))
    assert difference(printed, text) is None
