"""A Trace: the steps of one run, its source text, and what can be looked up about them.

Read a trace through this interface: ``len(trace)``, ``trace[i]``, and the look-ups below. It grows
at its end only; what was recorded never changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from backprop_tui.trace.lookups import Naming, changes, namings
from backprop_tui.trace.steps import Backward, Forward, Span, Step

if TYPE_CHECKING:
    from backprop_tui.trace.phases import Phases
    from backprop_tui.trace.state import State


@dataclass(frozen=True, slots=True)
class Program:
    """What the trace tells about its scenario: enough to show it without the file."""

    name: str
    source: str
    title: str = ""
    chapter: str = ""
    level: int = 1
    description: str = ""
    watch: tuple[str, ...] = ()
    #: statement line → the comment block directly above it
    narration: tuple[tuple[int, str], ...] = ()


class Trace:
    """The recorded steps of one program, in order, in memory.

    A trace in a file derives from it and overrides whatever reaches for steps.
    """

    #: So many states are kept of it; None: one every so often, for all of it.
    most_states: int | None = None

    def __init__(self, program: Program, engine: str = "numpy") -> None:
        self.program = program
        self.engine = engine
        self.finished = False
        self._sources: dict[str, str] = {"": program.source}
        self._steps: list[Step] = []
        self._forward_of: dict[int, int] = {}
        self._producer_of: dict[int, int] = {}
        self._backward_of: dict[int, int] = {}
        self._namings: dict[int, list[Naming]] = {}
        self._named_until = 0
        self._named_last: Step | None = None

    def __len__(self) -> int:
        return len(self._steps)

    def __getitem__(self, index: int) -> Step:
        return self._steps[index]

    def __iter__(self) -> Iterator[Step]:
        return iter(self._steps)

    def append(self, step: Step) -> None:
        """Add the next step; its ``index`` must be ``len(trace)``."""
        if step.index != len(self._steps):
            raise ValueError(f"step {step.index} cannot follow {len(self._steps)} steps")
        self._steps.append(step)
        if type(step) is Forward:
            if step.node is not None:
                self._forward_of[step.node.node] = step.index
            for output in step.outputs:
                self._producer_of.setdefault(output.tensor, step.index)
        elif type(step) is Backward:
            self._backward_of.setdefault(step.node.node, step.index)

    def amend(self, step: Step) -> None:
        """Replace the last step, while it is still the last (a name given to its output)."""
        if step.index != len(self._steps) - 1:
            raise ValueError(f"only the last step can be amended, not {step.index}")
        self._steps[-1] = step

    def forward_of(self, node: int) -> Forward | None:
        """The Forward step that made a Node."""
        return self._forward(self._forward_of.get(node))

    def producer_of(self, tensor: int) -> Forward | None:
        """The first Forward step whose output is this tensor; None for a leaf made directly."""
        return self._forward(self._producer_of.get(tensor))

    def backward_of(self, node: int) -> Backward | None:
        """The first Backward step of a Node."""
        index = self._backward_of.get(node)
        step = None if index is None else self._steps[index]
        return step if isinstance(step, Backward) else None

    def produced_at(self, tensor: int) -> int | None:
        """The index of ``producer_of``."""
        return self._producer_of.get(tensor)

    def namings_of(self, tensor: int) -> Sequence[Naming]:
        """The names the program gave a tensor, in order of steps: those that are better than what
        came before them."""
        self._take_names()
        return self._namings.get(tensor, ())

    def names(self) -> list[str]:
        """Every name that was given to a tensor, in order of first sight."""
        return list(dict.fromkeys(name for step in self for _, _, name in namings(step)))

    def next_change(self, name: str, after: int) -> int | None:
        """The first step after ``after`` that gives a tensor this name, or changes the data or
        grad of one that goes by it."""
        ids = {tensor for step in self for tensor, _, given in namings(step) if given == name}
        for index in range(after + 1, len(self)):
            step = self[index]
            if any(given == name for _, _, given in namings(step)):
                return index
            if any(tensor in ids for tensor in changes(step)):
                return index
        return None

    def about(self, tensor: int, name: str, near: int) -> Iterable[int]:
        """At least the steps that concern a tensor, or those that go by ``name`` ("": none); where
        they must be fetched from a file, so many of them around step ``near``."""
        return range(len(self))

    def _take_names(self) -> None:
        """Take in the names given since the last time; those of the last step may be amended."""
        until = self._named_until
        if until and self._steps[until - 1] is not self._named_last:
            until -= 1
        for step in islice(self._steps, until, None):
            for tensor, rank, name in namings(step):
                known = self._namings.setdefault(tensor, [])
                if not known or rank < known[-1][1]:
                    known.append((step.index, rank, name))
        self._named_until = len(self._steps)
        self._named_last = self._steps[-1] if self._steps else None

    def _forward(self, index: int | None) -> Forward | None:
        step = None if index is None else self._steps[index]
        return step if isinstance(step, Forward) else None

    def inform(self, phases: Phases) -> None:
        """Tell Phases what has been recorded since the last time."""
        for index in range(len(phases), len(self)):
            phases.take(self[index])

    def keyframe(self, index: int, after: int) -> State | None:
        """The latest state that is kept with the trace itself, of a step after ``after`` and not
        after ``index``."""
        return None

    def source(self, file: str = "") -> str:
        """The text of a source that spans are in; "" is the program itself."""
        return self._sources.get(file, "")

    def add_source(self, file: str, text: str) -> None:
        """Another file that the program is made of."""
        self._sources[file] = text

    @property
    def sources(self) -> Mapping[str, str]:
        """All sources by name, the program itself as ""."""
        return self._sources

    def text(self, span: Span) -> str:
        """The source text of a span, its lines joined and inner white space folded."""
        lines = self.source(span.file).splitlines()[span.line - 1 : span.end_line]
        if not lines:
            return ""
        lines[-1] = lines[-1][: span.end_column]
        lines[0] = lines[0][span.column :]
        return " ".join(part.strip() for part in lines)
