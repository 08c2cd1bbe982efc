"""Counts of a binary classification, and precision and recall."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from fastnn.metrics.counting_metric import CountingMetric
from fastnn.metrics.counts import LOWEST, Counts, counted, thresholds_of
from fastnn.metrics.metric import accumulator
from fastnn.ranges import check_count
from fastnn.symbolic.accumulator import Accumulator


class ConditionCount(CountingMetric):
    """Base of the metrics that count true or false, positive or negative predictions.

    Args:
        thresholds: One threshold, or several; predictions above it are positive. None: 0.5.
        name: Name of the metric; None: that of the class in snake case.
        dtype: Accepted for Keras compatibility; counts are exact up to 2**48.

    Attributes:
        accumulator: The count for each threshold.

    Example:
        >>> metric = fastnn.metrics.FalsePositives(thresholds=[0.2, 0.85])
        >>> metric.update_state([1, 0, 0], [0.8, 0.9, 0.3])
        >>> metric.result(), isinstance(metric, fastnn.metrics.ConditionCount)
        (array([2., 1.]), True)
    """

    thresholds: Any
    accumulator: Accumulator

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        self.init_thresholds = thresholds
        self.thresholds = thresholds_of(thresholds)
        self.accumulator = accumulator(self, "accumulator", (len(self.thresholds),))

    def __fastnn_condition__(self, counts: Counts) -> Any:
        """Returns the counts that the metric adds up."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments from which `from_config` makes an equal metric, as plain values."""
        return {**super().get_config(), "thresholds": self.init_thresholds}

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds samples.

        Args:
            y_true: Labels; 0 is negative, all else positive.
            y_pred: Predictions, of the same shape.
            sample_weight: Weights of samples or of labels; or None.
        """
        counts = counted(y_true, y_pred, self.thresholds, sample_weight)
        self.accumulator.assign_add(self.__fastnn_condition__(counts))

    def result(self) -> Any:
        """Returns the count; an array for several thresholds."""
        return one_or_all(self.accumulator.exact())


class TruePositives(ConditionCount):
    """Number of positive labels that are predicted to be positive, weighted by the sample weights.

    Args:
        thresholds: One threshold, or several; predictions above it are positive. None: 0.5.
        name: Name of the metric; None: that of the class in snake case.
        dtype: Accepted for Keras compatibility; counts are exact up to 2**48.

    Example:
        >>> fastnn.metrics.TruePositives()([1, 1, 0, 0], [0.8, 0.3, 0.9, 0.1])
        1.0
    """

    def __fastnn_condition__(self, counts: Counts) -> Any:
        return counts.true_positives


class FalsePositives(ConditionCount):
    """Number of negative labels that are predicted to be positive, weighted by the sample weights.

    Args:
        thresholds: One threshold, or several; predictions above it are positive. None: 0.5.
        name: Name of the metric; None: that of the class in snake case.
        dtype: Accepted for Keras compatibility; counts are exact up to 2**48.

    Example:
        >>> fastnn.metrics.FalsePositives()([1, 1, 0, 0], [0.8, 0.3, 0.9, 0.1])
        1.0
    """

    def __fastnn_condition__(self, counts: Counts) -> Any:
        return counts.false_positives


class TrueNegatives(ConditionCount):
    """Number of negative labels that are predicted to be negative, weighted by the sample weights.

    Args:
        thresholds: One threshold, or several; predictions above it are positive. None: 0.5.
        name: Name of the metric; None: that of the class in snake case.
        dtype: Accepted for Keras compatibility; counts are exact up to 2**48.

    Example:
        >>> fastnn.metrics.TrueNegatives()([1, 1, 0, 0], [0.8, 0.3, 0.9, 0.1])
        1.0
    """

    def __fastnn_condition__(self, counts: Counts) -> Any:
        return counts.true_negatives


class FalseNegatives(ConditionCount):
    """Number of positive labels that are predicted to be negative, weighted by the sample weights.

    Args:
        thresholds: One threshold, or several; predictions above it are positive. None: 0.5.
        name: Name of the metric; None: that of the class in snake case.
        dtype: Accepted for Keras compatibility; counts are exact up to 2**48.

    Example:
        >>> fastnn.metrics.FalseNegatives()([1, 1, 0, 0], [0.8, 0.3, 0.9, 0.1])
        1.0
    """

    def __fastnn_condition__(self, counts: Counts) -> Any:
        return counts.false_negatives


class _FractionFound(CountingMetric):
    """Base of precision and recall: true positives, divided by their sum with one kind of wrong predictions."""

    _direction = "up"
    _fastnn_wrong: ClassVar[str]
    """The kind: "false_positives" or "false_negatives"."""
    thresholds: Any
    top_k: int | None
    class_id: int | None
    true_positives: Accumulator

    def _fastnn_begin(self, thresholds: Any) -> None:
        """Keeps the thresholds and makes the variables."""
        if self.top_k is not None:
            check_count(self, "top_k", self.top_k)
        self.init_thresholds = thresholds
        self.thresholds = thresholds_of(thresholds, 0.5 if self.top_k is None else LOWEST)
        for name in ("true_positives", self._fastnn_wrong):
            setattr(self, name, accumulator(self, name, (len(self.thresholds),)))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments from which `from_config` makes an equal metric, as plain values."""
        return {**super().get_config(), "thresholds": self.init_thresholds}

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds samples.

        Args:
            y_true: Labels; 0 is negative, all else positive.
            y_pred: Predictions, of the same shape.
            sample_weight: Weights of samples or of labels; or None.
        """
        counts = counted(y_true, y_pred, self.thresholds, sample_weight, top_k=self.top_k, class_id=self.class_id)
        self.true_positives.assign_add(counts.true_positives)
        getattr(self, self._fastnn_wrong).assign_add(getattr(counts, self._fastnn_wrong))

    def result(self) -> Any:
        """Returns the value; an array for several thresholds. It is 0 where there is nothing to divide by."""
        hits = self.true_positives.exact()
        return one_or_all(quotient(hits, hits + getattr(self, self._fastnn_wrong).exact()))


class Precision(_FractionFound):
    """Fraction of the positive predictions that are right: true positives / (true positives + false positives).

    It is 0 where nothing is predicted to be positive.

    Args:
        thresholds: One threshold, or several; predictions above it are positive. None: 0.5, or, with `top_k`, none.
        top_k: Count as positive only the `top_k` largest predictions of the last axis; None: all.
        class_id: Count one class of the last axis; None: all.
        name: Name of the metric; None: that of the class in snake case.
        dtype: Accepted for Keras compatibility; counts are exact up to 2**48.

    Attributes:
        true_positives: Number of positive labels that are predicted to be positive, for each threshold.
        false_positives: Number of negative labels that are predicted to be positive, for each threshold.

    Raises:
        ValueError: A threshold is not between 0 and 1.

    Example:
        >>> fastnn.metrics.Precision()([0, 1, 1, 1], [1, 0, 1, 1])
        0.66666...
        >>> metric = fastnn.metrics.Precision(top_k=1, class_id=2)
        >>> metric.update_state([[0, 0, 1], [0, 1, 0]], [[0.1, 0.2, 0.7], [0.1, 0.3, 0.6]])
        >>> metric.result()
        0.5
    """

    _fastnn_wrong = "false_positives"
    false_positives: Accumulator

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self._fastnn_begin(thresholds)


class Recall(_FractionFound):
    """Fraction of the positive labels that are found: true positives / (true positives + false negatives).

    Also called sensitivity. It is 0 where no label is positive.

    Args:
        thresholds: One threshold, or several; predictions above it are positive. None: 0.5, or, with `top_k`, none.
        top_k: Count as positive only the `top_k` largest predictions of the last axis; None: all.
        class_id: Count one class of the last axis; None: all.
        name: Name of the metric; None: that of the class in snake case.
        dtype: Accepted for Keras compatibility; counts are exact up to 2**48.

    Attributes:
        true_positives: Number of positive labels that are predicted to be positive, for each threshold.
        false_negatives: Number of positive labels that are predicted to be negative, for each threshold.

    Raises:
        ValueError: A threshold is not between 0 and 1.

    Example:
        >>> fastnn.metrics.Recall()([0, 1, 1, 1], [1, 0, 1, 1])
        0.66666...
        >>> metric = fastnn.metrics.Recall(top_k=1, class_id=2)
        >>> metric.update_state([[0, 0, 1], [0, 1, 0]], [[0.1, 0.2, 0.7], [0.1, 0.3, 0.6]])
        >>> metric.result()
        1.0
    """

    _fastnn_wrong = "false_negatives"
    false_negatives: Accumulator

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self._fastnn_begin(thresholds)


def quotient(part: Any, whole: Any) -> Any:
    """Returns part / whole, 0 where the whole is 0."""
    return np.divide(part, whole, out=np.zeros_like(np.asarray(whole, np.float64)), where=np.asarray(whole) != 0)


def one_or_all(values: Any) -> Any:
    """Returns the only value as a number, several as an array."""
    return float(values[0]) if len(values) == 1 else values
