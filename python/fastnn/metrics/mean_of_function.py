"""Means of functions of (y_true, y_pred): of nodes of the core, of losses, of Python functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastnn import losses, ops
from fastnn.engine.eager_array import mask_of
from fastnn.engine.emission import Emission
from fastnn.losses.computation import (
    BY_CODE,
    Computation,
    computation_of,
    described,
    function_arguments,
    node_arguments,
)
from fastnn.losses.reduction import same_rank
from fastnn.losses.values import values_of, values_of_elements
from fastnn.metrics.reduction import Mean
from fastnn.precision import floatx
from fastnn.symbolic.tensors import is_traced


class MeanOfFunction(Mean):
    """Base of metrics that are the mean over samples of a function of targets and predictions.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.

    Example:
        >>> metric = fastnn.metrics.MeanAbsoluteError()
        >>> metric.update_state([[0.0, 1.0]], [[1.0, 3.0]])
        >>> float(metric.total), float(metric.count), isinstance(metric, fastnn.metrics.MeanOfFunction)
        (1.5, 1.0, True)
    """

    def __fastnn_values__(self, y_true: Any, y_pred: Any) -> Any:
        """Returns the value of each sample, of arrays or tensors."""
        how = described(type(self))
        if how.kind:
            if how.elementwise:
                return values_of_elements(how.kind, y_true, y_pred, how.labels, **node_arguments(self))
            return values_of(how.kind, y_true, y_pred, how.labels, getattr(self, "axis", -1), **node_arguments(self))
        assert how.function is not None
        return how.function(y_true, y_pred, **function_arguments(self))

    def __fastnn_emit__(
        self, emission: Emission, y_true: int, y_pred: int, weights: int | None, mask: int | None
    ) -> int | None:
        """Adds the values to a graph and returns their edge; see `Metric`."""
        if _keeps_its_own_sums(type(self)):
            return super().__fastnn_emit__(emission, y_true, y_pred, weights, mask)
        how = computation_of(self)
        if how.kind:
            return emission.graph.add(how.kind, self.name, node_arguments(self), [y_true, y_pred])[0]

        def values(true: Any, predicted: Any) -> Any:
            return ops.cast(self.__fastnn_values__(*same_rank(true, predicted)), floatx())

        return emission.run(values, [y_true, y_pred], f"the metric {self.name!r}")[1][0]

    def update_state(  # type: ignore[override]
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> None:
        """Adds samples.

        Args:
            y_true: Targets.
            y_pred: Predictions.
            sample_weight: Weight of each sample, or None.
        """
        values = self.__fastnn_values__(y_true, y_pred)
        mask = self.__fastnn_mask__(y_true, values)
        if mask is None and not is_traced(values):
            mask = mask_of(y_pred)
            mask = mask if mask is not None and mask.shape == np.shape(values) else None
        super().update_state(values, sample_weight if mask is None else _counted(sample_weight, mask, values))


class LossMetric(MeanOfFunction):
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
        self._direction = "down" if described(type(loss)).names else None
        self.name = name or loss.name

    @property
    def __fastnn_computation__(self) -> Computation:  # type: ignore[override]
        return computation_of(self.loss)

    def __fastnn_values__(self, y_true: Any, y_pred: Any) -> Any:
        """Returns the values of the loss."""
        if computation_of(self.loss).by_code and not is_traced([y_true, y_pred]):
            y_true, y_pred = same_rank(np.asarray(y_true, dtype=floatx()), np.asarray(y_pred, dtype=floatx()))
        return self.loss.call(y_true, y_pred)

    def __fastnn_mask__(self, y_true: Any, values: Any = None) -> Any:
        """Returns which of the values of the loss count."""
        return self.loss.__fastnn_mask__(y_true, values)

    def __fastnn_emit__(
        self, emission: Emission, y_true: int, y_pred: int, weights: int | None, mask: int | None
    ) -> int | None:
        """Adds the loss to a graph and returns the edge of its values; see `Metric`."""
        if _keeps_its_own_sums(type(self)):
            return super().__fastnn_emit__(emission, y_true, y_pred, weights, mask)
        return self.loss.__fastnn_emit__(emission, y_true, y_pred)


class MeanMetricWrapper(MeanOfFunction):
    """Mean of the values that a Python function of (y_true, y_pred) returns.

    Args:
        fn: Returns the value of each sample, or one for all, computed with `fastnn.ops`.
        name: Name of the metric; None: that of the function.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.
        **kwargs: Further arguments of `fn`.

    Example:
        >>> bias = lambda y_true, y_pred: ops.mean(y_pred - y_true, axis=-1)
        >>> fastnn.metrics.MeanMetricWrapper(bias, name="bias")([[1.0, 2.0]], [[1.0, 4.0]])
        1.0
    """

    __fastnn_computation__ = BY_CODE
    fn: Callable[..., Any]

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        self.name = name or str(getattr(fn, "__name__", "mean_metric_wrapper"))
        self._fn = fn
        self._fn_kwargs = kwargs

    def __fastnn_values__(self, y_true: Any, y_pred: Any) -> Any:
        """Returns what the function returns."""
        if not is_traced([y_true, y_pred]):
            y_true, y_pred = same_rank(np.asarray(y_true, dtype=floatx()), np.asarray(y_pred, dtype=floatx()))
        return self._fn(y_true, y_pred, **self._fn_kwargs)


def _keeps_its_own_sums(cls: type[MeanOfFunction]) -> bool:
    """Returns whether a class decides itself what is added to its sums, or when they begin again."""
    return cls.update_state is not MeanOfFunction.update_state or cls.reset_state is not Mean.reset_state


def _counted(sample_weight: Any, mask: Any, values: Any) -> Any:
    """Returns sample weights that are 0 where a mask excludes a value; None where there are none."""
    if sample_weight is None:
        return None
    if is_traced([values, sample_weight, mask]):
        mask, weights = ops.cast(mask, floatx()), ops.cast(sample_weight, floatx())
        mask = ops.squeeze(mask, -1) if len(mask.shape) > len(values.shape) else mask
    else:
        mask, weights = np.asarray(mask, np.float64).reshape(np.shape(values)), np.asarray(sample_weight, np.float64)
    mask, weights = same_rank(mask, weights)
    for _ in range(len(mask.shape) - len(weights.shape)):
        weights = weights[..., None] if isinstance(weights, np.ndarray) else ops.expand_dims(weights, -1)
    return mask * weights
