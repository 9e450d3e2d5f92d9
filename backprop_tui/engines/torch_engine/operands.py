"""An operation's arguments and what it returned, mentioned.

aten.addmm(b, x, wᵀ)  → z        references, as the dispatch mode was given them
(plan, [b, x, wᵀ], {}, [z], …)   mentions, as the decoder wants them
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from backprop_tui.engines.base import Scalar
from backprop_tui.engines.torch_engine.aten import Plan
from backprop_tui.engines.torch_engine.mentions import Mention, Mentions
from backprop_tui.engines.torch_engine.room import tensors_of

#: Tensors that were numbers as the call is written.
Numbers = Sequence[tuple[Any, Scalar]]


def operation(
    mentions: Mentions,
    plan: Plan,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    output: Any,
    numbers: Numbers,
) -> tuple[Any, ...]:
    """What ``Decoder.forward`` is told of an operation that ran."""
    given, named, known = operands(mentions, args, kwargs, numbers)
    return plan, given, named, outputs(mentions, plan, output), known, None


def operands(
    mentions: Mentions, args: Sequence[Any], kwargs: Mapping[str, Any], numbers: Numbers
) -> tuple[list[Any], Mapping[str, Any], Mapping[Mention, Scalar]]:
    """Its arguments, and which of them were numbers."""
    known = {mentions.of(tensor): number for tensor, number in numbers}
    given = [_mentioned(mentions, value) for value in args]
    if kwargs:
        kwargs = {name: _mentioned(mentions, value) for name, value in kwargs.items()}
    return given, kwargs, known


def _mentioned(mentions: Mentions, value: Any) -> Any:
    """The value with its tensors mentioned."""
    if isinstance(value, torch.Tensor):
        return mentions.seen(value)
    if type(value) in (list, tuple):
        return [_mentioned(mentions, part) for part in value]
    return value


def outputs(mentions: Mentions, plan: Plan, output: Any) -> list[Mention]:
    """What is told of its output."""
    if isinstance(output, torch.Tensor):
        told = mentions.seen(output)
        if plan.view or plan.reshapes:
            told.version = -1  # autograd has still to make it one with its base's, or count
        return [told]
    tensors = tensors_of(output)[: plan.told]
    if plan.name == "unsafe_split":
        for tensor in tensors:
            mentions.book.apart(tensor)
    several = [mentions.seen(tensor) for tensor in tensors]
    for told in several if plan.view else ():
        told.version = -1
    return several
