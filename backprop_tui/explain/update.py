"""The Maths of an optimizer's step: its rule line by line, with the numbers of one element."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.explain.gradients import element_of, elements
from backprop_tui.explain.known import NotKept, known, number_at
from backprop_tui.explain.naming import Name, Names, grad_of
from backprop_tui.explain.record import Element, Equation, Explanation, Part
from backprop_tui.explain.sym import Sym, leaf, sym
from backprop_tui.explain.worked import SMALL, TOLERANCE, Index, named_element
from backprop_tui.explain.write import (
    BECOMES,
    SMALL_ARRAY,
    brief_value,
    equal,
    filled,
    is_value,
    plain,
    sentence,
    shape_words,
    working,
)
from backprop_tui.ops.updates import SYMBOLS, UPDATES, Assign, UpdateRule
from backprop_tui.trace.steps import Update


def explain_update(step: Update, names: Names, element: Index | None) -> Explanation:
    """The Maths of one parameter's update."""
    name = names.of(step.before.tensor, step.index)
    at = element_of(step.before.data, element)
    rule = UPDATES.get(step.optimizer)
    lines = None if rule is None else _kept_lines(step, rule, name, at)
    if lines is None:
        what = (
            f"{step.optimizer} changes {name.text}. No formula is known for this optimizer here: "
            "below are the numbers before and after."
        )
        lines = tuple(p for p in [Part("values", _before_and_after(step, name, at))] if p.lines)
    else:
        what = (
            "A step against the gradient makes the loss smaller. It is no part of the graph: "
            "autograd takes no note of it."
        )
    rest = step.before.data.size - 1
    summary = (
        f"{name.text} has shape {shape_words(step.before.data.shape)}: "
        f"{rest} more {elements(rest)} changed by the same rule."
        if rest
        else ""
    )
    element_worked = Element(step.before.tensor, name.text, at)
    return Explanation(
        f"{step.optimizer} updates {name.text}",
        what,
        lines,
        element_worked,
        summary,
        _brief(step, name, lines),
    )


def _brief(step: Update, name: Name, parts: tuple[Part, ...]) -> str:
    """The parameter's last line and its numbers; what the parameter is now."""
    by_heading = {
        part.heading: next(
            (line.text for line in reversed(part.lines) if line.text.startswith(name.text)),
            part.lines[-1].text,
        )
        for part in parts
    }
    words = [by_heading[heading] for heading in ("rule", "numbers") if heading in by_heading]
    if step.after.data.size > 1 or not words:
        words.append(f"now {brief_value(step.after.data)}")
    return f": {'; '.join(words)}."


def _before_and_after(step: Update, name: Name, at: Index) -> tuple[Equation, ...]:
    before, after = step.before.data, step.after.data
    if before.size > SMALL_ARRAY:
        here = named_element(name, before, at)
        one, other = known(before, at), known(after, at)
        if one is None or other is None:
            return ()
        before, after, name = one, other, here
    return (
        is_value(Name(f"{name.text} before", rf"{name.tex}\text{{ before}}"), before),
        is_value(Name(f"{name.text} after", rf"{name.tex}\text{{ after}}"), after),
    )


def _kept_lines(step: Update, rule: UpdateRule, name: Name, at: Index) -> tuple[Part, ...] | None:
    """The parts of one element; where its numbers were not kept, the rule without them."""
    try:
        return _lines(step, rule, name, at)
    except NotKept:
        found = _lines(step, rule, name, element_of(step.before.data, None))
    words = sentence(f"{named_element(name, step.before.data, at).text} was not kept")
    return found and (found[0], Part("numbers", (words,)))


def _lines(step: Update, rule: UpdateRule, name: Name, at: Index) -> tuple[Part, ...] | None:
    """The parts "rule", "numbers" and "update"; None if the rule gives another number."""
    parts = {key: Name(symbol.text, symbol.latex) for key, symbol in SYMBOLS.items()}
    parts |= {"param": name, "grad": grad_of(name)}
    parts = {key: plain(value) for key, value in step.group.items()} | parts
    rules: list[Equation] = []
    numbers: list[Equation] = []
    try:
        state = {key: _one(value, at) for key, value in step.state_before.items()}
        values = rule.values(_one(step.before.data, at), _one(step.grad, at), step.group, state)
        for line in rule.active(values):
            made = line.compute(values)
            formula = filled(line.formula, parts)
            if line.target == "grad":
                parts["grad"] = Name("g", "g")
            target = parts.get(line.target, plain(line.target))
            rules.append(equal(target, formula, sign=BECOMES))
            single = sym(np.asarray(made, dtype=object).ravel()[0])
            here = named_element(target, step.before.data, at) if line.target == "param" else target
            shown = working(here, single, single.value, sign=BECOMES)
            numbers.append(shown or is_value(here, single.value))
            setattr(values, line.target, _fresh(made, single, line))
    except NotKept:
        raise
    except (TypeError, ValueError, AttributeError, IndexError):
        return None
    result = np.asarray(values.param, dtype=object).ravel()[0]
    recorded = number_at(step.after.data, at)
    if abs(float(result) - recorded) > TOLERANCE * max(abs(recorded), SMALL):
        return None
    found = [Part("rule", tuple(rules)), Part("numbers", tuple(numbers))]
    if 1 < step.after.data.size <= SMALL_ARRAY:
        found.append(Part("update", _before_and_after(step, name, at)))
    return tuple(found)


def _one(value: Any, at: Index) -> Any:
    """The one element as an array that holds a number which remembers."""
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.kind != "f" or value.ndim != len(at):
        return value
    one = np.empty(1, dtype=object)
    one[0] = leaf(number_at(value, at), Name("", ""))
    return one


def _fresh(made: Any, single: Sym, line: Assign) -> Any:
    """The assigned value as a new number: later lines start from it, not from its making."""
    if not isinstance(made, np.ndarray):
        return single.value
    one = np.empty(1, dtype=object)
    one[0] = leaf(float(single.value), Name(line.target, line.target))
    return one
