"""``record()``: PyTorch's work inside a ``with`` as a trace.

with backprop_tui.record() as trace:
    loss = model(x).sum()
    loss.backward()
"""

from __future__ import annotations

import ast
import linecache
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any

from backprop_tui.errors import EngineMissing
from backprop_tui.recording import files
from backprop_tui.recording.files import Files
from backprop_tui.recording.output import Tee
from backprop_tui.recording.places import Places
from backprop_tui.recording.teller import Teller
from backprop_tui.scenario import header as headers
from backprop_tui.scenario.hints import hint_for
from backprop_tui.scenario.loader import narration
from backprop_tui.trace.trace import Program, Trace

#: Above so many elements a tensor is kept as a summary.
LIMIT = 100_000


def program_of(path: str, text: str) -> Program:
    """What a trace tells about the program it is of, scenario or not."""
    name = Path(path).stem
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


class Recording:
    """Records the thread it is entered in, until it is left; see ``record``."""

    def __init__(
        self,
        path: Path | str | None = None,
        *,
        level: str = "steps",
        limit: int | None = LIMIT,
        name: str = "",
        notice: Callable[[str], None] | None = None,
    ) -> None:
        self.path = path
        self.level = level
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

        Raises EngineMissing where there is no PyTorch.
        """
        try:
            from backprop_tui.engines.torch_engine.around import length, uncompiled
            from backprop_tui.engines.torch_engine.watch import Watch
        except ModuleNotFoundError as missing:
            from backprop_tui.session import NO_TORCH

            raise EngineMissing(NO_TORCH) from missing
        program = program_of(path, text)
        self.trace = trace = Trace(program, "torch")
        self._teller = teller = Teller(trace)
        self._watch = watch = Watch(teller, self.limit)
        teller.engine = watch.engine
        own = Files(path, text, trace.add_source)
        teller.places = Places(
            own,
            base,
            watch.engine.is_grad_enabled,
            lambda value: length(value, lambda name: own.look_up(name) is not None),
        )
        _recordings.append(self)
        self._inside.callback(_recordings.remove, self)
        self._inside.enter_context(uncompiled(self._uncompiled))
        plain, tee = sys.stdout, Tee(sys.stdout, teller.places.output)
        sys.stdout = tee
        self._inside.callback(_restore, tee, plain)
        if isinstance(base, FrameType):
            teller.at(teller.place())
        watch.start()
        return trace

    def end(self, error: BaseException | None = None) -> None:
        """Stop, and tell what is left to tell; ``error``: what the program failed with."""
        teller, watch = self._teller, self._watch
        if teller is None:
            return
        self._teller = None
        place = None if error is not None else teller.place()
        watch.stop()
        self._inside.close()
        if error is not None and _is_failure(error):
            place = teller.places.failed(error.__traceback__)
            teller.at(place)
            message = str(error)
            teller.failed(type(error).__name__, message, hint_for(message))
        teller.places.finish()
        teller.tell_all()
        self.trace.finished = True
        if self.path is not None:
            from backprop_tui.export.files import replace_file
            from backprop_tui.trace.codec import dumps

            replace_file(Path(self.path), dumps(self.trace))

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
    level: str = "steps",
    limit: int | None = LIMIT,
    name: str = "",
) -> Recording:
    """Record what PyTorch does inside a ``with``, in memory or to the file ``path``.

    ``level`` is "steps" (everything), "iterations" (one reading per optimizer step) or "off";
    tensors of more than ``limit`` elements are kept as a summary (None: never); ``name`` is what
    the program is called. Raises EngineMissing where there is no PyTorch.
    """
    return Recording(path, level=level, limit=limit, name=name)
