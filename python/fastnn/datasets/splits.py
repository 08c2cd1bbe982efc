"""Tables of numbers: the bundled ones, and the split into rows for training and for testing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Split = tuple[NDArray[Any], NDArray[Any]]


def split(x: NDArray[Any], y: NDArray[Any], test_split: float, seed: int) -> tuple[Split, Split]:
    """Returns `(x_train, y_train), (x_test, y_test)` in a random order.

    Args:
        x: The columns of features.
        y: The targets.
        test_split: The share for testing.
        seed: Seed of the order.

    Raises:
        ValueError: `test_split` is not from 0 to below 1.
    """
    if not 0 <= test_split < 1:
        raise ValueError(f"load_data expects test_split from 0 to below 1, got {test_split}")
    order = np.arange(len(x))
    np.random.RandomState(seed).shuffle(order)
    rows = int(len(x) * (1 - test_split))
    return (x[order[:rows]], y[order[:rows]]), (x[order[rows:]], y[order[rows:]])


def read_table(name: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Returns features and labels of a table that is part of the package.

    Args:
        name: The file: a line of names, then rows whose last column is the label.
    """
    from importlib.resources import files

    with files("fastnn.datasets").joinpath(name).open(encoding="ascii") as file:
        values = np.loadtxt(file, delimiter=",", skiprows=1)
    return values[:, :-1], values[:, -1].astype(np.int64)
