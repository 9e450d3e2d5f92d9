"""From spawn to the first step on the screen, for every bundled scenario, against ``square``.

    python benchmarks/first_step.py [--runs N] [NAME …]

In a real pseudo-terminal; every run of a scenario stands beside a run of ``square`` just before it.
Prints the five slowest by the median of these ratios, and the median of all. The aim: at most 2.
"""

from __future__ import annotations

import argparse
import sys
from statistics import median

from terminal import Terminal

from backprop_tui.scenario.library import bundled

YARDSTICK = "square"


def seconds(scenario: str) -> float:
    """From spawn until the timeline says that this is step 1."""
    with Terminal([sys.executable, "-m", "backprop_tui", scenario]) as terminal:
        return terminal.until(b"step 1 of")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("names", nargs="*", help="only these scenarios; all without any")
    options = parser.parse_args()
    names = options.names or [entry.name for entry in bundled()]
    seconds(YARDSTICK)  # it warms the disk cache
    rows = []
    for name in names:
        pairs = [(seconds(YARDSTICK), seconds(name)) for _ in range(options.runs)]
        ratio = median(scenario / yardstick for yardstick, scenario in pairs)
        rows.append((ratio, median(scenario for _, scenario in pairs), name))
    rows.sort(reverse=True)
    for ratio, middle, name in rows[:5]:
        print(f"{name:24} {middle * 1000:5.0f} ms, {ratio:.2f} times as long as {YARDSTICK}")
    over = sum(ratio > 2 for ratio, _, _ in rows)
    middle = median(ratio for ratio, _, _ in rows)
    print(f"{len(rows)} scenarios: median {middle:.2f}, over 2: {over} (aim: none)")


if __name__ == "__main__":
    main()
