"""Metrics of regression."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.metrics.metric import NodeMetric


class MeanSquaredError(NodeMetric):
    """The loss of that name, as a metric."""

    kind = "mean_squared_error"

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class RootMeanSquaredError(NodeMetric):
    """The square root of the mean squared error; on arrays only, not in `compile`."""

    kind = "mean_squared_error"

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        pass

    def result(self) -> float:
        return float(np.sqrt(super().result()))


class MeanAbsoluteError(NodeMetric):
    """The loss of that name, as a metric."""

    kind = "mean_absolute_error"

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class MeanAbsolutePercentageError(NodeMetric):
    """The loss of that name, as a metric."""

    kind = "mean_absolute_percentage_error"

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class MeanSquaredLogarithmicError(NodeMetric):
    """The loss of that name, as a metric."""

    kind = "mean_squared_logarithmic_error"

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class LogCoshError(NodeMetric):
    """The loss of that name, as a metric."""

    kind = "log_cosh"

    def __init__(self, name: str | None = "logcosh", dtype: Any = None) -> None:
        pass
