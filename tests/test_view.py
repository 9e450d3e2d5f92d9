"""What the panes say, read as plain text: program, tensors, maths, timeline, caption."""

from __future__ import annotations

import textwrap

import pytest

from backprop_tui.session import Session
from backprop_tui.trace.steps import Accumulate, Backward, Failed, Forward, SeedGrad
from backprop_tui.trace.trace import Trace
from backprop_tui.view.frame import frame
from backprop_tui.view.program import program_pane
from backprop_tui.view.tensors import tensors_pane
from backprop_tui.view.timeline import timeline_pane
from backprop_tui.view.types import STYLES, Pane, Selection, Sizes, plain

UV = '''# /// scenario
# title = "two paths"
# watch = ["f"]
# ///
"""Two paths."""
import torch

u = torch.tensor(1.0, requires_grad=True)
v = torch.tensor(2.0, requires_grad=True)

# u enters twice.
f = u * v + u**2
f.backward()
'''


def record(text: str) -> Trace:
    return Session.of_text(text).complete()


@pytest.fixture(scope="module")
def uv() -> Trace:
    return record(UV)


def first(trace: Trace, kind: type, skip: int = 0) -> int:
    return [i for i, step in enumerate(trace) if isinstance(step, kind)][skip]


def styled(pane: Pane, style: str) -> list[str]:
    return [run.text for line in pane.lines for run in line if run.style == style]


def row(pane: Pane, name: str) -> str:
    return next(plain(line) for line in pane.lines if plain(line)[2:].split(" ")[0] == name)


# ------------------------------------------------------------------------------ program


def test_the_running_sub_expression_is_marked_inside_its_statement(uv: Trace) -> None:
    pane = program_pane(uv, first(uv, Forward))
    assert "u * v" in styled(pane, "active")
    assert " + u**2" in styled(pane, "statement")


def test_the_comment_above_is_the_narration(uv: Trace) -> None:
    assert styled(program_pane(uv, first(uv, Forward)), "narration") == ["# u enters twice."]


def test_on_the_way_back_the_forward_expression_is_marked(uv: Trace) -> None:
    nodes = [program_pane(uv, first(uv, Backward, i)) for i in range(3)]
    assert [styled(pane, "origin") for pane in nodes] == [["u * v + u**2"], ["u**2"], ["u * v"]]


def test_the_header_is_not_shown(uv: Trace) -> None:
    assert plain(program_pane(uv, 0).lines[0]).split() == ["5", '"""Two', 'paths."""']


@pytest.mark.parametrize("width", [0, 25, 30, 34, 57, 80, 200])
@pytest.mark.parametrize(
    "second", ["x = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0], requires_grad=True)", "#" + "=" * 90]
)
def test_a_long_line_is_folded_and_nothing_of_it_is_lost(width: int, second: str) -> None:
    long = f"import torch\n{second}\nx = torch.tensor(1.0)\n"
    pane = program_pane(record(long), 0, width)
    assert all(len(plain(line)) <= max(width, 25) for line in pane.lines)
    shown = "".join(plain(line)[5:] for line in pane.lines).replace(" ", "")
    assert shown == long.replace("\n", "").replace(" ", "")


def test_a_row_leads_to_the_step_that_its_line_runs(uv: Trace) -> None:
    pane = program_pane(uv, 0)
    line = next(i for i, text in enumerate(pane.lines) if "f.backward" in plain(text))
    assert pane.targets[line] == first(uv, SeedGrad)


# ------------------------------------------------------------------------------ tensors


def test_a_row_says_what_pytorch_says(uv: Trace) -> None:
    last = tensors_pane(uv, len(uv) - 1, 150)
    assert row(last, "u").split() == ["u", "()", "1.0", "4.0", "→", ".grad", "None", "yes", "yes"]
    assert row(last, "f").split() == ["f", "()", "3.0", "None", "1.0", "AddBackward0", "no", "yes"]


def test_a_gradient_that_has_not_arrived_is_not_a_number(uv: Trace) -> None:
    during = tensors_pane(uv, first(uv, SeedGrad), 150)
    assert row(during, "u").split()[3:5] == ["None", "…"]


def test_a_part_of_a_gradient_is_marked_as_a_part(uv: Trace) -> None:
    shown = [row(tensors_pane(uv, first(uv, Backward, i), 150), "u") for i in range(3)]
    flowing = [" ".join(text.removeprefix("●").split()[4:-3]) for text in shown]
    assert flowing == ["…", "2.0 + …", "4.0"]


def test_what_the_step_changed_is_marked(uv: Trace) -> None:
    changed = tensors_pane(uv, first(uv, SeedGrad), 150)
    assert [plain(line).split()[1] for line in changed.lines if plain(line)[0] == "●"] == ["f"]


def test_watched_tensors_come_first(uv: Trace) -> None:
    assert plain(tensors_pane(uv, 0, 150).lines[1]).split()[:2] == ["●", "u"]
    assert plain(tensors_pane(uv, len(uv) - 1, 150).lines[1]).split()[0] == "f"


@pytest.mark.parametrize("width", [30, 40, 60, 80, 100, 160])
def test_rows_keep_within_the_pane(width: int) -> None:
    trace = Session.open("two_points_hidden").complete()
    for index in range(0, len(trace), 7):
        for line in tensors_pane(trace, index, width).lines:
            assert len(plain(line)) <= width


# ------------------------------------------------------------------------------ timeline, frame


LOOP = """import torch
w = torch.tensor(1.0, requires_grad=True)
for i in range(3):
    loss = (w - 2) ** 2
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
    w.grad = None
print(w * 10)
"""


@pytest.mark.parametrize(
    ("index", "run"),
    [
        (0, "setup · step 1 of 33 "),
        (12, "iteration 2 of 3 · step 13 of 33 · loss 1.0 "),
        (30, "iteration 3 of 3 · step 31 of 33 · loss 1.0 → 0.4096 "),
        (31, "after iteration 3 · step 32 of 33 · loss 1.0 → 0.4096 "),
    ],
)
def test_a_low_timeline_still_tells_the_loss(index: int, run: str) -> None:
    trace = record(LOOP)
    said = plain(timeline_pane(trace, index, 79, 2).lines[-1])
    assert said.startswith(run)
    assert len(said) <= 79


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (LOOP, "after iteration 3"),
        (LOOP.replace("print(w * 10)", "(w * 10) @ w"), "iteration 4 of 4"),
        (LOOP.replace("(w - 2) ** 2", "w * 2").replace("print(w * 10)", ""), "iteration 3 of 3"),
        ("import torch\nw = torch.ones(2, requires_grad=True)\nfor i in range(2):\n"
         "    y = w * 3\n    y.backward(torch.ones(2))\n", "iteration 2 of 2"),
        (LOOP.replace("(w - 2) ** 2", "w * (2 if i < 1 else 'a')"), "iteration 2 of 2"),
    ],
    ids=["evaluation", "error after", "none", "no scalar", "error inside"],
)  # fmt: skip
def test_the_last_iteration_is_one_that_learns(source: str, said: str) -> None:
    trace = record(source)
    run = plain(timeline_pane(trace, len(trace) - 1, 79).lines[1])
    assert run.partition(" ·")[0] == said


def test_what_follows_the_training_is_no_iteration() -> None:
    trace = record(LOOP)
    last = [plain(timeline_pane(trace, i, 79).lines[1]) for i in (30, 31)]
    assert [line.partition(" ·")[0] for line in last] == ["iteration 3 of 3", "after iteration 3"]


def test_thousands_are_told_apart() -> None:
    trace = record("import torch\nfor i in range(1200):\n    torch.ones(1) * 2\n")
    run = plain(timeline_pane(trace, 1099, 79).lines[1])
    assert "step 1,100 of 2,400" in run


def test_the_timeline_says_where_we_are(uv: Trace) -> None:
    steps, run, loss = (plain(line) for line in timeline_pane(uv, first(uv, Backward), 80).lines)
    assert steps.split()[0] == "forward"
    assert "◆" in steps.partition("backward")[2]
    assert run.startswith(f"iteration 1 of 1 · step {first(uv, Backward) + 1} of {len(uv)}")
    assert loss.startswith("loss 3.0")


@pytest.mark.parametrize("name", ["two_points", "two_points_module", "matt_mazur", "accumulation"])
@pytest.mark.parametrize("size", [(78, 18), (40, 8), (20, 3)])
def test_every_step_has_a_frame_at_every_size(name: str, size: tuple[int, int]) -> None:
    trace = Session.open(name).complete()
    sizes = Sizes(size, size, size, size, (size[0], 4))
    for index in range(len(trace)):
        shown = frame(trace, index, Selection(), sizes)
        assert plain(shown.caption)
        for pane in (shown.program, shown.graph, shown.tensors, shown.maths, shown.timeline):
            assert {run.style for line in pane.lines for run in line} <= STYLES.keys()
        for line in shown.program.lines + shown.maths.lines:
            assert len(plain(line)) <= max(size[0], 25), plain(line)


@pytest.mark.parametrize("name", ["two_points", "two_points_hidden", "matt_mazur", "uv_plus_u2"])
def test_a_caption_is_read_from_the_tenth_row(name: str) -> None:
    """Two rows of 160 columns or three of 80, and no word of it twice in a row."""
    trace = Session.open(name).complete()
    none = Sizes((0, 0), (0, 0), (0, 0), (0, 0), (80, 4))
    for index in range(len(trace)):
        words = plain(frame(trace, index, Selection(), none).caption)
        assert len(textwrap.wrap(words, 158)) <= 2, words
        assert len(textwrap.wrap(words, 78)) <= 3, words


@pytest.mark.parametrize(
    ("kind", "skip", "caption"),
    [(Forward, 2, " forward  f = u * v + u**2 = 2 + 1 = 3. "),
     (SeedGrad, 0, " backward  Backward begins at f: ∂f/∂f = 1. "),
     (Backward, 2, " backward  Back through MulBackward0: "
                   "∂f/∂u = 2 (via u**2) + 2 (via u * v) = 4; ∂f/∂v = 1·1 = 1."),
     (Accumulate, 0, " backward  u.grad receives ∂f/∂u = 4. ")],
)  # fmt: skip
def test_a_caption_tells_the_number_that_matters(
    uv: Trace, kind: type, skip: int, caption: str
) -> None:
    shown = plain(frame(uv, first(uv, kind, skip), Selection(), Sizes()).caption)
    assert shown.startswith(caption)


def test_rule_and_numbers_have_room_on_a_small_screen() -> None:
    trace = Session.open("two_points").complete()
    for index in range(len(trace)):
        pane = frame(trace, index, Selection(), Sizes(maths=(79, 10))).maths
        assert len(pane.lines) <= 10, index


def test_a_failure_is_shown_where_it_happened() -> None:
    session = Session.of_text(UV + "f.backward()\n")
    trace = session.complete()
    shown = frame(trace, len(trace) - 1, Selection(), Sizes())
    assert isinstance(trace[-1], Failed)
    assert styled(shown.program, "error") == ["f.backward()"]
    assert "a second time" in "".join(plain(line) for line in shown.maths.lines)
