"""Focal losses, in which well classified samples count less: functions on arrays and tensors, and classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastnn import config, ops
from fastnn.losses.computation import of_function
from fastnn.losses.loss import Loss, check_smoothing
from fastnn.losses.reduction import same_rank
from fastnn.precision import floatx
from fastnn.ranges import check_range


def binary_focal_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Returns the binary focal cross-entropy: mean((1 - p)**gamma * -log(p)), p the probability of the true label.

    Samples that are predicted well count little, so that rare classes are not drowned by frequent ones.

    Reference: Lin et al., 2018, "Focal loss for dense object detection".

    Args:
        y_true: Labels 0 and 1, or probabilities, of shape `(..., n)`.
        y_pred: Predicted probabilities, or logits, of the same shape.
        apply_class_balancing: True to weigh the classes by `alpha`.
        alpha: Weight of the positive class; that of the negative one is 1 - alpha.
        gamma: Exponent by which well classified samples lose weight; 0: none.
        from_logits: True where `y_pred` holds logits, the inputs of the sigmoid.
        label_smoothing: Label smoothing factor s: y becomes y * (1 - s) + 0.5 * s.
        axis: Axis over which the mean is taken.

    Returns:
        Values, of shape `(...)`.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> fastnn.losses.binary_focal_crossentropy([[0.0, 1.0]], [[0.6, 0.8]])
        array([0.16939...], dtype=float32)
    """
    true, guess = same_rank(ops.cast(y_true, floatx()), ops.cast(y_pred, floatx()))
    true, guess = true + ops.zeros_like(guess), guess + ops.zeros_like(true)
    if label_smoothing:
        true = true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    entropy = ops.binary_crossentropy(true, guess, from_logits)
    if from_logits:
        guess = ops.sigmoid(guess)
    of_true = true * guess + (1.0 - true) * (1.0 - guess)
    values = ops.power(1.0 - of_true, gamma) * entropy
    if apply_class_balancing:
        values = values * (true * alpha + (1.0 - true) * (1.0 - alpha))
    return ops.mean(values, axis=axis)


class BinaryFocalCrossentropy(Loss):
    """Binary focal cross-entropy: mean((1 - p)**gamma * -log(p)), p the probability of the true label.

    Samples that are predicted well count little, so that rare classes are not drowned by frequent ones.

    Reference: Lin et al., 2018, "Focal loss for dense object detection".

    Args:
        apply_class_balancing: True to weigh the classes by `alpha`.
        alpha: Weight of the positive class; that of the negative one is 1 - alpha.
        gamma: Exponent by which well classified samples lose weight; 0: none.
        from_logits: True where `y_pred` holds logits, the inputs of the sigmoid.
        label_smoothing: Label smoothing factor s: y becomes y * (1 - s) + 0.5 * s.
        axis: Axis over which the mean is taken.
        reduction: How the values of the samples become one number; see `Loss`.
        name: Name of the loss.
        dtype: Accepted for Keras compatibility; values are computed in float32.

    Raises:
        ValueError: A number is out of its range, `reduction` is not known, or at the call the shapes do not fit.

    Example:
        >>> fastnn.losses.BinaryFocalCrossentropy()([[0.0, 1.0]], [[0.6, 0.8]])
        0.16939...
    """

    __fastnn_computation__ = of_function(
        "binary_focal_crossentropy", function=binary_focal_crossentropy, targets_within=(0.0, 1.0)
    )
    apply_class_balancing: bool
    alpha: float
    gamma: float
    from_logits: bool
    label_smoothing: float
    axis: int

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        check_range(self, "alpha", alpha, 0, 1)
        check_range(self, "gamma", gamma, 0)
        check_smoothing(self, label_smoothing)


def categorical_focal_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Returns the focal cross-entropy of one-hot labels: -sum(alpha * (1 - p)**gamma * y_true * log(p)) over classes.

    Samples that are predicted well count little, so that rare classes are not drowned by frequent ones.

    Reference: Lin et al., 2018, "Focal loss for dense object detection".

    Args:
        y_true: One-hot labels, or probabilities, of shape `(..., n)`.
        y_pred: Predicted probabilities, or logits, of the same shape.
        alpha: Weight of each class, or one for all.
        gamma: Exponent by which well classified samples lose weight; 0: none.
        from_logits: True where `y_pred` holds logits, the inputs of the softmax.
        label_smoothing: Label smoothing factor s: y becomes y * (1 - s) + s / classes.
        axis: Axis of the classes.

    Returns:
        Values, of shape `(...)`.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> fastnn.losses.categorical_focal_crossentropy([[0.0, 1.0]], [[0.2, 0.8]])
        array([0.00223...], dtype=float32)
    """
    true, guess = same_rank(ops.cast(y_true, floatx()), ops.cast(y_pred, floatx()))
    if label_smoothing:
        true = true * (1.0 - label_smoothing) + label_smoothing / guess.shape[axis]
    if from_logits:
        guess = ops.softmax(guess, axis=axis)
    tiny = config.epsilon()
    share = ops.clip(guess / ops.sum(guess, axis=axis, keepdims=True), tiny, 1.0 - tiny)
    weights = ops.power(1.0 - share, gamma) * alpha
    return -ops.sum(weights * true * ops.log(share), axis=axis)


class CategoricalFocalCrossentropy(Loss):
    """Focal cross-entropy of one-hot labels: -sum(alpha * (1 - p)**gamma * y_true * log(p)) over the classes.

    Samples that are predicted well count little, so that rare classes are not drowned by frequent ones.

    Reference: Lin et al., 2018, "Focal loss for dense object detection".

    Args:
        alpha: Weight of each class, or one for all.
        gamma: Exponent by which well classified samples lose weight; 0: none.
        from_logits: True where `y_pred` holds logits, the inputs of the softmax.
        label_smoothing: Label smoothing factor s: y becomes y * (1 - s) + s / classes.
        axis: Axis of the classes.
        reduction: How the values of the samples become one number; see `Loss`.
        name: Name of the loss.
        dtype: Accepted for Keras compatibility; values are computed in float32.

    Raises:
        ValueError: A number is out of its range, `reduction` is not known, or at the call the shapes do not fit.

    Example:
        >>> fastnn.losses.CategoricalFocalCrossentropy()([[0.0, 1.0]], [[0.2, 0.8]])
        0.00223...
    """

    __fastnn_computation__ = of_function(
        "categorical_focal_crossentropy", function=categorical_focal_crossentropy, targets_within=(0.0, 1.0)
    )
    alpha: Any
    gamma: float
    from_logits: bool
    label_smoothing: float
    axis: int

    def __init__(
        self,
        alpha: Any = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        for weight in np.ravel(alpha).tolist():
            check_range(self, "alpha", weight, 0)
        check_range(self, "gamma", gamma, 0)
        check_smoothing(self, label_smoothing)
