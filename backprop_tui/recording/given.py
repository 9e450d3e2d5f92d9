"""Which names were given new values on the way from one Spot to another, and by which statements.

for x in xs:         ╮ the last Spot: y = … has been passed
    y = x * w        ╯
    n = n + 1          nothing happened here, but n stands for another number
z = y.sum()            the new Spot
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from backprop_tui.recording.files import Loop, Spot, Statement
from backprop_tui.recording.happened import Active
from backprop_tui.recording.names import NOTHING, Names, mark, same

Given = tuple[Statement, str, object]


def given(
    active: Active,
    giving: Mapping[str, list[Statement]],
    old: Spot,
    new: Spot | None,
    begun: Sequence[Loop],
    names: Names,
    entered: bool,
) -> tuple[list[Given], list[Given]]:
    """The names given since ``old``: before the loops that have ``begun``, and in them."""
    changed: dict[str, Any] = {}
    passed = None if entered else old.statement
    set_by_loops = {name for loop in begun for name in loop.names} if begun else ()
    known, own = active.known, names.own
    for name, statements in giving.items():
        value = own.get(name, NOTHING)
        if name in set_by_loops:
            known[name] = mark(value)
            if passed not in statements:
                continue
            running = (r for r in reversed(active.loops) if name in r.loop.names)
            going = next(running, None)
            value = going.was(name) if going is not None else NOTHING
            if value is not NOTHING:
                changed[name] = value
            continue
        if value is NOTHING:
            continue
        marked = known.get(name, NOTHING)
        if marked is value and passed not in statements:
            continue
        if passed in statements or not same(marked, value):
            changed[name] = value
            known[name] = mark(value)
    before: list[Given] = []
    after: list[Given] = []
    if not changed:
        return before, after
    for name, value in changed.items():
        statement = _giver(giving[name], passed, old, new, begun)
        within = (
            new is not None
            and statement.order < new.statement.order
            and (any(loop in statement.loops for loop in begun))
        )
        (after if within and statement is not passed else before).append((statement, name, value))
    first = old.statement.order
    before.sort(key=lambda one: (one[0].order < first, one[0].order))
    after.sort(key=lambda one: one[0].order)
    return before, after


def _giver(
    giving: Sequence[Statement],
    passed: Statement | None,
    old: Spot,
    new: Spot | None,
    begun: Sequence[Loop],
) -> Statement:
    """Which of the statements that give a name did it last, on the way from ``old`` to ``new``."""
    last = old.statement.order if passed is not None else -1  # a frame that was just entered
    if new is not None and new.statement.order > last:
        between = [s for s in giving if last < s.order < new.statement.order]
        if between or passed in giving:
            return between[-1] if between else cast(Statement, passed)
        before = [s for s in giving if s.order < new.statement.order]
        return before[-1] if before else giving[-1]
    if passed in giving:
        return cast(Statement, passed)
    if new is not None:
        order = new.statement.order
        head = [s for s in giving if s.order < order and any(loop in s.loops for loop in begun)]
        if head:
            return head[-1]
    around = set(old.statement.loops)
    tail = [s for s in giving if s.order > last and (new is None or around & set(s.loops))]
    before = [s for s in giving if s.order <= last]
    return (tail or before or giving)[-1]


def by_statement(
    given: Sequence[Given],
) -> Iterator[tuple[Statement, list[tuple[str, object]]]]:
    found: dict[int, tuple[Statement, list[tuple[str, object]]]] = {}
    for statement, name, value in given:
        found.setdefault(statement.order, (statement, []))[1].append((name, value))
    yield from found.values()
