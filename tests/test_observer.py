"""What the interpreter tells its observer, and how a host can stop it."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from torch_as_engine import TorchAsEngine

from backprop_tui.errors import ScenarioFailed
from backprop_tui.scenario.interpreter import Interpreter
from backprop_tui.scenario.loader import loads
from backprop_tui.scenario.observer import NoObserver
from backprop_tui.trace.steps import Span


class Notes(NoObserver):
    """Writes down everything the interpreter reports."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.lines = source.split("\n")
        self.notes: list[str] = []

    def text(self, span: Span) -> str:
        return self.lines[span.line - 1][span.column : span.end_column]

    def bind(self, names: Any) -> None:
        told = ", ".join(f"{n}={v}" for n, v in names)
        self.notes.append(f"bind {told} @ {self.text(self.expression)}")

    def enter(self, function: str, arguments: Any) -> None:
        self.notes.append(f"enter {function} {[n for n, _ in arguments]}")

    def leave(self) -> None:
        self.notes.append("leave")

    def loop_enter(self, name: str, total: int | None) -> None:
        self.notes.append(f"loop {name} of {total} @ {self.text(self.statement)}")

    def loop_round(self, number: int, names: Any) -> None:
        self.notes.append(f"round {number} {list(names)}")

    def loop_exit(self) -> None:
        self.notes.append("end")

    def output(self, text: str) -> None:
        self.notes.append(f"print {text!r} @ {self.text(self.statement)}")

    def mark(self) -> None:
        pass  # what it is for is seen in the Failed step of a recording

    def failed(self, kind: str, message: str, hint: str) -> None:
        where = f"{self.text(self.statement)} / {self.text(self.expression)}"
        self.notes.append(f"failed {kind}: {message} @ {where}")


TOLD: dict[str, list[str]] = {
    "x = 1 + 2": ["bind x=3 @ 1 + 2"],
    "a = b, c = (1, 2)": ["bind a=(1, 2), b=1, c=2 @ (1, 2)"],
    "x = 1\nx += 2": ["bind x=1 @ 1", "bind x=3 @ x += 2"],
    "l = [0]\nl[0] = 5": ["bind l=[0] @ [0]"],
    "for i in range(2):  # twice\n    pass": [
        "loop i of 2 @ for i in range(2):", "round 1 [('i', 0)]", "round 2 [('i', 1)]", "end"],
    "for i, x in enumerate(zip('ab', [1, 2, 3])):\n    break": [
        "loop i, x of 2 @ for i, x in enumerate(zip('ab', [1, 2, 3])):",
        "round 1 [('i', 0), ('x', ('a', 1))]", "end"],
    "n = 1\nwhile n > 0:\n    n = 0": [
        "bind n=1 @ 1", "loop n > 0 of None @ while n > 0:", "round 1 []", "bind n=0 @ 0", "end"],
    "def f(x, k=1):\n    return x\ny = f(2) + 1": [
        "enter f ['x', 'k']", "leave", "bind y=3 @ f(2) + 1"],
    "class A:\n    def get(self): return 1\nprint(A().get())": [
        "enter A.get ['self']", "leave", "print '1\\n' @ print(A().get())"],
    "def f(): return 1 / 0\nf()": [
        "enter f []", "leave", "failed ZeroDivisionError: division by zero @ return 1 / 0 / 1 / 0"],
    "[i for i in range(3)]": [],
    "import torch\nwith torch.no_grad() as c:\n    x = 1": [
        "bind c=None @ torch.no_grad()", "bind x=1 @ 1"],
    "for i in range(2): print(i)": [
        "loop i of 2 @ for i in range(2): ", "round 1 [('i', 0)]", "print '0\\n' @ print(i)",
        "round 2 [('i', 1)]", "print '1\\n' @ print(i)", "end"],
}  # fmt: skip


@pytest.mark.parametrize("program", TOLD)
def test_what_the_observer_is_told(program: str) -> None:
    notes = Notes(program)
    with contextlib.suppress(ScenarioFailed):
        Interpreter(loads(program), TorchAsEngine(), notes).run()
    assert notes.notes == TOLD[program]


class Cancelled(BaseException):
    """What a host raises to stop a run."""


def test_a_pulse_can_stop_a_run_from_outside() -> None:
    pulses: list[int] = []

    def pulse() -> None:
        pulses.append(1)
        if len(pulses) == 3:
            raise Cancelled

    notes = Notes("while True: pass")
    with pytest.raises(Cancelled):
        Interpreter(loads("while True: pass"), TorchAsEngine(), notes, pulse=pulse).run()
    assert not [note for note in notes.notes if note.startswith("failed")]
