"""The Maths of every kind of step: what is said, and that its numbers are the recorded ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from recorded import lines, record, steps_of

from backprop_tui.explain import HEADINGS, explain
from backprop_tui.explain.numbers import number
from backprop_tui.trace.steps import (
    Accumulate,
    Assign,
    Backward,
    Bind,
    Forward,
    Loop,
    SeedGrad,
    Update,
    ZeroGrad,
)
from backprop_tui.trace.trace import Program, Trace

UV = """
u = torch.tensor(1.0, requires_grad=True)
v = torch.tensor(2.0, requires_grad=True)
f = u * v + u**2
f.backward()
"""
BATCH = """
x = torch.tensor([[0.9, -0.2], [0.75, 0.6], [0.1, 0.2]])
y = torch.tensor([[0.0], [1.0], [1.0]])
w = torch.tensor([[0.5], [-0.3]], requires_grad=True)
b = torch.tensor([0.1], requires_grad=True)
y_hat = torch.sigmoid(x @ w + b)
loss = ((y_hat - y) ** 2).mean()
loss.backward()
"""
NET = """
x = torch.tensor([[0.9, -0.2], [0.75, 0.6]])
y = torch.tensor([[0.0], [1.0]])
w1 = torch.tensor([[0.5, -0.3, 0.2], [0.3, 0.4, -0.5]], requires_grad=True)
b1 = torch.tensor([0.1, 0.2, 0.3], requires_grad=True)
w2 = torch.tensor([[0.5], [-0.3], [0.2]], requires_grad=True)
h = torch.tanh(x @ w1 + b1)
y_hat = torch.sigmoid(h @ w2)
loss = F.binary_cross_entropy(y_hat, y)
loss.backward()
"""
SHARED = """
a = torch.tensor([0.5, -1.5], requires_grad=True)
p = a * a
q = p * a + p / a
s = (q * q).sum() + p.mean()
s.backward()
"""
TRAINING = """
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
x = torch.tensor([[0.9, -0.2], [0.75, 0.6]])
y = torch.tensor([[0.0], [1.0]])
for epoch in range(2):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
print(loss)
"""
PROGRAMS = {"uv": UV, "batch": BATCH, "net": NET, "shared": SHARED, "training": TRAINING}
TRACES: dict[str, Trace] = {}


def trace_of(name: str) -> Trace:
    if name not in TRACES:
        TRACES[name] = record(PROGRAMS[name])
    return TRACES[name]


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_step_is_explained(name: str) -> None:
    trace = trace_of(name)
    for step in trace:
        said = explain(trace, step.index)
        assert said.title
        assert said.what.endswith((".", ")")), said.what
        for part in said.parts:
            assert part.heading in HEADINGS
            assert part.lines
            for line in part.lines:
                assert line.latex.count("{") == line.latex.count("}"), line.latex
                assert "$" not in line.text + line.latex, line
                assert "None" not in line.latex or "text{None}" in line.latex


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_worked_gradient_is_the_recorded_one(name: str) -> None:
    trace = trace_of(name)
    for index in steps_of(trace, Backward):
        step = trace[index]
        worked = [
            line.result
            for part in explain(trace, index).parts
            if part.heading == "numbers"
            for line in part.lines
            if isinstance(line.result, float)
        ]
        recorded = [
            (out.grad if out.unreduced is None else out.unreduced).ravel()[0]
            for out in step.outgoing
            if out is not None
        ]
        assert worked == pytest.approx(recorded, rel=1e-5), step.node.name


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_element_of_every_gradient_can_be_worked_out(name: str) -> None:
    trace = trace_of(name)
    for index in steps_of(trace, Accumulate):
        step = trace[index]
        for element in np.ndindex(step.after.shape):
            said = explain(trace, index, element)
            assert said.element is not None
            assert said.element.index == element
            last = next(p for p in said.parts if p.heading == "chain rule").lines
            numbers = [line.result for line in last if isinstance(line.result, float)]
            assert numbers, step.tensor
            if "fan out" not in last[-1].text:
                assert numbers[-1] == pytest.approx(step.incoming[element], rel=1e-4)


def test_a_product_in_names_and_numbers() -> None:
    trace = trace_of("uv")
    first, square, total = steps_of(trace, Forward)
    assert lines(explain(trace, first)) == ["u · v", "u * v = 1·2 = 2"]
    assert lines(explain(trace, square)) == ["u²", "u**2 = 1² = 1"]
    assert lines(explain(trace, total)) == ["f = (u * v) + (u**2)", "f = 2 + 1 = 3"]


def test_backward_through_a_product() -> None:
    trace = trace_of("uv")
    (index,) = steps_of(trace, Backward, "MulBackward0")
    said = explain(trace, index)
    assert lines(said, "incoming gradient") == ["∂f/∂(u * v) = 1"]
    assert lines(said, "rule") == [
        "∂f/∂u via (u * v) = ∂f/∂(u * v) · v",
        "∂f/∂v = ∂f/∂(u * v) · u",
    ]
    assert lines(said, "numbers") == ["∂f/∂u via (u * v) = 1·2 = 2", "∂f/∂v = 1·1 = 1"]
    assert lines(said, "paths meet") == ["∂f/∂u = 2 (via u**2) + 2 (via u * v) = 4"]
    assert said.parts[1].lines[1].latex == (
        r"\frac{\partial f}{\partial v} = \frac{\partial f}{\partial (u \cdot v)} \cdot u"
    )
    assert said.parts[3].lines[0].latex == (
        r"\frac{\partial f}{\partial u} = \underbrace{2}_{\text{via } u^{2}} + "
        r"\underbrace{2}_{\text{via } u \cdot v} = 4"
    )


def test_a_part_of_a_gradient_is_not_called_the_gradient() -> None:
    trace = trace_of("uv")
    (index,) = steps_of(trace, Backward, "PowBackward0")
    said = explain(trace, index)
    assert lines(said, "rule") == ["∂f/∂u via u**2 = ∂f/∂(u**2) · (2 · u)"]
    assert lines(said, "numbers") == ["∂f/∂u via u**2 = 1·2·1 = 2"]
    assert lines(said, "paths meet") == ["one of 2 paths to u: 1 is still to come"]
    assert said.title + said.brief == (
        "Back through PowBackward0: ∂f/∂u via u**2 = 1·2·1 = 2, "
        "one of 2 paths to u: 1 is still to come."
    )


def test_three_paths_are_counted_as_they_come() -> None:
    trace = record("a = torch.tensor(2.0, requires_grad=True)\ns = a * a + 3 * a\ns.backward()\n")
    met = [lines(explain(trace, i), "paths meet") for i in steps_of(trace, Backward)]
    assert met == [
        [],
        ["one of 3 paths to a: 2 are still to come"],
        [
            "∂s/∂a so far = 3 (via 3 * a) + 2 (via a * a, 1st) = 5",
            "one of 3 paths to a: 1 is still to come",
            "∂s/∂a = 3 (via 3 * a) + 2 (via a * a, 1st) + 2 (via a * a, 2nd) = 7",
        ],
    ]


def test_nameless_intermediates_are_passed_over() -> None:
    trace = record(
        "x = torch.tensor([[0.9, -0.2]])\nw = torch.tensor([[0.5], [-0.3]], requires_grad=True)\n"
        "y_hat = torch.sigmoid(x @ w + 1)\nloss = (1 - y_hat) ** 2\nloss.backward()\n"
    )
    (index,) = steps_of(trace, Accumulate)
    assert lines(explain(trace, index), "chain rule") == [
        "∂loss/∂w[0,0] = ∂loss/∂y_hat · ∂y_hat/∂w[0,0]",
        "∂loss/∂w[0,0] = (0.3619·(-1)) · (0.1482·0.9) = -0.04827",
    ]


def test_two_ways_over_one_nameless_value_are_not_made_one() -> None:
    trace = record(
        "a = torch.tensor(2.0, requires_grad=True)\nb = a * 3\nc = (b * 2) * (b * 5)\n"
        "c.backward()\n"
    )
    (index,) = steps_of(trace, Accumulate)
    said = lines(explain(trace, index), "chain rule")
    assert said[0] == "2 paths lead from c to a, each brings its contribution:"
    assert not any("∂c/∂a ·" in line or line.endswith("∂c/∂b · ∂b/∂a") for line in said), said


def test_a_chosen_tensor_is_worked_out_alone() -> None:
    trace = trace_of("uv")
    (index,) = steps_of(trace, Backward, "MulBackward0")
    v = next(
        s.binds[0].value.tensor for s in trace if isinstance(s, Bind) and s.binds[0].name == "v"
    )
    assert lines(explain(trace, index, tensor=v), "numbers") == ["∂f/∂v = 1·1 = 1"]


def test_two_paths_and_their_sum() -> None:
    trace = trace_of("uv")
    index = steps_of(trace, Accumulate, "u.grad")[0]
    assert lines(explain(trace, index), "chain rule") == [
        "2 paths lead from f to u, each brings its contribution:",
        "∂f/∂u via (u * v) = ∂f/∂(u * v) · ∂(u * v)/∂u",
        "∂f/∂u via (u * v) = 1 · 2 = 2",
        "∂f/∂u via u**2 = ∂f/∂(u**2) · ∂(u**2)/∂u",
        "∂f/∂u via u**2 = 1 · 2 = 2",
        "∂f/∂u = 2 (via u * v) + 2 (via u**2) = 4",
    ]


def test_the_seed_is_one() -> None:
    trace = trace_of("uv")
    (index,) = steps_of(trace, SeedGrad)
    assert lines(explain(trace, index)) == ["∂f/∂f = 1"]


def test_a_broadcast_gradient_is_summed() -> None:
    trace = trace_of("batch")
    index = steps_of(trace, Backward, "AddBackward0")[0]
    words, total = lines(explain(trace, index), "summed because of broadcasting")
    assert words == "b (1,) was broadcast to (3, 1), so its gradient is summed over dim 0:"
    assert total == "∂loss/∂b = 0.09854 + (-0.0696) + (-0.07942) = -0.05049"


def test_one_element_of_a_matrix_product() -> None:
    trace = trace_of("batch")
    index = steps_of(trace, Forward)[0]
    said = explain(trace, index, (2, 0))
    assert lines(said, "numbers") == [
        "(x @ w)[2,0] = x[2,0]·w[0,0] + x[2,1]·w[1,0]",
        "(x @ w)[2,0] = 0.1·0.5 + 0.2·(-0.3) = -0.01",
    ]
    assert said.summary == "x @ w has shape (3, 1): 2 more elements like the one above."


def test_where_elements_fan_out_the_largest_term_is_followed() -> None:
    trace = trace_of("net")
    index = steps_of(trace, Accumulate, "w1.grad")[0]
    step = trace[index]
    said = lines(explain(trace, index, (0, 2)), "chain rule")
    assert all(f"/∂{name}[" in said[0] for name in ["y_hat", "h", "w1"]), said[0]
    assert said[0].endswith(" + … (2 terms)"), said[0]
    assert said[-1].endswith(f"Their sum is {step.incoming[0, 2]:.4g}.")


def test_the_terms_sum_to_the_gradient() -> None:
    """The largest term plus the same for the rest of the batch is the whole."""
    trace = trace_of("batch")
    index = steps_of(trace, Accumulate, "b.grad")[0]
    step = trace[index]
    backward = trace[steps_of(trace, Backward, "AddBackward0")[0]]
    terms = backward.outgoing[1].unreduced.ravel()
    part = next(p for p in explain(trace, index).parts if p.heading == "chain rule")
    assert part.lines[1].result == pytest.approx(max(terms, key=abs), rel=1e-5)
    assert terms.sum() == pytest.approx(step.incoming.item(), rel=1e-5)


def test_more_than_three_paths_are_counted() -> None:
    trace = trace_of("shared")
    index = steps_of(trace, Accumulate)[0]
    said = lines(explain(trace, index), "chain rule")
    # q uses p twice and a twice, s uses q twice and p once; p uses a twice: 2·(2+1+2+1) + 2.
    assert said[0] == "14 paths lead from s to a[0]; the first 3:"
    assert said[-1].endswith(f"(14 paths) = {trace[index].incoming[0]:.4f}")


def test_gradients_that_accumulate_are_warned_of() -> None:
    trace = record(UV + "g = u * 3\ng.backward()\n")
    index = steps_of(trace, Accumulate, "u.grad")[1]
    said = explain(trace, index)
    assert lines(said, "accumulates into .grad") == ["u.grad = 4 + 3 = 7"]
    assert "accumulates" in said.what
    assert "zero_grad" in said.what
    assert lines(said, "chain rule") == []


def test_a_gradient_cleared_to_zero_is_no_old_gradient() -> None:
    trace = record(UV + "u.grad.zero_()\ng = u * 3\ng.backward()\n")
    said = explain(trace, steps_of(trace, Accumulate, "u.grad")[1])
    assert lines(said, "accumulates into .grad") == ["u.grad = 0 + 3 = 3"]
    assert "cleared to 0" in said.what
    assert "nothing cleared it" not in said.what
    zero = explain(trace, steps_of(trace, Forward, "u.grad")[0])
    assert zero.title + zero.brief.partition(". ")[0] == "u.grad changes in place: u.grad = 0"


def test_a_parameter_keeps_its_name_in_a_loop() -> None:
    trace = record(
        "model = nn.Linear(1, 1)\nfor p in model.parameters():\n    n = p.sum()\n"
        "loss = model(torch.ones(1, 1)).sum()\nloss.backward()\n"
    )
    titles = [explain(trace, i).title for i in steps_of(trace, Accumulate)]
    assert titles == [
        "model.bias.grad receives ∂loss/∂model.bias",
        "model.weight.grad receives ∂loss/∂model.weight",
    ]


def test_leaf_and_non_leaf() -> None:
    trace = record(
        "w = torch.tensor(2.0, requires_grad=True)\ny = w * 3\nz = y\nx = torch.ones(2)\n"
    )
    said = {s.binds[0].name: explain(trace, s.index).what for s in trace if isinstance(s, Bind)}
    assert "leaf that requires grad" in said["w"]
    assert "stays None without retain_grad()" in said["z"]
    assert "requires no gradient" in said["x"]


def test_no_grad_and_in_place() -> None:
    trace = record(UV + "with torch.no_grad():\n    u -= 0.1 * u.grad\n")
    said = [explain(trace, i).what for i in steps_of(trace, Forward)]
    assert "takes no note" in said[-2]
    assert "in place" in said[-1]
    said = explain(trace, steps_of(trace, Forward)[-1])
    assert said.title == "u is updated"
    assert lines(said) == ["u ← u − 0.1 · ∂f/∂u", "u ← 1 − 0.1·4 = 0.6"]


def test_an_update_by_hand_names_its_rate() -> None:
    trace = record(
        "w = torch.tensor([[0.5], [-0.3]], requires_grad=True)\nlr = 0.01\n"
        "loss = (w * w).sum()\nloss.backward()\nwith torch.no_grad():\n    w -= lr * w.grad\n"
    )
    said = explain(trace, steps_of(trace, Forward)[-1])
    assert lines(said) == [
        "w ← w − lr · ∂loss/∂w",
        "w[0,0] ← 0.5 − 0.01·1 = 0.49",
        "w before = [[0.5], [-0.3]]",
        "w after = [[0.49], [-0.294]]",
    ]


@pytest.mark.parametrize("change", ["w *= 2", "w -= 0.1 * x", "w -= w.grad"])
def test_another_change_in_place_is_not_called_an_update(change: str) -> None:
    trace = record(
        "x = torch.tensor(5.0)\nw = torch.tensor(2.0, requires_grad=True)\n(w * x).backward()\n"
        f"x = x + 1\nwith torch.no_grad():\n    {change}\n"
    )
    said = explain(trace, steps_of(trace, Forward)[-1])
    assert said.title == "w changes in place"
    assert "∂" not in "".join(lines(said))


def test_binary_cross_entropy_as_it_is_taught() -> None:
    trace = record(
        "p = torch.tensor(0.25, requires_grad=True)\ny = torch.tensor(1.0)\n"
        "loss = F.binary_cross_entropy(p, y)\nloss.backward()\n"
    )
    forward, backward = steps_of(trace, Forward)[0], steps_of(trace, Backward)[0]
    assert lines(explain(trace, forward)) == [
        "loss = −(y · log(p) + (1 − y) · log(1 − p))",
        "loss = -(1·log(0.25) + (1 − 1)·log(1 − 0.25)) = 1.3863",
    ]
    assert lines(explain(trace, backward), "rule") == [
        "∂loss/∂p = ∂loss/∂loss · (p − y) / ((1 − p) · p)"
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.6005, "1.6005"), (0.2344, "0.2344"), (0.07643999, "0.07644"), (-0.125, "-0.125"),
     (1234.5678, "1234.57"), (2.0, "2"), (1e-7, "1e-07"), (123456.78, "1.235e+05"), (-0.0, "0")],
)  # fmt: skip
def test_numbers_carry_four_decimals_and_four_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_a_part_changed_in_place() -> None:
    trace = record(
        "a = torch.ones(2, requires_grad=True)\nb = torch.tensor(3.0, requires_grad=True)\n"
        "w = a * 1\nw[0] = b\n(w * w).sum().backward()\n"
    )
    (index,) = steps_of(trace, Backward, "CopySlices")
    said = explain(trace, index)
    assert "changed in place" in said.what
    assert lines(said) == ["∂L/∂w = [6, 2]", "∂L/∂w = [0, 2]", "∂L/∂b = 6"]


def test_cleared_and_assigned_gradients() -> None:
    trace = record(UV + "u.grad = None\nu.requires_grad_(False)\n")
    index = steps_of(trace, Assign)[0]
    assert lines(explain(trace, index)) == ["u.grad = None"]
    zero = steps_of(trace_of("training"), ZeroGrad)[-1]
    assert "backward() adds to .grad" in explain(trace_of("training"), zero).what


def test_a_loop_tells_its_round() -> None:
    trace = trace_of("training")
    assert [explain(trace, i).title for i in steps_of(trace, Loop)] == [
        "Round 1 of 2 of the loop over epoch",
        "Round 2 of 2 of the loop over epoch",
    ]


def test_a_transposed_weight_transposed_again() -> None:
    trace = trace_of("training")
    index = steps_of(trace, Backward, "AddmmBackward0")[0]
    line = next(p for p in explain(trace, index).parts if p.heading == "rule").lines[1]
    assert line.text == "∂loss/∂model.1(…) = ∂loss/∂model(x) @ model.2.weight"
    assert r"\, {\mathit{model.2.weight}}" in line.latex


def test_an_optimizer_line_by_line() -> None:
    trace = trace_of("training")
    index = steps_of(trace, Update)[-1]
    step = trace[index]
    said = explain(trace, index)
    name = said.element.name
    assert lines(said, "rule") == [f"b ← μ · b + {name}.grad", f"{name} ← {name} − lr · b"]
    after = said.parts[1].lines[-1]
    assert after.result == pytest.approx(step.after.data.ravel()[0], rel=1e-5)


def test_an_unknown_optimizer_shows_before_and_after() -> None:
    trace = trace_of("training")
    step = replace(trace[steps_of(trace, Update)[-1]], index=0, optimizer="Nadam")
    other = Trace(Program("x", ""))
    other.append(step)
    said = explain(other, 0)
    assert "No formula is known" in said.what
    assert [line.split(" = ")[0][-6:] for line in lines(said, "values")] == ["before", " after"]


def test_an_op_without_a_record_shows_its_values() -> None:
    source = trace_of("uv")
    other = Trace(source.program)
    for step in source:
        other.append(replace(step, op="aten.unheard_of") if isinstance(step, Forward) else step)
    said = explain(other, steps_of(source, Forward)[0])
    assert "No formula is known" in said.what
    assert lines(said) == ["u * v = 2"]
    said = explain(other, steps_of(source, Backward, "MulBackward0")[0])
    assert "No formula is known" in said.what
    assert lines(said) == ["∂f/∂(u * v) = 1", "∂f/∂u via (u * v) = 2", "∂f/∂v = 1"]


@pytest.mark.parametrize("element", [(5, 0), (0,), (-1, 0), ()])
def test_an_element_that_is_not_there_counts_as_the_first(element: tuple[int, ...]) -> None:
    trace = trace_of("batch")
    assert explain(trace, steps_of(trace, Forward)[0], element).element.index == (0, 0)


def test_a_step_that_is_not_there() -> None:
    with pytest.raises(IndexError):
        explain(trace_of("uv"), 10_000)


def test_a_large_product_shows_its_first_terms() -> None:
    trace = record(
        "x = torch.ones(32, 784)\nw = torch.ones(784, 10, requires_grad=True)\n"
        "y = x @ w\ny.sum().backward()\n"
    )
    said = explain(trace, steps_of(trace, Forward)[0], (31, 9))
    assert lines(said, "numbers")[-1] == "y[31,9] = 1·1 + 1·1 + … + 1·1 (784 terms) = 784"
    index = steps_of(trace, Backward, "MmBackward0")[0]
    assert lines(explain(trace, index, (783, 9)), "numbers")[-1].endswith("(32 terms) = 32")
