"""Programs as lecture notes and tutorials have them run as they are: they print what Python prints.

Each file of ``tests/wild`` is written for plain Python and PyTorch, without a thought of this
project. Adding a program is adding a file.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from plain_python import PlainPython
from same_text import difference

from backprop_tui.scenario.loader import load
from backprop_tui.session import Session
from backprop_tui.trace.compare import first_difference
from backprop_tui.trace.steps import Failed, Output
from backprop_tui.trace.trace import Trace

WILD = sorted((Path(__file__).parent / "wild").glob("*.py"))


def trace_of(path: Path, engine: str) -> Trace:
    return Session(load(path), engine).complete()


@pytest.mark.parametrize("path", WILD, ids=lambda path: path.stem)
def test_it_prints_what_python_prints(path: Path, plain_python: PlainPython) -> None:
    trace = trace_of(path, "numpy")
    failed = [step for step in trace if isinstance(step, Failed)]
    assert not failed, failed[0].message
    text = "".join(step.text for step in trace if isinstance(step, Output))
    assert difference(text, plain_python.text(path)) is None


#: Programs whose two films differ, and why.
NOT_THE_SAME_FILM = {
    "autograd_tour": "of a backward that fails midway this engine tells the Nodes before",
    "d2l_lenet": "PyTorch renames the Node of a view whose base was changed in place",
    "micrograd_like": "it walks through a set of objects, whose order is another in every run",
}


@pytest.mark.parametrize(
    "path", [path for path in WILD if path.stem not in NOT_THE_SAME_FILM], ids=lambda p: p.stem
)
def test_its_film_is_pytorchs(path: Path) -> None:
    ours, theirs = (trace_of(path, engine) for engine in ("numpy", "torch"))
    found = first_difference(ours, theirs, rtol=1e-3, atol=1e-5)
    assert found is None, found
