"""What scripts do beside the computation: clocks run, progress counts, pictures are not drawn.

A ``Drawing`` stands for everything of matplotlib's: a module's function, a figure, rows of axes.
It takes any arguments and does nothing with them, and its attributes are the names of one table.
"""

from __future__ import annotations

import functools
import itertools
import math
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from backprop_tui.scenario.counted import Counted
from backprop_tui.scenario.records import Field
from backprop_tui.scenario.surface import MEMBERS, NAMESPACES
from backprop_tui.scenario.values import Builtin

if TYPE_CHECKING:
    from backprop_tui.scenario.runtime import Runtime

MISSING: Any = object()
#: Functions that give one thing in a list, and those whose result is taken apart.
IN_A_LIST = frozenset({"plot", "loglog", "semilogx", "semilogy", "fill"})
PARTS = {"hist": 3, "hist2d": 4, "xlim": 2, "ylim": 2, "get_xlim": 2, "get_ylim": 2, "xticks": 2}


class Drawing:
    """A picture that is not drawn; ``shape`` is that of an array of axes."""

    __slots__ = ("name", "shape")

    def __init__(self, name: str = "", shape: tuple[int, ...] = ()) -> None:
        self.name = name
        self.shape = shape

    def __call__(self, *args: Any, **options: Any) -> Any:
        if self.name == "subplots":
            given = dict(zip(("nrows", "ncols"), args, strict=False)) | options
            sizes = [given.get("nrows", 1), given.get("ncols", 1)]
            if not all(isinstance(n, int) and 0 < n < 1000 for n in sizes):
                raise ValueError(f"Number of rows and columns must be positive, not {sizes}")
            shape = tuple(n for n in sizes if n > 1 or given.get("squeeze") is False)
            return Drawing(), Drawing("axes", shape)
        if self.name in ("flatten", "ravel"):
            return Drawing("axes", (math.prod(self.shape),))
        if self.name in IN_A_LIST:
            return [Drawing()]
        return Drawing("", (PARTS[self.name],) if self.name in PARTS else ())

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("object of type 'Drawing' has no len()")
        return self.shape[0]

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Drawing]:
        return (Drawing("axes", self.shape[1:]) for _ in range(len(self)))

    def __getitem__(self, index: Any) -> Drawing:
        if self.name == "axes" and isinstance(index, int) and index >= len(self):
            raise IndexError(f"index {index} is out of bounds for axis 0 with size {self.shape[0]}")
        taken = len(index) if isinstance(index, tuple) else 1
        return Drawing("axes", self.shape[taken:])

    def __setitem__(self, index: Any, value: Any) -> None:
        """``plt.rcParams[…] = …``"""

    def __repr__(self) -> str:
        return f"<a drawing: {self.name or 'figure'}>"


def _attribute(name: str) -> property:
    if name == "flat":
        return property(lambda self: Drawing("axes", (math.prod(self.shape),)))
    return property(lambda self: Drawing(name, self.shape))


for _name in MEMBERS["Drawing"]:
    setattr(Drawing, _name, _attribute(_name))


class Progress:
    """``tqdm``: the elements of ``iterable``, counted; no bar is drawn."""

    def __init__(self, run: Runtime, iterable: Any, total: Any) -> None:
        self.run = run
        self.iterable = iterable
        self.total = run.total(iterable) if total is None and iterable is not None else total
        self.n: Any = 0

    def __iter__(self) -> Iterator[Any]:
        for item in self.iterable:
            self.run.meter.tick()
            yield item
            self.n += 1

    def __len__(self) -> int:
        return len(self.iterable) if self.iterable is not None else int(self.total or 0)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: object) -> None: ...

    def update(self, n: Any = 1) -> None:
        self.n += n

    def reset(self, total: Any = None) -> None:
        self.n = 0
        self.total = self.total if total is None else total

    def write(self, s: Any = "", end: str = "\n") -> None:
        self.run.builtins.print(s, end=end)

    def taken_in(self, *values: Any, **options: Any) -> None:
        """What only the bar would show."""

    set_description = set_description_str = set_postfix = set_postfix_str = taken_in
    refresh = close = taken_in


class ProgressType(Builtin):
    """The class ``tqdm``, which can write without an object of it."""

    __slots__ = ("begins", "run")

    def __init__(self, run: Runtime, begins: bool = False) -> None:
        super().__init__("tqdm.std.tqdm", Progress, self._make)
        self.run = run
        #: Whether it begins a walk of its own at once, as tqdm.auto's does: a DataLoader that
        #: shuffles draws a random number for every walk.
        self.begins = begins

    def _make(self, iterable: Any = None, desc: Any = None, total: Any = None, **_: Any) -> Any:
        if self.begins and iterable is not None and not isinstance(iterable, Iterator):
            iter(iterable)
        return Progress(self.run, iterable, total)

    def write(self, s: Any = "", end: str = "\n") -> None:
        """``tqdm.write``."""
        self.run.builtins.print(s, end=end)


def beside_names(run: Runtime) -> dict[str, dict[str, Any]]:
    """The names of these modules, for one run."""
    meter = run.meter

    def progress(begins: bool) -> dict[str, Any]:
        bar = ProgressType(run, begins)
        return {"tqdm": bar, "trange": lambda *ends, **options: bar(range(*ends), **options)}

    def lazily(function: Callable[..., Any], own: int | None = None) -> Callable[..., Any]:
        """``function`` over counted iterables (the first ``own`` of its arguments, or all)."""

        def over(*args: Any, **options: Any) -> Any:
            given = [
                Counted(iter(each), meter.tick) if own is None or number < own else each
                for number, each in enumerate(args)
            ]
            return Counted(function(*given, **options), meter.tick)

        return over

    def chosen(function: Callable[..., Any], own: int | None = None) -> Callable[..., Any]:
        """The same where all elements are kept at once."""

        def over(*args: Any, **options: Any) -> Any:
            given = [
                meter.listed(each) if own is None or number < own else each
                for number, each in enumerate(args)
            ]
            meter.length(math.prod((len(given), abs(int(options.get("repeat", 1))))))
            return Counted(function(*given, **options), meter.tick)

        return over

    def reduce(function: Any, iterable: Any, initial: Any = MISSING, /) -> Any:
        items = Counted(iter(iterable), meter.tick)
        if initial is MISSING:
            return functools.reduce(function, items)
        return functools.reduce(function, items, initial)

    def not_alone(cls: Any) -> Any:
        raise TypeError("dataclass() is written above a class: @dataclass")

    def sleep(secs: float) -> None:
        if secs < 0:
            raise ValueError("sleep length must be non-negative")

    drawings = {
        owner: {name: Drawing(name) for name in NAMESPACES[owner]}
        for owner in ("matplotlib", "matplotlib.pyplot")
    }
    return {
        **drawings,
        **{name: progress(name == "tqdm.auto") for name in ("tqdm", "tqdm.auto", "tqdm.notebook")},
        "time": {
            "time": time.time,
            "perf_counter": time.perf_counter,
            "monotonic": time.monotonic,
            "process_time": time.process_time,
            "sleep": sleep,
        },
        "itertools": {
            "product": chosen(itertools.product),
            "combinations": chosen(itertools.combinations, 1),
            "permutations": chosen(itertools.permutations, 1),
            "chain": lazily(itertools.chain),
            "islice": lazily(itertools.islice, 1),
            "cycle": lazily(itertools.cycle),
            "count": lazily(itertools.count, 0),
            "repeat": lazily(itertools.repeat, 0),
            "accumulate": lazily(itertools.accumulate, 1),
            "pairwise": lazily(itertools.pairwise),
            "zip_longest": lazily(itertools.zip_longest),
        },
        "dataclasses": {"dataclass": not_alone, "field": Field},
        "functools": {"partial": functools.partial, "reduce": reduce},
    }
