"""The ways of a function from one Spot to another, and what each can tell: learned once, from the
source alone.

for x in xs:         ╮ the last Spot: y = … has been passed
    y = x * w        ╯
    n = n + 1          nothing happened here, but n can stand for another number
z = y.sum()            the new Spot

Only names that can have been given on the way have to be looked at, and which statement gave each
of them, if it stands for another value now, is known before.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from backprop_tui.recording.files import File, Giving, Loop, Statement
from backprop_tui.trace.steps import Span

#: Statements in the order in which they are told, the names that each can have given, and whether
#: it has surely given them.
Givers = Sequence[tuple[Statement, Sequence[tuple[str, bool]]]]


@dataclass(eq=False, slots=True)
class Spot:
    """Where in a function an instruction stands: at which offset, in which statement."""

    at: int
    statement: Statement
    expression: Span
    #: offset of an instruction (None: the function's end) → the way from here to there
    moves: dict[int | None, Move] = field(default_factory=dict)


class Move:
    """The way from one Spot of a function to another.

    Without ``old`` the function was entered, without ``new`` it is left. ``ahead``: further on in
    one statement, where nothing is told; ``back``: to what stands before.
    """

    __slots__ = ("_every", "_giving", "_told", "ahead", "back", "levels", "new", "old", "straight")

    def __init__(self, file: File, scope: ast.AST, old: Spot | None, new: Spot | None) -> None:
        self.old = old
        self.new = new
        self.ahead = self.back = False
        if old is not None and new is not None:
            self.back = new.at < old.at
            self.ahead = new.at > old.at and new.statement is old.statement
        self._every = file.giving.get(scope, {})
        first = last = None
        if old is not None:
            reaches = [spot.statement.reach for spot in (old, new) if spot is not None]
            first = min(reach.order for reach in reaches)
        if new is not None:
            last = new.statement.until
            if old is not None:
                last = max(last, old.statement.reach.last)
        self._giving = file.given_between(scope, first, last)
        self._told: dict[tuple[Sequence[Loop], bool], Told] = {}
        #: what it tells if no loop has begun
        self.straight = Told(self, self._giving, ())
        self.levels: dict[Sequence[Loop], Level] = {}

    def level(self, within: tuple[Loop, ...]) -> Level:
        """What becomes of the loops that the function is ``within``."""
        level = self.levels.get(within)
        if level is None:
            assert self.new is not None
            level = self.levels[within] = Level(within, self.new.statement)
        return level

    def told(self, begun: Sequence[Loop], every: bool) -> Told:
        """What it tells if these loops have begun; of ``every`` name that the function gives."""
        told = self._told.get((begun, every))
        if told is None:
            told = Told(self, self._every if every else self._giving, begun)
            self._told[begun, every] = told
        return told


class Level:
    """How the loops that a function is in change: ``loops`` are the new ones, of which it ``kept``
    so many. Of ``asked``, another round can run now; in the header of one it has yet to begin.
    """

    __slots__ = ("asked", "begun", "kept", "loops")

    def __init__(self, within: tuple[Loop, ...], new: Statement) -> None:
        loops, own = new.loops, new.loop
        if own is not None and within[len(loops) : len(loops) + 1] == (own,):
            loops = (*loops, own)  # on the way to the next round
        kept = 0
        while kept < min(len(loops), len(within)) and loops[kept] is within[kept]:
            kept += 1
        self.loops = loops
        self.kept = kept
        self.asked = kept - (kept > 0 and loops[kept - 1] is own)
        self.begun = loops[kept:]


class Told:
    """What a Move tells: ``before`` the loops that have begun, and ``inside`` each of them.

    ``by_loops`` are names that the loops give, too.
    """

    __slots__ = ("before", "by_loops", "inside")

    before: Givers
    inside: Sequence[Givers]

    def __init__(self, move: Move, giving: Giving, begun: Sequence[Loop]) -> None:
        old, new = move.old, move.new
        first = cast(Spot, old or new).statement
        passed = first.names if old is not None else ()
        self.by_loops = [name for loop in begun for name in loop.names if name in giving]
        given: dict[Statement, list[str]] = {}
        for name, statements in giving.items():
            if name not in self.by_loops or name in passed:
                given.setdefault(_giver(statements, old, new, begun), []).append(name)
        before: list[Statement] = []
        inside: list[list[Statement]] = [[] for _ in begun]
        for statement in sorted(given, key=lambda one: one.order):
            depth = sum(loop in statement.loops for loop in begun)
            ahead = new is not None and statement.order < new.statement.order
            if depth and ahead and (old is None or statement is not first):
                inside[depth - 1].append(statement)
            else:
                before.append(statement)
        before.sort(key=lambda one: one.order < first.order)
        self.before, *self.inside = (
            [
                (one, [(name, name in passed) for name in sorted(given[one], key=one.names.index)])
                for one in each
            ]
            for each in (before, *inside)
        )


def _giver(
    giving: Sequence[Statement], old: Spot | None, new: Spot | None, begun: Sequence[Loop]
) -> Statement:
    """Which of the statements that give a name did it last, on the way from ``old`` to ``new``."""
    passed = None if old is None else old.statement
    last = -1 if passed is None else passed.order
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
    around = set() if passed is None else set(passed.loops)
    tail = [s for s in giving if s.order > last and (new is None or around & set(s.loops))]
    before = [s for s in giving if s.order <= last]
    return (tail or before or giving)[-1]
