"""Scripts of real PyTorch code, run plainly and recorded, and what is known of both."""

from __future__ import annotations

import contextlib
import io
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from backprop_tui.recording import run_script
from backprop_tui.trace.steps import Accumulate, Backward, Failed, Step
from backprop_tui.trace.trace import Trace

HEAD = """import torch
from torch import nn
from torch.nn import functional as F
from probe import graph, grads, show

torch.manual_seed(0)
"""
#: The last thing of each script: the random numbers went on as without recording.
TAIL = "\nshow(torch.rand(2))\n"
#: The first line of a script's own in its file.
FIRST = HEAD.count("\n") + 1


@dataclass
class Told:
    """What a script told of itself: its output, gradients by name, the Nodes that backward ran."""

    output: str = ""
    error: str = ""
    status: int = 0
    grads: list[dict[str, Any]] = field(default_factory=list)
    nodes: list[list[str]] = field(default_factory=list)


@contextlib.contextmanager
def _probed(told: Told) -> Iterator[None]:
    probe = ModuleType("probe")
    vars(probe).update(
        show=lambda *tensors: print([_numbers(t) for t in tensors]),
        grads=lambda **named: told.grads.append({n: t.grad.clone() for n, t in named.items()}),
        graph=lambda root: told.nodes.append(_nodes(root)),
    )
    output, error = io.StringIO(), io.StringIO()
    sys.modules["probe"] = probe
    try:
        with (
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(error),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        del sys.modules["probe"]
        told.output, told.error = output.getvalue(), error.getvalue()


def _numbers(tensor: torch.Tensor) -> Any:
    tensor = tensor.detach()
    if tensor.layout is not torch.strided:
        tensor = tensor.to_dense()
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor)
    return tensor.tolist()


def _nodes(root: torch.Tensor) -> list[str]:
    seen: dict[Any, str] = {}
    stack = [root.grad_fn]
    while stack:
        node = stack.pop()
        if node is not None and node not in seen:
            seen[node] = node.name().rpartition(":")[2]
            stack += [target for target, _ in node.next_functions]
    return sorted(seen.values())


def plainly(script: Path) -> Told:
    """The script, run without recording."""
    told = Told()
    code = compile(script.read_text(), str(script), "exec")
    module = ModuleType("__main__")
    before, path = sys.modules["__main__"], sys.path[:]
    sys.modules["__main__"] = module
    sys.path.insert(0, str(script.parent))
    try:
        with _probed(told):
            exec(code, vars(module))
    except Exception as error:
        told.status, told.error = 1, f"{type(error).__name__}: {error}"
    finally:
        sys.modules["__main__"] = before
        sys.path[:] = path
        _forget(script.parent)
    return told


def recorded(script: Path, **options: Any) -> tuple[Told, Trace]:
    """The script, recorded."""
    told, traces = Told(), []
    try:
        with _probed(told):
            told.status = run_script(script, ("--given", "1"), done=traces.append, **options)
    finally:
        _forget(script.parent)
    return told, traces[0]


def _forget(folder: Path) -> None:
    """Modules that a script imported from beside it are imported anew by the next."""
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]


def write(folder: Path, source: str, **beside: str) -> Path:
    """A script of these lines, and files beside it."""
    for name, text in beside.items():
        (folder / f"{name}.py").write_text(text)
    script = folder / "script.py"
    script.write_text(HEAD + source + TAIL)
    return script


def ran(trace: Trace) -> list[list[str]]:
    """For each backward the names of the Nodes that ran."""
    found: list[list[str]] = []
    for step in trace:
        if type(step).__name__ == "SeedGrad":
            found.append([])
        elif isinstance(step, Backward) or (isinstance(step, Accumulate) and step.node is not None):
            found[-1].append(step.node.name)
    return [sorted(names) for names in found]


def named(trace: Trace) -> dict[str, Any]:
    """The last value told under each name."""
    found: dict[str, Any] = {}
    for step in trace:
        for one in getattr(step, "binds", ()):
            found[one.name] = one.value
    return found


def line(trace: Trace, step: Step) -> str:
    """The text of the statement that a step is in."""
    return trace.text(step.where.statement)


def failure(trace: Trace) -> Failed | None:
    """The step at which the script failed."""
    last = trace[len(trace) - 1] if len(trace) else None
    return last if isinstance(last, Failed) else None
