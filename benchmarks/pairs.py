"""One scenario run by turns in this process: interpreted on the NumPy engine, and by PyTorch.

What is timed is the program from its first statement to its last. Interpreting is inside, as are
the budgets' counters; importing torch and NumPy, reading, parsing and checking the file are not.
Nobody listens: this is what ``backprop-tui run`` does, and ``python`` with the same file.
"""

from __future__ import annotations

import gc
import io
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import torch

from backprop_tui.scenario.interpreter import Interpreter
from backprop_tui.scenario.library import find
from backprop_tui.scenario.loader import Scenario, load
from backprop_tui.session import make_engine

Run = Callable[[], float]


def changed(name: str, before: str, after: str) -> str:
    """The text of a bundled scenario with one change, which must be possible."""
    text = Path(find(name)).read_text(encoding="utf-8")
    if text.count(before) != 1:
        raise RuntimeError(f"{before!r} is in {name} {text.count(before)} times, not once")
    return text.replace(before, after)


def loaded(text: str) -> Scenario:
    """A scenario of this text."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "scenario.py"
        file.write_text(text, encoding="utf-8")
        return load(file)


def interpreted(text: str) -> Run:
    """Seconds that the text takes as a scenario on the NumPy engine."""
    scenario = loaded(text)

    def run() -> float:
        engine = make_engine("numpy", "cpu")
        interpreter = Interpreter(scenario, engine, write=io.StringIO().write)
        start = perf_counter()
        interpreter.run()
        return perf_counter() - start

    return run


def executed(text: str) -> Run:
    """Seconds that the text takes as a plain Python program on PyTorch."""
    code = compile(text, "scenario.py", "exec")

    def run() -> float:
        torch.manual_seed(0)
        with redirect_stdout(io.StringIO()):
            start = perf_counter()
            exec(code, {"__name__": "__main__"})
            return perf_counter() - start

    return run


def by_turns(runs: Sequence[Run], rounds: int) -> list[list[float]]:
    """The seconds of each round, for each of ``runs``; a first round is not counted.

    What was imported is kept from the garbage collector: none has to walk the others' modules.
    """
    gc.collect()
    gc.freeze()
    rows = [[run() for run in runs] for _ in range(rounds + 1)][1:]
    return [list(column) for column in zip(*rows, strict=True)]


def ratio(ours: list[float], theirs: list[float]) -> str:
    """How many times as long as theirs ours took: the median of the pairs, and of the minima."""
    pairs = median(a / b for a, b in zip(ours, theirs, strict=True))
    return f"{pairs:.2f} (of the fastest runs {min(ours) / min(theirs):.2f})"
