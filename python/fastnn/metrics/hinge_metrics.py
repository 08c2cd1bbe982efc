"""Hinge losses as metrics."""

from __future__ import annotations

from typing import Any

from fastnn import losses
from fastnn.losses.computation import described, of_node
from fastnn.metrics.mean_of_function import MeanOfFunction


class Hinge(MeanOfFunction):
    """Mean hinge loss: mean(max(1 - y_true * y_pred, 0)); labels are -1 and 1, 0 counts as -1.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.

    Example:
        >>> fastnn.metrics.Hinge()([[-1.0, 1.0]], [[0.5, 0.5]])
        1.0
    """

    __fastnn_computation__ = of_node("hinge", *described(losses.Hinge).names[1:])
    _direction = "down"

    def __init__(self, name: str | None = "hinge", dtype: Any = None) -> None:
        pass


class SquaredHinge(MeanOfFunction):
    """Mean squared hinge loss: mean(max(1 - y_true * y_pred, 0)**2); labels are -1 and 1, 0 counts as -1.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.

    Example:
        >>> fastnn.metrics.SquaredHinge()([[-1.0, 1.0]], [[0.5, 0.5]])
        1.25
    """

    __fastnn_computation__ = of_node("squared_hinge", *described(losses.SquaredHinge).names[1:])
    _direction = "down"

    def __init__(self, name: str | None = "squared_hinge", dtype: Any = None) -> None:
        pass


class CategoricalHinge(MeanOfFunction):
    """Mean of max(0, 1 + n - p): p is the output of the true class, n the largest of the others.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.

    Example:
        >>> fastnn.metrics.CategoricalHinge()([[0, 1]], [[0.5, 0.75]])
        0.75
    """

    __fastnn_computation__ = of_node("categorical_hinge", *described(losses.CategoricalHinge).names[1:])
    _direction = "down"

    def __init__(self, name: str | None = "categorical_hinge", dtype: Any = None) -> None:
        pass
