"""Several tensors from one, and one from several: cat, stack, split, unbind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backprop_tui.ops.base import Formula, Op, Shape, Vjp, define
from backprop_tui.ops.rules import wrap_dim


def in_order(array: Any) -> Any:
    """The same numbers, in memory in the order of the rows, as PyTorch lays them out."""
    return array if array.flags.c_contiguous else array.copy()


def cat_shape(tensors: Sequence[Shape], *, dim: int = 0) -> Shape:
    """The sizes along ``dim`` added; all others must agree."""
    if not tensors:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    tensors = [shape for shape in tensors if shape != (0,)] or list(tensors)
    first = tensors[0]
    if not first:
        raise RuntimeError("zero-dimensional tensor (at position 0) cannot be concatenated")
    axis = wrap_dim(dim, len(first))
    for position, shape in enumerate(tensors):
        if len(shape) != len(first):
            raise RuntimeError(
                f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)}"
            )
        for i, (a, b) in enumerate(zip(first, shape, strict=True)):
            if i != axis and a != b:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {axis}. Expected size {a} "
                    f"but got size {b} for tensor number {position} in the list."
                )
    total = sum(shape[axis] for shape in tensors)
    return (*first[:axis], total, *first[axis + 1 :])


def stack_shape(tensors: Sequence[Shape], *, dim: int = 0) -> Shape:
    """A new dimension over tensors of one shape."""
    if not tensors:
        raise RuntimeError("stack expects a non-empty TensorList")
    first = tensors[0]
    for position, shape in enumerate(tensors):
        if shape != first:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 "
                f"and {list(shape)} at entry {position}"
            )
    axis = wrap_dim(dim, len(first) + 1)
    return (*first[:axis], len(tensors), *first[axis:])


def _cat(tensors: Sequence[Any], *, dim: int = 0) -> Any:
    # A tensor of shape (0,) goes with everything, as it does in PyTorch.
    found = [one for one in tensors if one.shape != (0,)] or list(tensors)
    return in_order(np.concatenate(found, axis=dim))


def _cat_vjp(g: Any, s: Any) -> Any:
    shapes = s.tensors_shape
    ends = np.cumsum([0 if shape == (0,) else shape[s.dim] for shape in shapes])[:-1]
    parts = np.split(g, ends, axis=s.dim)
    return [np.reshape(g, -1)[:0] if n == (0,) else p for n, p in zip(shapes, parts, strict=True)]


define(
    Op(
        name="cat",
        grad_fn="CatBackward0",
        variadic=True,
        promotes="common",
        forward=_cat,
        shape=cat_shape,
        formula=Formula("$tensors one after the other", r"[$tensors]"),
        vjps={
            "tensors": Vjp(
                _cat_vjp,
                Formula("each its own part of $grad", r"{$grad}_{\text{part}}"),
                saves=("tensors_shape",),
            )
        },
        help="Puts tensors one after the other; each gets its part of the gradient.",
    )
)
define(
    Op(
        name="stack",
        grad_fn="StackBackward0",
        variadic=True,
        promotes="common",
        forward=lambda tensors, *, dim=0: in_order(np.stack(tensors, axis=dim)),
        shape=stack_shape,
        formula=Formula("$tensors in a new dim $dim", r"[$tensors]"),
        vjps={
            "tensors": Vjp(
                lambda g, s: list(np.moveaxis(g, s.dim, 0)),
                Formula("each its own slice of $grad", r"{$grad}_i"),
            )
        },
        help="Stacks tensors along a new dimension; each gets its slice of the gradient.",
    )
)


def parts_of(length: int, sizes: int | Sequence[int]) -> list[int]:
    """The lengths of the parts that ``split`` makes."""
    if isinstance(sizes, int):
        if sizes <= 0:
            raise RuntimeError(
                f"split expects split_size be non-negative, but got split_size={sizes}"
            )
        return [min(sizes, length - start) for start in range(0, max(length, 1), sizes)]
    return list(sizes)


def split_shape(self: Shape, *, split_size: Any, dim: int = 0) -> tuple[Shape, ...]:
    """The shape of each part."""
    axis = wrap_dim(dim, len(self))
    parts = parts_of(self[axis], split_size)
    if sum(parts) != self[axis]:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {self[axis]} "
            f"(input tensor's size at dimension {axis}), but got split_sizes={list(split_size)}"
        )
    return tuple((*self[:axis], n, *self[axis + 1 :]) for n in parts)


def _split(self: Any, split_size: Any, dim: int) -> tuple[Any, ...]:
    ends = np.cumsum(parts_of(self.shape[dim], split_size))[:-1]
    return tuple(np.split(self, ends, axis=dim))


for _name, _grad_fn in (("split", "SplitBackward0"), ("split.sizes", "SplitWithSizesBackward0")):
    define(
        Op(
            name=_name,
            grad_fn=_grad_fn,
            view=True,
            outputs=0,
            forward=lambda self, *, split_size, dim=0: _split(self, split_size, dim),
            shape=split_shape,
            formula=Formula("$self in parts of $split_size", "$self"),
            vjps={
                "self": Vjp(
                    lambda g, s: np.concatenate(g, axis=s.dim),
                    Formula("the parts of $grad put together", r"[$grad]"),
                )
            },
            help="Cuts a tensor in parts; their gradients are put together again.",
        )
    )


define(
    Op(
        name="unsafe_split",
        grad_fn="UnsafeSplitBackward0",
        outputs=0,
        forward=lambda self, *, split_size, dim=0: tuple(
            part.copy() for part in _split(self, split_size, dim)
        ),
        shape=split_shape,
        formula=Formula("$self in parts of $split_size", "$self"),
        vjps={
            "self": Vjp(
                lambda g, s: np.concatenate(g, axis=s.dim),
                Formula("the parts of $grad put together", r"[$grad]"),
            )
        },
        help="Cuts the gates of a recurrent cell apart.",
    )
)


def unbind_shape(self: Shape, *, dim: int = 0) -> tuple[Shape, ...]:
    """One shape without ``dim`` for every index along it."""
    if not self:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    axis = wrap_dim(dim, len(self))
    return ((*self[:axis], *self[axis + 1 :]),) * self[axis]


define(
    Op(
        name="unbind",
        grad_fn="UnbindBackward0",
        view=True,
        outputs=0,
        forward=lambda self, *, dim=0: tuple(
            np.moveaxis(self, dim, 0)[i, ...] for i in range(self.shape[dim])
        ),
        shape=unbind_shape,
        formula=Formula("the slices of $self along dim $dim", r"{$self}_i"),
        vjps={
            "self": Vjp(
                lambda g, s: np.stack(g, axis=s.dim),
                Formula("the slices of $grad stacked", r"[$grad]"),
            )
        },
        help="Takes a tensor apart along a dimension.",
    )
)


def constant_pad_shape(self: Shape, *, pad: Sequence[int], value: float = 0) -> Shape:
    """Each dimension with what is added at its two ends; ``pad`` begins at the last."""
    before, after = pad_ends(pad, len(self))
    shape = tuple(n + a + b for n, a, b in zip(self, before, after, strict=True))
    if any(n < 0 for n in shape):
        raise RuntimeError(
            f"The input size {min(self)}, plus negative padding, resulted in a negative output size"
        )
    return shape


def pad_ends(pad: Sequence[int], ndim: int) -> tuple[list[int], list[int]]:
    """What is added before and after each dimension."""
    missing = ndim - len(pad) // 2
    return (
        [0] * missing + list(pad[0::2])[::-1],
        [0] * missing + list(pad[1::2])[::-1],
    )


def _kept(shape: Shape, pad: Sequence[int]) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Where in the input, and where in the result, the numbers stand that are in both."""
    source, target = [], []
    for n, a, b in zip(shape, *pad_ends(pad, len(shape)), strict=True):
        source.append(slice(max(-a, 0), n - max(-b, 0)))
        target.append(slice(max(a, 0), max(a, 0) + n - max(-a, 0) - max(-b, 0)))
    return tuple(source), tuple(target)


def _constant_pad(self: Any, *, pad: Sequence[int], value: float = 0) -> Any:
    result = np.full(constant_pad_shape(self.shape, pad=pad), value, self.dtype)
    source, target = _kept(self.shape, pad)
    result[target] = self[source]
    return result


def _constant_pad_vjp(g: Any, s: Any) -> Any:
    result = np.zeros(s.self_shape, g.dtype)
    source, target = _kept(s.self_shape, s.pad)
    result[source] = g[target]
    return result


define(
    Op(
        name="constant_pad_nd",
        grad_fn="ConstantPadNdBackward0",
        forward=_constant_pad,
        shape=constant_pad_shape,
        formula=Formula("$self with $value around it", r"\operatorname{pad}($self)"),
        vjps={
            "self": Vjp(
                _constant_pad_vjp,
                Formula("the inner part of $grad", r"$grad \text{ inside}"),
                saves=("self_shape",),
            )
        },
        help="Puts more numbers around a tensor.",
    )
)
