"""Integers of 4 bits, two in one byte."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def pack_int4(arr: Any, axis: int = 0, dtype: str = "int8") -> tuple[NDArray[Any], tuple[int, ...], int]:
    """Returns integers of 4 bits, two in each byte: the first in its lower half.

    Args:
        arr: Array of `dtype` with integers from -8 to 7, or from 0 to 15 for "uint8".
        axis: Axis along which neighbours share a byte; an odd size is filled up with 0.
        dtype: "int8" or "uint8".

    Returns:
        The bytes, their shape, and the size of `arr` along `axis`.

    Raises:
        ValueError: `dtype` is another type.
        TypeError: `arr` is of another type.

    Example:
        >>> fastnn.quantizers.pack_int4(np.array([[-3, 7], [2, -8], [1, 0]], np.int8))
        (array([[  45, -121],
               [   1,    0]], dtype=int8), (2, 2), 3)
    """
    _check("pack_int4", np.asarray(arr).dtype, dtype, (dtype,))
    lines = np.moveaxis(np.asarray(arr), axis, 0).view(np.uint8)
    size = len(lines)
    if size % 2:
        lines = np.concatenate([lines, np.zeros_like(lines[:1])])
    packed = np.moveaxis(lines[::2] & 0x0F | (lines[1::2] & 0x0F) << 4, 0, axis)
    made = np.ascontiguousarray(packed).astype(np.uint8).view(dtype)
    return made, made.shape, size


def unpack_int4(packed: Any, orig_len: int, axis: int = 0, dtype: str = "int8") -> NDArray[Any]:
    """Returns the integers that `pack_int4` has packed.

    Args:
        packed: Array of bytes, "int8" or "uint8".
        orig_len: Size along `axis` before packing.
        axis: Axis along which neighbours share a byte.
        dtype: "int8": integers from -8 to 7. "uint8": from 0 to 15.

    Raises:
        ValueError: `dtype` is another type.
        TypeError: `packed` is of another type.

    Example:
        >>> fastnn.quantizers.unpack_int4(np.array([[45, -121], [1, 0]], np.int8), 3).tolist()
        [[-3, 7], [2, -8], [1, 0]]
    """
    _check("unpack_int4", np.asarray(packed).dtype, dtype, ("int8", "uint8"))
    lines = np.moveaxis(np.asarray(packed), axis, 0).view(np.uint8)
    halves = np.stack([lines & 0x0F, lines >> 4], axis=1).reshape(-1, *lines.shape[1:])[:orig_len]
    if dtype == "int8":
        # Of numbers with a sign, 8 to 15 stand for -8 to -1.
        halves = (halves ^ 8).view(np.int8) - np.int8(8)
    return np.ascontiguousarray(np.moveaxis(halves, 0, axis))


def _check(who: str, given: np.dtype[Any], dtype: str, allowed: tuple[str, ...]) -> None:
    if dtype not in ("int8", "uint8"):
        raise ValueError(f"{who} expects dtype 'int8' or 'uint8', got {dtype!r}")
    if given.name not in allowed:
        raise TypeError(f"{who} expects an array of {' or '.join(allowed)}, got {given.name}")
