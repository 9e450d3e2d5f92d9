"""The chapters on one neuron and on lines: under PyTorch they print what the notes say.

That the built-in engine prints the same, and builds the same graph, is held in
``test_scenarios.py`` for every bundled scenario.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from plain_python import PlainPython

FILES = {path.stem: path for path in (Path(__file__).parent.parent / "scenarios").glob("*/*.py")}

#: What a scenario must print, in this order; " ; " separates the parts.
NUMBERS = {
    # O = g(Σ wᵢIᵢ − t): no gradient through a step, Iᵢ through a line, Iᵢ·O(1 − O) through sigmoid.
    "perceptron": "O = 1.0 ; tensor([0., 0.]) ; O = 1.0 ; [1.0000, 0.5000] ; O = 0.7311 ; "
    "[0.1966, 0.0983] ; requires_grad False",
    "activations": "0.0180, 0.2689, 0.5000, 0.7311, 0.9820 ; 0.0177, 0.1966, 0.2500, 0.1966 ; "
    "-0.9993, -0.7616,  0.0000 ; 0.0013, 0.4200, 1.0000, 0.4200 ; [0., 0., 0., 1., 4.] ; "
    "[0., 0., 0., 1., 1.] ; -0.4000, -0.1000,  0.0000,  1.0000,  4.0000 ; "
    "0.1000, 0.1000, 0.1000, 1.0000, 1.0000 ; -0.9817, -0.6321 ; 0.0183, 0.3679, 1.0000",
    "maxout": "[ 1., -2.,  2.] ; [ 2.,  4., -1.] ; [2., 4., 2.] ; [0., 0., 1.] ; [1., 1., 0.] ; "
    "w1 tensor([2., 0.])  b1 tensor(1.) ; w2 tensor([-1.,  3.])  b2 tensor(2.) ; 0.5000 ; 0.5000",
    "softmax": "[0.2500, 0.5000, 0.2500] ; [ 0.1875, -0.1250, -0.0625] ; "
    "[-0.1250,  0.2500, -0.1250] ; [-0.0625, -0.1250,  0.1875] ; True ; [nan, nan] ; "
    "[0.2689, 0.7311]",
    "losses_regression": "MSE  25.5 ; [ 0.5000, -0.5000,  0.0000,  5.0000] ; MAE  3.0 ; "
    "[ 0.2500, -0.2500,  0.0000,  0.2500] ; MSLE 0.1819 ; [ 0.0676, -0.0479,  0.0000,  0.0173]",
    "bernoulli_likelihood": "theta 0.5: likelihood 0.0625 ; theta 0.2: likelihood 0.0256 ; "
    "theta 0.2000, gradient 7.5000 ; found 0.50",
    # For y = 0 the printed formula has neither loss nor gradient; the second term repairs it.
    "cross_entropy_formula": "[0.6931, 0.0000] ; [-0.5000, -0.0000] ; [0.6931, 0.6931] ; "
    "[-0.5000,  0.5000] ; PyTorch:  tensor([0.6931, 0.6931])",
    "losses_classification": "BCE 0.8770 ; -0.3704,  0.4167, -3.3333 ; hinge 0.8333 ; "
    "-0.3333,  0.3333 ; cross-entropy 0.7531 ; [-0.1674,  0.1224,  0.0450] ; KL 0.1733 ; "
    "-2.0000, -1.0000, -0.5000",
    "mse_versus_cross_entropy": "first gradient -0.0067 ; w -4.931, loss 0.993 ; "
    "first gradient -1.4966 ; w 1.807",
    # f = −3x, w = −10: each round takes 0.39 of the way that is left.
    "line_slope": "w -10.000, loss 149.0 ; w -5.74 ; w -4.07 ; w -3.42 ; w -3.16 ; cost [149.02, ",
    "line_slope_bias": "[23.5000, 17.5000, 13.5000, 11.5000, 11.5000, 13.5000] ; "
    "[ 4.0000,  1.0000,  0.0000,  1.0000,  4.0000,  9.0000] ; w -2.000, b  2.000, loss 13.500 ; "
    "w -0.500, b  1.250 ; step 29: w  1.000, b -1.000, loss 0.000",
    "line_sgd": "epoch 0: loss 5.237, w 2.100, b 0.600 ; epoch 4: loss 0.028, w 1.979, b 0.964",
    # Iterations of an epoch = size / batch.
    "line_minibatch": "batch 12:  1 iterations ; batch  4:  3 iterations ; batch  1: 12 iterations",
    "line_module_optim": "epoch 5 ; epoch 20: last loss 0.00 ; weight -3.0 ; bias 0.9",
    "multiple_linear": "one output:  5.0 ; [5.0000, 0.5000] ; loss 2.5 ; [[ 2.,  4.] ; "
    "[-1.,  5.]]) by hand tensor([[ 2.,  4.] ; [2., 4.]) by hand tensor([2., 4.]) ; True",
    "house_price": "epoch 1: loss 0.66 ; epoch 100: loss 0.00 ; 0.5601,  0.4247, -0.2129 ; 357",
    "line_validation": "split: 28 8 4 ; lr 0.001 ; lr 0.01: ; lr 0.1: validation loss 0.08 ; "
    "lr 1.0: validation loss 4.19e+09 ; chosen: lr 0.1, test loss 0.03",
    "line_early_stopping": "epoch  8: train 0.59 ; epoch 13: train 0.41 ; back to epoch 8: ",
    "checkpoint": "uninterrupted: loss 0.0387, w 1.9764 ; weights only: loss 0.3936 ; "
    "with optimizer: loss 0.0387, w 1.9764",
    "weight_decay_overfit": "decay 0.0: train 0.026, test 0.099 ; "
    "decay 0.1: train 0.066, test 0.042",
}


@pytest.fixture
def in_torch(plain_python: PlainPython) -> Callable[[str], str]:
    """What each scenario prints under PyTorch."""
    return lambda name: plain_python.text(FILES[name])


@pytest.mark.parametrize("name", NUMBERS)
def test_prints_the_numbers_of_the_notes(name: str, in_torch: Callable[[str], str]) -> None:
    text = in_torch(name)
    at = 0
    for part in NUMBERS[name].split(" ; "):
        found = text.find(part, at)
        assert found >= 0, f"{part!r} is missing in what is left:\n{text[at:]}\nof\n{text}"
        at = found + len(part)


def test_the_validation_loss_turns_up_while_the_training_loss_falls(
    in_torch: Callable[[str], str],
) -> None:
    rows = re.findall(r"train (\S+), validation (\S+)", in_torch("line_early_stopping"))
    training, validation = (list(map(float, column)) for column in zip(*rows, strict=True))
    assert training == sorted(training, reverse=True)
    assert validation[:9] == sorted(validation[:9], reverse=True)
    assert validation[8:] == sorted(validation[8:])
