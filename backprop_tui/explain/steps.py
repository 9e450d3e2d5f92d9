"""explain(trace, index): the Maths of one step, whatever its kind."""

from __future__ import annotations

from backprop_tui.engines.base import TensorValue
from backprop_tui.explain.arrivals import explain_accumulate, explain_seed
from backprop_tui.explain.backward import explain_backward
from backprop_tui.explain.gradients import element_of, elements, listed
from backprop_tui.explain.naming import Names, grad_of, named, names_of
from backprop_tui.explain.record import Element, Equation, Explanation, Part
from backprop_tui.explain.update import explain_update
from backprop_tui.explain.worked import Index, forward_working, op_of
from backprop_tui.explain.write import (
    SMALL_ARRAY,
    equal,
    filled,
    is_value,
    operands,
    sentence,
    shape_words,
    working,
)
from backprop_tui.trace.steps import (
    Accumulate,
    Assign,
    Backward,
    Bind,
    Call,
    Failed,
    Forward,
    Loop,
    Named,
    Output,
    SeedGrad,
    Update,
    ZeroGrad,
)
from backprop_tui.trace.trace import Trace


def explain(
    trace: Trace, index: int, element: Index | None = None, tensor: int | None = None
) -> Explanation:
    """What step ``index`` of ``trace`` does, worked out for one element.

    ``element`` is an index into ``tensor``, one of the step's tensors (default: its first element,
    for each of them). An index that does not fit counts as the default. Raises IndexError if
    there is no such step.
    """
    step = trace[index]
    names = names_of(trace)
    if isinstance(step, Forward):
        return _forward(step, names, element, tensor)
    if isinstance(step, Backward):
        return explain_backward(trace, step, names, element, tensor)
    if isinstance(step, SeedGrad):
        return explain_seed(step, names)
    if isinstance(step, Accumulate):
        return explain_accumulate(trace, step, names, element)
    if isinstance(step, Update):
        return explain_update(step, names, element)
    if isinstance(step, ZeroGrad):
        return _zero_grad(step, names)
    if isinstance(step, Assign):
        return _assign(step, names)
    if isinstance(step, Bind):
        return _bind(step, names)
    return _told(step)


# --- forward --------------------------------------------------------------------------------


def _forward(step: Forward, names: Names, element: Index | None, tensor: int | None) -> Explanation:
    op = op_of(step)
    parts: list[Part] = []
    position = next((i for i, o in enumerate(step.outputs) if o.tensor == tensor), 0)
    worked = None
    summary = ""
    if step.outputs:
        output = step.outputs[position]
        name = names.of(output.tensor, step.index)
        at = element_of(output.data, element)
        worked = Element(output.tensor, name.text, at)
        if op is not None:
            formula = filled(op.formula, operands(step, names, step.index))
            parts.append(Part("rule", (equal(name.bare, formula),)))
        if output.data.size:
            here = name.at(at) if output.data.size > 1 else name.bare
            number = output.data[at].item()
            lines: list[Equation | None] = []
            if op is not None:
                made = forward_working(step, op, names, at, position)
                if made is not None:
                    if made.kind != "leaf" and (output.data.size > 1 or not op.elementwise):
                        lines.append(working(here, made, number, names=True))
                    lines.append(working(here, made, number))
            found = [line for line in lines if line is not None] or [is_value(here, number)]
            parts.append(Part("numbers", tuple(found)))
        if 1 < output.data.size <= SMALL_ARRAY:
            parts.append(Part("result", (is_value(name.bare, output.data),)))
        if output.data.size != 1:
            rest = max(output.data.size - 1, 0)
            summary = f"{name.bare.text} has shape {shape_words(output.data.shape)}: "
            summary += f"{rest} more {elements(rest)} like the one above."
    return Explanation(
        f"Forward: {step.op}", _forward_what(step, names), tuple(parts), worked, summary
    )


def _forward_what(step: Forward, names: Names) -> str:
    op = op_of(step)
    words = [op.help if op is not None and op.help else f"The operation {step.op} runs."]
    if op is None:
        words.append("No formula is known for it here; its values are PyTorch's own.")
    if step.changed:
        changed = listed([names.of(value.tensor, step.index).text for value in step.changed])
        words.append(f"It works in place: {changed} has new numbers, no new tensor is made.")
    if step.node is not None:
        words.append(
            f"Autograd notes it in the graph as {step.node.name}, "
            "to send the gradient back through it later."
        )
    elif not step.where.grad_enabled:
        words.append("Under torch.no_grad() autograd takes no note of it.")
    elif step.inputs:
        words.append("No input requires grad, so autograd takes no note of it.")
    return " ".join(words)


# --- the other steps ------------------------------------------------------------------------


def _zero_grad(step: ZeroGrad, names: Names) -> Explanation:
    lines = []
    for one in step.cleared:
        name = names.of(one.tensor.tensor, step.index)
        left = grad_of(name)
        if one.after is None:
            lines.append(Equation(f"{left.text} = None", rf"{left.tex} = \text{{None}}"))
        else:
            lines.append(is_value(left, one.after))
    return Explanation(
        "Gradients are cleared",
        "backward() adds to .grad, it does not replace it. Clearing the gradients makes the next "
        "backward start from nothing instead of from what the last one left.",
        (Part("values", tuple(lines)),) if lines else (),
    )


def _assign(step: Assign, names: Names) -> Explanation:
    name = names.of(step.tensor.tensor, step.index)
    if step.attribute == "data":
        what = (
            f"The numbers of {name.text} are replaced from outside. Autograd does not see this: "
            "the tensor stays the same tensor, and nothing is noted in the graph."
        )
        line = is_value(name, step.tensor.data)
    elif step.attribute == "grad":
        what = f"{name.text}.grad is set by hand; the next backward adds to what stands there."
        left = grad_of(name)
        none = Equation(f"{left.text} = None", rf"{left.tex} = \text{{None}}")
        line = none if step.grad is None else is_value(left, step.grad)
    else:
        asked = step.tensor.requires_grad
        what = (
            f"From here on autograd {'notes' if asked else 'ignores'} what is computed from "
            f"{name.text}, and backward {'gives' if asked else 'does not give'} it a gradient."
        )
        line = sentence(f"{name.text}.requires_grad = {asked}")
    element = Element(step.tensor.tensor, name.text, (0,) * step.tensor.data.ndim)
    return Explanation(
        f"{name.text}.{step.attribute} is set", what, (Part("values", (line,)),), element
    )


def _bind(step: Bind, names: Names) -> Explanation:
    tensors = [one for one in step.binds if isinstance(one.value, TensorValue)]
    title = f"{listed([one.name for one in step.binds[:3]])} is bound" if step.binds else "Bind"
    if len(step.binds) > 3:
        title = f"{step.binds[0].name} and {len(step.binds) - 1} more names are bound"
    if not tensors:
        what = "The name now stands for this value. It is no tensor, so autograd is not concerned."
        return Explanation(title, what, _values(step.binds))
    first = tensors[0].value
    assert isinstance(first, TensorValue)
    parameters = all(one.kind == "parameter" for one in tensors)
    what = (
        "The module's parameters are leaves that require grad: what training will change."
        if parameters
        else tensor_words(tensors[0].name, first)
    )
    element = Element(first.tensor, tensors[0].name, (0,) * first.data.ndim)
    return Explanation(title, what, _values(step.binds), element)


def tensor_words(name: str, value: TensorValue) -> str:
    """What a tensor is to autograd, in a sentence or two."""
    if not value.requires_grad:
        return (
            f"{name} is a tensor that requires no gradient: it is data to autograd, "
            "and backward leaves it alone."
        )
    if value.is_leaf:
        return (
            f"{name} is a leaf that requires grad: it was made by the program, not computed from "
            f"other tensors, and backward will leave ∂loss/∂{name} in {name}.grad."
        )
    kept = (
        "retain_grad() was called, so its gradient will be kept in .grad."
        if value.retains_grad
        else "the gradient flows through it, but its .grad stays None without retain_grad()."
    )
    return f"{name} is no leaf: it was computed by {value.grad_fn}; {kept}"


def _values(binds: tuple[Named, ...]) -> tuple[Part, ...]:
    lines = []
    for one in binds[:8]:
        if isinstance(one.value, TensorValue):
            value = one.value
            lines.append(is_value(named(one.name), value.data))
            grad = ", requires_grad=True" if value.requires_grad else ""
            leaf = "leaf" if value.is_leaf else f"grad_fn {value.grad_fn}"
            lines.append(
                sentence(f"shape {shape_words(value.data.shape)}, {value.dtype}, {leaf}{grad}")
            )
        else:
            lines.append(sentence(f"{one.name} = {one.value}"))
    if len(binds) > 8:
        lines.append(sentence(f"… and {len(binds) - 8} more"))
    return (Part("values", tuple(lines)),) if lines else ()


def _told(step: Call | Loop | Output | Failed) -> Explanation:
    if isinstance(step, Call):
        what = f"{step.function} is entered; inside it these names stand for what was handed over."
        return Explanation(f"{step.function} is entered", what, _values(step.binds))
    if isinstance(step, Loop):
        at = step.where.loops[-1] if step.where.loops else None
        round_of = "" if at is None else f": {at.name}, round {at.number}"
        if at is not None and at.total is not None:
            round_of += f" of {at.total}"
        what = "The loop begins its next round. What the round computes builds a graph of its own."
        return Explanation(f"Loop{round_of}", what, _values(step.binds))
    if isinstance(step, Output):
        lines = tuple(sentence(line) for line in step.text.splitlines())
        what = "The program prints. Looking at a tensor changes nothing about it."
        return Explanation("print", what, (Part("values", lines),) if lines else ())
    said = [step.message, step.hint, "All steps before this one stay valid."]
    sentences = [part if part.endswith((".", "?", "!")) else part + "." for part in said if part]
    return Explanation(step.kind, " ".join(["The program stopped here:", *sentences]))
