"""The base of metrics whose sums are kept by their own `update_state`, in a step too."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn.configurable import is_foreign
from fastnn.engine.emission import Emission
from fastnn.metrics.metric import Metric
from fastnn.precision import floatx


class CountingMetric(Metric):
    """Base of metrics of fastnn that count: `update_state` runs in the core as part of each step.

    Places that the mask of an output excludes have the weight 0.

    Args:
        dtype: Accepted for Keras compatibility; counts are exact up to 2**48.
        name: Name of the metric; None: that of the class in snake case.

    Example:
        >>> metric = fastnn.metrics.TruePositives()
        >>> metric.update_state([1, 0], [0.8, 0.9])
        >>> float(metric.result()), isinstance(metric, fastnn.metrics.CountingMetric)
        (1.0, True)
    """

    def __fastnn_emit__(
        self, emission: Emission, y_true: int, y_pred: int, weights: int | None, mask: int | None
    ) -> int | None:
        """Adds the metric to a graph; see `Metric`."""
        if mask is not None and not _is_overridden(type(self)):
            edges = [mask] if weights is None else [mask, weights]
            weights = emission.run(_weights_of_places, edges, f"the mask of {self.name!r}")[1][0]
        return super().__fastnn_emit__(emission, y_true, y_pred, weights, None)


def _is_overridden(cls: type) -> bool:
    """Returns whether a class outside fastnn updates the state."""
    return is_foreign(next(base for base in cls.__mro__ if "update_state" in vars(base)))


def _weights_of_places(mask: Any, *sample_weight: Any) -> Any:
    """Returns the mask as weights, times those of the samples."""
    places = ops.cast(mask, floatx())
    for weights in sample_weight:
        while len(weights.shape) < len(places.shape):
            weights = ops.expand_dims(weights, -1)
        places = ops.multiply(places, weights)
    return places
