"""torch's further functions: both engines film them alike, step for step, and refuse alike."""

from __future__ import annotations

import pytest
from op_samples import SAMPLES
from test_ops import INPUTS
from test_torch_engine import differs

#: The vectors of a decomposition are known up to their sign, and two libraries choose their own.
UP_TO_SIGN = ("svd", "norm(x, 2)", "'nuc'")
CASES = [
    (name, sample)
    for name, samples in SAMPLES.items()
    for sample in samples
    if not any(part in sample for part in UP_TO_SIGN)
]
GIVEN = "f = torch.float32\n" + "\n".join(f"{name} = {made}" for name, made in INPUTS.items())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "sample"), CASES)
def test_both_engines_tell_the_same(name: str, sample: str) -> None:
    program = f"{GIVEN}\ny = {sample}\nif y.requires_grad:\n    (y * y).sum().backward()\n"
    assert differs(program) is None
