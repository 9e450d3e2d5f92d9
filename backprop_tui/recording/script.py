"""``run_script()``: a script, run as plain ``python`` runs it, and recorded."""

from __future__ import annotations

import builtins
import io
import os
import sys
import tokenize
from collections.abc import Callable, Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from backprop_tui.errors import BackpropTuiError
from backprop_tui.recording.recording import LIMIT, Level, Recording
from backprop_tui.recording.tracebacks import cleaned
from backprop_tui.trace.trace import Trace


def run_script(
    script: Path | str,
    arguments: Sequence[str] = (),
    path: Path | str | None = None,
    *,
    level: Level = "steps",
    steps_of: str = "",
    limit: int | None = LIMIT,
    name: str = "",
    force: bool = False,
    done: Callable[[Trace], None] | None = None,
) -> int:
    """Run a Python script and record it, in memory or to the file ``path``; its exit status.

    ``done`` gets the trace. The script sees what plain ``python SCRIPT ARGUMENTS`` shows it, and an
    error of its own is printed as there. Raises BackpropTuiError if the script cannot be read,
    EngineMissing where there is no PyTorch.
    """
    script = os.fspath(script)
    text = _read(script)
    recording = Recording(path, level=level, steps_of=steps_of, limit=limit, name=name, force=force)
    try:
        file = os.path.abspath(script)
        code = compile(text, file, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        _show(error.with_traceback(None))
        return 1
    module = _main(file)
    with _as_main(module, script, arguments):
        trace = recording.begin(code, file, text)
        failure = None
        try:
            exec(code, module.__dict__)
        except BaseException as raised:
            failure = raised
        recording.end(failure)
        if done is not None:
            done(trace)
        return 0 if failure is None else _ended(failure, code)


def _read(script: str) -> str:
    try:
        with open(script, "rb") as stream:
            raw = stream.read()
    except OSError as error:
        raise BackpropTuiError(f"cannot open {script}: {error.strerror}") from None
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        return io.TextIOWrapper(io.BytesIO(raw), encoding).read()
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise BackpropTuiError(f"cannot read {script}: {error}") from None


def _main(script: str) -> ModuleType:
    module = ModuleType("__main__")
    module.__file__ = script
    module.__builtins__ = builtins  # type: ignore[attr-defined]
    module.__loader__ = SourceFileLoader("__main__", script)
    module.__cached__ = None  # type: ignore[attr-defined]
    return module


class _as_main:  # noqa: N801
    """Inside, the script is what ``python`` runs: ``__main__``, ``sys.argv``, ``sys.path[0]``."""

    def __init__(self, module: ModuleType, script: str, arguments: Sequence[str]) -> None:
        self.module = module
        self.argv = [script, *arguments]
        self.folder = os.path.dirname(os.path.realpath(script))

    def __enter__(self) -> None:
        self.before = sys.modules["__main__"], sys.argv, sys.path[:]
        sys.modules["__main__"] = self.module
        sys.argv = self.argv
        sys.path[:1] = [self.folder]

    def __exit__(self, *_: object) -> None:
        sys.modules["__main__"], sys.argv, sys.path[:] = self.before


def _ended(error: BaseException, code: CodeType) -> int:
    """The exit status that ``python`` ends with, after it printed what it prints."""
    if isinstance(error, SystemExit):
        status = error.code
        if status is None or isinstance(status, int):
            return status or 0
        print(status, file=sys.stderr)
        return 1
    _show(cleaned(error, code))
    return 130 if isinstance(error, KeyboardInterrupt) else 1


def _show(error: BaseException) -> None:
    sys.excepthook(type(error), error, error.__traceback__)
