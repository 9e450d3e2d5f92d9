"""The bundled scenarios under plain Python with PyTorch: what they print is what the notes say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from same_text import difference

HERE = Path(__file__).parent
SCENARIOS = HERE.parent / "scenarios"
FILES = {path.stem: path for path in sorted(SCENARIOS.glob("*/*.py"))}

#: What a scenario must print, in this order (numbers of the notes and of published examples).
NUMBERS = {
    "square": "tensor(4. ; PowBackward0 ; x.grad = tensor(4.) ; y.grad = None",
    "polynomial": "tensor(9. ; dz/dx = tensor(6.) ; by hand: 6.0",
    "uv_plus_u2": "f = 3.0 ; df/du = 4.0 ; df/dv = 1.0",
    "leaf_and_retain_grad": "a.grad = tensor(12.) ; x.grad = tensor(24.) ; p.grad = tensor(6.)",
    "accumulation": "tensor(4.) ; tensor(8.) ; tensor(4.) ; None ; False ; requires_grad True",
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
def in_torch(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """For each scenario what it prints under PyTorch, and every backward it runs."""
    ten_thousand = tmp_path_factory.mktemp("scenarios") / "ten_thousand.py"
    rounds = FILES["matt_mazur_rounds"].read_text("utf-8")
    assert "\nrounds = 100\n" in rounds
    rounds = rounds.replace("rounds = 100\n", "rounds = 10_000\n")
    ten_thousand.write_text(rounds.replace(" % 20 ", " % 1000 "), "utf-8")
    paths = [*FILES.values(), "--", ten_thousand]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", HERE / "plain_torch.py", *paths],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {Path(path).stem: answer for path, answer in json.loads(done.stdout).items()}


def test_every_scenario_has_its_numbers_here() -> None:
    assert set(FILES) == set(NUMBERS) - {"ten_thousand"}


@pytest.mark.parametrize("name", NUMBERS)
def test_prints_the_numbers_of_the_notes(name: str, in_torch: dict[str, Any]) -> None:
    text = in_torch[name]["text"]
    at = 0
    for part in NUMBERS[name].split(" ; "):
        found = text.find(part, at)
        assert found >= 0, f"{part!r} is missing in what is left:\n{text[at:]}\nof\n{text}"
        at = found + len(part)


def test_the_module_version_learns_the_same_as_the_hand_written_one(
    in_torch: dict[str, Any],
) -> None:
    def numbers(name: str) -> list[str]:
        text = in_torch[name]["text"]
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
