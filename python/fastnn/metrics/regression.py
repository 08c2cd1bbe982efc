"""Losses of regression as metrics, and the root mean squared error."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn import losses, ops
from fastnn.engine.emission import Emission
from fastnn.losses.computation import Computation, computation_of, described, of_node
from fastnn.metrics.mean_of_function import MeanOfFunction


class MeanSquaredError(MeanOfFunction):
    """Mean squared error: mean((y_true - y_pred)**2).

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.

    Example:
        >>> fastnn.metrics.MeanSquaredError()([[0.0, 1.0]], [[1.0, 3.0]])
        2.5
    """

    __fastnn_computation__ = of_node("mean_squared_error", *described(losses.MeanSquaredError).names[1:])
    _direction = "down"

    def __init__(self, name: str | None = "mean_squared_error", dtype: Any = None) -> None:
        pass


class RootMeanSquaredError(MeanOfFunction):
    """Root mean squared error: sqrt(mean((y_true - y_pred)**2)). It has the unit of the targets.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.

    Example:
        >>> fastnn.metrics.RootMeanSquaredError()([[0.0, 1.0]], [[1.0, 3.0]])
        1.58113...
    """

    __fastnn_computation__ = Computation(
        "mean_squared_error", names=("root_mean_squared_error", "rmse"), elementwise=True
    )
    _direction = "down"

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        pass

    def result(self) -> float:
        """Returns the square root of the mean so far; 0 without data."""
        return float(np.sqrt(super().result()))


class MeanAbsoluteError(MeanOfFunction):
    """Mean absolute error: mean(|y_true - y_pred|).

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.

    Example:
        >>> fastnn.metrics.MeanAbsoluteError()([[0.0, 1.0]], [[1.0, 3.0]])
        1.5
    """

    __fastnn_computation__ = of_node("mean_absolute_error", *described(losses.MeanAbsoluteError).names[1:])
    _direction = "down"

    def __init__(self, name: str | None = "mean_absolute_error", dtype: Any = None) -> None:
        pass


class MeanAbsolutePercentageError(MeanOfFunction):
    """Mean absolute percentage error: 100 * mean(|(y_true - y_pred) / y_true|). A target close to 0 makes it huge.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.

    Example:
        >>> fastnn.metrics.MeanAbsolutePercentageError()([[2.0, 4.0]], [[1.0, 5.0]])
        37.5
    """

    __fastnn_computation__ = of_node(
        "mean_absolute_percentage_error", *described(losses.MeanAbsolutePercentageError).names[1:]
    )
    _direction = "down"

    def __init__(self, name: str | None = "mean_absolute_percentage_error", dtype: Any = None) -> None:
        pass


class MeanSquaredLogarithmicError(MeanOfFunction):
    """Mean squared logarithmic error: mean((log(y_true + 1) - log(y_pred + 1))**2).

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.

    Example:
        >>> fastnn.metrics.MeanSquaredLogarithmicError()([[0.0, 1.0]], [[1.0, 3.0]])
        0.48045...
    """

    __fastnn_computation__ = of_node(
        "mean_squared_logarithmic_error", *described(losses.MeanSquaredLogarithmicError).names[1:]
    )
    _direction = "down"

    def __init__(self, name: str | None = "mean_squared_logarithmic_error", dtype: Any = None) -> None:
        pass


class CosineSimilarity(MeanOfFunction):
    """Mean cosine of the angle between targets and predictions: 1 where they point in the same direction.

    Its sign is the opposite of that of the loss.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.
        axis: Axis along which the angle is measured.

    Example:
        >>> fastnn.metrics.CosineSimilarity()([[0.0, 1.0]], [[1.0, 3.0]])
        0.94868...
    """

    __fastnn_computation__ = of_node("cosine_similarity")
    _direction = "up"
    axis: int

    def __init__(self, name: str | None = "cosine_similarity", dtype: Any = None, axis: int = -1) -> None:
        pass

    def __fastnn_emit__(
        self, emission: Emission, y_true: int, y_pred: int, weights: int | None, mask: int | None
    ) -> int | None:
        """Adds the node and the change of its sign to a graph; see `Metric`."""
        values = super().__fastnn_emit__(emission, y_true, y_pred, weights, mask)
        if values is None or computation_of(self).by_code:
            return values
        return emission.run(ops.negative, [values], f"the metric {self.name!r}")[1][0]

    def __fastnn_values__(self, y_true: Any, y_pred: Any) -> Any:
        """Returns the cosine of each sample."""
        return -super().__fastnn_values__(y_true, y_pred)


class LogCoshError(MeanOfFunction):
    """Mean logarithm of the hyperbolic cosine of the error: mean(log(cosh(y_pred - y_true))).

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.

    Example:
        >>> fastnn.metrics.LogCoshError()([[0.0, 1.0]], [[1.0, 3.0]])
        0.87939...
    """

    __fastnn_computation__ = of_node("log_cosh", *described(losses.LogCosh).names[1:])
    _direction = "down"

    def __init__(self, name: str | None = "logcosh", dtype: Any = None) -> None:
        pass
