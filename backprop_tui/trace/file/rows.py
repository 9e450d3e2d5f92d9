"""Rows that wait for the next commit, and what is looked up by them.

A statement inserts as many rows as it may, and only now are bytes compressed: while C works for
this thread, Python's other threads go on; but for each such call this one waits for its turn again.
"""

from __future__ import annotations

import sqlite3
from itertools import chain
from typing import Any

from backprop_tui.trace.arrays import RAW, squeeze
from backprop_tui.trace.lookups import changes, namings
from backprop_tui.trace.steps import Backward, Forward, Step

#: So many values may stand in one statement; SQLite before 3.32 takes 999.
MOST_VALUES = 999
#: How a row is inserted where not "INSERT OR REPLACE": the words before the values, and after.
_INSERT = {
    "ran": ("INSERT OR IGNORE", ""),
    "bound": ("INSERT OR IGNORE", ""),
    "touched": ("INSERT", " ON CONFLICT DO UPDATE SET made = max(made, excluded.made)"),
}
#: Tables whose last columns are a coding and bytes.
_SQUEEZED = ("body", "array")


class Rows:
    """The rows that wait, by table."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[tuple[Any, ...]]] = {}

    def add(self, table: str, *row: Any) -> None:
        """A row to be written."""
        rows = self._waiting.get(table)
        if rows is None:
            rows = self._waiting[table] = []
        rows.append(row)

    def index(self, step: Step) -> None:
        """The rows by which a step is found: what it makes, runs, changes and names."""
        index, add = step.index, self.add
        if isinstance(step, Backward):
            add("ran", step.node.node, index)
            return
        if isinstance(step, Forward):
            if step.node is not None:
                add("made", step.node.node, index)
            for output in step.outputs:
                add("touched", output.tensor, index, 1)
            for value in step.changed:
                add("touched", value.tensor, index, 0)
        else:
            for tensor in changes(step):
                add("touched", tensor, index, 0)
        for tensor, rank, name in namings(step):
            add("bound", tensor, clean(name), rank, index)

    def taken(self) -> Rows:
        """All rows; none wait here any more."""
        taken = Rows()
        taken._waiting, self._waiting = self._waiting, taken._waiting
        return taken

    def insert(self, connection: sqlite3.Connection) -> None:
        """Write them."""
        for table, rows in self._waiting.items():
            if table in _SQUEEZED:
                rows = [_squeezed(row) for row in rows]
            words, after = _INSERT.get(table, ("INSERT OR REPLACE", ""))
            row = f"({', '.join('?' * len(rows[0]))})"
            most = MOST_VALUES // len(rows[0])
            for start in range(0, len(rows), most):
                part = rows[start : start + most]
                values = ", ".join([row] * len(part))
                connection.execute(
                    f"{words} INTO {table} VALUES {values}{after}",
                    list(chain.from_iterable(part)),
                )


def _squeezed(row: tuple[Any, ...]) -> tuple[Any, ...]:
    *others, coding, data = row
    return (*others, *squeeze(data)) if coding == RAW else row


def clean(words: str) -> str:
    """Text as SQLite holds it: half a surrogate pair is none."""
    return words.encode("utf-8", "replace").decode()
