"""``F.max_pool2d``, ``F.avg_pool2d`` and their relatives, checked as PyTorch checks them."""

from __future__ import annotations

from typing import Any

from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.pointwise import need_tensor, refuse
from backprop_tui.engines.numpy_engine.reduce import mean
from backprop_tui.engines.numpy_engine.shaping import squeeze, unsqueeze

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "avg_pool1d",
    "avg_pool2d",
    "max_pool1d",
    "max_pool2d",
]


def _two(name: str, given: Any) -> tuple[int, int]:
    """A size for rows and columns, from one number or two."""
    sizes = (given,) if isinstance(given, int) else tuple(given)
    if len(sizes) not in (1, 2):
        raise RuntimeError(f"{name} must either be a single int, or a tuple of two ints")
    return sizes[0], sizes[-1]


def _one(given: Any, before: int) -> tuple[int, int]:
    """A size along a row, as the size of an image of one row."""
    sizes = (given,) if isinstance(given, int) else tuple(given)
    return before, sizes[0]


def _image(name: str, input: Any) -> None:
    need_tensor(input, name)
    if input.ndim not in (3, 4):
        raise RuntimeError("non-empty 3D or 4D (batch mode) tensor expected for input")


def _row(name: str, input: Any) -> None:
    need_tensor(input, name)
    if input.ndim not in (2, 3):
        raise RuntimeError(
            f"{name}: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for "
            f"input, but got:{list(input.shape)}"
        )


def max_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest number of each window; with ``return_indices`` also where it was."""
    _image("max_pool2d", input)
    refuse("max_pool2d", "b", input)
    kernel = _two("max_pool2d: kernel_size", kernel_size)
    found = apply(
        "max_pool2d_with_indices",
        input,
        kernel_size=kernel,
        stride=kernel if stride is None or stride == () else _two("max_pool2d: stride", stride),
        padding=_two("max_pool2d: padding", padding),
        dilation=_two("max_pool2d: dilation", dilation),
        ceil_mode=ceil_mode,
    )
    return found if return_indices else found[0]


def max_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest number of each window along a row."""
    _row("max_pool1d", input)
    found = max_pool2d(
        unsqueeze(input, -2),
        _one(kernel_size, 1),
        _one(kernel_size if stride is None or stride == () else stride, 1),
        _one(padding, 0),
        _one(dilation, 1),
        ceil_mode,
        True,
    )
    values, places = squeeze(found[0], -2), squeeze(found[1], -2)
    return (values, places) if return_indices else values


def avg_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """The mean of each window."""
    _image("avg_pool2d", input)
    kernel = _two("avg_pool2d: kernel_size", kernel_size)
    return apply(
        "avg_pool2d",
        input,
        kernel_size=kernel,
        stride=kernel if stride is None or stride == () else _two("avg_pool2d: stride", stride),
        padding=_two("avg_pool2d: padding", padding),
        ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
        divisor_override=divisor_override,
    )


def avg_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """The mean of each window along a row."""
    _row("avg_pool1d", input)
    made = avg_pool2d(
        unsqueeze(input, -2),
        _one(kernel_size, 1),
        _one(kernel_size if stride is None or stride == () else stride, 1),
        _one(padding, 0),
        ceil_mode,
        count_include_pad,
    )
    return squeeze(made, -2)


def _adaptive_size(input: Any, output_size: Any) -> tuple[int, int]:
    rows, columns = (output_size,) * 2 if isinstance(output_size, int) else output_size
    height, width = input.shape[-2:]
    return height if rows is None else rows, width if columns is None else columns


def adaptive_avg_pool2d(input: Any, output_size: Any) -> Any:
    """The means of so many parts of an image."""
    need_tensor(input, "adaptive_avg_pool2d")
    if input.ndim not in (3, 4):
        raise RuntimeError(
            f"adaptive_avg_pool2d(): Expected 3D or 4D tensor, but got {list(input.shape)}"
        )
    size = _adaptive_size(input, output_size)
    if size == (1, 1):
        return mean(input, (-1, -2), True)
    return apply("_adaptive_avg_pool2d", input, output_size=size)


def adaptive_avg_pool1d(input: Any, output_size: Any) -> Any:
    """The means of so many parts of a row."""
    _row("adaptive_avg_pool1d", input)
    made = apply("_adaptive_avg_pool2d", unsqueeze(input, -2), output_size=_one(output_size, 1))
    return squeeze(made, -2)


def adaptive_max_pool2d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The largest of so many parts of an image."""
    _image("adaptive_max_pool2d", input)
    size = _adaptive_size(input, output_size)
    found = apply("adaptive_max_pool2d", input, output_size=size)
    return found if return_indices else found[0]


def adaptive_max_pool1d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The largest of so many parts of a row."""
    _row("adaptive_max_pool1d", input)
    found = apply("adaptive_max_pool2d", unsqueeze(input, -2), output_size=_one(output_size, 1))
    values, places = (squeeze(one, -2) for one in found)
    return (values, places) if return_indices else values
