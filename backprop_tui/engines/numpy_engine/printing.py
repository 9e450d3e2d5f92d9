"""``str``, ``repr`` and ``format`` of a Tensor, with the options of its engine."""

from __future__ import annotations

from backprop_tui.engines.numpy_engine import formatting, state
from backprop_tui.engines.numpy_engine.formatting import PrintOptions
from backprop_tui.engines.numpy_engine.tensor import Parameter, Tensor

__all__ = ["set_printoptions"]


def _options() -> PrintOptions:
    options = state.now().extras.get("print_options")
    return options if isinstance(options, PrintOptions) else formatting.DEFAULT


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """``torch.set_printoptions``: how tensors are printed from now on, on this engine."""
    state.now().extras["print_options"] = formatting.set_printoptions(
        _options(), precision, threshold, edgeitems, linewidth, profile, sci_mode
    )


def text(tensor: Tensor) -> str:
    """What ``print(tensor)`` shows."""
    node = tensor.grad_fn
    return formatting.tensor_text(
        tensor.array,
        tensor.dtype.name,
        requires_grad=tensor.requires_grad,
        grad_fn=None if node is None else node.name(),
        parameter=isinstance(tensor, Parameter),
        default_dtype=state.now().default_dtype.name,
        options=_options(),
    )


def format_text(tensor: Tensor, spec: str) -> str:
    """``format(tensor, spec)``: of a 0-dim tensor its number; TypeError for a spec otherwise."""
    parameter = isinstance(tensor, Parameter)
    if tensor.array.ndim == 0 and not parameter:
        return formatting.format_tensor(tensor.array, "", spec)
    return formatting.format_tensor(
        tensor.array, "" if spec else text(tensor), spec, parameter=parameter
    )
