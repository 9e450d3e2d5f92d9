"""``backprop-tui record``: the script is run as ``python`` runs it, and leaves a trace file."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from commands import called

import backprop_tui
from backprop_tui.errors import EngineMissing, TraceError
from backprop_tui.trace.file import StoredTrace
from backprop_tui.trace.steps import Failed, Forward, Output, Resumed

SCRIPT = '''"""A line through two points."""
import sys
import torch

# What it starts from.
w = torch.ones(2, requires_grad=True)
print(sys.argv, __name__, __file__, sys.path[0])
for step in range(3):
    loss = (w * w).sum()
    loss.backward()
    print(step, loss.item())
'''


def run(*words: object, code: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *(["-c", code] if code else []), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def record(*words: object) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return run("-m", "backprop_tui", "record", *words)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "line.py"
    path.write_text(SCRIPT)
    return path


def test_it_runs_as_python_runs_it(script: Path) -> None:
    plain, recorded = run(script, "--lr", "1", "-x"), record(script, "--lr", "1", "-x")
    assert (recorded.returncode, recorded.stdout) == (0, plain.stdout), recorded.stderr
    trace = StoredTrace(script.with_suffix(".trace"))
    assert trace.state() == "finished"
    assert trace.program.name == "line"
    assert trace.program.description == "A line through two points."
    assert trace.program.narration == ((6, "What it starts from."),)
    printed = "".join(step.text for step in trace if isinstance(step, Output))
    assert printed == plain.stdout


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ("raise SystemExit(3)", 3),
        ("sys.exit('too bad')", 1),
        ("def f(:", 1),
        ("sys.excepthook = lambda *_: print('mine'); 1 / 0", 1),
    ],
)
def test_it_ends_as_python_ends_it(script: Path, ending: str, status: int) -> None:
    script.write_text(f"import sys\nprint('é')\n{ending}\n")
    plain, recorded = run(script), record(script)
    assert plain.returncode == recorded.returncode == status
    assert recorded.stdout == plain.stdout
    assert recorded.stderr == plain.stderr


def test_a_traceback_has_none_of_ours(script: Path) -> None:
    script.write_text(
        "import torch\nfrom torch.nn import functional as F\n\n"
        "def loss(x):\n    return F.cross_entropy(x, torch.tensor([9]))\n\n"
        "try:\n    torch.ones(2) @ torch.ones(3)\nexcept RuntimeError:\n"
        "    loss(torch.ones(1, 2))\n"
    )
    plain, recorded = run(script), record(script)
    assert plain.stderr
    assert recorded.stderr == plain.stderr
    trace = StoredTrace(script.with_suffix(".trace"))
    last = trace[len(trace) - 1]
    assert isinstance(last, Failed)
    assert trace.text(last.where.expression) == "F.cross_entropy(x, torch.tensor([9]))"
    assert last.where.scopes == ("loss",)


def test_the_output_file(script: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.trace"
    assert called("record", script, "a", "-o", other).returncode == 0
    assert other.exists()
    assert not script.with_suffix(".trace").exists()
    refused = called("record", "-o", other, script)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == (
        f"error: {other} is there already: --force replaces it, -o names another\n"
    )
    again = called("record", script, "a", "-o", other, "--force")
    assert again.returncode == 0
    assert "'a']" in again.stdout
    note = tmp_path / "note.txt"
    note.write_text("mine")
    refused = called("record", "--force", "-o", note, script)
    assert refused.stderr == f"error: {note} is there already and is no trace: it is not replaced\n"
    assert note.read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "theirs"),
    [
        (("-o", "{out}", "{script}", "--", "-o", "mine", "--force"), "'-o', 'mine', '--force'"),
        (
            ("{script}", "--lr", "1", "--force", "-o", "{out}", "-x", "--help"),
            "'--lr', '1', '-x', '--help'",
        ),
        (("{script}", "--level=iterations", "a", "--output={out}"), "'a'"),
        (("--", "{script}", "-o"), "'-o'"),
    ],
)  # fmt: skip
def test_our_options_stand_anywhere_and_the_rest_is_the_scripts(
    script: Path, tmp_path: Path, arguments: tuple[str, ...], theirs: str
) -> None:
    out = tmp_path / "x.trace"
    told = called("record", *(one.format(script=script, out=out) for one in arguments))
    assert f"'{theirs.strip(chr(39))}']" in told.stdout, told.stdout + told.stderr
    assert out.exists() or script.with_suffix(".trace").exists()


def test_an_option_that_is_nobodys_is_refused(script: Path) -> None:
    refused = called("record", "--frobnicate", script)
    assert refused.returncode == 2
    assert "No such option" in refused.stderr


def test_what_cannot_be_run_is_said_in_a_line(tmp_path: Path) -> None:
    missing = called("record", tmp_path / "none.py")
    assert missing.returncode == 1
    assert (
        missing.stderr == f"error: cannot open {tmp_path / 'none.py'}: No such file or directory\n"
    )


def test_an_interrupted_run_is_readable(script: Path) -> None:
    script.write_text(
        SCRIPT + "import time\nprint('now', flush=True)\nwhile True:\n    time.sleep(0.05)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "backprop_tui", "record", str(script)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # What runs in the background of a shell ignores Ctrl+C, and hands that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        assert process.stdout is not None
        next((line for line in process.stdout if "now" in line), None)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
    finally:
        process.kill()
    assert "KeyboardInterrupt" in error
    assert "backprop_tui" not in error
    trace = StoredTrace(script.with_suffix(".trace"))
    assert trace.state() == "failed"
    assert any(isinstance(step, Forward) for step in trace)


def test_of_a_run_that_is_killed_the_last_second_is_lost_at_most(script: Path) -> None:
    """Nothing steps here, so nothing but time says that what was recorded is to be written."""
    script.write_text(
        "import time\nimport torch\nx = torch.ones(2, requires_grad=True)\n"
        "y = x * 2\ntime.sleep(1.2)\nz = y + 1\nw = z.exp()\nprint('now', flush=True)\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "backprop_tui", "record", str(script)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        next((line for line in process.stdout if "now" in line), None)
        time.sleep(1)  # the writer's own moment
    finally:
        process.kill()
        process.communicate()
    trace = StoredTrace(script.with_suffix(".trace"))
    assert [step.op for step in trace if isinstance(step, Forward)][:1] == ["mul"]


def test_without_torch_there_is_one_line(script: Path) -> None:
    told = run(
        code="import sys; sys.modules['torch'] = None; sys.argv = ['backprop-tui', 'record', "
        f"{str(script)!r}]; from backprop_tui.cli import main; main()"
    )
    assert told.returncode == 1
    assert told.stderr.startswith("error: the torch engine needs PyTorch")
    assert told.stderr.count("\n") == 1
    assert not script.with_suffix(".trace").exists()


# ------------------------------------------------------------------ in code


def test_record_in_code_keeps_what_is_in_sight() -> None:
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    with backprop_tui.record() as trace:
        y = w * 3
        y.sum().backward()
    names = {one.name for step in trace for one in getattr(step, "binds", ())}
    assert {"w", "y"} <= names
    assert "trace" not in names
    assert trace.finished
    step = next(step for step in trace if isinstance(step, Forward))
    assert trace.text(step.where.expression) == "w * 3"
    assert step.where.scopes == ()
    assert step.where.call == 0


WEIGHT = torch.tensor([2.0], requires_grad=True)


def test_record_in_a_function_names_what_it_uses_of_the_module() -> None:
    with backprop_tui.record() as trace:
        WEIGHT * 2
    assert "WEIGHT" in {one.name for step in trace for one in getattr(step, "binds", ())}


def test_record_without_a_source() -> None:
    told = run(
        code="import torch, backprop_tui\n"
        "w = torch.ones(2)\n"
        "with backprop_tui.record() as trace:\n"
        "    w * 2\n"
        "print([type(step).__name__ for step in trace], trace[0].binds[0].name)\n"
    )
    assert told.stdout == "['Bind', 'Forward'] w\n"


def test_record_in_code_lets_errors_through() -> None:
    w = torch.ones(2)
    with pytest.raises(RuntimeError), backprop_tui.record() as trace:
        w @ torch.ones(3)
    last = trace[len(trace) - 1]
    assert isinstance(last, Failed)
    assert trace.text(last.where.expression) == "w @ torch.ones(3)"


def test_record_in_code_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "run.trace"
    with backprop_tui.record(path):
        torch.ones(2) * 2
    assert StoredTrace(path).state() == "finished"
    with pytest.raises(TraceError), backprop_tui.record(path):
        pass
    with backprop_tui.record(path, force=True):
        pass
    assert StoredTrace(path).state() == "finished"


def test_iterations_alone_and_some_in_full(tmp_path: Path) -> None:
    w = torch.ones(2, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)
    with backprop_tui.record(level="iterations", steps_of="3") as trace:
        for _ in range(4):
            optimizer.zero_grad()
            loss = (w * w).sum()
            print("not a step")
            loss.backward()
            optimizer.step()
    assert len(trace.readings()) == 4
    first = trace[0]
    assert isinstance(first, Resumed)
    assert first.iteration == 3
    assert {"w", "optimizer"} <= {one.name for one in first.binds}
    assert sum(isinstance(step, Forward) for step in trace) == 2
    assert sum(isinstance(step, Output) for step in trace) == 1


def test_recording_leaves_nothing_behind() -> None:
    stdout, compiled, backward = sys.stdout, torch.compile, torch.autograd.backward
    with backprop_tui.record():
        torch.ones(1) * 2
    assert (sys.stdout, torch.compile, torch.autograd.backward) == (stdout, compiled, backward)


def test_a_missing_torch_is_said_in_code(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("backprop_tui.engines.torch_eng")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(EngineMissing), backprop_tui.record():
        pass
