"""In-place changes of a view: how they enter the history of the tensor that it is a view of.

    y = x * 2          y.grad_fn: MulBackward0
    y[0] = w           y.grad_fn: CopySlices(MulBackward0, w), which runs CopyBackwards on the part

A view that is looked at afterwards takes its history from the changed base (AsStridedBackward0).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from backprop_tui.engines.base import Array
from backprop_tui.engines.numpy_engine.graph import Node

if TYPE_CHECKING:
    from backprop_tui.engines.numpy_engine.tensor import Tensor


class Part:
    """Where in its base's memory a view lies."""

    __slots__ = ("offset", "shape", "strides")

    def __init__(self, view: Array, base: Array) -> None:
        size = base.dtype.itemsize
        start = view.__array_interface__["data"][0] - base.__array_interface__["data"][0]
        self.offset = start // size
        self.shape = view.shape
        self.strides = tuple(step // size for step in view.strides)

    def of(self, array: Array) -> Array:
        """The same part of another array, which must be contiguous; shares its memory."""
        size = array.dtype.itemsize
        return np.lib.stride_tricks.as_strided(
            array.reshape(-1)[self.offset :],
            self.shape,
            tuple(step * size for step in self.strides),
        )


class CopySlices(Node):
    """The history of a base after one of its views was changed in place by ``change``."""

    __slots__ = ("change", "part")

    def __init__(self, change: Node, view: Tensor, base: Tensor) -> None:
        super().__init__(change.plan, change.attrs)
        self.change = change
        self.part = Part(view.array, base.array)
        edge = base._gradient_edge() if base._requires_grad else (None, 0)
        self.edges = (edge, *change.edges[1:])
        whole = (base.array.shape, base.array.dtype)
        self.metas = [whole, *change.metas[1:]]
        self.outputs = [whole]

    def name(self) -> str:
        return "torch::autograd::CopySlices"

    def __call__(self, grads: list[Array | None]) -> tuple[list[Array | None], list[Array | None]]:
        if grads[0] is None:
            return [None] * len(self.edges), [None] * len(self.edges)
        result = np.array(grads[0], order="C")
        part = self.part.of(result)
        reduced, unreduced = self.change([part.copy()])
        part[...] = 0 if reduced[0] is None else reduced[0]
        first = None if self.edges[0][0] is None else result
        return [first, *reduced[1:]], [None, *unreduced[1:]]

    def release(self) -> None:
        self.change.release()


class ViewOfChanged(Node):
    """The history of a view whose base was changed in place after the view was made."""

    __slots__ = ("part",)

    def __init__(self, view: Tensor, base: Tensor) -> None:
        from backprop_tui.engines.numpy_engine.graph import plan_of

        super().__init__(plan_of("alias"), {})
        self.part = Part(view.array, base.array)
        self.edges = (base._gradient_edge(),)
        self.metas = [(base.array.shape, base.array.dtype)]
        self.outputs = [(view.array.shape, view.array.dtype)]

    def name(self) -> str:
        return "AsStridedBackward0"

    def __call__(self, grads: list[Array | None]) -> tuple[list[Array | None], list[Array | None]]:
        grad = grads[0]
        if grad is None:
            return [None], [None]
        shape, dtype = self.metas[0]
        result = np.zeros(shape, dtype)
        self.part.of(result)[...] = grad
        return [result], [None]

    def release(self) -> None:
        """Nothing was saved."""


def changed_through(view: Tensor, change: Node) -> Any:
    """Give the base of ``view`` its new history; the view follows when it is looked at."""
    base = view._base
    assert base is not None
    base._rebase(CopySlices(change, view, base))
    return base._grad_fn
