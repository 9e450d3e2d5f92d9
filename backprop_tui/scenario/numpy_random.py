"""NumPy's random numbers in a scenario: the module's own, ``default_rng``, ``RandomState``.

All three are one stream of numbers behind functions that look at their arguments first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from backprop_tui.scenario.values import Problem

if TYPE_CHECKING:
    from backprop_tui.scenario.numpy_names import NumpyNames

#: Functions that take numbers and a size, and how many numbers come before it.
SIZED = {
    "random": 0, "random_sample": 0, "standard_normal": 0, "exponential": 1, "poisson": 1,
    "uniform": 2, "normal": 2, "randint": 2, "integers": 2, "binomial": 2,
}  # fmt: skip


class Stream:
    """A stream of random numbers, and the functions that draw from it."""

    def __init__(self, names: NumpyNames, source: Any) -> None:
        self._names = names
        self._source = source
        for name, bounds in SIZED.items():
            function = getattr(source, name, None)
            if function is not None:
                setattr(self, name, names.sized(function, bounds))

    def choice(self, a: Any, size: Any = None, replace: bool = True, p: Any = None) -> Any:
        """Some of the elements of ``a``, or of 0 … a − 1."""
        names, meter = self._names, self._names.meter
        numbers = a if isinstance(a, int) else names.numbers(a)
        meter.size(numbers if isinstance(a, int) else np.size(numbers))
        shape = None if size is None else names.shape(size)
        weights = None if p is None else names.numbers(p)
        return self._source.choice(numbers, shape, bool(replace), weights)

    def permutation(self, x: Any) -> Any:
        """The elements of ``x``, or 0 … x − 1, in another order."""
        if isinstance(x, int):
            self._names.meter.size(x)
        return self._source.permutation(x if isinstance(x, int) else self._names.numbers(x))

    def shuffle(self, x: Any) -> None:
        """The elements of ``x`` in another order, in place."""
        self._names.meter.tick(len(x))
        self._source.shuffle(x)


class RandomGenerator(Stream):
    """``np.random.default_rng(seed)``."""


class RandomState(Stream):
    """``np.random.RandomState(seed)``, and what ``np.random`` itself draws from."""

    def __init__(self, names: NumpyNames, source: np.random.RandomState) -> None:
        super().__init__(names, source)
        self.seed = source.seed
        self.rand = names.drawn(source.rand)
        self.randn = names.drawn(source.randn)


def seeded(seed: Any) -> int:
    """The seed, which must be a number; without one the numbers are the same in every run."""
    if seed is None:
        return 0
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise Problem("TypeError", "the seed of random numbers is a whole number in a scenario")
    return int(seed)


def random_names(names: NumpyNames) -> dict[str, Any]:
    """What stands under ``np.random``."""
    own = RandomState(names, np.random.RandomState(0))
    table = "seed random standard_normal choice rand randn uniform normal randint permutation"
    return {
        **{name: getattr(own, name) for name in (*table.split(), "shuffle")},
        "default_rng": lambda seed=None: RandomGenerator(
            names, np.random.default_rng(seeded(seed))
        ),
        "RandomState": lambda seed=None: RandomState(names, np.random.RandomState(seeded(seed))),
    }
