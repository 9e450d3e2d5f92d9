"""From spawn to first frame: ``backprop-tui two_points`` against an empty six-pane Textual app.

Prints both medians and the ratio; the aim is a ratio of at most 2.
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median

from terminal import Terminal

RUNS = 9
HERE = Path(__file__).parent


def once(command: list[str], last_word: bytes) -> float:
    with Terminal(command) as terminal:
        return terminal.until(last_word)


def main() -> None:
    app = [sys.executable, "-m", "backprop_tui", "two_points"]
    empty = [sys.executable, str(HERE / "six_panes.py")]
    ours, theirs, ratios = [], [], []
    for run in range(RUNS + 1):
        b = once(empty, b"sixth")
        a = once(app, b"quit")
        if run:  # the first run warms the disk cache
            ours.append(a)
            theirs.append(b)
            ratios.append(a / b)
    print(f"empty six-pane app  median {median(theirs) * 1000:6.0f} ms")
    print(f"backprop-tui        median {median(ours) * 1000:6.0f} ms")
    print(f"ratio               median {median(ratios):6.2f}  (aim: at most 2)")


if __name__ == "__main__":
    main()
