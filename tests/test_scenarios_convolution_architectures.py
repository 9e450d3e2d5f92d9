"""The chapters on convolution and on other architectures: under PyTorch they print what the notes
say, and what can be worked out on paper.

That the built-in engine prints the same, and builds the same graph, is held in
``test_scenarios.py`` for every bundled scenario.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from plain_python import PlainPython

from backprop_tui.session import Session

FILES = {path.stem: path for path in (Path(__file__).parent.parent / "scenarios").glob("*/*.py")}

#: What a scenario must print, in this order; " ; " separates the parts.
NUMBERS = {
    "convolution_by_hand": "by hand: [-3.0, 6.0, -3.0] ; [-3.,  6., -3.] ; [0., 1., 0.] ; "
    "[0., 3., 0.] ; padding 0, stride 1: 3 x 3 ; padding 1, stride 1: 5 x 5 ; "
    "padding 0, stride 2: 2 x 2 ; padding 1, stride 2: 3 x 3",
    # 2 · 3 kernels of 3 × 3 and three biases; a line is met three times, or spread over 18.
    "channels": "[3, 2, 3, 3] ; parameters: 57 ; 3.0000,  0.0000 ; 3.0000,  3.0000 ; "
    "-0.6667, -0.6667 ; same: True ; [4., 4., 4.] ; [2., 2., 0.] ; [0., 0., 0.] ; [2., 2., 2.]",
    # The notes' block, and a gradient that tells the four blocks apart.
    "max_pool": "[ 20.,  30.] ; [112.,  37.] ; [0., 1., 2., 0.] ; [0., 0., 0., 0.] ; "
    "[0., 0., 4., 0.] ; [3., 0., 0., 0.] ; [13.0000,  8.0000] ; [79.0000, 19.5000] ; "
    "[0.2500, 0.2500, 0.2500, 0.2500] ; tie: tensor([[1., 0.]",
    # 784 · 16 + 16 + 16 · 10 + 10 weights against 4 · 25 + 4 + 8 · 4 · 25 + 8 + 128 · 10 + 10.
    "digits_mlp": "parameters: 12730 ; epoch 0: loss 2. ; epoch 3: loss 0.",
    "digits_cnn": "parameters: 2202 ; epoch 0: loss 1. ; epoch 3: loss 0.",
    # All of the second coordinate is lost at first, 10/8; across the diagonal lies 2/8.
    "autoencoder_linear": "loss 1.2500 ; step 30: loss 0.2503 ; with W of PCA: loss 0.2500, "
    "largest gradient 0.0000",
    "autoencoder_denoising": "step   0: loss 0.25 ; step 120: loss 0.03 ; "
    ". . # . → . . # .\n. . # . → . . # .\n. . # # → . . # .\n. . # . → . . # .",
    "vae": "step   0: reconstruction 2.60, KL 0.39 ; decoded −1, 0, 1",
    "embedding": "[ 9., 10., 11.] ; [2., 2., 2.] ; [1., 1., 1.] ; [0., 0., 0.] ; same: True ; "
    "-0.2000,  0.8000,  1.8000 ; 12.0000, 13.0000, 14.0000",
    # tanh 1, tanh(½ tanh 1), …; each step back multiplies by (1 − h²)/2.
    "rnn_unrolled": "0.7616 0.3634 0.1797 0.0896 ; loss 0.8288 ; dL/dh1 = -0.1896 ; "
    "dL/dh2 = -0.4369 ; dL/dh3 = -0.9031 ; dL/dh4 = -1.8208 ; sum -0.9310, w.grad -0.9310",
    # The gate of 0.953 = sigmoid(3) keeps the state, and nn.LSTMCell and nn.GRUCell say the same.
    "lstm_cell": "t 1: i 0.500 f 0.953 c 0.482 h 0.394 ; t 4: ; c 0.483 h 0.395 ; loss 0.3658, "
    "dL/dc0 -0.7935 ; -0.2526, -0.0552, -0.3201, -0.0638 ; nn.LSTMCell: h 0.395, c 0.483",
    "gru_cell": "t 1: r 0.500 z 0.269 n 0.964 h 0.705 ; t 4: ; z 0.953 n 0.162 h 0.632 ; "
    "loss 0.1354, dL/dh0 -0.1859 ; -0.0083,  0.0758, -0.1322 ; nn.GRUCell: h 0.632",
    "attention": "[0.4011, 0.1978, 0.4011] ; loss 13.5190 ; -3.7861, -1.8081,  5.5942 ; "
    "-3.7861, -1.8081,  5.5942 ; [1.0000, 0.0000, 0.0000] ; [0.1956, 0.8044, 0.0000]",
    "multihead_attention": "same output: True ; same weights: True ; [1.0000, 0.0000, 0.0000] ; "
    "same without weights: True ; loss 0.2348 ; W_q: 0.0795 ; W_k: 0.0817 ; W_v: 0.6128",
    "lstm_memory": "[8, 3, 4] [1, 8, 4] last: True ; cell by cell: True ; epoch 0: loss 0.7103 ; "
    "epoch 39: loss 0.000 ; 8 of 8",
    "rbm": "by hand:  tensor([0.0322, 0.0034]) ; autograd: tensor([0.0322, 0.0034])",
    "diffusion_step": "step   0: loss 1. ; step 100: loss 0. ; restored: True ; inwards: True",
}


@pytest.fixture
def in_torch(plain_python: PlainPython) -> Callable[[str], str]:
    """What each scenario prints under PyTorch."""
    return lambda name: plain_python.text(FILES[name])


@pytest.mark.parametrize("name", NUMBERS)
def test_prints_the_numbers_of_the_notes(name: str, in_torch: Callable[[str], str]) -> None:
    text, at = in_torch(name), 0
    for part in NUMBERS[name].split(" ; "):
        found = text.find(part, at)
        assert found >= 0, f"{part!r} is missing in what is left:\n{text[at:]}\nof\n{text}"
        at = found + len(part)


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", text)]


def test_the_boltzmann_machine_prefers_its_patterns_to_a_mixture(
    in_torch: Callable[[str], str],
) -> None:
    first, second, mixture = numbers(in_torch("rbm").splitlines()[-1])
    assert max(first, second) < mixture


def test_the_autoencoder_ends_near_the_projection_onto_the_diagonal(
    in_torch: Callable[[str], str],
) -> None:
    text = in_torch("autoencoder_linear")
    product = numbers(text[text.index("W_e @ W_d") : text.index("with W")])
    assert product == pytest.approx([0.5] * 4, abs=0.03)


def test_what_the_vae_decodes_lies_along_the_diagonal(in_torch: Callable[[str], str]) -> None:
    below, zero, above = (
        numbers(pair) for pair in re.findall(r"\[(-?\d[^\]]*)\]", in_torch("vae"))
    )
    assert abs(max(zero, key=abs)) < 0.3
    assert below == pytest.approx([-x for x in above], abs=0.5)
    assert abs(above[0] - above[1]) < 0.3 < abs(above[0])


def test_convolution_knows_new_digits_better_than_the_plain_network(
    in_torch: Callable[[str], str],
) -> None:
    *_, seen_plain, new_plain = numbers(in_torch("digits_mlp"))
    *_, seen, new = numbers(in_torch("digits_cnn"))
    assert min(seen_plain, seen) > 0.9
    assert new > new_plain + 0.1


@pytest.mark.parametrize("name", ["digits_mlp", "digits_cnn"])
def test_larger_is_a_constant_at_the_top(name: str) -> None:
    text = FILES[name].read_text("utf-8")
    assert "\nlarger = False\n" in text


@pytest.mark.parametrize("name", NUMBERS)
def test_opens_without_a_wait(name: str) -> None:
    """All steps together are few enough to be recorded while nobody notices."""
    assert len(Session.open(FILES[name]).complete()) <= 20_000
