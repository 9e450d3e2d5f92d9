"""``nn.utils``: gradients kept within bounds before the step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from backprop_tui.engines.base import Array
from backprop_tui.engines.numpy_engine import state
from backprop_tui.engines.numpy_engine.indexing import narrow
from backprop_tui.engines.numpy_engine.shaping import cat, view
from backprop_tui.engines.numpy_engine.tensor import Tensor

__all__ = [
    "clip_grad_norm_",
    "clip_grad_value_",
    "parameters_to_vector",
    "vector_to_parameters",
]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Any:
    """All parameters one after the other, in one vector."""
    return cat([view(parameter, (-1,)) for parameter in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """The parameters take over the numbers of a vector."""
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    done = 0
    for parameter in parameters:
        part = narrow(vec, 0, done, parameter.numel())
        parameter.data = view(part, parameter.shape).data
        done += parameter.numel()


def _with_grad(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    chosen = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    return [tensor for tensor in chosen if tensor._grad is not None]


def _write_grad(tensor: Tensor, values: Array) -> None:
    assert tensor._grad is not None
    tensor._grad._write(values)
    listener = state.now().listener
    if listener is not None:
        listener.assign("grad", tensor._snapshot(), tensor._grad_array())


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> Tensor:
    """Scale all gradients together so that their norm is at most ``max_norm``.

    Returns the norm before. Raises RuntimeError for a norm that is not finite, if asked to.
    """
    tensors = _with_grad(parameters)
    grads = [tensor._grad.array for tensor in tensors if tensor._grad is not None]
    if not grads:
        return Tensor(np.zeros((), np.float32))
    norms = np.array([_norm(grad, norm_type) for grad in grads], dtype=grads[0].dtype)
    total = np.asarray(_norm(norms, norm_type))
    if error_if_nonfinite and not np.isfinite(total):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is "
            "non-finite, so it cannot be clipped. To disable this error and scale the "
            "gradients by the non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    scale = np.minimum(max_norm / (total + 1e-6), 1.0).astype(grads[0].dtype)
    for tensor, grad in zip(tensors, grads, strict=True):
        _write_grad(tensor, grad * scale)
    return Tensor(total.astype(grads[0].dtype))


def _norm(values: Array, order: float) -> Array:
    flat = np.abs(values.ravel())
    if order == np.inf:
        return np.asarray(flat.max() if flat.size else flat.dtype.type(0))
    return np.asarray((flat**order).sum() ** (1.0 / order))


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Keep every element of the gradients within ± ``clip_value``."""
    bound = float(clip_value)
    for tensor in _with_grad(parameters):
        assert tensor._grad is not None
        _write_grad(tensor, np.clip(tensor._grad.array, -bound, bound))
