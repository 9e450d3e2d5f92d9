"""Tensors filled with numbers: in place at random, like another one, along a scale of powers."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine import events, random, state
from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.creation import linspace
from backprop_tui.engines.numpy_engine.dtypes import dtype as DType
from backprop_tui.engines.numpy_engine.generator import Generator
from backprop_tui.engines.numpy_engine.inplace import apply_, refuse_leaves
from backprop_tui.engines.numpy_engine.tensor import Tensor

__all__ = ["logspace", "pad_sequence", "randint_like", "unpad_sequence"]

#: From this number on a float32 has no room for every whole number.
EXACT = {"float16": 2**11, "float32": 2**24, "float64": 2**53}


def _drawn(input: Any, values: Any) -> Any:
    """``values`` written into a tensor that autograd lets go."""
    if state.now().grad_enabled:
        refuse_leaves(input)
    events.write(input, values.astype(input.array.dtype))
    return input


def _source(generator: Generator | None) -> Generator:
    return random.default_generator() if generator is None else generator


def bernoulli_(input: Any, p: Any = 0.5, *, generator: Generator | None = None) -> Any:
    """1 with probability ``p``, else 0."""
    source = _source(generator)
    if isinstance(p, Tensor):
        wide = np.broadcast_to(p.array, input.array.shape)
        return _drawn(input, source.bernoulli_of(wide))
    return _drawn(input, source.bernoulli(input.array.shape, float(p)))


def random_(
    input: Any, low: Any = None, high: Any = None, *, generator: Generator | None = None
) -> Any:
    """Whole numbers in [low, high), or all that the dtype holds exactly."""
    if high is None:
        low, high = 0, low
    if high is None:
        short = input.dtype.short
        high = EXACT[short] + 1 if short in EXACT else np.iinfo(input.array.dtype).max
        if input.array.dtype.kind not in "f":
            raise NotImplementedError("random_() of whole numbers is offered with its bounds only")
    drawn = _source(generator).randint(int(low), int(high), input.array.shape)
    return _drawn(input, drawn)


def exponential_(input: Any, lambd: float = 1, *, generator: Generator | None = None) -> Any:
    """Waiting times with mean 1 / lambd."""
    if lambd <= 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd:g}")
    drawn = _source(generator).exponential(input.array.shape, np.float64)
    return _drawn(input, drawn / lambd)


def randint_like(
    input: Any,
    low: int,
    high: int | None = None,
    *,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Whole numbers in [low, high), in the shape and dtype of another tensor."""
    low, high = (0, low) if high is None else (low, high)
    return random.randint(
        low,
        high,
        tuple(input.shape),
        dtype=dtype or input.dtype,
        device=device,
        requires_grad=requires_grad,
    )


def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """base ** start … base ** end, each the same number of times the one before."""
    powers = linspace(start, end, steps, dtype=dtype, device=device)
    kind = powers.array.dtype
    made = Tensor(np.power(float(base), powers.array.astype(np.float64)).astype(kind))
    if requires_grad:
        with events.muted():
            made.requires_grad_()
    return made


# ---------------------------------------------------------------- rows of different lengths


def pad_sequence(
    sequences: Any,
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Any:
    """Sequences of different lengths in one tensor, filled up at the end."""
    if padding_side not in ("right", "left"):
        raise RuntimeError(
            "Expected padding_side to be one of left or right, but got " + padding_side + "."
        )
    found = list(sequences.unbind(0)) if isinstance(sequences, Tensor) else list(sequences)
    if not found:
        raise RuntimeError("received an empty list of sequences")
    longest = max(one.shape[0] for one in found)
    sizes = (len(found), longest) if batch_first else (longest, len(found))
    shape = (*sizes, *found[0].shape[1:])
    state.make_room(shape, found[0].array.dtype.itemsize)
    padded = Tensor(np.full(shape, padding_value, found[0].array.dtype))
    for i, one in enumerate(found):
        length = one.shape[0]
        start = longest - length if padding_side == "left" else 0
        if batch_first:
            row = apply("select", padded, dim=0, index=i)
            part = apply("slice", row, dim=0, start=start, end=start + length, step=1)
        else:
            rows = apply("slice", padded, dim=0, start=start, end=start + length, step=1)
            part = apply("select", rows, dim=1, index=i)
        apply_("copy", part, one)
    return padded


def unpad_sequence(padded_sequences: Any, lengths: Any, batch_first: bool = False) -> list[Any]:
    """The sequences of a padded batch, each in its own length."""
    if not batch_first:
        padded_sequences = padded_sequences.transpose(0, 1)
    size = padded_sequences.shape[1]
    places = Tensor(np.arange(size))
    rows = zip(padded_sequences, lengths, strict=True)
    return [row[places < length] for row, length in rows]
