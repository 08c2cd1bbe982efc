"""Division of data into two datasets."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import numpy as np

from fastnn.data import AUTOTUNE, Dataset, elements

_WHO = "split_dataset"


def split_dataset(
    dataset: Any,
    left_size: float | int | None = None,
    right_size: float | int | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Dataset, Dataset]:
    """Divides data into two datasets, which memory holds, such as one for training and one for validation.

    Args:
        dataset: A dataset, an array, a list or tuple of arrays of the same length, or a `torch.utils.data.Dataset`.
        left_size: Elements of the left part: a number, or a share between 0 and 1; None: those that the right leaves.
        right_size: Elements of the right part, the last ones; None: those that the left part leaves.
        shuffle: Puts elements in random order first.
        seed: Seed of the order.
        preferred_backend: Accepted for Keras compatibility; ignored.

    Returns:
        The left and the right dataset, batched as `dataset` where it was made by `batch`.

    Raises:
        TypeError: The data is of another kind.
        ValueError: A size is missing or out of its range.

    Example:
        >>> left, right = fastnn.utils.split_dataset(np.arange(10), left_size=0.8)
        >>> len(left), right.batch(2).get_single_element().tolist()
        (8, [8, 9])
    """
    if left_size is None and right_size is None:
        raise ValueError(f"{_WHO} expects left_size or right_size, got neither; for instance left_size=0.8")
    table = _table(dataset)
    total = elements.rows_of(table, _WHO)
    left, right = _sizes(left_size, right_size, total)
    order = list(range(total))
    if shuffle:
        random.Random(random.randrange(1 << 20) if seed is None else seed).shuffle(order)
    batch_size = getattr(dataset, "batch_size", None) if isinstance(dataset, Dataset) else None

    def part(rows: list[int]) -> Dataset:
        made = Dataset.from_tensor_slices(elements.row(table, np.asarray(rows)))
        return (made if batch_size is None else made.batch(batch_size)).prefetch(AUTOTUNE)

    return part(order[:left]), part(order[-right:])


def _table(dataset: Any) -> Any:
    """Returns the data as arrays of rows."""
    if isinstance(dataset, np.ndarray):
        return elements.as_element(dataset)
    if isinstance(dataset, (list, tuple)):
        if not dataset:
            raise ValueError(f"{_WHO} expects a list or tuple of arrays, got an empty one")
        for i, one in enumerate(dataset):
            if not isinstance(one, np.ndarray):
                raise ValueError(f"{_WHO} expects a list or tuple of arrays, got {type(one).__name__} at index {i}")
        return elements.element(tuple(dataset), _WHO)
    if isinstance(dataset, Dataset):
        rows = list(dataset if dataset.batch_size is None else dataset.unbatch())
    elif (
        hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__") and not isinstance(dataset, (str, bytes, dict))
    ):
        rows = [_as_tuple(dataset[i]) for i in range(len(dataset))]
    elif isinstance(dataset, Iterable) and hasattr(dataset, "as_numpy_iterator"):
        rows = list(dataset.as_numpy_iterator())
    else:
        raise TypeError(
            f"{_WHO} expects a dataset, an array, or a list or tuple of arrays, got {type(dataset).__name__}"
        )
    if not rows:
        raise ValueError(f"{_WHO} expects data with elements, got none")
    return elements.stacked([elements.element(one, _WHO) for one in rows], _WHO)


def _as_tuple(one: Any) -> Any:
    return tuple(one) if isinstance(one, list) else one


def _sizes(left: Any, right: Any, total: int) -> tuple[int, int]:
    """Returns the numbers of elements of both parts."""

    def count(name: str, size: Any) -> int | None:
        if size is None:
            return None
        if isinstance(size, bool) or not isinstance(size, (int, float, np.integer, np.floating)):
            raise TypeError(f"{_WHO} expects {name} to be a number of elements or a share, got {type(size).__name__}")
        whole = isinstance(size, (int, np.integer))
        if not 0 < size < (total if whole else 1):
            raise ValueError(
                f"{_WHO} expects {name} to be an integer from 1 to {total - 1}, or a share between 0 and 1, got {size}"
            )
        return int(size) if whole else round(size * total)

    if isinstance(left, float) and isinstance(right, float) and left + right > 1:
        raise ValueError(f"{_WHO} expects shares of at most 1 together, got {left} and {right}")
    first, second = count("left_size", left), count("right_size", right)
    if first is None:
        first = total - (second or 0)
    if second is None:
        second = total - first
    if first + second > total:
        raise ValueError(f"{_WHO} expects parts of at most {total} elements together, got {first} and {second}")
    if first == 0 or second == 0:
        raise ValueError(f"{_WHO}: of {total} elements, {first} and {second} in the two parts leave one empty")
    return first, second
