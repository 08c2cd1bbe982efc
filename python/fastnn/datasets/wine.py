"""Wine: 178 wines of three cultivars by 13 measurements, part of the package.

Aeberhard and Forina, "Wine", UCI Machine Learning Repository (1991).

Licence CC BY 4.0, https://doi.org/10.24432/C5PC7J; taken from the copy in scikit-learn (BSD 3-clause licence).
"""

from __future__ import annotations

from fastnn.datasets.splits import Split, read_table, split

__all__ = ["get_feature_names", "get_label_names", "load_data"]


def load_data(test_split: float = 0.2, seed: int = 113) -> tuple[Split, Split]:
    """Loads the wines, in a random order.

    Args:
        test_split: The share for testing.
        seed: Seed of the order.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: features of shape `(142, 13)` and `(36, 13)`, float64, and labels of
        shape `(142,)` and `(36,)`, int64 from 0 to 2.

    Raises:
        ValueError: `test_split` is not from 0 to below 1.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = fastnn.datasets.wine.load_data()
        >>> x_train.shape, y_test.shape
        ((142, 13), (36,))
    """
    x, y = read_table("wine.csv")
    return split(x, y, test_split, seed)


def get_feature_names() -> tuple[str, ...]:
    """Returns the names of the features.

    Example:
        >>> fastnn.datasets.wine.get_feature_names()[0]
        'alcohol'
    """
    return (
        "alcohol",
        "malic acid",
        "ash",
        "alcalinity of ash",
        "magnesium",
        "total phenols",
        "flavanoids",
        "nonflavanoid phenols",
        "proanthocyanins",
        "color intensity",
        "hue",
        "od280/od315 of diluted wines",
        "proline",
    )


def get_label_names() -> tuple[str, ...]:
    """Returns the names of the classes, in the order of the labels.

    Example:
        >>> fastnn.datasets.wine.get_label_names()
        ('class 0', 'class 1', 'class 2')
    """
    return ("class 0", "class 1", "class 2")


def __dir__() -> list[str]:
    return __all__
