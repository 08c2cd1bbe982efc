"""Data frames and their columns as arrays: pandas, polars, pyarrow and xarray, by the methods they have in common.

None of these packages is imported. Columns may be of numbers and booleans, of nullable types and of Arrow's; a missing
value becomes NaN. A column that holds no numbers is refused by its name.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def is_sparse(value: Any) -> bool:
    """Returns whether a value is a sparse matrix of SciPy."""
    return hasattr(value, "tocsr") and hasattr(value, "toarray")


def as_array(value: Any, who: str) -> NDArray[Any]:
    """Returns a data frame, a column, a sparse matrix or anything else that NumPy takes as an array.

    Args:
        value: The value.
        who: The name of the value in messages.

    Raises:
        TypeError: A column of a frame holds no numbers.
    """
    if is_sparse(value):
        dense: NDArray[Any] = value.toarray()
        return dense
    names = _column_names(value)
    if names is None:
        return _of_column(value)
    if hasattr(value, "to_numpy"):
        array: NDArray[Any] = np.asarray(value.to_numpy())
        if array.dtype.kind in "fiub":
            return array
    columns = []
    for k, name in enumerate(names):
        column = _column(value, k)
        array = _of_column(column)
        if array.dtype.kind not in "fiub":
            kind = getattr(column, "dtype", None) or getattr(column, "type", array.dtype)
            raise TypeError(
                f"{who}: the column {name!r} holds {kind}, expected numbers; turn it into numbers first, such as with "
                "layers.StringLookup, or drop it"
            )
        columns.append(array)
    if not columns:
        raise ValueError(f"{who} is a frame without columns")
    return np.stack([column.astype(np.result_type(*columns), copy=False) for column in columns], axis=1)


def _column_names(value: Any) -> list[Any] | None:
    """Returns the names of the columns of a frame or table; None for anything else."""
    names = getattr(value, "column_names", None)
    if names is None and hasattr(value, "to_numpy"):
        names = getattr(value, "columns", None)
    return None if names is None else list(names)


def _column(frame: Any, k: int) -> Any:
    """Returns a column of a frame by its number."""
    if hasattr(frame, "iloc"):
        return frame.iloc[:, k]
    return frame.to_series(k) if hasattr(frame, "to_series") else frame.column(k)


def _of_column(column: Any) -> NDArray[Any]:
    """Returns an array of one column, or of what NumPy takes by itself."""
    to_numpy = getattr(column, "to_numpy", None)
    if not callable(to_numpy):
        return np.asarray(column)
    # An array of pyarrow gives up its values only where it may copy them.
    array = np.asarray(to_numpy(zero_copy_only=False) if hasattr(column, "null_count") and hasattr(column, "buffers")
                       else to_numpy())  # fmt: skip
    if array.dtype.kind != "O" or array.ndim != 1 or hasattr(column, "categories") or not len(array):
        return array
    missing = np.array([one is None or one != one or str(one) in ("<NA>", "None") for one in array], bool)
    given = array[~missing]
    if not all(isinstance(one, (int, float, np.number, np.bool_)) for one in given):
        return array
    if not missing.any():
        return np.array(given.tolist())
    numbers = np.full(len(array), np.nan)
    numbers[~missing] = given.astype(np.float64)
    return numbers
