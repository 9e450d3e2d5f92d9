"""The bundled scenarios: under PyTorch they print what the notes say, and on the built-in engine
they have the same text, graph, order of execution and gradients."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from plain_python import PlainPython
from same_text import difference

from backprop_tui.cli import main
from backprop_tui.engines.numpy_engine.engine import NumpyEngine
from backprop_tui.scenario.chapters import chapter_of
from backprop_tui.scenario.interpreter import Interpreter
from backprop_tui.scenario.library import bundled
from backprop_tui.scenario.loader import Scenario, load, loads
from backprop_tui.session import Session
from backprop_tui.trace.steps import Accumulate, Backward, SeedGrad
from backprop_tui.trace.trace import Trace

HERE = Path(__file__).parent
SCENARIOS = HERE.parent / "scenarios"
FILES = {path.stem: path for path in sorted(SCENARIOS.glob("*/*.py"))}
GUIDE = SCENARIOS.parent / "docs" / "writing-scenarios.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)

#: What a scenario must print, in this order (numbers of the notes and of published examples).
NUMBERS = {
    "square": "tensor(4. ; PowBackward0 ; x.grad = tensor(4.) ; y.grad = None",
    "polynomial": "tensor(9. ; dz/dx = tensor(6.) ; by hand: 6.0",
    "uv_plus_u2": "f = 3.0 ; df/du = 4.0 ; df/dv = 1.0",
    "leaf_and_retain_grad": "a.grad = tensor(12.) ; x.grad = tensor(24.) ; p.grad = tensor(6.)",
    "accumulation": "tensor(4.) ; tensor(8.) ; tensor(4.) ; False ; requires_grad True ; None",
    "tensors_and_numpy": "[2, 3, 5] ; [1, 2, 9] ; torch.int64 ; 12., 14. ; 19., 14. ; 100.",
    "broadcasting": "loss = 91.0 ; 12., 10. ; [24., 18.] ; [4., 3.] ; [3, 3] ; [3, 1]",
    "chain_of_factors": "-1.0 0.25 2.0 ; -1.0 -1.0 ; -0.25 -0.25 ; -0.5 -0.5 ; -0.25 -0.25",
    "two_points": "0.6248 ; 0.9803 ; 0.5623 ; -0.1250 ; 0.6248 ; 0.4944 ; -0.2988 ; -0.0062 ; "
    "0.5462 ; 0.6048 ; -0.3404 ; -0.2723 ; -0.4538 ; 0.4978 ; -0.2960 ; -0.0017",
    "two_points_batch": "0.6248 ; 0.5486 ; 0.7904 ; 0.1119 ; -0.1979 ; 0.0867 ; 0.4989 ; -0.2980",
    "two_points_hidden": "0.5434 ; 0.7841 ; 0.3395 ; 0.2181 ; 0.0688, -0.0588 ; 0.5232 ; 0.6477",
    "two_points_module": "0.6248 ; 0.9803 ; 0.5623, -0.1250 ; 0.6248 ; 0.4944, -0.2988 ; -0.0062 ; "
    "0.5462 ; 0.6048 ; -0.3404, -0.2723 ; -0.4538 ; 0.4978, -0.2960 ; -0.0017",
    "one_neuron": "loss 3.6100 ; dw -7.9800, db -3.8000 ; w 1.0798, b 0.0380",
    "matt_mazur": "0.59326999210 ; 0.59688437825 ; 0.75136506955 ; 0.77292846532 ; 0.29837110876 ; "
    "0.14978071613276 ; 0.19956143226552 ; 0.24975114363236 ; 0.29950228726473 ; "
    "0.35891647971788 ; 0.40866618607623 ; 0.51130127023873 ; 0.56137012110798 ; "
    "0.2910277736935993",
    "matt_mazur_rounds": "round 0: E 0.298371109 ; round 20 ; last: E 0.0203118",
    # … and with `rounds = 10_000`, which is where the article ends.
    "ten_thousand": "round 0: E 0.298371109 ; last: E 0.0000351085",
}


@pytest.fixture(scope="session")
def ten_thousand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scenarios") / "ten_thousand.py"
    rounds = FILES["matt_mazur_rounds"].read_text("utf-8")
    assert "\nrounds = 100\n" in rounds
    rounds = rounds.replace("rounds = 100\n", "rounds = 10_000\n")
    path.write_text(rounds.replace(" % 20 ", " % 1000 "), "utf-8")
    return path


@pytest.fixture
def in_torch(plain_python: PlainPython, ten_thousand: Path) -> Callable[[str], str]:
    """What each scenario prints under PyTorch."""
    return lambda name: plain_python.text(FILES.get(name, ten_thousand))


def test_every_scenario_has_its_numbers() -> None:
    """Here, or in the file ``test_scenarios_….py`` of its chapter."""
    others = "".join(path.read_text("utf-8") for path in HERE.glob("test_scenarios_*.py"))
    elsewhere = {name for name in FILES if f'"{name}":' in others}
    assert set(FILES) == (set(NUMBERS) - {"ten_thousand"}) | elsewhere


@pytest.mark.parametrize("name", NUMBERS)
def test_prints_the_numbers_of_the_notes(name: str, in_torch: Callable[[str], str]) -> None:
    text = in_torch(name)
    at = 0
    for part in NUMBERS[name].split(" ; "):
        found = text.find(part, at)
        assert found >= 0, f"{part!r} is missing in what is left:\n{text[at:]}\nof\n{text}"
        at = found + len(part)


def test_the_module_version_learns_the_same_as_the_hand_written_one(
    in_torch: Callable[[str], str],
) -> None:
    def numbers(name: str) -> list[str]:
        text = in_torch(name)
        for word in ("requires_grad=True", "dL/dw", "dL/db", "new", "tensor"):
            text = text.replace(word, " ")
        return text.translate(str.maketrans("[](),", "     ")).split()

    assert numbers("two_points_module") == numbers("two_points")


@pytest.mark.parametrize(
    ("text", "expected", "same"),
    [
        ("f 3", "f 3", True),
        ("f 4", "f 3", False),
        ("tensor(4.)", "tensor(5.)", False),
        ("0.1234", "0.1235", True),
        ("0.1233", "0.1235", False),
        ("-0.1234", "0.1234", False),
        ("0.29102777369359933", "0.29102777369359900", True),
        ("0.29102", "0.29105", False),
        ("1.2345e-05", "1.2346e-05", True),
        ("1.2345e-05", "1.2345e-06", False),
        ("f 3.0", "g 3.0", False),
        ("f 3.0\n", "f 3.0", False),
        ("a 1.0\nb 2.0", "a 1.0\nb 2.0\nc 3.0", False),
        ("1.0 2.0", "1.0", False),
        ("1", "1.0", False),
    ],
)
def test_texts_are_compared_but_for_rounding(text: str, expected: str, same: bool) -> None:
    assert (difference(text, expected) is None) is same


# ---------------------------------------------------------------------- on the built-in engine


def interpreted(scenario: Scenario) -> str:
    """What a scenario prints on the built-in engine."""
    out: list[str] = []
    Interpreter(scenario, NumpyEngine(), write=out.append).run()
    return "".join(out)


@pytest.mark.parametrize("name", FILES)
def test_prints_what_pytorch_prints(name: str, in_torch: Callable[[str], str]) -> None:
    found = difference(interpreted(load(FILES[name])), in_torch(name))
    assert found is None, found


@pytest.mark.parametrize("name", FILES)
def test_graph_order_and_gradients_are_pytorchs(name: str, plain_python: PlainPython) -> None:
    session = Session.open(FILES[name])
    trace = session.complete()
    assert session.error is None, session.error
    ours, theirs = backwards(trace), plain_python.watched(FILES[name])["backwards"]
    assert len(ours) == len(theirs)
    for number, (our, their) in enumerate(zip(ours, theirs, strict=True), start=1):
        assert drawn(our) == drawn(their), f"backward {number}"
        for node, expected in zip(our, their, strict=True):
            for way in ("incoming", "outgoing"):
                grads = list(node[way])
                # Indices (of max, of max_pool2d) can have no gradient: PyTorch has no place for it.
                while len(grads) > len(expected[way]) and grads[-1] is None:
                    grads.pop()
                for grad, wanted in zip(grads, expected[way], strict=True):
                    assert (grad is None) == (wanted is None), f"{way} of {node['name']}"
                    if wanted is not None:
                        # In float32 a small element has the rounding of the large ones beside
                        # it, and every update hands its rounding on to the next.
                        rounding = 1e-5 * number
                        size = np.abs(np.asarray(wanted)[np.isfinite(wanted)]).max(initial=0)
                        np.testing.assert_allclose(
                            grad,
                            wanted,
                            rtol=rounding,
                            atol=1e-7 + rounding * size,
                            err_msg=f"{way} of {node['name']}",
                        )


def backwards(trace: Trace) -> list[list[dict[str, Any]]]:
    """Every backward of a trace, in the form that ``plain_torch.py`` gives."""
    runs: list[list[dict[str, Any]]] = []
    position: dict[int, int] = {}
    for step in trace:
        if isinstance(step, SeedGrad):
            runs.append([])
            position = {}
        elif isinstance(step, Accumulate) and step.node is not None:
            position[step.node.node] = len(runs[-1])
            runs[-1].append(row(step.node.name, (), (step.incoming,), ()))
        elif isinstance(step, Backward):
            position[step.node.node] = len(runs[-1])
            outgoing = tuple(None if out is None else out.grad for out in step.outgoing)
            runs[-1].append(row(step.node.name, step.node.next_functions, step.incoming, outgoing))
            runs[-1][-1]["position"] = position
    for run in runs:
        for node in run:
            at = node.pop("position", {})
            node["next"] = [edge and [at[edge.node], edge.index] for edge in node["next"]]
    return runs


def row(name: str, edges: Any, incoming: Any, outgoing: Any) -> dict[str, Any]:
    name = name.rpartition("::")[2]
    return {"name": name, "next": edges, "incoming": incoming, "outgoing": outgoing}


def drawn(run: list[dict[str, Any]]) -> list[str]:
    """One line per node, in the order of execution: its name and where its edges lead."""
    return [f"{i}: {node['name']} → {node['next']}" for i, node in enumerate(run)]


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_the_guides_examples_print_what_pytorch_prints(
    example: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exec(compile(example, "example.py", "exec"), {"__name__": "__main__"})
    found = difference(interpreted(loads(example, "example.py")), capsys.readouterr().out)
    assert found is None, found


# ---------------------------------------------------------------------- the words


@pytest.mark.parametrize("name", FILES)
def test_says_what_it_is_about(name: str) -> None:
    program = load(FILES[name]).program()
    assert program.title
    assert program.chapter == FILES[name].parent.name
    assert 1 <= program.level <= 3
    assert 2 <= len(program.description.splitlines()) <= 5
    assert program.watch
    assert len(program.source.splitlines()) <= 60
    assert max(map(len, program.source.splitlines())) <= 100


@pytest.mark.parametrize("name", FILES)
def test_narrates_its_statements(name: str) -> None:
    """Two of three statements stand under a comment of their paragraph; no comment is long."""
    program = load(FILES[name]).program()
    assert all(len(text.splitlines()) <= 3 for _, text in program.narration)
    lines = program.source.splitlines()
    statements = [
        node.lineno
        for node in ast.walk(ast.parse(program.source))
        if isinstance(node, ast.stmt) and not isinstance(node, ast.Import | ast.ImportFrom)
    ][1:]
    bare = [line for line in statements if not under_a_comment(line, lines)]
    assert len(bare) * 3 <= len(statements), f"without narration: lines {bare}"


def under_a_comment(line: int, lines: list[str]) -> bool:
    """Whether a comment stands above ``line`` with no empty line between."""
    for above in reversed(lines[: line - 1]):
        if not above.strip() or above.lstrip().startswith("#"):
            return bool(above.strip())
    return False


def test_most_are_under_forty_lines() -> None:
    """Header, description and narration included: one screen, or nearly."""
    lines = {name: len(path.read_text("utf-8").splitlines()) for name, path in FILES.items()}
    short = [name for name, count in lines.items() if count < 40]
    assert len(short) > 0.6 * len(FILES), {n: c for n, c in lines.items() if n not in short}


def test_the_list_has_a_line_of_a_terminal_for_each() -> None:
    """Under the title of its chapter: name, level and title, in columns."""
    listed = CliRunner().invoke(main, ["list"]).output.splitlines()
    assert [line for line in listed if len(line) > 80] == []
    chapter, columns = "", {}
    for line in listed:
        if match := re.fullmatch(r"  (\w+) +([●○]{3}) (.+)", line):
            columns.setdefault(chapter, {})[match[1]] = (match[2], match[3], match.start(2))
        else:
            chapter = line.partition(" · ")[0] or chapter
    for entry in bundled():
        own = columns[chapter_of(entry.chapter).title]
        level, title, column = own.pop(entry.name)
        assert (level.count("●"), title) == (entry.level, entry.title)
        assert all(other == column for *_, other in own.values())
    assert not any(columns.values())


def test_names_and_places_are_unique() -> None:
    assert len(FILES) == len(list(SCENARIOS.glob("*/*.py")))
    orders: dict[str, list[int]] = {}
    for entry in bundled():
        orders.setdefault(entry.chapter, []).append(entry.order)
    assert orders == {chapter: list(range(1, len(own) + 1)) for chapter, own in orders.items()}


@pytest.mark.parametrize("name", FILES)
def test_watches_names_that_exist(name: str) -> None:
    trace = Session.open(FILES[name]).complete()
    names = {named.name for step in trace for named in getattr(step, "binds", ())}
    assert set(trace.program.watch) <= names
