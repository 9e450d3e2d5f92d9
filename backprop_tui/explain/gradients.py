"""Gradients in equations: what the root is called, sums, products, and the chain rule's lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from backprop_tui.engines.base import Array
from backprop_tui.explain.chain import Chain, Factor, Way
from backprop_tui.explain.naming import Name, Names, named, partial
from backprop_tui.explain.record import Equation
from backprop_tui.explain.worked import Index, named_element
from backprop_tui.explain.write import equal, sentence, value_name
from backprop_tui.trace.steps import SeedGrad
from backprop_tui.trace.trace import Trace

#: Sums and products of more pieces than this show so many at each end.
LONGEST_ROW, ENDS = 10, 2


def root_of(trace: Trace, names: Names, index: int) -> tuple[SeedGrad | None, Name]:
    """The latest backward's beginning and what its root is called: its own name, or L."""
    at = names.seed_before(index)
    step = None if at is None else trace[at]
    if not isinstance(step, SeedGrad):
        return None, named("L")
    return step, root_name(names, step)


def root_name(names: Names, step: SeedGrad) -> Name:
    """The root's own name, L if it has none or is no scalar."""
    tensor = step.tensor
    if tensor.data.size == 1 and names.has_name(tensor.tensor, step.index):
        return names.of(tensor.tensor, step.index)
    return named("L")


def element_of(data: Array, wanted: Index | None) -> Index:
    """The wanted element if there is one, else the first."""
    if (
        wanted is not None
        and len(wanted) == data.ndim
        and all(0 <= i < n for i, n in zip(wanted, data.shape, strict=True))
    ):
        return wanted
    return (0,) * data.ndim


def via(left: Name, by: Name) -> Name:
    """``∂f/∂u via u**2``: the part of a gradient that came over ``by``."""
    words = by.text if " " in by.text else by.bare.text
    return Name(
        f"{left.text} via {words}", rf"\left.{left.tex}\right|_{{\text{{via }} {by.bare.tex}}}"
    )


def sum_of_ways(terms: Sequence[tuple[float, Name]]) -> Name:
    """``2 (via u**2) + 2 (via u * v)``."""
    pieces = []
    for number, (term, by) in enumerate(terms):
        value, words = _bracketed(term, first=number == 0), by.bare
        pieces.append(
            Name(
                f"{value.text} (via {words.text})",
                rf"\underbrace{{{value.tex}}}_{{\text{{via }} {words.tex}}}",
            )
        )
    return _row(pieces, " + ", "terms")


def chain_lines(
    found: Chain, left: Name, total: float, names: Names, at: int, seed: SeedGrad
) -> list[Equation]:
    """The chain rule in symbols and in numbers; several paths one by one, then their sum."""
    root = root_name(names, seed)
    if found.paths == 1:
        return _way_lines(left, found.ways[0], total, seed, names, at)
    shown = len(found.ways)
    which = ", each brings its contribution" if shown == found.paths else f"; the first {shown}"
    lines = [sentence(f"{found.paths} paths lead from {root.text} to {_by(left)}{which}:")]
    labels = _labels(found.ways, names, at)
    for number, way in enumerate(found.ways):
        path = Name(f"path {number + 1}", rf"\text{{path {number + 1}}}")
        name = path if labels is None else via(left, labels[number])
        lines += _way_lines(name, way, way.contribution, seed, names, at)
    contributions = [way.contribution for way in found.ways]
    if labels is None:
        sum_of = plus(np.array(contributions))
    else:
        sum_of = sum_of_ways(list(zip(contributions, labels, strict=True)))
    if shown < found.paths:
        count = f" ({found.paths} paths)"
        sum_of = Name(f"{sum_of.text} + …{count}", sum_of.tex + r" + \dots")
    lines.append(equal(left, sum_of, total))
    return lines


def _labels(ways: Sequence[Way], names: Names, at: int) -> list[Name] | None:
    """For each way a tensor that no other way passes, one with a name if there is one."""
    labels = []
    for way in ways:
        others = {t.tensor for other in ways if other is not way for t in other.route}
        own = [t.tensor for t in way.route if t.tensor not in others]
        if not own:
            return None
        labels.append(names.of(next((t for t in own if names.has_name(t, at)), own[-1]), at))
    return labels


def _way_lines(
    left: Name, way: Way, total: float, seed: SeedGrad, names: Names, at: int
) -> list[Equation]:
    """One path: its factors by name, then their numbers."""
    root, tensor = root_name(names, seed), seed.tensor.tensor
    factors = [_factor_name(f, root, tensor, names, at) for f in way.factors]
    parts = [factor.parts for factor in way.factors]
    symbols, few = (_row(factors, " · ", "factors", ends) for ends in (ENDS, 1))
    product, few_numbers = (dotted(parts, ends) for ends in (ENDS, 1))
    if way.ways == 1:
        first = [briefly(equal(left, symbols), equal(left, few))] if len(factors) > 1 else []
        worked = equal(left, product, total)
        return [*first, briefly(worked, equal(left, few_numbers, total))]
    this = Name("this term", r"\text{this term}")
    return [
        briefly(*(equal(left, _one_of(name, way.ways)) for name in (symbols, few))),
        briefly(*(equal(this, name, way.product) for name in (product, few_numbers))),
        sentence(
            f"Elements fan out on the way: this is one of {way.ways} terms, a large one. "
            f"Their sum is {value_name(total).text}.",
            f"the {way.ways} terms sum to {value_name(total).text}",
        ),
    ]


def briefly(line: Equation, brief: Equation) -> Equation:
    """A line that where rows are few has fewer factors or terms."""
    return replace(line, brief=brief.text)


def _one_of(term: Name, terms: int) -> Name:
    """``term + … (30 terms)``."""
    return Name(
        f"{term.text} + … ({terms} terms)",
        rf"\underbrace{{{term.tex} + \dots}}_{{{terms}\ \text{{terms}}}}",
    )


def _factor_name(factor: Factor, root: Name, tensor: int, names: Names, at: int) -> Name:
    of = named_element(names.of(factor.of.tensor, at), factor.of.data, factor.of_at)
    if factor.of.tensor == tensor and factor.of.data.size == 1:
        of = root
    by = named_element(names.of(factor.by.tensor, at), factor.by.data, factor.by_at)
    # The root's own gradient, where it is not 1: ∂L/∂root.
    return partial(root if factor.of is factor.by else of, by)


def _by(left: Name) -> str:
    return left.text.split("/∂", 1)[-1].partition(" via ")[0]


def plus(terms: Array, ends: int = ENDS) -> Name:
    """``1 + 2 + (-3)``, the first and the last where there are many."""
    pieces = [_bracketed(term, first=i == 0) for i, term in enumerate(terms.tolist())]
    return _row(pieces, " + ", "terms", ends)


def dotted(factors: Sequence[tuple[float, ...]], ends: int = ENDS) -> Name:
    """``1 · (0.5·0.9) · (-0.2)``: a factor made of several parts in parentheses, its ones left
    out."""
    alone = len(factors) == 1
    pieces = []
    for parts in factors:
        kept = [part for part in parts if part != 1] or [1.0]
        if len(kept) == 1:
            pieces.append(_bracketed(kept[0], first=alone))
            continue
        inner = [_bracketed(part, first=False) for part in kept]
        words, tex = "·".join(p.text for p in inner), r" \cdot ".join(p.tex for p in inner)
        pieces.append(Name(words, tex) if alone else Name(f"({words})", f"({tex})"))
    return _row(pieces, " · ", "factors", ends)


def _bracketed(number: float, *, first: bool) -> Name:
    """A number; in parentheses if it is negative and not the first of a sum."""
    value = value_name(number)
    if first or not value.text.startswith("-"):
        return value
    return Name(f"({value.text})", f"({value.tex})")


def _row(pieces: Sequence[Name], sign: str, what: str, ends: int = ENDS) -> Name:
    """Pieces in a row; the ends of a long one, and where it is to be brief of any."""
    tex_sign = r" \cdot " if sign == " · " else sign
    if len(pieces) <= (LONGEST_ROW if ends == ENDS else 2 * ends + 1):
        return Name(sign.join(p.text for p in pieces), tex_sign.join(p.tex for p in pieces))
    shown = [*pieces[:ends], Name("…", r"\dots"), *pieces[-ends:]]
    words = sign.join(p.text for p in shown)
    tex = tex_sign.join(p.tex for p in shown)
    return Name(
        f"{words} ({len(pieces)} {what})",
        rf"\underbrace{{{tex}}}_{{{len(pieces)}\ \text{{{what}}}}}",
    )


def listed(words: Sequence[str]) -> str:
    """``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def elements(count: int) -> str:
    """The noun for so many elements."""
    return "element" if count == 1 else "elements"
