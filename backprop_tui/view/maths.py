"""The Maths pane: an Explanation as wrapped lines, in as few rows as there are.

Where rows are few, the forms are tried in turn until one fits: spacious, then with the headings
beside their lines, then shorter and shorter (``shorter``). A form that leaves lines out says so in
the title, with the rows that still have no room. In a roomy pane, and in one that is zoomed,
nothing is left out: what has no room is scrolled to.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator

from backprop_tui.explain import Equation, Explanation, Part
from backprop_tui.view import shorter
from backprop_tui.view.shorter import Parts
from backprop_tui.view.types import Line, Pane, Run, plain

_INDENT = "  "
_HANG = "      "
_LEAST_ROOM = 24
#: What stands beside the lines where there is no room for a heading above them.
_SHORT = {
    "summed because of broadcasting": "summed",
    "incoming gradient": "incoming",
    "accumulates into .grad": ".grad",
}
_MORE = " …"
#: A part of which fewer rows have room is not begun.
_LEAST_SEEN = 2
#: Between two of several values in a row.
_BESIDE = "   "
#: What is left out where rows are few, the least missed first.
_SPARED: tuple[Callable[[Parts], Parts], ...] = (
    shorter.without_incoming,
    shorter.without_one_part,
    shorter.without_broadcasting,
    shorter.without_terms,
    shorter.without_before_and_after,
    shorter.without_arrays,
    shorter.with_one_chain,
    shorter.with_fewer_pieces,
)
#: A pane of so many rows loses nothing: what has no room is scrolled to.
ROOMY = 16
SHORTENED = "shortened · 4 z: in full"


def maths_pane(
    explanation: Explanation, width: int, height: int = 0, *, whole: bool = False
) -> Pane:
    """Title, words, then each part of the working under its heading.

    If that is more than ``height`` rows, title and words (the caption says them too) are left out;
    if it still is, the forms of this module are tried, and only those that lose nothing if it is
    to be shown ``whole``. ``height`` 0: as many rows as it takes.
    """
    lines = _spacious(explanation, width)
    title = "Maths"
    whole = whole or height >= ROOMY
    if height and len(lines) > height and explanation.parts:
        words = len(_words(explanation, width)) + 1
        lines = lines[words:]
        for form, spares in _forms(explanation, width):
            if len(lines) <= height or (spares and whole):
                break
            lines = form
            title = f"Maths · {SHORTENED}" if spares else "Maths"
        if len(lines) > height and not whole:
            shown = _cut(lines, width, height)
            title = f"Maths · {len(lines) - len(shown)} more rows, {SHORTENED}"
            lines = shown
    return Pane(title, tuple(lines))


def _cut(lines: list[Line], width: int, height: int) -> list[Line]:
    """The first rows; a part of which hardly anything would be seen is left out whole."""
    heads = [at for at, line in enumerate(lines) if line and line[0].style == "heading"]
    heads = [at for at in heads if lines[at][0].text and at > 0]
    end = next((at for at in heads if height - _LEAST_SEEN < at <= height), height)
    shown = lines[:end]
    if end not in heads:
        *before, last = shown[-1]
        room = max(width, _LEAST_ROOM) - len(plain(tuple(before))) - len(_MORE)
        shown[-1] = (*before, Run(last.text[:room], last.style), Run(_MORE, "muted"))
    return shown


def _forms(explanation: Explanation, width: int) -> Iterator[tuple[list[Line], bool]]:
    """Shorter and shorter forms, and whether anything is left out."""
    parts = explanation.parts
    yield _compact(parts, explanation.summary, width), False
    if (joined := shorter.together(parts)) is not parts:
        parts = joined
        yield _compact(parts, explanation.summary, width), False
    plainly = _compact(parts, "", width)
    yield plainly, False
    with_letters = shorter.let(parts)
    briefly = plainly if with_letters is parts else _compact(with_letters, "", width)
    if len(briefly) < len(plainly):
        parts = with_letters
        yield briefly, False
    for spare in _SPARED:
        spared = spare(parts)
        if spared != parts:
            parts = spared
            yield _compact(parts, "", width), True


def _spacious(explanation: Explanation, width: int) -> list[Line]:
    lines = _words(explanation, width)
    heading = ""
    for part in explanation.parts:
        if part.heading != heading:
            lines += [(), *_wrapped(part.heading, width, "heading", "", "")]
        heading = part.heading
        for equation in part.lines:
            lines += _wrapped(equation.text, width, "value", _INDENT, _HANG)
    if explanation.summary:
        lines += [(), *_wrapped(explanation.summary, width, "muted", "", "")]
    return lines


def _words(explanation: Explanation, width: int) -> list[Line]:
    title = _wrapped(explanation.title, width, "heading", "", "")
    return title + _wrapped(explanation.what, width, "", "", "")


def _compact(parts: Parts, summary: str, width: int) -> list[Line]:
    heads = [_SHORT.get(part.heading, part.heading) for part in parts]
    beside = max((len(head) for head in heads), default=0)
    if width - beside - len(_INDENT) < _LEAST_ROOM:
        beside = 0
    room = width - beside - (len(_INDENT) if beside else 0)
    lines: list[Line] = []
    before = ""
    for part, words in zip(parts, heads, strict=True):
        words, before = "" if words == before else words, words
        if words and not beside:
            lines += _wrapped(words, width, "heading", "", "")
        head = Run(words if beside else "", "heading")
        gap = Run(" " * (beside + len(_INDENT) - len(words)) if beside else "")
        for text in _rows(part, room):
            for line in _wrapped(text, room, "value", "", _INDENT):
                lines.append((head, gap, *line))
                head, gap = Run(""), Run(" " * (beside + len(_INDENT)) if beside else "")
    if summary:
        lines += _wrapped(summary, width, "muted", "", "")
    return lines


def _rows(part: Part, room: int) -> list[str]:
    """The lines of a part, in one row what one row has room for: ``a = b`` and ``a = c`` as
    ``a = b = c``, a sentence in few words behind its equation, values side by side."""
    found: list[str] = []
    before: Equation | None = None
    left = ""
    for line in part.lines:
        now, sign, right = line.text.partition(" = ")
        end = len(found[-1]) if found else 0
        if before is not None and sign and now == left:
            fits = end + len(right) + 3 <= room
            found[-1:] = [f"{found[-1]} = {right}"] if fits else [found[-1], f"{_INDENT}= {right}"]
        elif (
            before is not None
            and line.brief
            and not line.latex
            and end + len(line.brief) + 2 <= room
        ):
            found[-1] += f"; {line.brief}"
        elif before is not None and _side_by_side(part, before) and end + len(line.text) < room - 2:
            found[-1] += _BESIDE + line.text
        else:
            found.append(line.text if line.latex else line.brief or line.text)
        left = now if sign else ""
        before = line
    return found


def _side_by_side(part: Part, before: Equation) -> bool:
    """Whether what follows may stand in the same row: after a value, not after what is told of it,
    and never in what a program printed."""
    return part.heading == "values" and bool(before.latex)


def _wrapped(text: str, width: int, style: str, first: str, then: str) -> list[Line]:
    # Most lines are short, and textwrap takes its time.
    if text and len(first) + len(text) <= width and text.isprintable() and text == text.strip():
        return [(Run(first + text, style),)]
    wrapped = textwrap.wrap(
        text,
        max(width, _LEAST_ROOM),
        initial_indent=first,
        subsequent_indent=then,
        break_long_words=True,
        break_on_hyphens=False,
    )
    return [(Run(line, style),) for line in wrapped]
