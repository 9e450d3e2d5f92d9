"""The Maths of a gradient's beginning (the root) and end (a leaf's ``.grad``)."""

from __future__ import annotations

import numpy as np

from backprop_tui.explain.chain import chain
from backprop_tui.explain.gradients import (
    chain_lines,
    element_of,
    elements,
    plus,
    root_name,
    root_of,
)
from backprop_tui.explain.known import is_zero, known
from backprop_tui.explain.naming import Names, grad_of, named, partial
from backprop_tui.explain.record import Element, Equation, Explanation, Part
from backprop_tui.explain.worked import Index, named_element
from backprop_tui.explain.write import (
    SMALL_ARRAY,
    brief_value,
    equal,
    is_value,
    sentence,
    shape_words,
)
from backprop_tui.trace.steps import Accumulate, SeedGrad
from backprop_tui.trace.trace import Trace


def explain_seed(step: SeedGrad, names: Names) -> Explanation:
    """The Maths of backward's beginning."""
    root, tensor = root_name(names, step), names.of(step.tensor.tensor, step.index)
    scalar = step.tensor.data.size == 1
    one = scalar and step.grad.item() == 1
    if one:
        what = (
            "A quantity changes exactly as much as itself, so its derivative by itself is 1. "
            "From here the chain rule works its way back."
        )
        left = partial(root, root)
    else:
        what = (
            f"It begins with the gradient that was handed to backward(): "
            f"what is differentiated is the sum of {tensor.text} times these numbers."
        )
        left = partial(root if not scalar else named("L"), tensor)
    return Explanation(
        f"Backward begins at {tensor.text}",
        what,
        (Part("chain rule", (is_value(left, step.grad),)),),
        Element(step.tensor.tensor, tensor.text, (0,) * step.grad.ndim),
        brief=f": {left.text} = {brief_value(step.grad)}. {what}",
    )


def explain_accumulate(
    trace: Trace, step: Accumulate, names: Names, element: Index | None
) -> Explanation:
    """The Maths of a gradient's arrival in ``.grad``."""
    seed, root = root_of(trace, names, step.index)
    name = names.of(step.tensor.tensor, step.index)
    at = element_of(step.after, element)
    left = grad_of(name)
    here = named_element(left, step.after, at)
    whole = partial(root, name)
    if step.node is None:
        what = (
            f"{name.text} is no leaf, but retain_grad() asked to keep its gradient: "
            f"it is copied into {name.text}.grad on its way."
        )
    else:
        what = f"AccumulateGrad: the gradient has reached the leaf {name.text}."
    brief = f" = {brief_value(step.incoming)}. {what}"
    lines: list[Equation] = []
    if step.before is None:
        lines.append(sentence(f"before: no gradient yet ({name.text}.grad is None)"))
        lines.append(is_value(left, step.after))
    else:
        note = (
            "There was a gradient already: the new one is added to it, it accumulates, "
            "because nothing cleared it (zero_grad) since the last backward."
            if not is_zero(step.before)
            else "It had been cleared to 0, so the sum is the new gradient."
        )
        what += f" {note}"
        terms = [known(array, at) for array in (step.before, step.incoming, step.after)]
        brief = f" = {brief_value(step.incoming)}. {note}"
        if None not in terms:
            lines.append(equal(here, plus(np.array(terms[:2])), terms[2]))
            brief = f" = {brief_value(step.incoming)}; {lines[-1].text}. {note}"
        if 1 < step.after.size <= SMALL_ARRAY:
            lines.append(is_value(left, step.after))
    parts = [Part("accumulates into .grad", tuple(lines))]
    node = step.node.node if step.node is not None else step.tensor.node
    if seed is not None and node is not None:
        found = chain(
            trace,
            seed,
            node,
            None,
            step.tensor,
            at,
            lambda tensor: names.has_name(tensor, step.index),
        )
        # One factor alone says no more than the gradient that arrives.
        if found is not None and (found.paths > 1 or len(found.ways[0].factors) > 1):
            target = partial(root, named_element(name, step.after, at))
            total = known(step.incoming, at)
            total = found.ways[0].contribution if total is None else total
            spelled = chain_lines(found, target, total, names, step.index, seed)
            parts.append(Part("chain rule", tuple(spelled)))
    rest = step.after.size - 1
    summary = (
        f"{left.text} has shape {shape_words(step.after.shape)}: "
        f"{rest} more {elements(rest)} like the one above."
        if rest
        else ""
    )
    return Explanation(
        f"{left.text} receives {whole.text}" if step.node else f"{left.text} keeps {whole.text}",
        what,
        tuple(parts),
        Element(step.tensor.tensor, name.text, at),
        summary,
        brief,
    )
