"""Losses of regression as metrics, and the root mean squared error."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn import losses
from fastnn.metrics.metric import NodeMetric


class MeanSquaredError(NodeMetric):
    """Mean squared error: mean((y_true - y_pred)**2).

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; ignored.

    Example:
        >>> fastnn.metrics.MeanSquaredError()([[0.0, 1.0]], [[1.0, 3.0]])
        2.5
    """

    kind = "mean_squared_error"
    aliases = losses.MeanSquaredError.aliases

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class RootMeanSquaredError(NodeMetric):
    """Root mean squared error: sqrt(mean((y_true - y_pred)**2)).

    It works on arrays only, not in `compile`.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; ignored.

    Example:
        >>> fastnn.metrics.RootMeanSquaredError()([[0.0, 1.0]], [[1.0, 3.0]])
        1.58113...
    """

    kind = "mean_squared_error"
    aliases = ("root_mean_squared_error", "rmse")

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        pass

    def result(self) -> float:
        """Returns the square root of the mean so far; 0 without data."""
        return float(np.sqrt(super().result()))


class MeanAbsoluteError(NodeMetric):
    """Mean absolute error: mean(|y_true - y_pred|).

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; ignored.

    Example:
        >>> fastnn.metrics.MeanAbsoluteError()([[0.0, 1.0]], [[1.0, 3.0]])
        1.5
    """

    kind = "mean_absolute_error"
    aliases = losses.MeanAbsoluteError.aliases

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class MeanAbsolutePercentageError(NodeMetric):
    """Mean absolute percentage error: 100 * mean(|(y_true - y_pred) / y_true|).

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; ignored.

    Example:
        >>> fastnn.metrics.MeanAbsolutePercentageError()([[2.0, 4.0]], [[1.0, 5.0]])
        37.5
    """

    kind = "mean_absolute_percentage_error"
    aliases = losses.MeanAbsolutePercentageError.aliases

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class MeanSquaredLogarithmicError(NodeMetric):
    """Mean squared logarithmic error: mean((log(y_true + 1) - log(y_pred + 1))**2).

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; ignored.

    Example:
        >>> fastnn.metrics.MeanSquaredLogarithmicError()([[0.0, 1.0]], [[1.0, 3.0]])
        0.48045...
    """

    kind = "mean_squared_logarithmic_error"
    aliases = losses.MeanSquaredLogarithmicError.aliases

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class LogCoshError(NodeMetric):
    """Mean logarithm of the hyperbolic cosine of the error: mean(log(cosh(y_pred - y_true))).

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; ignored.

    Example:
        >>> fastnn.metrics.LogCoshError()([[0.0, 1.0]], [[1.0, 3.0]])
        0.87939...
    """

    kind = "log_cosh"
    aliases = losses.LogCosh.aliases

    def __init__(self, name: str | None = "logcosh", dtype: Any = None) -> None:
        pass
