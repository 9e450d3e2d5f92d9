"""What holds for every test."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from backprop_tui import progress


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
