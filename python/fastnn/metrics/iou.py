"""Intersection over union of classes, from the confusion matrix of all data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastnn import config, ops
from fastnn.caller import warn
from fastnn.engine.eager_array import mask_of
from fastnn.metrics.counting_metric import CountingMetric
from fastnn.metrics.counts import confusion_matrix
from fastnn.metrics.metric import accumulator
from fastnn.precision import floatx
from fastnn.ranges import check_count
from fastnn.symbolic.accumulator import Accumulator
from fastnn.symbolic.tensors import is_traced


class IoU(CountingMetric):
    """Mean intersection over union of some classes: TP / (TP + FP + FN) of each.

    Reference: Everingham et al., 2010, "The Pascal visual object classes (VOC) challenge".

    Args:
        num_classes: Number of classes.
        target_class_ids: Classes whose mean is reported.
        name: Name of the metric; None: that of the class in snake case.
        dtype: Type of the counts; None: integers, to which sample weights are truncated.
        ignore_class: Label whose places do not count, or None.
        sparse_y_true: True where targets are class indices, False for one-hot rows.
        sparse_y_pred: True where predictions are class indices, False for scores of the classes.
        axis: Axis of the classes of one-hot rows and scores.

    Attributes:
        total_cm: Confusion matrix of the data so far, (true class, predicted class).

    Raises:
        ValueError: A target class is not below `num_classes`.

    Example:
        >>> round(fastnn.metrics.IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1]), 4)
        0.3333
    """

    _direction = "up"
    __fastnn_understood__ = {"dtype": "int32"}
    num_classes: int
    target_class_ids: Sequence[int]
    ignore_class: int | None = None
    sparse_y_true: bool = True
    sparse_y_pred: bool = True
    axis: int = -1
    total_cm: Accumulator

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        self.__fastnn_begin__(num_classes, target_class_ids)

    def __fastnn_begin__(self, num_classes: int, target_class_ids: Sequence[int] | None = None) -> None:
        """Checks the classes, None for all, and makes the confusion matrix."""
        check_count(self, "num_classes", num_classes)
        target_class_ids = range(num_classes) if target_class_ids is None else target_class_ids
        if not len(target_class_ids):
            raise ValueError(f"{type(self).__name__}: target_class_ids expects at least one class, got none")
        if max(target_class_ids) >= num_classes:
            raise ValueError(
                f"{type(self).__name__}: target_class_ids expects classes below {num_classes}, got "
                f"{max(target_class_ids)}"
            )
        self.num_classes = num_classes
        self.target_class_ids = list(target_class_ids)
        self.total_cm = accumulator(self, "total_confusion_matrix", (num_classes, num_classes))

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds samples.

        Args:
            y_true: Class indices of any shape, or one-hot rows.
            y_pred: Class indices, or scores of the classes.
            sample_weight: Weights that broadcast to the class indices; or None.
        """
        mask = None if is_traced(y_pred) else mask_of(y_pred)
        true = ops.cast(y_true if self.sparse_y_true else ops.argmax(y_true, axis=self.axis), "int32")
        guess = ops.cast(y_pred if self.sparse_y_pred else ops.argmax(y_pred, axis=self.axis), "int32")
        if len(true.shape) == len(guess.shape) + 1:
            true = ops.squeeze(true, -1)
        elif len(guess.shape) == len(true.shape) + 1:
            guess = ops.squeeze(guess, -1)
        weights = None if sample_weight is None else _weights_of_places(self, sample_weight, len(true.shape))
        if mask is not None:
            of_places = _weights_of_places(self, mask, len(true.shape))
            weights = of_places if weights is None else ops.multiply(weights, of_places)
        if self.ignore_class is not None:
            # A label that is no class does not count.
            true = ops.where(ops.equal(true, self.ignore_class), -1, true)
        self.total_cm.assign_add(confusion_matrix(true, guess, self.num_classes, weights))

    def result(self) -> float:
        """Returns the mean over the target classes that occur; 0 without data."""
        matrix = self.total_cm.exact()
        hits = np.diag(matrix)
        union = (matrix.sum(axis=0) + matrix.sum(axis=1) - hits)[list(self.target_class_ids)]
        hits = hits[list(self.target_class_ids)]
        occurs = union > 1e-9
        ratios = np.where(occurs, hits / (union + config.epsilon()), 0.0)
        return float(ratios.sum() / (occurs.sum() + config.epsilon()))


class BinaryIoU(IoU):
    """Mean intersection over union of the classes 0 and 1, of predicted probabilities.

    For masks of one foreground class.

    Args:
        target_class_ids: Classes whose mean is reported.
        threshold: Probabilities of at least this value predict 1.
        name: Name of the metric; None: that of the class in snake case.
        dtype: Type of the counts; None: integers, to which sample weights are truncated.

    Raises:
        ValueError: A target class is not 0 or 1.

    Example:
        >>> round(fastnn.metrics.BinaryIoU(threshold=0.3)([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7]), 4)
        0.3333
    """

    threshold: float

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self.__fastnn_begin__(2, target_class_ids)

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds samples.

        Args:
            y_true: Labels 0 and 1 of any shape.
            y_pred: Predicted probabilities, of the same shape.
            sample_weight: Weights that broadcast to the labels; or None.
        """
        guess = ops.greater_equal(ops.cast(y_pred, floatx()), self.threshold)
        super().update_state(y_true, guess, sample_weight)


class MeanIoU(IoU):
    """Mean intersection over union of all classes.

    Also called the mean Jaccard index. Classes that neither occur nor are predicted are left out of the mean.

    Args:
        num_classes: Number of classes.
        name: Name of the metric; None: that of the class in snake case.
        dtype: Type of the counts; None: integers, to which sample weights are truncated.
        ignore_class: Label whose places do not count, or None.
        sparse_y_true: True where targets are class indices, False for one-hot rows.
        sparse_y_pred: True where predictions are class indices, False for scores of the classes.
        axis: Axis of the classes of one-hot rows and scores.

    References:
        - Jaccard, "The Distribution of the Flora in the Alpine Zone", 1912.

    Example:
        >>> round(fastnn.metrics.MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1]), 4)
        0.3333
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        self.__fastnn_begin__(num_classes)


class OneHotIoU(IoU):
    """Mean intersection over union of some classes, of one-hot targets.

    Args:
        num_classes: Number of classes.
        target_class_ids: Classes whose mean is reported.
        name: Name of the metric; None: that of the class in snake case.
        dtype: Type of the counts; None: integers, to which sample weights are truncated.
        ignore_class: Label whose places do not count, or None.
        sparse_y_pred: True where predictions are class indices, False for scores of the classes.
        axis: Axis of the classes of one-hot rows and scores.

    Raises:
        ValueError: A target class is not below `num_classes`.

    Example:
        >>> metric = fastnn.metrics.OneHotIoU(num_classes=2, target_class_ids=[1])
        >>> round(metric([[1, 0], [0, 1]], [[0.3, 0.7], [0.4, 0.6]]), 4)
        0.5
    """

    sparse_y_true = False

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        self.__fastnn_begin__(num_classes, target_class_ids)


class OneHotMeanIoU(MeanIoU):
    """Mean intersection over union of all classes, of one-hot targets.

    Args:
        num_classes: Number of classes.
        name: Name of the metric; None: that of the class in snake case.
        dtype: Type of the counts; None: integers, to which sample weights are truncated.
        ignore_class: Label whose places do not count, or None.
        sparse_y_pred: True where predictions are class indices, False for scores of the classes.
        axis: Axis of the classes of one-hot rows and scores.

    Example:
        >>> round(fastnn.metrics.OneHotMeanIoU(num_classes=2)([[1, 0], [0, 1]], [[0.3, 0.7], [0.4, 0.6]]), 4)
        0.25
    """

    sparse_y_true = False

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        self.__fastnn_begin__(num_classes)


def _weights_of_places(metric: IoU, sample_weight: Any, rank: int) -> Any:
    """Returns sample weights in the type of the counts, with as many axes as the class indices."""
    if "int" in metric.dtype and not is_traced(sample_weight) and np.asarray(sample_weight).dtype.kind == "f":
        warn(f"{metric.name}: sample weights are truncated to integers; give the metric dtype='float32' for others")
    weights = ops.cast(sample_weight, floatx())
    if "int" in metric.dtype:
        weights = ops.trunc(weights)
    if len(weights.shape) == rank + 1 and weights.shape[-1] == 1:
        weights = ops.squeeze(weights, -1)
    while 0 < len(weights.shape) < rank:
        weights = ops.expand_dims(weights, -1)
    return weights
