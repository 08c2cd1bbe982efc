"""Hinge losses as metrics."""

from __future__ import annotations

from typing import Any

from fastnn import losses
from fastnn.metrics.metric import NodeMetric


class Hinge(NodeMetric):
    """Mean hinge loss: mean(max(1 - y_true * y_pred, 0)); labels are -1 and 1, 0 counts as -1.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; ignored.

    Example:
        >>> fastnn.metrics.Hinge()([[-1.0, 1.0]], [[0.5, 0.5]])
        1.0
    """

    kind = "hinge"
    _direction = "down"
    aliases = losses.Hinge.aliases

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class SquaredHinge(NodeMetric):
    """Mean squared hinge loss: mean(max(1 - y_true * y_pred, 0)**2); labels are -1 and 1, 0 counts as -1.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; ignored.

    Example:
        >>> fastnn.metrics.SquaredHinge()([[-1.0, 1.0]], [[0.5, 0.5]])
        1.25
    """

    kind = "squared_hinge"
    _direction = "down"
    aliases = losses.SquaredHinge.aliases

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class CategoricalHinge(NodeMetric):
    """Mean of max(0, 1 + n - p): p is the output of the true class, n the largest of the others.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; ignored.

    Example:
        >>> fastnn.metrics.CategoricalHinge()([[0, 1]], [[0.5, 0.75]])
        0.75
    """

    kind = "categorical_hinge"
    _direction = "down"
    aliases = losses.CategoricalHinge.aliases

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass
