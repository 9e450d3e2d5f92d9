"""NumPy's random numbers in a scenario: its own, drawn alike, and within the budget."""

from __future__ import annotations

import pytest
from both import PRELUDE, in_ours, in_python

DRAWN = [
    "rng = np.random.default_rng(42)\nprint(rng.normal(size=(3, 2)), rng.uniform(-1, 1, 4))",
    "rng = np.random.default_rng(7)\nprint(rng.integers(0, 10, size=5), rng.integers(3))",
    "rng = np.random.default_rng(1)\nprint(rng.random(), rng.standard_normal(3), rng.random(2))",
    "rng = np.random.default_rng(2)\nprint(rng.choice(5, 3, replace=False), rng.permutation(4))",
    "rng = np.random.default_rng(3)\na = [1, 2, 3, 4]\nrng.shuffle(a)\nprint(a)",
    "rng = np.random.default_rng(4)\nprint(rng.exponential(2.0, 2), rng.poisson(3, 4))",
    "r = np.random.default_rng(5)\nprint(r.binomial(9, 0.3, 3), r.choice([1, 2], p=[0.2, 0.8]))",
    "r = np.random.RandomState(7)\nprint(r.randn(2, 3), r.rand(2), r.randint(0, 5, 3))",
    "r = np.random.RandomState(8)\nprint(r.choice([1, 2], 2), r.normal(0, 1, 3), r.permutation(3))",
    "np.random.seed(3)\nr = np.random.RandomState(3)\nprint(np.random.randn(2), r.randn(2))",
    "rng = np.random.default_rng(0)\nprint(torch.from_numpy(rng.normal(size=(2, 2))))",
]


@pytest.mark.parametrize("program", DRAWN)
def test_drawn_as_numpy_draws(program: str) -> None:
    expected = in_python(PRELUDE + program)
    assert not expected[1]
    assert in_ours(PRELUDE + program) == expected


REFUSED = {
    "np.random.default_rng(0).normal(size=(10**9,))": "over budget",
    "np.random.default_rng(0).choice(10**12)": "over budget",
    "np.random.RandomState(0).rand(10**5, 10**5)": "over budget",
    "np.random.default_rng(0).bit_generator": "no value has an attribute",
    "np.random.default_rng(0)._source": "names that begin with _",
    "np.random.default_rng('a')": "a whole number",
}


@pytest.mark.parametrize(("line", "words"), REFUSED.items())
def test_what_leads_astray_is_refused(line: str, words: str) -> None:
    assert words in in_ours(f"{PRELUDE}z = {line}\n")[2]
