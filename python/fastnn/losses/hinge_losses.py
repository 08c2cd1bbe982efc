"""Hinge losses: functions on arrays, and classes for `compile`."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from fastnn.losses.computation import of_node
from fastnn.losses.loss import Loss
from fastnn.losses.values import Values, values_of


def hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """Returns the hinge loss: mean(max(1 - y_true * y_pred, 0)) over the last axis.

    The loss of support vector machines: 0 for what is right by a margin of 1.

    Args:
        y_true: Labels -1 and 1; 0 counts as -1, of shape `(..., n)`.
        y_pred: Predictions, of the same shape.

    Returns:
        Values, of shape `(...)`.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> fastnn.losses.hinge([[-1.0, 1.0]], [[0.5, 0.5]])
        array([1.], dtype=float32)
    """
    return values_of("hinge", y_true, y_pred)


class Hinge(Loss):
    """Hinge loss: mean(max(1 - y_true * y_pred, 0)); labels are -1 and 1, 0 counts as -1.

    The loss of support vector machines: 0 for what is right by a margin of 1.

    Args:
        reduction: How the values of the samples become one number; see `Loss`.
        name: Name of the loss.
        dtype: Accepted for Keras compatibility; ignored.

    Raises:
        ValueError: `reduction` is not known, or at the call the shapes do not fit.

    References:
        - Cortes, Vapnik, "Support-Vector Networks", 1995.

    Example:
        >>> fastnn.losses.Hinge()([[-1.0, 1.0]], [[0.5, 0.5]])
        1.0
    """

    __fastnn_computation__ = of_node("hinge", function=hinge, targets_within=(-1.0, 1.0))

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "hinge",
        dtype: Any = None,
    ) -> None:
        pass


def squared_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """Returns the squared hinge loss: mean(max(1 - y_true * y_pred, 0)**2) over the last axis.

    Smooth where `hinge` has a corner.

    Args:
        y_true: Labels -1 and 1; 0 counts as -1, of shape `(..., n)`.
        y_pred: Predictions, of the same shape.

    Returns:
        Values, of shape `(...)`.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> fastnn.losses.squared_hinge([[-1.0, 1.0]], [[0.5, 0.5]])
        array([1.25], dtype=float32)
    """
    return values_of("squared_hinge", y_true, y_pred)


class SquaredHinge(Loss):
    """Squared hinge loss: mean(max(1 - y_true * y_pred, 0)**2); labels are -1 and 1, 0 counts as -1.

    Smooth where `hinge` has a corner.

    Args:
        reduction: How the values of the samples become one number; see `Loss`.
        name: Name of the loss.
        dtype: Accepted for Keras compatibility; ignored.

    Raises:
        ValueError: `reduction` is not known, or at the call the shapes do not fit.

    Example:
        >>> fastnn.losses.SquaredHinge()([[-1.0, 1.0]], [[0.5, 0.5]])
        1.25
    """

    __fastnn_computation__ = of_node("squared_hinge", function=squared_hinge, targets_within=(-1.0, 1.0))

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "squared_hinge",
        dtype: Any = None,
    ) -> None:
        pass


def categorical_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """Returns max(0, 1 + n - p): p is the output of the true class, n the largest of the others.

    It is 0 where the true class leads all others by 1.

    Args:
        y_true: One-hot labels, of shape `(..., n)`.
        y_pred: Outputs, of the same shape.

    Returns:
        Values, of shape `(...)`.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> fastnn.losses.categorical_hinge([[0, 1]], [[0.5, 0.75]])
        array([0.75], dtype=float32)
    """
    return values_of("categorical_hinge", y_true, y_pred)


class CategoricalHinge(Loss):
    """Categorical hinge loss: max(0, 1 + n - p), p the output of the true class, n the largest of the others.

    It is 0 where the true class leads all others by 1.

    Args:
        reduction: How the values of the samples become one number; see `Loss`.
        name: Name of the loss.
        dtype: Accepted for Keras compatibility; ignored.

    Raises:
        ValueError: `reduction` is not known, or at the call the shapes do not fit.

    References:
        - Crammer, Singer, "On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines", 2001.

    Example:
        >>> fastnn.losses.CategoricalHinge()([[0, 1]], [[0.5, 0.75]])
        0.75
    """

    __fastnn_computation__ = of_node("categorical_hinge", function=categorical_hinge, targets_within=(0.0, 1.0))

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_hinge",
        dtype: Any = None,
    ) -> None:
        pass
