"""The exported document: what it says, and that GitHub's parsers read all of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import pytest
from markdown_reader import fences, headings, parse_all, parsers_folder, tables, tokens

from backprop_tui.engines.base import TensorValue
from backprop_tui.export import gfm, mermaid
from backprop_tui.export.markdown import export_markdown
from backprop_tui.ops import OPS
from backprop_tui.ops.base import Formula
from backprop_tui.ops.updates import UPDATES
from backprop_tui.scenario.library import bundled
from backprop_tui.session import Session
from backprop_tui.trace.steps import Bind, Failed, Named, Output, Span, Where
from backprop_tui.trace.trace import Program, Trace

SAMPLE = Path(__file__).parents[1] / "docs" / "sample-trace.md"
SCENARIOS = [entry.name for entry in bundled()]

LOOP = """import torch
w = torch.tensor([1.0, -2.0], requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
for epoch in range({rounds}):
    # Half a bowl.
    loss = (w * w).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
"""


def trace_of(text: str) -> Trace:
    return Session.of_text(text, "made_here.py").complete()


@pytest.fixture(scope="module")
def two_points() -> str:
    return export_markdown(Session.open("two_points").complete())


@pytest.fixture(scope="module")
def long_run() -> Trace:
    return trace_of(LOOP.format(rounds=40))


# --------------------------------------------------------------------- what an author may write

HOSTILE = {
    "a heading": "# no heading",
    "a rule": "above\n---\nno heading",
    "a table": "a | b\n--- | ---\n1 | 2",
    "a fence": "```\nnot open\n```",
    "tildes": "~~~\nnot open",
    "html": "<script>alert(1)</script> <!-- gone? -->",
    "a tag": "<details>",
    "an entity": "&lt;b&gt; &copy;",
    "dollars": "between $5 and $6, or $$x$$",
    "emphasis": "2 * 3 * 4, _a_, __init__, **b**",
    "a link": "f[x](y) and ![x](http://y)",
    "a definition": "[x]: http://y",
    "a quote": "> 3 is more than 2",
    "indented": "    four spaces",
    "a number": "1.\n2)",
    "a backslash": "\\alpha at the end \\",
    "an odd backtick": "`not open",
    "code": "`x | y` and `$z$`",
    "a list": "- one\n- two",
}


def hostile_trace(words: str) -> Trace:
    source = f'"""{words}"""\n```\n~~~\n$$\nx = 1  # | ```python\n'
    program = Program("made_here", source, words, "", 1, words, (), ((5, words),))
    trace = Trace(program)
    where = Where(Span(5, 0, 5, 5), Span(5, 4, 5, 5))
    value = TensorValue(1, np.array([1.0]), "torch.float32", True, True)
    trace.append(Bind(0, where, (Named("x", value),)))
    trace.append(Output(1, where, f"```\n{words}\n```` | $\n"))
    trace.append(Failed(2, where, "RuntimeError", words, words))
    trace.finished = True
    return trace


def shape_of(text: str) -> list[str]:
    """The blocks of a document, but for lists and paragraphs, which an author may add."""
    plain = ("paragraph", "inline", "bullet_list", "ordered_list", "list_item")
    return [t.type for t in tokens(text) if not t.type.startswith(plain)]


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
def test_an_authors_words_cannot_change_the_documents_structure(words: str) -> None:
    assert shape_of(export_markdown(hostile_trace(words))) == shape_of(
        export_markdown(hostile_trace("harmless words"))
    )


@pytest.mark.parametrize(
    "words",
    [words for name, words in HOSTILE.items() if name not in ("a list", "code", "dollars")],
)
def test_an_authors_words_are_read_as_typed(words: str) -> None:
    seen = "".join(
        "\n" if child.type == "softbreak" else child.content
        for token in tokens(gfm.prose(words))
        for child in token.children or ()
    )
    assert seen == "\n".join(line.strip() for line in words.splitlines())


@pytest.mark.parametrize("source", ["```", "````python\n```", "~~~", "$$", "x\n\n\n# end", "| a"])
def test_source_cannot_end_its_fence(source: str) -> None:
    assert fences(gfm.fence(source, "python"), "python") == [source + "\n"]


@pytest.mark.parametrize("text", ["a|b", "a ` b", "``", "`", " x ", "a \\| b", "[x](y)", "$x$"])
def test_code_in_a_table_stays_one_cell(text: str) -> None:
    (head, row) = tables(gfm.table(("a", "b"), [(gfm.code(text), "2")]))[0]
    assert (len(head), len(row)) == (2, 2)
    assert row[0].replace("\\|", "|") == text.strip().replace("\\|", "|")


# --------------------------------------------------------------------- what the document says


def test_headings_follow_the_run(two_points: str) -> None:
    assert [h for h in headings(two_points) if not h.startswith("####")] == [
        "# Two points: one neuron learns",
        "## Program",
        "## Setup",
        "## Iteration 1 (x, y 1/2)",
        "### Forward",
        "### Backward",
        "### Update",
        "## Iteration 2 (x, y 2/2)",
        "### Forward",
        "### Backward",
        "### Update",
        "## Loss",
        "## Parameters before and after",
    ]


def test_the_program_is_there_to_the_letter(two_points: str) -> None:
    source = Session.open("two_points").program.source
    assert fences(two_points, "python") == [source.rstrip() + "\n"]


def test_parameters_before_and_after(two_points: str) -> None:
    assert tables(two_points)[-1] == [
        ["Parameter", "Shape", "Before", "After", "grad"],
        ["w", "(2, 1)", "[[0.5], [-0.3]]", "[[0.4978], [-0.296]]", "[[-0.3404], [-0.2723]]"],
        ["b", "(1, 1)", "[[0.0]]", "[[-0.0017]]", "[[-0.4538]]"],
    ]


def test_losses_have_a_row_each(two_points: str) -> None:
    rows = next(table for table in tables(two_points) if table[0][0] == "Iteration")
    assert [(row[0], row[1], row[3]) for row in rows[1:]] == [
        ("1", "x, y 1/2", "0.9803"),
        ("2", "x, y 2/2", "0.6048"),
    ]


def test_a_phase_lists_what_it_changed(two_points: str) -> None:
    changed = [table[1:] for table in tables(two_points) if table[0][0] == "Tensor"]
    assert ["w", "[[0.5], [-0.3]]", "[[0.4944], [-0.2988]]"] in changed[3]
    assert ["w.grad", "—", "[[0.5623], [-0.125]]"] in changed[2]


def test_the_graph_is_drawn_once(two_points: str) -> None:
    assert len(fences(two_points, "mermaid")) == 1
    assert "The graph is the same as in iteration 1." in two_points


def test_narration_is_told_once(two_points: str) -> None:
    assert two_points.count("Forward: the weighted sum of the inputs") == 2  # program, statement


def test_narration_of_a_statement_without_a_step_is_told_inside(two_points: str) -> None:
    assert "> Update: one small step against the gradient." in two_points


def test_a_long_run_shows_the_first_iterations_and_the_last(long_run: Trace) -> None:
    text = export_markdown(long_run)
    assert [h for h in headings(text) if h.startswith("## Iteration")] == [
        "## Iteration 1 (epoch 1/40)",
        "## Iteration 2 (epoch 2/40)",
        "## Iteration 40 (epoch 40/40)",
    ]
    rows = next(table for table in tables(text) if table[0][0] == "Iteration")
    assert [row[0] for row in rows[1:]] == [str(n) for n in range(1, 41)]


def test_a_phase_that_only_clears_gradients_is_called_so(long_run: Trace) -> None:
    first = [h for h in headings(export_markdown(long_run)) if h.startswith("### ")][:4]
    assert first == ["### Forward", "### Clearing", "### Backward", "### Update"]


def test_what_was_left_out_can_be_had(long_run: Trace) -> None:
    text = export_markdown(long_run)
    rows = next(table for table in tables(text) if table[0][0] == "Iteration")
    third, last_but_one = rows[3][2].split("–"), rows[39][2].split("–")
    command = f"backprop-tui export made_here.py --steps {third[0]}:{last_but_one[1]}"
    assert "Iterations 3 to 39 are left out here; the losses are in the table at the end. " in text
    assert f"`{command}`" in text
    part = export_markdown(long_run, int(third[0]) - 1, int(last_but_one[1]))
    assert len([h for h in headings(part) if h.startswith("## Iteration")]) == 37


def test_a_range_begins_with_the_parameters_as_they_were(long_run: Trace) -> None:
    whole = tables(export_markdown(long_run))
    steps = next(table for table in whole if table[0][0] == "Iteration")[2][2]
    first, last = map(int, steps.split("–"))
    (row,) = tables(export_markdown(long_run, first - 1, last))[-1][1:]
    assert row[:4] == ["w", "(2,)", "[0.8, -1.6]", "[0.64, -1.28]"]


@pytest.mark.parametrize(
    ("start", "stop", "extent"),
    [(0, None, "all {n} steps"), (2, 5, "steps 3 to 5 of {n}"),
     (-3, None, "steps {a} to {n} of {n}"), (0, 10_000, "all {n} steps"),
     (7, 3, "steps 8 to 7 of {n}")],
)  # fmt: skip
def test_a_range_is_taken_as_a_slice(
    long_run: Trace, start: int, stop: int | None, extent: str
) -> None:
    n = len(long_run)
    assert extent.format(n=n, a=n - 2) in export_markdown(long_run, start, stop)


def test_steps_are_counted_from_one_as_on_the_screen(two_points: str) -> None:
    numbers = [int(n) for n in re.findall(r"^\*\*Step (\d+) · ", two_points, re.MULTILINE)]
    assert numbers[0] == 1
    assert numbers == sorted(set(numbers))


def test_a_leaf_does_not_repeat_the_chain_rule_of_the_node_before(two_points: str) -> None:
    weight = r"\partial \mathit{loss}}{\partial w[0,0]} = \frac"
    assert two_points.count(weight) == 2 * 1  # one for each point


def test_a_failed_run_is_told_up_to_where_it_failed() -> None:
    text = export_markdown(trace_of("import torch\nx = torch.ones(2, requires_grad=True)\n"
                                    "y = x * 2\ny.backward()\n"))  # fmt: skip
    assert "The program stops here." in text
    assert "grad can be implicitly created only for scalar outputs" in fences(text, "text")[-1]


def test_the_sample_in_the_docs_is_current(two_points: str) -> None:
    stale = "stale: run `backprop-tui export two_points -o docs/sample-trace.md`"
    assert SAMPLE.read_text(encoding="utf-8") == two_points, stale


# --------------------------------------------------------------------- read by real parsers

#: LaTeX that Markdown would change on its way, or that GitHub refuses.
DELICATE = [
    r"\mathit{mha.in\_proj} + \mathit{model.net}(x) + \text{body.fc} + \mathit{k.mT}",
    r"\mathit{y\_hat}",
    r"\text{y_hat}_{1} + \text{y_hat}_{2}",
    r"\hat{y}_{1} \cdot \hat{y}_{2}",
    r"x^\text{a\_b}",
    r"\{0, 1\} \, 2 \; 3 \: 4 \! 5",
    r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}",
    r"\|x\|_2 + |y|",
    r"\left[a\right](b) + [1](2)",
    r"a<b>c </b>",
    r"a*b*c + d^*",
    r"a~b~c ~~d~~",
    r"- \log x",
    r"+ 1",
    r"\operatorname{erf}(x) + \operatorname*{max}_i x_i",
    r"\texttt{x[0] \& y \% z \# 2}",
    r"\text{50\% < 60\%}",
    r"\underbrace{a + b}_{2\ \text{terms}}",
    r"\text{ŷ} + \text{β} + \mathit{ŷ_1} + \mathit{αβ_2}",
    r"a = b\ ",
    r"\text{\text{mean}}(x)",
    r"\texttt{\{1: x\}} + \text{dim\_\{0\}}",
    "a +\n b",
]


def formulas_of_ops() -> dict[str, list[Formula]]:
    """Every formula of every record, whether a scenario uses it or not."""
    found = {
        name: [op.formula, *(vjp.formula for vjp in op.vjps.values())] for name, op in OPS.items()
    }
    found |= {name: [line.formula for line in rule.assigns] for name, rule in UPDATES.items()}
    return found


class Letters(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "x"


def filled(formula: Formula) -> str:
    return gfm.math(Template(formula.latex).substitute(Letters()))


def folded_graph() -> str:
    squares = "".join(f"x{i + 1} = x{i} * x{i}\n" for i in range(130))
    source = f"import torch\nx0 = torch.ones(1, requires_grad=True)\n{squares}x130.backward()\n"
    return export_markdown(trace_of(source))


def large_graph() -> str:
    source = """import torch
ws = [torch.ones(1, requires_grad=True) for _ in range(150)]
torch.stack(ws).sum().backward()
"""
    return export_markdown(trace_of(source))


LABEL = 'a["b"]; #1 {c} <d> `e` (f) | & % \\ end %%{init}%% -->'

MADE: dict[str, Callable[[], str]] = {
    "formulas": lambda: "\n\n".join(map(gfm.math, DELICATE)),
    "ops": lambda: "\n\n".join(filled(f) for fs in formulas_of_ops().values() for f in fs),
    "long run": lambda: export_markdown(trace_of(LOOP.format(rounds=40))),
    "part of it": lambda: export_markdown(trace_of(LOOP.format(rounds=3)), 5, 20),
    "folded graph": folded_graph,
    "large graph": large_graph,
    "label": lambda: gfm.fence(
        f'flowchart TD\n    n1["{mermaid.escape(LABEL)}"]\n    end1 --> n1', "mermaid"
    ),
}
MADE |= {
    f"author: {name}": lambda words=words: export_markdown(hostile_trace(words))
    for name, words in HOSTILE.items()
}


@pytest.fixture(scope="module")
def reports(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """What KaTeX, Mermaid and markdown-it say about all documents, in one process."""
    packages = parsers_folder(request.config.cache)
    documents = {name: export_markdown(Session.open(name).complete()) for name in SCENARIOS}
    documents |= {name: make() for name, make in MADE.items()}
    return parse_all(documents, packages, tmp_path_factory.mktemp("documents"))


@pytest.mark.parametrize("name", [*SCENARIOS, *MADE])
def test_github_can_render_it(reports: dict[str, dict[str, Any]], name: str) -> None:
    assert reports[name]["errors"] == []


def test_every_formula_was_read(reports: dict[str, dict[str, Any]], two_points: str) -> None:
    assert reports["formulas"]["formulas"] == len(DELICATE)
    assert reports["two_points"]["formulas"] == two_points.count("$$\n") / 2 > 20


def test_the_drawing_shows_the_graph(reports: dict[str, dict[str, Any]]) -> None:
    (drawn,) = reports["uv_plus_u2"]["diagrams"]
    assert drawn["labels"] == [
        "u scalar",
        "v scalar",
        "mul\nMulBackward0\nscalar",
        "pow(exponent=2)\nPowBackward0\nscalar",
        "add\nAddBackward0\nf scalar",
    ]
    assert drawn["edges"] == 5


def test_a_graph_too_large_to_draw_is_told_in_words(reports: dict[str, dict[str, Any]]) -> None:
    assert reports["large graph"]["diagrams"] == []


def test_a_folded_graph_is_a_drawing(reports: dict[str, dict[str, Any]]) -> None:
    (drawn,) = reports["folded graph"]["diagrams"]
    assert "16 ops" in drawn["labels"][0]


def test_a_label_comes_through_as_written(reports: dict[str, dict[str, Any]]) -> None:
    assert LABEL in reports["label"]["diagrams"][0]["labels"]
