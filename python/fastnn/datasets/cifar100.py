"""CIFAR-100: small colour pictures in 100 classes or 20 groups of them, 50,000 for training and 10,000 for testing.

Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.datasets.cifar import arranged, read_batch
from fastnn.datasets.sources import provide_folder

__all__ = ["load_data"]

_HASH = "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7"


def load_data(label_mode: str = "fine") -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Loads the pictures of CIFAR-100.

    The folder `cifar-100-python` is sought in the folder that the environment variable `FASTNN_DATA` names and in
    Keras' cache, and is else downloaded.

    Args:
        label_mode: `"fine"`: labels of 100 classes; `"coarse"`: of 20 groups.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images of shape `(50000, 32, 32, 3)` and `(10000, 32, 32, 3)`, uint8
        from 0 to 255, and labels of shape `(50000, 1)` and `(10000, 1)`, int64.

    Raises:
        ValueError: `label_mode` is another.
        OSError: They cannot be downloaded; the message says where to put the file.

    Example:
        >>> import os, pathlib, pickle
        >>> folder = pathlib.Path("cifar-100-python")
        >>> folder.mkdir()
        >>> batch = pickle.dumps({b"data": np.zeros((1, 3072), np.uint8), b"coarse_labels": [6]}, protocol=3)
        >>> for name in ("train", "test"):
        ...     _ = (folder / name).write_bytes(batch)
        >>> os.environ["FASTNN_DATA"] = "."
        >>> (x_train, y_train), (x_test, y_test) = fastnn.datasets.cifar100.load_data("coarse")
        >>> del os.environ["FASTNN_DATA"]
        >>> x_train.shape, y_test.tolist()
        ((1, 32, 32, 3), [[6]])
    """
    if label_mode not in ("fine", "coarse"):
        raise ValueError(f"load_data expects label_mode 'fine' or 'coarse', got {label_mode!r}")
    folder = provide_folder(
        "cifar-100-python", "cifar-100-python-target", "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz", _HASH
    )
    train, test = (_pair(*read_batch(folder / part, f"{label_mode}_labels")) for part in ("train", "test"))
    return train, test


def _pair(images: Any, labels: list[int]) -> tuple[Any, Any]:
    return arranged(images), np.array(labels, np.int64).reshape(-1, 1)


def __dir__() -> list[str]:
    return __all__
