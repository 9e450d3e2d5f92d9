"""A trace as a document to hand out: Markdown as GitHub renders it.

    title, description, program
    setup                       statement by statement
    iteration 1
        forward                 statement by statement: narration, formulas, numbers, what changed
        backward                the graph, then its Nodes in the order they ran
        update                  the optimizer's rule with its numbers
    …
    loss                        one row per iteration
    parameters                  before and after

What a step means is said by ``explain``, so that handout and screen cannot disagree. A long run is
abridged (the first iterations and the last in full); a range of steps is always written in full.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from backprop_tui.engines.base import Array, TensorValue
from backprop_tui.errors import visible
from backprop_tui.explain import explain
from backprop_tui.explain.naming import names_of
from backprop_tui.export import gfm, mermaid
from backprop_tui.export.changes import changes
from backprop_tui.export.parameters import parameters
from backprop_tui.trace import state
from backprop_tui.trace.phases import Iteration, Phase, phases_of
from backprop_tui.trace.steps import (
    Accumulate,
    Backward,
    Bind,
    Call,
    Failed,
    Loop,
    LoopAt,
    Output,
    SeedGrad,
    Step,
    ZeroGrad,
)
from backprop_tui.trace.trace import Trace
from backprop_tui.view.numbers import clip, shape_text, short, tensor_text
from backprop_tui.view.timeline import is_after

#: So many iterations are written in full; of a longer run the first and the last are.
MOST_ITERATIONS = 5
FIRST_ITERATIONS = 2
#: A phase with more steps is abridged in the same way.
MOST_STEPS = 300
FIRST_STEPS, LAST_STEPS = 160, 40
#: GitHub shows no more than half a megabyte: a longer table of losses is thinned out.
MOST_LOSSES = 400

VALUE_WIDTH = 56
STATEMENT_WIDTH = 88


def export_markdown(trace: Trace, start: int = 0, stop: int | None = None) -> str:
    """The document; with a range, of steps ``start`` to ``stop`` (exclusive) only.

    Here steps are counted from 0, in the document from 1, as on the screen and the command line.
    Negative or too large bounds are taken as a slice takes them.
    """
    whole = start == 0 and stop is None
    begin, end, _ = slice(start, stop).indices(len(trace))
    document = _Document(trace, begin, max(begin, end), abridge=whole)
    return visible("\n\n".join(part for part in document.parts() if part), keep="\n\t") + "\n"


class _Document:
    """Yields the parts of the document, one Markdown block each."""

    def __init__(self, trace: Trace, start: int, stop: int, *, abridge: bool) -> None:
        self.trace = trace
        self.start = start
        self.stop = stop
        self.abridge = abridge
        self.phases = phases_of(trace)
        self.lines = trace.program.source.splitlines()
        self.narration = dict(trace.program.narration)
        self.drawn: dict[str, int] = {}
        #: the lines of chain rule told in this backward pass
        self.spelled: set[str] = set()

    def parts(self) -> Iterator[str]:
        yield from self._head()
        iterations = self._iterations()
        full = self._full(iterations)
        left_out: list[Iteration] = []
        for iteration in iterations:
            if iteration.number not in full:
                left_out.append(iteration)
                continue
            if left_out:
                yield self._left_out(left_out)
                left_out = []
            yield from self._iteration(iteration)
        yield from self._losses(iterations)
        yield from self._parameters()

    # ------------------------------------------------------------------ head

    def _head(self) -> Iterator[str]:
        program = self.trace.program
        yield f"# {gfm.title(program.title or program.name)}"
        if program.description:
            yield gfm.prose(program.description)
        count = len(self.trace)
        if (self.start, self.stop) == (0, count):
            extent = f"all {count} steps" if count != 1 else "its one step"
        else:
            extent = f"steps {self.start + 1} to {self.stop} of {count}"
        yield (
            f"This is {gfm.code(program.name)}, run on the {gfm.title(self.trace.engine)} engine: "
            f"{extent}. Numbers are rounded. To see a step on the screen: "
            f"{gfm.code(f'backprop-tui open {shlex.quote(program.name)} --at {self.start + 1}')}."
        )
        yield "## Program"
        yield gfm.fence(program.source, "python")

    # ------------------------------------------------------------------ iterations

    def _iterations(self) -> list[Iteration]:
        inside = []
        for number in range(self.phases.iterations + 1):
            iteration = self.phases.iteration(number)
            if max(iteration.start, self.start) < min(iteration.stop, self.stop):
                inside.append(iteration)
        return inside

    def _full(self, iterations: list[Iteration]) -> set[int]:
        numbers = [iteration.number for iteration in iterations]
        rounds = [number for number in numbers if number]
        if not self.abridge or len(rounds) <= MOST_ITERATIONS:
            return set(numbers)
        return {0, *rounds[:FIRST_ITERATIONS], rounds[-1]}

    def _left_out(self, iterations: list[Iteration]) -> str:
        first, last = iterations[0], iterations[-1]
        which = f"Iterations {first.number} to {last.number} are"
        if first is last:
            which = f"Iteration {first.number} is"
        return gfm.quote(
            f"{which} left out here; the losses are in the table at the end. "
            + self._in_full(first.start, last.stop)
        )

    def _in_full(self, start: int, stop: int) -> str:
        name = shlex.quote(self.trace.program.name)
        command = f"backprop-tui export {name} --steps {start + 1}:{stop}"
        return f"In full: {gfm.code(command)}"

    def _iteration(self, iteration: Iteration) -> Iterator[str]:
        if iteration.number:
            loops = _loops(self._loops_of(iteration))
            heading = f"Iteration {iteration.number}"
            if is_after(self.trace, self.phases, iteration.number):
                heading = f"After iteration {iteration.number - 1}"
            yield f"## {heading}" + (f" ({gfm.title(loops)})" if loops else "")
        for phase in self.phases.within(iteration.number):
            start, stop = max(phase.start, self.start), min(phase.stop, self.stop)
            if start < stop:
                yield from self._phase(Phase(phase.kind, phase.iteration, start, stop))

    def _loops_of(self, iteration: Iteration) -> tuple[LoopAt, ...]:
        """Where the loops are when backward begins, or else when the iteration does."""
        for index in range(iteration.start, iteration.stop):
            if isinstance(self.trace[index], SeedGrad):
                return self.trace[index].where.loops
        return self.trace[iteration.start].where.loops

    # ------------------------------------------------------------------ phases

    def _phase(self, phase: Phase) -> Iterator[str]:
        heading = self._kind(phase).capitalize()
        yield f"## {heading}" if phase.kind == "setup" else f"### {heading}"
        if phase.kind == "backward":
            yield from self._graph(phase)
        if self.abridge and phase.stop - phase.start > MOST_STEPS:
            pause, resume = phase.start + FIRST_STEPS, phase.stop - LAST_STEPS
            yield from self._statements(phase.start, pause)
            yield gfm.quote(
                f"Steps {pause + 1} to {resume} are left out here. " + self._in_full(pause, resume)
            )
            yield from self._statements(resume, phase.stop)
        else:
            yield from self._statements(phase.start, phase.stop)
        yield self._changed(phase)

    def _kind(self, phase: Phase) -> str:
        """The phase's kind; an update that only clears gradients is called so."""
        kinds = {type(self.trace[index]) for index in range(phase.start, phase.stop)}
        return "clearing" if kinds - {Output} == {ZeroGrad} else phase.kind

    def _changed(self, phase: Phase) -> str:
        rows = [
            (gfm.code(change.name), _value(change.before), _value(change.after))
            for change in changes(
                self.trace, phase.start, phase.stop, state.at(self.trace, phase.start - 1)
            )
        ]
        if not rows:
            return ""
        what = "What this phase changed" if phase.kind != "setup" else "What there is now"
        return f"**{what}**\n\n" + gfm.table(("Tensor", "Before", "After"), rows)

    def _graph(self, phase: Phase) -> Iterator[str]:
        steps = [self.trace[index] for index in range(phase.start, phase.stop)]
        roots = [step.tensor for step in steps if isinstance(step, SeedGrad)]
        if roots:
            chart = mermaid.flowchart(self.trace, roots, phase.start)
            yield from self._drawing(chart, phase.iteration)
        order = [name for step in steps if (name := self._node(step))]
        if order:
            yield "The Nodes run in this order: " + " → ".join(order) + "."

    def _node(self, step: Step) -> str:
        """The Node that ran, a leaf's with the leaf's name."""
        if isinstance(step, Backward):
            return gfm.code(step.node.name)
        if isinstance(step, Accumulate) and step.node is not None:
            leaf = names_of(self.trace).of(step.tensor.tensor, step.index).text
            return f"{gfm.code(step.node.name)} of {gfm.code(leaf)}"
        return ""

    def _drawing(self, chart: mermaid.Flowchart, iteration: int) -> Iterator[str]:
        first = self.drawn.setdefault(chart.key, iteration)
        if first != iteration:
            yield f"The graph is the same as in iteration {first}."
        elif chart.boxes > mermaid.MOST_BOXES:
            yield f"The graph has {chart.boxes} boxes, too many for a drawing."
        else:
            yield chart.words
            yield gfm.fence(chart.text, "mermaid")

    # ------------------------------------------------------------------ steps

    def _statements(self, start: int, stop: int) -> Iterator[str]:
        statement: object = None
        printed: list[str] = []
        for index in range(start, stop):
            step = self.trace[index]
            here = (step.where.statement, _scopes(step), step.where.loops)
            if printed and (here != statement or not isinstance(step, Output)):
                yield _printed(printed)
                printed = []
            if here != statement:
                statement = here
                yield from self._statement(step)
            if isinstance(step, Output):
                printed.append(step.text)
            elif isinstance(step, Failed):
                yield self._failed(step)
            else:
                yield from self._step(step)
        if printed:
            yield _printed(printed)

    def _statement(self, step: Step) -> Iterator[str]:
        span = step.where.statement
        scopes = _scopes(step)
        inside = f" in {gfm.code(scopes[-1])}" if scopes else ""
        code = gfm.code(clip(self.trace.text(span), STATEMENT_WIDTH))
        of = f" of {gfm.code(span.file)}" if span.file else ""
        yield f"#### Line {span.line}{of}{inside}: {code}"
        for line in () if span.file else (*_headers(self.lines, span.line), span.line):
            # Once is enough: the second round of a loop is read with the first still in mind.
            narration = self.narration.pop(line, "")
            if narration:
                yield gfm.quote(gfm.prose(narration))

    def _step(self, step: Step) -> Iterator[str]:
        if isinstance(step, SeedGrad):
            self.spelled.clear()
        said = explain(self.trace, step.index)
        head = f"**Step {step.index + 1} · {gfm.title(said.title)}.**"
        yield f"{head} {gfm.prose(said.what)}".rstrip()
        if isinstance(step, Bind | Call | Loop):
            yield _bound(step)
            return
        heading = ""
        for part in said.parts:
            if part.heading == "chain rule":
                # A leaf receives what a Node before it has passed on: once is enough.
                spelled = {equation.text for equation in part.lines}
                if spelled <= self.spelled:
                    continue
                self.spelled |= spelled
            if part.heading != heading:
                yield f"*{gfm.title(part.heading)}*"
            heading = part.heading
            for equation in part.lines:
                yield gfm.math(equation.latex) if equation.latex else gfm.prose(equation.text)
        if said.summary:
            yield gfm.prose(said.summary)

    def _failed(self, step: Failed) -> str:
        hint = f" {gfm.prose(step.hint)}" if step.hint else ""
        return gfm.quote(f"**The program stops here.** {gfm.code(step.kind)}:{hint}") + (
            "\n\n" + gfm.fence(step.message)
        )

    # ------------------------------------------------------------------ closing tables

    def _losses(self, iterations: list[Iteration]) -> Iterator[str]:
        learnt = [iteration for iteration in iterations if iteration.losses]
        if len(learnt) < 2:
            return
        yield "## Loss"
        every = -(-len(learnt) // MOST_LOSSES)
        if every > 1:
            yield f"One iteration in {every} of the {len(learnt)}, and the last."
        yield gfm.table(
            ("Iteration", "Loops", "Steps", "Loss"),
            [
                (
                    str(iteration.number),
                    gfm.title(_loops(self._loops_of(iteration))),
                    f"{iteration.start + 1}–{iteration.stop}",
                    ", ".join(short(loss) for loss in iteration.losses),
                )
                for position, iteration in enumerate(learnt)
                if position % every == 0 or iteration is learnt[-1]
            ],
        )

    def _parameters(self) -> Iterator[str]:
        if self.stop <= self.start:
            return
        before = state.at(self.trace, self.start - 1)
        rows = parameters(self.trace, before, state.at(self.trace, self.stop - 1))
        if not rows:
            return
        yield "## Parameters before and after"
        yield gfm.table(
            ("Parameter", "Shape", "Before", "After", "grad"),
            [
                (
                    gfm.code(row.name),
                    shape_text(row.after.shape),
                    _value(row.before),
                    _value(row.after),
                    _value(row.grad, "None"),
                )
                for row in rows
            ],
        )


def _value(array: Array | None, missing: str = "") -> str:
    if array is None:
        return missing or "—"
    return gfm.code(tensor_text(array, VALUE_WIDTH))


def _loops(loops: tuple[LoopAt, ...]) -> str:
    """``epoch 3/10, x 1/2``."""
    return ", ".join(
        f"{loop.name} {loop.number}" + (f"/{loop.total}" if loop.total is not None else "")
        for loop in loops
    )


def _headers(lines: list[str], line: int) -> list[int]:
    """The lines of the compound statements around ``line``, outermost first.

    A ``with`` or ``def`` has no step of its own; its narration is told with what is inside.
    """
    found: list[int] = []
    depth = _indent(lines[line - 1]) if line <= len(lines) else 0
    for number in range(line - 1, 0, -1):
        text = lines[number - 1].strip()
        if text and not text.startswith("#") and _indent(lines[number - 1]) < depth:
            depth = _indent(lines[number - 1])
            found.insert(0, number)
    return found


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _scopes(step: Step) -> tuple[str, ...]:
    """The functions a step is inside of; a call belongs to the statement that makes it."""
    return step.where.scopes[:-1] if isinstance(step, Call) else step.where.scopes


def _bound(step: Bind | Call | Loop) -> str:
    """The names a step gave, and what they stand for."""
    rows = []
    for named in step.binds:
        value = named.value
        if isinstance(value, TensorValue):
            kind = ", ".join([shape_text(value.data.shape), value.dtype, *_autograd_words(value)])
            rows.append((gfm.code(named.name), _value(value.data), kind))
        else:
            rows.append((gfm.code(named.name), gfm.code(clip(value, VALUE_WIDTH)), ""))
    return gfm.table(("Name", "Value", "Tensor"), rows) if rows else ""


def _autograd_words(value: TensorValue) -> Iterator[str]:
    if value.requires_grad:
        yield "requires grad"
    if not value.is_leaf:
        yield "no leaf"


def _printed(texts: list[str]) -> str:
    return "Printed:\n\n" + gfm.fence("".join(texts))
