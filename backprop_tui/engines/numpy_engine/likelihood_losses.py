"""The losses of ``torch.nn.functional`` that are the likelihood of a number: Poisson's, Gauss's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine import tensor as tensors
from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.autograd import no_grad
from backprop_tui.engines.numpy_engine.inplace import apply_
from backprop_tui.engines.numpy_engine.loss_functions import check_reduction, reduced
from backprop_tui.engines.numpy_engine.pointwise import (
    add,
    div,
    le,
    lt,
    masked_fill,
    mul,
    pow,
    sub,
)

__all__ = ["gaussian_nll_loss", "poisson_nll_loss"]


def poisson_nll_loss(
    input: Any,
    target: Any,
    log_input: bool = True,
    full: bool = False,
    old: Any = None,
    eps: float = 1e-8,
    older: Any = None,
    reduction: str = "mean",
) -> Any:
    """exp(x) − y · x: of the logarithm of a rate, and a count."""
    check_reduction(reduction)
    if log_input:
        products = mul(target, input)  # PyTorch's compiler works out the right side first
        loss = sub(input.exp(), products)
    else:
        loss = sub(input, mul(target, apply("add.scalar", input, other=eps).log()))
    if full:
        loss = apply_("add", loss, _stirling(target))
    return reduced(loss, reduction)


def _stirling(target: Any) -> Any:
    """About log(y!), for y above 1."""
    around = apply("mul.scalar", target, other=2 * math.pi).log()
    half = apply("mul.scalar", around, other=0.5)
    term = add(sub(mul(target, target.log()), target), half)
    return masked_fill(term, le(target, 1), 0)


def gaussian_nll_loss(
    input: Any,
    target: Any,
    var: Any,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Any:
    """½ (log σ² + (y − x)² / σ²): of a mean and a variance."""
    if isinstance(var, float):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        var = mul(tensors.Tensor(np.ones_like(input.array)), var)
    elif bool(lt(var, 0).any()):
        raise ValueError("var has negative entry/entries")
    size, of_var = input.array.shape, var.array.shape
    if of_var != size:
        if size[:-1] == of_var:
            var = var.unsqueeze(-1)
        else:
            other = [n for m, n in zip(size, of_var, strict=False) if m != n]
            if len(size) != len(of_var) or other != [1]:
                raise ValueError("var is of incorrect size")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction + " is not valid")
    var = var.clone()
    with no_grad():
        var = var.clamp_(min=eps)
    loss = mul(add(var.log(), div(pow(sub(input, target), 2), var)), 0.5)
    if full:
        loss = apply_("add", loss, 0.5 * math.log(2 * math.pi))
    return reduced(loss, reduction)
