"""R2 score: the fraction of the variance of the targets that predictions explain."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastnn import ops
from fastnn.caller import warn
from fastnn.losses.reduction import same_rank
from fastnn.metrics.counting_metric import CountingMetric
from fastnn.metrics.metric import accumulator
from fastnn.precision import floatx
from fastnn.symbolic.accumulator import Accumulator


class R2Score(CountingMetric):
    """R2 score (coefficient of determination): 1 - sum((y_true - y_pred)**2) / sum((y_true - mean(y_true))**2).

    It is 1 for perfect predictions and 0 for those of the mean; it can be negative.

    Args:
        class_aggregation: "uniform_average" for the mean of the outputs, "variance_weighted_average" for their mean
            weighted by the variance of their targets, None for the score of each.
        num_regressors: Number of independent variables, for the adjusted score; 0: the plain one.
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.

    Attributes:
        sum: Sum of the targets of each output; `squared_sum` of their squares, `total_mse` of the squared errors, and
            `count` of the weights.
        num_samples: Number of targets.

    Raises:
        ValueError: An argument is none of these.

    Example:
        >>> round(fastnn.metrics.R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]]), 4)
        0.5714
    """

    _direction = "up"
    class_aggregation: str | None
    num_regressors: int
    num_samples: Accumulator
    squared_sum: Accumulator
    sum: Accumulator
    total_mse: Accumulator
    count: Accumulator

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None:
        if class_aggregation not in (None, "uniform_average", "variance_weighted_average"):
            raise ValueError(
                "R2Score: class_aggregation expects None, 'uniform_average' or 'variance_weighted_average', got "
                f"{class_aggregation!r}"
            )
        if num_regressors < 0:
            raise ValueError(f"R2Score: num_regressors expects an integer of at least 0, got {num_regressors}")
        self.num_samples = accumulator(self, "num_samples")

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds samples.

        Args:
            y_true: Targets, of shape `(batch, outputs)` or `(batch,)`.
            y_pred: Predictions, of shape `(batch, outputs)`.
            sample_weight: Weight of each sample, or None.

        Raises:
            ValueError: The shapes differ from that.
        """
        true, guess = same_rank(ops.cast(y_true, floatx()), ops.cast(y_pred, floatx()))
        if len(true.shape) != 2 or len(guess.shape) != 2:
            raise ValueError(
                f"R2Score expects y_true and y_pred of shape (batch, outputs), got {tuple(true.shape)} and "
                f"{tuple(guess.shape)}"
            )
        if len(self._fastnn_variables) == 1:
            shape = (guess.shape[-1],)
            self.squared_sum = accumulator(self, "squared_sum", shape)
            self.sum = accumulator(self, "sum", shape)
            self.total_mse = accumulator(self, "residual", shape)
            self.count = accumulator(self, "count", shape)
        weights = ops.ones_like(true)
        if sample_weight is not None:
            given = ops.cast(sample_weight, floatx())
            weights = weights * (ops.expand_dims(given, 1) if len(given.shape) == 1 else given)
        self.sum.assign_add(ops.sum(true * weights, axis=0))
        self.squared_sum.assign_add(ops.sum(true * true * weights, axis=0))
        self.total_mse.assign_add(ops.sum(ops.square(true - guess) * weights, axis=0))
        self.count.assign_add(ops.sum(weights, axis=0))
        self.num_samples.assign_add(ops.sum(ops.ones_like(true)))

    def result(self) -> Any:
        """Returns the score, or those of the outputs; 0 without data."""
        if len(self._fastnn_variables) == 1 or not self.num_samples.exact():
            return 0.0
        total = self.sum.exact()
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = self.squared_sum.exact() - total * (total / self.count.exact())
            scores = 1 - self.total_mse.exact() / spread
        scores = np.where(np.isinf(scores), 0.0, scores)
        if self.class_aggregation == "uniform_average":
            scores = scores.mean()
        elif self.class_aggregation == "variance_weighted_average":
            scores = (spread * scores).sum() / spread.sum()
        free = float(self.num_samples.exact()) - self.num_regressors - 1
        if self.num_regressors and free <= 0:
            warn(
                f"R2Score: {self.num_regressors} regressors need more than {self.num_regressors + 1} samples for the "
                "adjusted score; the plain score is returned"
            )
        elif self.num_regressors:
            scores = 1 - (1 - scores) * (float(self.num_samples.exact()) - 1) / free
        return float(scores) if np.ndim(scores) == 0 else scores
