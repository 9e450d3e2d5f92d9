"""``torch.*`` functions that belong to no other room, and what methods need besides.

The others are in ``pointwise``, ``reduce``, ``products``, ``shaping``, ``indexing`` and the rooms
that the package names.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine import formatting, state
from backprop_tui.engines.numpy_engine import tensor as tensors
from backprop_tui.engines.numpy_engine.inplace import apply_ as apply_
from backprop_tui.ops.rules import wrap_dim as wrap_dim

__all__ = [
    "is_floating_point", "is_tensor", "numel", "result_type", "set_printoptions",
]  # fmt: skip


def numel(input: Any) -> int:
    """How many elements."""
    return int(input.array.size)


def is_tensor(obj: Any) -> bool:
    """Whether it is a tensor."""
    return isinstance(obj, tensors.Tensor)


def is_floating_point(input: Any) -> bool:
    """Whether its elements are floating point numbers."""
    return bool(input.array.dtype.kind == "f")


def result_type(tensor1: Any, tensor2: Any) -> Any:
    """The dtype that two tensors or numbers have in common."""
    from backprop_tui.engines.numpy_engine import apply

    both = (tensor1, tensor2)
    found = [x for x in both if isinstance(x, tensors.Tensor)]
    return apply.result_type(found, [x for x in both if not isinstance(x, tensors.Tensor)])


def set_printoptions(**options: Any) -> None:
    """How tensors are printed from now on."""
    extras = state.now().extras
    extras["printing"] = formatting.set_printoptions(_printing(), **options)


def _printing() -> formatting.PrintOptions:
    options = state.now().extras.get("printing", formatting.DEFAULT)
    assert isinstance(options, formatting.PrintOptions)
    return options


# ---------------------------------------------------------------- what methods need besides


def multinomial(input: Any, *args: Any, **how: Any) -> Any:
    """Indices drawn with these weights."""
    from backprop_tui.engines.numpy_engine import random

    return random.multinomial(input, *args, **how)


def text(input: Any) -> str:
    """The tensor as ``print`` shows it."""
    return formatting.tensor_text(
        input.array,
        input.dtype.name,
        requires_grad=input.requires_grad,
        grad_fn=None if input.grad_fn is None else input.grad_fn.label,
        parameter=isinstance(input, tensors.Parameter),
        default_dtype=state.now().default_dtype.name,
        options=_printing(),
    )


def formatted(input: Any, spec: str) -> str:
    """``f"{tensor:spec}"``."""
    parameter = isinstance(input, tensors.Parameter)
    if input.ndim == 0 and not parameter:
        return formatting.format_tensor(input.array, "", spec)
    return formatting.format_tensor(input.array, text(input), spec, parameter=parameter)


def new(input: Any, size: tuple[int, ...], value: Any) -> Any:
    """A tensor of one value in the dtype of another tensor."""
    state.make_room(size, input.array.dtype.itemsize)
    return tensors.Tensor(np.full(size, value, input.array.dtype))


def new_tensor(input: Any, data: Any) -> Any:
    """A tensor of ``data`` in the dtype of another tensor."""
    from backprop_tui.engines.numpy_engine.creation import tensor

    return tensor(data, dtype=input.dtype)


def filled_at_random(kind: str, input: Any, first: Any, second: Any, generator: Any) -> Any:
    """Fill in place with draws of ``Generator.uniform`` or ``normal``."""
    from backprop_tui.engines.numpy_engine import events, random
    from backprop_tui.engines.numpy_engine.inplace import refuse_leaves

    if state.now().grad_enabled:
        refuse_leaves(input)
    source = random.default_generator() if generator is None else generator
    draw = source.uniform if kind == "uniform" else source.normal
    events.write(input, draw(input.array.shape, first, second, input.array.dtype))
    return input
