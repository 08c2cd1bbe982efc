"""F-scores: precision and recall of each class in one number."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastnn import config, ops
from fastnn.losses.reduction import same_rank
from fastnn.metrics.counting_metric import CountingMetric
from fastnn.metrics.metric import accumulator
from fastnn.precision import floatx
from fastnn.symbolic.accumulator import Accumulator


class FBetaScore(CountingMetric):
    """F-beta score of each class: (1 + beta**2) * precision * recall / (beta**2 * precision + recall).

    Recall counts beta times as much as precision.

    Reference: Van Rijsbergen, 1979, "Information retrieval".

    Args:
        average: None for the score of each class, "micro" for that of all classes counted as one, "macro" for the mean
            of the classes, "weighted" for their mean weighted by the number of their labels.
        beta: Weight of the recall compared with the precision, a float above 0.
        threshold: Predictions above this value are positive; None: the largest of each row is.
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; counts are exact up to 2**48.

    Attributes:
        true_positives: Counts of each class; `false_positives` and `false_negatives` likewise.
        intermediate_weights: Number of labels of each class.

    Raises:
        ValueError: An argument is none of these.

    Example:
        >>> y_true = [[1, 1, 1], [1, 0, 0], [1, 1, 0]]
        >>> y_pred = [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]]
        >>> fastnn.metrics.FBetaScore(beta=2.0, threshold=0.5)(y_true, y_pred).round(4)
        array([0.3846, 0.9091, 0.8333])
    """

    _direction = "up"
    average: str | None
    beta: float
    threshold: float | None
    true_positives: Accumulator
    false_positives: Accumulator
    false_negatives: Accumulator
    intermediate_weights: Accumulator

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        _check(self, average, threshold)
        if not isinstance(beta, float) or beta <= 0.0:
            raise ValueError(f"{type(self).__name__}: beta expects a float above 0, got {beta!r}")

    def __fastnn_begin__(self, classes: int | None) -> None:
        """Makes the variables."""
        if classes is None:
            raise ValueError(f"{type(self).__name__} expects a fixed number of classes")
        shape = () if self.average == "micro" else (classes,)
        self.true_positives = accumulator(self, "true_positives", shape)
        self.false_positives = accumulator(self, "false_positives", shape)
        self.false_negatives = accumulator(self, "false_negatives", shape)
        self.intermediate_weights = accumulator(self, "intermediate_weights", shape)

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds samples.

        Args:
            y_true: Labels 0 and 1, of shape `(batch, classes)`.
            y_pred: Predictions, of the same shape.
            sample_weight: Weight of each sample, or None.

        Raises:
            ValueError: The shapes differ from that.
        """
        true, guess = same_rank(ops.cast(y_true, floatx()), ops.cast(y_pred, floatx()))
        if len(true.shape) != 2 or len(guess.shape) != 2:
            raise ValueError(
                f"{type(self).__name__} expects y_true and y_pred of shape (batch, classes), got {tuple(true.shape)} "
                f"and {tuple(guess.shape)}"
            )
        if not self._fastnn_variables:
            self.__fastnn_begin__(guess.shape[-1])
        if self.threshold is None:
            largest = ops.greater_equal(guess, ops.max(guess, axis=-1, keepdims=True))
            guess = ops.logical_and(largest, ops.greater(ops.abs(guess), 1e-9))
        else:
            guess = ops.greater(guess, self.threshold)
        guess = ops.cast(guess, floatx())
        axis = None if self.average == "micro" else 0
        weights = None if sample_weight is None else ops.cast(sample_weight, floatx())
        if weights is not None and len(weights.shape) == 1:
            weights = ops.expand_dims(weights, 1)

        def summed(values: Any) -> Any:
            return ops.sum(values if weights is None else ops.multiply(values, weights), axis=axis)

        self.true_positives.assign_add(summed(guess * true))
        self.false_positives.assign_add(summed(guess * (1 - true)))
        self.false_negatives.assign_add(summed((1 - guess) * true))
        self.intermediate_weights.assign_add(summed(true))

    def result(self) -> Any:
        """Returns the score, or those of the classes; 0 without data."""
        if not self._fastnn_variables:
            return 0.0
        hits, tiny = self.true_positives.exact(), config.epsilon()
        precision = hits / (hits + self.false_positives.exact() + tiny)
        recall = hits / (hits + self.false_negatives.exact() + tiny)
        squared = self.beta**2
        scores = (1 + squared) * precision * recall / (squared * precision + recall + tiny)
        if self.average == "weighted":
            labels = self.intermediate_weights.exact()
            return float(np.sum(scores * labels / (labels.sum() + tiny)))
        return scores if self.average is None else float(np.mean(scores))


class F1Score(FBetaScore):
    """F1 score of each class: the harmonic mean of precision and recall, 2 * precision * recall / (precision + recall).

    It is 0 for a class that is never predicted.

    Args:
        average: None for the score of each class, "micro" for that of all classes counted as one, "macro" for the mean
            of the classes, "weighted" for their mean weighted by the number of their labels.
        threshold: Predictions above this value are positive; None: the largest of each row is.
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; counts are exact up to 2**48.

    Raises:
        ValueError: An argument is none of these.

    Example:
        >>> y_true = [[1, 1, 1], [1, 0, 0], [1, 1, 0]]
        >>> y_pred = [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]]
        >>> fastnn.metrics.F1Score(threshold=0.5)(y_true, y_pred).round(4)
        array([0.5   , 0.8   , 0.6667])
    """

    beta = 1.0

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:
        _check(self, average, threshold)


def _check(metric: FBetaScore, average: Any, threshold: Any) -> None:
    who = type(metric).__name__
    if average not in (None, "micro", "macro", "weighted"):
        raise ValueError(f"{who}: average expects None, 'micro', 'macro' or 'weighted', got {average!r}")
    if threshold is not None and (not isinstance(threshold, float) or not 0 < threshold <= 1):
        raise ValueError(f"{who}: threshold expects a float above 0 and up to 1, or None, got {threshold!r}")
