"""Losses of probabilities."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from fastnn.losses.loss import Loss
from fastnn.losses.values import Values, last_axis, values_of


def poisson(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """mean(y_pred - y_true * log(y_pred)) over the last axis."""
    return values_of("poisson", y_true, y_pred)


def kl_divergence(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """sum(y_true * log(y_true / y_pred)) over the last axis."""
    return values_of("kl_divergence", y_true, y_pred)


def binary_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Values:
    """mean(-y_true * log(y_pred) - (1 - y_true) * log(1 - y_pred)) over the last axis.

    Args:
        y_true: 0 or 1, or chances.
        y_pred: Chances, or logits (what goes into the sigmoid) where `from_logits`.
        from_logits: Whether `y_pred` are logits.
        label_smoothing: How far labels are drawn towards 0.5.
        axis: -1.

    Returns:
        An array of the shape without its last axis.
    """
    last_axis("binary_crossentropy", axis)
    return values_of("binary_crossentropy", y_true, y_pred, from_logits=from_logits, label_smoothing=label_smoothing)


def categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Values:
    """-sum(y_true * log(y_pred)) over the last axis; `y_true` is one-hot.

    Args:
        y_true: One-hot rows, or chances.
        y_pred: Chances, or logits (what goes into the softmax) where `from_logits`.
        from_logits: Whether `y_pred` are logits.
        label_smoothing: How far labels are drawn towards 1 / classes.
        axis: -1.

    Returns:
        An array of the shape without its last axis.
    """
    last_axis("categorical_crossentropy", axis)
    return values_of(
        "categorical_crossentropy", y_true, y_pred, from_logits=from_logits, label_smoothing=label_smoothing
    )


def sparse_categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Values:
    """-log of the output at the label.

    Args:
        y_true: Whole numbers: which output is the right one.
        y_pred: Chances, or logits where `from_logits`.
        from_logits: Whether `y_pred` are logits.
        ignore_class: A label whose samples count as 0, or None.
        axis: -1.

    Returns:
        An array of the shape of the labels.
    """
    last_axis("sparse_categorical_crossentropy", axis)
    config: dict[str, Any] = {"from_logits": from_logits}
    if ignore_class is not None:
        config["ignore_class"] = ignore_class
    return values_of("sparse_categorical_crossentropy", y_true, y_pred, True, **config)


class Poisson(Loss):
    """mean(y_pred - y_true * log(y_pred))."""

    kind = "poisson"

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = kind, dtype: Any = None) -> None:
        pass


class KLDivergence(Loss):
    """sum(y_true * log(y_true / y_pred))."""

    kind = "kl_divergence"

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = kind, dtype: Any = None) -> None:
        pass


class BinaryCrossentropy(Loss):
    """The cross-entropy of outputs that each say yes or no.

    Args:
        from_logits: Whether outputs are logits: what goes into the sigmoid.
        label_smoothing: How far labels are drawn towards 0.5.
        axis: -1.
        reduction: See `Loss`.
        name: Its name.
        dtype: Taken for Keras' sake.
    """

    kind = "binary_crossentropy"

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = kind,
        dtype: Any = None,
    ) -> None:
        _smoothing(self)


class CategoricalCrossentropy(Loss):
    """The cross-entropy of outputs of which one is right, labels one-hot.

    Args:
        from_logits: Whether outputs are logits: what goes into the softmax.
        label_smoothing: How far labels are drawn towards 1 / classes.
        axis: -1.
        reduction: See `Loss`.
        name: Its name.
        dtype: Taken for Keras' sake.
    """

    kind = "categorical_crossentropy"
    counterpart = "sparse_categorical_crossentropy"

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = kind,
        dtype: Any = None,
    ) -> None:
        _smoothing(self)


class SparseCategoricalCrossentropy(Loss):
    """The cross-entropy of outputs of which one is right, labels whole numbers.

    Args:
        from_logits: Whether outputs are logits: what goes into the softmax.
        ignore_class: A label whose samples count as 0, or None.
        axis: -1.
        reduction: See `Loss`.
        name: Its name.
        dtype: Taken for Keras' sake.
    """

    keras_newer_arguments = {"axis": -1, "ignore_class": None}
    kind = "sparse_categorical_crossentropy"
    counterpart = "categorical_crossentropy"
    labels = True

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = kind,
        dtype: Any = None,
    ) -> None:
        pass


def _smoothing(loss: Loss) -> None:
    if not 0 <= loss.label_smoothing <= 1:
        raise ValueError(f"{type(loss).__name__} expects label_smoothing from 0 to 1, got {loss.label_smoothing!r}")
