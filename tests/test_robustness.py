"""Whatever a scenario holds: every step can be shown at every size, exported and read back."""

from __future__ import annotations

import pytest

from backprop_tui.export.markdown import export_markdown
from backprop_tui.session import Session
from backprop_tui.trace.codec import dumps, loads
from backprop_tui.trace.compare import first_difference
from backprop_tui.tui.app import BackpropApp
from backprop_tui.view.frame import Frame, frame
from backprop_tui.view.types import Selection, Sizes

IMPORTS = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"
X = "requires_grad=True)\ny = (x * 2).sum()\ny.backward()\n"

PROGRAMS = {
    "nothing": "",
    "only a docstring": '"""Nothing else."""\n',
    "only pass": "pass\n",
    "fails at once": "x = y\n",
    "no tensors": "a = 1\nfor i in range(3):\n    a += i\nprint(a)\n",
    "a name without end": f"{'a' * 3000} = torch.ones(2)\nprint({'a' * 3000})\n",
    "wide characters": (
        "变量 = torch.ones(2, requires_grad=True)  # 🙂🙂 漢字\n損失 = (变量 * 2).sum()\n"
        "損失.backward()\nprint('🙂漢字', 变量.grad)\n"
    ),
    "not a number": "x = torch.tensor([float('nan'), float('inf'), 1e38], " + X,
    "no elements": "x = torch.zeros(0, 3, " + X,
    "a mean of nothing": "x = torch.zeros(0, requires_grad=True)\nx.mean().backward()\n",
    "a loss of nothing": "x = torch.zeros(0, requires_grad=True)\nF.mse_loss(x, x).backward()\n",
    "a layer of nothing": "nn.Linear(0, 2)(torch.ones(3, 0)).sum().backward()\n",
    "five dimensions": "x = torch.ones(2, 3, 2, 2, 2, " + X,
    "long prints": "print('x' * 5000)\nprint('\\n' * 500)\n",
    "what a terminal obeys": (
        '"""A \\x1b[31mdescription."""\nx = torch.ones(1)\nd = {"\\x1b[31m": x}\n'
        "print('\\x1b]0;title\\x07\\r\\b\\u202e[red]')\nassert 0, '\\x1b[31m\\u202e boom [red]'\n"
    ),
}  # fmt: skip
SIZES = [Sizes(), Sizes(*[(0, 0)] * 5), Sizes(*[(1, 1)] * 5), Sizes(*[(200, 60)] * 5)]


def session_of(name: str) -> Session:
    session = Session.of_text(IMPORTS + PROGRAMS[name])
    session.complete()
    return session


def shown(of: Frame) -> str:
    panes = (of.program, of.graph, of.tensors, of.maths, of.timeline)
    lines = [line for pane in panes for line in pane.lines] + [of.caption]
    titles = [pane.title for pane in panes]
    return "".join(titles + [run.text for line in lines for run in line])


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_step_can_be_shown_and_nothing_on_it_is_obeyed(name: str) -> None:
    trace = session_of(name).trace
    for index in range(len(trace)):
        for autograd in (False, True):
            for sizes in SIZES:
                text = shown(frame(trace, index, Selection(autograd=autograd), sizes))
                assert text.isprintable(), [c for c in text if not c.isprintable()]


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_trace_can_be_exported_and_read_back(name: str) -> None:
    session = session_of(name)
    document = export_markdown(session.trace)
    assert [c for c in document if not c.isprintable() and c not in "\n\t"] == []
    assert first_difference(loads(dumps(session.trace)), session.trace) is None
    if session.error is not None:
        assert session.error.render().replace("\n", "").isprintable()


@pytest.mark.parametrize("name", ["nothing", "fails at once", "wide characters", "no elements"])
async def test_a_storm_of_sizes_and_keys(name: str) -> None:
    running = BackpropApp(Session.of_text(IMPORTS + PROGRAMS[name]))
    async with running.run_test(size=(80, 24)) as pilot:
        for size in [(1, 1), (300, 100), (2, 2), (10, 3), (80, 1), (3, 60), (160, 45)]:
            await pilot.resize_terminal(*size)
            await pilot.press("right", "tab", "z", "a", "end", "down", "enter", "escape", "left")
        await pilot.press("escape", "escape", "end")
        await pilot.pause()
        assert running.stepper.film is not None
        assert running.stepper.film.crash is None
        assert running.stepper.film.ended
