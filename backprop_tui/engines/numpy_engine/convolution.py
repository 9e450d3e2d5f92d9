"""``F.conv1d``, ``F.conv2d`` and their transposes: checked as PyTorch checks them, one op each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.pointwise import need_tensor
from backprop_tui.engines.numpy_engine.shaping import squeeze, unsqueeze

__all__ = ["conv1d", "conv2d", "conv_transpose1d", "conv_transpose2d", "interpolate", "pad"]


def conv1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """A kernel along a row of numbers."""
    return _conv("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """A kernel over every place of an image."""
    return _conv("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """Each number times a kernel, laid side by side along a row."""
    return _conv(
        "conv_transpose1d", 1, input, weight, bias, stride, padding, dilation, groups,
        output_padding,
    )  # fmt: skip


def conv_transpose2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """Each number times a kernel, laid side by side into a larger image."""
    return _conv(
        "conv_transpose2d", 2, input, weight, bias, stride, padding, dilation, groups,
        output_padding,
    )  # fmt: skip


def _conv(
    name: str,
    dims: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
    output_padding: Any = None,
) -> Any:
    need_tensor(input, name)
    need_tensor(weight, name, "weight", 2)
    batched = _batched(name, dims, input)
    transposed = output_padding is not None
    strides = _sizes("stride", stride, weight.ndim - 2)
    dilations = _sizes("dilation", dilation, weight.ndim - 2)
    if isinstance(padding, str):
        input_, paddings = _named_padding(padding, input, weight, strides, dilations)
    else:
        input_, paddings = input, _sizes("padding", padding, weight.ndim - 2)
    extra = _sizes("output_padding", output_padding or 0, weight.ndim - 2)
    _check_sizes(strides, paddings, dilations, extra, groups)
    _check_shapes(input, weight, bias, groups, transposed, batched)
    _check_dtypes(input, weight, bias)
    if not transposed:
        _check_room(input_, weight, paddings, dilations)
    made = apply(
        "convolution",
        input_ if batched else unsqueeze(input_, 0),
        weight,
        bias,
        stride=strides,
        padding=paddings,
        dilation=dilations,
        transposed=transposed,
        output_padding=extra,
        groups=groups,
    )
    return made if batched else squeeze(made, 0)


def _batched(name: str, dims: int, input: Any) -> bool:
    if input.ndim not in (dims + 1, dims + 2):
        raise RuntimeError(
            f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to {name}, but got "
            f"input of size: {list(input.shape)}"
        )
    return bool(input.ndim == dims + 2)


def _sizes(name: str, given: Any, dims: int) -> tuple[int, ...]:
    """A number for every dimension, from one number or a sequence."""
    sizes = (given,) * dims if isinstance(given, int) else tuple(given)
    if len(sizes) == 1:
        sizes *= dims
    if len(sizes) != dims:
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of {dims} values to match "
            f"the convolution dimensions, but got {name}={list(sizes)}"
        )
    return sizes


def _named_padding(
    padding: str, input: Any, weight: Any, stride: Sequence[int], dilation: Sequence[int]
) -> tuple[Any, tuple[int, ...]]:
    """``"same"`` and ``"valid"``: the input (padded at its end if the kernel is even), and the
    padding of both sides."""
    if padding == "valid":
        return input, (0,) * len(stride)
    if padding != "same":
        raise RuntimeError(f"Invalid padding string: '{padding}'")
    if any(s != 1 for s in stride):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    total = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
    uneven = [n % 2 for n in total]
    if any(uneven):
        input = pad(input, [part for one in reversed(uneven) for part in (0, one)])
    return input, tuple(n // 2 for n in total)


def pad(input: Any, pad: Any, mode: str = "constant", value: float | None = None) -> Any:
    """More numbers around a tensor: (left, right, top, bottom, …), the last dimension first."""
    need_tensor(input, "pad")
    if mode in ("reflect", "replicate"):
        return _pad_from_inside(input, tuple(int(n) for n in pad), mode)
    if mode != "constant":
        raise NotImplementedError(
            f"padding mode {mode!r} is not offered here; use 'constant', 'reflect' or 'replicate'"
        )
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) > 2 * input.ndim:
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got "
            f"padding length {len(pad)} and input of dimension {input.ndim}"
        )
    fill = 0.0 if value is None else float(value)
    return apply("constant_pad_nd", input, pad=tuple(int(n) for n in pad), value=fill)


def _pad_from_inside(input: Any, padding: tuple[int, ...], mode: str) -> Any:
    """Padding with the tensor's own numbers: of the last dimension, or of the last two."""
    dims = len(padding) // 2
    if dims not in (1, 2) or input.ndim not in (dims + 1, dims + 2):
        raise NotImplementedError(
            "Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now"
        )
    name = "reflection" if mode == "reflect" else "replication"
    return apply(f"{name}_pad{dims}d", input, padding=padding)


def interpolate(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: Any = None,
    recompute_scale_factor: Any = None,
    antialias: bool = False,
) -> Any:
    """A row or an image of another size, by nearest neighbours or by straight lines."""
    need_tensor(input, "interpolate")
    dims = input.ndim - 2
    _check_mode(input, mode, align_corners)
    if antialias:
        raise NotImplementedError("interpolate with antialias=True is not offered here")
    if (size is None) == (scale_factor is None):
        if size is None:
            raise ValueError("either size or scale_factor should be defined")
        raise ValueError("only one of size or scale_factor should be defined")
    scales: tuple[Any, ...] = (None,) * dims
    if scale_factor is not None:
        many = isinstance(scale_factor, list | tuple)
        scales = tuple(float(n) for n in (scale_factor if many else (scale_factor,) * dims))
        size = [math.floor(n * by) for n, by in zip(input.shape[2:], scales, strict=True)]
        if recompute_scale_factor:
            scales = (None,) * dims
    sizes = tuple(size) if isinstance(size, list | tuple) else (size,) * dims
    how: dict[str, Any] = {"output_size": sizes}
    if mode != "nearest":
        how["align_corners"] = bool(align_corners)
    if dims == 1:
        return apply(f"upsample_{mode}1d", input, **how, scales=scales[0])
    return apply(f"upsample_{mode}2d", input, **how, scales_h=scales[0], scales_w=scales[1])


#: mode → how many dimensions it is for, beside batch and channel
LINES = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}


def _check_mode(input: Any, mode: str, align_corners: Any) -> None:
    if mode in ("nearest", "area", "nearest-exact") and align_corners is not None:
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear "
            "| bicubic | trilinear"
        )
    wanted = LINES.get(mode)
    if wanted is not None and input.ndim != wanted + 2:
        raise NotImplementedError(
            f"Got {input.ndim}D input, but {mode} mode needs {wanted + 2}D input"
        )
    if mode not in ("nearest", "linear", "bilinear") or input.ndim not in (3, 4):
        raise NotImplementedError(
            f"interpolate with mode={mode!r} on {input.ndim} dimensions is not offered here; "
            "use mode='nearest', 'linear' or 'bilinear' on a batch of rows or images"
        )


def _check_sizes(
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    output_padding: Sequence[int],
    groups: int,
) -> None:
    if min(padding) < 0:
        raise RuntimeError("negative padding is not supported")
    if min(stride) <= 0:
        raise RuntimeError("non-positive stride is not supported")
    if min(dilation) <= 0:
        raise RuntimeError("dilation should be greater than zero")
    if min(output_padding) < 0:
        raise RuntimeError("negative output_padding is not supported")
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    for extra, s, d in zip(output_padding, stride, dilation, strict=True):
        if extra and extra >= s and extra >= d:
            raise RuntimeError(
                "output padding must be smaller than either stride or dilation, but got "
                f"output_padding: {list(output_padding)} stride: {list(stride)} "
                f"dilation: {list(dilation)}"
            )


def _check_shapes(
    input: Any, weight: Any, bias: Any, groups: int, transposed: bool, batched: bool
) -> None:
    size = list(weight.shape)
    kind = f"transposed={int(transposed)}" if transposed else f"groups={groups}"
    if size[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, "
            f"but got weight of size [{size}] instead"
        )
    wanted = size[0] if transposed else size[1] * groups
    channels = input.shape[1 if batched else 0]
    if channels != wanted:
        shown = list(input.shape) if batched else [1, *input.shape]
        raise RuntimeError(
            f"Given {kind}, weight of size {size}, expected input{shown} to have {wanted} "
            f"channels, but got {channels} channels instead"
        )
    made = size[1] * groups if transposed else size[0]
    if bias is not None and tuple(bias.shape) != (made,):
        raise RuntimeError(
            f"Given {'transposed=1, ' if transposed else ''}weight of size {size}, expected bias "
            f"to be 1-dimensional with {made} elements, but got bias of size {list(bias.shape)} "
            "instead"
        )


def _check_dtypes(input: Any, weight: Any, bias: Any) -> None:
    if bias is not None and bias.array.dtype != input.array.dtype:
        raise RuntimeError(
            f"Input type ({input.dtype.c_name}) and bias type ({bias.dtype.c_name}) should be the "
            "same"
        )
    if weight.array.dtype != input.array.dtype:
        raise RuntimeError(
            f"expected scalar type {input.dtype.legacy} but found {weight.dtype.legacy}"
        )


def _check_room(input: Any, weight: Any, padding: Sequence[int], dilation: Sequence[int]) -> None:
    kernel = weight.shape[2:]
    spatial = input.shape[-len(kernel) :]
    room = [n + 2 * p for n, p in zip(spatial, padding, strict=True)]
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    if any(n < k for n, k in zip(room, reach, strict=True)):
        have, need = (" x ".join(str(n) for n in sizes) for sizes in (room, reach))
        raise RuntimeError(
            f"Calculated padded input size per channel: ({have}). Kernel size: ({need}). Kernel "
            "size can't be greater than actual input size"
        )
