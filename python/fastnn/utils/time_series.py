"""Datasets of the windows of a time series."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastnn.data import AUTOTUNE, Dataset
from fastnn.data.elements import as_element
from fastnn.utils.folder_index import check_format

_WHO = "timeseries_dataset_from_array"


def timeseries_dataset_from_array(
    data: ArrayLike,
    targets: ArrayLike | None,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str = "tf",
) -> Dataset:
    """Returns a dataset of windows of a time series. A batch is gathered when it is asked for.

    Args:
        data: Array whose first axis is time.
        targets: Target of the window that begins at each step, `targets[i]` for the window from `data[i]`; None: none.
        sequence_length: Number of steps of a window.
        sequence_stride: Distance between the begins of two windows.
        sampling_rate: Distance between the steps of a window.
        batch_size: Windows of a batch; None: single windows.
        shuffle: Puts windows in random order.
        seed: Seed of the order.
        start_index: First step that is used; None: 0.
        end_index: Step after the last one that is used; None: all are.
        format: Accepted for Keras compatibility: "tf" and "grain" return the same dataset.

    Returns:
        A `fastnn.data.Dataset` of windows of shape `(batch, sequence_length, ...)`, or of pairs (windows, targets).

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> windows = fastnn.utils.timeseries_dataset_from_array(np.arange(6), np.arange(6) * 10, 3, batch_size=2)
        >>> [(x.tolist(), y.tolist()) for x, y in windows]
        [([[0, 1, 2], [1, 2, 3]], [0, 10]), ([[2, 3, 4], [3, 4, 5]], [20, 30])]
    """
    check_format(_WHO, format)
    series = as_element(data, f"{_WHO}: data").numpy()
    wanted = None if targets is None else as_element(targets, f"{_WHO}: targets").numpy()
    steps = len(series)
    for name, value in (("sampling_rate", sampling_rate), ("sequence_stride", sequence_stride)):
        if not 0 < value < steps:
            raise ValueError(f"{_WHO} expects {name} above 0 and below the {steps} steps of data, got {value}")
    if sequence_length < 1:
        raise ValueError(f"{_WHO} expects sequence_length of at least 1, got {sequence_length}")
    if start_index and not 0 <= start_index < steps:
        raise ValueError(f"{_WHO} expects start_index from 0 to {steps - 1}, got {start_index}")
    if end_index and not max(0, start_index or 0) < end_index < steps:
        raise ValueError(
            f"{_WHO} expects end_index above start_index and below the {steps} steps of data, got {end_index}"
        )
    first, end = start_index or 0, steps if end_index is None else end_index
    series = series[first:end]
    wanted = None if wanted is None else wanted[first:end]
    count = end - first - (sequence_length - 1) * sampling_rate
    if wanted is not None:
        count = min(count, len(wanted))
    starts = np.arange(0, max(count, 0), sequence_stride)
    offsets = np.arange(0, sequence_length * sampling_rate, sampling_rate)
    if shuffle:
        seed = int(np.random.randint(int(1e6))) if seed is None else seed
        np.random.RandomState(seed).shuffle(starts)
    order = Dataset.from_tensor_slices(starts)
    if shuffle:
        order = order.shuffle(1024 if batch_size is None else batch_size * 8, seed)
    if batch_size is not None:
        order = order.batch(batch_size)

    def gather(begin: Any) -> Any:
        at = begin.numpy()
        window = series[np.add.outer(at, offsets)]
        return window if wanted is None else (window, wanted[at])

    return order.map(gather).prefetch(AUTOTUNE)
