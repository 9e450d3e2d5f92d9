"""From spawn to first frame: ``backprop-tui two_points`` against an empty six-pane Textual app.

The first frame shows the program; the engine is imported behind it, and then the first step stands
on the screen. Prints the medians of both and their ratios; the aim is a ratio of at most 2 for the
first frame.
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median

from terminal import Terminal

RUNS = 9
HERE = Path(__file__).parent


def once(command: list[str], *words: bytes) -> list[float]:
    """Seconds from spawn until each of the words was written, one after the other."""
    with Terminal(command) as terminal:
        return [terminal.until(word) for word in words]


def main() -> None:
    app = [sys.executable, "-m", "backprop_tui", "two_points"]
    empty = [sys.executable, str(HERE / "six_panes.py")]
    runs = []
    for _ in range(RUNS + 1):
        [yardstick] = once(empty, b"sixth")
        # "quit" ends the key bar, the last line painted; "setup" names the phase of the first step.
        first_frame, first_step = once(app, b"quit", b"setup")
        runs.append((yardstick, first_frame, first_step))
    del runs[0]  # it warms the disk cache
    print(f"empty six-pane app  median {median(run[0] for run in runs) * 1000:6.0f} ms")
    for name, column in (("first frame", 1), ("first step", 2)):
        milliseconds = median(run[column] for run in runs) * 1000
        ratio = median(run[column] / run[0] for run in runs)
        print(f"{name:18}  median {milliseconds:6.0f} ms, ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
