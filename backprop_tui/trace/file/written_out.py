"""What is written most, written out: the words that ``layout.Writers`` would append, sooner.

A training of tiny tensors does little else: of what recording one to a file costs, following the
declarations field by field is half. A test holds each of these to the words that Writers append.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from backprop_tui.engines.base import Edge, NodeValue, TensorValue
from backprop_tui.trace.file.layout import NONE
from backprop_tui.trace.steps import Accumulate, Backward, Forward, Span, Update, Where

Number = Callable[[Any], int]
_Put = Callable[[Any], None]


def value(
    words: list[int], number: Mapping[type[Any], Number], texts: Mapping[str, int]
) -> Callable[[TensorValue], None]:
    """What appends a TensorValue."""
    extend, array = words.extend, number[np.ndarray]

    def put(value: TensorValue) -> None:
        node, grad_fn = value.node, value.grad_fn
        extend(
            (
                value.tensor,
                array(value.data),
                texts[value.dtype],
                value.requires_grad,
                value.is_leaf,
                NONE if grad_fn is None else texts[grad_fn],
                NONE if node is None else node,
                value.retains_grad,
                texts[value.device],
            )
        )

    return put


def place(
    words: list[int], number: Mapping[type[Any], Number], texts: Mapping[str, int]
) -> Callable[[Where], None]:
    """What appends a Where."""
    append, extend, span = words.append, words.extend, number[Span]

    def put(where: Where) -> None:
        extend((span(where.statement), span(where.expression), len(where.scopes)))
        for scope in where.scopes:
            append(texts[scope])
        extend((where.call, len(where.loops)))
        for loop in where.loops:
            total = loop.total
            extend((texts[loop.name], loop.number, NONE if total is None else total))
        extend((texts[where.module], where.grad_enabled))

    return put


def node(words: list[int], texts: Mapping[str, int]) -> Callable[[NodeValue], None]:
    """What appends a NodeValue."""
    append, extend = words.append, words.extend

    def put(node: NodeValue) -> None:
        edges = node.next_functions
        extend((node.node, texts[node.name], node.sequence_nr, len(edges)))
        for edge in edges:
            if edge is None:
                append(NONE)
            else:
                extend(_edge(edge))

    return put


def steps(
    words: list[int],
    number: Mapping[type[Any], Number],
    texts: Mapping[str, int],
    plain: Number,
    rest: Callable[[Forward], None],
) -> dict[type[Any], _Put]:
    """What appends steps; ``rest`` appends what few Forwards have."""
    append, extend = words.append, words.extend
    array, place, node, value = (number[cls] for cls in (np.ndarray, Where, NodeValue, TensorValue))

    def forward(step: Forward) -> None:
        inputs, outputs = step.inputs, step.outputs
        extend((place(step.where), texts[step.op], len(inputs)))
        for operand in inputs:
            item = operand.value
            known = type(item) is TensorValue
            extend((texts[operand.name], 2 * value(item) if known else 2 * plain(item) + 1))
        extend((plain(step.attrs), len(outputs)))
        for output in outputs:
            append(value(output))
        append(NONE if step.node is None else node(step.node))
        if step.changed or step.binds or step.grads:
            rest(step)
        else:
            extend((0, 0, 0))

    def backward(step: Backward) -> None:
        incoming, outgoing = step.incoming, step.outgoing
        extend((place(step.where), node(step.node), len(incoming)))
        for gradient in incoming:
            append(NONE if gradient is None else array(gradient))
        append(len(outgoing))
        for out in outgoing:
            if out is None:
                append(NONE)
            else:
                unreduced, before = out.unreduced, out.before
                extend(_edge(out.edge))
                extend(
                    (
                        array(out.grad),
                        NONE if unreduced is None else array(unreduced),
                        NONE if before is None else array(before),
                        array(out.after),
                    )
                )

    def accumulate(step: Accumulate) -> None:
        before = step.before
        extend(
            (
                place(step.where),
                value(step.tensor),
                NONE if step.node is None else node(step.node),
                array(step.incoming),
                NONE if before is None else array(before),
                array(step.after),
            )
        )

    def update(step: Update) -> None:
        extend(
            (
                place(step.where),
                texts[step.optimizer],
                plain(step.group),
                array(step.grad),
                value(step.before),
                value(step.after),
                plain(step.state_before),
                plain(step.state_after),
            )
        )

    return {Forward: forward, Backward: backward, Accumulate: accumulate, Update: update}


def _edge(edge: Edge) -> tuple[int, int, int]:
    return edge.node, edge.index, NONE if edge.variable is None else edge.variable
