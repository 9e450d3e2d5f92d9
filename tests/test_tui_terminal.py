"""Once in a real pseudo-terminal: what the kernel carries and an emulator shows."""

import os
import re
import sys
from time import monotonic

import pexpect
import pyte
import pytest
import torch

COMMAND = "from backprop_tui.cli import main; main()"


def _environment():
    """Without the size of a terminal, which somebody may have left there: the kernel knows it."""
    return {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}


class Terminal:
    """``backprop-tui ARGUMENTS`` in a pseudo-terminal, read through a terminal emulator."""

    def __init__(self, *arguments, columns=160, rows=45, **environment):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.child = pexpect.spawn(
            sys.executable,
            ["-c", COMMAND, *arguments],
            dimensions=(rows, columns),
            env={**_environment(), "TERM": "xterm-256color", **environment},
            timeout=30,
        )

    def text(self):
        return "\n".join(self.screen.display)

    def until(self, pattern, seconds=30):
        """Read until the screen shows ``pattern``."""
        end = monotonic() + seconds
        while not re.search(pattern, self.text()):
            assert monotonic() < end, f"{pattern!r} is not on the screen:\n{self.text()}"
            try:
                # Private-mode answers that pyte does not know of are not for the eye.
                data = self.child.read_nonblocking(1 << 16, timeout=0.2)
            except pexpect.TIMEOUT:
                continue
            self.stream.feed(re.sub(rb"\x1b\[[<>=?][\d;]*[umpqt]|\x1b\[\?\d+\$p", b"", data))

    def press(self, keys):
        self.child.send(keys)

    def leave(self):
        self.press("q")
        self.child.expect(pexpect.EOF)
        self.child.close()
        return self.child.exitstatus


@pytest.fixture
def terminal():
    opened = []

    def open_(*arguments, **options):
        opened.append(Terminal(*arguments, **options))
        return opened[-1]

    yield open_
    for each in opened:
        each.child.close(force=True)


RIGHT, PAGE_DOWN, PAGE_UP = "\x1b[C", "\x1b[6~", "\x1b[5~"


@pytest.mark.parametrize(
    ("size", "environment"),
    [
        ((160, 45), {"COLORTERM": "truecolor"}),
        ((80, 24), {"COLORTERM": "truecolor"}),
        ((80, 24), {"NO_COLOR": "1"}),
        ((100, 30), {"TERM": "xterm", "COLORTERM": ""}),
    ],
)
def test_a_film_opens_steps_and_closes(terminal, size, environment):
    columns, rows = size
    film = terminal("two_points", columns=columns, rows=rows, **environment)
    film.until(r"\b1/\d+")
    film.until("q quit")
    assert " 1 two_points" in film.text()
    film.press(RIGHT)
    film.until(r"\b2/\d+")
    film.press(PAGE_DOWN)
    film.until(r"\b3/\d+")
    film.press(PAGE_UP)
    film.until(r"\b2/\d+")
    film.press("\x1b")
    film.press("]")
    film.until("forward")
    assert film.leave() == 0


def test_it_begins_at_the_step_asked_for(terminal):
    film = terminal("open", "two_points", "--at", "7")
    film.until(r"\b7/\d+")
    assert film.leave() == 0


def test_a_resize_is_followed(terminal):
    film = terminal("two_points")
    film.until("2 Graph")
    film.screen.resize(24, 80)
    film.child.setwinsize(24, 80)
    film.until("2 Graph  3 Tensors")
    assert film.leave() == 0


def test_maths_that_is_shortened_is_whole_when_zoomed(terminal):
    film = terminal("open", "accuracy_and_confusion", "--at", "22", columns=80, rows=24)
    film.until(r"4 Maths.* shortened · 4 z: in full")
    film.until(r"where +ḡ = ∂loss/∂model\(X_train\)")
    assert "one part" not in film.text()
    film.press("4")
    film.press("z")
    film.until("one part")
    assert "shortened" not in film.text()
    assert film.leave() == 0


LAYERS = """import torch
from torch import nn
model = nn.Sequential(*[nn.Linear(2, 2) for _ in range(30)])
model(torch.ones(1, 2)).sum().backward()
"""


def test_a_large_models_tensors_stand_by_module(terminal, tmp_path):
    (tmp_path / "layers.py").write_text(LAYERS)
    film = terminal("open", str(tmp_path / "layers.py"), columns=80, rows=24)
    film.until(r"\b1/\d+")
    film.press("3")
    film.until(r"▸ model\.0 +2 tensors, 6 numbers")
    film.press("\x1b[B")  # down
    film.until(r"▾ model\.0 .*\n●? +weight +\[\[")
    film.press("\x1b")
    film.until(r"▸ model\.0")
    assert film.leave() == 0


def test_pytorch_is_loaded_beside_the_program(terminal):
    film = terminal("two_points", "--engine", "torch")
    film.until(r"(?s)(?=.*import torch).*loading PyTorch … \d+ s")
    film.until(r"\b1/\d+")
    film.press(RIGHT)
    film.until(r"\b2/\d+")
    assert film.leave() == 0


@pytest.mark.parametrize("command", ["open", "run", "export", "check"])
def test_without_pytorch_one_line_says_how_to_install_it(terminal, tmp_path, command):
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError('No module named torch')")
    there = terminal(command, "two_points", "--engine", "torch", PYTHONPATH=str(tmp_path))
    there.until(r"^error: the torch engine needs PyTorch: python -m pip install torch")
    there.child.expect(pexpect.EOF)
    there.child.close()
    assert there.child.exitstatus == 1
    assert "Traceback" not in there.text()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
@pytest.mark.parametrize("command", ["open", "run", "export", "check"])
def test_without_a_gpu_one_line_says_what_is_missing(terminal, command):
    there = terminal(command, "two_points", "--engine", "torch", "--device", "cuda")
    there.until(r"error: PyTorch finds no device 'cuda' here: a GPU with its driver")
    there.child.expect(pexpect.EOF)
    there.child.close()
    assert there.child.exitstatus == 1
    assert "Traceback" not in there.text()
