"""The Tensors pane: a row per named tensor in sight, and what this step changed.

    name    shape   data               .grad              flowing ∂    grad_fn        leaf  req
    w       (2, 1)  [[0.5], [-0.3]]    None               …            None           yes   yes

``.grad`` is PyTorch's attribute: None for a non-leaf. What flows through a non-leaf on the way
back stands under its own heading. ``…`` there means: not computed yet, it is never shown as 0;
``→ .grad``: it has gone into the leaf's ``.grad``.
``2.0 + …`` is a part of a gradient: further contributions are still to come.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

from backprop_tui.engines.base import Array
from backprop_tui.explain.contributions import incomplete
from backprop_tui.explain.known import same, shape_of
from backprop_tui.explain.naming import names_of
from backprop_tui.trace import state
from backprop_tui.trace.state import State, TensorState
from backprop_tui.trace.steps import Accumulate, Backward, SeedGrad
from backprop_tui.trace.trace import Trace
from backprop_tui.view.numbers import clip, tensor_text
from backprop_tui.view.tensor_groups import Group, Named, grouped, opened
from backprop_tui.view.types import Line, Pane, Run

PENDING = "…"
INTO_GRAD = "→ .grad"
_MORE = " + …"
_GAP = 2
_MARK = "●"
_INSIDE = "  "


@dataclass(frozen=True, slots=True)
class _Column:
    head: str
    least: int  # narrower than this it is left out
    most: int
    drop: int  # columns are left out in this order; 0: never


_COLUMNS = (
    _Column("name", 14, 26, 0),
    _Column("shape", 5, 14, 1),
    _Column("data", 14, 44, 0),
    _Column(".grad", 14, 44, 0),
    _Column("flowing ∂", 14, 44, 4),
    _Column("grad_fn", 7, 28, 3),
    _Column("is_leaf", 4, 7, 2),
    _Column("requires_grad", 3, 13, 2),
)
#: Where room is short: the head, and yes or no below it.
_SHORT_HEADS = {"is_leaf": "leaf", "requires_grad": "req"}
_FLEXIBLE = (0, 2, 3, 4, 5)
_WORDS = (0, 5)
#: With so many times their least width, numbers are shown with all their digits.
_COMFORT = 1.5
_SHAPE, _LAST_DROP = 1, 4


def tensors_pane(trace: Trace, index: int, width: int, selected: int | None = None) -> Pane:
    """The tensors at step ``index``; ``targets``: row → tensor id."""
    if not len(trace):
        return Pane("Tensors", ())
    now = state.at(trace, index)
    named = _once_each(_watched_first(trace, list(now.visible())))
    parts = _incomplete(trace, index, now)
    rows = _rows(trace, _entries(named, selected, now), _backward_runs(trace, index), parts)
    columns, widths = _fit(rows, width)
    shown: list[Line] = [_head(columns, widths)]
    targets: dict[int, int] = {}
    focus = None
    for row in rows:
        changed = not row.inside.isdisjoint(now.changed)
        is_selected = row.target == selected and len(row.inside) == 1
        targets[len(shown)] = row.target
        if is_selected or (selected is None and changed and len(row.inside) == 1 and not focus):
            focus = (len(shown), 0)
        shown.append(row.line(columns, widths, changed, is_selected))
    numbers = [f"{name} = {text}" for name, text in now.numbers()]
    if numbers:
        shown += [(), (Run("  " + clip("   ".join(numbers), max(width - 2, 0)), "muted"),)]
    devices = dict.fromkeys(tensor.value.device for _, tensor in named)
    on = "" if set(devices) <= {"cpu"} else f" · {', '.join(devices)}"
    return Pane(f"Tensors{on}", tuple(shown), focus, targets)


def _watched_first(
    trace: Trace, rows: list[tuple[str, TensorState]]
) -> list[tuple[str, TensorState]]:
    watch = {name: place for place, name in enumerate(trace.program.watch)}
    return sorted(rows, key=lambda row: watch.get(row[0], len(watch)))


def _once_each(rows: list[tuple[str, TensorState]]) -> list[tuple[str, TensorState]]:
    """A tensor with several names in one row: ``table = embedding.weight``."""
    names: dict[int, list[str]] = {}
    for name, tensor in rows:
        names.setdefault(tensor.value.tensor, []).append(name)
    tensors = {tensor.value.tensor: tensor for _, tensor in rows}
    return [(" = ".join(found), tensors[tensor]) for tensor, found in names.items()]


#: (content, style); "part": a gradient that is not complete.
_Cell = tuple[str | Array, str]


def _incomplete(trace: Trace, index: int, now: State) -> frozenset[int]:
    """The tensors of whose gradient only a part has arrived."""
    if not _backward_runs(trace, index):
        return frozenset()
    seed = names_of(trace).seed_before(index)
    return frozenset() if seed is None else incomplete(trace, seed, now.ran)


def _entries(named: list[Named], selected: int | None, now: State) -> list[_Entry]:
    """The rows to be: tensors, modules, and behind those that are open their tensors."""
    entries = grouped(named)
    groups = [entry for entry in entries if isinstance(entry, Group)]
    open_ = opened(groups, selected, now.changed)
    found: list[_Entry] = []
    for entry in entries:
        if not isinstance(entry, Group):
            found.append(entry)
            continue
        found.append((entry, entry.path in open_))
        if entry.path in open_:
            found += [(_INSIDE + entry.inside(name), tensor) for name, tensor in entry.members]
    return found


#: A tensor with the name in its row, or a module and whether it is open.
_Entry = Named | tuple[Group, bool]


class _Row:
    """A row: its cells, how wide they would be, and the lines already made of them; ``inside`` are
    the tensors it stands for, ``target`` the one that is chosen with it."""

    __slots__ = ("cells", "inside", "lengths", "lines", "target")

    def __init__(self, cells: list[_Cell], target: int, inside: frozenset[int]) -> None:
        self.cells = cells
        self.target = target
        self.inside = inside
        self.lengths = [
            len(_text(cell, i, column.most))
            for i, (cell, column) in enumerate(zip(self.cells, _COLUMNS, strict=True))
        ]
        self.lines: dict[tuple[object, ...], Line] = {}

    def line(
        self, columns: list[int], widths: dict[int, int], changed: bool, selected: bool
    ) -> Line:
        """The row as it is shown."""
        key = (*(widths[i] for i in columns), *columns, changed, selected)
        known = self.lines.get(key)
        if known is None:
            known = self.lines[key] = _line(self.cells, columns, widths, changed, selected)
        return known


#: What a row is made of: its names, the identity of what the tensors are, and what is said of it.
_Key = tuple[object, ...]
#: The rows shown last. Each holds its tensor, so that its identity stays its own.
_ROWS: WeakKeyDictionary[Trace, dict[_Key, _Row]] = WeakKeyDictionary()


def _rows(trace: Trace, entries: list[_Entry], runs: bool, parts: frozenset[int]) -> list[_Row]:
    """A row per entry; most are as they were in the step shown before."""
    before = _ROWS.get(trace, {})
    now: dict[_Key, _Row] = {}
    for entry in entries:
        key = _key(entry, runs, parts)
        now[key] = before.get(key) or _row(entry, runs, parts)
    _ROWS[trace] = now
    return list(now.values())


def _key(entry: _Entry, runs: bool, parts: frozenset[int]) -> _Key:
    first, second = entry
    if isinstance(first, Group):
        return first.path, second, *(id(tensor) for _, tensor in first.members)
    assert isinstance(second, TensorState)
    return first, id(second), runs, second.value.tensor in parts


def _row(entry: _Entry, runs: bool, parts: frozenset[int]) -> _Row:
    first, second = entry
    if isinstance(first, Group):
        inside = frozenset(tensor.value.tensor for _, tensor in first.members)
        return _Row(_group_cells(first, bool(second)), first.first, inside)
    assert isinstance(second, TensorState)
    tensor = second.value.tensor
    return _Row(_cells(first, second, runs, tensor in parts), tensor, frozenset({tensor}))


def _group_cells(group: Group, is_open: bool) -> list[_Cell]:
    """How many tensors a module holds, how many numbers, and how many of them have a gradient."""
    wanted = [tensor for _, tensor in group.members if tensor.value.requires_grad]
    have = sum(tensor.grad is not None for tensor in wanted)
    grad: _Cell = (f"{have} of {len(wanted)}", "grad") if have else ("None", "pending")
    return [
        (f"{'▾' if is_open else '▸'} {group.title}", "name"),
        ("", ""),
        (f"{len(group.members)} tensors, {group.numbers:,} numbers", "muted"),
        grad if wanted else ("None", "muted"),
        *[("", "")] * 4,
    ]


def _cells(name: str, tensor: TensorState, runs: bool, part: bool) -> list[_Cell]:
    """(content, style) per column; arrays become text when the column's width is known.

    ``runs``: backward is running; ``part``: only a part of the gradient has arrived.
    """
    value = tensor.value
    flowing: _Cell
    if value.is_leaf and _is_all_of_grad(tensor):
        flowing = (INTO_GRAD, "grad")
    elif tensor.flowing is not None:
        flowing = (tensor.flowing, "part" if part else "grad")
    elif value.requires_grad and runs:
        flowing = (PENDING, "pending")
    else:
        flowing = ("", "")
    shape = str(shape_of(value))
    grad: _Cell = ("None", "pending") if tensor.grad is None else (tensor.grad, "grad")
    return [
        (name, "leaf" if value.is_leaf and value.requires_grad else ""),
        (shape, "muted"),
        (value.data, "value"),
        grad if value.requires_grad else ("None", "muted"),
        flowing,
        (value.grad_fn or "None", "op" if value.grad_fn else "muted"),
        (_yes(value.is_leaf), "leaf" if value.is_leaf else "muted"),
        (_yes(value.requires_grad), "" if value.requires_grad else "muted"),
    ]


def _is_all_of_grad(tensor: TensorState) -> bool:
    """Whether what flowed here is now the whole of ``.grad``, and need not be said twice."""
    return tensor.grad is not None and same(tensor.grad, tensor.flowing)


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"


def _backward_runs(trace: Trace, index: int) -> bool:
    return isinstance(trace[index], SeedGrad | Backward | Accumulate)


def _fit(rows: list[_Row], width: int) -> tuple[list[int], dict[int, int]]:
    """Which columns are shown and how wide: natural widths, the flexible ones shrunk to fit."""
    natural = {
        i: min(
            column.most,
            max([len(_head_text(i, width)), *(row.lengths[i] for row in rows)]),
        )
        for i, column in enumerate(_COLUMNS)
    }
    # First the shape goes, so that numbers keep their digits; then digits go, then columns.
    ways = ((_SHAPE, _COMFORT), *((drop, 1.0) for drop in range(_SHAPE, _LAST_DROP + 1)))
    for drop, comfort in ((0, _COMFORT), *ways):
        columns = [i for i, column in enumerate(_COLUMNS) if not 0 < column.drop <= drop]
        least = {
            i: min(round(_COLUMNS[i].least * comfort), natural[i]) if i in _FLEXIBLE else natural[i]
            for i in columns
        }
        # A module's name says where one is in the model.
        least[0] = max([least[0], *(row.lengths[0] for row in rows if len(row.inside) > 1)])
        room = width - 2 - _GAP * (len(columns) - 1)
        if sum(least.values()) <= room:
            break
    widths = {i: natural[i] for i in columns}
    for _ in range(sum(widths.values()) - room):
        # A name that is cut can still be read; a number that is cut is another number.
        widest = max(
            columns,
            key=lambda i: (i in _WORDS and widths[i] > least[i], widths[i] - least[i], widths[i]),
        )
        if widths[widest] <= 1:
            break
        widths[widest] -= 1
    return columns, widths


def _head_text(i: int, width: int) -> str:
    head = _COLUMNS[i].head
    return _SHORT_HEADS.get(head, head) if width < 120 else head


def _head(columns: list[int], widths: dict[int, int]) -> Line:
    heads = (_COLUMNS[i].head for i in columns)
    fitting = (
        _SHORT_HEADS.get(head, head) if len(head) > widths[i] else head
        for head, i in zip(heads, columns, strict=True)
    )
    cells = (
        clip(head, widths[i]).ljust(widths[i]) for head, i in zip(fitting, columns, strict=True)
    )
    return (Run("  " + (" " * _GAP).join(cells).rstrip(), "heading"),)


def _line(
    row: list[_Cell],
    columns: list[int],
    widths: dict[int, int],
    changed: bool,
    selected: bool,
) -> Line:
    runs = [Run(f"{_MARK} " if changed else "  ", "changed")]
    for place, i in enumerate(columns):
        style = "pending" if row[i][1] == "part" else row[i][1]
        padded = _text(row[i], i, widths[i]).ljust(widths[i])
        if i == 0 and (selected or changed):
            style = "selected" if selected else "changed"
        runs.append(Run(padded, style))
        if place + 1 < len(columns):
            runs.append(Run(" " * _GAP))
    return tuple(runs)


def _text(cell: _Cell, column: int, width: int) -> str:
    content, style = cell
    if not isinstance(content, str):
        if style != "part":
            return tensor_text(content, width)
        return clip(tensor_text(content, width - len(_MORE)) + _MORE, width)
    if len(content) > width and _COLUMNS[column].head == "grad_fn":
        content = content.partition("Backward")[0] + PENDING
    if len(content) > width and style == "muted":
        content = content.partition(", ")[0]
    if column == 0 and len(content) > width > 3:
        # What tells parameters and modules apart is at the end: …bn1.running_mean.
        if content[0] in f"▸▾{_INSIDE}":
            return f"{content[:2]}{PENDING}{content[3 - width :]}"
        if "." in content:
            return PENDING + content[1 - width :]
    return clip(content, width)
