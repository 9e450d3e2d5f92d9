"""The methods of ``Tensor`` that compute: operators, element-wise functions, reductions, views.

Each only names the function in ``functional.py`` (``torch.*``) that does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import backprop_tui.engines.numpy_engine.functional as F

if TYPE_CHECKING:
    from backprop_tui.engines.numpy_engine.tensor import Tensor


class Methods:
    """What every tensor can do."""

    __slots__ = ()

    array: Any

    # -- operators
    def __add__(self, other: Any) -> Tensor:
        return F.add(self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Tensor:
        return F.sub(self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return F.rsub(self, other)

    def __mul__(self, other: Any) -> Tensor:
        return F.mul(self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Tensor:
        return F.div(self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return F.mul(F.reciprocal(self), other)

    def __pow__(self, exponent: Any) -> Tensor:
        return F.pow(self, exponent)

    def __rpow__(self, base: Any) -> Tensor:
        return F.pow(base, self)

    def __matmul__(self, other: Any) -> Tensor:
        return F.matmul(self, other)

    def __neg__(self) -> Tensor:
        return F.neg(self)

    def mm(self, mat2: Any) -> Tensor:
        return F.mm(self, mat2)

    def matmul(self, other: Any) -> Tensor:
        return F.matmul(self, other)

    def t(self) -> Tensor:
        return F.t(self)

    def exp(self) -> Tensor:
        return F.exp(self)

    def log(self) -> Tensor:
        return F.log(self)

    def tanh(self) -> Tensor:
        return F.tanh(self)

    def sigmoid(self) -> Tensor:
        return F.sigmoid(self)

    def relu(self) -> Tensor:
        return F.relu(self)

    def sum(self, dim: Any = None, keepdim: bool = False) -> Tensor:
        return F.sum(self, dim, keepdim)

    def mean(self, dim: Any = None, keepdim: bool = False) -> Tensor:
        return F.mean(self, dim, keepdim)

    def item(self) -> Any:
        return self.array.item()
