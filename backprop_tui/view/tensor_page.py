"""One tensor in full: its attributes, all its values, its gradients, and its history.

w   torch.float32   (2, 1)   leaf   requires_grad=True   grad_fn None
data       every element, as a table
.grad      PyTorch's attribute: None until a gradient has been accumulated
flowing ∂  the gradient passing through in this backward pass
History    every recorded step that changed it, what it was after, and where we are
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from backprop_tui.engines.base import Array, TensorValue
from backprop_tui.engines.summary import Digest, digest_of
from backprop_tui.explain.known import kept, shape_of
from backprop_tui.trace import state
from backprop_tui.trace.state import TensorState
from backprop_tui.trace.steps import (
    Accumulate,
    Assign,
    Bind,
    Call,
    Forward,
    Loop,
    Resumed,
    Step,
    Update,
    ZeroGrad,
)
from backprop_tui.trace.trace import Trace
from backprop_tui.view.curves import bars, sparkline
from backprop_tui.view.numbers import array_rows, shape_text, short, tensor_text
from backprop_tui.view.types import Line, Pane, Run, plain

MAX_HISTORY = 400
_MAX_ROWS = 200
#: A histogram is so many rows high.
_BARS = 4


@dataclass(frozen=True, slots=True)
class Event:
    """A step that changed the tensor: what happened, and what ``data`` or ``.grad`` was after."""

    index: int
    line: int
    what: str
    attribute: str  # data | .grad
    after: Array | None


def tensor_page(
    trace: Trace,
    index: int,
    name: str,
    tensor: int,
    width: int,
    element: tuple[int, ...] | None = None,
) -> Pane:
    """The page of the tensor called ``name`` ("" if it has none) at step ``index``."""
    now = state.at(trace, index).tensors.get(tensor)
    title = name or f"tensor {tensor}"
    lines: list[Line] = []
    if now is None:
        lines += [(), (Run(f" {title} does not exist at this step.", "pending"),)]
    else:
        lines += _attributes(now, width)
        lines += _table("data", now.value.data, "value", width, element)
        grad_note = "no gradient has been accumulated"
        if not now.value.is_leaf and now.value.requires_grad and not now.value.retains_grad:
            grad_note = "not a leaf: PyTorch keeps no .grad here without retain_grad()"
        elif not now.value.requires_grad:
            grad_note = "requires_grad is False"
        lines += _table(".grad", now.grad, "grad", width, element, f"None ({grad_note})")
        if now.value.requires_grad:
            lines += _table(
                "flowing ∂", now.flowing, "grad", width, element, "… not computed at this step"
            )
    lines += _history(trace, index, name, tensor, width)
    return Pane(f"{title} · step {index + 1} of {len(trace)}", tuple(lines))


def _attributes(now: TensorState, width: int) -> list[Line]:
    value = now.value
    kind = "leaf" if value.is_leaf else "not a leaf"
    what = (
        Run(f" {value.dtype}   {shape_text(shape_of(value))}   "),
        Run("" if value.device == "cpu" else f"{value.device}   "),
        Run(kind, "leaf" if value.is_leaf else ""),
    )
    autograd = (
        Run(f"   requires_grad={value.requires_grad}   grad_fn="),
        Run(value.grad_fn or "None", "op" if value.grad_fn else "muted"),
    )
    if len(plain((*what, *autograd))) <= width:
        return [(*what, *autograd)]
    return [what, autograd]


def _table(
    head: str,
    array: Array | None,
    style: str,
    width: int,
    element: tuple[int, ...] | None,
    absent: str = "",
) -> list[Line]:
    lines: list[Line] = [(), (Run(f" {head}", "heading"),)]
    if array is None:
        return [*lines, (Run(f"   {absent}", "pending"),)]
    digest = digest_of(array)
    if digest is not None and digest.corner.shape != array.shape:
        lines += _digest(array, digest)
    longest = max((len(short(x)) for x in kept(array).flat[:2000]), default=1)
    columns = max(1, (width - 6) // (longest + 2))
    for row in array_rows(array, max_rows=_MAX_ROWS, max_columns=columns):
        runs = [Run("   ")]
        for cell in row:
            chosen = cell.index is not None and cell.index == element
            plain = style if cell.index is not None else "muted"
            runs += [Run(cell.text, "selected" if chosen else plain), Run("  ")]
        lines.append(tuple(runs))
    return lines


def _digest(array: Array, digest: Digest) -> list[Line]:
    """What a Summary kept: figures, a histogram, and above which limit it was one."""
    figures = [
        f"{name} {short(value)}"
        for name, value in (
            ("min", digest.minimum),
            ("max", digest.maximum),
            ("mean", digest.mean),
            ("norm", digest.norm),
        )
    ]
    if digest.nonfinite:
        figures.append(f"{digest.nonfinite:,} not finite")
    words = (
        "summarised: larger than the limit; "
        f"record with --limit {array.size} to keep all {array.size:,} numbers"
    )
    lines: list[Line] = [(Run(f"   {words}", "muted"),), (Run("   " + "   ".join(figures)),), ()]
    if any(digest.histogram):
        lines += [(Run(f"   {row}", "value"),) for row in bars(digest.histogram, _BARS)]
        low, high = short(digest.minimum), short(digest.maximum)
        gap = max(1, len(digest.histogram) - len(low) - len(high))
        lines.append((Run(f"   {low}{' ' * gap}{high}", "muted"),))
    return [*lines, ()]


def _history(trace: Trace, index: int, name: str, tensor: int, width: int) -> list[Line]:
    events = history(trace, name, tensor, index)
    lines: list[Line] = [(), (Run(" History", "heading"),)]
    for attribute in ("data", ".grad"):
        curve = [
            float(kept(event.after).reshape(()).real)
            for event in events
            if event.attribute == attribute and event.after is not None and event.after.size == 1
        ]
        if len(curve) > 1:
            label = f"   {attribute:<6} "
            line = sparkline(curve, max(1, min(80, width - len(label) - 2)))
            lines.append((Run(label, "muted"), Run(line, "value")))
    behind = sum(event.index <= index for event in events)
    start = max(0, min(behind - MAX_HISTORY // 2, len(events) - MAX_HISTORY))
    shown = events[start : start + MAX_HISTORY]
    if start:
        lines.append((Run(f"   … {start} earlier", "muted"),))
    for event in shown:
        here = event.index == index
        ahead = event.index > index
        head = f" {'▶' if here else ' '} step {event.index + 1:>5}  line {event.line:>3}  "
        what = f"{event.what:<22} {event.attribute:<6} "
        room = max(8, width - len(head) - len(what) - 2)
        after = "None" if event.after is None else tensor_text(event.after, room)
        style = "grad" if event.attribute == ".grad" else "value"
        lines.append(
            (
                Run(head, "active" if here else "muted"),
                Run(what, "pending" if ahead else ""),
                Run(after, "changed" if here else "pending" if ahead else style),
            )
        )
    later = len(events) - start - len(shown)
    if later:
        lines.append((Run(f"   … {later} later", "muted"),))
    return lines


def history(trace: Trace, name: str, tensor: int, near: int = 0) -> list[Event]:
    """Every recorded step that changed the tensor, or any tensor that went by its name; of a long
    trace in a file those around step ``near``."""
    found = []
    ids = {tensor}
    for step in (trace[index] for index in trace.about(tensor, name, near)):
        if name:
            ids |= {value.tensor for value in _named(step, name)}
        found += [
            Event(step.index, step.where.statement.line, what, attribute, after)
            for what, attribute, after in _events(step, ids)
        ]
    return found


def _named(step: Step, name: str) -> Iterator[TensorValue]:
    if isinstance(step, Bind | Call | Loop | Forward | Resumed):
        for named in step.binds:
            if named.name == name and isinstance(named.value, TensorValue):
                yield named.value


def _events(step: Step, ids: set[int]) -> Iterator[tuple[str, str, Array | None]]:
    match step:
        case Bind() | Call() | Loop() | Resumed():
            for named in step.binds:
                if isinstance(named.value, TensorValue) and named.value.tensor in ids:
                    yield f"named {named.name}", "data", named.value.data
                    return
        case Forward():
            for value in step.outputs + step.changed:
                if value.tensor in ids:
                    yield step.op, "data", value.data
                    return
        case Accumulate() if step.tensor.tensor in ids:
            yield "AccumulateGrad", ".grad", step.after
        case ZeroGrad():
            for cleared in step.cleared:
                if cleared.tensor.tensor in ids:
                    yield "zero_grad", ".grad", cleared.after
        case Update() if step.after.tensor in ids:
            yield step.optimizer, "data", step.after.data
        case Assign() if step.tensor.tensor in ids:
            if step.attribute == "grad":
                yield ".grad = …", ".grad", step.grad
            else:
                yield f".{step.attribute} = …", "data", step.tensor.data
        case _:
            pass
