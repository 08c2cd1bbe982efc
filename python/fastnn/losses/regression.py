"""Losses of regression: functions on arrays, and classes for `compile`."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from fastnn.losses.computation import of_node
from fastnn.losses.loss import Loss
from fastnn.losses.values import Values, values_of
from fastnn.ranges import check_range


def mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """Returns the mean squared error: mean((y_true - y_pred)**2) over the last axis.

    Large errors count most, so that outliers draw the model towards them.

    Args:
        y_true: Targets, of shape `(..., n)`.
        y_pred: Predictions, of the same shape.

    Returns:
        Values, of shape `(...)`.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> fastnn.losses.mean_squared_error([[0.0, 1.0]], [[1.0, 3.0]])
        array([2.5], dtype=float32)
    """
    return values_of("mean_squared_error", y_true, y_pred)


class MeanSquaredError(Loss):
    """Mean squared error: mean((y_true - y_pred)**2) of a sample, then over samples.

    Large errors count most, so that outliers draw the model towards them.

    Args:
        reduction: How the values of the samples become one number; see `Loss`.
        name: Name of the loss.
        dtype: Accepted for Keras compatibility; ignored.

    Raises:
        ValueError: `reduction` is not known, or at the call the shapes do not fit.

    Example:
        >>> fastnn.losses.MeanSquaredError()([[0.0, 1.0]], [[1.0, 3.0]])
        2.5
    """

    __fastnn_computation__ = of_node("mean_squared_error", "mse", "MSE", function=mean_squared_error)

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_squared_error",
        dtype: Any = None,
    ) -> None:
        pass


def mean_absolute_error(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """Returns the mean absolute error: mean(|y_true - y_pred|) over the last axis.

    Less sensitive to outliers than the squared error; the best constant prediction is the median.

    Args:
        y_true: Targets, of shape `(..., n)`.
        y_pred: Predictions, of the same shape.

    Returns:
        Values, of shape `(...)`.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> fastnn.losses.mean_absolute_error([[0.0, 1.0]], [[1.0, 3.0]])
        array([1.5], dtype=float32)
    """
    return values_of("mean_absolute_error", y_true, y_pred)


class MeanAbsoluteError(Loss):
    """Mean absolute error: mean(|y_true - y_pred|) of a sample, then over samples.

    Less sensitive to outliers than the squared error; the best constant prediction is the median.

    Args:
        reduction: How the values of the samples become one number; see `Loss`.
        name: Name of the loss.
        dtype: Accepted for Keras compatibility; ignored.

    Raises:
        ValueError: `reduction` is not known, or at the call the shapes do not fit.

    Example:
        >>> fastnn.losses.MeanAbsoluteError()([[0.0, 1.0]], [[1.0, 3.0]])
        1.5
    """

    __fastnn_computation__ = of_node("mean_absolute_error", "mae", "MAE", function=mean_absolute_error)

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_absolute_error",
        dtype: Any = None,
    ) -> None:
        pass


def mean_absolute_percentage_error(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """Returns the mean absolute percentage error: 100 * mean(|(y_true - y_pred) / y_true|) over the last axis.

    A target close to 0 makes it huge: the divisor is at least 1e-7.

    Args:
        y_true: Targets, of shape `(..., n)`.
        y_pred: Predictions, of the same shape.

    Returns:
        Values, of shape `(...)`.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> fastnn.losses.mean_absolute_percentage_error([[2.0, 4.0]], [[1.0, 5.0]])
        array([37.5], dtype=float32)
    """
    return values_of("mean_absolute_percentage_error", y_true, y_pred)


class MeanAbsolutePercentageError(Loss):
    """Mean absolute percentage error: 100 * mean(|(y_true - y_pred) / y_true|).

    A target close to 0 makes it huge: the divisor is at least 1e-7.

    Args:
        reduction: How the values of the samples become one number; see `Loss`.
        name: Name of the loss.
        dtype: Accepted for Keras compatibility; ignored.

    Raises:
        ValueError: `reduction` is not known, or at the call the shapes do not fit.

    Example:
        >>> fastnn.losses.MeanAbsolutePercentageError()([[2.0, 4.0]], [[1.0, 5.0]])
        37.5
    """

    __fastnn_computation__ = of_node(
        "mean_absolute_percentage_error", "mape", "MAPE", function=mean_absolute_percentage_error
    )

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        pass


def mean_squared_logarithmic_error(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """Returns mean((log(y_true + 1) - log(y_pred + 1))**2) over the last axis.

    It compares ratios, for targets of many orders of magnitude. Values below 1e-7 count as 1e-7.

    Args:
        y_true: Targets, of shape `(..., n)`.
        y_pred: Predictions, of the same shape.

    Returns:
        Values, of shape `(...)`.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> fastnn.losses.mean_squared_logarithmic_error([[0.0, 1.0]], [[1.0, 3.0]])
        array([0.48045...], dtype=float32)
    """
    return values_of("mean_squared_logarithmic_error", y_true, y_pred)


class MeanSquaredLogarithmicError(Loss):
    """Mean squared logarithmic error: mean((log(y_true + 1) - log(y_pred + 1))**2).

    It compares ratios, for targets of many orders of magnitude. Values below 1e-7 count as 1e-7.

    Args:
        reduction: How the values of the samples become one number; see `Loss`.
        name: Name of the loss.
        dtype: Accepted for Keras compatibility; ignored.

    Raises:
        ValueError: `reduction` is not known, or at the call the shapes do not fit.

    Example:
        >>> fastnn.losses.MeanSquaredLogarithmicError()([[0.0, 1.0]], [[1.0, 3.0]])
        0.48045...
    """

    __fastnn_computation__ = of_node(
        "mean_squared_logarithmic_error", "msle", "MSLE", function=mean_squared_logarithmic_error
    )

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        pass


def huber(y_true: ArrayLike, y_pred: ArrayLike, delta: float = 1.0) -> Values:
    """Returns the Huber loss: mean of d**2 / 2 where |d| <= delta, else delta * (|d| - delta / 2), d = y_true - y_pred.

    Reference: Huber, 1964, "Robust estimation of a location parameter".

    Args:
        y_true: Targets, of shape `(..., n)`.
        y_pred: Predictions, of the same shape.
        delta: Error up to which the loss is quadratic, above 0.

    Returns:
        Values, of shape `(...)`.

    Raises:
        ValueError: `delta` is not above 0, or the shapes do not fit.

    Example:
        >>> fastnn.losses.huber([[0.0, 1.0]], [[1.0, 3.0]])
        array([1.], dtype=float32)
    """
    check_range("huber", "delta", delta, 0, above=True)
    return values_of("huber", y_true, y_pred, delta=delta)


class Huber(Loss):
    """Huber loss: quadratic for errors up to `delta`, linear beyond.

    Reference: Huber, 1964, "Robust estimation of a location parameter".

    Args:
        delta: Error up to which the loss is quadratic, above 0.
        reduction: How the values of the samples become one number; see `Loss`.
        name: Name of the loss.
        dtype: Accepted for Keras compatibility; ignored.

    Raises:
        ValueError: `delta` is not above 0, `reduction` is not known, or at the call the shapes do not fit.

    Example:
        >>> fastnn.losses.Huber(delta=1.0)([[0.0, 1.0]], [[1.0, 3.0]])
        1.0
    """

    __fastnn_computation__ = of_node("huber", "huber_loss", function=huber)
    delta: float

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "huber_loss",
        dtype: Any = None,
    ) -> None:
        check_range(self, "delta", delta, 0, above=True)


def log_cosh(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """Returns mean(log(cosh(y_pred - y_true))) over the last axis.

    Close to d**2 / 2 for small errors d and to |d| - log(2) for large ones, and smooth between.

    Args:
        y_true: Targets, of shape `(..., n)`.
        y_pred: Predictions, of the same shape.

    Returns:
        Values, of shape `(...)`.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> fastnn.losses.log_cosh([[0.0, 1.0]], [[1.0, 3.0]])
        array([0.87939...], dtype=float32)
    """
    return values_of("log_cosh", y_true, y_pred)


class LogCosh(Loss):
    """Logarithm of the hyperbolic cosine of the error: mean(log(cosh(y_pred - y_true))).

    Close to d**2 / 2 for small errors d and to |d| - log(2) for large ones, and smooth between.

    Args:
        reduction: How the values of the samples become one number; see `Loss`.
        name: Name of the loss.
        dtype: Accepted for Keras compatibility; ignored.

    Raises:
        ValueError: `reduction` is not known, or at the call the shapes do not fit.

    Example:
        >>> fastnn.losses.LogCosh()([[0.0, 1.0]], [[1.0, 3.0]])
        0.87939...
    """

    __fastnn_computation__ = of_node("log_cosh", "logcosh", function=log_cosh)

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "log_cosh",
        dtype: Any = None,
    ) -> None:
        pass


def cosine_similarity(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Values:
    """Returns the negative cosine of the angle between targets and predictions along an axis.

    Lengths do not matter; a vector of zeros gives 0.

    It is -1 where they point in the same direction, 1 where they are opposite.

    Args:
        y_true: Targets, of shape `(..., n)`.
        y_pred: Predictions, of the same shape.
        axis: Axis along which the angle is measured.

    Returns:
        Values, of shape `(...)`.

    Raises:
        ValueError: The shapes do not fit, or there is no such axis.

    Example:
        >>> fastnn.losses.cosine_similarity([[0.0, 1.0]], [[1.0, 3.0]])
        array([-0.94868...], dtype=float32)
    """
    return values_of("cosine_similarity", y_true, y_pred, axis=axis)


class CosineSimilarity(Loss):
    """Negative cosine of the angle between targets and predictions. Lengths do not matter; a vector of zeros gives 0.

    Args:
        axis: Axis along which the angle is measured.
        reduction: How the values of the samples become one number; see `Loss`.
        name: Name of the loss.
        dtype: Accepted for Keras compatibility; ignored.

    Raises:
        ValueError: `reduction` is not known, or at the call the shapes do not fit.

    Example:
        >>> fastnn.losses.CosineSimilarity()([[0.0, 1.0]], [[1.0, 3.0]])
        -0.94868...
    """

    __fastnn_computation__ = of_node("cosine_similarity", function=cosine_similarity)
    axis: int

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        pass
