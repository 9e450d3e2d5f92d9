"""Names as PyTorch's error messages spell them."""

from __future__ import annotations

from backprop_tui.engines.numpy_engine.tensor import Parameter, Tensor


def typename(value: object) -> str:
    """``torch.typename``: "torch.FloatTensor", "torch.nn.parameter.Parameter", or the class."""
    if isinstance(value, Parameter):
        return "torch.nn.parameter.Parameter"
    if isinstance(value, Tensor):
        return f"torch.{value.dtype.legacy}Tensor"
    return type(value).__qualname__
