"""Boston housing: prices of 506 houses of the 1970s by 13 features.

Harrison and Rubinfeld, "Hedonic prices and the demand for clean air" (1978). One of the features was made from the
share of Black inhabitants, on the assumption that it lowers prices: use this data set to speak of that, and
`california_housing` for all else.
"""

from __future__ import annotations

from fastnn.datasets.sources import ORIGIN, provide, read_arrays
from fastnn.datasets.splits import Split, split

__all__ = ["load_data"]

_HASH = "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5"


def load_data(path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113) -> tuple[Split, Split]:
    """Loads the prices of houses in Boston.

    The file is sought in the folder that the environment variable `FASTNN_DATA` names and in Keras' cache, and is
    else downloaded.

    Args:
        path: The name of the file, or the path of one that exists.
        test_split: The share for testing.
        seed: Seed of the order of the rows.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: features of shape `(404, 13)` and `(102, 13)`, and prices in
        thousands of dollars, of shape `(404,)` and `(102,)`, float64.

    Raises:
        ValueError: An argument is out of its range.
        OSError: The file cannot be downloaded; the message says where to put it.

    Example:
        >>> np.savez("small.npz", x=np.ones((10, 2)), y=np.arange(10.0))
        >>> (x_train, y_train), (x_test, y_test) = fastnn.datasets.boston_housing.load_data(path="./small.npz")
        >>> x_train.shape, x_test.shape
        ((8, 2), (2, 2))
    """
    found = read_arrays(provide(path, f"{ORIGIN}boston_housing.npz", _HASH))
    return split(found["x"], found["y"], test_split, seed)


def __dir__() -> list[str]:
    return __all__
