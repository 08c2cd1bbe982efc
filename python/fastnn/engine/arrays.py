"""Arrays of a user's as the core takes them: which element types there are, and what is no array of numbers."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn.engine.frames import as_array
from fastnn.precision import array_type


def without_ragged(convert: Callable[..., NDArray[Any]]) -> Callable[..., NDArray[Any]]:
    """Returns a function that makes arrays so that rows of different lengths are an error in every version of NumPy.

    NumPy before 1.24 only warns. It is decided once, since a filter of warnings holds for all threads.

    Args:
        convert: Makes an array of its first argument.
    """

    def converted(*args: Any) -> NDArray[Any]:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", "Creating an ndarray from ragged nested sequences")
            return convert(*args)

    return converted if np.lib.NumpyVersion(np.__version__) < "1.24.0" else convert


_array_of = without_ragged(as_array)


def numeric(value: ArrayLike, who: str, labels: bool = False) -> NDArray[Any]:
    """Returns the value as an array of numbers, not copied where it already is one.

    Args:
        value: An array, a data frame, or nested lists of numbers.
        who: The name of the value in messages.
        labels: True for targets, whose names can be numbered.

    Raises:
        TypeError: It holds objects or strings.
        ValueError: Its rows differ in length.
    """
    if not isinstance(value, np.ndarray):
        try:
            value = _array_of(value, who)
        except (ValueError, Warning) as error:
            raise ValueError(f"{who} is no array: {error}; its rows must have equal lengths") from None
    if value.dtype.kind not in "fiub":
        raise TypeError(f"{who} has dtype {value.dtype}, expected numbers; {_mend(value, labels)}")
    if not value.dtype.isnative or value.dtype.itemsize > 8:
        value = value.astype(np.float64 if value.dtype.kind == "f" else value.dtype.newbyteorder("="))
    return value


def _mend(value: NDArray[Any], labels: bool) -> str:
    """Returns the advice for an array that does not hold numbers."""
    if value.dtype.kind in "US" or (value.dtype == object and any(isinstance(one, str) for one in value.flat)):
        if labels:
            return "turn names into numbers first: names, y = np.unique(y, return_inverse=True)"
        if _is_number(next(one for one in value.flat if isinstance(one, (str, bytes)))):
            return "turn its texts into numbers first: x.astype('float32')"
        return "turn texts into numbers first, with layers.TextVectorization or StringLookup, or drop that column"
    if value.dtype == object and value.ndim == 0 and callable(value.item()):
        return "a function or a layer is called first, and what it returns is passed"
    if value.dtype == object and value.ndim == 0 and value.item() is None:
        return "it is None: what made it may lack a return"
    if value.dtype == object and value.ndim == 0:
        return "pass an array, such as np.asarray(..., dtype='float32')"
    if value.dtype == object and any(one is None for one in value.flat):
        return "it holds None; replace missing values by numbers"
    if value.dtype == object:
        return "its rows may differ in length; make it numeric with np.asarray(..., dtype='float32')"
    return "convert it to numbers first"


def _is_number(text: str | bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def edge_dtype(dtype: Any, who: str) -> str:
    """Returns the core's name of an element type: "float32", "int32" or "bool".

    Raises:
        ValueError: The type holds no numbers.
    """
    if dtype is None:
        return "float32"
    kind: str
    try:
        kind = array_type(dtype).kind
    except TypeError:
        kind = "?"
    known = {"f": "float32", "i": "int32", "u": "int32", "b": "bool"}
    if kind not in known:
        raise ValueError(f"{who} expects dtype 'float32', 'int32' or 'bool', got {dtype!r}")
    return known[kind]
