"""Random numbers equal PyTorch's, and after every draw the two streams stand at the same place."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import backprop_tui.engines.numpy_engine.random as R
from backprop_tui.engines.numpy_engine import dtypes
from backprop_tui.engines.numpy_engine.creation import tensor
from backprop_tui.engines.numpy_engine.engine import NumpyEngine
from backprop_tui.engines.numpy_engine.generator import DEFAULT_SEED, Generator

#: Box-Muller in blocks runs on PyTorch's own float32 logarithm, sine and cosine.
NORMAL_BLOCK_TOLERANCE = {"float32": 1e-6, "float64": 1e-14}
SIZES = [(), (0,), (1,), (2,), (5,), (15,), (16,), (17,), (31,), (32,), (33,), (100,), (4, 7)]
SEEDS = [0, 1, 42, 2**32 - 1, 2**32 + 5, -3]


def same(ours: np.ndarray, theirs: torch.Tensor, tolerance: float = 0.0) -> None:
    expected = theirs.numpy()
    assert (ours.shape, ours.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=tolerance)


def streams(seed: int) -> tuple[Generator, torch.Generator]:
    return Generator().manual_seed(seed), torch.Generator().manual_seed(seed)


def same_place(ours: Generator, theirs: torch.Generator) -> None:
    same(ours.uniform((3,)), torch.rand(3, generator=theirs))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SIZES, ids=str)
@pytest.mark.parametrize("seed", SEEDS)
def test_rand(seed: int, shape: tuple[int, ...], dtype: str) -> None:
    ours, theirs = streams(seed)
    same(
        ours.uniform(shape, dtype=dtype),
        torch.rand(shape, generator=theirs, dtype=getattr(torch, dtype)),
    )
    same_place(ours, theirs)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SIZES, ids=str)
@pytest.mark.parametrize("seed", SEEDS)
def test_randn(seed: int, shape: tuple[int, ...], dtype: str) -> None:
    ours, theirs = streams(seed)
    tolerance = NORMAL_BLOCK_TOLERANCE[dtype] if np.prod(shape) >= 16 else 0.0
    same(
        ours.normal(shape, dtype=dtype),
        torch.randn(shape, generator=theirs, dtype=getattr(torch, dtype)),
        tolerance,
    )
    same_place(ours, theirs)


@pytest.mark.parametrize("bounds", [(0, 1), (-0.5, 0.5), (-1 / 3**0.5, 1 / 3**0.5), (2, 9.7)])
def test_uniform_between_bounds(bounds: tuple[float, float]) -> None:
    ours, theirs = streams(3)
    same(ours.uniform((2000,), *bounds), torch.empty(2000).uniform_(*bounds, generator=theirs))
    double = torch.empty(200, dtype=torch.float64).uniform_(*bounds, generator=theirs)
    same(ours.uniform((200,), *bounds, dtype="float64"), double, 2e-15)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("count", "replacement"), [(1, False), (3, False), (1, True), (9, True)])
@pytest.mark.parametrize("shape", [(5,), (4, 6)], ids=str)
def test_multinomial(shape: tuple[int, ...], count: int, replacement: bool, dtype: str) -> None:
    ours, theirs = streams(6)
    weights = torch.arange(1, 1 + int(np.prod(shape)), dtype=getattr(torch, dtype)).view(shape)
    drawn = torch.multinomial(weights, count, replacement, generator=theirs)
    same(ours.multinomial(weights.numpy(), count, replacement), drawn)


@pytest.mark.parametrize("size", [3, 40])
def test_normal_with_mean_and_std(size: int) -> None:
    ours, theirs = streams(3)
    same(ours.normal((size,), 2.0, 0.1), torch.empty(size).normal_(2, 0.1, generator=theirs), 1e-6)


@pytest.mark.parametrize(
    "bounds", [(0, 2), (-5, 5), (0, 2**28 - 1), (0, 2**28), (7, 2**33), (-(2**40), 2**40)]
)
def test_randint(bounds: tuple[int, int]) -> None:
    ours, theirs = streams(5)
    same(ours.randint(*bounds, (2, 9)), torch.randint(*bounds, (2, 9), generator=theirs))
    same_place(ours, theirs)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 10, 100, 1000, 20000])
def test_randperm(n: int) -> None:
    ours, theirs = streams(5)
    same(ours.randperm(n), torch.randperm(n, generator=theirs))
    same_place(ours, theirs)


@pytest.mark.parametrize("p", [0.0, 0.25, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("size", [1, 7, 64, 500])
def test_bernoulli(p: float, size: int) -> None:
    ours, theirs = streams(5)
    same(
        ours.bernoulli((size,), p),
        torch.empty(size, dtype=torch.bool).bernoulli_(p, generator=theirs),
    )
    same_place(ours, theirs)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bernoulli_of_probabilities(dtype: str) -> None:
    ours, theirs = streams(5)
    probabilities = np.linspace(0, 1, 300).astype(dtype)
    same(
        ours.bernoulli_of(probabilities),
        torch.bernoulli(torch.tensor(probabilities), generator=theirs),
    )
    same_place(ours, theirs)


def test_a_seed_for_another_stream() -> None:
    ours, theirs = streams(5)
    drawn = torch.empty((), dtype=torch.int64).random_(generator=theirs).item()
    assert ours.random_seed() == drawn
    same_place(ours, theirs)


def test_a_new_seed_forgets_the_kept_half_of_a_pair() -> None:
    ours, theirs = streams(1)
    for seed in (1, 2):
        ours.normal((1,)), torch.randn(1, generator=theirs)
        ours.manual_seed(seed), theirs.manual_seed(seed)
        same(ours.normal((3,)), torch.randn(3, generator=theirs))


DRAWS = {
    "rand": (lambda g, n: g.uniform((n,)), lambda g, n: torch.rand(n, generator=g)),
    "rand64": (
        lambda g, n: g.uniform((n,), dtype="float64"),
        lambda g, n: torch.rand(n, generator=g, dtype=torch.float64),
    ),
    "randn": (lambda g, n: g.normal((n,)), lambda g, n: torch.randn(n, generator=g)),
    "randint": (
        lambda g, n: g.randint(0, 10, (n,)),
        lambda g, n: torch.randint(0, 10, (n,), generator=g),
    ),
    "randperm": (lambda g, n: g.randperm(n), lambda g, n: torch.randperm(n, generator=g)),
    "bernoulli": (
        lambda g, n: g.bernoulli((n,), 0.3),
        lambda g, n: torch.empty(n, dtype=torch.bool).bernoulli_(0.3, generator=g),
    ),
}


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 2**64 - 1),
    st.lists(st.tuples(st.sampled_from(sorted(DRAWS)), st.integers(0, 40)), max_size=12),
)
def test_any_sequence_of_draws(seed: int, draws: list[tuple[str, int]]) -> None:
    ours, theirs = streams(seed)
    for name, size in draws:
        mine, torchs = DRAWS[name]
        same(mine(ours, size), torchs(theirs, size), 1e-6 if name == "randn" else 0.0)


def test_the_seed_is_told() -> None:
    assert Generator().initial_seed() == DEFAULT_SEED == torch.Generator().initial_seed()
    for seed in SEEDS:
        ours, theirs = streams(seed)
        assert ours.initial_seed() == theirs.initial_seed()


@pytest.mark.parametrize(
    ("mine", "torchs"),
    [
        (lambda g: g.randperm(-1), lambda: torch.randperm(-1)),
        (lambda g: g.randint(5, 5, (2,)), lambda: torch.randint(5, 5, (2,))),
        (lambda g: g.bernoulli((3,), 1.5), lambda: torch.empty(3).bernoulli_(1.5)),
        (lambda g: g.bernoulli_of(np.float32([2])), lambda: torch.bernoulli(torch.tensor([2.0]))),
        (lambda g: g.normal((3,), 0, -1.5), lambda: torch.empty(3).normal_(0, -1.5)),
        (lambda g: g.uniform((3,), 2, 1), lambda: torch.empty(3).uniform_(2, 1)),
        (lambda g: g.manual_seed(2**64), lambda: torch.Generator().manual_seed(2**64)),
    ],
    ids=["randperm", "randint", "bernoulli_", "bernoulli", "normal_", "uniform_", "seed"],
)
def test_errors_in_torchs_words(mine: object, torchs: object) -> None:
    with pytest.raises((RuntimeError, ValueError)) as expected:
        torchs()
    with pytest.raises(Exception) as raised:  # noqa: PT011
        mine(Generator())
    assert str(expected.value).startswith(str(raised.value))


NAMED = {
    "rand": lambda t: t.rand(2, 3),
    "rand of a list": lambda t: t.rand([2, 3]),
    "rand, no dimensions": lambda t: t.rand(()),
    "randn": lambda t: t.randn(5, requires_grad=True),
    "rand float64": lambda t: t.rand(3, dtype=t.float64),
    "randint": lambda t: t.randint(10, (4,)),
    "randint between": lambda t: t.randint(-3, 10, (4, 2)),
    "randint named": lambda t: t.randint(low=2, high=9, size=(4,)),
    "randint as float": lambda t: t.randint(0, 9, (4,), dtype=t.float32),
    "randperm": lambda t: t.randperm(9),
    "bernoulli": lambda t: t.bernoulli(t.tensor([0.2, 0.5, 0.9])),
    "bernoulli with p": lambda t: t.bernoulli(t.tensor([0.2, 0.5, 0.9]), 0.5),
    "normal": lambda t: t.normal(1.0, 2.0, (3,)),
    "normal of means": lambda t: t.normal(t.tensor([1.0, 2.0, 3.0]), 0.5),
    "normal of deviations": lambda t: t.normal(1.0, t.tensor([1.0, 2.0, 3.0])),
    "normal of both": lambda t: t.normal(t.tensor([1.0, 2.0]), t.tensor([3.0, 4.0])),
    "rand_like": lambda t: t.rand_like(t.tensor([[1.0, 2.0]])),
    "randn_like": lambda t: t.randn_like(t.tensor([[1.0, 2.0]])),
}


OURS = SimpleNamespace(
    **{name: getattr(R, name) for name in R.__all__}, **dtypes.NAMES, tensor=tensor
)


@pytest.mark.parametrize("name", NAMED)
def test_named_draws(name: str) -> None:
    with NumpyEngine().active():
        R.manual_seed(3), torch.manual_seed(3)
        mine, theirs = NAMED[name](OURS), NAMED[name](torch)
        same(mine.array, theirs.detach(), 1e-6 if "normal" in name else 0.0)
        assert mine.requires_grad == theirs.requires_grad
        same(R.rand(3).array, torch.rand(3))


def test_every_engine_draws_for_itself() -> None:
    first, second = NumpyEngine(), NumpyEngine()
    with first.active():
        R.manual_seed(1)
    with second.active():
        R.manual_seed(1)
        R.rand(5)
    with first.active():
        same(R.rand(2).array, torch.rand(2, generator=torch.Generator().manual_seed(1)))


def test_room_is_asked_for_before_the_draw() -> None:
    engine = NumpyEngine()
    asked = []
    engine.allocate = lambda shape, itemsize: asked.append(shape)
    with engine.active():
        R.rand(2, 3), R.randn(4), R.randint(9, (5,)), R.randperm(6), R.normal(0.0, 1.0, (7,))
    assert asked == [(2, 3), (4,), (5,), (6,), (7,)]


def test_whole_numbers_have_no_uniform_draws() -> None:
    with pytest.raises(NotImplementedError) as expected:
        torch.rand(3, dtype=torch.int64)
    with pytest.raises(NotImplementedError) as raised:
        R.rand(3, dtype=dtypes.int64)
    assert str(raised.value) == str(expected.value)
