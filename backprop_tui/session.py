"""Wires a scenario, an engine and a trace together, and grows the trace on demand.

The interpreter is plain recursive code; to record *a little*, it runs in a thread of its own that
is parked except while ``grow`` waits for it. Exactly one of the two runs at any time, so nothing
is locked and nothing races: the thread is a coroutine that needs no ``yield`` in the interpreter.

A StoredSession is a trace in a file, for all who watch a session.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from backprop_tui.engines.base import Engine
from backprop_tui.engines.numpy_engine.engine import NumpyEngine
from backprop_tui.errors import BackpropTuiError, EngineMissing, ScenarioError, TraceError
from backprop_tui.scenario.interpreter import Interpreter
from backprop_tui.scenario.library import find
from backprop_tui.scenario.limits import Budget, OverBudget
from backprop_tui.scenario.loader import Scenario, load, loads
from backprop_tui.trace import codec
from backprop_tui.trace.file import StoredTrace
from backprop_tui.trace.marks import is_trace_file
from backprop_tui.trace.recorder import Recorder
from backprop_tui.trace.trace import Program, Trace

#: Interpreted calls nest Python calls; the thread that makes them gets room for the budgeted depth.
STACK_BYTES = 64 * 1024 * 1024
#: A single op may outlast a slice; ``grow`` then returns and leaves it running.
PATIENCE_SECONDS = 0.05

#: Seconds between looks at a file that is still being written.
LOOK_EVERY = 0.1

NO_TORCH = (
    "the torch engine needs PyTorch: python -m pip install torch (for a GPU, see "
    "https://pytorch.org/get-started)"
)


def make_engine(name: str, device: str = "cpu") -> Engine:
    """A fresh engine by name; ``device`` ("cpu", "cuda") is for the torch engine alone.

    Raises EngineMissing where there is no such engine, no PyTorch, or no such device.
    """
    if name == "numpy":
        if device != "cpu":
            raise EngineMissing(f"the numpy engine has no device {device!r}: use --engine torch")
        return NumpyEngine()
    if name == "torch":
        try:
            from backprop_tui.engines.torch_engine.engine import TorchEngine
        except ModuleNotFoundError as error:
            raise EngineMissing(NO_TORCH) from error
        return TorchEngine(device)
    raise EngineMissing(f"there is no engine {name!r}; this version has: numpy, torch")


class _Cancelled(BaseException):
    """Unwinds the interpreter when the session is closed."""


class Session:
    """One run of one scenario.

    ``trace`` grows while ``grow`` is called, until ``finished``. A scenario that fails leaves
    ``error`` and a trace that ends in a Failed step.
    """

    foreign = False

    def __init__(
        self,
        scenario: Scenario,
        engine: str = "numpy",
        budget: Budget | None = None,
        device: str = "cpu",
    ) -> None:
        self.scenario = scenario
        self.finished = False
        self.error: ScenarioError | None = None
        self.trace = Trace(scenario.program(), engine)
        self._crash: BaseException | None = None
        self._deadline = 0.0
        self._until: int | None = None
        self._closing = False
        self._running = False
        self._go = threading.Semaphore(0)
        self._parked = threading.Semaphore(0)
        self._thread: threading.Thread | None = None
        self._budget = budget or Budget()
        self._engine = make_engine(engine, device)

    @classmethod
    def open(
        cls,
        source: Path | str,
        engine: str = "numpy",
        budget: Budget | None = None,
        device: str = "cpu",
    ) -> Session:
        """Open a file, or a bundled scenario by name; nothing is run yet.

        Raises ScenarioRefused, BudgetExceeded (source size) or ScenarioNotFound.
        """
        return cls(load(find(source), budget), engine, budget, device)

    @classmethod
    def of_text(
        cls,
        text: str,
        name: str = "scenario.py",
        engine: str = "numpy",
        budget: Budget | None = None,
    ) -> Session:
        """Open a scenario given as text."""
        return cls(loads(text, name, budget=budget), engine, budget)

    @property
    def program(self) -> Program:
        """What the scenario says of itself."""
        return self.trace.program

    def grow(self, seconds: float = 0.008, until: int | None = None) -> bool:
        """Record for about ``seconds``, or until the trace holds more than ``until`` steps.

        Returns True while more remains to be recorded.
        """
        if self.finished or (until is not None and len(self.trace) > until):
            return not self.finished
        self._deadline = perf_counter() + seconds
        self._until = until
        if not self._running:
            self._running = True
            if self._thread is None:
                self._start()
            else:
                self._go.release()
        if self._parked.acquire(timeout=seconds + PATIENCE_SECONDS):
            self._running = False
        if self._crash is not None:
            crash, self._crash = self._crash, None
            raise crash
        return not self.finished

    def complete(self) -> Trace:
        """Record everything and return the trace; a failing scenario leaves its Failed step."""
        while self.grow(seconds=1.0):
            pass
        return self.trace

    def close(self) -> None:
        """Stop recording and let go of the thread."""
        self._closing = True
        if self._thread is not None and not self.finished:
            self._go.release()
            self._thread.join(timeout=1.0)

    # ------------------------------------------------------------------ in the thread

    def _start(self) -> None:
        before = threading.stack_size(STACK_BYTES)
        try:
            self._thread = threading.Thread(target=self._record, name="recorder", daemon=True)
            self._thread.start()
        finally:
            threading.stack_size(before)

    def _record(self) -> None:
        recorder = Recorder(self.trace, self._engine, on_step=self._step)
        self._engine.listener = recorder
        try:
            Interpreter(
                self.scenario, self._engine, recorder, self._budget, pulse=self._pulse
            ).run()
        except _Cancelled:
            pass
        except ScenarioError as error:
            self.error = error
        except BaseException as error:
            self._crash = error
        self.finished = self.trace.finished = True
        self._parked.release()

    def _step(self) -> None:
        """A step was recorded; when there are too many, that becomes the last but one."""
        if len(self.trace) == self._budget.steps:
            raise OverBudget("steps", self._budget.steps)
        self._pulse()

    def _pulse(self) -> None:
        """Park if the slice is over; called after each step and every so often between."""
        enough = self._until is not None and len(self.trace) > self._until
        if not enough and perf_counter() < self._deadline and not self._closing:
            return
        if not self._closing:
            self._parked.release()
            self._go.acquire()
        if self._closing:
            raise _Cancelled


class StoredSession:
    """A trace that is in a file, as a session: recorded already, or still being written.

    It is ``foreign``: what it holds was not made by this program as it runs now.

    ``path`` is a trace file, or a trace exported as JSON. Raises TraceError where it is damaged or
    of a newer version.
    """

    foreign = True

    def __init__(self, path: Path | str) -> None:
        self.error: TraceError | None = None
        self.trace: Trace
        self._stored: StoredTrace | None = None
        if is_trace_file(path):
            self.trace = self._stored = StoredTrace(path)
            self._tell_end()
        else:
            try:
                text = Path(path).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise TraceError(f"{path} cannot be read: {error}") from None
            self.trace = codec.loads(text)
        self._looked = perf_counter()

    @property
    def program(self) -> Program:
        """What the recorded program says of itself."""
        return self.trace.program

    @property
    def finished(self) -> bool:
        """Whether nothing more will be written."""
        return self._stored is None or self._stored.finished

    def grow(self, seconds: float = 0.008, until: int | None = None) -> bool:
        """Look, every so often, what has been written since; True while more may come."""
        if self._stored is None or self.finished:
            return False
        if perf_counter() - self._looked >= LOOK_EVERY:
            self._stored.refresh()
            self._looked = perf_counter()
            self._tell_end()
        return not self.finished

    def complete(self) -> Trace:
        """The trace, as far as it is written."""
        return self.trace

    def close(self) -> None:
        """Let go of the file."""
        if self._stored is not None:
            self._stored.close()

    def _tell_end(self) -> None:
        if self._stored is not None and self._stored.finished and self._stored.error:
            self.error = TraceError(self._stored.error)


@contextmanager
def reading(session: object) -> Iterator[None]:
    """Inside, whatever goes wrong over a foreign session's trace is a TraceError: it fits together
    in ways that nobody who wrote it with this program could have meant."""
    try:
        yield
    except BackpropTuiError:
        raise
    except Exception as error:
        if not getattr(session, "foreign", False):
            raise
        raise TraceError(f"this trace is damaged: {type(error).__name__}: {error}") from None
