"""Arrays of a user's as the core takes them: which element types there are, and what is no array of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def numeric(value: ArrayLike, who: str) -> NDArray[Any]:
    """Returns the value as an array of numbers, not copied where it already is one.

    Args:
        value: An array, a data frame, or nested lists of numbers.
        who: The name of the value in messages.

    Raises:
        TypeError: It holds objects or strings.
        ValueError: Its rows differ in length.
    """
    if not isinstance(value, np.ndarray):
        to_numpy = getattr(value, "to_numpy", None)
        try:
            value = np.asarray(to_numpy() if callable(to_numpy) else value)
        except ValueError as error:
            raise ValueError(f"{who} is no array: {error}; its rows must have equal lengths") from None
    if value.dtype.kind not in "fiub":
        if value.dtype.kind in "US" or (value.dtype == object and value.size and isinstance(value.flat[0], str)):
            mend = "turn names into numbers first: names, y = np.unique(y, return_inverse=True)"
        elif value.dtype == object:
            mend = "its rows may differ in length; make it numeric with np.asarray(..., dtype='float32')"
        else:
            mend = "convert it to numbers first"
        raise TypeError(f"{who} has dtype {value.dtype}, expected numbers; {mend}")
    if not value.dtype.isnative or value.dtype.itemsize > 8:
        value = value.astype(np.float64 if value.dtype.kind == "f" else value.dtype.newbyteorder("="))
    return value


def edge_dtype(dtype: Any, who: str) -> str:
    """Returns the core's name of an element type: "float32", "int32" or "bool".

    Raises:
        ValueError: The type holds no numbers.
    """
    if dtype is None:
        return "float32"
    try:
        kind = np.dtype(getattr(dtype, "name", dtype)).kind
    except TypeError:
        kind = "f" if dtype == "bfloat16" else "?"
    known = {"f": "float32", "i": "int32", "u": "int32", "b": "bool"}
    if kind not in known:
        raise ValueError(f"{who} expects dtype 'float32', 'int32' or 'bool', got {dtype!r}")
    return known[kind]
