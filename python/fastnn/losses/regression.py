"""Losses of regression."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from fastnn.losses.loss import Loss
from fastnn.losses.values import Values, last_axis, values_of


def mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """mean((y_true - y_pred)**2) over the last axis.

    Args:
        y_true: What should come out.
        y_pred: What came out, of the same shape.

    Returns:
        An array of the shape without its last axis.

    Example:
        >>> fastnn.losses.mean_squared_error([[0.0, 1.0]], [[1.0, 1.0]])
        array([0.5], dtype=float32)
    """
    return values_of("mean_squared_error", y_true, y_pred)


def mean_absolute_error(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """mean(|y_true - y_pred|) over the last axis."""
    return values_of("mean_absolute_error", y_true, y_pred)


def mean_absolute_percentage_error(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """100 * mean(|(y_true - y_pred) / y_true|) over the last axis."""
    return values_of("mean_absolute_percentage_error", y_true, y_pred)


def mean_squared_logarithmic_error(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """mean((log(y_true + 1) - log(y_pred + 1))**2) over the last axis."""
    return values_of("mean_squared_logarithmic_error", y_true, y_pred)


def huber(y_true: ArrayLike, y_pred: ArrayLike, delta: float = 1.0) -> Values:
    """Half the square of small errors, and errors larger than `delta` in proportion."""
    return values_of("huber", y_true, y_pred, delta=delta)


def log_cosh(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """mean(log(cosh(y_pred - y_true))) over the last axis."""
    return values_of("log_cosh", y_true, y_pred)


def cosine_similarity(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Values:
    """Minus the cosine of the angle between the two, along the last axis."""
    last_axis("cosine_similarity", axis)
    return values_of("cosine_similarity", y_true, y_pred)


class MeanSquaredError(Loss):
    """mean((y_true - y_pred)**2): the mean over a sample's outputs, then over samples.

    Args:
        reduction: See `Loss`.
        name: Its name.
        dtype: Taken for Keras' sake.

    Example:
        >>> fastnn.losses.MeanSquaredError()([[0.0, 1.0]], [[1.0, 1.0]])
        0.5
    """

    kind = "mean_squared_error"

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = kind, dtype: Any = None) -> None:
        pass


class MeanAbsoluteError(Loss):
    """mean(|y_true - y_pred|)."""

    kind = "mean_absolute_error"

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = kind, dtype: Any = None) -> None:
        pass


class MeanAbsolutePercentageError(Loss):
    """100 * mean(|(y_true - y_pred) / y_true|)."""

    kind = "mean_absolute_percentage_error"

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = kind, dtype: Any = None) -> None:
        pass


class MeanSquaredLogarithmicError(Loss):
    """mean((log(y_true + 1) - log(y_pred + 1))**2)."""

    kind = "mean_squared_logarithmic_error"

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = kind, dtype: Any = None) -> None:
        pass


class Huber(Loss):
    """Half the square of small errors, and errors larger than `delta` in proportion.

    Args:
        delta: Where the square ends.
        reduction: See `Loss`.
        name: Its name.
        dtype: Taken for Keras' sake.
    """

    kind = "huber"

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "huber_loss",
        dtype: Any = None,
    ) -> None:
        pass


class LogCosh(Loss):
    """mean(log(cosh(y_pred - y_true)))."""

    kind = "log_cosh"

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = kind, dtype: Any = None) -> None:
        pass


class CosineSimilarity(Loss):
    """Minus the cosine of the angle between y_true and y_pred.

    Args:
        axis: -1.
        reduction: See `Loss`.
        name: Its name.
        dtype: Taken for Keras' sake.
    """

    kind = "cosine_similarity"

    def __init__(
        self, axis: int = -1, reduction: str | None = "sum_over_batch_size", name: str = kind, dtype: Any = None
    ) -> None:
        pass
