"""Means and sums: of values, of losses, of Python functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastnn import losses
from fastnn.engine.arrays import numeric
from fastnn.engine.emission import Emission
from fastnn.losses.reduction import per_sample, same_rank
from fastnn.metrics.metric import NodeMetric, SumMetric


class Mean(SumMetric):
    """Mean of values.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; ignored.

    Example:
        >>> mean = fastnn.metrics.Mean()
        >>> mean.update_state([1, 3])
        >>> mean.result()
        2.0
    """

    aliases = ("mean",)

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        pass

    def update_state(self, values: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds values.

        Args:
            values: Values of any shape.
            sample_weight: Weights that broadcast to the values, or those of their leading axes; or None.
        """
        self._take(values, sample_weight)


class Sum(SumMetric):
    """Sum of values.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; ignored.

    Example:
        >>> fastnn.metrics.Sum()([1, 3])
        4.0
    """

    aliases = ("sum",)

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        pass

    def update_state(self, values: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds values.

        Args:
            values: Values of any shape.
            sample_weight: Weights that broadcast to the values, or those of their leading axes; or None.
        """
        weights = None if sample_weight is None else numeric(sample_weight, f"{self.name}: sample_weight")
        total, _ = per_sample(self.name, np.asarray(values, np.float64), weights, None, np.sum)
        self.total.assign_add(total.sum())

    def result(self) -> float:
        """Returns the sum since the last `reset_state`."""
        return float(self.total)

    @property
    def variables(self) -> list[Any]:
        """Sum."""
        return [self.total]


class LossMetric(NodeMetric):
    """Mean of the values of a loss object.

    Args:
        loss: The loss.
        name: Name of the metric; None: that of the loss.

    Example:
        >>> fastnn.metrics.LossMetric(fastnn.losses.Huber(delta=2.0))([[0.0]], [[3.0]])
        4.0
    """

    loss: losses.Loss

    def __init__(self, loss: losses.Loss, name: str | None = None) -> None:
        self.labels = loss.labels  # type: ignore[misc]
        self.counterpart = loss.counterpart  # type: ignore[misc]
        self._direction = None if loss.is_custom() else "down"
        self.name = name or loss.name

    def node(self) -> tuple[str, dict[str, Any]]:
        """Returns kind and config of the node that computes the loss."""
        return self.loss.node()

    def mask(self, y_true: Any) -> Any:
        """Returns which of the values count; see `Loss.mask`."""
        return self.loss.mask(y_true)

    def is_custom(self) -> bool:
        """Returns True where Python code computes the loss."""
        return self.loss.is_custom()

    def emit(self, emission: Emission, y_true: int, y_pred: int, weights: int | None) -> int | None:
        """Adds the loss to a graph and returns the edge of its values; see `Metric.emit`."""
        return self.loss.emit(emission, y_true, y_pred)

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds samples.

        Args:
            y_true: Targets.
            y_pred: Predictions.
            sample_weight: Weight of each sample, or None.
        """
        if not self.is_custom():
            return super().update_state(y_true, y_pred, sample_weight)
        pair = same_rank(np.asarray(y_true, np.float32), np.asarray(y_pred, np.float32))
        self._take(self.loss.call(*pair), sample_weight)


class MeanMetricWrapper(LossMetric):
    """Mean of the values that a Python function of (y_true, y_pred) returns.

    Args:
        fn: Returns the value of each sample, or one for all, computed with `fastnn.ops`.
        name: Name of the metric; None: that of the function.
        dtype: Accepted for Keras compatibility; ignored.
        **kwargs: Further arguments of `fn`.

    Example:
        >>> bias = lambda y_true, y_pred: ops.mean(y_pred - y_true, axis=-1)
        >>> fastnn.metrics.MeanMetricWrapper(bias, name="bias")([[1.0, 2.0]], [[1.0, 4.0]])
        1.0
    """

    fn: Callable[..., Any]

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        self.loss = losses.FunctionLoss(fn, name=name, **kwargs)
        self.name = self.loss.name
