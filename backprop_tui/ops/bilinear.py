"""What is linear in two things at once: ``nn.Bilinear``, and images enlarged by straight lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Saved, Shape, Vjp, define

Sizes = Sequence[int]


def trilinear_shape(i1: Shape, i2: Shape, i3: Shape, **how: object) -> Shape:
    """(N, I) and (N, J) by a weight (O, I, J) are (N, O)."""
    return (i1[0], i2[0])


def _from_first(g: Any, s: Saved) -> Any:
    return (g.T[:, :, np.newaxis] * (s.i3 @ np.swapaxes(s.i2, 1, 2))).sum(axis=0)


def _of_weight(g: Any, s: Saved) -> Any:
    return np.swapaxes(s.i1 * g.T[:, :, np.newaxis], 1, 2) @ s.i3


define(
    Op(
        name="_trilinear",
        grad_fn="TrilinearBackward0",
        forward=lambda i1, i2, i3, *, expand1, expand2, expand3, sumdim, unroll_dim=1: (
            np.ascontiguousarray(((i1 @ i2) * i3).sum(axis=-1).T)
        ),
        shape=trilinear_shape,
        formula=Formula("Σᵢⱼ $i1ᵢ · $i2ᵢⱼ · $i3ⱼ", r"\sum_{i,j} {$i1}_i {$i2}_{ij} {$i3}_j"),
        vjps={
            "i1": Vjp(
                _from_first,
                Formula("Σ $grad · $i2 @ $i3", r"\sum_o {$grad}_o \sum_j {$i2}_{oij} {$i3}_j"),
                saves=("i2", "i3"),
            ),
            "i2": Vjp(
                _of_weight,
                Formula("Σ $grad · $i1 ⊗ $i3", r"\sum_n {$grad}_n \, {$i1}_n {$i3}_n^\top"),
                saves=("i1", "i3"),
            ),
            "i3": Vjp(
                lambda g, s: (g.T[:, :, np.newaxis] * (s.i1 @ s.i2)).sum(axis=0),
                Formula("Σ $grad · $i1 @ $i2", r"\sum_o {$grad}_o \sum_i {$i1}_i {$i2}_{oij}"),
                saves=("i1", "i2"),
            ),
        },
        help="A product of two inputs and a weight: linear in each of them.",
    )
)

# ---------------------------------------------------------------- between two pixels


def _mix(size: int, out: int, align_corners: bool, scale: float | None, kind: Any) -> Any:
    """The matrix (out, size) whose rows say how much of which two neighbours a place takes."""
    places = np.arange(out, dtype=kind)
    if align_corners:
        at = places * kind((size - 1) / (out - 1) if out > 1 else 0)
    else:
        step = kind(1 / scale if scale else size / out)
        at = np.maximum((places + kind(0.5)) * step - kind(0.5), 0)
    first = np.minimum(at.astype(int), size - 1)
    second = np.minimum(first + 1, size - 1)
    share = (at - first).astype(kind)
    made = np.zeros((out, size), kind)
    made[np.arange(out), first] += 1 - share
    made[np.arange(out), second] += share
    return made


def _kind(x: Any) -> Any:
    return np.float64 if x.dtype == object else x.dtype.type


def _mixes(
    sizes: Sizes, out: Sizes, align: bool, scales: Sequence[float | None], kind: Any
) -> list[Any]:
    each = zip(sizes, out, scales, strict=True)
    return [_mix(n, m, align, scale, kind) for n, m, scale in each]


def _enlarged_shape(self: Shape, *, output_size: Sizes, **how: object) -> Shape:
    return (*self[: -len(output_size)], *output_size)


_LINEAR = Formula(
    "the mean of the neighbours in $self, weighted by how near they are",
    r"\sum_k w_k \, {$self}_k",
)
_LINEAR_GRAD = Formula(
    "Σ of $grad over the places between which it lies, weighted as they took it",
    r"\sum w_k \, $grad",
)
_LINEAR_HELP = "Another size: each place takes from its neighbours, along straight lines."
define(
    Op(
        name="upsample_linear1d",
        grad_fn="UpsampleLinear1DBackward0",
        forward=lambda self, *, output_size, align_corners, scales=None: (
            self @ _mix(self.shape[-1], output_size[0], align_corners, scales, _kind(self)).T
        ),
        shape=_enlarged_shape,
        formula=_LINEAR,
        vjps={
            "self": Vjp(
                lambda g, s: (
                    g
                    @ _mix(s.self_shape[-1], s.output_size[0], s.align_corners, s.scales, _kind(g))
                ),
                _LINEAR_GRAD,
                saves=("self_shape",),
            )
        },
        help=_LINEAR_HELP,
    )
)


def _bilinear(
    self: Any,
    *,
    output_size: Sizes,
    align_corners: bool,
    scales_h: float | None = None,
    scales_w: float | None = None,
) -> Any:
    down, right = _mixes(
        self.shape[-2:], output_size, align_corners, (scales_h, scales_w), _kind(self)
    )
    return down @ self @ right.T


def _bilinear_vjp(g: Any, s: Saved) -> Any:
    down, right = _mixes(
        s.self_shape[-2:], s.output_size, s.align_corners, (s.scales_h, s.scales_w), _kind(g)
    )
    return down.T @ g @ right


define(
    Op(
        name="upsample_bilinear2d",
        grad_fn="UpsampleBilinear2DBackward0",
        forward=_bilinear,
        shape=_enlarged_shape,
        formula=_LINEAR,
        vjps={"self": Vjp(_bilinear_vjp, _LINEAR_GRAD, saves=("self_shape",))},
        help=_LINEAR_HELP,
    )
)
