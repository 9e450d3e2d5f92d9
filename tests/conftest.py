"""What holds for every test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

# Tests share their cores, and threads that wait for each other cost the most: PyTorch computes with
# one, here and in every process that a test starts. It is asked before torch is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from plain_python import PlainPython

from backprop_tui import progress
from backprop_tui.engines.numpy_engine import state


@pytest.fixture(scope="session")
def _states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    base = tmp_path_factory.mktemp("states")
    return (base / str(number) for number in count())


@pytest.fixture(autouse=True)
def state_directory(_states: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of its own, not made yet, for what the app remembers on a machine."""
    path = next(_states)
    monkeypatch.setenv(progress.VARIABLE, str(path))
    return path


@pytest.fixture(autouse=True)
def _no_engine_left() -> None:
    """An engine stays at work in its thread: the one of a session that a test left open would park
    the next test that makes a tensor, and which test that is depends on the worker."""
    state.activate(state.State())


@pytest.fixture(scope="session")
def plain_python() -> Iterator[PlainPython]:
    """The oracle of what PyTorch does with a file, asked by any test."""
    oracle = PlainPython()
    yield oracle
    oracle.close()
