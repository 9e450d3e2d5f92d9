"""What is shipped: the wheel holds the program, its styles and the scenarios, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "-q", "-w", str(folder), str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    if "hatchling" in done.stderr and "No matching distribution" in done.stderr:
        pytest.skip("the build backend cannot be fetched here")
    assert done.returncode == 0, done.stderr[-2000:]
    [built] = folder.glob("*.whl")
    return zipfile.ZipFile(built).namelist()


def test_every_scenario_is_in_the_wheel(wheel: list[str]) -> None:
    ours = {
        f"backprop_tui/_scenarios/{p.parent.name}/{p.name}" for p in ROOT.glob("scenarios/*/*.py")
    }
    assert len(ours) > 10
    assert not ours - set(wheel)


def test_every_module_and_style_sheet_is_in_the_wheel(wheel: list[str]) -> None:
    ours = {
        str(p.relative_to(ROOT))
        for pattern in ("*.py", "*.tcss")
        for p in (ROOT / "backprop_tui").rglob(pattern)
    }
    assert not ours - set(wheel)


def test_nothing_else_is_in_the_wheel(wheel: list[str]) -> None:
    assert {name.split("/")[0].partition("-")[0] for name in wheel} == {"backprop_tui"}
