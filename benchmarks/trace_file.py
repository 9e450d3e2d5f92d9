"""A trace file of 200,000 steps: how fast it is written, opened and looked at, and how large it is.

    python benchmarks/trace_file.py [STEPS] [FILE]

A long training of Net(2,4,1), batch 1, is recorded into a file as it runs; then fresh processes
open the file and build the frame of a step near its beginning, middle and end.
"""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

PROGRAM = """
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1), nn.Sigmoid())
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
points = [([0.0, 0.0], 0.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 0.0)]
for epoch in range(100000):
    for point, label in points:
        x, y = torch.tensor([point]), torch.tensor([[label]])
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
"""

LOOK = """
import resource, sys
from time import perf_counter
import numpy
from backprop_tui.tui.film import Film
from backprop_tui.session import StoredSession
from backprop_tui.view.types import Sizes
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = perf_counter()
film = Film(StoredSession(sys.argv[1]))
opened = perf_counter()
film.go(int(sys.argv[2]))
film.frame(Sizes())
shown = perf_counter()
film.step(1)
film.frame(Sizes())
stepped = perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(f"open {(opened - start) * 1e3:6.1f} ms   first frame {(shown - opened) * 1e3:6.1f} ms   "
      f"next step {(stepped - shown) * 1e3:5.1f} ms   memory +{(peak - before) / 1024:.0f} MB")
"""


def record(steps: int, path: Path) -> None:
    from backprop_tui.scenario.limits import Budget
    from backprop_tui.session import Session
    from backprop_tui.trace.file import WritingTrace

    session = Session.of_text(PROGRAM, budget=Budget(steps=steps, work=10**12))
    start, busy = perf_counter(), process_time()
    whole = session.complete()
    alone, alone_busy = perf_counter() - start, process_time() - busy
    gc.collect()
    gc.freeze()
    start, busy = perf_counter(), process_time()
    with WritingTrace(path, whole.program, whole.engine) as writing:
        for step in whole:
            writing.append(step)
        added = perf_counter() - start
    took, took_busy = perf_counter() - start, process_time() - busy
    size = path.stat().st_size
    print(f"{len(whole)} steps, recorded in memory in {alone:.1f} s")
    rate = f"{len(whole) / took:,.0f} steps/s, {size / len(whole):.0f} B a step"
    print(f"written in {took:.1f} s: {rate}")
    print(f"(whoever records waited {added:.1f} s of it)")
    print(
        f"processor time: {took_busy / len(whole) * 1e6:.1f} us a step, "
        f"{took_busy / alone_busy:.2f} times what recording in memory took"
    )


def main() -> None:
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(folder) / "long.trace"
        if not path.exists():
            subprocess.run(
                [sys.executable, __file__, "--record", str(steps), str(path)], check=True
            )
        for index in (5, steps // 2, steps - 1):
            print(f"step {index:>7}:  ", end="", flush=True)
            subprocess.run([sys.executable, "-c", LOOK, str(path), str(index)], check=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--record"]:
        record(int(sys.argv[2]), Path(sys.argv[3]))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"peak memory {peak / 1024:.0f} MB")
    else:
        main()
