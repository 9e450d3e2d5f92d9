"""``record()``: PyTorch's work inside a ``with`` as a trace.

with backprop_tui.record() as trace:
    loss = model(x).sum()
    loss.backward()
"""

from __future__ import annotations

import ast
import gc
import linecache
import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any, Literal, cast

from backprop_tui.engines.base import Engine
from backprop_tui.errors import EngineMissing, TraceError
from backprop_tui.recording import files
from backprop_tui.recording.files import Files
from backprop_tui.recording.memory import KeptTrace
from backprop_tui.recording.output import Tee
from backprop_tui.recording.places import Places
from backprop_tui.recording.teller import Teller
from backprop_tui.recording.warned import relocated
from backprop_tui.scenario import header as headers
from backprop_tui.scenario.hints import hint_for
from backprop_tui.scenario.loader import narration
from backprop_tui.trace.file import WritingTrace, is_trace_file
from backprop_tui.trace.trace import Program, Trace

Level = Literal["steps", "iterations", "off"]

#: Above so many elements a tensor is kept as a summary.
LIMIT = 100_000

#: To a file, what waits to be told is told with what happens after so many seconds, so that of a
#: run that is killed, and steps no optimizer, no more than that is lost.
PATIENCE = 1.0
#: In memory nobody can look on: telling waits until recording ends, or for so many events.
MANY = 200_000


def program_of(path: str, text: str, name: str = "") -> Program:
    """What a trace tells about the program it is of, scenario or not."""
    name = name or Path(path).stem
    try:
        tree = ast.parse(text)
        head, _ = headers.examine(text, path)
        comments = narration(tree, text, head.lines)
    except (SyntaxError, ValueError, RecursionError):
        return Program(name, text, name)
    return Program(
        name, text, head.title or name, head.chapter, head.level, ast.get_docstring(tree) or "",
        head.watch, comments,
    )  # fmt: skip


def make_room(path: Path, force: bool) -> None:
    """Remove the trace file that a new one is to replace; TraceError for any other file."""
    if not path.exists():
        return
    if not is_trace_file(path):
        raise TraceError(f"{path} is there already and is no trace: it is not replaced")
    if not force:
        raise TraceError(f"{path} is there already: --force replaces it, -o names another")
    for beside in ("", "-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)


class _Switch:
    """A Watch and the Places beside it, on and off together."""

    def __init__(self, watch: Any, places: Places) -> None:
        self._watch = watch
        self._places = places
        places.on = False
        self.drain = watch.drain

    def then(self, tell: Callable[[], None]) -> None:
        recorder = self._watch.engine.recorder
        recorder.also(tell)
        recorder.flush()

    def measures(self, updated: Callable[[Any, float, float, float], None]) -> None:
        self._watch.engine.recorder.decoder.measure = updated

    def start(self) -> None:
        self._places.on = True
        self._watch.start()

    def stop(self) -> None:
        self._watch.stop()
        self._places.on = False


class Recording:
    """Records the thread it is entered in, until it is left; see ``record``."""

    def __init__(
        self,
        path: Path | str | None = None,
        *,
        level: Level = "steps",
        steps_of: str = "",
        limit: int | None = LIMIT,
        name: str = "",
        force: bool = False,
        notice: Callable[[str], None] | None = None,
    ) -> None:
        self.path = None if path is None else Path(path)
        self.force = force
        self.level = level
        self.steps_of = steps_of
        self.limit = limit
        self.name = name
        self.trace: Any = None
        self._notice = notice or _to_stderr
        self._teller: Teller | None = None
        self._watch: Any = None
        self._inside = ExitStack()

    def __enter__(self) -> Trace:
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and not files.may_be_own(frame.f_code.co_filename):
            frame = frame.f_back
        base = frame or sys._getframe(1)
        path = base.f_code.co_filename
        text = "".join(linecache.getlines(path, base.f_globals))
        return self.begin(base, path, text)

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        self.end(error)

    def begin(self, base: FrameType | CodeType, path: str, text: str) -> Trace:
        """Record ``base`` (a frame, or the code of one) of the program ``text`` and what it calls.

        Raises EngineMissing where there is no PyTorch, TraceError where the file cannot be made.
        """
        try:
            from backprop_tui.engines.torch_engine.around import length, uncompiled
            from backprop_tui.engines.torch_engine.captured import FAR, Captured
            from backprop_tui.engines.torch_engine.watch import Watch
        except ModuleNotFoundError as missing:
            from backprop_tui.session import NO_TORCH

            raise EngineMissing(NO_TORCH) from missing
        from backprop_tui.recording.levels import TELL_EVERY, Levels, parse_iterations

        steps_of = parse_iterations(self.steps_of) if self.steps_of else ()
        self.trace = trace = self._trace_of(program_of(path, text, self.name))
        self._teller = teller = Teller(trace)
        waits = {"events": MANY} if self.path is None else {"patience": PATIENCE}
        self._watch = watch = Watch(teller, self.limit, **waits)
        captured = Captured(watch.engine)
        teller.engine = cast(Engine, captured)
        captured.before_writes(teller.place)
        own = Files(path, text, trace.add_source)
        teller.places = Places(
            own,
            base,
            watch.engine.recorder.is_grad_enabled,
            lambda value: length(value, lambda name: own.look_up(name) is not None),
            captured.capture,
            FAR,
        )
        _recordings.append(self)
        self._inside.callback(_recordings.remove, self)
        if self.level == "steps":
            self._inside.enter_context(_put_aside())
        self._inside.enter_context(uncompiled(self._uncompiled))
        self._inside.enter_context(relocated())
        plain, tee = sys.stdout, Tee(sys.stdout, teller.places.output)
        sys.stdout = tee
        self._inside.callback(_restore, tee, plain)
        self._levels = Levels(
            _Switch(watch, teller.places),
            trace,
            level=self.level,
            steps_of=steps_of,
            resumed=teller.resumed,
            tell_every=math.inf if self.path is None else TELL_EVERY,
        )
        self._levels.begin()
        if isinstance(base, FrameType) and teller.places.on:
            teller.at(teller.place())
        return cast(Trace, trace)

    def _trace_of(self, program: Program) -> KeptTrace | WritingTrace:
        if self.path is None:
            return KeptTrace(program)
        make_room(self.path, self.force)
        return WritingTrace(self.path, program, "torch")

    def end(self, error: BaseException | None = None) -> None:
        """Stop, and tell what is left to tell; ``error``: what the program failed with."""
        teller = self._teller
        if teller is None:
            return
        self._teller = None
        on = teller.places.on
        place = teller.place() if on and error is None else None
        self._levels.end()
        self._inside.close()
        if error is not None and _is_failure(error):
            place = teller.places.failed(error.__traceback__)
            teller.at(place)
            message = str(error)
            teller.failed(type(error).__name__, message, hint_for(message))
        elif place is not None:
            teller.at(place)
        teller.places.finish()
        if on:
            teller.tell_all()
        failure = f"{type(error).__name__}: {error}" if error and _is_failure(error) else None
        self.trace.close(failure)

    def _uncompiled(self) -> None:
        self._notice("torch.compile: while recording, compiled functions run as they are written")

    def abandon(self) -> None:
        """In a process that was forked from the one that records: nothing is recorded here."""
        self._watch.engine.listener = None
        self._inside.close()


#: Those at work in this process.
_recordings: list[Recording] = []


def _forked() -> None:
    for recording in list(_recordings):
        recording.abandon()


os.register_at_fork(after_in_child=_forked)


@contextmanager
def _put_aside() -> Iterator[None]:
    """Inside, Python's collector leaves alone what was there before: a trace makes it run often,
    and looking through all of PyTorch's own objects each time would take as long as the program."""
    if gc.get_freeze_count():  # somebody did that already
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _restore(tee: Tee, plain: Any) -> None:
    if sys.stdout is tee:
        sys.stdout = plain


def _is_failure(error: BaseException) -> bool:
    return not isinstance(error, SystemExit | GeneratorExit)


def _to_stderr(text: str) -> None:
    print(f"backprop-tui: {text}", file=sys.stderr)


def record(
    path: Path | str | None = None,
    *,
    level: Level = "steps",
    steps_of: str = "",
    limit: int | None = LIMIT,
    name: str = "",
    force: bool = False,
) -> Recording:
    """Record what PyTorch does inside a ``with``, in memory or to the file ``path``.

    ``level`` is "steps" (everything), "iterations" (one reading per optimizer step) or "off";
    ``steps_of`` ("1:3,4217") names iterations to be recorded step by step whatever the level.
    Tensors of more than ``limit`` elements are kept as a summary (None: never); ``name`` is what
    the program is called. An existing file is replaced only with ``force``, and only a trace.

    Raises EngineMissing where there is no PyTorch, TraceError where the file cannot be made.
    """
    return Recording(path, level=level, steps_of=steps_of, limit=limit, name=name, force=force)
