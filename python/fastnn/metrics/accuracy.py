"""Accuracies: functions on arrays, and classes for `compile`."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from fastnn.losses.values import Values, values_of, values_of_elements
from fastnn.metrics.metric import NodeMetric


def binary_accuracy(y_true: ArrayLike, y_pred: ArrayLike, threshold: float = 0.5) -> Values:
    """Returns 1 for each output on the correct side of the threshold, else 0.

    Args:
        y_true: Labels 0 and 1, of shape `(..., n)`.
        y_pred: Predicted probabilities, of the same shape.
        threshold: Probabilities above this value predict 1.

    Returns:
        Values, of the common shape.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> fastnn.metrics.binary_accuracy([[1, 0]], [[0.75, 0.75]])
        array([[1., 0.]], dtype=float32)
    """
    return values_of_elements("binary_accuracy", y_true, y_pred, threshold=threshold)


class BinaryAccuracy(NodeMetric):
    """Fraction of outputs on the correct side of the threshold.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; ignored.
        threshold: Probabilities above this value predict 1.

    Example:
        >>> fastnn.metrics.BinaryAccuracy()([[1, 0]], [[0.75, 0.75]])
        0.5
    """

    kind = "binary_accuracy"
    _direction = "up"
    elementwise = True
    function = staticmethod(binary_accuracy)
    threshold: float

    def __init__(self, name: str | None = kind, dtype: Any = None, threshold: float = 0.5) -> None:
        pass


def categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """Returns 1 where the largest output is that of the true class, else 0.

    Args:
        y_true: One-hot labels, of shape `(..., n)`.
        y_pred: Scores or probabilities, of the same shape.

    Returns:
        Values, of shape `(...)`.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> fastnn.metrics.categorical_accuracy([[0, 1], [1, 0]], [[0.1, 0.9], [0.2, 0.8]])
        array([1., 0.], dtype=float32)
    """
    return values_of("categorical_accuracy", y_true, y_pred)


class CategoricalAccuracy(NodeMetric):
    """Fraction of samples whose largest output is that of the true class; labels are one-hot.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; ignored.

    Example:
        >>> fastnn.metrics.CategoricalAccuracy()([[0, 1], [1, 0]], [[0.1, 0.9], [0.2, 0.8]])
        0.5
    """

    kind = "categorical_accuracy"
    _direction = "up"
    function = staticmethod(categorical_accuracy)
    counterpart = "sparse_categorical_accuracy"

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


def sparse_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """Returns 1 where the largest output is that of the true class, else 0; labels are integers.

    Args:
        y_true: Class indices, of shape `(...)` or `(..., 1)`.
        y_pred: Scores or probabilities, of shape `(..., classes)`.

    Returns:
        Values, of shape `(...)`.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> fastnn.metrics.sparse_categorical_accuracy([1, 0], [[0.1, 0.9], [0.2, 0.8]])
        array([1., 0.], dtype=float32)
    """
    return values_of("sparse_categorical_accuracy", y_true, y_pred, True)


class SparseCategoricalAccuracy(NodeMetric):
    """Fraction of samples whose largest output is that of the true class; labels are integers.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; ignored.

    Example:
        >>> fastnn.metrics.SparseCategoricalAccuracy()([1, 0], [[0.1, 0.9], [0.2, 0.8]])
        0.5
    """

    kind = "sparse_categorical_accuracy"
    _direction = "up"
    function = staticmethod(sparse_categorical_accuracy)
    labels = True
    counterpart = "categorical_accuracy"

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


def top_k_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike, k: int = 5) -> Values:
    """Returns 1 where the true class is among the k largest outputs, else 0.

    Args:
        y_true: One-hot labels, of shape `(..., n)`.
        y_pred: Scores or probabilities, of the same shape.
        k: Number of largest outputs that count as a hit.

    Returns:
        Values, of shape `(...)`.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> fastnn.metrics.top_k_categorical_accuracy([[0, 0, 1]], [[0.5, 0.1, 0.4]], k=2)
        array([1.], dtype=float32)
    """
    return values_of("top_k_categorical_accuracy", y_true, y_pred, k=k)


class TopKCategoricalAccuracy(NodeMetric):
    """Fraction of samples whose true class is among the k largest outputs; labels are one-hot.

    Args:
        k: Number of largest outputs that count as a hit.
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; ignored.

    Example:
        >>> fastnn.metrics.TopKCategoricalAccuracy(k=2)([[0, 0, 1]], [[0.5, 0.1, 0.4]])
        1.0
    """

    kind = "top_k_categorical_accuracy"
    _direction = "up"
    function = staticmethod(top_k_categorical_accuracy)
    counterpart = "sparse_top_k_categorical_accuracy"
    k: int

    def __init__(self, k: int = 5, name: str | None = kind, dtype: Any = None) -> None:
        pass


def sparse_top_k_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike, k: int = 5) -> Values:
    """Returns 1 where the true class is among the k largest outputs, else 0; labels are integers.

    Args:
        y_true: Class indices, of shape `(...)` or `(..., 1)`.
        y_pred: Scores or probabilities, of shape `(..., classes)`.
        k: Number of largest outputs that count as a hit.

    Returns:
        Values, of shape `(...)`.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> fastnn.metrics.sparse_top_k_categorical_accuracy([2], [[0.5, 0.1, 0.4]], k=2)
        array([1.], dtype=float32)
    """
    return values_of("sparse_top_k_categorical_accuracy", y_true, y_pred, True, k=k)


class SparseTopKCategoricalAccuracy(NodeMetric):
    """Fraction of samples whose true class is among the k largest outputs; labels are integers.

    Args:
        k: Number of largest outputs that count as a hit.
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; ignored.

    Example:
        >>> fastnn.metrics.SparseTopKCategoricalAccuracy(k=2)([2], [[0.5, 0.1, 0.4]])
        1.0
    """

    kind = "sparse_top_k_categorical_accuracy"
    _direction = "up"
    function = staticmethod(sparse_top_k_categorical_accuracy)
    labels = True
    counterpart = "top_k_categorical_accuracy"
    k: int

    def __init__(self, k: int = 5, name: str | None = kind, dtype: Any = None) -> None:
        pass
