"""Names as PyTorch's error messages spell them, and NumPy's names for PyTorch's arguments."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from backprop_tui.engines.numpy_engine.tensor import Parameter, Tensor


def typename(value: object) -> str:
    """``torch.typename``: "torch.FloatTensor", "torch.nn.parameter.Parameter", or the class."""
    if isinstance(value, Parameter):
        return "torch.nn.parameter.Parameter"
    if isinstance(value, Tensor):
        return f"torch.{value.dtype.legacy}Tensor"
    return type(value).__qualname__


#: What PyTorch takes as well, for those who know NumPy.
NUMPYS = {"axis": "dim", "keepdims": "keepdim"}


def numpys_words(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` with ``axis`` and ``keepdims`` as other names of ``dim`` and ``keepdim``."""

    @wraps(function)
    def either(*args: Any, **named: Any) -> Any:
        if named:
            named = {NUMPYS.get(name, name): value for name, value in named.items()}
        return function(*args, **named)

    return either
