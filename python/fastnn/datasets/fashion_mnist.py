"""Fashion-MNIST: pictures of clothes in ten classes, 60,000 for training and 10,000 for testing.

Xiao, Rasul and Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms" (2017),
MIT licence, copyright of Zalando SE.
"""

from __future__ import annotations

from fastnn.datasets import idx
from fastnn.datasets.sources import ORIGIN, data_folders, provide

__all__ = ["load_data"]

_FOLDER = "fashion-mnist"


def load_data() -> tuple[idx.Split, idx.Split]:
    """Loads the pictures of Fashion-MNIST.

    The four original files (`train-images-idx3-ubyte.gz` and so on) are sought in a folder `fashion-mnist` in the
    folder that the environment variable `FASTNN_DATA` names and in Keras' cache, and are else downloaded.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images of shape `(60000, 28, 28)` and `(10000, 28, 28)`, uint8 from 0 to
        255, and labels of shape `(60000,)` and `(10000,)`, uint8: 0 T-shirt, 1 trousers, 2 pullover, 3 dress, 4 coat, 5
        sandal, 6 shirt, 7 sneaker, 8 bag, 9 ankle boot.

    Raises:
        OSError: They cannot be downloaded; the message says where to put the files.

    Example:
        >>> import os, pathlib
        >>> folder = pathlib.Path("fashion-mnist")
        >>> folder.mkdir()
        >>> for part in ("train", "t10k"):
        ...     _ = (folder / f"{part}-images-idx3-ubyte").write_bytes(bytes([0, 0, 8, 3, *(0, 0, 0, 1) * 3, 9]))
        ...     _ = (folder / f"{part}-labels-idx1-ubyte").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 1, 5]))
        >>> os.environ["FASTNN_DATA"] = "."
        >>> (x_train, y_train), (x_test, y_test) = fastnn.datasets.fashion_mnist.load_data()
        >>> del os.environ["FASTNN_DATA"]
        >>> x_train.shape, y_test.tolist()
        ((1, 1, 1), [5])
    """
    named = next(data_folders()) / _FOLDER
    if idx.has_files(named):
        return idx.read_folder(named)
    files = [f"{part}-{kind}-ubyte.gz" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]
    x_train, y_train, x_test, y_test = (
        idx.read(provide(name, ORIGIN + name, subfolder=_FOLDER)) for name in files
    )  # fmt: skip
    return (x_train, y_train), (x_test, y_test)


def __dir__() -> list[str]:
    return __all__
