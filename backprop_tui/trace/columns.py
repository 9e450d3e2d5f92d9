"""What is known of each step without reading it: columns, a few bytes per step.

kinds       bits 0-1 the kind of phase, and the marks STATEMENT, NODE, ROOT, BEGINS
types       which class of step, by its place in ``steps.STEPS``
statements  which statement, by its place in ``spans``
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from backprop_tui.trace.steps import STEPS, Span

KIND = 0b11
#: The first step of a statement, an op that made a Node, a backward that begins from a single
#: number, the first step of an iteration.
STATEMENT, NODE, ROOT, BEGINS = 0x10, 0x20, 0x40, 0x80

TYPES = {cls: number for number, cls in enumerate(STEPS)}


@dataclass(slots=True)
class Columns:
    """The columns of a trace, and what their marks stand for.

    ``numbers`` holds the iterations' numbers, the setup's left out; ``roots`` what each backward
    from a single number began from.
    """

    kinds: bytearray = field(default_factory=bytearray)
    types: bytearray = field(default_factory=bytearray)
    statements: array[int] = field(default_factory=lambda: array("I"))
    numbers: array[int] = field(default_factory=lambda: array("q"))
    roots: array[float] = field(default_factory=lambda: array("d"))
    spans: list[Span] = field(default_factory=list)

    def marked(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """The steps at which iterations begin, and those at which backward begins from a number.

        Raises ValueError where the columns do not fit together: a file can hold anything.
        """
        if not len(self.kinds) == len(self.types) == len(self.statements):
            raise ValueError("columns of different lengths")
        kinds = np.frombuffer(bytes(self.kinds), np.uint8)
        begins = np.flatnonzero(kinds & BEGINS)
        roots_at = np.flatnonzero(kinds & ROOT)
        numbers = np.frombuffer(self.numbers.tobytes(), np.int64)
        statements = np.frombuffer(self.statements.tobytes(), np.uint32)
        if len(begins) != len(numbers) or len(roots_at) != len(self.roots):
            raise ValueError("iterations without numbers, or losses without their steps")
        if len(numbers) and (numbers[0] < 1 or (np.diff(numbers) < 1).any()):
            raise ValueError("iterations that are not counted upwards")
        if len(statements) and int(statements.max()) >= len(self.spans):
            raise ValueError("a statement that is nowhere")
        if self.types and max(self.types) >= len(STEPS):
            raise ValueError("a step of no known type")
        return begins, roots_at
