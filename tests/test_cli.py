"""The command line as a person meets it: what it prints, where, and with which exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import called

from backprop_tui.session import Session
from backprop_tui.trace.codec import loads
from backprop_tui.trace.compare import first_difference

FIRST = '''"""Two paths."""
import torch

u = torch.tensor(1.0, requires_grad=True)
v = torch.tensor(2.0, requires_grad=True)
f = u * v + u**2
f.backward()
print(u.grad, v.grad)
'''


def call(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "backprop_tui", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "first.py"
    path.write_text(FIRST, encoding="utf-8")
    return path


def test_run_prints_what_python_prints(scenario: Path) -> None:
    ours = call("run", str(scenario))
    python = subprocess.run([sys.executable, str(scenario)], capture_output=True, check=True)
    assert ours.stdout == python.stdout.decode()
    assert (ours.returncode, ours.stderr) == (0, "")


def test_list_names_every_bundled_scenario() -> None:
    listed = call("list").stdout
    rows = json.loads(call("list", "--json").stdout)
    assert len(rows) > 10
    for row in rows:
        assert f"  {row['name']} " in listed
        assert Path(row["path"]).is_file()


def test_markdown_goes_to_standard_output_and_to_a_file(scenario: Path, tmp_path: Path) -> None:
    shown = called("export", str(scenario))
    written = called("export", str(scenario), "-o", str(tmp_path / "note.md"))
    assert shown.stdout.startswith("# ")
    assert (written.returncode, written.stdout) == (0, "")
    assert (tmp_path / "note.md").read_text(encoding="utf-8") == shown.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.py", "note.md"]


def test_an_existing_file_is_replaced_as_a_whole(scenario: Path, tmp_path: Path) -> None:
    note = tmp_path / "note.md"
    note.write_text("old " * 100_000, encoding="utf-8")
    called("export", str(scenario), "-o", str(note))
    assert note.read_text(encoding="utf-8") == called("export", str(scenario)).stdout


def test_where_it_cannot_be_written_the_old_file_stays(scenario: Path, tmp_path: Path) -> None:
    done = called("export", str(scenario), "-o", str(tmp_path / "nowhere" / "note.md"))
    assert done.returncode == 1
    assert done.stderr.startswith("error: cannot write ")


def test_json_is_read_back(scenario: Path) -> None:
    whole = loads(called("export", str(scenario), "--format", "json").stdout)
    assert first_difference(whole, Session.open(scenario).complete()) is None


def test_steps_are_counted_from_one_with_both_ends(scenario: Path) -> None:
    part = json.loads(called("export", str(scenario), "--format", "json", "--steps", "2:4").stdout)
    assert [step["index"] for step in part["steps"]] == [1, 2, 3]


@pytest.mark.parametrize("steps", ["0:3", "5:2", "x", "1:y"])
def test_wrong_steps_are_a_wrong_command_line(scenario: Path, steps: str) -> None:
    assert called("export", str(scenario), "--steps", steps).returncode == 2


def test_check_says_what_it_held_against_finite_differences(scenario: Path) -> None:
    done = called("check", str(scenario))
    assert done.returncode == 0
    assert f"{scenario}: ok" in done.stdout
    assert "2 gradient entries agree with finite differences" in done.stdout
    assert "PyTorch does the same, step for step" in done.stdout


def test_the_torch_engine_prints_the_same(scenario: Path) -> None:
    assert called("run", str(scenario), "--engine", "torch").stdout == "tensor(4.) tensor(1.)\n"


def test_a_failing_scenario_is_not_exported(scenario: Path, tmp_path: Path) -> None:
    scenario.write_text(FIRST + "f.backward()\n", encoding="utf-8")
    done = called("export", str(scenario), "-o", str(tmp_path / "note.md"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "a second time" in done.stderr
    assert not (tmp_path / "note.md").exists()


def test_check_tells_all_that_is_wrong_at_once(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("import os\nimport torch\nx = torch.tensr(1.0)\n", encoding="utf-8")
    done = called("check", str(bad))
    assert done.returncode == 1
    assert ":1:" in done.stderr
    assert ":3:" in done.stderr


REFUSED = [
    ("import os\n", "1:8", "import of 'os' is not part"),
    ("import torch\nx = torch.tensr(1.0)\n", "2:5", "did you mean 'tensor'?"),
    ("import torch\nx = (1\n", "2:5", ""),
    ("import torch\nx = eval('1')\n", "2:5", ""),
    ("x = 1\ny = x.__class__\n", "2:5", ""),
]
FAILED = [
    (
        "import torch\na = torch.ones(2, 3)\nb = a @ torch.ones(2, 3)\n",
        "3:5",
        "RuntimeError: mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)",
    ),
    (
        "import torch\na = torch.ones(2)\nb = a + torch.ones(3)\n",
        "3:5",
        "RuntimeError: The size of tensor a (2) must match the size of tensor b (3) at "
        "non-singleton dimension 0",
    ),
    (
        "import torch\nx = torch.ones(2, requires_grad=True)\n(x * 2).backward()\n",
        "3:1",
        "RuntimeError: grad can be implicitly created only for scalar outputs",
    ),
    (
        "import torch\nx = torch.ones(2)\nx.sum().backward()\n",
        "3:1",
        "RuntimeError: element 0 of tensors does not require grad and does not have a grad_fn",
    ),
    (
        "import torch\nx = torch.ones(1, requires_grad=True)\ny = x * x\ny.backward()\n"
        "y.backward()\n",
        "5:1",
        "RuntimeError: Trying to backward through the graph a second time",
    ),
    (
        "import torch\nx = torch.ones(1, requires_grad=True)\nx += 1\n",
        "3:1",
        "RuntimeError: a leaf Variable that requires grad is being used in an in-place operation.",
    ),
    ("import torch\nlos = torch.ones(1)\nprint(loss)\n", "3:7", "name 'loss' is not defined"),
    ("while True:\n    x = [0] * 1_000_000\n", "", "budget"),
    ("import torch\nx = torch.ones(100000, 100000)\n", "2:5", "budget"),
    ("x = 9 ** 9999999\n", "1:5", "budget"),
]


@pytest.mark.parametrize(("source", "place", "words"), REFUSED + FAILED)
def test_an_error_names_place_and_reason(
    tmp_path: Path, source: str, place: str, words: str
) -> None:
    path = tmp_path / "bad.py"
    path.write_text(source, encoding="utf-8")
    done = called("run", str(path))
    assert done.returncode == 1
    assert done.stderr.startswith(f"{path}:{place}"), done.stderr
    assert ": error: " in done.stderr.splitlines()[0]
    assert words in done.stderr, done.stderr
    assert "^" in done.stderr
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe\x00bad", b"import torch\n\x00\n", b"x = " + b"(" * 5000, b"#" * 20_000_000],
    ids=["not UTF-8", "a null byte", "nested", "too large"],
)
def test_what_is_no_text_of_a_sane_size_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.py"
    path.write_bytes(content)
    done = call("run", str(path))
    assert done.returncode == 1
    assert done.stderr.startswith(f"{path}:"), done.stderr[:300]
    assert "Traceback" not in done.stderr


def test_an_unknown_name_gets_the_nearest_one() -> None:
    done = called("run", "two_pionts")
    assert done.returncode == 1
    assert "two_points" in done.stderr


def test_a_file_beats_a_bundled_name(scenario: Path, tmp_path: Path) -> None:
    (tmp_path / "square").write_text(FIRST, encoding="utf-8")
    assert called("run", "square", cwd=tmp_path).stdout == "tensor(4.) tensor(1.)\n"


@pytest.mark.parametrize("arguments", [["--nonsense"], ["run"], ["export", "x", "--format", "pdf"]])
def test_a_wrong_command_line_ends_with_two(arguments: list[str]) -> None:
    assert call(*arguments).returncode == 2


def test_nothing_of_a_scenario_is_executed(tmp_path: Path) -> None:
    path = tmp_path / "evil.py"
    path.write_text(f"open({str(tmp_path / 'written')!r}, 'w').write('x')\n", encoding="utf-8")
    for command in ("run", "export", "check"):
        assert called(command, str(path)).returncode == 1
    assert not (tmp_path / "written").exists()


@pytest.mark.parametrize("command", ["run", "export", "check"])
def test_a_budget_can_be_raised_as_its_error_says(command: str, tmp_path: Path) -> None:
    path = tmp_path / "long.py"
    path.write_text("x = 'a' * 2_000_000\nprint(len(x))\n", encoding="utf-8")
    refused = called(command, str(path))
    option = refused.stderr.rpartition("allow more: ")[2].split()[:2]
    assert (refused.returncode, option) == (1, ["--budget", "sequence=2000000"]), refused.stderr
    assert called(command, *option, str(path)).returncode == 0


def test_a_budget_that_does_not_exist_is_a_wrong_command_line(scenario: Path) -> None:
    wrong = called("run", "--budget", "patience=3", str(scenario))
    assert wrong.returncode == 2
    assert "'patience' is no budget; known: source, nesting, depth, work" in wrong.stderr


@pytest.mark.parametrize("command", ["run", "export"])
def test_a_reader_that_has_seen_enough_is_no_error(command: str) -> None:
    done = subprocess.run(
        f"{sys.executable} -m backprop_tui {command} two_points | head -1",
        shell=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent.parent,
        check=False,
    )
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""
