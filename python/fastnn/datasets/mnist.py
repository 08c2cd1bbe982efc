"""MNIST: handwritten digits, 60,000 for training and 10,000 for testing.

LeCun, Cortes and Burges, "The MNIST database of handwritten digits" (1998), licence CC BY-SA 3.0.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastnn.datasets import idx
from fastnn.datasets.sources import ORIGIN, data_folders, provide, read_arrays

__all__ = ["load_data"]

_HASH = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"


def load_data(path: str = "mnist.npz") -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Loads the digits of MNIST.

    They are sought in the folder that the environment variable `FASTNN_DATA` names and in Keras' cache: the file
    `path`, or a folder of the original files (`train-images-idx3-ubyte.gz` and so on), which may be called `mnist`.
    Where they are found nowhere, they are downloaded. Where a folder has the files of one part alone, every fifth of
    its images is for testing.

    Args:
        path: The name of the file, or the path of a file or folder that exists.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images of shape `(60000, 28, 28)` and `(10000, 28, 28)`, uint8 from 0
        (paper) to 255 (ink), and labels of shape `(60000,)` and `(10000,)`, uint8 from 0 to 9.

    Raises:
        OSError: They cannot be downloaded; the message says where to put the file.

    Example:
        >>> images, labels = np.zeros((2, 28, 28), np.uint8), np.array([3, 5], np.uint8)
        >>> np.savez("small.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
        >>> (x_train, y_train), (x_test, y_test) = fastnn.datasets.mnist.load_data("./small.npz")
        >>> x_train.shape, y_test.tolist()
        ((2, 28, 28), [3, 5])
    """
    folders = [Path(path)] if Path(path).is_dir() else []
    for folder in data_folders():
        if (folder / path).is_file():
            break
        folders += [folder / "mnist", folder]
    for folder in folders:
        if idx.has_files(folder):
            return idx.read_folder(folder)
    found = read_arrays(provide(path, f"{ORIGIN}mnist.npz", _HASH))
    return (found["x_train"], found["y_train"]), (found["x_test"], found["y_test"])


def __dir__() -> list[str]:
    return __all__
