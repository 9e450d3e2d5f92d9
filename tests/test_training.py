"""Whole training runs on both sides: data, model, loss, optimizer and random numbers together."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import backprop_tui.engines.numpy_engine.random as R
from backprop_tui.engines.numpy_engine import data, datasets, nn, optim
from backprop_tui.engines.numpy_engine.creation import tensor
from backprop_tui.engines.numpy_engine.engine import NumpyEngine
from backprop_tui.engines.numpy_engine.tensor import Tensor

OURS = SimpleNamespace(
    nn=nn,
    optim=optim,
    data=SimpleNamespace(**{**vars(datasets), **vars(data)}),
    tensor=tensor,
    randn=R.randn,
    manual_seed=R.manual_seed,
)
TORCH = SimpleNamespace(
    nn=torch.nn, optim=torch.optim, data=torch.utils.data, tensor=torch.tensor,
    randn=torch.randn, manual_seed=torch.manual_seed,
)  # fmt: skip

CORNERS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]


def numbers(value: object) -> np.ndarray:
    return value.array if isinstance(value, Tensor) else value.detach().numpy()


def run(t: SimpleNamespace, build: object, loss: object, step: object) -> list[np.ndarray]:
    """Parameters before and after, and every loss of five epochs."""
    t.manual_seed(0)
    x = t.tensor(CORNERS) + t.randn(4, 2) * 0.01
    y = t.tensor([[0.0], [1.0], [1.0], [0.0]])
    model, criterion = build(t.nn), loss(t.nn)
    optimizer = step(t.optim, model)
    kept = [numbers(p).copy() for p in model.parameters()]
    for _ in range(5):
        for rows, targets in t.data.DataLoader(t.data.TensorDataset(x, y), 3, shuffle=True):
            optimizer.zero_grad()
            value = criterion(model(rows), targets)
            value.backward()
            optimizer.step()
            kept.append(numbers(value).copy())
    return [*kept, *(numbers(p) for p in model.parameters())]


RUNS = {
    "SGD, sigmoids, BCE": (
        lambda n: n.Sequential(n.Linear(2, 4), n.Sigmoid(), n.Linear(4, 1), n.Sigmoid()),
        lambda n: n.BCELoss(),
        lambda o, m: o.SGD(m.parameters(), lr=0.1),
    ),
    "momentum, tanh, MSE": (
        lambda n: n.Sequential(n.Linear(2, 3), n.Tanh(), n.Linear(3, 1)),
        lambda n: n.MSELoss(),
        lambda o, m: o.SGD(m.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01),
    ),
    "Adam, ReLU, logits, dropout": (
        lambda n: n.Sequential(n.Linear(2, 8), n.ReLU(), n.Dropout(0.25), n.Linear(8, 1)),
        lambda n: n.BCEWithLogitsLoss(),
        lambda o, m: o.Adam(m.parameters(), lr=0.05),
    ),
    "RMSprop, ELU, smooth L1": (
        lambda n: n.Sequential(n.Linear(2, 4), n.ELU(), n.Linear(4, 1)),
        lambda n: n.SmoothL1Loss(),
        lambda o, m: o.RMSprop([{"params": m[0].parameters()}, {"params": m[2].parameters()}]),
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_training_equals_torch(name: str) -> None:
    with NumpyEngine().active():
        mine, theirs = (run(t, *RUNS[name]) for t in (OURS, TORCH))
    for number, (a, b) in enumerate(zip(mine, theirs, strict=True)):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5, err_msg=f"value {number}")


def test_a_step_between_two_backwards_is_noticed() -> None:
    found = []
    for t in (OURS, TORCH):
        t.manual_seed(0)
        model = t.nn.Sequential(t.nn.Linear(2, 2), t.nn.Linear(2, 1))
        optimizer = t.optim.AdamW(model.parameters())
        loss = model(t.tensor(CORNERS)).sum()
        loss.backward(retain_graph=True)
        optimizer.step()
        with pytest.raises(RuntimeError, match="modified by an inplace operation") as raised:
            loss.backward()
        [version] = re.findall(r"is at version \d+; expected version \d+", str(raised.value))
        found.append(version)
    assert found[0] == found[1]
