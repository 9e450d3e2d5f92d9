"""The Graph pane over traces written by hand: what is a box, what is lit, what is written when."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hand_made_trace import Film, deep_net, two_paths

from backprop_tui.session import Session
from backprop_tui.trace.steps import Named
from backprop_tui.view import graph as graph_module
from backprop_tui.view.canvas import HEAVY
from backprop_tui.view.graph import graph_pane
from backprop_tui.view.graph_model import autograd_graph, computation_graph
from backprop_tui.view.types import STYLES, plain

# The steps of two_paths: 0 u, 1 v, 2 mul, 3 pow, 4 add, 5 seed, 6 AddBackward0, 7 Pow, 8 Mul,
# 9 u.grad, 10 v.grad.
HEAVY_LINES = {chr(code) for code in HEAVY.values()}


def whole(trace, index, size=(60, 30), **options):
    options.setdefault("autograd", False)
    return graph_pane(trace, index, 0, len(trace), *size, **options)


def text(pane):
    return "\n".join(map(plain, pane.lines))


def style_of(pane, words):
    """The style of the first run that holds these words."""
    return next(run.style for line in pane.lines for run in line if words in run.text)


def links_of(graph):
    label = [f"{v.label} {v.op}" if v.kind == "accumulate" else v.label for v in graph.vertices]
    return [(label[link.source], label[link.target]) for link in graph.links]


def test_the_computation_graph():
    trace = two_paths().trace
    assert links_of(computation_graph(trace, 0, len(trace))) == [
        ("u", "u * v"),
        ("v", "u * v"),
        ("u", "u**2"),
        ("u * v", "f"),
        ("u**2", "f"),
    ]


def test_the_autograd_graph():
    trace = two_paths().trace
    assert links_of(autograd_graph(trace, 0, len(trace))) == [
        ("AccumulateGrad u", "MulBackward0"),
        ("AccumulateGrad v", "MulBackward0"),
        ("AccumulateGrad u", "PowBackward0"),
        ("MulBackward0", "AddBackward0"),
        ("PowBackward0", "AddBackward0"),
    ]


def test_a_tensor_used_twice_has_two_links():
    film = Film()
    u = film.leaf("u", 3.0)
    film.backward(film.op("mul", "u * u", 9.0, u, u, name="f"))
    for graph in (computation_graph, autograd_graph):
        assert len(graph(film.trace, 0, len(film.trace)).links) == 2


def test_python_numbers_are_part_of_the_op():
    film = Film()
    u = film.leaf("u", 3.0)
    film.op("mul", "u * 2", 6.0, u, 2, name="y")
    film.op("rsub", "1 - u", -2.0, u, 1, name="z")
    film.op("pow", "u**0.5", 1.7, u, exponent=0.5, name="r")
    ops = [v.op for v in computation_graph(film.trace, 0, len(film.trace)).vertices]
    assert ops == ["", "* 2", "1 -", "** 0.5"]


def test_what_does_not_lead_to_the_loss_is_hidden():
    film = two_paths()
    f = film.trace.producer_of(5).outputs[0]
    film.op("gt", "f > 2.5", 1.0, f, 2.5)
    assert "gt" not in text(whole(film.trace, 10))
    without = graph_pane(film.trace, 10, 11, len(film.trace), 60, 30, autograd=False)
    assert "gt" in text(without)


def test_an_op_in_place_makes_a_new_box():
    film = Film()
    a = film.op("mul", "u * v", 2.0, film.leaf("u", 1.0), film.leaf("v", 2.0), name="a")
    film.op("add", "a.add_(1)", 3.0, a, 1)
    last = film.trace[len(film.trace) - 1]
    after = replace(last.outputs[0], tensor=a.tensor)
    film.trace.amend(replace(last, outputs=(after,), changed=(after,)))
    film.op("exp", "a.exp()", 20.0, after, name="b")
    assert links_of(computation_graph(film.trace, 0, len(film.trace))) == [
        ("u", "a"), ("v", "a"), ("a", "a"), ("a", "b"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("index", "there", "not_there"),
    [
        (0, ["u  ", "1.0", "u * v", "mul"], ["2.0", "→", "∂", "0.0"]),
        (1, ["2.0"], ["→", "∂"]),
        (2, ["mul → 2.0"], ["pow →", "add →"]),
        (4, ["mul → 2.0", "pow → 1.0", "add → 3.0"], ["∂", ".grad"]),
        (5, ["∂ 1.0"], [".grad"]),
        (8, ["∂ 1.0"], [".grad"]),
        (9, [".grad 4.0"], [".grad 1.0"]),
        (10, [".grad 4.0", ".grad 1.0"], []),
    ],
)
def test_values_appear_when_they_are_computed(index, there, not_there):
    shown = text(whole(two_paths().trace, index))
    assert [words for words in there if words not in shown] == []
    assert [words for words in not_there if words in shown] == []


@pytest.mark.parametrize(
    ("index", "words", "style"),
    [
        (1, "u * v", "pending"),
        (1, "mul", "pending"),
        (2, "u * v", "active"),
        (2, "mul → 2.0", "value"),
        (3, "u * v", "op"),
        (3, "u ", "leaf"),
        (5, "∂ 1.0", "grad"),
        (6, "f ", "active"),
        (7, "f ", "loss"),
        (9, ".grad 4.0", "grad"),
    ],
)
def test_styles(index, words, style):
    pane = whole(two_paths().trace, index)
    if words in ("u ", "f "):
        words = words.strip()
        found = next(run.style for line in pane.lines for run in line if run.text == words)
    else:
        found = style_of(pane, words)
    assert found == style


@pytest.mark.parametrize(
    ("index", "style", "count"),
    [(0, "", 0), (2, "active", 2), (4, "active", 2), (5, "grad", 0), (6, "grad", 2),
     (7, "grad", 1), (8, "grad", 2), (9, "grad", 0)],
)  # fmt: skip
def test_links_are_lit_along_which_something_moves(index, style, count):
    trace = two_paths().trace
    work = computation_graph(trace, 0, len(trace)).work.get(index)
    assert (len(work.links), work.style) == (count, style) if work else (count, style) == (0, "")
    heavy = {run.style for line in whole(trace, index).lines for run in line
             if set(run.text) & HEAVY_LINES}  # fmt: skip
    assert heavy == ({style, "active"} if count else {"active"} if work else set())


@pytest.mark.parametrize("autograd", [False, True])
@pytest.mark.parametrize("size", [(200, 80), (60, 22), (30, 10), (12, 4)])
def test_nothing_moves_from_step_to_step_and_back(size, autograd):
    trace = deep_net(2).trace
    walked = [whole(trace, i, size, autograd=autograd) for i in range(len(trace))]
    back = [whole(trace, i, size, autograd=autograd) for i in reversed(range(len(trace)))]
    assert back[::-1] == walked
    for i in (0, 9, len(trace) - 1):
        graph_module._WHOLES.clear()
        assert whole(trace, i, size, autograd=autograd) == walked[i]
    widths = {tuple(len(plain(line)) for line in pane.lines) for pane in walked}
    assert len(widths) == 1
    for pane in walked:
        assert {run.style for line in pane.lines for run in line} <= STYLES.keys()
        row, column = pane.focus
        assert 0 <= row < len(pane.lines)
        assert 0 <= column < len(plain(pane.lines[row]))


@pytest.mark.parametrize(
    ("size", "lines"),
    [((60, 22), 3), ((50, 14), 2), ((64, 6), 1)],
    ids=["roomy", "snug", "compact"],
)
def test_the_roomiest_format_that_fits(size, lines):
    pane = whole(two_paths().trace, 10, size)
    assert len(pane.lines) <= size[1]
    assert max(len(plain(line)) for line in pane.lines) <= size[0]
    assert ("add → 3.0" in text(pane)) == (lines == 3)
    assert ("[f = 3.0 ∂ 1.0" in text(pane)) == (lines == 1)


def test_the_focus_is_at_what_runs():
    pane = whole(two_paths().trace, 2)
    row, _ = pane.focus
    assert "mul → 2.0" in plain(pane.lines[row])


def test_the_nodes_that_ran_have_freed_what_they_saved():
    pane = whole(two_paths().trace, 10, autograd=True)
    assert text(pane).count("freed") == 2, "Mul and Pow saved something, Add did not"
    film = Film()
    u = film.leaf("u", 3.0)
    f = film.op("mul", "u * u", 9.0, u, u, name="f")
    film.backward(f, statement="f.backward(retain_graph=True)")
    assert "freed" not in text(whole(film.trace, len(film.trace) - 1, autograd=True))


def test_the_selected_box_is_marked():
    trace = two_paths().trace
    assert style_of(whole(trace, 10, selected=1), "───") == "selected"
    assert style_of(whole(trace, 10), "───") == "grad"


def test_ascii():
    trace = two_paths().trace
    for index in range(len(trace)):
        for autograd in (False, True):
            assert text(whole(trace, index, autograd=autograd, ascii=True)).isascii()


def test_a_name_given_later_is_shown():
    film = Film()
    film.op("mul", "u * v", 2.0, film.leaf("u", 1.0), film.leaf("v", 2.0))
    assert "product" not in text(whole(film.trace, 2))
    last = film.trace[2]
    film.trace.amend(replace(last, binds=(Named("product", last.outputs[0]),)))
    assert "product" in text(whole(film.trace, 2))


@pytest.mark.parametrize(
    ("name", "shown"),
    [("model.0.weight", "model.0.weight"), ("model.encoder.0.weight", "encoder.0.weight"),
     ("the_encoder.the_very_first.weight", "weight")],
)  # fmt: skip
def test_a_long_parameter_name_keeps_its_end(name, shown):
    film = Film()
    film.op("relu", "F.relu(w)", 1.0, film.leaf(name, 1.0), name="h")
    assert computation_graph(film.trace, 0, 2).vertices[0].label == shown
    assert autograd_graph(film.trace, 0, 2).vertices[1].op == shown


def test_large_values_are_shapes():
    film = Film()
    film.op("relu", "x.relu()", np.ones((64, 128)), film.leaf("x", np.ones((64, 128))), name="h")
    assert "relu → (64, 128)" in text(whole(film.trace, 1))


@pytest.mark.parametrize("autograd", [False, True])
def test_nothing_is_said_in_words(autograd):
    film = Film()
    film.leaf("u", 1.0)
    assert text(whole(film.trace, 0, autograd=autograd)) == "no operation yet"


@pytest.mark.parametrize("autograd", [False, True])
def test_of_a_very_long_iteration_a_part_is_drawn(autograd, monkeypatch):
    monkeypatch.setattr(graph_module, "MOST_STEPS", 50)
    words = text(whole(deep_net(20).trace, 65, autograd=autograd))
    assert "h @ w12" in words
    assert "h @ w2" not in words


def test_a_trace_can_go():
    import gc
    import weakref

    film = two_paths()
    whole(film.trace, 5)
    gone = weakref.ref(film.trace)
    del film
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    "expression",
    [
        "u * v + u**2",
        "u * u * u",
        "torch.sigmoid(u * v) + torch.exp(u)",
        "1 - (u - v) / 2",
        "((u + v) * (u + v) - torch.tanh(v * u)).sum()",
    ],
)
def test_the_autograd_graph_is_pytorchs(expression):
    program = (
        "import torch\n"
        "u = torch.tensor(1.0, requires_grad=True)\n"
        "v = torch.tensor(2.0, requires_grad=True)\n"
        f"f = {expression}\n"
    )
    names = {}
    exec(program, names)
    theirs, waiting, seen = [], [names["f"].grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            following = [to for to, _ in node.next_functions if to is not None]
            theirs += [(to.name().rpartition("::")[2], node.name()) for to in following]
            waiting += following
    trace = Session.of_text(program + "f.backward()\n").complete()
    graph = autograd_graph(trace, 0, len(trace))
    ours = [
        (graph.vertices[link.source].label, graph.vertices[link.target].label)
        for link in graph.links
    ]
    assert sorted(ours) == sorted(theirs)
