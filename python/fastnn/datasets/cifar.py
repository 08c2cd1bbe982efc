"""The batches of the CIFAR data sets: pickled dictionaries of pixels and labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import config
from fastnn.datasets.sources import unpickle


def read_batch(path: Path, labels: str) -> tuple[NDArray[np.uint8], list[int]]:
    """Returns the images (rows, 3, 32, 32) and the labels of one file.

    Args:
        path: The file.
        labels: The key of the labels.

    Raises:
        ValueError: It is no such file.
    """
    with open(path, "rb") as file:
        found: Any = unpickle(file)
    if not isinstance(found, dict) or b"data" not in found or labels.encode() not in found:
        raise ValueError(f"a batch of CIFAR with data and {labels} was expected, got {path}")
    return np.asarray(found[b"data"], np.uint8).reshape(-1, 3, 32, 32), list(found[labels.encode()])


def arranged(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Returns images with their channels where the configuration says."""
    return images if config.image_data_format() == "channels_first" else images.transpose(0, 2, 3, 1)
