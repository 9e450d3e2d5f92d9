"""Recording PyTorch: an iteration with every step recorded, against the same iteration plain.

Timed by turns in one process, the fastest of a few iterations each turn; in the first two what was
captured is decoded after every iteration. Ratios are medians of the turns, plain = 1:

    capture   references on a tape: what the program waits for at each operation
    + decode  and the telling of it to a listener that keeps nothing
    record()  capture, places in the source, names: what the program waits for while it runs
    all told  the mean iteration of a longer run from before record() to after it: decoded in
              batches meanwhile, the steps kept in memory, Python's collector included

TorchLens, if it is installed, logs a forward; what that adds is beside what ours adds to the same
forward, each by its fastest run. Memory is the highest resident set of a process that recorded one
iteration and kept it, less that of one that did not (Linux). With a GPU all is repeated there, the
device waited for.
"""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import torch
from torch import nn

import backprop_tui
from backprop_tui.engines.promise import given
from backprop_tui.engines.torch_engine.watch import Watch

Step = Callable[[], None]
MANY = 1 << 40
#: How many iterations are timed in one turn; the fastest counts.
REPEATED = 5
#: How many the longer run has.
RUN = {"mlp": 100, "small_cnn": 20, "cnn": 6}


class Nobody:
    """Is told everything and keeps nothing."""

    def place(self) -> object:
        return None

    def at(self, place: object) -> None:
        pass

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


class Keeper(Nobody):
    """Keeps the numbers of all activations and gradients, or what promises them."""

    def __init__(self) -> None:
        self.arrays: dict[int, Any] = {}

    def _keep(self, array: Any) -> None:
        if array is not None:
            self.arrays[id(array)] = array

    def forward(self, op: Any, inputs: Any, attrs: Any, outputs: Any, *_: Any) -> None:
        for output in outputs:
            self._keep(given(output, "data"))

    def backward(self, node: Any, incoming: Any, outgoing: Any) -> None:
        for array in incoming:
            self._keep(array)
        for one in outgoing:
            for name in () if one is None else ("grad", "unreduced", "after"):
                self._keep(given(one, name))

    def accumulate(self, tensor: Any, node: Any, incoming: Any, before: Any, after: Any) -> None:
        self._keep(incoming)
        self._keep(after)

    def nbytes(self) -> int:
        return sum(array.nbytes for array in self.arrays.values())


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))


def small_cnn() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(400, 10),
    )  # fmt: skip


def cnn() -> nn.Module:
    """The net of PyTorch's MNIST example, without its dropout."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Linear(128, 10),
    )  # fmt: skip


def made(name: str, device: str) -> tuple[nn.Module, torch.Tensor, Step]:
    """A net, its input, and one iteration of its training."""
    torch.manual_seed(0)
    batch = {"mlp": 4, "small_cnn": 64, "cnn": 64}[name] * (4 if device == "cuda" else 1)
    net = {"mlp": mlp, "small_cnn": small_cnn, "cnn": cnn}[name]().to(device)
    if name == "mlp":
        x, y = torch.rand(batch, 2, device=device), torch.rand(batch, 1, device=device)
        loss_of: Any = nn.MSELoss()
    else:
        x = torch.rand(batch, 1, 28, 28, device=device)
        y = torch.randint(0, 10, (batch,), device=device)
        loss_of = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)

    def step() -> None:
        optimizer.zero_grad()
        loss = loss_of(net(x), y)
        loss.backward()
        optimizer.step()
        if device == "cuda":
            torch.cuda.synchronize()

    return net, x, step


def seconds(step: Step) -> float:
    start = perf_counter()
    step()
    return perf_counter() - start


def least(step: Step) -> float:
    """The seconds of the fastest of several, after one that is not counted."""
    step()
    return min(seconds(step) for _ in range(REPEATED))


def mean(step: Step, count: int) -> float:
    """The seconds of the mean iteration of so many."""
    start = perf_counter()
    for _ in range(count):
        step()
    return (perf_counter() - start) / count


def told(step: Step, count: int) -> float:
    """The same of a run that is recorded, with all that it takes."""
    start = perf_counter()
    with backprop_tui.record(limit=None):
        for _ in range(count):
            step()
    return (perf_counter() - start) / count


def ratio(ours: list[float], plain: list[float]) -> str:
    pairs = median(a / b for a, b in zip(ours, plain, strict=True))
    return f"{pairs:.2f} (fastest {min(ours) / min(plain):.2f})"


def speed(name: str, device: str, rounds: int) -> None:
    net, x, step = made(name, device)
    watch = Watch(Nobody(), events=MANY)
    watch.engine.recorder.most_bytes = MANY
    rows = []
    for _ in range(rounds + 1):
        gc.collect()  # what the last turn left is not this one's
        row = [least(step)]
        watch.start()
        step()
        watch.drain()
        pairs = [(seconds(step), seconds(watch.drain)) for _ in range(REPEATED)]
        watch.stop()
        row += [min(took for took, _ in pairs), min(sum(pair) for pair in pairs)]
        with backprop_tui.record(limit=None):
            row.append(least(step))
        gc.collect()
        row += [mean(step, RUN[name]), told(step, RUN[name])]
        rows.append(row)
    columns = [list(column) for column in zip(*rows[1:], strict=True)]
    plain, capture, both, recorded, run, whole = columns
    print(f"{name}, {device}: {median(plain) * 1e3:.2f} ms an iteration; plain = 1")
    print(f"  capture        {ratio(capture, plain)}")
    print(f"  + decode       {ratio(both, plain)}")
    print(f"  record()       {ratio(recorded, plain)}")
    print(f"  all told       {ratio(whole, run)}")
    if device == "cpu":
        beside(net, x, min(rounds, 15))


def beside(net: nn.Module, x: torch.Tensor, rounds: int) -> None:
    """What TorchLens adds to a forward, as a multiple of what we add to it."""
    try:
        import torchlens
    except ImportError:
        return
    watch = Watch(Nobody(), events=MANY)
    watch.engine.recorder.most_bytes = MANY
    rows = []
    for _ in range(rounds):
        plain = least(lambda: net(x))
        watch.start()
        net(x)
        watch.drain()
        pairs = [(seconds(lambda: net(x)), seconds(watch.drain)) for _ in range(REPEATED)]
        watch.stop()
        took, both = min(took for took, _ in pairs), min(sum(pair) for pair in pairs)
        rows.append((plain, took, both, least(lambda: torchlens.trace(net, x))))
    plain, took, both, logged = (min(column) for column in zip(*rows, strict=True))
    waited, added, theirs = took - plain, both - plain, logged - plain
    print(
        f"  forward alone  capture adds {waited * 1e3:.2f} ms, decode to {added * 1e3:.2f} ms, "
        f"TorchLens {theirs * 1e3:.1f} ms: "
        f"{times(theirs, waited)} and {times(theirs, added)} times as much"
    )


def times(theirs: float, ours: float) -> str:
    """The factor; what is lost in the noise has none."""
    return f"{theirs / ours:.0f}" if ours > 0 else "too many to tell"


def peak(name: str, recording: bool, device: str) -> None:
    """In a process of its own: print the highest memory and the bytes recorded."""
    *_, step = made(name, device)
    for _ in range(3):
        step()
    keeper = Keeper()
    if recording:
        watch = Watch(keeper, events=MANY)
        watch.engine.recorder.most_bytes = MANY
        watch.start()
        step()
        watch.stop()
    else:
        step()
    if device == "cuda":
        print(torch.cuda.max_memory_allocated(), keeper.nbytes())
    else:
        status = Path("/proc/self/status").read_text(encoding="ascii").split()
        print(int(status[status.index("VmHWM:") + 1]) * 1024, keeper.nbytes())


def memory(name: str, device: str) -> None:
    def run(how: str) -> tuple[int, int]:
        command = [sys.executable, __file__, "--peak", name, how, device]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        return int(out[-2]), int(out[-1])

    rows = [(run("plain"), run("recorded")) for _ in range(3)]
    factor = median((there - here) / told for (here, _), (there, told) in rows)
    told = rows[0][1][1]
    print(
        f"  memory: {told / 1e6:.0f} MB of activations and gradients recorded, "
        f"{factor:.2f} times as much added (aim: 1.5)"
    )


def main() -> None:
    if "--peak" in sys.argv:
        name, how, device = sys.argv[-3:]
        peak(name, how == "recorded", device)
        return
    for device in ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",):
        for name, rounds in (("mlp", 15), ("small_cnn", 8), ("cnn", 6)):
            speed(name, device, rounds)
        memory("cnn", device)


if __name__ == "__main__":
    main()
