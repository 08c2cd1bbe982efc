"""Area under a curve of two rates of a binary classification."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn import config, ops
from fastnn.metrics.confusion import quotient
from fastnn.metrics.counting_metric import CountingMetric
from fastnn.metrics.counts import counted
from fastnn.metrics.metric import accumulator
from fastnn.ranges import check_count, check_range
from fastnn.symbolic.accumulator import Accumulator

_CURVES = ("ROC", "PR", "PRGAIN")
_MOST_THRESHOLDS = 1 << 24
_SUMMATIONS = ("interpolation", "minoring", "majoring")


class AUC(CountingMetric):
    """Area under a curve, approximated at some thresholds.

    The curve "ROC" draws the recall over the false positive rate, "PR" the precision over the recall, and "PRGAIN" the
    precision gain over the recall gain (Flach and Kull, 2015). With "interpolation" the area under "PR" is that of
    Davis and Goadrich, 2006, "The relationship between precision-recall and ROC curves"; under the others it is that of
    trapezoids. "minoring" and "majoring" take the smaller and the larger height of each interval.

    Args:
        num_thresholds: Number of thresholds, spread evenly over [0, 1].
        curve: "ROC", "PR" or "PRGAIN".
        summation_method: "interpolation", "minoring" or "majoring".
        name: Name of the metric; None: "auc".
        dtype: Accepted for Keras compatibility; counts are exact up to 2**48.
        thresholds: Thresholds in (0, 1) in place of those of `num_thresholds`; or None.
        multi_label: True for the mean of the areas of the labels in the last axis; False to count all labels as one.
        num_labels: Number of labels, with `multi_label`; None: that of the first data.
        label_weights: Weight of each label; or None.
        from_logits: True where predictions are logits, the inputs of the sigmoid.

    Attributes:
        true_positives: Counts at each threshold; `false_positives`, `true_negatives` and `false_negatives` likewise.

    Raises:
        ValueError: An argument is none of these.

    Example:
        >>> fastnn.metrics.AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
        0.75
    """

    _direction = "up"
    num_thresholds: int
    curve: str
    summation_method: str
    multi_label: bool
    num_labels: int | None
    label_weights: Any
    from_logits: bool
    true_positives: Accumulator
    false_positives: Accumulator
    true_negatives: Accumulator
    false_negatives: Accumulator

    def __init__(
        self,
        num_thresholds: int | None = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        self.curve = _one_of("curve", getattr(curve, "value", curve), _CURVES)
        method = getattr(summation_method, "value", summation_method)
        self.summation_method = _one_of("summation_method", method, _SUMMATIONS)
        if num_labels is not None:
            check_count(self, "num_labels", num_labels)
        if num_labels and not multi_label:
            raise ValueError("AUC: num_labels is for multi_label=True; leave it out")
        if thresholds is None:
            if num_thresholds is None or not 1 < num_thresholds <= _MOST_THRESHOLDS:
                raise ValueError(
                    f"AUC: num_thresholds expects an integer from 2 to {_MOST_THRESHOLDS}, got {num_thresholds}"
                )
            inner = np.linspace(0.0, 1.0, num_thresholds)[1:-1].tolist()
        else:
            inner = sorted(float(one) for one in thresholds)
            for one in inner:
                check_range(self, "thresholds", one, 0, 1)
            self.num_thresholds = len(inner) + 2
        for weight in [] if label_weights is None else np.ravel(label_weights).tolist():
            check_range(self, "label_weights", weight, 0)
        self._fastnn_given_thresholds = thresholds
        # The outer ones let all predictions in [0, 1] be positive, and none.
        self._fastnn_thresholds = [0.0 - config.epsilon(), *inner, 1.0 + config.epsilon()]
        if not multi_label:
            self.__fastnn_begin__((self.num_thresholds,))
        elif num_labels:
            self.__fastnn_begin__((self.num_thresholds, num_labels))

    def __fastnn_store_arguments__(self, arguments: dict[str, Any]) -> None:
        """Checks the arguments and keeps them as attributes."""
        arguments.pop("thresholds")
        super().__fastnn_store_arguments__(arguments)

    @property
    def thresholds(self) -> list[float]:
        """All thresholds, in ascending order."""
        return list(self._fastnn_thresholds)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments from which `from_config` makes an equal metric, as plain values."""
        found = super().get_config()
        return found if self._fastnn_given_thresholds is None else {**found, "thresholds": self.thresholds[1:-1]}

    def __fastnn_begin__(self, shape: tuple[int, ...]) -> None:
        """Makes the variables."""
        self.true_positives = accumulator(self, "true_positives", shape)
        self.false_positives = accumulator(self, "false_positives", shape)
        self.true_negatives = accumulator(self, "true_negatives", shape)
        self.false_negatives = accumulator(self, "false_negatives", shape)

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds samples.

        Args:
            y_true: Labels; 0 is negative, all else positive.
            y_pred: Predicted probabilities, of the same shape; logits with `from_logits`.
            sample_weight: Weights of samples or of labels; or None.

        Raises:
            ValueError: With `multi_label`, `y_pred` does not have the shape `(batch, labels)`.
        """
        if self.multi_label:
            shape = tuple(y_pred.shape) if hasattr(y_pred, "shape") else np.shape(y_pred)
            if len(shape) != 2:
                raise ValueError(f"AUC: multi_label expects y_pred of shape (batch, labels), got {shape}")
            if not self._fastnn_variables:
                self.__fastnn_begin__((self.num_thresholds, shape[1]))
        counts = counted(
            y_true,
            ops.sigmoid(y_pred) if self.from_logits else y_pred,
            self._fastnn_thresholds,
            sample_weight,
            by_label=self.multi_label,
            label_weights=None if self.multi_label else self.label_weights,
        )
        self.true_positives.assign_add(counts.true_positives)
        self.false_positives.assign_add(counts.false_positives)
        self.true_negatives.assign_add(counts.true_negatives)
        self.false_negatives.assign_add(counts.false_negatives)

    def result(self) -> float:
        """Returns the area; 0 without data."""
        if not self._fastnn_variables:
            return 0.0
        if self.curve == "PR" and self.summation_method == "interpolation":
            parts = self._fastnn_interpolated()
        else:
            x, y = self._fastnn_curve()
            left, right = y[:-1], y[1:]
            heights = {
                "interpolation": (left + right) / 2.0,
                "minoring": np.minimum(left, right),
                "majoring": np.maximum(left, right),
            }
            parts = (x[:-1] - x[1:]) * heights[self.summation_method]
        area = parts.sum(axis=0)
        if not self.multi_label:
            return float(area)
        if self.label_weights is None:
            return float(area.mean())
        weights = np.asarray(self.label_weights, np.float64)
        return float(quotient((area * weights).sum(), weights.sum()))

    def _fastnn_curve(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Returns the points of the curve, from right to left."""
        tp, fp, tn, fn = (
            one.exact()
            for one in (self.true_positives, self.false_positives, self.true_negatives, self.false_negatives)
        )
        recall = quotient(tp, tp + fn)
        if self.curve == "ROC":
            return quotient(fp, fp + tn), recall
        if self.curve == "PR":
            return recall, quotient(tp, tp + fp)
        odds = quotient(tp + fn, tn + fp)
        recall_gain = np.where(tp == 0, 0.0, 1.0 - odds * quotient(fn, tp))
        precision_gain = np.where(tp == 0, 1.0, 1.0 - odds * quotient(fp, tp))
        return np.maximum(recall_gain, 0.0), precision_gain

    def _fastnn_interpolated(self) -> NDArray[np.float64]:
        """Returns the parts of the area under the precision-recall curve, between whose points counts are linear."""
        tp, predicted = self.true_positives.exact(), self.true_positives.exact() + self.false_positives.exact()
        gained = tp[:-1] - tp[1:]
        slope = quotient(gained, np.maximum(predicted[:-1] - predicted[1:], 0.0))
        intercept = tp[1:] - slope * predicted[1:]
        both = (predicted[:-1] > 0) & (predicted[1:] > 0)
        ratio = np.where(both, quotient(predicted[:-1], np.maximum(predicted[1:], 0.0)), 1.0)
        positives = np.maximum(tp[1:] + self.false_negatives.exact()[1:], 0.0)
        return quotient(slope * (gained + intercept * np.log(ratio)), positives)  # type: ignore[no-any-return]


def _one_of(word: str, given: Any, known: Sequence[str]) -> str:
    found = {one.lower(): one for one in known}.get(str(given).lower())
    if found is None:
        raise ValueError(f"AUC: {word} expects one of {', '.join(map(repr, known))}, got {given!r}")
    return found
