"""The Maths of an op: its formula, one element with its numbers, the result."""

from __future__ import annotations

import ast
from dataclasses import replace

from backprop_tui.engines.base import TensorValue
from backprop_tui.explain.byhand import explain_update_by_hand
from backprop_tui.explain.formulas import formula_name, rule_line, same_words
from backprop_tui.explain.gradients import element_of, elements, listed
from backprop_tui.explain.known import known
from backprop_tui.explain.naming import Name, Names, named, source_words
from backprop_tui.explain.record import Element, Equation, Explanation, Part
from backprop_tui.explain.windows import window_lines
from backprop_tui.explain.worked import Index, forward_working, is_custom, op_of
from backprop_tui.explain.write import (
    BRIEF_ARRAY,
    SMALL_ARRAY,
    brief_value,
    is_value,
    operands,
    sentence,
    shape_words,
    working,
)
from backprop_tui.ops.base import Formula, Op
from backprop_tui.trace.steps import Forward
from backprop_tui.trace.trace import Trace

#: A caption is read from the tenth row: a longer working is left to the Maths, a help beyond the
#: second length left out.
LONGEST_WORKING = 120
LONGEST_CAPTION = 190
#: A title quotes so much of the source.
LONGEST_SOURCE = 60


def explain_forward(
    trace: Trace, step: Forward, names: Names, element: Index | None, tensor: int | None
) -> Explanation:
    """The Maths of one op."""
    by_hand = explain_update_by_hand(trace, step, names, element)
    if by_hand is not None:
        return by_hand
    counted = _counted(step, names)
    if counted is not None:
        return counted
    op = _as_written(trace, step, names, op_of(step))
    position = next((i for i, o in enumerate(step.outputs) if o.tensor == tensor), 0)
    title, help_ = _title(trace, step, names, position), _help(step, op)
    if not step.outputs:
        return Explanation(title, _what(step, op, help_, names), brief=f". {help_}")
    output = step.outputs[position]
    name = names.of(output.tensor, step.index)
    at = element_of(output.data, element)
    parts: list[Part] = []
    if op is not None:
        formula = formula_name(op.formula, operands(step, names, step.index), step)
        parts.append(Part("rule", (rule_line(name.bare, formula),)))
    tail = f"{' =' if output.data.size <= BRIEF_ARRAY else ':'} {brief_value(output.data)}"
    if output.data.size:
        here = name.at(at) if output.data.size > 1 else name.bare
        lines = _numbers(step, op, names, here, at, position)
        parts.append(Part("numbers", tuple(lines)))
        if output.data.size == 1:
            tail = lines[-1].text.removeprefix(here.text)
            if len(tail) > LONGEST_WORKING:
                tail = f" = {brief_value(output.data)}"
    if 1 < output.data.size <= SMALL_ARRAY:
        parts.append(Part("result", (is_value(name.bare, output.data),)))
    summary = ""
    if output.data.size != 1:
        rest = max(output.data.size - 1, 0)
        summary = f"{name.bare.text} has shape {shape_words(output.data.shape)}: "
        summary += f"{rest} more {elements(rest)} like the one above."
    if step.changed and not tail.startswith(":"):
        tail = f": {name.bare.text}{tail}"
    brief = f"{tail}. {help_}"
    if len(title) + len(brief) > LONGEST_CAPTION:
        brief = f"{tail}."
    return Explanation(
        title,
        _what(step, op, help_, names),
        tuple(parts),
        Element(output.tensor, name.text, at),
        summary,
        brief,
    )


def _counted(step: Forward, names: Names) -> Explanation | None:
    """A batch norm that counts its batches; None for anything else."""
    value = step.changed[0] if step.changed else None
    name = "" if value is None else names.of(value.tensor, step.index).text
    if value is None or not name.endswith(".num_batches_tracked"):
        return None
    what = "Batch norm counts its batches. Only its own bookkeeping: autograd is not concerned."
    element = Element(value.tensor, name, ())
    lines = (is_value(named(name), value.data),)
    return Explanation(
        f"{name} = {brief_value(value.data)}", what, (Part("values", lines),), element, brief="."
    )


def _numbers(
    step: Forward, op: Op | None, names: Names, here: Name, at: Index, position: int
) -> list[Equation]:
    """Element ``at`` in names, where that is not the rule once more, and in numbers."""
    data = step.outputs[position].data
    number = known(data, at)
    if number is None:
        return [sentence(f"{here.text} was not kept")]
    lines: list[Equation | None] = list(window_lines(step, names, here, at))
    if lines:
        return [line for line in lines if line is not None]
    made = None if op is None else forward_working(step, op, names, at, position)
    if op is not None and made is not None:
        if made.kind != "leaf" and (data.size > 1 or not op.elementwise) and not _is_loss(step):
            lines.append(working(here, made, number, names=True))
        lines.append(working(here, made, number))
    return [line for line in lines if line is not None] or [is_value(here, number)]


def _is_loss(step: Forward) -> bool:
    """Whether the rule says by itself what happens to one element."""
    first = step.inputs[0].value if step.inputs else None
    return "reduction" in step.attrs and getattr(getattr(first, "data", None), "size", 0) == 1


def _title(trace: Trace, step: Forward, names: Names, position: int) -> str:
    if step.changed:
        changed = [names.of(value.tensor, step.index).text for value in step.changed]
        return f"{listed(changed)} changes in place"
    if not step.outputs:
        return step.op
    name = names.of(step.outputs[position].tensor, step.index).bare.text
    source = source_words(trace.text(step.where.expression))
    # A number in the name stands for words that were too long; the title has room for more.
    told = step.binds or (name[-1:] in "₀₁₂₃₄₅₆₇₈₉" and _operands_of(source))
    if not told or source == name or len(source) > LONGEST_SOURCE:
        return name
    return f"{name} = {source}"


def _operands_of(source: str) -> tuple[str, str] | None:
    """The two sides of an operator; None if the source is something else (a call made of several
    ops, say)."""
    try:
        tree = ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError):
        return None
    return (
        (ast.unparse(tree.left), ast.unparse(tree.right)) if isinstance(tree, ast.BinOp) else None
    )


def _as_written(trace: Trace, step: Forward, names: Names, op: Op | None) -> Op | None:
    """``lr * w`` is, to PyTorch, ``w.mul(lr)``; here it is told in the order it was written in."""
    if op is None or step.op != "mul" or len(step.inputs) != 2:
        return op
    tensor, number = (operand.value for operand in step.inputs)
    if not isinstance(tensor, TensorValue) or isinstance(number, TensorValue):
        return op
    sides = _operands_of(source_words(trace.text(step.where.expression)))
    if sides is None or not same_words(sides[1], names.of(tensor.tensor, step.index).text):
        return op
    formula = Formula("$other · $self", r"$other \cdot $self")
    return replace(op, forward=lambda self, other: other * self, formula=formula)


def _help(step: Forward, op: Op | None) -> str:
    words = f"PyTorch runs its operation {step.op}."
    if op is not None and op.help:
        words = op.help
    elif op is None and is_custom(step):
        words = f"{step.op} is an autograd.Function of the program's own: its forward runs."
    # Where autograd is off, what the gradient would do is beside the point.
    return words if step.where.grad_enabled else words.partition(";")[0].rstrip(".") + "."


def _what(step: Forward, op: Op | None, help_: str, names: Names) -> str:
    words = [help_]
    if op is None:
        words.append("No formula is known for it here; its numbers are PyTorch's own.")
    if step.changed:
        changed = listed([names.of(value.tensor, step.index).text for value in step.changed])
        words.append(f"It works in place: {changed} has new numbers, no new tensor is made.")
    if step.node is not None:
        words.append(f"In autograd's graph: {step.node.name}.")
    elif not step.where.grad_enabled:
        words.append("Under torch.no_grad() autograd takes no note of it.")
    elif step.inputs:
        words.append("No input requires grad, so autograd takes no note of it.")
    return " ".join(words)
