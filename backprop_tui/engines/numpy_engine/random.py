"""``torch.rand`` and its relatives: tensors of random numbers from the engine's generator."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine import events, state
from backprop_tui.engines.numpy_engine.creation import size_of
from backprop_tui.engines.numpy_engine.dtypes import dtype, int64, on_cpu
from backprop_tui.engines.numpy_engine.generator import Generator
from backprop_tui.engines.numpy_engine.tensor import Tensor

__all__ = [
    "Generator",
    "bernoulli",
    "initial_seed",
    "manual_seed",
    "multinomial",
    "normal",
    "rand",
    "rand_like",
    "randint",
    "randn",
    "randn_like",
    "randperm",
]


def default_generator() -> Generator:
    """The generator that draws when none is named; every engine has its own."""
    extras = state.now().extras
    generator = extras.get("generator")
    if not isinstance(generator, Generator):
        generator = extras["generator"] = Generator()
    return generator


def manual_seed(seed: int) -> Generator:
    """``torch.manual_seed``: start the default generator anew."""
    return default_generator().manual_seed(seed)


def initial_seed() -> int:
    """``torch.initial_seed``: the default generator's seed."""
    return default_generator().initial_seed()


def _drawn(array: Any, requires_grad: bool) -> Tensor:
    made = Tensor(np.asarray(array))
    if requires_grad:
        with events.muted():
            made.requires_grad_()
    return made


def _room(size: tuple[int, ...], wanted: dtype) -> None:
    allocate = state.now().allocate
    if allocate is not None:
        allocate(size, max(wanted.itemsize, 8))


def _floating(wanted: dtype | None, kernel: str) -> dtype:
    """The dtype to draw in; NotImplementedError for one without a kernel."""
    chosen = state.now().default_dtype if wanted is None else wanted
    if chosen.short not in ("float32", "float64"):
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{chosen.legacy}'")
    return chosen


def rand(
    *sizes: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """``torch.rand``: uniform in [0, 1)."""
    on_cpu(device)
    shape, wanted = (
        size_of(sizes if size is None else (size,)),
        _floating(dtype, "check_uniform_bounds"),
    )
    _room(shape, wanted)
    drawn = (generator or default_generator()).uniform(shape, dtype=wanted.numpy)
    return _drawn(drawn, requires_grad)


def randn(
    *sizes: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """``torch.randn``: standard normal."""
    on_cpu(device)
    shape, wanted = (
        size_of(sizes if size is None else (size,)),
        _floating(dtype, "normal_kernel_cpu"),
    )
    _room(shape, wanted)
    drawn = (generator or default_generator()).normal(shape, dtype=wanted.numpy)
    return _drawn(drawn, requires_grad)


def rand_like(
    input: Tensor, *, dtype: dtype | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """``torch.rand_like``: uniform, in the shape and dtype of another tensor."""
    on_cpu(device)
    return rand(input.array.shape, dtype=dtype or input.dtype, requires_grad=requires_grad)


def randn_like(
    input: Tensor, *, dtype: dtype | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """``torch.randn_like``: standard normal, in the shape and dtype of another tensor."""
    on_cpu(device)
    return randn(input.array.shape, dtype=dtype or input.dtype, requires_grad=requires_grad)


def randint(
    low: int,
    high: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """``torch.randint(low=0, high, size)``: whole numbers in [low, high)."""
    on_cpu(device)
    if isinstance(high, list | tuple):
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    if size is None:
        raise TypeError("randint() is missing the argument 'size'")
    wanted = int64 if dtype is None else dtype
    shape = size_of((size,))
    _room(shape, wanted)
    drawn = (generator or default_generator()).randint(int(low), int(high), shape, wanted.numpy)
    return _drawn(drawn, requires_grad)


def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """``torch.randperm``: 0 … n−1 in random order."""
    on_cpu(device)
    wanted = int64 if dtype is None else dtype
    _room((max(n, 0),), wanted)
    order = (generator or default_generator()).randperm(n)
    return _drawn(order.astype(wanted.numpy), requires_grad)


def bernoulli(
    input: Tensor, p: float | None = None, *, generator: Generator | None = None
) -> Tensor:
    """``torch.bernoulli``: 1 with the probability given by each element, or by ``p``."""
    stream = generator or default_generator()
    if p is not None:
        return Tensor(stream.bernoulli(input.array.shape, p).astype(input.array.dtype))
    _floating(input.dtype, "bernoulli_tensor_cpu_p_")
    return Tensor(stream.bernoulli_of(input.array))


def multinomial(
    input: Tensor,
    num_samples: int,
    replacement: bool = False,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """``torch.multinomial``: indices drawn with the weights in each row."""
    weights = input.array
    if not 1 <= weights.ndim <= 2:
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if weights.dtype.kind != "f":
        raise RuntimeError(
            "multinomial only supports floating-point dtypes for input, got: " + input.dtype.c_name
        )
    if num_samples <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and num_samples > weights.shape[-1]:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement"
        )
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if (weights.sum(-1) == 0).any():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    _room((*weights.shape[:-1], num_samples), int64)
    stream = generator or default_generator()
    drawn = stream.multinomial(weights, int(num_samples), replacement)
    return Tensor(drawn.astype(np.int64))


def normal(
    mean: Any,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """``torch.normal``: of numbers with a ``size``, or of tensors, element by element."""
    on_cpu(device)
    stream = generator or default_generator()
    tensors = [part for part in (mean, std) if isinstance(part, Tensor)]
    if not tensors:
        if size is None:
            raise TypeError("normal() is missing the argument 'size'")
        shape, wanted = size_of((size,)), _floating(dtype, "normal_kernel_cpu")
        _room(shape, wanted)
        return _drawn(stream.normal(shape, mean, std, wanted.numpy), requires_grad)
    wanted = _floating(tensors[0].dtype, "normal_kernel_cpu")
    shape = np.broadcast_shapes(*(part.array.shape for part in tensors))
    middle = mean.array if isinstance(mean, Tensor) else mean
    if isinstance(std, Tensor):
        if (std.array < 0).any():
            raise RuntimeError("normal expects all elements of std >= 0.0")
        drawn = stream.normal(shape, dtype=wanted.numpy) * std.array
    else:
        drawn = stream.normal(shape, 0.0, std, wanted.numpy)
    return Tensor(np.asarray(drawn + middle))


def uniform_(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """``Tensor.uniform_`` under ``no_grad``: filled with uniform numbers in [a, b)."""
    wanted = _floating(tensor.dtype, "check_uniform_bounds").numpy
    stream = generator or default_generator()
    events.write(tensor, stream.uniform(tensor.array.shape, a, b, wanted))
    return tensor


def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """``Tensor.normal_`` under ``no_grad``: filled with normal numbers."""
    wanted = _floating(tensor.dtype, "normal_kernel_cpu").numpy
    stream = generator or default_generator()
    events.write(tensor, stream.normal(tensor.array.shape, mean, std, wanted))
    return tensor
