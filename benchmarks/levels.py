"""What recording at each level costs a CNN on 28x28 images, by turns with plain PyTorch = 1.

The net of PyTorch's MNIST example (without dropout), batch 64 on the CPU, 256 on a CUDA device; or,
with ``--net mlp``, one of 17 weights, batch 4, in which nothing but the overhead is to be seen. The
trace goes to a file. What is timed is iterations alone: opening and closing the file are not. Pairs
of short stretches are compared, whichever way round first, so that a machine that is busy with
other things is busy with both.

    python benchmarks/levels.py [--net cnn|mlp] [--rounds N] [--levels iterations,steps]
"""

from __future__ import annotations

import argparse
import platform
import random
import tempfile
from contextlib import nullcontext
from pathlib import Path
from statistics import median
from time import perf_counter

import torch
import torch.nn.functional as F
from torch import nn

import backprop_tui

#: Iterations in a stretch of each net, and before it.
STRETCH, WARM = {"cnn": 8, "mlp": 200}, 2


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.fc1 = nn.Linear(9216, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = torch.flatten(F.max_pool2d(x, 2), 1)
        return F.log_softmax(self.fc2(F.relu(self.fc1(x))), 1)


class Training:
    """A net and its data on a device."""

    def __init__(self, net: str, device: str, optimizer: str) -> None:
        torch.manual_seed(0)
        self.device = device
        self.rounds = STRETCH[net]
        if net == "cnn":
            batch = 256 if device == "cuda" else 64
            self.model: nn.Module = Net()
            data, target = torch.randn(batch, 1, 28, 28), torch.randint(0, 10, (batch,))
        else:
            layers = nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1), nn.LogSigmoid()
            self.model = nn.Sequential(*layers)
            data, target = torch.randn(4, 2), torch.zeros(4, dtype=torch.int64)
        self.model.to(device)
        self.optimizer = getattr(torch.optim, optimizer)(self.model.parameters(), lr=0.01)
        self.data, self.target = data.to(device), target.to(device)

    def train(self, rounds: int) -> float:
        """Seconds for so many iterations."""
        self.wait()
        start = perf_counter()
        for _ in range(rounds):
            self.optimizer.zero_grad()
            F.nll_loss(self.model(self.data), self.target).backward()
            self.optimizer.step()
        self.wait()
        return perf_counter() - start

    def wait(self) -> None:
        if self.device == "cuda":
            torch.cuda.synchronize()

    def stretch(self, level: str, file: Path) -> float:
        """Seconds an iteration takes at a level."""
        file.unlink(missing_ok=True)
        inside = nullcontext() if level == "plain" else backprop_tui.record(file, level=level)
        with inside:
            self.train(WARM)
            return self.train(self.rounds) / self.rounds


def machine(device: str) -> str:
    if device == "cuda":
        return f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}"
    info = Path("/proc/cpuinfo")
    names = info.read_text().split("model name\t: ")[1:] if info.exists() else []
    name = names[0].splitlines()[0] if names else platform.processor()
    return f"{name}, {torch.get_num_threads()} threads, PyTorch {torch.__version__}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--levels", default="iterations,steps")
    parser.add_argument("--optimizer", default="SGD")
    parser.add_argument("--net", choices=list(STRETCH), default="cnn")
    given = parser.parse_args()
    levels = given.levels.split(",")
    with tempfile.TemporaryDirectory() as folder:
        for device in ["cpu"] + ["cuda"] * torch.cuda.is_available():
            training = Training(given.net, device, given.optimizer)
            print(f"{given.net}, {device}: {machine(device)}, {given.optimizer}")
            for level in levels:
                ratios, plains = [], []
                for _ in range(given.rounds + 1):
                    order = random.sample(["plain", level], 2)
                    file = Path(folder) / "run.trace"
                    took = {one: training.stretch(one, file) for one in order}
                    ratios.append(took[level] / took["plain"])
                    plains.append(took["plain"])
                ratios, plains = sorted(ratios[1:]), sorted(plains[1:])
                quarter = len(ratios) // 4
                print(
                    f"  {level:<10} {median(ratios):.3f} of plain "
                    f"(half of the pairs {ratios[quarter]:.3f} to {ratios[-quarter - 1]:.3f}; "
                    f"plain {median(plains) * 1000:.2f} ms an iteration)"
                )


if __name__ == "__main__":
    main()
