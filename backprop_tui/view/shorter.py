"""The parts of an Explanation in fewer rows: first what loses nothing, then what can be spared.

together   what an optimizer's rule and its numbers have in common is said once
let        a long name that comes often gets a letter: ḡ = ∂loss/∂model(X_train)
spare      what is said elsewhere too: in the rule above, in Tensors, in the caption
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from backprop_tui.explain import Equation, Part

Parts = tuple[Part, ...]

_BECOMES = " ← "
INCOMING, WHERE = "incoming gradient", "where"
#: A name shorter than this is no shorter as a letter with a row that says what it stands for.
_LONG = 12


def together(parts: Parts) -> Parts:
    """``m ← β₁ · m + …`` and ``m ← 0.9·0.1 + …`` as one line; what differs keeps its own."""
    by_heading = {part.heading: part for part in parts}
    rule, numbers = by_heading.get("rule"), by_heading.get("numbers")
    if rule is None or numbers is None or len(rule.lines) != len(numbers.lines):
        return parts
    if not all(_BECOMES in line.text for line in (*rule.lines, *numbers.lines)):
        return parts
    lines: list[Equation] = []
    for said, worked in zip(rule.lines, numbers.lines, strict=True):
        left, _, right = worked.text.partition(_BECOMES)
        if said.text.startswith(left + _BECOMES):
            lines.append(replace(worked, text=f"{said.text} = {right}"))
        else:
            lines += [said, worked]
    joined = Part("rule", tuple(lines))
    return tuple(joined if part is rule else part for part in parts if part is not numbers)


def let(parts: Parts) -> Parts:
    """A letter for the gradient that arrives, or the one an update uses, where its name is long."""
    for part in parts:
        if part.heading == INCOMING and len(part.lines) == 1:
            said = part.lines[0].text
            name, sign, _ = said.partition(" = ")
            others = tuple(one for one in parts if one is not part)
            return _lettered(parts, others, name, "ḡ", said) if sign else parts
        if part.heading == "rule":
            found = re.search(r"\S+\.grad\b", " ".join(line.text for line in part.lines))
            if found is not None:
                return _lettered(parts, parts, found[0], "g", found[0])
    return parts


def _lettered(before: Parts, parts: Parts, name: str, letter: str, said: str) -> Parts:
    # ∂loss/∂h is no part of ∂loss/∂h2, ∂loss/∂h.T or ∂loss/∂h(x).
    pattern = re.compile(rf"(?<![\w.]){re.escape(name)}(?![\w.(ᵀ])(?! via )")
    lines = [line for part in parts for line in part.lines]
    if len(name) < _LONG or sum(len(pattern.findall(line.text)) for line in lines) < 2:
        return before

    def shorter(line: Equation) -> Equation:
        return replace(
            line, text=pattern.sub(letter, line.text), brief=pattern.sub(letter, line.brief)
        )

    where = Part(WHERE, (Equation(f"{letter} = {said}"),))
    return (where, *(Part(part.heading, tuple(map(shorter, part.lines))) for part in parts))


def without_incoming(parts: Parts) -> Parts:
    """Without the value of the gradient that arrives: the step before had it."""
    return tuple(
        Part(WHERE, (Equation(" = ".join(part.lines[0].text.split(" = ")[:2])),))
        if part.heading == WHERE
        else part
        for part in parts
        if part.heading != INCOMING
    )


def without_terms(parts: Parts) -> Parts:
    """Without the terms in names where their numbers follow: the rule above has the names."""
    return _kept(parts, ("numbers",), lambda line, after: not _same_left(line, after))


def without_arrays(parts: Parts) -> Parts:
    """Without whole arrays where one element is worked out: Tensors has them."""
    return _kept(parts, ("numbers", "summed because of broadcasting"), _is_single)


def without_one_part(parts: Parts) -> Parts:
    """Without one term of the sum that broadcasting makes: the sum has it."""
    if all(part.heading != "summed because of broadcasting" for part in parts):
        return parts
    return _kept(parts, ("numbers",), lambda line, _: "(one part)" not in line.text)


def without_broadcasting(parts: Parts) -> Parts:
    """Without the words on the shapes of a sum: its heading says why it is one."""
    return _kept(parts, ("summed because of broadcasting",), lambda line, _: bool(line.latex))


def without_before_and_after(parts: Parts) -> Parts:
    """Without the whole parameter before and after: Tensors has it."""
    return tuple(part for part in parts if part.heading != "update")


def with_one_chain(parts: Parts) -> Parts:
    """The shortest of several chain rules; those to other inputs go the same way."""
    chains = [part for part in parts if part.heading == "chain rule"]
    if len(chains) < 2:
        return parts
    shortest = min(chains, key=lambda chain: sum(len(line.text) for line in chain.lines))
    names = ", ".join(_target(chain) for chain in chains if chain is not shortest)
    one = Part("chain rule", (*shortest.lines, Equation(f"… likewise {names}")))
    return (*(part for part in parts if part.heading != "chain rule"), one)


def with_fewer_pieces(parts: Parts) -> Parts:
    """The ends of long sums and products."""
    return tuple(
        Part(
            part.heading, tuple(replace(line, text=line.brief or line.text) for line in part.lines)
        )
        for part in parts
    )


def _target(chain: Part) -> str:
    """What a chain leads to: the left of its sum, or of its only product."""
    last = chain.lines[-1]
    return (last if last.latex else chain.lines[0]).text.partition(" = ")[0]


#: Whether a line is kept, given the one that follows it.
_Keeps = Callable[[Equation, Equation | None], bool]


def _kept(parts: Parts, headings: tuple[str, ...], keeps: _Keeps) -> Parts:
    found = []
    for part in parts:
        if part.heading in headings:
            after = [*part.lines[1:], None]
            lines = tuple(
                line for line, then in zip(part.lines, after, strict=True) if keeps(line, then)
            )
            if len(lines) < len(part.lines):
                part = Part(part.heading, lines or part.lines[-1:])
        found.append(part)
    return tuple(found)


def _same_left(line: Equation, after: Equation | None) -> bool:
    """Whether the same quantity follows with its numbers."""
    if after is None or line.result is not None or after.result is None:
        return False
    return line.text.partition(" = ")[0] == after.text.partition(" = ")[0]


def _is_single(line: Equation, _: Equation | None) -> bool:
    return not isinstance(line.result, np.ndarray) or line.result.size <= 1
