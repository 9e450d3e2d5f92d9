"""From key press to the last byte painted, one step, 160×45, in a real pseudo-terminal.

Prints median and 95th percentile near steps 5, 500 and 5,000 of a long run. The aims: median at
most 12 ms, 95th percentile at most 25 ms, and no slower at step 5,000 than at step 5.
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import quantiles

from terminal import Terminal

PRESSES = 120
RIGHT, LEFT = b"\x1b[C", b"\x1b[D"
HERE = Path(__file__).parent


def measure(scenario: str, at: int) -> tuple[float, float, float]:
    command = [sys.executable, "-m", "backprop_tui", "open", scenario, "--at", str(at)]
    with Terminal(command) as terminal:
        terminal.until(b"quit")
        terminal.settle(1.0)
        for _ in range(5):
            terminal.press(RIGHT)
        pressed = [terminal.press(RIGHT if i // 20 % 2 == 0 else LEFT) for i in range(PRESSES)]
    times = [seconds * 1000 for seconds, _ in pressed]
    cut = quantiles(times, n=20)
    return cut[9], cut[18], sum(count for _, count in pressed) / len(pressed)


def main() -> None:
    long = str(HERE / "xor_long.py")
    medians = []
    for scenario, at in (("two_points", 5), (long, 5), (long, 500), (long, 5000)):
        middle, high, size = measure(scenario, at)
        medians.append(middle)
        name = Path(scenario).stem
        print(
            f"{name:10} step {at:5}: median {middle:5.1f} ms, 95th percentile {high:5.1f} ms, "
            f"{size / 1000:.1f} kB a frame"
        )
    print(f"step 5,000 / step 5: {medians[3] / medians[1]:.2f} (the first frames hold less)")
    print(f"step 5,000 / step 500: {medians[3] / medians[2]:.2f}  (aim: about 1)")


if __name__ == "__main__":
    main()
