"""CIFAR-10: small colour pictures in ten classes, 50,000 for training and 10,000 for testing.

Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastnn.datasets.cifar import arranged, read_batch
from fastnn.datasets.sources import provide_folder

__all__ = ["load_data"]

_HASH = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
Split = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def load_data() -> tuple[Split, Split]:
    """Loads the pictures of CIFAR-10.

    The folder `cifar-10-batches-py` is sought in the folder that the environment variable `FASTNN_DATA` names and in
    Keras' cache, and is else downloaded.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images of shape `(50000, 32, 32, 3)` and `(10000, 32, 32, 3)`, uint8
        from 0 to 255, and labels of shape `(50000, 1)` and `(10000, 1)`, uint8: 0 airplane, 1 automobile, 2 bird, 3
        cat, 4 deer, 5 dog, 6 frog, 7 horse, 8 ship, 9 truck.

    Raises:
        OSError: They cannot be downloaded; the message says where to put the file.

    Example:
        >>> import os, pathlib, pickle
        >>> folder = pathlib.Path("cifar-10-batches-py")
        >>> folder.mkdir()
        >>> batch = pickle.dumps({b"data": np.zeros((1, 3072), np.uint8), b"labels": [6]}, protocol=3)
        >>> for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        ...     _ = (folder / name).write_bytes(batch)
        >>> os.environ["FASTNN_DATA"] = "."
        >>> (x_train, y_train), (x_test, y_test) = fastnn.datasets.cifar10.load_data()
        >>> del os.environ["FASTNN_DATA"]
        >>> x_train.shape, y_test.tolist()
        ((5, 32, 32, 3), [[6]])
    """
    folder = provide_folder(
        "cifar-10-batches-py",
        "cifar-10-batches-py-target",
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        _HASH,
    )
    batches = [read_batch(folder / f"data_batch_{i}", "labels") for i in range(1, 6)]
    x_test, test_labels = read_batch(folder / "test_batch", "labels")
    x_train = np.concatenate([images for images, _ in batches])
    labels = [label for _, batch in batches for label in batch]
    return _pair(x_train, labels), _pair(x_test, test_labels)


def _pair(images: NDArray[np.uint8], labels: list[int]) -> Split:
    return arranged(images), np.array(labels, np.uint8).reshape(-1, 1)


def __dir__() -> list[str]:
    return __all__
