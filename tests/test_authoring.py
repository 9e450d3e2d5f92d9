"""What an author meets: ``new`` and its template, ``check`` and what it says, all of it at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from test_cli import call

from backprop_tui.check import advice, check_scenario
from backprop_tui.scenario import loader
from backprop_tui.scenario.library import Entry, bundled


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A file that ``new`` has written."""
    path = tmp_path / "mine.py"
    done = call("new", str(path))
    assert (done.returncode, done.stderr) == (0, "")
    assert str(path) in done.stdout
    return path


def test_the_template_passes_check_without_advice(fresh: Path) -> None:
    report = check_scenario(str(fresh))
    assert (report.errors, report.advice) == ([], [])
    assert "PyTorch does the same, step for step" in report.notes


def test_pytorch_itself_can_be_checked(fresh: Path) -> None:
    report = check_scenario(str(fresh), engine="torch")
    assert report.errors == []
    assert "the built-in engine does the same, step for step" in report.notes


def test_the_template_prints_what_python_prints(fresh: Path) -> None:
    python = subprocess.run(
        [sys.executable, str(fresh)], capture_output=True, text=True, check=True
    )
    assert call("run", str(fresh)).stdout == python.stdout
    assert python.stdout.count("epoch") == 3


def test_new_overwrites_nothing(fresh: Path) -> None:
    fresh.write_text("mine\n", encoding="utf-8")
    done = call("new", str(fresh))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: {fresh} exists already, and stays as it is\n"
    assert fresh.read_text(encoding="utf-8") == "mine\n"


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["new"], 2, "Missing argument 'FILE'"),
        (["new", "a.py", "b.py"], 2, "unexpected extra argument"),
        (["new", "nowhere/a.py"], 1, "error: cannot write nowhere/a.py: No such file"),
        (["new", "."], 1, "error: . exists already"),
        (["new", "x" * 300], 1, "File name too long"),
    ],
)
def test_new_says_what_is_wrong(
    arguments: list[str], status: int, words: str, tmp_path: Path
) -> None:
    done = call(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (status, "")
    assert words in done.stderr
    assert list(tmp_path.iterdir()) == []


WRONG = """\
# /// scenario
# titel = "A slip"
# level = 9
# ///
import os
import torch
x = torch.tensr(1.0)
async def f():
    pass
x.bakward()
"""


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (WRONG, [2, 3, 5, 7, 8, 10]),
        ("# /// scenario\n# level = 9\n# ///\nimport os\nx = (1\n", [2, 5]),
        ("# /// scenario\n# level = 1\nimport os\n", [3, 3]),
        ("import os\nx = '\x00'\ny = '\u200b'\n", [2, 3]),
    ],
    ids=["header and program", "header and syntax", "open header", "invisible characters"],
)
def test_all_that_is_wrong_is_said_at_once(text: str, lines: list[int], tmp_path: Path) -> None:
    path = tmp_path / "wrong.py"
    path.write_text(text, encoding="utf-8")
    assert [error.place.line for error in loader.check(path)] == lines
    said = check_scenario(str(path)).errors
    assert len(said) == len(lines)
    assert all(f"wrong.py:{line}:" in error for line, error in zip(lines, said, strict=True)), said


HEADER = '# /// scenario\n# title = "T"\n# ///\n"""What there is to see."""\n'
PLAIN = "import torch\n\n# One.\nx = torch.ones(1)\nprint(x)\n"
LONG = "y = " + " + ".join(["x"] * 30) + "\n"
MANY = "for i in range(10_000):\n    x = x * 1\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEADER + PLAIN, []),
        (PLAIN, ["no title", "no description"]),
        (HEADER + "import torch\nx = torch.ones(1)\nprint(x)\n", ["no narration"]),
        (HEADER + PLAIN + LONG, ["more than 100 columns in line 10:"]),
        (HEADER + PLAIN + LONG * 7, ["more than 100 columns in lines 10, 11, 12, 13, 14, …:"]),
        (HEADER + PLAIN.replace("print(x)", "x"), ["it prints nothing"]),
        (HEADER + PLAIN + "print(torch.ones(2) + torch.ones(3))\n", []),
        (HEADER + PLAIN + MANY, ["more than 20,000: fewer rounds"]),
        ("import os\n", ["no title", "no description", "no narration"]),
    ],
    ids=[
        "well kept", "bare", "silent", "long line", "long lines", "no print", "fails", "many steps",
        "refused",
    ],
)  # fmt: skip
def test_advice(
    text: str, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What PyTorch does is not the subject here.
    monkeypatch.setattr("backprop_tui.check.find_spec", lambda name: None)
    path = tmp_path / "mine.py"
    path.write_text(text, encoding="utf-8")
    report = check_scenario(str(path))
    assert len(report.advice) == len(said), report.advice
    missing = [words for words in said if words not in "\n".join(report.advice)]
    assert missing == []
    rendered = report.render()
    assert all(f"    advice: {each}" in rendered for each in report.advice)


def test_advice_refuses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "bare.py"
    path.write_text("x = 1\n", encoding="utf-8")
    done = call("check", str(path))
    assert done.returncode == 0
    assert "advice: no title" in done.stdout


@pytest.mark.parametrize("entry", bundled(), ids=lambda entry: entry.name)
def test_a_bundled_scenario_needs_no_advice(entry: Entry) -> None:
    scenario, refusals = loader.examine(entry.path)
    assert refusals == []
    assert scenario is not None
    assert advice(scenario) == []
