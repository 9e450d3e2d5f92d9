"""explain(trace, index): the Maths of one step, whatever its kind."""

from __future__ import annotations

from dataclasses import replace

from backprop_tui.engines.base import TensorValue
from backprop_tui.explain.arrivals import explain_accumulate, explain_seed
from backprop_tui.explain.backward import explain_backward
from backprop_tui.explain.forward import explain_forward
from backprop_tui.explain.gradients import listed
from backprop_tui.explain.known import is_pairs, shape_of, summarised_in
from backprop_tui.explain.naming import Name, Names, grad_of, named, names_of
from backprop_tui.explain.record import Element, Equation, Explanation, Part
from backprop_tui.explain.update import explain_update
from backprop_tui.explain.worked import Index
from backprop_tui.explain.write import brief_value, is_value, sentence, shape_words
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
    Resumed,
    SeedGrad,
    Step,
    Update,
    ZeroGrad,
)
from backprop_tui.trace.trace import Trace

#: What was printed is quoted in the caption up to this length.
LONGEST_PRINT = 140


def explain(
    trace: Trace, index: int, element: Index | None = None, tensor: int | None = None
) -> Explanation:
    """What step ``index`` of ``trace`` does, worked out for one element.

    ``element`` is an index into ``tensor``, one of the step's tensors (default: its first element,
    for each of them). An index that does not fit counts as the default. Raises IndexError if
    there is no such step.
    """
    step = trace[index]
    found = _explained(trace, step, element, tensor)
    if isinstance(step, Forward) and any(is_pairs(output) for output in step.outputs):
        words = "A complex number is kept as a pair: the last index is 0 for real, 1 for imaginary."
        found = replace(found, summary=f"{found.summary} {words}".strip())
    elements = summarised_in(step)
    if not elements:
        return found
    words = (
        f"Tensors of up to {elements:,} elements are summarised here: of their numbers "
        f"only a corner was kept. To keep them all, record with --limit {elements}."
    )
    return replace(found, summary=f"{found.summary} {words}".strip())


def _explained(trace: Trace, step: Step, element: Index | None, tensor: int | None) -> Explanation:
    names = names_of(trace)
    if isinstance(step, Forward):
        return explain_forward(trace, step, names, element, tensor)
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
    return _told(step, names)


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
        _CLEARED,
        (Part("values", tuple(lines)),) if lines else (),
        brief=f". {_CLEARED}",
    )


_CLEARED = (
    "backward() adds to .grad, it does not replace it. After clearing, the next backward starts "
    "from nothing instead of from what the last one left."
)


#: What a batch norm keeps besides its parameters.
_RUNNING = {"running_mean": "mean", "running_var": "variance"}


def _assign(step: Assign, names: Names) -> Explanation:
    name = names.of(step.tensor.tensor, step.index)
    title = f"{name.text}.{step.attribute} is set"
    statistic = name.text.rpartition(".")[2]
    if step.attribute == "data" and statistic in _RUNNING:
        title = f"{name.text} is updated"
        what = (
            f"Batch norm keeps a running {_RUNNING[statistic]} of all batches, to use it instead "
            "of the batch's own in eval mode. Autograd is not concerned."
        )
        line = is_value(name, step.tensor.data)
        brief = f": {brief_value(step.tensor.data)}. {what}"
    elif step.attribute == "data":
        what = (
            f"The numbers of {name.text} are replaced from outside. Autograd does not see this: "
            "the tensor stays the same tensor, and nothing is noted in the graph."
        )
        line = is_value(name, step.tensor.data)
        brief = f" to {brief_value(step.tensor.data)}. Autograd does not see this."
    elif step.attribute == "grad":
        left = grad_of(name)
        if step.grad is None:
            title, what = f"{left.text} = None", _CLEARED
            line = Equation(f"{left.text} = None", rf"{left.tex} = \text{{None}}")
            brief = f". {what}"
        else:
            what = "It is set by hand; the next backward adds to what stands there."
            line = is_value(left, step.grad)
            brief = f" to {brief_value(step.grad)}. {what}"
    else:
        asked = step.tensor.requires_grad
        title = f"{name.text}.requires_grad = {asked}"
        what = (
            f"From here on autograd {'notes' if asked else 'ignores'} what is computed from "
            f"{name.text}, and backward {'gives' if asked else 'does not give'} it a gradient."
        )
        line = sentence(title)
        brief = f". {what}"
    element = Element(step.tensor.tensor, name.text, (0,) * step.tensor.data.ndim)
    return Explanation(title, what, (Part("values", (line,)),), element, brief=brief)


def _bind(step: Bind, names: Names) -> Explanation:
    shown = [one for one in step.binds if one.kind not in ("element", "parameter")] or step.binds
    tensors = [one for one in step.binds if isinstance(one.value, TensorValue)]
    verb = "is" if len(shown) == 1 else "are"
    title = f"{listed([one.name for one in shown[:4]])} {verb} defined"
    if len(shown) > 4:
        title = f"{shown[0].name} and {len(shown) - 1} more names are defined"
    values = ", ".join(_brief(one, names, step.index) for one in shown[:4])
    if len(shown) == 1:
        values = values.partition(" = ")[2]
    first = tensors[0] if tensors else None
    if first is None or not isinstance(first.value, TensorValue):
        word = "It is a plain Python value" if len(shown) == 1 else "They are plain Python values"
        what = f"{word}, no tensor: autograd is not concerned."
        parts = _values(step.binds, names, step.index)
        return Explanation(title, what, parts, brief=f": {values}.")
    value = first.value
    if any(one.kind == "parameter" for one in tensors):
        what = "The module's parameters are leaves that require grad: what training will change."
    elif len(tensors) > 1:
        what = _tensors_words([one.value for one in tensors if isinstance(one.value, TensorValue)])
    else:
        what = tensor_words(first.name, value)
    element = Element(value.tensor, first.name, (0,) * value.data.ndim)
    parts = _values(step.binds, names, step.index)
    return Explanation(title, what, parts, element, brief=f": {values}. {what}")


def _brief(one: Named, names: Names, at: int) -> str:
    """``w = [[0.5], [-0.3]]``."""
    if not isinstance(one.value, TensorValue):
        return f"{one.name} = {one.value}"
    also = names.of(one.value.tensor, at).text
    alias = f" = {also}" if also != one.name else ""
    return f"{one.name}{alias} = {brief_value(one.value.data)}"


def _tensors_words(values: list[TensorValue]) -> str:
    """What several tensors are to autograd."""
    if all(value.requires_grad and value.is_leaf for value in values):
        return "All are leaves that require grad: backward will leave a gradient in their .grad."
    if not any(value.requires_grad for value in values):
        return "None requires a gradient: they are data, and backward leaves them alone."
    return "Some require grad, others are data that backward leaves alone."


def tensor_words(name: str, value: TensorValue) -> str:
    """What a tensor is to autograd, in a sentence or two."""
    if not value.requires_grad:
        return "It requires no gradient: it is data, and backward leaves it alone."
    if value.is_leaf:
        return (
            "It is a leaf that requires grad: made by the program, not computed from other "
            f"tensors. Backward will leave its gradient in {name}.grad."
        )
    kept = (
        "retain_grad() was called, so its gradient will be kept in .grad."
        if value.retains_grad
        else "the gradient flows through it, but its .grad stays None without retain_grad()."
    )
    return f"It is no leaf, it was computed ({value.grad_fn}); {kept}"


def _values(binds: tuple[Named, ...], names: Names, at: int) -> tuple[Part, ...]:
    lines = []
    for one in binds[:8]:
        if not isinstance(one.value, TensorValue):
            lines.append(sentence(f"{one.name} = {one.value}"))
            continue
        value, name = one.value, named(one.name)
        also = names.of(value.tensor, at)
        if also.text != one.name:
            # Another name for a tensor that is known already.
            name = Name(f"{name.text} = {also.text}", f"{name.tex} = {also.tex}")
            lines.append(is_value(name, value.data))
            continue
        lines.append(is_value(name, value.data))
        grad = ", requires_grad=True" if value.requires_grad else ""
        leaf = "leaf" if value.is_leaf else f"grad_fn {value.grad_fn}"
        on = "" if value.device == "cpu" else f", on {value.device}"
        shape = shape_words(shape_of(value))
        full = f"shape {shape}, {value.dtype}{on}, {leaf}{grad}"
        lines.append(sentence(full, full.removeprefix("shape ").replace("torch.", "")))
    if len(binds) > 8:
        lines.append(sentence(f"… and {len(binds) - 8} more"))
    return (Part("values", tuple(lines)),) if lines else ()


def _told(step: Call | Loop | Output | Failed | Resumed, names: Names) -> Explanation:
    if isinstance(step, Resumed):
        return Explanation(
            f"Recording begins with iteration {step.iteration:,}",
            "What ran before was not recorded step by step. These are the values it left.",
            _values(step.binds, names, step.index),
            brief=".",
        )
    if isinstance(step, Call):
        given = [one for one in step.binds if one.name != "self"]
        values = ", ".join(_brief(one, names, step.index) for one in given[:3])
        return Explanation(
            f"{step.function} is entered",
            "Inside it, these names stand for what was handed over.",
            _values(step.binds, names, step.index),
            brief=f" with {values}." if given else ".",
        )
    if isinstance(step, Loop):
        at = step.where.loops[-1] if step.where.loops else None
        title = "The loop's next round"
        if at is not None:
            total = "" if at.total is None else f" of {at.total}"
            title = f"Round {at.number}{total} of the loop over {at.name}"
        values = ", ".join(_brief(one, names, step.index) for one in step.binds[:3])
        return Explanation(
            title,
            "The statements inside run again, with these values.",
            _values(step.binds, names, step.index),
            brief=f": {values}." if values else ".",
        )
    if isinstance(step, Output):
        lines = tuple(sentence(line) for line in step.text.splitlines())
        words = " ".join(step.text.split())
        return Explanation(
            "The program prints",
            "Looking at a tensor changes nothing about it.",
            (Part("values", lines),) if lines else (),
            brief=f": {words if len(words) <= LONGEST_PRINT else words[:LONGEST_PRINT] + '…'}",
        )
    said = [step.message, step.hint, "All steps before this one stay valid."]
    sentences = [part if part.endswith((".", "?", "!")) else part + "." for part in said if part]
    what = " ".join(["The program stopped here:", *sentences])
    return Explanation(step.kind, what, brief=f". {what}")
