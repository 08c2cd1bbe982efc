"""Losses of probabilities: functions on arrays, and classes for `compile`."""

from __future__ import annotations

import math
from typing import Any

from numpy.typing import ArrayLike

from fastnn import ops
from fastnn.losses.computation import of_node
from fastnn.losses.loss import Loss, check_smoothing
from fastnn.losses.values import Values, values_of


def poisson(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """Returns the Poisson loss: mean(y_pred - y_true * log(y_pred)) over the last axis.

    The negative log-likelihood of counts, up to a constant. Predictions are rates, and must not be negative.

    Args:
        y_true: Counts, of shape `(..., n)`.
        y_pred: Predicted rates, of the same shape.

    Returns:
        Values, of shape `(...)`.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> fastnn.losses.poisson([[0.0, 2.0]], [[1.0, 2.0]])
        array([0.80685...], dtype=float32)
    """
    return values_of("poisson", y_true, y_pred)


class Poisson(Loss):
    """Poisson loss: mean(y_pred - y_true * log(y_pred)).

    The negative log-likelihood of counts, up to a constant. Predictions are rates, and must not be negative.

    Args:
        reduction: How the values of the samples become one number; see `Loss`.
        name: Name of the loss.
        dtype: Accepted for Keras compatibility; ignored.

    Raises:
        ValueError: `reduction` is not known, or at the call the shapes do not fit.

    Example:
        >>> fastnn.losses.Poisson()([[0.0, 2.0]], [[1.0, 2.0]])
        0.80685...
    """

    __fastnn_computation__ = of_node("poisson", function=poisson, targets_within=(0.0, math.inf))

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "poisson",
        dtype: Any = None,
    ) -> None:
        pass


def kl_divergence(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """Returns the Kullback-Leibler divergence: sum(y_true * log(y_true / y_pred)) over the last axis.

    It is 0 where the distributions are equal. Probabilities below 1e-7 count as 1e-7.

    Reference: Kullback and Leibler, 1951, "On information and sufficiency".

    Args:
        y_true: Probabilities, of shape `(..., n)`.
        y_pred: Predicted probabilities, of the same shape.

    Returns:
        Values, of shape `(...)`.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> fastnn.losses.kl_divergence([[0.25, 0.75]], [[0.5, 0.5]])
        array([0.13081...], dtype=float32)
    """
    return values_of("kl_divergence", y_true, y_pred)


class KLDivergence(Loss):
    """Kullback-Leibler divergence: sum(y_true * log(y_true / y_pred)).

    It is 0 where the distributions are equal. Probabilities below 1e-7 count as 1e-7.

    Reference: Kullback and Leibler, 1951, "On information and sufficiency".

    Args:
        reduction: How the values of the samples become one number; see `Loss`.
        name: Name of the loss.
        dtype: Accepted for Keras compatibility; ignored.

    Raises:
        ValueError: `reduction` is not known, or at the call the shapes do not fit.

    Example:
        >>> fastnn.losses.KLDivergence()([[0.25, 0.75]], [[0.5, 0.5]])
        0.13081...
    """

    __fastnn_computation__ = of_node(
        "kl_divergence", "kld", "KLD", "kullback_leibler_divergence", function=kl_divergence
    )

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "kl_divergence",
        dtype: Any = None,
    ) -> None:
        pass


def binary_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Values:
    """Returns mean(-y_true * log(y_pred) - (1 - y_true) * log(1 - y_pred)) over the last axis.

    For two classes, or several labels that do not exclude each other. Probabilities are kept 1e-7 away from 0 and 1;
    logits are more exact.

    Args:
        y_true: Labels 0 and 1, or probabilities, of shape `(..., n)`.
        y_pred: Predicted probabilities, or logits, of the same shape.
        from_logits: True where `y_pred` holds logits, the inputs of the sigmoid.
        label_smoothing: Label smoothing factor s: y becomes y * (1 - s) + 0.5 * s.
        axis: Axis of the classes.

    Returns:
        Values, of shape `(...)`.

    Raises:
        ValueError: The shapes do not fit, or there is no such axis.

    Example:
        >>> fastnn.losses.binary_crossentropy([[0, 1]], [[0.5, 0.75]])
        array([0.49041...], dtype=float32)
    """
    config: dict[str, Any] = {"from_logits": from_logits, "label_smoothing": label_smoothing}
    return values_of("binary_crossentropy", y_true, y_pred, axis=axis, **config)


class BinaryCrossentropy(Loss):
    """Binary cross-entropy: mean(-y_true * log(y_pred) - (1 - y_true) * log(1 - y_pred)).

    For two classes, or several labels that do not exclude each other. Probabilities are kept 1e-7 away from 0 and 1;
    logits are more exact.

    Args:
        from_logits: True where `y_pred` holds logits, the inputs of the sigmoid.
        label_smoothing: Label smoothing factor s: y becomes y * (1 - s) + 0.5 * s.
        axis: Axis of the classes.
        reduction: How the values of the samples become one number; see `Loss`.
        name: Name of the loss.
        dtype: Accepted for Keras compatibility; ignored.

    Raises:
        ValueError: `label_smoothing` is outside 0 to 1.

    Example:
        >>> fastnn.losses.BinaryCrossentropy()([[0, 1]], [[0.5, 0.75]])
        0.49041...
    """

    __fastnn_computation__ = of_node(
        "binary_crossentropy", "bce", "BCE", function=binary_crossentropy, targets_within=(0.0, 1.0)
    )
    from_logits: bool
    label_smoothing: float
    axis: int

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        check_smoothing(self, label_smoothing)


def categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Values:
    """Returns the cross-entropy of one-hot labels: -sum(y_true * log(y_pred)) over the last axis.

    For classes that exclude each other. Probabilities are scaled to the sum 1 and kept 1e-7 away from 0 and 1; logits
    are more exact.

    Args:
        y_true: One-hot labels, or probabilities, of shape `(..., n)`.
        y_pred: Predicted probabilities, or logits, of the same shape.
        from_logits: True where `y_pred` holds logits, the inputs of the softmax.
        label_smoothing: Label smoothing factor s: y becomes y * (1 - s) + s / classes (Szegedy et al., 2016).
        axis: Axis of the classes.

    Returns:
        Values, of shape `(...)`.

    Raises:
        ValueError: The shapes do not fit, or there is no such axis.

    Example:
        >>> fastnn.losses.categorical_crossentropy([[0, 1]], [[0.5, 0.5]])
        array([0.69314...], dtype=float32)
    """
    config: dict[str, Any] = {"from_logits": from_logits, "label_smoothing": label_smoothing}
    return values_of("categorical_crossentropy", y_true, y_pred, axis=axis, **config)


class CategoricalCrossentropy(Loss):
    """Cross-entropy of one-hot labels: -sum(y_true * log(y_pred)) over the classes.

    For classes that exclude each other. Probabilities are scaled to the sum 1 and kept 1e-7 away from 0 and 1; logits
    are more exact.

    Args:
        from_logits: True where `y_pred` holds logits, the inputs of the softmax.
        label_smoothing: Label smoothing factor s: y becomes y * (1 - s) + s / classes (Szegedy et al., 2016).
        axis: Axis of the classes.
        reduction: How the values of the samples become one number; see `Loss`.
        name: Name of the loss.
        dtype: Accepted for Keras compatibility; ignored.

    Raises:
        ValueError: `label_smoothing` is outside 0 to 1.

    References:
        - Szegedy, Vanhoucke, Ioffe, Shlens, Wojna, "Rethinking the Inception Architecture for Computer Vision", 2016:
          label smoothing.

    Example:
        >>> fastnn.losses.CategoricalCrossentropy()([[0, 1]], [[0.5, 0.5]])
        0.69314...
    """

    __fastnn_computation__ = of_node(
        "categorical_crossentropy",
        function=categorical_crossentropy,
        counterpart="sparse_categorical_crossentropy",
        targets_within=(0.0, 1.0),
    )
    from_logits: bool
    label_smoothing: float
    axis: int

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        check_smoothing(self, label_smoothing)


def sparse_categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Values:
    """Returns the cross-entropy of integer labels: -log(y_pred[label]).

    The same as `CategoricalCrossentropy`, without the memory of one-hot rows.

    Args:
        y_true: Class indices, of shape `(...)` or `(..., 1)`.
        y_pred: Predicted probabilities, or logits, of shape `(..., classes)`.
        from_logits: True where `y_pred` holds logits, the inputs of the softmax.
        ignore_class: Label whose samples have a loss of 0, or None.
        axis: Axis of the classes.

    Returns:
        Values, of shape `(...)`.

    Raises:
        ValueError: The shapes do not fit, or there is no such axis.

    Example:
        >>> fastnn.losses.sparse_categorical_crossentropy([1], [[0.5, 0.5]])
        array([0.69314...], dtype=float32)
    """
    config: dict[str, Any] = {"from_logits": from_logits}
    if ignore_class is not None:
        config["ignore_class"] = ignore_class
    return values_of("sparse_categorical_crossentropy", y_true, y_pred, True, axis, **config)


class SparseCategoricalCrossentropy(Loss):
    """Cross-entropy of integer labels: -log(y_pred[label]).

    The same as `CategoricalCrossentropy`, without the memory of one-hot rows.

    Args:
        from_logits: True where `y_pred` holds logits, the inputs of the softmax.
        ignore_class: Label whose samples have a loss of 0 and do not count in the mean, or None.
        reduction: How the values of the samples become one number; see `Loss`.
        axis: Axis of the classes.
        name: Name of the loss.
        dtype: Accepted for Keras compatibility; ignored.

    Raises:
        ValueError: `reduction` is not known, or at the call the shapes do not fit.

    Example:
        >>> fastnn.losses.SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])
        0.69314...
    """

    __fastnn_computation__ = of_node(
        "sparse_categorical_crossentropy",
        function=sparse_categorical_crossentropy,
        labels=True,
        counterpart="categorical_crossentropy",
    )
    __fastnn_keras_newer_arguments__ = {"axis": -1, "ignore_class": None}
    from_logits: bool
    ignore_class: int | None
    axis: int

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        pass

    def __fastnn_mask__(self, y_true: Any, values: Any = None) -> Any:
        """Returns which of the targets are not `ignore_class`; None where no class is ignored."""
        return None if self.ignore_class is None else ops.not_equal(y_true, self.ignore_class)
