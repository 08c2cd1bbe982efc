"""Means and sums of values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastnn import ops
from fastnn.engine.arrays import numeric
from fastnn.engine.step_trace import StepTrace
from fastnn.losses.reduction import per_sample, total
from fastnn.metrics.metric import Metric, accumulator
from fastnn.ops.node import tensor
from fastnn.precision import floatx
from fastnn.symbolic.accumulator import Accumulator
from fastnn.symbolic.tensors import is_traced


class Mean(Metric):
    """Mean of values: the sum of weighted values divided by the sum of weights.

    Metrics of fastnn that are the mean of a function derive from it.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.

    Attributes:
        total: Sum of the weighted values.
        count: Sum of the weights.

    Example:
        >>> mean = fastnn.metrics.Mean()
        >>> mean.update_state([1, 3])
        >>> mean.result()
        2.0
    """

    total: Accumulator
    count: Accumulator

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        pass

    def __fastnn_store_arguments__(self, arguments: dict[str, Any]) -> None:
        """Checks the arguments and keeps them as attributes."""
        super().__fastnn_store_arguments__(arguments)
        self.total = accumulator(self, "total")
        self.count = accumulator(self, "count")

    def update_state(self, values: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds values.

        Args:
            values: Values of any shape.
            sample_weight: Weights that broadcast to the values, or those of their leading axes; or None.
        """
        step = StepTrace.running()
        if step is not None and sample_weight is None:
            step.measure(self, *_per_value(ops.cast(tensor(values), floatx())))
            return
        sums, counts = _of_samples(self, values, sample_weight)
        if step is not None:
            step.measure(self, total(sums), total(counts))
            return
        self.total.assign_add(total(sums))
        self.count.assign_add(total(counts))

    def result(self) -> Any:
        """Returns the mean of the data since the last `reset_state`; 0 without data."""
        count = float(self.count.exact())
        return float(self.total.exact()) / count if count else 0.0


class Sum(Metric):
    """Sum of values. Without sample weights each value has the weight 1.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.

    Attributes:
        total: Sum of the weighted values.

    Example:
        >>> fastnn.metrics.Sum()([1, 3])
        4.0
    """

    total: Accumulator

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        pass

    def __fastnn_store_arguments__(self, arguments: dict[str, Any]) -> None:
        """Checks the arguments and keeps them as attributes."""
        super().__fastnn_store_arguments__(arguments)
        self.total = accumulator(self, "total")

    def update_state(self, values: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds values.

        Args:
            values: Values of any shape.
            sample_weight: Weights that broadcast to the values, or those of their leading axes; or None.
        """
        self.total.assign_add(total(_of_samples(self, values, sample_weight, summed=True)[0]))

    def result(self) -> Any:
        """Returns the sum since the last `reset_state`."""
        return float(self.total.exact())


def _per_value(values: Any) -> tuple[Any, ...]:
    """Returns what a step adds up for a mean: the values, or their sum and number where they are not one per row."""
    return (values,) if values.trials is None or not values.shape else (total(values), total(ops.ones_like(values)))


def kept_mean(metric: Mean, terms: Sequence[tuple[int, int | None]]) -> Any:
    """Returns how a trainer of the core writes a mean: the variables, and the results that it adds.

    Args:
        metric: The mean.
        terms: Pairs of the number of the result whose sum is added to the sum, and of that whose sum is added to the
            count; None: the count of the former.
    """
    total, count = metric.total, metric.count
    return total.handle, total.remainder.handle, count.handle, count.remainder.handle, list(terms)


def takes_pairs(metric: Metric) -> bool:
    """Returns whether `update_state` takes targets and predictions, so that a model can be compiled with the metric."""
    return type(metric).update_state not in (Mean.update_state, Sum.update_state, Metric.update_state)


def _of_samples(metric: Metric, values: Any, sample_weight: Any, summed: bool = False) -> tuple[Any, Any]:
    """Returns the weighted value and the weight of each sample; see `per_sample`."""
    if is_traced([values, sample_weight]):
        weights = None if sample_weight is None else ops.cast(sample_weight, floatx())
        return per_sample(metric.name, ops.cast(tensor(values), floatx()), weights, None, summed)
    who = f"{metric.name}: sample_weight"
    weights = None if sample_weight is None else numeric(sample_weight, who).astype(np.float64)
    return per_sample(metric.name, np.asarray(values, np.float64), weights, None, summed)
