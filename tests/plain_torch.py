"""What PyTorch itself makes of scenario files: what they print, and every backward they run.

It is asked on standard input, ``["FILE", traced]`` as JSON in a line, and answers with a pickle
``{"text": …, "backwards": [[node, …], …]}``, or ``{"error": traceback}``. Each file runs in a fork
of its own: as in a fresh Python, but torch is imported once.

A node is {"name", "next", "incoming", "outgoing"}. The nodes of one backward are listed in the
order in which they ran; ``next`` holds, per edge, [position in that list, input number] or None.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import pickle
import runpy
import sys
import traceback
import warnings
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import torch

from backprop_tui.scenario.beside import Drawing
from backprop_tui.scenario.surface import NAMESPACES


def printed(path: str) -> str:
    """What plain Python prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        runpy.run_path(path, run_name="__main__")
    return out.getvalue()


def traced(path: str) -> dict[str, Any]:
    """What plain Python prints, and every call of ``backward`` as the nodes that ran."""
    runs: list[list[dict[str, Any]]] = []
    plain = torch.Tensor.backward

    def watched(self: torch.Tensor, *args: Any, **kwargs: Any) -> None:
        runs.append(nodes_of(self, lambda: plain(self, *args, **kwargs)))

    torch.Tensor.backward = watched  # type: ignore[method-assign]
    try:
        text = printed(path)
    finally:
        torch.Tensor.backward = plain  # type: ignore[method-assign]
    return {"text": text, "backwards": runs}


def nodes_of(root: torch.Tensor, run: Any) -> list[dict[str, Any]]:
    """The nodes below ``root`` in the order in which ``run()`` runs them."""
    reachable = {root.grad_fn: None}
    waiting = [root.grad_fn]
    for node in waiting:
        new = [m for m, _ in node.next_functions if m and m not in reachable]
        reachable |= dict.fromkeys(new)
        waiting += dict.fromkeys(new)
    ran: list[Any] = []
    gradients: list[tuple[Any, Any]] = []

    def hook(node: Any) -> Any:
        def after(grad_inputs: Any, grad_outputs: Any) -> None:
            ran.append(node)
            gradients.append((as_arrays(grad_outputs), as_arrays(grad_inputs)))

        return after

    handles = [node.register_hook(hook(node)) for node in reachable]
    run()
    for handle in handles:
        handle.remove()
    position = {node: place for place, node in enumerate(ran)}
    return [
        {
            "name": node.name().rpartition("::")[2],
            "next": [[position[m], number] if m else None for m, number in node.next_functions],
            "incoming": incoming,
            "outgoing": outgoing,
        }
        for node, (incoming, outgoing) in zip(ran, gradients, strict=True)
    ]


def as_arrays(tensors: Any) -> list[Any]:
    """The numbers of tensors as they are now; None stays None."""
    return [None if t is None else t.detach().numpy().copy() for t in tensors]


def without_pictures() -> None:
    """Where matplotlib is not installed, a stand-in that draws nothing."""
    if "matplotlib" in sys.modules or find_spec("matplotlib") is not None:
        return
    for name in ("matplotlib", "matplotlib.pyplot"):
        module = sys.modules[name] = ModuleType(name)
        vars(module).update({each: Drawing(each) for each in NAMESPACES[name]})
    vars(sys.modules["matplotlib"])["pyplot"] = sys.modules["matplotlib.pyplot"]


def answer(path: str, watched: bool) -> dict[str, Any]:
    """What a file prints and, if it is watched, its backwards."""
    try:
        return traced(path) if watched else {"text": printed(path), "backwards": []}
    except BaseException:
        return {"error": traceback.format_exc()}


if __name__ == "__main__":
    without_pictures()
    warnings.simplefilter("ignore")
    # One thread: tests share their cores, and threads that wait for each other cost the most.
    torch.set_num_threads(1)
    # The first optimizer imports half of PyTorch: once, not in every fork.
    torch.optim.SGD([torch.zeros(1)])
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if not child:
            pickle.dump(answer(*json.loads(line)), sys.stdout.buffer)
            sys.stdout.buffer.flush()
            os._exit(0)
        os.waitpid(child, 0)
