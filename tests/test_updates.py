"""The optimizer records against torch.optim: parameters and state after several steps."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from backprop_tui.ops.updates import SYMBOLS, UPDATES, hyperparameters

CASES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.2}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "maximize": True}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "betas": (0.8, 0.9), "eps": 0.01, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1, "amsgrad": True, "maximize": True}),
    ("AdamW", {"lr": 0.1}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.3, "maximize": True}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.1, "centered": True, "maximize": True}),
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.5, "weight_decay": 0.1}),
    ("Adagrad", {"lr": 0.1, "initial_accumulator_value": 0.7, "maximize": True}),
    ("NAdam", {}),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.2, "momentum_decay": 0.3, "maximize": True}),
    ("NAdam", {"betas": (0.8, 0.9), "weight_decay": 0.2, "decoupled_weight_decay": True}),
    ("RAdam", {"lr": 0.1}),
    ("RAdam", {"lr": 0.1, "betas": (0.8, 0.7), "weight_decay": 0.2}),
    ("RAdam", {"betas": (0.8, 0.999999), "weight_decay": 0.2, "decoupled_weight_decay": True}),
    ("Adamax", {}),
    ("Adamax", {"lr": 0.1, "betas": (0.5, 0.6), "weight_decay": 0.1, "maximize": True}),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.5, "rho": 0.7, "eps": 1e-3, "weight_decay": 0.1, "maximize": True}),
    ("ASGD", {}),
    ("ASGD", {"lr": 0.1, "lambd": 0.1, "alpha": 0.5, "t0": 1, "weight_decay": 0.1}),
    ("ASGD", {"lr": 0.1, "t0": 0, "maximize": True}),
    ("Rprop", {}),
    ("Rprop", {"lr": 0.1, "etas": (0.3, 1.6), "step_sizes": (0.09, 0.11), "maximize": True}),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_seven_steps_equal_torch(name: str, options: dict[str, object], dtype: str) -> None:
    rng = np.random.default_rng(0)
    param = rng.normal(size=(2, 3)).astype(dtype)
    theirs = torch.tensor(param, requires_grad=True)
    optimizer = getattr(torch.optim, name)([theirs], **options)
    hyper = hyperparameters(optimizer.param_groups[0])
    rule, state = UPDATES[name], {}
    for _ in range(7):
        grad = rng.normal(size=param.shape).astype(dtype)
        theirs.grad = torch.tensor(grad)
        optimizer.step()
        values = rule.values(param, grad, hyper, state)
        assert "param" in [line.target for line, _ in rule.run(values)]
        param, state = values.param, rule.state_of(values)
        their_state = {k: np.asarray(v) for k, v in optimizer.state[theirs].items()}
        assert state.keys() == their_state.keys()
        assert param.dtype == dtype
        tolerance = 1e-6 if dtype == "float32" else 1e-14
        np.testing.assert_allclose(
            param, theirs.detach().numpy(), rtol=tolerance, atol=tolerance, err_msg="param"
        )
        for key, value in state.items():
            np.testing.assert_allclose(value, their_state[key], rtol=1e-5, err_msg=key)


@pytest.mark.parametrize("name", UPDATES)
def test_formulas_speak_of_known_names_only(name: str) -> None:
    symbols = dict.fromkeys(SYMBOLS, "?")
    for line in UPDATES[name].assigns:
        assert line.target in SYMBOLS
        assert "$" not in line.formula.fill(**symbols), line.formula.text
        assert "$" not in line.formula.fill_latex(**symbols), line.formula.latex


def test_the_first_step_of_momentum_is_the_gradient() -> None:
    rule = UPDATES["SGD"]
    hyper = {
        "lr": 0.1,
        "momentum": 0.9,
        "dampening": 0.0,
        "nesterov": False,
        "weight_decay": 0.0,
        "maximize": False,
    }
    first = rule.values(np.ones(1), np.ones(1), hyper, {})
    assert [line.formula.text for line in rule.active(first)] == [
        "$grad",
        "$param − $lr · $momentum_buffer",
    ]
