"""Accuracies."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from fastnn.losses.values import values_of
from fastnn.metrics.metric import NodeMetric, Values


def binary_accuracy(y_true: ArrayLike, y_pred: ArrayLike, threshold: float = 0.5) -> Values:
    """The share of a sample's outputs that lie on the right side of the threshold.

    Args:
        y_true: 0 or 1.
        y_pred: Chances, of the same shape.
        threshold: From which a chance means 1.

    Returns:
        An array of the shape without its last axis.
    """
    return values_of("binary_accuracy", y_true, y_pred, threshold=threshold)


def categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """1 where the largest output is the one that `y_true` (one-hot) marks, else 0."""
    return values_of("categorical_accuracy", y_true, y_pred)


def sparse_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """1 where the largest output is the one whose number `y_true` is, else 0."""
    return values_of("sparse_categorical_accuracy", y_true, y_pred, True)


def top_k_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike, k: int = 5) -> Values:
    """1 where the output that `y_true` (one-hot) marks is among the `k` largest, else 0."""
    return values_of("top_k_categorical_accuracy", y_true, y_pred, k=k)


def sparse_top_k_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike, k: int = 5) -> Values:
    """1 where the output whose number `y_true` is, is among the `k` largest, else 0."""
    return values_of("sparse_top_k_categorical_accuracy", y_true, y_pred, True, k=k)


class BinaryAccuracy(NodeMetric):
    """The share of outputs on the right side of the threshold.

    Args:
        name: Its name.
        dtype: Taken for Keras' sake.
        threshold: From which a chance means 1.
    """

    kind = "binary_accuracy"

    def __init__(self, name: str | None = kind, dtype: Any = None, threshold: float = 0.5) -> None:
        pass


class CategoricalAccuracy(NodeMetric):
    """The share of samples whose largest output is the one that the one-hot label marks.

    Args:
        name: Its name.
        dtype: Taken for Keras' sake.
    """

    kind = "categorical_accuracy"
    counterpart = "sparse_categorical_accuracy"

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class SparseCategoricalAccuracy(NodeMetric):
    """The share of samples whose largest output is the one whose number the label is.

    Args:
        name: Its name.
        dtype: Taken for Keras' sake.
    """

    kind = "sparse_categorical_accuracy"
    counterpart = "categorical_accuracy"
    labels = True

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class TopKCategoricalAccuracy(NodeMetric):
    """The share of samples whose right output (one-hot) is among the `k` largest.

    Args:
        k: How many.
        name: Its name.
        dtype: Taken for Keras' sake.
    """

    kind = "top_k_categorical_accuracy"
    counterpart = "sparse_top_k_categorical_accuracy"

    def __init__(self, k: int = 5, name: str | None = kind, dtype: Any = None) -> None:
        pass


class SparseTopKCategoricalAccuracy(NodeMetric):
    """The share of samples whose right output (a whole number) is among the `k` largest.

    Args:
        k: How many.
        name: Its name.
        dtype: Taken for Keras' sake.
    """

    kind = "sparse_top_k_categorical_accuracy"
    counterpart = "top_k_categorical_accuracy"
    labels = True

    def __init__(self, k: int = 5, name: str | None = kind, dtype: Any = None) -> None:
        pass
