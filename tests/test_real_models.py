"""What readers show of recorded models: every step, whatever it is, and nothing that is not so."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from real_models import MODELS, recorded, texts

from backprop_tui.engines.base import TensorValue
from backprop_tui.engines.summary import digest_of, summarised
from backprop_tui.explain import explain
from backprop_tui.explain.naming import plain_op
from backprop_tui.export.markdown import export_markdown
from backprop_tui.ops import OPS
from backprop_tui.trace import state
from backprop_tui.trace.compare import first_difference
from backprop_tui.trace.phases import phases_of
from backprop_tui.trace.steps import Assign, Backward, Forward, Output
from backprop_tui.trace.trace import Trace
from backprop_tui.view.curves import bars
from backprop_tui.view.frame import frame
from backprop_tui.view.graph import graph_pane
from backprop_tui.view.graph_fold import MOST_AS_IS, MOST_FOLDED, Folder
from backprop_tui.view.graph_model import autograd_graph, computation_graph
from backprop_tui.view.numbers import array_rows, tensor_text
from backprop_tui.view.tensor_page import tensor_page
from backprop_tui.view.tensors import tensors_pane
from backprop_tui.view.types import Selection, Sizes, plain

pytestmark = pytest.mark.filterwarnings("ignore")

SIZES = Sizes((78, 20), (78, 22), (78, 16), (78, 16), (158, 4))
#: So many steps of a model are looked at, evenly.
LOOKED_AT = 30
SUMMARISED = ("resnet, summarised", "transformer, summarised")
WHOLE = tuple(name for name in MODELS if name not in SUMMARISED)


def looked_at(trace):
    return range(0, len(trace), max(1, len(trace) // LOOKED_AT))


def seen(trace, index, **selection):
    """All that the screen says of a step, but for the program."""
    shown = frame(trace, index, Selection(**selection), SIZES)
    panes = (shown.graph, shown.tensors, shown.maths, shown.timeline)
    return texts([line for pane in panes for line in pane.lines] + [shown.caption])


@pytest.mark.parametrize("autograd", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_every_step_has_a_frame(name, autograd):
    trace = recorded(name)
    for index in looked_at(trace):
        words = seen(trace, index, autograd=autograd)
        assert explain(trace, index).title in words
        if name != "edges":
            assert not re.search(r"\bnan\b", words), (index, words)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_has_a_document(name):
    document = export_markdown(recorded(name)).partition("## ")[2].partition("\n```\n")[2]
    assert "### Backward" in document
    assert name == "edges" or not re.search(r"\bnan\b", document)


@pytest.mark.parametrize("name", WHOLE)
def test_an_op_without_a_record_says_so_and_shows_its_numbers(name):
    trace = recorded(name)
    for step in trace:
        said = explain(trace, step.index)
        if isinstance(step, Forward) and step.op not in OPS:
            assert "No formula is known for it here" in said.what
            assert step.op in said.what
            assert "rule" not in [part.heading for part in said.parts]
        if isinstance(step, Backward):
            forward = trace.forward_of(step.node.node)
            op = None if forward is None else OPS.get(forward.op)
            if op is None or op.grad_fn != step.node.name:
                assert step.node.name in said.what or "autograd.Function" in said.what
                assert [part.heading for part in said.parts] == ["values"]


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("custom", "Forward", "Cube is an autograd.Function of the program's own"),
        ("custom", "Backward", "Cube is an autograd.Function of the program's own"),
        ("lstm", "Forward", "Gates decide at every step"),
        ("lstm", "Backward", "at the Node that mkldnn_rnn_layer left"),
        ("spectrum", "Forward", "PyTorch runs its operation _fft_r2c"),
        ("linear algebra", "Backward", "LinalgMatrixExpBackward0 passes the gradient on"),
        ("resnet", "Assign", "Batch norm keeps a running mean"),
        ("resnet", "Forward", "Batch norm counts its batches"),
    ],
)
def test_what_is_said(name, kind, words):
    trace = recorded(name)
    said = [explain(trace, s.index).what for s in trace if type(s).__name__ == kind]
    assert [one for one in said if words in one]


@pytest.mark.parametrize("name", ["linear algebra", "resnet", "transformer"])
def test_a_gradient_is_named_by_what_can_have_one(name):
    trace = recorded(name)
    for step in trace:
        if isinstance(step, Backward):
            words = " ".join(line.text for part in explain(trace, step.index).parts
                             for line in part.lines)  # fmt: skip
            assert not re.search(r"∂loss/∂(indices|_|mean₁|rstd)", words), words


def test_complex_numbers_say_that_they_are_pairs():
    trace = recorded("spectrum")
    step = next(s for s in trace if isinstance(s, Forward) and s.op == "_fft_r2c")
    assert "A complex number is kept as a pair" in explain(trace, step.index).summary
    assert "(3, 3)" in seen(trace, step.index)


def test_max_pooling_shows_the_window_and_who_won():
    trace = recorded("resnet")
    pool = next(s for s in trace if isinstance(s, Forward) and s.op.startswith("max_pool2d"))
    said = explain(trace, pool.index, (0, 0, 1, 1))
    window, numbers = (line.text for line in said.parts[1].lines)
    data = pool.inputs[0].value.data[0, 0]
    assert "[0,0,1:4,1:4], of which" in window
    at = pool.outputs[1].data[0, 0, 1, 1].item()
    assert f"[0,0,{at // 16},{at % 16}] is the largest" in window
    assert numbers.count(",") == 3 + 8  # three in the index, eight between nine numbers
    assert said.parts[1].lines[1].result == data[1:4, 1:4].max()


def test_who_won_nothing_gets_no_gradient():
    trace = recorded("resnet")
    pool = next(s for s in trace if isinstance(s, Forward) and s.op.startswith("max_pool2d"))
    back = trace.backward_of(pool.node.node)
    won = set(pool.outputs[1].data[0, 0].ravel().tolist())
    lost = next(i for i in range(256) if i not in won)
    said = explain(trace, back.index, (0, 0, lost // 16, lost % 16))
    words = [line.text for part in said.parts for line in part.lines]
    assert [w for w in words if "was the largest of no window" in w]


def test_a_clamp_with_one_bound_names_that_one():
    trace = recorded("edges")
    clamp = next(s for s in trace if isinstance(s, Forward) and s.op.startswith("clamp"))
    back = trace.backward_of(clamp.node.node)
    words = [line.text for index in (clamp.index, back.index)
             for part in explain(trace, index).parts for line in part.lines]  # fmt: skip
    assert not [w for w in words if "None" in w or "inf" in w], words
    assert [w for w in words if "where w ≥ 2.5, else 0" in w]


def test_a_tensor_with_two_names_has_one_row():
    trace = recorded("bags")
    rows = tensors_pane(trace, len(trace) - 1, 158).lines
    assert sum("weight" in plain(row) for row in rows) == 2
    words = texts(rows)
    assert "table.weight = weight" in words or "weight = table.weight" in words


def test_what_is_printed_is_called_so():
    trace = recorded("edges")
    index = next(s.index for s in trace if isinstance(s, Output))
    assert plain(frame(trace, index, Selection(), SIZES).caption).startswith(" print ")


# --------------------------------------------------------------- summaries


@pytest.mark.parametrize("name", SUMMARISED)
def test_what_is_summarised_says_so(name):
    trace = recorded(name)
    now = state.at(trace, len(trace) - 1)
    many = 0
    for label, tensor in now.visible():
        data = tensor.value.data
        if digest_of(data) is None:
            continue
        many += 1
        page = texts(tensor_page(trace, len(trace) - 1, label, tensor.value.tensor, 100).lines)
        assert f"summarised: larger than the limit; record with --limit {data.size} " in page
        for word in ("min ", "max ", "mean ", "norm ", "█"):
            assert word in page
        assert "nan" not in page
    assert many > 5


@pytest.mark.parametrize("name", SUMMARISED)
def test_a_step_with_a_summary_says_how_to_keep_it(name):
    trace = recorded(name)
    steps = [s for s in trace if isinstance(s, Forward) and digest_of(s.outputs[0].data)]
    assert steps
    for step in steps:
        said = explain(trace, step.index)
        most = max(v.data.size for v in values(step) if digest_of(v.data))
        assert said.summary.endswith(f"record with --limit {most}.")


def values(step):
    return [*step.outputs, *(o.value for o in step.inputs if isinstance(o.value, TensorValue))]


@pytest.mark.parametrize("name", SUMMARISED)
def test_no_number_of_a_summary_is_invented(name):
    """What is worked out of a summarised trace is worked out of the whole one, too."""
    part, whole = recorded(name), recorded(name.partition(",")[0])
    assert len(part) == len(whole)
    shown = 0
    for index in range(0, len(part), 2):
        numbers = set(worked(whole, index))
        for one in worked(part, index):
            shown += 1
            assert one in numbers, (index, one, numbers)
    assert shown > 100


def worked(trace, index):
    """What the lines that end in a number are about, and that number."""
    return [
        (line.text.partition(" = ")[0], line.text.rpartition(" = ")[2])
        for part in explain(trace, index).parts
        for line in part.lines
        if line.result is not None and getattr(line.result, "size", 1) == 1
    ]


@pytest.mark.parametrize("name", SUMMARISED)
def test_an_element_outside_of_the_corner_was_not_kept(name):
    trace = recorded(name)
    update = next(s for s in trace if type(s).__name__ == "Update" and digest_of(s.before.data))
    at = tuple(n - 1 for n in update.before.data.shape)
    words = [line.text for part in explain(trace, update.index, at).parts for line in part.lines]
    assert [w for w in words if w.endswith("was not kept")]
    assert not [w for w in words if "nan" in w]


def test_traces_with_summaries_are_compared():
    part, whole = recorded("resnet, summarised"), recorded("resnet")
    assert first_difference(part, part) is None
    assert first_difference(part, part, 1e-3) is None
    assert first_difference(whole, part).endswith("data: only one of the two is a summary")


# --------------------------------------------------------------- folded graphs


@pytest.mark.parametrize("make", [computation_graph, autograd_graph])
@pytest.mark.parametrize("name", ["resnet", "transformer"])
def test_a_large_graph_is_folded_around_what_is_at_work(name, make):
    trace = recorded(name)
    span = phases_of(trace).iteration(1)
    graph = make(trace, span.start, span.stop)
    assert len(graph.vertices) > MOST_AS_IS
    folder = Folder(graph)
    for index, work in graph.work.items():
        folded = folder.around(index).graph
        ops = [v for v in folded.vertices if v.made is not None]
        assert len(ops) <= MOST_FOLDED + 20
        assert folded.work.keys() == graph.work.keys()
        labels = {folded.vertices[i].label for i in folded.work[index].vertices}
        assert {graph.vertices[i].label for i in work.vertices} <= labels, index


@pytest.mark.parametrize("name", ["resnet", "transformer"])
def test_links_of_a_folded_graph_are_those_of_the_whole(name):
    trace = recorded(name)
    span = phases_of(trace).iteration(1)
    graph = computation_graph(trace, span.start, span.stop)
    root = next(i for i, v in enumerate(graph.vertices) if v.root)
    folded = Folder(graph).around(next(iter(graph.work))).graph
    # From the root one comes to every box, as in the whole graph.
    reached, waiting = set(), [i for i, v in enumerate(folded.vertices) if v.root]
    assert graph.vertices[root].label == folded.vertices[waiting[0]].label
    while waiting:
        here = waiting.pop()
        if here not in reached:
            reached.add(here)
            waiting += [link.source for link in folded.links if link.target == here]
    assert reached == set(range(len(folded.vertices)))


@pytest.mark.parametrize("autograd", [False, True])
@pytest.mark.parametrize(
    ("name", "module", "title", "boxes"),
    [
        ("resnet", "model.layer2.0.conv1", "layer2", ["layer1", "layer3", "layer4"]),
        ("transformer", "model.encoder.layers.1.self_attn", "layers.1", ["layers.0"]),
    ],
)
def test_the_pane_says_which_module_is_open(name, module, title, boxes, autograd):
    trace = recorded(name)
    span = phases_of(trace).iteration(1)
    step = next(s for s in trace if isinstance(s, Forward) and s.where.module == module)
    pane = graph_pane(trace, step.index, span.start, span.stop, 78, 22, autograd)
    assert pane.title.partition(" · ")[2].startswith(title)
    words = texts(pane.lines)
    assert not [box for box in boxes if box not in words]
    row, column = pane.focus
    assert 0 <= row < len(pane.lines)
    assert 0 <= column < max(len(plain(line)) for line in pane.lines)


def test_names_are_plain():
    trace = recorded("resnet")
    said = " ".join(explain(trace, s.index).title for s in trace if isinstance(s, Forward | Assign))
    for word in ("native_", "with_indices", "tensor₁"):
        assert word not in said


def test_a_device_is_named_where_it_is_not_the_cpu():
    bind = recorded("custom")[0]
    moved = [replace(one, value=replace(one.value, device="cuda:0")) for one in bind.binds
             if isinstance(one.value, TensorValue)]  # fmt: skip
    trace = Trace(recorded("custom").program, "torch")
    trace.append(replace(bind, binds=tuple(moved)))
    tensor = moved[0].value.tensor
    assert tensors_pane(trace, 0, 100).title == "Tensors · cuda:0"
    assert "cuda:0" in texts(tensor_page(trace, 0, "x", tensor, 100).lines)
    words = [line.text for part in explain(trace, 0).parts for line in part.lines]
    assert [w for w in words if "on cuda:0" in w]
    assert tensors_pane(recorded("custom"), 0, 100).title == "Tensors"


@pytest.mark.parametrize(
    ("shape", "width", "shown"),
    [
        ((40, 50), 60, "(40, 50) mean 999.5 ± 577.4, summarised"),
        ((40, 50), 28, "(40, 50) mean 999.5 ± 577.4"),
        ((40, 50), 20, "(40, 50) summarised"),
        ((40, 50), 10, "(40, 50)"),
        ((2, 2), 40, "[[0.0, 1.0], [2.0, 3.0]]"),
    ],
)
def test_a_summary_on_one_line(shape, width, shown):
    array = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    assert tensor_text(summarised(array), width) == shown


def test_a_summary_as_a_table_is_its_corner():
    rows = array_rows(summarised(np.arange(200.0).reshape(10, 20)))
    assert [len(row) for row in rows] == [9, 9, 9, 9, 1]
    assert rows[1][0].text.strip() == "20.0"
    assert rows[1][0].index == (1, 0)
    assert {row[-1].text for row in rows} == {"…"}


@pytest.mark.parametrize(
    ("counts", "rows"),
    [
        ((), ("", "")),
        ((0, 0), ("  ", "  ")),
        ((8, 16, 4, 0), (" █  ", "██▄ ")),
        ((1, 1600), (" █", "▁█")),
    ],
)
def test_bars(counts, rows):
    assert bars(counts, 2) == rows


@pytest.mark.parametrize(
    ("op", "plain_name"),
    [
        ("max_pool2d_with_indices", "max_pool2d"),
        ("native_layer_norm", "layer_norm"),
        ("_unsafe_view", "view"),
        ("squeeze.dim", "squeeze"),
        ("mkldnn_rnn_layer", "rnn_layer"),
        ("mul", "mul"),
        ("__and__", "__and__"),
    ],
)
def test_ops_by_their_plain_names(op, plain_name):
    assert plain_op(op) == plain_name


def test_a_box_keeps_the_end_of_a_modules_path():
    trace = recorded("transformer")
    span = phases_of(trace).iteration(1)
    labels = {v.label for v in computation_graph(trace, span.start, span.stop).vertices}
    assert {"1.linear2(…)", "1.linear2.weight", "linear2.weightᵀ"} <= labels
