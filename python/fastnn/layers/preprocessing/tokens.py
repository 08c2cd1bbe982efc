"""Arrays of tokens: conversion to strings or integers, and the distinct ones among them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.arrays import numeric


def as_strings(value: Any, who: str, encoding: str = "utf-8") -> NDArray[np.object_]:
    """Returns the value as an array of Python strings; bytes are decoded.

    Args:
        value: Array or list of strings or bytes, of any shape.
        who: Name of the value, for errors.
        encoding: Encoding of bytes.

    Returns:
        An array of objects.

    Raises:
        TypeError: An element is neither a string nor bytes.
        ValueError: Rows differ in length.
    """
    to_numpy = getattr(value, "to_numpy", None)
    array = to_numpy() if callable(to_numpy) else value
    if not isinstance(array, np.ndarray):
        try:
            array = np.asarray(array, dtype=object)
        except ValueError as error:
            raise ValueError(f"{who} is no array: {error}; its rows must have equal lengths") from None
    if array.dtype.kind not in "OUST" and array.size:
        raise TypeError(
            f"{who} expects strings, got dtype {array.dtype}; IntegerLookup takes integers, and "
            "x.astype(str) converts them to strings"
        )
    flat = [one.decode(encoding) if isinstance(one, bytes) else one for one in array.ravel().tolist()]
    for one in flat:
        if not isinstance(one, str):
            mend = "convert it with str(...) first, or use IntegerLookup for integers"
            if one is None or one != one:
                mend = "fill missing values first, for instance with ''"
            elif isinstance(one, (list, tuple)):
                mend = "its rows must have equal lengths"
            raise TypeError(f"{who} expects strings, got {one!r}; {mend}")
    found: NDArray[np.object_] = np.empty(array.shape, dtype=object)
    found.reshape(-1)[:] = flat
    return found


def as_integers(value: Any, who: str) -> NDArray[np.int64]:
    """Returns the value as an array of integers.

    Args:
        value: Array or list of integers, or of floating-point numbers without a fraction.
        who: Name of the value, for errors.

    Returns:
        An int64 array.

    Raises:
        TypeError: The value holds strings.
        ValueError: A number has a fraction.
    """
    array = np.asarray(value) if not hasattr(value, "to_numpy") else value
    if isinstance(array, np.ndarray) and array.dtype.kind in "USO" and array.size and isinstance(array.flat[0], str):
        raise TypeError(f"{who} expects integers, got strings such as {array.flat[0]!r}; StringLookup takes those")
    array = numeric(array, who)
    if array.dtype.kind == "f":
        wrong = array[array != np.floor(array)]
        if wrong.size:
            raise ValueError(f"{who} expects integers, got {wrong.flat[0]}")
    return array.astype(np.int64)


def distinct(array: NDArray[Any]) -> tuple[list[Any], NDArray[np.int64]]:
    """Returns the distinct elements of an array, and the position of each element among them as a flat array."""
    if array.dtype.kind != "O":
        values, places = np.unique(array, return_inverse=True)
        return values.tolist(), places.reshape(-1).astype(np.int64)
    known: dict[Any, int] = {}
    found = np.fromiter((known.setdefault(one, len(known)) for one in array.ravel().tolist()), np.int64, array.size)
    return list(known), found
