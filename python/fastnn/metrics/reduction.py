"""Means and sums, also of the values of losses and functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastnn import losses
from fastnn.engine.emission import Emission
from fastnn.metrics.metric import Metric, NodeMetric


class Mean(Metric):
    """The mean of the values taken in.

    Args:
        name: Its name.
        dtype: Taken for Keras' sake.

    Example:
        >>> m = fastnn.metrics.Mean(); m.update_state([1, 3]); m.result()
        2.0
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        pass

    def update_state(self, values: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        self._take(values, sample_weight)


class Sum(Metric):
    """The sum of the values taken in.

    Args:
        name: Its name.
        dtype: Taken for Keras' sake.
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        pass

    def update_state(self, values: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        self._take(values, sample_weight)

    def result(self) -> float:
        return self.total


class LossMetric(NodeMetric):
    """A loss object that stands as a metric: the mean of its values, by its own arguments."""

    def __init__(self, loss: losses.Loss, name: str | None = None) -> None:
        self.labels = loss.labels  # type: ignore[misc]
        self.counterpart = loss.counterpart  # type: ignore[misc]
        self.name = name or loss.name

    def node(self) -> tuple[str, dict[str, Any]]:
        return self.loss.node()  # type: ignore[no-any-return]

    def is_custom(self) -> bool:
        return self.loss.is_custom()  # type: ignore[no-any-return]

    def emit(self, emission: Emission, y_true: int, y_pred: int, weights: int | None) -> int | None:
        return self.loss.emit(emission, y_true, y_pred)  # type: ignore[no-any-return]

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        if not self.is_custom():
            return super().update_state(y_true, y_pred, sample_weight)
        self._take(self.loss.call(np.asarray(y_true, np.float32), np.asarray(y_pred, np.float32)), sample_weight)


class MeanMetricWrapper(LossMetric):
    """The mean of the values that a Python function of (y_true, y_pred) yields.

    Args:
        fn: Returns a value for each sample, or one for all, computed with `fastnn.ops`.
        name: A name; None: the function's.
        dtype: Taken for Keras' sake.
        **kwargs: Further arguments of the function.
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        self.loss = losses.FunctionLoss(fn, name=name, **kwargs)
        self.name = self.loss.name
