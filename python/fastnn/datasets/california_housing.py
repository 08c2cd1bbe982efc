"""California housing: median prices in 20,640 districts in 1990 by eight features.

Pace and Barry, "Sparse Spatial Autoregressions" (1997).
"""

from __future__ import annotations

from fastnn.datasets.sources import ORIGIN, provide, read_arrays
from fastnn.datasets.splits import Split, split

__all__ = ["load_data"]

_HASH = "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f"


def load_data(
    version: str = "large", path: str = "california_housing.npz", test_split: float = 0.2, seed: int = 113
) -> tuple[Split, Split]:
    """Loads the prices of houses in California.

    The file is sought in the folder that the environment variable `FASTNN_DATA` names and in Keras' cache, and is
    else downloaded.

    Args:
        version: `"large"`: all districts; `"small"`: the first 600 of the file.
        path: The name of the file, or the path of one that exists.
        test_split: The share for testing.
        seed: Seed of the order of the rows.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: features of shape `(16512, 8)` and `(4128, 8)`, and prices in dollars,
        of shape `(16512,)` and `(4128,)`.

    Raises:
        ValueError: An argument is out of its range.
        OSError: The file cannot be downloaded; the message says where to put it.

    Example:
        >>> np.savez("small.npz", x=np.ones((10, 2)), y=np.arange(10.0))
        >>> (x_train, y_train), (x_test, y_test) = fastnn.datasets.california_housing.load_data(path="./small.npz")
        >>> x_train.shape, x_test.shape
        ((8, 2), (2, 2))
    """
    if version not in ("small", "large"):
        raise ValueError(f"load_data expects version 'small' or 'large', got {version!r}")
    found = read_arrays(provide(path, f"{ORIGIN}california_housing.npz", _HASH))
    rows = slice(600 if version == "small" else None)
    return split(found["x"][rows], found["y"][rows], test_split, seed)


def __dir__() -> list[str]:
    return __all__
