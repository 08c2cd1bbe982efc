"""Arrays of tokens: conversion to strings or integers, and the distinct ones among them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.layer import numeric


def strings(value: Any, who: str, encoding: str = "utf-8") -> NDArray[np.object_]:
    """The value as an array of Python's strings, each as long as it is; bytes are decoded.

    Raises:
        TypeError: It holds something else.
        ValueError: Its rows differ in length.
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
            f"{who} expects strings, got dtype {array.dtype}; IntegerLookup takes whole numbers, and "
            "x.astype(str) makes strings of them"
        )
    flat = [one.decode(encoding) if isinstance(one, bytes) else one for one in array.ravel().tolist()]
    for one in flat:
        if not isinstance(one, str):
            mend = "make it str(...) first, or use IntegerLookup for whole numbers"
            if one is None or one != one:
                mend = "fill what is missing first, for instance with ''"
            elif isinstance(one, (list, tuple)):
                mend = "its rows must have equal lengths"
            raise TypeError(f"{who} expects strings, got {one!r}; {mend}")
    found: NDArray[np.object_] = np.empty(array.shape, dtype=object)
    found.reshape(-1)[:] = flat
    return found


def integers(value: Any, who: str) -> NDArray[np.int64]:
    """The value as an array of whole numbers.

    Raises:
        TypeError: It holds strings.
        ValueError: It holds numbers that are not whole.
    """
    array = np.asarray(value) if not hasattr(value, "to_numpy") else value
    if isinstance(array, np.ndarray) and array.dtype.kind in "USO" and array.size and isinstance(array.flat[0], str):
        raise TypeError(f"{who} expects whole numbers, got strings such as {array.flat[0]!r}; StringLookup takes those")
    array = numeric(array, who)
    if array.dtype.kind == "f":
        wrong = array[array != np.floor(array)]
        if wrong.size:
            raise ValueError(f"{who} expects whole numbers, got {wrong.flat[0]}")
    return array.astype(np.int64)


def distinct(array: NDArray[Any]) -> tuple[list[Any], NDArray[np.int64]]:
    """The distinct elements of an array, and which of them each element is, in an array of one axis."""
    if array.dtype.kind != "O":
        values, places = np.unique(array, return_inverse=True)
        return values.tolist(), places.reshape(-1).astype(np.int64)
    known: dict[Any, int] = {}
    found = np.fromiter((known.setdefault(one, len(known)) for one in array.ravel().tolist()), np.int64, array.size)
    return list(known), found
