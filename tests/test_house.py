"""The house rules: style, types, who imports whom, and what starts without what."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "ruff", "check", "."],
        ["-m", "ruff", "format", "--check", "."],
        ["-m", "mypy"],
        ["-c", "from importlinter.cli import lint_imports_command as c; c()"],
    ],
    ids=["ruff check", "ruff format", "mypy strict", "import contracts"],
)
def test_house_rule(command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


def imported(*arguments: str) -> set[str]:
    """The top-level modules that ``backprop-tui ARGUMENTS`` imports."""
    program = (
        "import sys\n"
        f"sys.argv = ['backprop-tui', *{arguments!r}]\n"
        "from backprop_tui.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "print('\\n--\\n' + ' '.join(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return {name.split(".")[0] for name in done.stdout.split("\n--\n")[-1].split()}


@pytest.mark.parametrize("arguments", [("--help",), ("list",), ("list", "--json")])
def test_starts_without_anything_heavy(arguments: tuple[str, ...]) -> None:
    assert not imported(*arguments) & {"numpy", "torch", "textual", "rich"}


@pytest.mark.parametrize("arguments", [("run", "square"), ("export", "square")])
def test_works_without_torch_and_textual(arguments: tuple[str, ...]) -> None:
    assert not imported(*arguments) & {"torch", "textual", "rich"}


def test_names_no_machine_and_no_registry() -> None:
    """Published files carry no path of the machine they were written on."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    words = ("/" + "work/", "/" + "root/", "registry." + "npmjs", "pypi" + ".org")
    found = [
        f"{name}: {word}"
        for name in listed.stdout.split()
        for word in words
        if word in (ROOT / name).read_text(encoding="utf-8", errors="ignore")
    ]
    assert not found
