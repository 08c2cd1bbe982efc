"""Metrics that read one rate of a binary classification where another is as large as asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn.metrics.confusion import quotient
from fastnn.metrics.counting_metric import CountingMetric
from fastnn.metrics.counts import counted
from fastnn.metrics.metric import accumulator
from fastnn.precision import floatx
from fastnn.symbolic.accumulator import Accumulator


class ThresholdSearch(CountingMetric):
    """Base of the metrics that look for the best threshold under a constraint.

    Args:
        dtype: Accepted for Keras compatibility; counts are exact up to 2**48.
        name: Name of the metric; None: that of the class in snake case.

    Attributes:
        true_positives: Counts at each threshold; `false_positives`, `true_negatives` and `false_negatives` likewise.

    Example:
        >>> metric = fastnn.metrics.PrecisionAtRecall(0.8)
        >>> metric.thresholds[:2], isinstance(metric, fastnn.metrics.ThresholdSearch)
        ([0.0, 0.00502...], True)
    """

    _direction = "up"
    num_thresholds: int
    class_id: int | None
    thresholds: list[float]
    value: float
    true_positives: Accumulator
    false_positives: Accumulator
    true_negatives: Accumulator
    false_negatives: Accumulator

    def __fastnn_begin__(self, word: str, value: float) -> None:
        """Checks the arguments and makes the thresholds and the variables."""
        if not 0 <= value <= 1:
            raise ValueError(f"{type(self).__name__}: {word} expects a number in [0, 1], got {value!r}")
        if self.num_thresholds <= 0:
            raise ValueError(f"{type(self).__name__}: num_thresholds expects an integer > 0, got {self.num_thresholds}")
        self.value = value
        self.thresholds = [0.5] if self.num_thresholds == 1 else np.linspace(0.0, 1.0, self.num_thresholds).tolist()
        shape = (len(self.thresholds),)
        self.true_positives = accumulator(self, "true_positives", shape)
        self.false_positives = accumulator(self, "false_positives", shape)
        self.true_negatives = accumulator(self, "true_negatives", shape)
        self.false_negatives = accumulator(self, "false_negatives", shape)

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds samples.

        Args:
            y_true: Labels; 0 is negative, all else positive.
            y_pred: Predictions, of the same shape.
            sample_weight: Weights of samples or of labels; or None.
        """
        counts = counted(y_true, y_pred, self.thresholds, sample_weight, class_id=self.class_id)
        self.true_positives.assign_add(counts.true_positives)
        self.false_positives.assign_add(counts.false_positives)
        self.true_negatives.assign_add(counts.true_negatives)
        self.false_negatives.assign_add(counts.false_negatives)

    def __fastnn_best__(self, constrained: NDArray[np.float64], dependent: NDArray[np.float64]) -> float:
        """Returns the largest rate where another reaches the value asked for; 0 where none does."""
        # As far as float32 tells: a rate of 0.3 asked for as 0.3 is reached.
        enough = constrained.astype(floatx()) >= np.float32(self.value)
        return float(np.max(dependent, initial=0.0, where=enough))

    def __fastnn_recall__(self) -> NDArray[np.float64]:
        hits = self.true_positives.exact()
        return quotient(hits, hits + self.false_negatives.exact())  # type: ignore[no-any-return]

    def __fastnn_precision__(self) -> NDArray[np.float64]:
        hits = self.true_positives.exact()
        return quotient(hits, hits + self.false_positives.exact())  # type: ignore[no-any-return]

    def __fastnn_specificity__(self) -> NDArray[np.float64]:
        misses = self.true_negatives.exact()
        return quotient(misses, misses + self.false_positives.exact())  # type: ignore[no-any-return]


class SensitivityAtSpecificity(ThresholdSearch):
    """Largest sensitivity (recall) where the specificity is at least as large as asked for.

    Both are fractions: of the positive and of the negative labels that are recognized.

    Args:
        specificity: The least specificity asked for, in [0, 1].
        num_thresholds: Number of thresholds, spread evenly over [0, 1], that are tried.
        class_id: Count one class of the last axis; None: all.
        name: Name of the metric; None: that of the class in snake case.
        dtype: Accepted for Keras compatibility; counts are exact up to 2**48.

    Raises:
        ValueError: `specificity` is outside [0, 1], or there is no threshold.

    Example:
        >>> metric = fastnn.metrics.SensitivityAtSpecificity(0.5)
        >>> metric.update_state([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8])
        >>> round(metric.result(), 4)
        0.5
    """

    specificity: float

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self.__fastnn_begin__("specificity", specificity)

    def result(self) -> float:
        """Returns the largest recall at a threshold whose specificity suffices; 0 where none does."""
        return self.__fastnn_best__(self.__fastnn_specificity__(), self.__fastnn_recall__())


class SpecificityAtSensitivity(ThresholdSearch):
    """Largest specificity where the sensitivity (recall) is at least as large as asked for.

    Both are fractions: of the negative and of the positive labels that are recognized.

    Args:
        sensitivity: The least sensitivity asked for, in [0, 1].
        num_thresholds: Number of thresholds, spread evenly over [0, 1], that are tried.
        class_id: Count one class of the last axis; None: all.
        name: Name of the metric; None: that of the class in snake case.
        dtype: Accepted for Keras compatibility; counts are exact up to 2**48.

    Raises:
        ValueError: `sensitivity` is outside [0, 1], or there is no threshold.

    Example:
        >>> metric = fastnn.metrics.SpecificityAtSensitivity(0.5)
        >>> metric.update_state([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8])
        >>> round(metric.result(), 4)
        0.6667
    """

    sensitivity: float

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self.__fastnn_begin__("sensitivity", sensitivity)

    def result(self) -> float:
        """Returns the largest specificity at a threshold whose recall suffices; 0 where none does."""
        return self.__fastnn_best__(self.__fastnn_recall__(), self.__fastnn_specificity__())


class PrecisionAtRecall(ThresholdSearch):
    """Largest precision where the recall is at least as large as asked for.

    It answers how pure an alarm can be that must not miss more than some.

    Args:
        recall: The least recall asked for, in [0, 1].
        num_thresholds: Number of thresholds, spread evenly over [0, 1], that are tried.
        class_id: Count one class of the last axis; None: all.
        name: Name of the metric; None: that of the class in snake case.
        dtype: Accepted for Keras compatibility; counts are exact up to 2**48.

    Raises:
        ValueError: `recall` is outside [0, 1], or there is no threshold.

    Example:
        >>> metric = fastnn.metrics.PrecisionAtRecall(0.5)
        >>> metric.update_state([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8])
        >>> round(metric.result(), 4)
        0.5
    """

    recall: float

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self.__fastnn_begin__("recall", recall)

    def result(self) -> float:
        """Returns the largest precision at a threshold whose recall suffices; 0 where none does."""
        return self.__fastnn_best__(self.__fastnn_recall__(), self.__fastnn_precision__())


class RecallAtPrecision(ThresholdSearch):
    """Largest recall where the precision is at least as large as asked for.

    It answers how much can be found where false alarms are limited.

    Args:
        precision: The least precision asked for, in [0, 1].
        num_thresholds: Number of thresholds, spread evenly over [0, 1], that are tried.
        class_id: Count one class of the last axis; None: all.
        name: Name of the metric; None: that of the class in snake case.
        dtype: Accepted for Keras compatibility; counts are exact up to 2**48.

    Raises:
        ValueError: `precision` is outside [0, 1], or there is no threshold.

    Example:
        >>> metric = fastnn.metrics.RecallAtPrecision(0.5)
        >>> metric.update_state([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8])
        >>> round(metric.result(), 4)
        1.0
    """

    precision: float

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self.__fastnn_begin__("precision", precision)

    def result(self) -> float:
        """Returns the largest recall at a threshold whose precision suffices; 0 where none does."""
        return self.__fastnn_best__(self.__fastnn_precision__(), self.__fastnn_recall__())
