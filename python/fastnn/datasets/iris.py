"""Iris: 150 flowers of three species by four lengths in centimetres, part of the package.

Fisher, "The use of multiple measurements in taxonomic problems" (1936), UCI Machine Learning Repository.

Licence CC BY 4.0, https://doi.org/10.24432/C56C76; taken from the copy in scikit-learn (BSD 3-clause licence).
"""

from __future__ import annotations

from fastnn.datasets.splits import Split, read_table, split

__all__ = ["get_feature_names", "get_label_names", "load_data"]


def load_data(test_split: float = 0.2, seed: int = 113) -> tuple[Split, Split]:
    """Loads the flowers, in a random order.

    Args:
        test_split: The share for testing.
        seed: Seed of the order.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: features of shape `(120, 4)` and `(30, 4)`, float64, and labels of
        shape `(120,)` and `(30,)`, int64 from 0 to 2.

    Raises:
        ValueError: `test_split` is not from 0 to below 1.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = fastnn.datasets.iris.load_data()
        >>> x_train.shape, y_test.shape
        ((120, 4), (30,))
    """
    x, y = read_table("iris.csv")
    return split(x, y, test_split, seed)


def get_feature_names() -> tuple[str, ...]:
    """Returns the names of the features.

    Example:
        >>> fastnn.datasets.iris.get_feature_names()[0]
        'sepal length'
    """
    return ("sepal length", "sepal width", "petal length", "petal width")


def get_label_names() -> tuple[str, ...]:
    """Returns the names of the classes, in the order of the labels.

    Example:
        >>> fastnn.datasets.iris.get_label_names()
        ('setosa', 'versicolor', 'virginica')
    """
    return ("setosa", "versicolor", "virginica")


def __dir__() -> list[str]:
    return __all__
