"""Accuracies: functions on arrays, and classes for `compile`."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from fastnn import ops
from fastnn.losses.computation import of_function, of_node
from fastnn.losses.reduction import same_rank
from fastnn.losses.values import Values, one_label_each, values_of, values_of_elements
from fastnn.metrics.mean_of_function import MeanOfFunction
from fastnn.precision import floatx
from fastnn.ranges import check_count


def _accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Any:
    """Returns 1 for each prediction that equals its target, else 0."""
    true, guess = same_rank(ops.cast(y_true, floatx()), ops.cast(y_pred, floatx()))
    return ops.cast(ops.equal(true, guess), floatx())


class Accuracy(MeanOfFunction):
    """Fraction of predictions that equal their targets.

    In `compile`, "accuracy" stands for the accuracy that fits the shapes; this class is for predicted labels.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.

    Example:
        >>> fastnn.metrics.Accuracy()([[1], [2], [3], [4]], [[0], [2], [3], [4]])
        0.75
    """

    __fastnn_computation__ = of_function("accuracy", function=_accuracy)
    _direction = "up"

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        pass


def binary_accuracy(y_true: ArrayLike, y_pred: ArrayLike, threshold: float = 0.5) -> Values:
    """Returns 1 for each output on the correct side of the threshold, else 0.

    An output equal to the threshold counts as class 0.

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


class BinaryAccuracy(MeanOfFunction):
    """Fraction of outputs on the correct side of the threshold. An output equal to the threshold counts as class 0.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.
        threshold: Probabilities above this value predict 1.

    Example:
        >>> fastnn.metrics.BinaryAccuracy()([[1, 0]], [[0.75, 0.75]])
        0.5
    """

    __fastnn_computation__ = of_node("binary_accuracy", function=binary_accuracy, elementwise=True)
    _direction = "up"
    threshold: float

    def __init__(self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5) -> None:
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


class CategoricalAccuracy(MeanOfFunction):
    """Fraction of samples whose largest output is that of the true class; labels are one-hot.

    Of equal outputs the first counts.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.

    Example:
        >>> fastnn.metrics.CategoricalAccuracy()([[0, 1], [1, 0]], [[0.1, 0.9], [0.2, 0.8]])
        0.5
    """

    __fastnn_computation__ = of_node(
        "categorical_accuracy", function=categorical_accuracy, counterpart="sparse_categorical_accuracy"
    )
    _direction = "up"

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None) -> None:
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


class SparseCategoricalAccuracy(MeanOfFunction):
    """Fraction of samples whose largest output is that of the true class; labels are integers.

    Of equal outputs the first counts.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.

    Example:
        >>> fastnn.metrics.SparseCategoricalAccuracy()([1, 0], [[0.1, 0.9], [0.2, 0.8]])
        0.5
    """

    __fastnn_computation__ = of_node(
        "sparse_categorical_accuracy",
        function=sparse_categorical_accuracy,
        labels=True,
        counterpart="categorical_accuracy",
    )
    _direction = "up"

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None) -> None:
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


class TopKCategoricalAccuracy(MeanOfFunction):
    """Fraction of samples whose true class is among the k largest outputs; labels are one-hot.

    Args:
        k: Number of largest outputs that count as a hit.
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.

    Example:
        >>> fastnn.metrics.TopKCategoricalAccuracy(k=2)([[0, 0, 1]], [[0.5, 0.1, 0.4]])
        1.0
    """

    __fastnn_computation__ = of_node(
        "top_k_categorical_accuracy",
        function=top_k_categorical_accuracy,
        counterpart="sparse_top_k_categorical_accuracy",
    )
    _direction = "up"
    k: int

    def __init__(self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None) -> None:
        check_count(self, "k", k)


def sparse_top_k_categorical_accuracy(
    y_true: ArrayLike, y_pred: ArrayLike, k: int = 5, from_sorted_ids: bool = False
) -> Values:
    """Returns 1 where the true class is among the k largest outputs, else 0; labels are integers.

    Args:
        y_true: Class indices, of shape `(...)` or `(..., 1)`.
        y_pred: Scores or probabilities, of shape `(..., classes)`; or indices, of shape `(..., n)`.
        k: Number of largest outputs that count as a hit.
        from_sorted_ids: True where `y_pred` holds the indices of the best classes, the best first.

    Returns:
        Values, of shape `(...)`.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> fastnn.metrics.sparse_top_k_categorical_accuracy([2], [[0.5, 0.1, 0.4]], k=2)
        array([1.], dtype=float32)
        >>> fastnn.metrics.sparse_top_k_categorical_accuracy([2], [[0, 2, 1]], k=2, from_sorted_ids=True)
        array([1.], dtype=float32)
    """
    if not from_sorted_ids:
        return values_of("sparse_top_k_categorical_accuracy", y_true, y_pred, True, k=k)
    best = ops.cast(y_pred, floatx())
    true = one_label_each(ops.cast(y_true, floatx()), best)
    hits = ops.any(ops.equal(ops.expand_dims(true, -1), best[..., :k]), axis=-1)
    return ops.cast(hits, floatx())  # type: ignore[no-any-return]


class SparseTopKCategoricalAccuracy(MeanOfFunction):
    """Fraction of samples whose true class is among the k largest outputs; labels are integers.

    Args:
        k: Number of largest outputs that count as a hit.
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.
        from_sorted_ids: True where predictions are the indices of the best classes, the best first.

    Example:
        >>> fastnn.metrics.SparseTopKCategoricalAccuracy(k=2)([2], [[0.5, 0.1, 0.4]])
        1.0
    """

    __fastnn_keras_newer_arguments__ = {"from_sorted_ids": False}
    __fastnn_computation__ = of_node(
        "sparse_top_k_categorical_accuracy",
        function=sparse_top_k_categorical_accuracy,
        labels=True,
        counterpart="top_k_categorical_accuracy",
    )
    _direction = "up"
    k: int
    from_sorted_ids: bool

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        check_count(self, "k", k)

    def __fastnn_values__(self, y_true: Any, y_pred: Any) -> Any:
        """Returns the value of each sample, of arrays or tensors."""
        return sparse_top_k_categorical_accuracy(y_true, y_pred, self.k, self.from_sorted_ids)
