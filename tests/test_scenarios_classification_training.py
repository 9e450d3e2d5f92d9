"""What the scenarios of the chapters "classification" and "training" print and show."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from test_scenarios import FILES, interpreted

from backprop_tui.scenario.library import bundled
from backprop_tui.scenario.loader import load
from backprop_tui.session import Session
from backprop_tui.trace.steps import Accumulate, Backward, Update
from backprop_tui.trace.trace import Trace

CHAPTERS = ("classification", "training")
OURS = sorted(name for name, path in FILES.items() if path.parent.name in CHAPTERS)

#: What must be printed, in this order.
NUMBERS = {
    "logistic_regression": "by hand 0.9690, BCELoss 0.9690 ; boundary 0.25, accuracy 1.00",
    "softmax_lines": "epoch 0: loss 1.0986 ; correct 9 ; 0.0631, 0.4689, 0.4680",
    "xor": "mean loss 0.698 ; mean loss 0.696",
    "xor_learns": "epoch 0: loss 0.700 ; epoch 80: loss 0.001 ; '0.00', '1.00', '1.00', '0.00' ; "
    "# # # . . . ; . . . # # #",
    "one_hidden_1d": "H = 2, epoch 200: loss 0.563 ; H = 6, epoch 200: loss 0.184 ; "
    ".......#######.......",
    "deep_net": "Sigmoid(): first layer's gradient 0.0002 ; accuracy 0.50 ; "
    "Tanh(): first layer's gradient 0.0035 ; accuracy 0.84 ; "
    "ReLU(): first layer's gradient 0.0127 ; accuracy 1.00",
    "accuracy_and_confusion": "26 of 30 right, accuracy 0.87 ; [8, 1, 1] ; [0, 9, 1] ; [1, 0, 9] ; "
    "class 2: recall 0.90, precision 0.82",
    "imbalanced": "weight None ; accuracy 0.90, found 0 of 4, false alarms 0 ; "
    "accuracy 0.73, found 3 of 4, false alarms 10",
    "learning_rates": "factor 0.98, w = 3.92 3.84 ; factor 0.20, w = 0.80 0.16 ; w = 0.00 0.00 ; "
    "factor -0.90, w = -3.60 3.24 ; factor -1.20, w = -4.80 5.76 ; 17.20",
    "normalised_data": "-24.7000, -660.0333 ; loss nan, bias nan ; -24.7000, -660.0333 ; "
    "loss 0.24, bias 0.0012 ; -1.8385, -1.8680 ; loss 0.0053, bias 3.6",
    "optimizers": "SGD: first step to 0.200 1.920 ; Adam: first step to 0.800 1.800 ; "
    "AdamW: first step to 0.780 1.760",
    "lr_schedules": "constant: w 2.43, rates 0.30 0.30 ; step: w 2.13, rates 0.30 0.30 0.30 0.10 ; "
    "cosine: w 2.12, rates 0.30 0.29 0.28 0.26",
    "same_weights": "[0.7146, 0.7146] ; [0.3667, 0.3667] ; [0., 0.] ; [ 0.8041, -0.4727]",
    "vanishing_gradient": "layer 10: gradient norm 1.3e-01 ; layer 1: gradient norm 3.8e-06 ; "
    "layer 10: gradient norm 1.3e+01 ; layer 1: gradient norm 1.2e+01",
    "exploding_gradient": "gradient norm 3.8e+06 ; gradient norm nan ; gradient norm 3.8e+06",
    "initialisation": "1.8e+06 ; 3.4e-03 ; 8.7e-02 ; 7.0e-01",
    "batch_norm": "[-1.0690, -1.3416] ; [ 1.6036,  1.3416] ; mean 0.0000 ; 0.3000, 25.0000 ; "
    "1.3667e+00, 1.6676e+03 ; bias.grad tensor([1.2071, 0.6833]) ; "
    "weight.grad tensor([1.9357, 0.9167]) ; column sums 0.0000 ; 0.5988, 1.8366",
    "dropout": "train: tensor([0., 0., 2., 0., 0., 0., 2., 2.]) ; "
    "h.grad: tensor([0., 0., 2., 0., 0., 0., 2., 2.]) ; "
    "eval: tensor([1., 1., 1., 1., 1., 1., 1., 1.])",
    "fine_tuning": "features.requires_grad False grad None ; body unchanged True",
}

#: So that each opens without a wait, and its timeline can be read.
MOST_STEPS = 20_000


@cache
def trace_of(name: str) -> Trace:
    session = Session.open(FILES[name])
    trace = session.complete()
    assert session.error is None, session.error
    return trace


@pytest.mark.parametrize("name", OURS)
def test_prints_its_numbers(name: str) -> None:
    text = interpreted(load(FILES[name]))
    at = 0
    for part in NUMBERS[name].split(" ; "):
        found = text.find(part, at)
        assert found >= 0, f"{part!r} is missing in what is left:\n{text[at:]}\nof\n{text}"
        at = found + len(part)


@pytest.mark.parametrize("name", OURS)
def test_is_short_enough_to_be_opened_at_once(name: str) -> None:
    assert len(trace_of(name)) <= MOST_STEPS


@pytest.mark.parametrize(
    ("chapter", "story"),
    [
        (
            "classification",
            "logistic_regression softmax_lines xor xor_learns one_hidden_1d deep_net "
            "accuracy_and_confusion imbalanced",
        ),
        (
            "training",
            "learning_rates normalised_data optimizers lr_schedules same_weights "
            "vanishing_gradient exploding_gradient initialisation batch_norm dropout fine_tuning",
        ),
    ],
)
def test_the_order_tells_a_story(chapter: str, story: str) -> None:
    assert [entry.name for entry in bundled() if entry.chapter == chapter] == story.split()


# ---------------------------------------------------------------------- what the steps show


def updates(name: str) -> list[Update]:
    return [step for step in trace_of(name) if isinstance(step, Update)]


@pytest.mark.parametrize(
    ("number", "state"),
    [
        (0, set()),
        (1, {"momentum_buffer"}),
        (2, {"momentum_buffer"}),
        (3, {"step", "square_avg"}),
        (4, {"step", "exp_avg", "exp_avg_sq"}),
        (5, {"step", "exp_avg", "exp_avg_sq"}),
    ],
)
def test_an_update_step_shows_what_its_optimizer_remembers(number: int, state: set[str]) -> None:
    own = updates("optimizers")[15 * number : 15 * number + 15]
    remembered = [{k for k, v in step.state_after.items() if v is not None} for step in own]
    assert remembered == [state] * 15


def test_equal_weights_get_equal_gradients_at_every_step() -> None:
    equal = [step for step in updates("same_weights")[:10] if step.grad.shape == (2, 2)]
    assert len(equal) == 5
    for step in equal:
        np.testing.assert_array_equal(step.grad[:, 0], step.grad[:, 1])


def test_batch_normalisation_has_three_gradients() -> None:
    ran = [s for s in trace_of("batch_norm") if isinstance(s, Backward)]
    (node,) = [s for s in ran if s.node.name == "NativeBatchNormBackward0"]
    assert [out is not None and out.grad.shape for out in node.outgoing] == [(4, 2), (2,), (2,)]


def test_nothing_reaches_a_frozen_layer() -> None:
    steps = list(trace_of("fine_tuning"))
    reached = [s.tensor.data.shape for s in steps if isinstance(s, Accumulate)]
    assert set(reached[: 60 * 4]) == {(16, 2), (16,), (1, 16), (1,)}
    assert set(reached[60 * 4 :]) == {(1, 16), (1,)}


def test_clipping_leaves_a_gradient_of_length_one() -> None:
    by_step = updates("exploding_gradient")
    last = by_step[-20:]
    assert np.sqrt(sum((step.grad**2).sum() for step in last)) == pytest.approx(1.0, rel=1e-4)
    assert np.isnan(by_step[len(by_step) // 2 - 1].grad).all()
