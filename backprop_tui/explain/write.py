"""Equations from names, formulas and workings: text and LaTeX side by side."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from backprop_tui.engines.base import Array, TensorValue
from backprop_tui.explain.known import kept
from backprop_tui.explain.naming import Name, Names
from backprop_tui.explain.numbers import array, array_latex, number, number_latex
from backprop_tui.explain.record import Equation
from backprop_tui.explain.spelling import latex, text
from backprop_tui.explain.sym import Sym
from backprop_tui.ops.base import Formula
from backprop_tui.trace.steps import Forward

#: A working longer than this is shown with fewer terms, and beyond LONGEST_LINE not at all.
LONG_LINE = 160
LONGEST_LINE = 400
#: Arrays of up to this many elements are shown whole.
SMALL_ARRAY = 12
#: In a caption.
BRIEF_ARRAY = 6


_NOT_GIVEN = re.compile(r" (?:\+|·|\\cdot) \$\w+")


def sentence(words: str, brief: str = "") -> Equation:
    """A line that is no equation; ``brief`` says it in fewer words."""
    return Equation(words, brief=brief)


def equal(
    left: Name, right: Name, result: Array | float | None = None, sign: tuple[str, str] = ("=", "=")
) -> Equation:
    """``left = right``, and ``= result`` where right is not already that number."""
    words = f"{left.text} {sign[0]} {right.text}"
    tex = f"{left.tex} {sign[1]} {right.tex}"
    if result is not None:
        value = value_name(result)
        if right.text == "-0" and value.text == "0":
            words, tex = f"{left.text} {sign[0]} 0", f"{left.tex} {sign[1]} 0"
        elif value.text != right.text:
            words, tex = f"{words} = {value.text}", f"{tex} = {value.tex}"
    return Equation(words, tex, result)


#: The sign of an assignment, for ``equal``.
BECOMES = ("←", r"\leftarrow")


def value_name(value: Array | float) -> Name:
    """A number or a small array, as it is written in an equation."""
    if isinstance(value, np.ndarray) and value.size != 1:
        return Name(array(value, SMALL_ARRAY), array_latex(value, SMALL_ARRAY))
    single = kept(value).item() if isinstance(value, np.ndarray) else value
    return Name(number(single), number_latex(single))


def is_value(left: Name, value: Array | float) -> Equation:
    """``left = value``."""
    return equal(left, value_name(value), value)


def working(
    left: Name,
    made: Sym,
    result: float,
    *,
    names: bool = False,
    sign: tuple[str, str] = ("=", "="),
) -> Equation | None:
    """``left = 0.9·0.5 + … = result``, or with names instead of numbers (then no result).

    None where even with few terms it is too long to read.
    """
    for longest in (6, 3):
        words = text(made, names=names, longest=longest)
        if len(words) <= (LONG_LINE if longest == 6 else LONGEST_LINE):
            break
    else:
        return None
    right = Name(words, latex(made, names=names, longest=longest))
    return equal(left, right, None if names else result, sign)


def filled(formula: Formula, parts: Mapping[str, Name]) -> Name:
    """A formula with names put in; a name in parentheses loses them inside others."""
    text_of, tex_of = {}, {}
    for key, name in parts.items():
        inside = f"(${key})"
        if f"${key}ᵀ" in formula.text and name.text.startswith("∂"):
            name = Name(f"({name.text})", rf"\left({name.tex}\right)")
        text_of[key] = (name.bare if inside in formula.text else name).text
        tex_of[key] = (name.bare if inside in formula.latex else name).tex
    # Twice transposed is not transposed; an optional operand that was not given is left out.
    words = _NOT_GIVEN.sub("", formula.fill(**text_of)).replace("ᵀᵀ", "")
    tex = _NOT_GIVEN.sub("", formula.fill_latex(**tex_of))
    return Name(words, tex.replace(r"^{\top}}^\top", "}"))


def operands(step: Forward, names: Names, at: int) -> dict[str, Name]:
    """The names of a forward step's inputs, outputs and attributes, for its formulas."""
    parts = {key: plain(value) for key, value in step.attrs.items()}
    several: dict[str, list[Name]] = {}
    for operand in step.inputs:
        value = operand.value
        name = names.of(value.tensor, at) if isinstance(value, TensorValue) else value_name(value)
        if name.text.startswith("-"):
            name = Name(f"({name.text})", f"({name.tex})")
        # tensors[0], tensors[1] … are one list.
        several.setdefault(operand.name.partition("[")[0], []).append(name)
    parts |= {key: joined(list_of) for key, list_of in several.items()}
    if step.outputs:
        parts["result"] = joined([names.of(o.tensor, at) for o in step.outputs])
    return parts


def joined(names: Sequence[Name], between: str = ", ") -> Name:
    """Several names in a row."""
    return Name(between.join(n.text for n in names), between.join(n.tex for n in names))


def plain(value: object) -> Name:
    """An attribute of an op (``dim=1``) as it is written in a formula."""
    if isinstance(value, bool):
        return Name(str(value), rf"\text{{{value}}}")
    if isinstance(value, int | float):
        words, tex = number(value), number_latex(value)
        return Name(f"({words})", f"({tex})") if words.startswith("-") else Name(words, tex)
    words = str(value)
    escaped = words.replace("_", r"\_").replace("{", r"\{").replace("}", r"\}")
    return Name(words, rf"\text{{{escaped}}}")


def brief_value(value: Array | float) -> str:
    """A value for a caption: a number, a few of them, or a shape."""
    if isinstance(value, np.ndarray) and value.size > BRIEF_ARRAY:
        return f"a tensor of shape {shape_words(value.shape)}"
    return value_name(value).text


def shape_words(shape: tuple[int, ...]) -> str:
    """``(4, 2)``, ``(2,)``, ``()``."""
    return str(tuple(int(n) for n in shape))
