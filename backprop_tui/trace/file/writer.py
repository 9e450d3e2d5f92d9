"""Writing a trace file while the program runs.

    append ──▶ steps that wait ──▶ pages ──▶ rows ──(in a thread of its own)──▶ one commit

Every QUARTER of a second what waits is committed. A commit is all or nothing, so a process that is
killed loses what happened since the last one; the rest opens. Between commits nothing is locked:
viewers read, and leave their wishes.

Making pages is Python's work, which only one thread does at a time. So whoever tells a page's worth
of steps before the quarter is over waits while the thread makes the page: that is sooner done than
taking turns. It is the thread's work, for a Ctrl-C may come to the program at any time.
"""

from __future__ import annotations

import contextlib
import math
import os
import sqlite3
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Any

from backprop_tui.engines.promise import given
from backprop_tui.engines.summary import digest_of
from backprop_tui.errors import TraceError
from backprop_tui.trace.file.pages import PAGE, Pages, text
from backprop_tui.trace.file.reader import StoredTrace
from backprop_tui.trace.file.rows import Rows, clean
from backprop_tui.trace.file.schema import MISSING, STATEMENTS, VERSION
from backprop_tui.trace.file.shape import Keeper
from backprop_tui.trace.marks import APPLICATION, FORMAT
from backprop_tui.trace.steps import Accumulate, Backward, Forward, Step, Update
from backprop_tui.trace.trace import Program, Trace
from backprop_tui.trace.training import Reading

#: Seconds between commits.
QUARTER = 0.25
#: So many bytes of numbers may wait in steps, and as many in rows; then whoever records waits.
MOST_WAITING = 64 * 2**20
#: So many steps may wait while a commit is made.
MOST_STEPS = 4096


class WritingTrace(Trace):
    """A trace that is being recorded into a new file.

    What it holds in memory is the last step and what waits for the next commit. Raises TraceError
    where the file exists already or cannot be written (when recording begins, or at the next call
    after a commit has failed).
    """

    def __init__(self, path: Path | str, program: Program, engine: str = "torch") -> None:
        super().__init__(program, engine)
        self.path = Path(path)
        self._count = 0
        self._last: Step | None = None
        self._rows = Rows()
        self._pages = Pages(self._rows)
        self._keeper = Keeper(self._rows, self._pages, self._outputs)
        self._commits = 0
        self._steps_waiting: list[Step] = []
        self._bytes_waiting = 0
        self._hurry = self._committing = False
        self._others: list[tuple[str, tuple[Any, ...]]] = []
        self._parameters: tuple[str, ...] = ()
        self._readings = 0
        self._state, self._error = "running", ""
        self._failure: str | None = None
        self._reader: StoredTrace | None = None
        self._past: StoredTrace | None = None
        self._closing = False
        self._lock = threading.Condition()
        self._asked, self._done = 0, 0
        self._connection = self._create()
        self._thread: threading.Thread | None = threading.Thread(
            target=self._keep_writing, name="trace writer", daemon=True
        )
        self._thread.start()

    # ------------------------------------------------------------------ recording

    def __len__(self) -> int:
        return self._count

    def append(self, step: Step) -> None:
        """Add the next step; its ``index`` must be ``len(trace)``."""
        if step.index != self._count:
            raise ValueError(f"step {step.index} cannot follow {self._count} steps")
        size = _bytes(step)
        with self._lock:
            self._check()
            # No call from here to the count, so that no Ctrl-C comes in between.
            self._steps_waiting += [step]
            self._bytes_waiting += size
            self._last = step
            self._count += 1
            if self._is_too_much():
                self._lock.notify_all()
                while self._failure is None and self._is_too_much():
                    self._lock.wait(QUARTER)

    def _is_too_much(self) -> bool:
        """Whether more waits than may."""
        return (
            len(self._steps_waiting) > (MOST_STEPS if self._committing else PAGE)
            or self._bytes_waiting > MOST_WAITING
            or self._pages.bytes > MOST_WAITING
        )

    def amend(self, step: Step) -> None:
        """Replace the last step, while it is still the last (a name given to its output)."""
        if step.index != self._count - 1:
            raise ValueError(f"only the last step can be amended, not {step.index}")
        with self._lock:
            self._last = step
            if self._steps_waiting:
                self._steps_waiting[-1] = step
            else:
                self._steps_waiting.append(step)

    def add_source(self, file: str, text: str) -> None:
        """Another file that the program is made of."""
        super().add_source(file, text)
        self._other("INSERT OR REPLACE INTO source VALUES (?, ?)", clean(file), clean(text))

    # ------------------------------------------------------------------ readings

    @property
    def parameters(self) -> tuple[str, ...]:
        """What the columns of the Readings are called."""
        return self._parameters

    @parameters.setter
    def parameters(self, names: Sequence[str]) -> None:
        self._parameters = tuple(names)
        self._meta("parameters", text(self._parameters))

    def measure(self, reading: Reading) -> None:
        """Keep what one optimizer step told."""
        self._readings += 1
        loss = reading.loss
        self._other(
            "INSERT INTO reading VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            self._readings,
            reading.iteration,
            reading.seconds,
            str(loss) if loss is not None and not math.isfinite(loss) else loss,
            _doubles(reading.grad_norms),
            _doubles(reading.ratios),
            reading.memory,
            reading.step,
        )

    # ------------------------------------------------------------------ the run

    def say(self, state: str) -> None:
        """How the run is: "running" or "paused"; said at once, and again with every commit."""
        with self._lock:
            self._state = state
            self._hurry = True
            self._lock.notify_all()

    def wish(self) -> str:
        """The last wish of a viewer ("": none)."""
        return self.wished()[1]

    def wished(self) -> tuple[int, str, float | None]:
        """The number of the last wish (0: none), the wish, and how long ago, in seconds, a viewer
        was last there (None: never)."""
        row = self._control.execute("SELECT number, wish, seen FROM control").fetchone()
        return (0, "", None) if row is None else (row[0], row[1], time.time() - row[2])

    def flush(self) -> None:
        """Wait until everything recorded so far is in the file."""
        with self._lock:
            if self._thread is None:
                return
            self._asked += 1
            mine = self._asked
            self._lock.notify_all()
            while self._done < mine and self._failure is None:
                self._lock.wait()
            self._check()

    def close(self, error: str | None = None) -> None:
        """Write what is left and end the file: "finished", or "failed" with an error's words."""
        if self._thread is None or os.getpid() != self._pid:
            return
        with self._lock:
            self.finished = True
            self._state, self._error = ("finished", "") if error is None else ("failed", error)
            self._closing = True
            self._lock.notify_all()
        self._thread.join()
        self._thread = None
        self._control.close()
        self._check()

    def __enter__(self) -> WritingTrace:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close(None if kind is None else f"{kind.__name__}: {error}")

    # ------------------------------------------------------------------ reading

    def __getitem__(self, index: int) -> Step:
        if index in (-1, self._count - 1) and self._last is not None:
            return self._last
        return self._written()[index]

    def __iter__(self) -> Iterator[Step]:
        return iter(self._written())

    def forward_of(self, node: int) -> Forward | None:
        return self._written().forward_of(node)

    def producer_of(self, tensor: int) -> Forward | None:
        return self._written().producer_of(tensor)

    def backward_of(self, node: int) -> Backward | None:
        return self._written().backward_of(node)

    def _written(self) -> StoredTrace:
        """What is in the file, all that was recorded so far included."""
        self.flush()
        if self._reader is None:
            self._reader = StoredTrace(self.path)
        self._reader.refresh()
        return self._reader

    # ------------------------------------------------------------------ in the thread

    def _create(self) -> sqlite3.Connection:
        self._pid = os.getpid()
        try:
            self.path.touch(exist_ok=False)
            connection = sqlite3.connect(
                self.path, timeout=10, isolation_level=None, check_same_thread=False
            )
            for pragma in (
                # The size first: once anything is written it stays as it is.
                "page_size=8192", f"application_id={APPLICATION}", f"user_version={VERSION}",
                "journal_mode=WAL", "synchronous=NORMAL", "trusted_schema=OFF",
            ):  # fmt: skip
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("BEGIN IMMEDIATE")
            for statement in STATEMENTS:
                connection.execute(statement)
            head = {
                "format": FORMAT,
                "engine": self.engine,
                "program": text({f.name: getattr(self.program, f.name) for f in fields(Program)}),
                "parameters": "[]",
                "steps": "0",
            }
            connection.executemany("INSERT INTO meta VALUES (?, ?)", head.items())
            self._beat(connection)
            connection.execute("COMMIT")
            self._control = sqlite3.connect(self.path, timeout=10, check_same_thread=False)
        except FileExistsError:
            raise TraceError(f"{self.path} exists already") from None
        except (OSError, sqlite3.Error) as error:
            raise TraceError(f"{self.path} cannot be written: {error}") from None
        return connection

    def _keep_writing(self) -> None:
        closing = False
        try:
            while not closing:
                with self._lock:
                    self._wait()
                    self._hurry = False
                    closing, asked = self._closing, self._asked
                    rows, others = self._rows_waiting()
                    self._committing = True
                    self._lock.notify_all()
                self._commit(rows, others)
                with self._lock:
                    self._committing = False
                    self._done = asked
                    self._lock.notify_all()
            self._settle()
        except Exception as error:
            self._fail(error)
        finally:
            self._connection.close()

    def _wait(self) -> None:
        """Wait until the next commit, and make pages meanwhile."""
        until = time.monotonic() + QUARTER
        while not (self._closing or self._hurry or self._done < self._asked):
            if self._is_too_much():
                # The last step may still be amended.
                *steps, last = self._steps_waiting
                self._steps_waiting, self._bytes_waiting = [last], 0
                self._take(steps)
                self._lock.notify_all()
            left = until - time.monotonic()
            if left <= 0 or self._pages.bytes > MOST_WAITING:
                break
            self._lock.wait(left)

    def _settle(self) -> None:
        """Make it one file alone; while a viewer looks, only its log is emptied."""
        self._connection.execute("PRAGMA busy_timeout=0")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with contextlib.suppress(sqlite3.OperationalError):
            self._connection.execute("PRAGMA journal_mode=DELETE").fetchall()

    def _take(self, steps: list[Step]) -> None:
        for step in steps:
            self._pages.step(step)
            self._rows.index(step)
            self._keeper.take(step)

    def _rows_waiting(self) -> tuple[Rows, list[tuple[str, tuple[Any, ...]]]]:
        """All that waits, as rows; nothing waits any more."""
        steps, self._steps_waiting = self._steps_waiting, []
        others, self._others = self._others, []
        self._bytes_waiting = 0
        self._take(steps)
        self._commits += 1
        self._keeper.save(self._commits)
        self._pages.end()
        self._pages.forget()
        self._pages.bytes = 0
        return self._rows.taken(), others

    def _outputs(self, node: int) -> tuple[int, ...]:
        """Which tensors a Node's op made, from what was written long ago."""
        if self._past is None:
            self._past = StoredTrace(self.path)
        made = self._past.forward_of(node)
        if made is None and self._past.refresh():
            made = self._past.forward_of(node)
        return () if made is None else tuple(output.tensor for output in made.outputs)

    def _commit(self, rows: Rows, others: list[tuple[str, tuple[Any, ...]]]) -> None:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        rows.insert(connection)
        for sql, row in others:
            connection.execute(sql, row)
        self._beat(connection)
        connection.execute("COMMIT")

    def _beat(self, connection: sqlite3.Connection) -> None:
        connection.execute(
            "INSERT OR REPLACE INTO pulse VALUES (1, ?, ?, ?, ?)",
            (self._state, self._pid, time.time(), self._error),
        )

    # ------------------------------------------------------------------ between the two

    def _other(self, sql: str, *row: Any) -> None:
        with self._lock:
            self._check()
            self._others.append((sql, row))

    def _meta(self, key: str, value: str) -> None:
        self._other("INSERT OR REPLACE INTO meta VALUES (?, ?)", key, value)

    def _fail(self, error: BaseException) -> None:
        with self._lock:
            self._failure = f"{type(error).__name__}: {error}"
            self._lock.notify_all()

    def _check(self) -> None:
        if self._failure is not None:
            raise TraceError(f"{self.path} cannot be written: {self._failure}")


def _bytes(step: Step) -> int:
    """About what a step's new numbers take; a Summary takes nothing."""
    match step:  # what is promised is not asked for yet
        case Forward():
            new = [given(value, "data") for value in step.outputs + step.changed]
        case Backward():
            new = [given(out, "grad") for out in step.outgoing if out is not None]
        case Accumulate():
            new = [given(step, "incoming"), given(step, "after")]
        case Update():
            new = [given(step.after, "data"), given(step, "grad")]
        case _:
            return 0
    return sum(array.nbytes for array in new if digest_of(array) is None)


def _doubles(numbers: Sequence[float | None]) -> bytes:
    found = [MISSING if number is None else number for number in numbers]
    return struct.pack(f"<{len(found)}d", *found)
