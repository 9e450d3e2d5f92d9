"""Other views of the same numbers: transpose, view, expand; and copies of them: clone, repeat."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from backprop_tui.ops.base import OPS, Formula, Op, Shape, Vjp, define
from backprop_tui.ops.rules import expand, reduced_axes, same, wrap_dim

PASS_ON = Formula("$grad", "$grad")
BACK_IN_SHAPE = Vjp(
    lambda g, s: np.reshape(g, s.self_shape),
    Formula("$grad in the input's shape", "$grad"),
    saves=("self_shape",),
)


def t_shape(self: Shape) -> Shape:
    """Rows become columns; at most 2 dimensions."""
    if len(self) > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {len(self)}D")
    return self[::-1]


def view_shape(self: Shape, *, size: Shape) -> Shape:
    """``size`` with its one -1 worked out."""
    total = math.prod(self)
    if size.count(-1) > 1:
        raise RuntimeError("only one dimension can be inferred")
    for n in size:
        if n < -1:
            raise RuntimeError(
                f"invalid shape dimension {n} at index {size.index(n)} of shape {list(size)}"
            )
    known = math.prod(n for n in size if n != -1)
    fits = total == known if -1 not in size else (known and total % known == 0)
    if not fits:
        raise RuntimeError(f"shape '{list(size)}' is invalid for input of size {total}")
    return tuple(total // known if n == -1 else n for n in size)


def permute_shape(self: Shape, *, dims: Sequence[int]) -> Shape:
    """The dimensions in another order."""
    if len(dims) != len(self):
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the "
            "length of the desired ordering of dimensions i.e. "
            f"input.dim() = {len(self)} is not equal to len(dims) = {len(dims)}"
        )
    axes = [wrap_dim(d, len(self)) for d in dims]
    if len(set(axes)) != len(axes):
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return tuple(self[axis] for axis in axes)


def transpose_shape(self: Shape, *, dim0: int, dim1: int) -> Shape:
    """Two dimensions change places."""
    a, b = wrap_dim(dim0, len(self)), wrap_dim(dim1, len(self))
    sizes = list(self)
    if sizes:
        sizes[a], sizes[b] = sizes[b], sizes[a]
    return tuple(sizes)


def unsqueeze_shape(self: Shape, *, dim: int) -> Shape:
    """A new dimension of size 1 at ``dim``."""
    at = wrap_dim(dim, len(self) + 1)
    return (*self[:at], 1, *self[at:])


def _squeezed(self: Any, dims: Sequence[int] | None) -> Any:
    axes = range(self.ndim) if dims is None else reduced_axes(dims, self.ndim) if dims else ()
    return self.reshape([n for i, n in enumerate(self.shape) if i not in axes or n != 1])


def squeeze_shape(self: Shape, *, dim: Any = None) -> Shape:
    """Without the dimensions of size 1 (all, or those named)."""
    if isinstance(dim, int):
        dim = (dim,)
    axes = range(len(self)) if dim is None else reduced_axes(dim, len(self)) if dim else ()
    return tuple(n for i, n in enumerate(self) if i not in axes or n != 1)


def repeat_shape(self: Shape, *, repeats: Sequence[int]) -> Shape:
    """Each size times its number of repeats."""
    if len(repeats) < len(self):
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of "
            "tensor"
        )
    padded = (1,) * (len(repeats) - len(self)) + self
    return tuple(n * times for n, times in zip(padded, repeats, strict=True))


def _view(
    name: str, grad_fn: str, forward: Any, shape: Any, text: str, latex: str, vjp: Vjp, help: str
) -> None:
    define(
        Op(
            name=name,
            grad_fn=grad_fn,
            view=True,
            forward=forward,
            shape=shape,
            formula=Formula(text, latex),
            vjps={"self": vjp},
            help=help,
        )
    )


_view(
    "t",
    "TBackward0",
    lambda self: self.T,
    t_shape,
    "$selfᵀ",
    r"{$self}^\top",
    Vjp(lambda g, s: g.T, Formula("$gradᵀ", r"{$grad}^\top")),
    "Rows become columns.",
)
_view(
    "view",
    "ViewBackward0",
    lambda self, *, size: self.reshape(size),
    view_shape,
    "$self seen as $size",
    r"$self",
    BACK_IN_SHAPE,
    "The same numbers in the same order, in another shape.",
)
_view(
    "permute",
    "PermuteBackward0",
    lambda self, *, dims: self.transpose(dims) if self.ndim else self[...],
    permute_shape,
    "$self with dims $dims",
    r"{$self}^\top",
    Vjp(
        lambda g, s: g.transpose(np.argsort([d % g.ndim for d in s.dims])) if g.ndim else g,
        Formula("$grad with the dims put back", r"{$grad}^\top"),
    ),
    "The dimensions in another order.",
)
_view(
    "transpose",
    "TransposeBackward0",
    lambda self, *, dim0, dim1: np.swapaxes(self, dim0, dim1) if self.ndim else self[...],
    transpose_shape,
    "$selfᵀ",
    r"{$self}^\top",
    Vjp(
        lambda g, s: np.swapaxes(g, s.dim0, s.dim1) if g.ndim else g,
        Formula("$gradᵀ", r"{$grad}^\top"),
    ),
    "Two dimensions change places.",
)
_view(
    "unsqueeze",
    "UnsqueezeBackward0",
    lambda self, *, dim: np.expand_dims(self, dim),
    unsqueeze_shape,
    "$self with a new dim $dim",
    "$self",
    Vjp(lambda g, s: np.squeeze(g, s.dim), Formula("$grad without dim $dim", "$grad")),
    "A new dimension of size 1.",
)
_view(
    "squeeze",
    "SqueezeBackward0",
    lambda self: _squeezed(self, None),
    squeeze_shape,
    "$self without dims of size 1",
    "$self",
    BACK_IN_SHAPE,
    "Drops all dimensions of size 1.",
)
_view(
    "squeeze.dim",
    "SqueezeBackward1",
    lambda self, *, dim: _squeezed(self, (dim,)),
    squeeze_shape,
    "$self without dim $dim",
    "$self",
    BACK_IN_SHAPE,
    "Drops one dimension, if its size is 1.",
)
_view(
    "squeeze.dims",
    "SqueezeBackward2",
    lambda self, *, dim: _squeezed(self, dim),
    squeeze_shape,
    "$self without dims $dim",
    "$self",
    BACK_IN_SHAPE,
    "Drops some dimensions, where their size is 1.",
)
_view(
    "squeeze.matmul",
    "SqueezeBackward4",
    lambda self, *, dim: _squeezed(self, (dim,)),
    squeeze_shape,
    "$self without dim $dim",
    "$self",
    BACK_IN_SHAPE,
    "Drops the dimension that a vector got for a matrix product.",
)
_view(
    "expand",
    "ExpandBackward0",
    lambda self, *, size: np.broadcast_to(self, expand(self.shape, size=size)),
    expand,
    "$self repeated to $size",
    "$self",
    Vjp(lambda g, s: g, Formula("$grad, summed over what was repeated", r"\sum $grad")),
    "Repeats a size-1 dimension without copying; the gradient is summed back.",
)
_view(
    "alias",
    "AliasBackward0",
    lambda self: self[...],
    same,
    "$self",
    "$self",
    Vjp(lambda g, s: g, PASS_ON),
    "Another name for the same numbers.",
)
define(
    Op(
        name="detach",
        grad_fn="",
        view=True,
        forward=lambda self: self[...],
        shape=same,
        formula=Formula("$self without history", "$self"),
        help="The same numbers, cut off from the graph: no gradient flows back from here.",
    )
)

# ---------------------------------------------------------------- copies

define(
    Op(
        name="clone",
        grad_fn="CloneBackward0",
        forward=lambda self: self.copy(),
        shape=same,
        formula=Formula("a copy of $self", "$self"),
        vjps={"self": Vjp(lambda g, s: g, PASS_ON)},
        help="A copy with its own memory; the gradient passes through.",
    )
)
define(
    Op(
        name="_unsafe_view",
        grad_fn="UnsafeViewBackward0",
        forward=lambda self, *, size: self.reshape(size),
        shape=view_shape,
        formula=Formula("$self in the shape $size", "$self"),
        vjps={"self": BACK_IN_SHAPE},
        help="Another shape of a tensor that nobody else looks at.",
    )
)
define(
    Op(
        name="_reshape_alias",
        grad_fn="ReshapeAliasBackward0",
        view=True,
        forward=lambda self, *, size: self.reshape(size),
        shape=view_shape,
        formula=Formula("$self in the shape $size", "$self"),
        vjps={"self": BACK_IN_SHAPE},
        help="Another shape of numbers that do not lie in order in memory.",
    )
)
define(
    Op(
        name="_to_copy",
        grad_fn="ToCopyBackward0",
        forward=lambda self, *, dtype: self.astype(dtype),
        shape=same,
        formula=Formula("$self as $dtype", "$self"),
        vjps={"self": Vjp(lambda g, s: g, Formula("$grad in the input's dtype", "$grad"))},
        help="The same numbers in another dtype.",
    )
)


def _repeat_vjp(g: Any, s: Any) -> Any:
    lead = len(s.repeats) - len(s.self_shape)
    padded = (1,) * lead + s.self_shape
    split = [size for pair in zip(s.repeats, padded, strict=True) for size in pair]
    summed = g.reshape(split).sum(axis=tuple(range(0, 2 * len(padded), 2)))
    return summed.reshape(s.self_shape)


define(
    Op(
        name="repeat",
        grad_fn="RepeatBackward0",
        forward=lambda self, *, repeats: np.tile(self, repeats),
        shape=repeat_shape,
        formula=Formula("$self repeated $repeats times", "$self"),
        vjps={
            "self": Vjp(
                _repeat_vjp,
                Formula("Σ $grad over the copies", r"\sum $grad"),
                saves=("self_shape",),
            )
        },
        help="Copies side by side; the copies' gradients are added.",
    )
)
define(
    Op(
        name="flip",
        grad_fn="FlipBackward0",
        forward=lambda self, *, dims: np.flip(self, dims).copy(),
        shape=same,
        formula=Formula("$self turned round along $dims", "$self"),
        vjps={"self": Vjp(lambda g, s: np.flip(g, s.dims), Formula("$grad turned round", "$grad"))},
        help="The elements in the opposite order.",
    )
)

# What PyTorch turns in place, as its RNNs and quantile do at their end, gets a Node of another
# name.
define(replace(OPS["transpose"], name="transpose_", grad_fn="TransposeBackward1", view=False))
define(replace(OPS["unsqueeze"], name="unsqueeze_", grad_fn="UnsqueezeBackward1", view=False))


def diagonal_shape(self: Shape, *, offset: int, dim1: int, dim2: int) -> Shape:
    """The two dimensions leave; what they share comes last."""
    first, second = wrap_dim(dim1, len(self)), wrap_dim(dim2, len(self))
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    rows, columns = self[first] + min(offset, 0), self[second] - max(offset, 0)
    rest = tuple(n for i, n in enumerate(self) if i not in (first, second))
    return (*rest, max(min(rows, columns), 0))


def _diagonal_vjp(g: Any, s: Any) -> Any:
    out = np.zeros(s.self_shape, g.dtype)
    moved = np.moveaxis(out, (s.dim1, s.dim2), (-2, -1))
    at = np.arange(g.shape[-1])
    moved[..., at + max(-s.offset, 0), at + max(s.offset, 0)] = g
    return out


define(
    Op(
        name="diagonal",
        grad_fn="DiagonalBackward0",
        view=True,
        forward=lambda self, *, offset=0, dim1=0, dim2=1: np.diagonal(self, offset, dim1, dim2),
        shape=diagonal_shape,
        formula=Formula("the diagonal of $self", r"\operatorname{diag}($self)"),
        vjps={
            "self": Vjp(
                _diagonal_vjp,
                Formula("$grad on the diagonal, 0 elsewhere", r"\operatorname{diag}($grad)"),
                saves=("self_shape",),
            )
        },
        help="Reads the diagonal of a matrix; the rest gets no gradient.",
    )
)
