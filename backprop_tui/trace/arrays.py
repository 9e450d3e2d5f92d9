"""Arrays as bytes, and back.

    raw       the numbers, little-endian, in row-major order
    zlib      the same, compressed, where that pays
    summary   a Summary: JSON of its Digest, whose corner is an array of its own

Reading believes nothing: an array is as large as its bytes say, never as its shape claims.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import fields
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from backprop_tui.engines.base import Array
from backprop_tui.engines.summary import BINS, Digest, Summary, digest_of
from backprop_tui.trace.plain import DTYPES

RAW, ZLIB, SUMMARY = range(3)
#: Smaller arrays are not worth compressing, larger ones would cost the run too much time.
LEAST_ZLIB, MOST_ZLIB = 512, 4 * 2**20
#: So much of an array is tried first.
SAMPLE = 4096
#: Compressed to this part of its size or less, an array is kept compressed.
WORTH = 0.7
#: A shape that says more is a lie; NumPy's own limits are near.
MOST_ELEMENTS = 2**40

#: A column of the array table: dtype, shape as JSON, coding, data.
Row = tuple[str, str, int, bytes]


def pack(array: Array, corner: Callable[[Array], int]) -> Row:
    """An array as a row, to be squeezed; ``corner`` gives the number of a summary's corner, an
    array of its own."""
    shape = f"[{','.join(map(str, array.shape))}]"
    name = dtype_name(array.dtype)
    digest = digest_of(array)
    if digest is not None:
        data = figures(digest) | {"corner": corner(digest.corner)}
        return name, shape, SUMMARY, json.dumps(_texts(data)).encode()
    return name, shape, RAW, raw(array)


def unpack(row: Row, corner: Callable[[int], Array]) -> Array:
    """The array of a row; raises ValueError, TypeError or KeyError where it is damaged."""
    name, shape_text, coding, data = row
    shape, dtype = read_head([name, json.loads(shape_text)])
    if coding == SUMMARY:
        found = json.loads(data)
        found["corner"] = corner(found["corner"])
        return summary(shape, name, found)
    size = prod(shape) * dtype.itemsize
    if coding == ZLIB and size > MOST_ZLIB:
        raise ValueError(f"{size} bytes are more than is ever compressed")
    data = unsqueeze(coding, data, size)
    if len(data) != size:
        raise ValueError(f"an array of {size} bytes has {len(data)}")
    return numbers(data, shape, dtype)


def numbers(data: bytes, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """The array of these bytes; read-only, as every recorded array is."""
    return np.frombuffer(data, dtype).reshape(shape)


def raw(array: Array) -> bytes:
    """The numbers, little-endian, in row-major order."""
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    return array.tobytes()


def head(array: Array) -> list[Any]:
    """What tells the size of an array: dtype and shape."""
    return [dtype_name(array.dtype), list(array.shape)]


def read_head(data: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """The shape and dtype of a ``head``; raises ValueError where it is none."""
    name, shape = data
    if name not in DTYPES:
        raise ValueError(f"unknown dtype {name!r}")
    return read_shape(shape), np.dtype(name)


def squeeze(data: bytes) -> tuple[int, bytes]:
    """Bytes with their coding, compressed where that pays."""
    if LEAST_ZLIB <= len(data) <= MOST_ZLIB:
        sample = data[:SAMPLE]
        if len(zlib.compress(sample, 1)) <= WORTH * len(sample):
            packed = zlib.compress(data, 1)
            if len(packed) <= WORTH * len(data):
                return ZLIB, packed
    return RAW, data


def unsqueeze(coding: int, data: bytes, most: int = MOST_ZLIB) -> bytes:
    """The bytes that were squeezed; at most one more than ``most`` if they were compressed."""
    if coding == ZLIB:
        try:
            return zlib.decompressobj().decompress(data, most + 1)
        except zlib.error as error:
            raise ValueError(str(error)) from None
    if coding != RAW:
        raise ValueError(f"unknown coding {coding!r}")
    return data


@lru_cache(maxsize=64)
def dtype_name(dtype: np.dtype[Any]) -> str:
    """NumPy's name of a dtype, which NumPy works out anew each time."""
    return dtype.name


def figures(digest: Digest) -> dict[str, Any]:
    """The fields of a Digest."""
    return {field.name: getattr(digest, field.name) for field in fields(Digest)}


def summary(shape: Any, dtype: str, digest: Any) -> Summary:
    """A Summary from the fields of its Digest; raises ValueError or TypeError if they are wrong."""
    numbers = ("minimum", "maximum", "mean", "norm")
    found = dict(digest)
    found |= {key: float(found[key]) for key in numbers}
    found["histogram"] = tuple(int(count) for count in found["histogram"])
    built = Digest(**found)
    if not (
        type(built.nonfinite) is int
        and isinstance(built.device, str)
        and isinstance(built.corner, np.ndarray)
        and len(built.histogram) == BINS
    ):
        raise TypeError("a summary with other figures than expected")
    return Summary(read_shape(shape), dtype, built)


def read_shape(shape: Any) -> tuple[int, ...]:
    """A shape, if it is one."""
    if not (
        isinstance(shape, list | tuple)
        and len(shape) <= 32
        and all(type(length) is int and 0 <= length <= MOST_ELEMENTS for length in shape)
        and prod(max(length, 1) for length in shape) <= MOST_ELEMENTS
    ):
        raise ValueError(f"{str(shape)[:60]} is no shape")
    return tuple(shape)


def _texts(data: dict[str, Any]) -> dict[str, Any]:
    """JSON has no NaN; Python's float() reads them back from text."""
    return {
        key: str(value) if isinstance(value, float) and not np.isfinite(value) else value
        for key, value in data.items()
    }
