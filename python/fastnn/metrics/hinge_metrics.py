"""Hinge metrics."""

from __future__ import annotations

from typing import Any

from fastnn.metrics.metric import NodeMetric


class Hinge(NodeMetric):
    """The loss of that name, as a metric."""

    kind = "hinge"

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class SquaredHinge(NodeMetric):
    """The loss of that name, as a metric."""

    kind = "squared_hinge"

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class CategoricalHinge(NodeMetric):
    """The loss of that name, as a metric."""

    kind = "categorical_hinge"

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass
