"""Losses of probabilities as metrics."""

from __future__ import annotations

from typing import Any

from fastnn import losses, ops
from fastnn.metrics.metric import NodeMetric


class Poisson(NodeMetric):
    """Mean Poisson loss: mean(y_pred - y_true * log(y_pred)).

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; ignored.

    Example:
        >>> fastnn.metrics.Poisson()([[0.0, 2.0]], [[1.0, 2.0]])
        0.80685...
    """

    kind = "poisson"
    _direction = "down"
    aliases = losses.Poisson.aliases

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class KLDivergence(NodeMetric):
    """Mean Kullback-Leibler divergence: sum(y_true * log(y_true / y_pred)) of each sample.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; ignored.

    Example:
        >>> fastnn.metrics.KLDivergence()([[0.25, 0.75]], [[0.5, 0.5]])
        0.13081...
    """

    kind = "kl_divergence"
    _direction = "down"
    aliases = losses.KLDivergence.aliases

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class BinaryCrossentropy(NodeMetric):
    """Mean binary cross-entropy: mean(-y_true * log(y_pred) - (1 - y_true) * log(1 - y_pred)).

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; ignored.
        from_logits: True where the predictions are logits, the inputs of the sigmoid.
        label_smoothing: Label smoothing factor s: y becomes y * (1 - s) + 0.5 * s.

    Example:
        >>> fastnn.metrics.BinaryCrossentropy()([[0, 1]], [[0.5, 0.75]])
        0.49041...
    """

    kind = "binary_crossentropy"
    _direction = "down"
    aliases = losses.BinaryCrossentropy.aliases
    from_logits: bool
    label_smoothing: float

    def __init__(
        self, name: str | None = kind, dtype: Any = None, from_logits: bool = False, label_smoothing: float = 0.0
    ) -> None:
        pass


class CategoricalCrossentropy(NodeMetric):
    """Mean cross-entropy of one-hot labels: -sum(y_true * log(y_pred)) of each sample.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; ignored.
        from_logits: True where the predictions are logits, the inputs of the softmax.
        label_smoothing: Label smoothing factor s: y becomes y * (1 - s) + s / classes.

    Example:
        >>> fastnn.metrics.CategoricalCrossentropy()([[0, 1]], [[0.5, 0.5]])
        0.69314...
    """

    kind = "categorical_crossentropy"
    _direction = "down"
    aliases = losses.CategoricalCrossentropy.aliases
    counterpart = "sparse_categorical_crossentropy"
    from_logits: bool
    label_smoothing: float

    def __init__(
        self, name: str | None = kind, dtype: Any = None, from_logits: bool = False, label_smoothing: float = 0.0
    ) -> None:
        pass


class SparseCategoricalCrossentropy(NodeMetric):
    """Mean cross-entropy of integer labels: -log(y_pred[label]) of each sample.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; ignored.
        from_logits: True where the predictions are logits, the inputs of the softmax.
        ignore_class: Label whose samples have a loss of 0, or None. They do not count where there are sample weights.

    Example:
        >>> fastnn.metrics.SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])
        0.69314...
    """

    kind = "sparse_categorical_crossentropy"
    _direction = "down"
    aliases = losses.SparseCategoricalCrossentropy.aliases
    labels = True
    keras_newer_arguments = {"axis": -1, "ignore_class": None}
    counterpart = "categorical_crossentropy"
    from_logits: bool
    ignore_class: int | None

    def __init__(
        self, name: str | None = kind, dtype: Any = None, from_logits: bool = False, ignore_class: int | None = None
    ) -> None:
        pass

    def mask(self, y_true: Any) -> Any:
        """Returns which of the targets are not `ignore_class`; None where no class is ignored."""
        return None if self.ignore_class is None else ops.not_equal(y_true, self.ignore_class)
