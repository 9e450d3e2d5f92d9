"""The rarer activation functions as modules."""

from __future__ import annotations

from typing import Any

import numpy as np

import backprop_tui.engines.numpy_engine.nn_functional as F
from backprop_tui.engines.numpy_engine import events
from backprop_tui.engines.numpy_engine.dtypes import dtype, on_cpu
from backprop_tui.engines.numpy_engine.inverses import softsign, tanhshrink
from backprop_tui.engines.numpy_engine.nn.activations import _AlongDim, _InPlace
from backprop_tui.engines.numpy_engine.nn.init import constant_
from backprop_tui.engines.numpy_engine.nn.module import Module
from backprop_tui.engines.numpy_engine.state import now
from backprop_tui.engines.numpy_engine.tensor import Parameter, Tensor


class Hardsigmoid(Module):
    """A sigmoid of three straight lines."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Any:
        return F.hardsigmoid(input, self.inplace)


class Hardswish(Module):
    """x · hardsigmoid(x)."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Any:
        return F.hardswish(input, self.inplace)


class Mish(_InPlace):
    """x · tanh(softplus(x))."""

    def forward(self, input: Tensor) -> Any:
        return F.mish(input, inplace=self.inplace)


class SELU(_InPlace):
    """An elu with the two constants that keep mean 0 and variance 1."""

    def forward(self, input: Tensor) -> Any:
        return F.selu(input, self.inplace)


class CELU(Module):
    """x, and below 0 alpha · (e^(x/alpha) − 1)."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Any:
        return F.celu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class _Lambda(Module):
    """A shrinking function with its bound."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def extra_repr(self) -> str:
        return str(self.lambd)


class Hardshrink(_Lambda):
    """x, and 0 where |x| ≤ lambd."""

    def forward(self, input: Tensor) -> Any:
        return F.hardshrink(input, self.lambd)


class Softshrink(_Lambda):
    """x moved by lambd towards 0."""

    def forward(self, input: Tensor) -> Any:
        return F.softshrink(input, self.lambd)


class Threshold(Module):
    """x where it is above the threshold, ``value`` elsewhere."""

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input: Tensor) -> Any:
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        inplace = ", inplace=True" if self.inplace else ""
        return f"threshold={self.threshold}, value={self.value}{inplace}"


class Hardtanh(Module):
    """A straight line, cut off below and above."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        assert max_val > min_val
        self.min_val = min_val
        self.max_val = max_val
        self.inplace = inplace

    def forward(self, input: Tensor) -> Any:
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        inplace = ", inplace=True" if self.inplace else ""
        return f"min_val={self.min_val}, max_val={self.max_val}{inplace}"


class ReLU6(Hardtanh):
    """A relu that ends at 6."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class GLU(Module):
    """One half times the sigmoid of the other."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Any:
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Softsign(Module):
    """x / (1 + |x|)."""

    def forward(self, input: Tensor) -> Any:
        return softsign(input)


class Tanhshrink(Module):
    """x − tanh(x)."""

    def forward(self, input: Tensor) -> Any:
        return tanhshrink(input)


class Softmin(_AlongDim):
    """The softmax of −x."""

    def forward(self, input: Tensor) -> Any:
        return F.softmin(input, self.dim)


class PReLU(Module):
    """A leaky relu whose slope below 0 is learned."""

    weight: Parameter

    def __init__(
        self,
        num_parameters: int = 1,
        init: float = 0.25,
        device: Any = None,
        dtype: dtype | None = None,
    ) -> None:
        on_cpu(device)
        self.num_parameters = num_parameters
        super().__init__()
        self.init = init
        kind = now().default_dtype if dtype is None else dtype
        self.weight = Parameter(Tensor(np.empty(num_parameters, kind.numpy)))
        with events.muted():
            constant_(self.weight, init)

    def forward(self, input: Tensor) -> Any:
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"
