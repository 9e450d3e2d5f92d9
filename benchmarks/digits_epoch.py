"""One epoch of the bundled scenario ``digits_cnn``: the NumPy engine against plain PyTorch.

The small network of the scenario as it is: the digits drawn, six batches of ten learned, and the
accuracy found on 160. The aim: at most 5 times as long as PyTorch for the same file.
"""

from __future__ import annotations

import sys
from statistics import median

from pairs import by_turns, changed, executed, interpreted, ratio

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 15


def main() -> None:
    one = changed("digits_cnn", "(60, 4, 4)", "(60, 4, 1)")
    none = changed("digits_cnn", "(60, 4, 4)", "(60, 4, 0)")
    runs = [interpreted(one), executed(one), interpreted(none), executed(none)]
    ours, theirs, our_start, their_start = by_turns(runs, ROUNDS)
    our_epoch = [a - b for a, b in zip(ours, our_start, strict=True)]
    their_epoch = [a - b for a, b in zip(theirs, their_start, strict=True)]
    for name, a, b in (("whole file", ours, theirs), ("the epoch alone", our_epoch, their_epoch)):
        print(
            f"digits_cnn, {name}: NumPy engine {median(a) * 1000:.0f} ms, "
            f"PyTorch {median(b) * 1000:.0f} ms, ratio {ratio(a, b)}; aim: at most 5"
        )


if __name__ == "__main__":
    main()
