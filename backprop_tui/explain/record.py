"""What an explanation is: plain data that a screen and a document both spell."""

from __future__ import annotations

from dataclasses import dataclass

from backprop_tui.engines.base import Array


@dataclass(frozen=True, slots=True, eq=False)
class Equation:
    """One line of working. ``latex`` is empty where ``text`` is a sentence, no equation.

    ``result`` is the number or array that stands at the line's end; None where there is none.
    ``brief`` says it in fewer words, or with fewer terms or factors, for where rows are few.
    """

    text: str
    latex: str = ""
    result: Array | float | None = None
    brief: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Lines under a heading, one of HEADINGS; several parts may share one, one after the other."""

    heading: str
    lines: tuple[Equation, ...]


HEADINGS = (
    "rule",
    "numbers",
    "result",
    "incoming gradient",
    "summed because of broadcasting",
    "paths meet",
    "chain rule",
    "accumulates into .grad",
    "update",
    "values",
)


@dataclass(frozen=True, slots=True)
class Element:
    """Which element of which tensor was worked out; ``index`` is () for a scalar."""

    tensor: int
    name: str
    index: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """The Maths of one step.

    ``what`` says in a sentence or two what happens and why it matters; ``summary`` what was not
    worked out (shapes, how many further elements). ``title + brief`` is the caption: what happened,
    with the number that matters.
    """

    title: str
    what: str
    parts: tuple[Part, ...] = ()
    element: Element | None = None
    summary: str = ""
    brief: str = ""
