"""Every operation of the autograd graph, one record each; importing this fills ``base.OPS``."""

from backprop_tui.ops import (
    activations,
    arithmetic,
    comparison,
    convolution,
    elementary,
    indexing,
    inplace,
    joining,
    linalg,
    losses,
    pooling,
    reductions,
    shape,
    softmax,
    statistics,
)
from backprop_tui.ops.base import OPS, Formula, Op, Vjp, define

__all__ = [
    "OPS",
    "Formula",
    "Op",
    "Vjp",
    "activations",
    "arithmetic",
    "comparison",
    "convolution",
    "define",
    "elementary",
    "indexing",
    "inplace",
    "joining",
    "linalg",
    "losses",
    "pooling",
    "reductions",
    "shape",
    "softmax",
    "statistics",
]
