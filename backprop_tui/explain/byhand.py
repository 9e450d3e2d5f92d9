"""The Maths of an update written by hand: ``w -= lr * w.grad`` is ``w ← w − lr · ∂loss/∂w``."""

from __future__ import annotations

import ast

from backprop_tui.engines.base import Array, TensorValue
from backprop_tui.explain.gradients import element_of, elements, root_of
from backprop_tui.explain.known import NotKept, number_at, same
from backprop_tui.explain.naming import Name, Names, named, partial
from backprop_tui.explain.record import Element, Explanation, Part
from backprop_tui.explain.worked import Index, named_element
from backprop_tui.explain.write import (
    BECOMES,
    SMALL_ARRAY,
    brief_value,
    equal,
    is_value,
    shape_words,
    value_name,
)
from backprop_tui.trace import state
from backprop_tui.trace.steps import Forward
from backprop_tui.trace.trace import Trace

_SIGNS = {"sub": ("−", "-"), "add": ("+", "+")}


def explain_update_by_hand(
    trace: Trace, step: Forward, names: Names, element: Index | None
) -> Explanation | None:
    """The Maths of ``w -= rate * w.grad`` for a leaf ``w``; None if the step is nothing like it."""
    found = _rate_and_gradient(trace, step)
    if found is None:
        return None
    rate, rate_value, gradient = found
    before = next(o.value for o in step.inputs if o.name == "self")
    after = step.outputs[0]
    assert isinstance(before, TensorValue)
    name = names.of(after.tensor, step.index)
    _, root = root_of(trace, names, step.index)
    at = element_of(after.data, element)
    sign, tex_sign = _SIGNS[step.op]
    slope = partial(root, name)
    right = Name(
        f"{name.text} {sign} {rate.text} · {slope.text}",
        rf"{name.tex} {tex_sign} {rate.tex} \cdot {slope.tex}",
    )
    try:
        start = value_name(number_at(before.data, at))
        step_of = _product(rate_value, number_at(gradient, at))
        now = number_at(after.data, at)
    except NotKept:
        return None
    worked = Name(f"{start.text} {sign} {step_of.text}", f"{start.tex} {tex_sign} {step_of.tex}")
    here = named_element(name, after.data, at)
    number = equal(here, worked, now, BECOMES)
    parts = [
        Part("rule", (equal(name, right, sign=BECOMES),)),
        Part("numbers", (number,)),
    ]
    if 1 < after.data.size <= SMALL_ARRAY:
        old = Name(f"{name.text} before", rf"{name.tex}\text{{ before}}")
        new = Name(f"{name.text} after", rf"{name.tex}\text{{ after}}")
        parts.append(Part("update", (is_value(old, before.data), is_value(new, after.data))))
    rest = after.data.size - 1
    summary = (
        f"{name.text} has shape {shape_words(after.data.shape)}: "
        f"{rest} more {elements(rest)} changed by the same rule."
        if rest
        else ""
    )
    what = (
        "A step against the gradient makes the loss smaller. It works in place: "
        f"{name.text} stays the same leaf, and under torch.no_grad() autograd takes no note of it."
    )
    whole = "" if after.data.size == 1 else f"; now {brief_value(after.data)}"
    return Explanation(
        f"{name.text} is updated",
        what,
        tuple(parts),
        Element(after.tensor, name.text, at),
        summary,
        f": {name.text} ← {right.text}; {number.text}{whole}.",
    )


def _rate_and_gradient(trace: Trace, step: Forward) -> tuple[Name, float, Array] | None:
    """What a leaf's own gradient is multiplied by, and that gradient."""
    if step.op not in _SIGNS or step.where.grad_enabled or len(step.outputs) != 1:
        return None
    leaf = step.outputs[0]
    if not leaf.is_leaf or not leaf.requires_grad or step.attrs.get("alpha", 1) != 1:
        return None
    if all(value.tensor != leaf.tensor for value in step.changed):
        return None
    other = next((o.value for o in step.inputs if o.name == "other"), None)
    product = trace.producer_of(other.tensor) if isinstance(other, TensorValue) else None
    if product is None or product.op != "mul" or product.where.statement != step.where.statement:
        return None
    known = state.at(trace, step.index).tensors.get(leaf.tensor)
    if known is None or known.grad is None:
        return None
    values = [operand.value for operand in product.inputs]
    gradients = [v for v in values if isinstance(v, TensorValue) and same(v.data, known.grad)]
    rates = [v for v in values if not gradients or v is not gradients[0]]
    if not gradients or len(rates) != 1:
        return None
    rate = rates[0]
    if isinstance(rate, TensorValue):
        if rate.data.size != 1:
            return None
        number = rate.data.item()
    else:
        number = rate
    return _rate_name(trace, product, float(number)), float(number), known.grad


def _product(rate: float, slope: float) -> Name:
    """``0.01·(-0.3404)``."""
    pair = [value_name(number) for number in (rate, slope)]
    signed = [Name(f"({n.text})", f"({n.tex})") if n.text.startswith("-") else n for n in pair]
    return Name("·".join(n.text for n in signed), r" \cdot ".join(n.tex for n in signed))


def _rate_name(trace: Trace, product: Forward, value: float) -> Name:
    """``lr``, as the source has it; else the number."""
    try:
        tree = ast.parse(trace.text(product.where.expression), mode="eval").body
    except (SyntaxError, ValueError):
        return value_name(value)
    if isinstance(tree, ast.BinOp):
        for side in (tree.left, tree.right):
            if isinstance(side, ast.Name):
                return named(side.id)
    return value_name(value)
