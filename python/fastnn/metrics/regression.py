"""Losses of regression as metrics, and the root mean squared error."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastnn import losses, ops
from fastnn.engine.emission import Emission
from fastnn.losses.values import Values, last_axis
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
    _direction = "down"
    aliases = losses.MeanSquaredError.aliases

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class RootMeanSquaredError(NodeMetric):
    """Root mean squared error: sqrt(mean((y_true - y_pred)**2)).

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; ignored.

    Example:
        >>> fastnn.metrics.RootMeanSquaredError()([[0.0, 1.0]], [[1.0, 3.0]])
        1.58113...
    """

    kind = "mean_squared_error"
    _direction = "down"
    aliases = ("root_mean_squared_error", "rmse")
    elementwise = True

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
    _direction = "down"
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
    _direction = "down"
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
    _direction = "down"
    aliases = losses.MeanSquaredLogarithmicError.aliases

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class CosineSimilarity(NodeMetric):
    """Mean cosine of the angle between targets and predictions: 1 where they point in the same direction.

    Its sign is the opposite of that of the loss.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; ignored.
        axis: -1.

    Raises:
        ValueError: `axis` is not -1.

    Example:
        >>> fastnn.metrics.CosineSimilarity()([[0.0, 1.0]], [[1.0, 3.0]])
        0.94868...
    """

    kind = "cosine_similarity"
    _direction = "up"
    axis: int

    def __init__(self, name: str | None = kind, dtype: Any = None, axis: int = -1) -> None:
        last_axis(type(self).__name__, axis)

    def emit(self, emission: Emission, y_true: int, y_pred: int, weights: int | None) -> int | None:
        """Adds the node and the change of its sign to a graph; see `Metric.emit`."""
        values = super().emit(emission, y_true, y_pred, weights)
        assert values is not None
        return emission.run(ops.negative, [values], f"the metric {self.name!r}")[1][0]

    def values(self, y_true: ArrayLike, y_pred: ArrayLike) -> Values:
        """Returns the cosine of each sample."""
        return -super().values(y_true, y_pred)


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
    _direction = "down"
    aliases = losses.LogCosh.aliases

    def __init__(self, name: str | None = "logcosh", dtype: Any = None) -> None:
        pass
