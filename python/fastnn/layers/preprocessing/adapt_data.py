"""Batches of the data that `adapt` methods read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.arrays import numeric


def batches(data: Any, who: str) -> Iterator[NDArray[Any]]:
    """Yields the arrays of which data consists.

    Args:
        data: Array or list of numbers, which is one batch, or an iterable of batches; of a tuple (x, y) only x is read.
        who: Name of the layer, for errors.

    Yields:
        Arrays of numbers.

    Raises:
        ValueError: There is no data.
        TypeError: The data is not numeric.
    """
    whole = isinstance(data, np.ndarray) or hasattr(data, "to_numpy") or not isinstance(data, Iterable)
    if isinstance(data, (list, tuple)):
        firsts = [one[0] if isinstance(one, tuple) and one else one for one in data]
        whole = not any(isinstance(one, np.ndarray) and one.ndim > 0 for one in firsts)
    if whole:
        array = numeric(data, f"{who}: adapt's data")
        if array.shape == (0,):
            raise ValueError(f"{who}: adapt's data is empty")
        yield array
        return
    empty = True
    for batch in data:
        empty = False
        yield numeric(batch[0] if isinstance(batch, tuple) else batch, f"{who}: a batch of adapt's data")
    if empty:
        raise ValueError(f"{who}: adapt's data is empty")
