"""The text of a tensor equals PyTorch's to the letter, given the same array."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from backprop_tui.engines.numpy_engine.creation import tensor
from backprop_tui.engines.numpy_engine.engine import NumpyEngine
from backprop_tui.engines.numpy_engine.formatting import (
    DEFAULT,
    format_tensor,
    set_printoptions,
    tensor_text,
)
from backprop_tui.engines.numpy_engine.functional import set_printoptions as set_options
from backprop_tui.engines.numpy_engine.tensor import Parameter


def check(array: np.ndarray, **flags: object) -> None:
    theirs = torch.tensor(array)
    grad_fn = None
    if flags.get("parameter"):
        theirs = torch.nn.Parameter(theirs)
        flags["requires_grad"] = True
    elif flags.get("requires_grad"):
        theirs.requires_grad_()
    if flags.pop("computed", False):
        theirs = theirs * 1
        grad_fn = "MulBackward0"
    assert tensor_text(array, str(theirs.dtype), grad_fn=grad_fn, **flags) == repr(theirs)


F32 = np.float32
nan, inf = np.nan, np.inf
CASES = [
    F32(1),
    F32(0.1),
    F32(-0.0),
    F32(1e-5),
    F32(1e9),
    F32(nan),
    F32(inf),
    F32([0.5, -0.3]),
    F32([1, 2, 3]),
    F32([1, 2.5, nan]),
    F32([1, nan, -inf]),
    F32([0, 0, 0]),
    F32([nan, nan]),
    F32([1, 1000]),
    F32([1, 1001]),
    F32([0.5, 501]),
    F32([1e-4, 1e-2]),
    F32([9.9e-5, 1e-2]),
    F32([1e8]),
    F32([1.0001e8]),
    F32([1e-45, 3e38]),
    np.float64([1e-300, 1e300]),
    np.float64([0.1, 0.25]),
    np.int64(7),
    np.int64([1, -20, 300]),
    np.int32([[1, 2], [3, 4]]),
    np.uint8([1, 255]),
    np.bool_(True),
    np.array([True, False]),
    np.zeros(0, F32),
    np.zeros(0, np.int64),
    np.zeros((0, 3), F32),
    np.zeros((2, 0), np.float64),
    np.zeros((0, 2), bool),
    np.arange(1000, dtype=F32),
    np.arange(1001, dtype=F32),
    np.arange(1001) * F32(0.5),
    np.arange(1001),
    np.arange(2000, dtype=F32).reshape(2, 1000),
    np.arange(2000, dtype=F32).reshape(1000, 2),
    np.arange(4000, dtype=F32).reshape(10, 20, 20) / F32(7),
    np.arange(1100).reshape(11, 10, 10) % 2 == 0,
    np.linspace(-1, 1, 40).astype(F32),
    np.linspace(-1, 1, 40).astype(F32).reshape(2, 20),
    np.arange(24, dtype=F32).reshape(2, 3, 4),
    np.arange(24, dtype=F32).reshape(2, 1, 3, 4) / F32(3),
    np.arange(16, dtype=F32),
    np.arange(17, dtype=F32) + F32(100),
]


@pytest.mark.parametrize("array", CASES, ids=range(len(CASES)))
def test_hand_cases(array: np.ndarray) -> None:
    array = np.asarray(array)
    check(array)
    if array.dtype.kind == "f":
        check(array, requires_grad=True)
        check(array, requires_grad=True, computed=True)
        check(array, parameter=True)


@pytest.mark.parametrize("length", range(1, 26))
def test_suffixes_break_the_line_where_torch_does(length: int) -> None:
    check(np.full(length, 0.25, np.float64), requires_grad=True)
    check(np.full(length, 0.25, np.float64), requires_grad=True, computed=True)


shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
near_one = st.floats(-20, 20, width=32)
any_float = st.floats(width=32, allow_nan=True, allow_infinity=True)
whole = st.integers(-2000, 2000).map(float)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([near_one, any_float, whole, st.one_of(whole, near_one)]).flatmap(
        lambda elements: hnp.arrays(np.float32, shapes, elements=elements)
    ),
    st.booleans(),
)
def test_any_float32(array: np.ndarray, requires_grad: bool) -> None:
    check(array, requires_grad=requires_grad)


@settings(max_examples=100, deadline=None)
@given(hnp.arrays(st.sampled_from([np.float64, np.int64, np.int32, np.bool_]), shapes))
def test_any_dtype(array: np.ndarray) -> None:
    check(array)


OPTIONS = [
    {"precision": 2},
    {"precision": 0},
    {"precision": 8},
    {"sci_mode": True},
    {"sci_mode": False, "precision": 6},
    {"linewidth": 30},
    {"threshold": 5},
    {"threshold": 5, "edgeitems": 1},
    {"threshold": 5, "edgeitems": 0},
    {"profile": "short"},
    {"profile": "full"},
    {"profile": "default", "precision": 3},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize(
    "array",
    [F32([0.001234567, 3.14159265, 1e-6]), np.arange(30, dtype=F32).reshape(5, 6), F32([1, 2])],
    ids=["floats", "matrix", "whole"],
)
def test_print_options(options: dict[str, object], array: np.ndarray) -> None:
    ours = tensor_text(array, options=set_printoptions(DEFAULT, **options))
    before = torch._tensor_str.get_printoptions()
    try:
        torch.set_printoptions(**options)
        assert ours == repr(torch.tensor(array))
    finally:
        torch.set_printoptions(**before)


def test_a_precision_without_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="precision must be between 0 and 100"):
        set_printoptions(DEFAULT, precision=10**9)


def test_default_dtype_is_not_named() -> None:
    array = np.float64([0.5])
    assert tensor_text(array, "torch.float64", default_dtype="torch.float64") == "tensor([0.5000])"


@pytest.mark.parametrize(
    ("array", "spec"),
    [
        (F32(0.12345), ".4f"),
        (F32(0.1), ""),
        (np.float64(1 / 3), ".10g"),
        (np.int64(3), "5d"),
        (np.bool_(True), ""),
        (F32([1, 2]), ""),
    ],
    ids=str,
)
def test_format(array: np.ndarray, spec: str) -> None:
    array = np.asarray(array)
    theirs = torch.tensor(array)
    assert format_tensor(array, tensor_text(array, str(theirs.dtype)), spec) == format(theirs, spec)


@pytest.mark.parametrize("parameter", [False, True])
def test_a_spec_needs_a_number(parameter: bool) -> None:
    theirs = torch.tensor([1.0])
    theirs = torch.nn.Parameter(theirs) if parameter else theirs
    with pytest.raises(TypeError) as expected:
        format(theirs, ".4f")
    with pytest.raises(TypeError) as raised:
        format_tensor(F32([1]), "", ".4f", parameter=parameter)
    assert str(raised.value) == str(expected.value)


def test_a_tensor_prints_itself() -> None:
    with NumpyEngine().active():
        x = tensor([0.5, -0.3], requires_grad=True)
        assert repr(x) == "tensor([ 0.5000, -0.3000], requires_grad=True)"
        assert repr(x * 2) == "tensor([ 1.0000, -0.6000], grad_fn=<MulBackward0>)"
        assert repr(Parameter(tensor([1.0]))) == (
            "Parameter containing:\ntensor([1.], requires_grad=True)"
        )
        assert f"{x.sum():.3f}" == "0.200"


def test_print_options_belong_to_an_engine() -> None:
    first, second = NumpyEngine(), NumpyEngine()
    with first.active():
        set_options(precision=2, sci_mode=False)
        assert repr(tensor(0.12345)) == "tensor(0.12)"
    with second.active():
        assert repr(tensor(0.12345)) == "tensor(0.1235)"
