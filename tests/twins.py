"""The same lines of PyTorch run by PyTorch and by the NumPy engine.

    run(TORCH, "x = torch.ones(2)\ny = x * 2")  ──▶ {"x": …, "y": …}

What is compared is read from both sides by the same functions, because both speak PyTorch's
attribute names.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional

from backprop_tui.engines.numpy_engine.names import lookup


class Namespace:
    """``torch`` (or ``torch.nn.functional`` …) as the NumPy engine offers it."""

    def __init__(self, dotted: str) -> None:
        self._dotted = dotted

    def __getattr__(self, name: str) -> Any:
        known, value = lookup(f"{self._dotted}.{name}")
        return value if known else Namespace(f"{self._dotted}.{name}")


TORCH = {"torch": torch, "F": torch.nn.functional, "nn": torch.nn}
OURS = {
    "torch": Namespace("torch"),
    "F": Namespace("torch.nn.functional"),
    "nn": Namespace("torch.nn"),
}


def run(side: dict[str, Any], program: str) -> dict[str, Any]:
    """The names that the program leaves behind."""
    names = dict(side)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(program, "program", "exec"), names)
    return names


def outcome(side: dict[str, Any], program: str) -> str:
    """What the program ends with: its ``result`` as text, or its error."""
    try:
        return repr(run(side, program).get("result"))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def array(tensor: Any) -> Any:
    """The numbers of a tensor of either side."""
    return np.asarray(tensor.detach().numpy())


def label(node: Any) -> str:
    return node.name().rpartition(":")[2]


def drawn(tensor: Any) -> str:
    """The graph above a tensor on one line, shared Nodes numbered: ``Mul#1(*, -)``."""
    seen: dict[int, int] = {}
    keep: list[Any] = []

    def text(node: Any, index: int) -> str:
        if node is None:
            return "-"
        output = f".{index}" if index else ""
        if id(node) in seen:
            return f"#{seen[id(node)]}{output}"
        seen[id(node)] = len(seen) + 1
        keep.append(node)
        inputs = ", ".join(text(n, i) for n, i in node.next_functions)
        return f"{label(node)}#{seen[id(node)]}{output}({inputs})"

    if tensor.grad_fn is None:
        return "leaf" if tensor.requires_grad else "no graph"
    return text(tensor.grad_fn, tensor.output_nr)


def order_of(root: Any, backward: Callable[[], Any]) -> list[str]:
    """The Nodes in the order in which ``backward()`` runs them, numbered as found from the root."""
    nodes = [root.grad_fn]
    for node in nodes:
        nodes += [n for n, _ in node.next_functions if n is not None and n not in nodes]
    ran: list[str] = []

    def watch(number: int, node: Any) -> None:
        node.register_hook(lambda *grads: ran.append(f"{label(node)}#{number}"))

    for number, node in enumerate(nodes):
        watch(number, node)
    backward()
    return ran


def close(ours: Any, theirs: Any, wide: bool) -> bool:
    """Whether two arrays are the same to rounding, in dtype and shape exactly."""
    if ours.dtype != theirs.dtype or ours.shape != theirs.shape:
        return False
    tolerance = 1e-9 if wide else 3e-5
    return bool(np.allclose(ours, theirs, rtol=tolerance, atol=tolerance / 10, equal_nan=True))


def difference(mine: Any, theirs: Any, wide: bool = False) -> str:
    """What differs between a tensor here and the same in PyTorch; "" if nothing does."""
    if (mine is None) != (theirs is None):
        return f"{mine} here, {theirs} in PyTorch"
    if mine is None:
        return ""
    if str(mine.dtype) != str(theirs.dtype):
        return f"dtype {mine.dtype}, in PyTorch {theirs.dtype}"
    if not close(array(mine), array(theirs), wide):
        return f"values\n{array(mine)}\nin PyTorch\n{array(theirs)}"
    if drawn(mine) != drawn(theirs):
        return f"graph {drawn(mine)}\nin PyTorch {drawn(theirs)}"
    return ""
