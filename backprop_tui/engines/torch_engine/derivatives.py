"""Which of PyTorch's own Nodes can run unobserved, and what their gradients were before the sum.

    b + x ──▶ AddBackward0 ──▶ sum ──▶ b.grad     unreduced is what came in: nothing to be seen
    b * x ──▶ MulBackward0 ──▶ sum ──▶ b.grad     unreduced is inside: the Node has to be observed
    w * x, of one shape                           there is no sum

A Node that is not named here has to be observed.
"""

from __future__ import annotations

from typing import Any

import torch

#: Each of them sums no gradient back to a smaller shape, whatever the shapes.
_WHOLE = frozenset(
    f"{name}Backward{number}"
    for number, names in enumerate(
        (
            "Abs AdaptiveAvgPool2D AsStrided AvgPool2D BinaryCrossEntropy "
            "BinaryCrossEntropyWithLogits Bmm Cat Clone Convolution Cos CudnnBatchNorm Elu "
            "Embedding Exp Gelu Hardtanh HuberLoss LeakyRelu Log LogSigmoid LogSoftmax "
            "MaxPool2DWithIndices Mean Mm MseLoss NativeBatchNorm NativeDropout "
            "NativeGroupNorm NativeLayerNorm Neg NllLoss NllLoss2D Permute Pow Relu "
            "ReshapeAlias ScaledDotProductEfficientAttention ScaledDotProductFlashAttention "
            "ScaledDotProductFlashAttentionForCpu Select Sigmoid Silu Sin Slice "
            "SmoothL1Loss Softmax Softplus Split Sqrt Squeeze Stack Sum Tanh Transpose T Unbind "
            "UnsafeView Unsqueeze View",
            "Mean Squeeze Sum",
        )
    )
    for name in names.split()
)

#: What can be broadcast → the outputs along which what came in leaves as it is, and the factor
#: that it would be multiplied by.
_BROADCAST: dict[str, dict[int, str]] = {
    "AddBackward0": {0: "", 1: "_saved_alpha"},
    "SubBackward0": {0: ""},
    "AddmmBackward0": {0: ""},
    "MulBackward0": {},
    "DivBackward0": {},
}

Passing = dict[int, str]

#: type of Node → what is known of it, None for nothing
_known: dict[type, Passing | None] = {}
_NOTHING: Passing = {}
_ADDMM: Any = torch._C._functions.AddmmBackward0
_FIRST = (0,)


def _looked_up(kind: type) -> Passing | None:
    name = kind.__name__
    passing = _BROADCAST.get(name, _NOTHING if name in _WHOLE else None)
    if kind is not getattr(torch._C._functions, name, None):
        passing = None  # somebody's own of the same name
    _known[kind] = passing
    return passing


def summed(node: Any) -> tuple[int, ...] | None:
    """The outputs of a Node that are sums of just what came in; None if it has to be observed."""
    kind = type(node)
    passing = _known[kind] if kind in _known else _looked_up(kind)
    if passing is None or passing is _NOTHING:
        return None if passing is None else ()
    if kind is _ADDMM:  # its factors are of one dtype; what it adds may have fewer dimensions
        return _FIRST if node._saved_beta == 1 else None
    found = []
    (own,) = node._input_metadata
    for output, (target, index) in enumerate(node.next_functions):
        if target is None:
            continue
        there = target._input_metadata[index]
        if there.shape != own.shape:
            factor = passing.get(output)
            if factor is None or there.dtype != own.dtype:
                return None
            if factor and getattr(node, factor) != 1:
                return None
            found.append(output)
    return tuple(found)
