"""Losses of overlap, for segmentation: functions on arrays and tensors, and classes."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from fastnn import config, ops
from fastnn.losses.computation import of_function
from fastnn.losses.loss import Loss
from fastnn.losses.reduction import same_rank
from fastnn.precision import floatx
from fastnn.ranges import check_range


def dice(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    axis: Any = None,
) -> Any:
    """Returns the Dice loss: 1 - 2 * sum(y_true * y_pred) / (sum(y_true) + sum(y_pred)).

    Made for masks in which few pixels are foreground.

    Reference: Milletari et al., 2016, "V-Net: fully convolutional neural networks for volumetric medical image
    segmentation".

    Args:
        y_true: Masks of 0 and 1, of any shape.
        y_pred: Predicted probabilities, of the same shape.
        axis: Axes that are summed over; None: all, the batch too, for one value.

    Returns:
        Values, of the shape without the axes.

    Raises:
        ValueError: `axis` is out of range, or the shapes do not fit.

    Example:
        >>> float(fastnn.losses.dice([[1.0, 1.0], [0.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]]))
        0.5
    """
    true, guess = same_rank(ops.cast(y_true, floatx()), ops.cast(y_pred, floatx()))
    both = ops.sum(true * guess, axis=axis)
    total = ops.sum(true, axis=axis) + ops.sum(guess, axis=axis)
    return _distance(ops.multiply(2.0, both), total)


class Dice(Loss):
    """Dice loss: 1 - 2 * sum(y_true * y_pred) / (sum(y_true) + sum(y_pred)).

    Made for masks in which few pixels are foreground.

    Reference: Milletari et al., 2016, "V-Net: fully convolutional neural networks for volumetric medical image
    segmentation".

    Args:
        reduction: How the values of the samples become one number; see `Loss`.
        name: Name of the loss.
        axis: Axes that are summed over; None: all, the batch too, for one value.
        dtype: Accepted for Keras compatibility; values are computed in float32.

    Raises:
        ValueError: `reduction` is not known, or at the call the shapes do not fit.

    Example:
        >>> fastnn.losses.Dice()([[1.0, 1.0], [0.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]])
        0.5
    """

    __fastnn_computation__ = of_function("dice", function=dice)
    axis: Any

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "dice",
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        pass


def tversky(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    alpha: float = 0.5,
    beta: float = 0.5,
    axis: Any = None,
) -> Any:
    """Returns the Tversky loss: 1 - both / (both + alpha * missed + beta * wrong), with sums of overlapping elements.

    With alpha = beta = 0.5 it is the Dice loss.

    Reference: Salehi et al., 2017, "Tversky loss function for image segmentation using 3D fully convolutional deep
    networks".

    Args:
        y_true: Masks of 0 and 1, of any shape.
        y_pred: Predicted probabilities, of the same shape.
        alpha: Weight of elements of `y_true` that are not predicted.
        beta: Weight of predicted elements that are not in `y_true`.
        axis: Axes that are summed over; None: all, the batch too, for one value.

    Returns:
        Values, of the shape without the axes.

    Raises:
        ValueError: `axis` is out of range, or the shapes do not fit.

    Example:
        >>> float(fastnn.losses.tversky([[1.0, 1.0], [0.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]]))
        0.5
    """
    true, guess = same_rank(ops.cast(y_true, floatx()), ops.cast(y_pred, floatx()))
    both = ops.sum(true * guess, axis=axis)
    missed = ops.sum((1.0 - guess) * true, axis=axis)
    wrong = ops.sum(guess * (1.0 - true), axis=axis)
    return _distance(both, both + ops.multiply(alpha, missed) + ops.multiply(beta, wrong))


def _distance(both: Any, total: Any) -> Any:
    """Returns 1 - both / total. Functions in place of operators: NumPy 1 makes a float64 of a float32 and a float."""
    return ops.subtract(1.0, ops.divide(both, ops.add(total, config.epsilon())))


class Tversky(Loss):
    """Tversky loss: 1 - both / (both + alpha * missed + beta * wrong), with sums of overlapping elements.

    With alpha = beta = 0.5 it is the Dice loss.

    Reference: Salehi et al., 2017, "Tversky loss function for image segmentation using 3D fully convolutional deep
    networks".

    Args:
        alpha: Weight of elements of `y_true` that are not predicted.
        beta: Weight of predicted elements that are not in `y_true`.
        reduction: How the values of the samples become one number; see `Loss`.
        name: Name of the loss.
        axis: Axes that are summed over; None: all, the batch too, for one value.
        dtype: Accepted for Keras compatibility; values are computed in float32.

    Raises:
        ValueError: `alpha` or `beta` is below 0, `reduction` is not known, or at the call the shapes do not fit.

    Example:
        >>> fastnn.losses.Tversky()([[1.0, 1.0], [0.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]])
        0.5
    """

    __fastnn_computation__ = of_function("tversky", function=tversky)
    alpha: float
    beta: float
    axis: Any

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str = "tversky",
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        check_range(self, "alpha", alpha, 0)
        check_range(self, "beta", beta, 0)
