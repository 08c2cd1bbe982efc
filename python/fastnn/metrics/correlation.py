"""Correlations: functions on arrays and tensors, and classes."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from fastnn import config, ops
from fastnn.losses.computation import of_function
from fastnn.losses.reduction import same_rank
from fastnn.metrics.mean_of_function import MeanOfFunction
from fastnn.precision import floatx


def pearson_correlation(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Any:
    """Returns the Pearson correlation: covariance / (standard deviation of y_true * that of y_pred), along an axis.

    It is 1 where one is a rising linear function of the other, and not defined (NaN) where one is constant.

    Args:
        y_true: Targets, of shape `(..., n)`.
        y_pred: Predictions, of the same shape.
        axis: Axis along which the correlation is measured.

    Returns:
        Values, of shape `(...)`.

    Example:
        >>> fastnn.metrics.pearson_correlation([[0.0, 1.0, 0.5]], [[0.1, 0.9, 1.0]])
        array([0.81088...], dtype=float32)
    """
    true, guess = same_rank(ops.cast(y_true, floatx()), ops.cast(y_pred, floatx()))
    return ops.mean(_standardized(true, axis) * _standardized(guess, axis), axis=axis)


def concordance_correlation(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Any:
    """Returns Lin's concordance correlation: 2 covariance / (both variances + squared difference of the means).

    Reference: Lin, 1989, "A concordance correlation coefficient to evaluate reproducibility".

    Args:
        y_true: Targets, of shape `(..., n)`.
        y_pred: Predictions, of the same shape.
        axis: Axis along which the correlation is measured.

    Returns:
        Values, of shape `(...)`.

    Example:
        >>> fastnn.metrics.concordance_correlation([[0.0, 1.0, 0.5]], [[0.1, 0.9, 1.0]])
        array([0.74766...], dtype=float32)
    """
    true, guess = same_rank(ops.cast(y_true, floatx()), ops.cast(y_pred, floatx()))
    true_mean, guess_mean = ops.mean(true, axis=axis, keepdims=True), ops.mean(guess, axis=axis, keepdims=True)
    # The deviations of the targets are from the mean of the predictions, as in Keras; the sum is the same.
    covariance = (true - guess_mean) * (guess - guess_mean)
    variances = ops.var(true - true_mean, axis=axis, keepdims=True) + ops.var(
        guess - guess_mean, axis=axis, keepdims=True
    )
    apart = ops.square(true_mean - guess_mean)
    return ops.mean(2.0 * covariance / (variances + apart + config.epsilon()), axis=axis)


class PearsonCorrelation(MeanOfFunction):
    """Mean Pearson correlation of the samples.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.
        axis: Axis along which the correlation is measured.

    Example:
        >>> fastnn.metrics.PearsonCorrelation()([[0.0, 1.0, 0.5]], [[0.1, 0.9, 1.0]])
        0.81088...
    """

    __fastnn_computation__ = of_function("pearson_correlation", function=pearson_correlation)
    _direction = "up"
    axis: int

    def __init__(self, name: str | None = "pearson_correlation", dtype: Any = None, axis: int = -1) -> None:
        pass


class ConcordanceCorrelation(MeanOfFunction):
    """Mean of Lin's concordance correlation of the samples: 1 where predictions equal the targets.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.
        axis: Axis along which the correlation is measured.

    Example:
        >>> fastnn.metrics.ConcordanceCorrelation()([[0.0, 1.0, 0.5]], [[0.1, 0.9, 1.0]])
        0.74766...
    """

    __fastnn_computation__ = of_function("concordance_correlation", function=concordance_correlation)
    _direction = "up"
    axis: int

    def __init__(self, name: str | None = "concordance_correlation", dtype: Any = None, axis: int = -1) -> None:
        pass


def _standardized(x: Any, axis: int) -> Any:
    """Returns the deviations from the mean along an axis, divided by their standard deviation."""
    apart = x - ops.mean(x, axis=axis, keepdims=True)
    return apart / ops.std(apart, axis=axis, keepdims=True)
