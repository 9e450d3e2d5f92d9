"""What a pane shows, as plain data: lines of styled runs, and nothing of any terminal library.

A style is a *name* from STYLES; the app gives it colours, the tests read it as a fact.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from backprop_tui.errors import visible

#: Every style name and what it means. The app maps each to a colour of the theme *and* to a weight
#: (bold, underline, reverse), so that nothing is said by hue alone.
STYLES: dict[str, str] = {
    "": "plain text",
    "muted": "beside the point now: line numbers, frames, what is not computed yet",
    "heading": "a heading inside a pane",
    "active": "what runs in this very step",
    "statement": "the statement that runs",
    "origin": "the forward expression whose gradient is being computed",
    "changed": "a value this step changed",
    "value": "a number of the forward pass",
    "grad": "a gradient",
    "done": "has run",
    "pending": "will run, or has no value yet",
    "leaf": "a leaf tensor",
    "op": "an operation's or a Node's name",
    "narration": "the author's comment on the statement",
    "error": "an error",
    "selected": "what the user selected",
    "loss": "the loss",
    "keyword": "syntax: a keyword",
    "string": "syntax: a string",
    "number": "syntax: a number",
    "comment": "syntax: a comment",
    "name": "syntax: a function's name",
    "operator": "syntax: an operator",
}


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in one style, without anything that a terminal would obey."""

    text: str
    style: str = ""

    def __post_init__(self) -> None:
        if not self.text.isprintable():
            object.__setattr__(self, "text", visible(self.text))


Line = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Pane:
    """The content of one pane.

    ``focus`` is the (row, column) that must be visible, with ``focus_columns`` columns from there.
    ``targets`` says what a click or Enter on a row means: row → tensor id (Tensors) or step index
    (Timeline, Program).
    """

    title: str
    lines: tuple[Line, ...]
    focus: tuple[int, int] | None = None
    targets: dict[int, int] = field(default_factory=dict)
    focus_columns: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", visible(self.title))


Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Sizes:
    """(width, height) of the inside of each pane."""

    program: Size = (80, 20)
    graph: Size = (80, 20)
    tensors: Size = (80, 20)
    maths: Size = (80, 20)
    timeline: Size = (160, 4)


@dataclass(frozen=True, slots=True)
class Selection:
    """What the user chose: a tensor, an element of it to work out, and how the graph is drawn."""

    tensor: int | None = None
    element: tuple[int, ...] | None = None
    autograd: bool = False
    ascii: bool = False


def plain(line: Line) -> str:
    """The text of a line without styles."""
    return "".join(run.text for run in line)
