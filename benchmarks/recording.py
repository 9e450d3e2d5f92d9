"""Recording on the NumPy engine: steps a second and bytes a step for Net(2,4,1), batch 1.

The aims: at least 5,000 recorded steps a second, interpreter included; at most 2 kB a step.
"""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path
from statistics import median
from time import perf_counter

from backprop_tui.session import Session

SCENARIO = Path(__file__).parent / "xor_long.py"
RUNS = 5


def speed() -> tuple[float, int]:
    session = Session.open(SCENARIO)
    start = perf_counter()
    trace = session.complete()
    assert session.error is None, session.error
    return len(trace) / (perf_counter() - start), len(trace)


def memory() -> float:
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    session = Session.open(SCENARIO)
    trace = session.complete()
    del session
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / len(trace)


def main() -> None:
    speed()
    rates = [speed() for _ in range(RUNS)]
    print(
        f"{rates[0][1]} steps; {median(rate for rate, _ in rates):,.0f} steps a second (aim: 5,000)"
    )
    print(f"{memory():,.0f} bytes a step (aim: at most 2,000)")


if __name__ == "__main__":
    main()
