"""A few lines of PyTorch as a Trace, and what the explanation of a step says."""

from __future__ import annotations

from backprop_tui.explain import Explanation, explain
from backprop_tui.session import Session
from backprop_tui.trace.steps import Failed
from backprop_tui.trace.trace import Trace


def record(source: str) -> Trace:
    """The trace of a program; ``import torch`` and F are there already."""
    head = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n"
    trace = Session.of_text(head + source).complete()
    failed = [step for step in trace if isinstance(step, Failed)]
    assert not failed, failed[0].message
    return trace


def steps_of(trace: Trace, kind: type, title: str = "") -> list[int]:
    """The indices of the steps of one kind whose explanation's title contains ``title``."""
    return [
        step.index
        for step in trace
        if isinstance(step, kind) and title in explain(trace, step.index).title
    ]


def lines(explanation: Explanation, heading: str = "") -> list[str]:
    """The text of the lines under a heading, or of all."""
    return [
        line.text
        for part in explanation.parts
        if heading in ("", part.heading)
        for line in part.lines
    ]
