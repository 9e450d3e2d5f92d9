"""A record's formula as it suits one step: no N where there is one element, no u ^ (2 − 1)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from backprop_tui.engines.base import TensorValue
from backprop_tui.explain.naming import Name
from backprop_tui.explain.record import Equation
from backprop_tui.explain.write import equal, filled
from backprop_tui.ops.base import Formula
from backprop_tui.trace.steps import Forward

#: Losses whose N is the number of elements.
_PER_ELEMENT = frozenset(
    {
        "binary_cross_entropy",
        "binary_cross_entropy_with_logits",
        "huber_loss",
        "l1_loss",
        "mse_loss",
        "smooth_l1_loss",
    }
)
_SUPERSCRIPTS = {"2": "²", "3": "³"}


def formula_name(formula: Formula, parts: Mapping[str, Name], step: Forward) -> Name:
    """``formula`` with names put in, simplified for the numbers this step was given."""
    words = filled(_suited(formula, step), parts)
    if "^" not in words.text:
        return words
    text = re.sub(r" \^ \((\d+) − 1\)", _one_less, words.text)
    text = re.sub(r" \^ ([23])(?![\w.])", lambda found: _SUPERSCRIPTS[found[1]], text)
    tex = re.sub(r"\^\{(\d+) - 1\}", _one_less_latex, words.tex)
    return Name(text, tex)


def rule_line(left: Name, formula: Name) -> Equation:
    """``left = formula``; the formula alone where ``left`` is no name but the same words."""
    if same_words(left.text, formula.text):
        return Equation(formula.text, formula.tex)
    return equal(left, formula)


def same_words(one: str, other: str) -> bool:
    """Whether two pieces of text differ in signs, spaces and parentheses only."""
    return _plain(one) == _plain(other)


def _one_less(found: re.Match[str]) -> str:
    power = int(found[1]) - 1
    return "" if power == 1 else f" ^ {power}"


def _one_less_latex(found: re.Match[str]) -> str:
    power = int(found[1]) - 1
    return "" if power == 1 else f"^{{{power}}}"


def _suited(formula: Formula, step: Forward) -> Formula:
    """A loss's formula: N as a number, no mean over one element."""
    reduction = step.attrs.get("reduction")
    first = next((o.value for o in step.inputs if isinstance(o.value, TensorValue)), None)
    if first is None:
        return formula
    if step.op == "clamp":
        return _one_bound(formula, step.attrs)
    count = first.data.size
    if step.op == "mean" and step.outputs[0].data.size:
        return _counted(formula, count // step.outputs[0].data.size)
    if step.op not in _PER_ELEMENT:
        return formula
    if reduction == "mean" and count > 1:
        return _counted(formula, count)
    text = formula.text.replace("2 / N", "2").replace(" / N", "")
    latex = re.sub(r"\\t?frac\{(2|\$grad)\}\{N\}", r"\1 ", formula.latex)
    if count == 1 or reduction == "none":
        text = _without(text, "$reduction(")
        latex = _without(latex, r"\text{$reduction}(")
    return Formula(text, latex)


def _one_bound(formula: Formula, attrs: Mapping[str, object]) -> Formula:
    """``clamp``'s formula with the bounds that were given."""
    low, high = (_is_bound(attrs.get(key)) for key in ("min", "max"))
    if low == high:
        return formula
    bound, largest, sign = ("$min", "max", "≥") if low else ("$max", "min", "≤")
    if "$grad" not in formula.text:
        return Formula(f"{largest}($self, {bound})", rf"\{largest}($self, {bound})")
    tex = r"\ge" if low else r"\le"
    return Formula(
        f"$grad where $self {sign} {bound}, else 0", rf"$grad \cdot [$self {tex} {bound}]"
    )


def _is_bound(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _counted(formula: Formula, count: int) -> Formula:
    """The formula with N as a number."""
    return Formula(
        re.sub(r"\bN\b", str(count), formula.text), formula.latex.replace("{N}", f"{{{count}}}")
    )


def _without(words: str, opening: str) -> str:
    if words.startswith(opening) and words.endswith(")"):
        return words[len(opening) : -1]
    return words


def _plain(words: str) -> str:
    for sign, python in (("·", "*"), ("−", "-"), ("²", "**2"), ("³", "**3"), ("^", "**")):
        words = words.replace(sign, python)
    return re.sub(r"[\s()]", "", words)
