"""Reading a trace file, a step at a time, as far as it is written."""

from __future__ import annotations

import json
import sqlite3
import struct
import threading
import time
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from backprop_tui.errors import TraceError
from backprop_tui.trace.file.objects import Objects
from backprop_tui.trace.file.opening import DATABASE, damaged, open_to_read, open_to_write
from backprop_tui.trace.file.rows import clean
from backprop_tui.trace.file.schema import MISSING
from backprop_tui.trace.file.shape import Chunk, columns_of, state_of
from backprop_tui.trace.lookups import Naming
from backprop_tui.trace.phases import Phases
from backprop_tui.trace.plain import DAMAGE
from backprop_tui.trace.state import State
from backprop_tui.trace.steps import Backward, Forward, Span, Step
from backprop_tui.trace.trace import Program, Trace
from backprop_tui.trace.training import Reading

#: Decoded steps are kept up to this many, and up to so many bytes of arrays.
MOST_STEPS, MOST_BYTES = 4096, 256 * 2**20
#: So many steps about one tensor are looked at.
MOST_ABOUT = 1000
#: A run whose heart has not beaten for so long has stopped without saying so, seconds.
SILENCE = 3.0


class StoredTrace(Trace):
    """A trace in a file. ``refresh`` looks for what has been written since.

    Raises TraceError where the file is no trace, is damaged, or is of a newer version; a damaged
    row raises it when it is met.
    """

    most_states = 12

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._lock = threading.RLock()
        self._connection = open_to_read(self.path)
        self._objects = Objects(self)
        meta = dict(self.rows("SELECT key, value FROM meta LIMIT 100"))
        try:
            program = self._objects.build(Program, json.loads(meta["program"]))
            super().__init__(program, str(meta["engine"]))
        except DAMAGE as error:
            raise damaged(error, self.path) from None
        self._steps_kept: OrderedDict[int, tuple[Step, int]] = OrderedDict()
        self._bytes_kept = 0
        #: What the last commit seen left as its last step may have been amended since.
        self._amendable = -1
        self._phases = Phases()
        self._names_kept: dict[int, Sequence[Naming]] = {}
        self._chunks: list[Chunk] = []
        self._spans: list[Span] = []
        self._seen = 0
        self.refresh()

    def refresh(self) -> bool:
        """Look what has been written since; True if there is more than before."""
        before = len(self), self.finished
        with self._lock, self._snapshot():
            self._refresh()
        return (len(self), self.finished) != before

    def _refresh(self) -> None:
        new = self.rows(
            "SELECT id, changed, kinds, types, statements, roots, numbers FROM chunk "
            "WHERE changed > ? ORDER BY id",
            self._seen,
        )
        spans = self.rows(
            "SELECT id, file, line, end_line FROM statement WHERE id >= ? ORDER BY id",
            len(self._spans),
        )
        try:
            for number, file, line, end_line in spans:
                if number != len(self._spans):
                    raise ValueError("its statements are not counted from 0")
                self._spans.append(Span(int(line), 0, int(end_line), 0, str(file)))
            for number, changed, *chunk in new:
                if number > len(self._chunks):
                    raise ValueError("a part of its columns is missing")
                self._chunks[number : number + 1] = [tuple(chunk)]
                self._seen = max(self._seen, changed)
            if new:
                self._phases.load(columns_of(self._chunks, self._spans))
            if len(self._phases) != self._objects.grow():
                raise ValueError("its steps are not all there")
        except DAMAGE as error:
            raise damaged(error, self.path) from None
        self._forget(self._amendable)
        self._names_kept.clear()
        self._amendable = len(self) - 1
        for file, text in self.rows("SELECT file, text FROM source"):
            self.add_source(str(file), str(text))
        self.finished = self.state() not in ("running", "paused")

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """Inside, all rows are of one moment."""
        self.rows("BEGIN")
        try:
            yield
        finally:
            with suppress(sqlite3.Error):
                self._connection.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    # ------------------------------------------------------------------ steps

    def __len__(self) -> int:
        return len(self._phases)

    def __iter__(self) -> Iterator[Step]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Step:
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(f"step {index} of {len(self)}")
        with self._lock:
            kept = self._steps_kept.get(index)
            if kept is not None:
                self._steps_kept.move_to_end(index)
                return kept[0]
            self._objects.weight = 0
            try:
                step = self._objects.at(index)
            except DAMAGE as error:
                raise damaged(error, f"step {index + 1} of {self.path}") from None
            self._keep(step, self._objects.weight)
            return step

    def _keep(self, step: Step, weight: int) -> None:
        self._steps_kept[step.index] = step, weight
        self._bytes_kept += weight
        while len(self._steps_kept) > 1 and (
            len(self._steps_kept) > MOST_STEPS or self._bytes_kept > MOST_BYTES
        ):
            _, (_, gone) = self._steps_kept.popitem(last=False)
            self._bytes_kept -= gone

    def _forget(self, index: int) -> None:
        kept = self._steps_kept.pop(index, None)
        self._bytes_kept -= kept[1] if kept else 0

    # ------------------------------------------------------------------ look-ups

    def forward_of(self, node: int) -> Forward | None:
        return self._forward(self.one("SELECT step FROM made WHERE node = ?", node))

    def producer_of(self, tensor: int) -> Forward | None:
        return self._forward(self.produced_at(tensor))

    def produced_at(self, tensor: int) -> int | None:
        sql = "SELECT step FROM touched WHERE tensor = ? AND made = 1 ORDER BY step LIMIT 1"
        found = self.one(sql, tensor)
        return found if type(found) is int else None

    def namings_of(self, tensor: int) -> Sequence[Naming]:
        kept = self._names_kept.get(tensor)
        if kept is not None:
            return kept
        better: list[Naming] = []
        found = self.rows(
            "SELECT min(step), rank, name FROM bound WHERE tensor = ? GROUP BY name, rank "
            "ORDER BY 1, 2",
            tensor,
        )
        for step, rank, name in found:
            if type(step) is not int or type(rank) is not int:
                raise damaged(TypeError("a name without its step"), self.path)
            if not better or rank < better[-1][1]:
                better.append((step, rank, str(name)))
        if len(self._names_kept) > MOST_STEPS:
            self._names_kept.clear()
        self._names_kept[tensor] = better
        return better

    def names(self) -> list[str]:
        sql = "SELECT name FROM bound GROUP BY name ORDER BY min(step)"
        return [str(name) for (name,) in self.rows(sql)]

    def next_change(self, name: str, after: int) -> int | None:
        found = self.rows(
            "SELECT min(step) FROM bound WHERE name = ?1 AND step > ?2 UNION ALL "
            "SELECT min(step) FROM touched WHERE step > ?2 AND tensor IN "
            "(SELECT DISTINCT tensor FROM bound WHERE name = ?1)",
            clean(name),
            after,
        )
        return min((step for (step,) in found if type(step) is int), default=None)

    def about(self, tensor: int, name: str, near: int) -> Iterable[int]:
        found = self.rows(
            "SELECT step FROM bound WHERE name = ?2 OR tensor = ?1 UNION "
            "SELECT step FROM touched WHERE tensor = ?1 OR (?2 <> '' AND tensor IN "
            "(SELECT DISTINCT tensor FROM bound WHERE name = ?2)) ORDER BY 1",
            tensor,
            clean(name),
        )
        steps = [step for (step,) in found if type(step) is int and 0 <= step < len(self)]
        here = bisect_left(steps, near)
        return steps[max(here - MOST_ABOUT // 2, 0) : here + MOST_ABOUT // 2]

    def backward_of(self, node: int) -> Backward | None:
        step = self._at(self.one("SELECT step FROM ran WHERE node = ?", node))
        return step if isinstance(step, Backward) else None

    def _forward(self, index: Any) -> Forward | None:
        step = self._at(index)
        return step if isinstance(step, Forward) else None

    def _at(self, index: Any) -> Step | None:
        """The step a look-up leads to; None if it is not there."""
        inside = type(index) is int and 0 <= index < len(self)
        return self[index] if inside else None

    # ------------------------------------------------------------------ phases and states

    def inform(self, phases: Phases) -> None:
        """Hand over the columns that are in the file."""
        if phases.columns is not self._phases.columns:
            phases.load(self._phases.columns)

    def keyframe(self, index: int, after: int) -> State | None:
        found = self.rows(
            "SELECT step, data FROM keyframe WHERE step BETWEEN ? AND ? ORDER BY step DESC LIMIT 1",
            after + 1,
            index,
        )
        try:
            return state_of(json.loads(found[0][1]), found[0][0], self._lookup) if found else None
        except DAMAGE as error:
            raise damaged(error, f"the state at step {found[0][0] + 1} of {self.path}") from None

    def _lookup(self, table: str, number: int) -> Any:
        with self._lock:
            return self._objects.lookup(table, number)

    # ------------------------------------------------------------------ the run

    def state(self) -> str:
        """ "running", "paused", "finished", "failed", or "stopped": it ended without a word."""
        row = self._pulse()
        if row[0] in ("running", "paused") and time.time() - row[2] > SILENCE:
            return "stopped"
        return str(row[0])

    @property
    def error(self) -> str:
        """Why the run failed; "" if it did not."""
        return str(self._pulse()[3])

    def _pulse(self) -> tuple[Any, ...]:
        found = self.rows("SELECT state, pid, beat, error FROM pulse WHERE id = 1")
        if not found or not isinstance(found[0][2], float):
            raise damaged(ValueError("it does not say how the run is"), self.path)
        return found[0]

    def ask(self, wish: str) -> None:
        """Tell a run that is still going what is wished: "pause", "run", "next".

        Raises TraceError where the file cannot be written.
        """
        self._tell(
            "INSERT INTO control VALUES (1, ?, 1, ?) ON CONFLICT DO UPDATE SET "
            "wish = excluded.wish, number = number + 1, seen = excluded.seen",
            wish,
            time.time(),
        )

    def attend(self) -> None:
        """Say that a viewer is still there."""
        self._tell("UPDATE control SET seen = ?", time.time())

    def _tell(self, sql: str, *row: Any) -> None:
        try:
            connection = open_to_write(self.path)
            try:
                connection.execute(sql, row)
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise TraceError(f"{self.path} cannot be written: {error}") from None

    # ------------------------------------------------------------------ readings

    @property
    def parameters(self) -> tuple[str, ...]:
        """What the columns of the Readings are called."""
        try:
            names = json.loads(self.one("SELECT value FROM meta WHERE key = 'parameters'"))
            return tuple(str(name) for name in names)
        except DAMAGE as error:
            raise damaged(error, self.path) from None

    def readings(self, start: int = 0, most: int = -1) -> list[Reading]:
        """The Readings from number ``start`` (from 0) on, at most so many of them."""
        rows = self.rows(
            "SELECT iteration, seconds, loss, grad_norms, ratios, memory, step FROM reading "
            "WHERE id > ? ORDER BY id LIMIT ?",
            start,
            most,
        )
        try:
            return [_reading(*row) for row in rows]
        except (*DAMAGE, struct.error) as error:
            raise damaged(error, self.path) from None

    # ------------------------------------------------------------------ rows

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query; raises TraceError where the file is damaged."""
        try:
            with self._lock:
                return self._connection.execute(sql, values).fetchall()
        except DATABASE as error:
            raise damaged(error, self.path) from None
        except OverflowError:
            return []

    def one(self, sql: str, *values: Any) -> Any:
        """The first column of the first row; None if there is none."""
        found = self.rows(sql, *values)
        return found[0][0] if found else None


def _reading(
    iteration: int,
    seconds: float,
    loss: Any,
    grad_norms: bytes,
    ratios: bytes,
    memory: int,
    step: int | None,
) -> Reading:
    return Reading(
        int(iteration),
        float(seconds),
        None if loss is None else float(loss),
        _numbers(grad_norms),
        _numbers(ratios),
        int(memory),
        None if step is None else int(step),
    )


def _numbers(data: bytes) -> tuple[float | None, ...]:
    return tuple(
        None if number == MISSING else number for (number,) in struct.iter_unpack("<d", data)
    )
