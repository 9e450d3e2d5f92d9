"""XOR trained for 20 epochs with batch size 1: the NumPy engine, plain PyTorch, and micrograd.

Two programs for the net of 2-4-1 sigmoids: the bundled scenario ``xor``, whose batches come from a
DataLoader, and ``xor_long.py``, which slices them itself. The aim: at most 1.5 times as long as
PyTorch for the same file.

micrograd computes with single numbers, and this net has few: its time for the same net, data, loss
and rule stands beside, a point at a time and in larger batches. The aim: at most a twentieth.
"""

from __future__ import annotations

import math
import random
import sys
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

from micrograd.engine import Value
from micrograd.nn import MLP
from pairs import by_turns, changed, executed, interpreted, ratio

EPOCHS, POINTS = 20, 100
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 9


def function(value: float, slope: float, of: Value) -> Value:
    """A function that micrograd lacks, in micrograd's own way."""
    out = Value(value, (of,), "f")

    def backward() -> None:
        of.grad += slope * out.grad

    out._backward = backward
    return out


def sigmoid(x: Value) -> Value:
    y = 1 / (1 + math.exp(-x.data))
    return function(y, y * (1 - y), x)


def binary_cross_entropy(p: Value, y: float) -> Value:
    loss = -(y * math.log(p.data) + (1 - y) * math.log(1 - p.data))
    return function(loss, (p.data - y) / ((1 - p.data) * p.data), p)


class Net(MLP):
    """micrograd's own layers without their relu, and a sigmoid after each neuron."""

    def __init__(self) -> None:
        super().__init__(2, [4, 1])
        for layer in self.layers:
            for neuron in layer.neurons:
                neuron.nonlin = False

    def __call__(self, x: list[float]) -> Value:
        hidden, output = self.layers
        return sigmoid(output([sigmoid(h) for h in hidden(x)]))


def micrograd(batch: int) -> float:
    """Seconds that micrograd takes."""
    random.seed(0)
    corners = [(0.0, 0.0, 0.0), (0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, 0.0)]
    start = perf_counter()
    points = [
        (a + random.gauss(0, 0.01), b + random.gauss(0, 0.01), y)
        for a, b, y in corners * (POINTS // 4)
    ]
    model = Net()
    for _ in range(EPOCHS):
        for first in range(0, POINTS, batch):
            rows = points[first : first + batch]
            losses = [binary_cross_entropy(model([a, b]), y) for a, b, y in rows]
            loss = sum(losses) * (1 / len(rows)) if batch > 1 else losses[0]
            model.zero_grad()
            loss.backward()
            for p in model.parameters():
                p.data -= 0.01 * p.grad
    return perf_counter() - start


def main() -> None:
    long = (Path(__file__).parent / "xor_long.py").read_text(encoding="utf-8")
    twenty = long.replace("range(4)", f"range({EPOCHS})")
    programs = {
        "xor, batches from a DataLoader": changed("xor", "range(2)", f"range({EPOCHS})"),
        "xor_long, batches sliced": twenty,
    }
    for name, text in programs.items():
        ours, theirs = by_turns([interpreted(text), executed(text)], ROUNDS)
        print(
            f"{name}: NumPy engine {median(ours):.3f} s, PyTorch {median(theirs):.3f} s, "
            f"ratio {ratio(ours, theirs)}; aim: at most 1.5"
        )
    for batch in (1, 10, POINTS):
        text = twenty.replace("range(100)", f"range(0, 100, {batch})")
        text = text.replace("i : i + 1", f"i : i + {batch}")
        runs = [interpreted(text), executed(text), partial(micrograd, batch)]
        ours, theirs, scalars = by_turns(runs, ROUNDS)
        print(
            f"batch {batch}: micrograd {median(scalars):.3f} s; of that the NumPy engine takes "
            f"{ratio(ours, scalars)}, PyTorch {ratio(theirs, scalars)}; aim: at most 0.05"
        )


if __name__ == "__main__":
    main()
