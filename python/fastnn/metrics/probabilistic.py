"""Losses of probabilities as metrics."""

from __future__ import annotations

from typing import Any

from fastnn import losses, ops
from fastnn.losses.computation import described, of_node
from fastnn.metrics.mean_of_function import MeanOfFunction
from fastnn.ranges import check_range


class Poisson(MeanOfFunction):
    """Mean Poisson loss: mean(y_pred - y_true * log(y_pred)).

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.

    Example:
        >>> fastnn.metrics.Poisson()([[0.0, 2.0]], [[1.0, 2.0]])
        0.80685...
    """

    __fastnn_computation__ = of_node("poisson", *described(losses.Poisson).names[1:])
    _direction = "down"

    def __init__(self, name: str | None = "poisson", dtype: Any = None) -> None:
        pass


class KLDivergence(MeanOfFunction):
    """Mean Kullback-Leibler divergence: sum(y_true * log(y_true / y_pred)) of each sample.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.

    Example:
        >>> fastnn.metrics.KLDivergence()([[0.25, 0.75]], [[0.5, 0.5]])
        0.13081...
    """

    __fastnn_computation__ = of_node("kl_divergence", *described(losses.KLDivergence).names[1:])
    _direction = "down"

    def __init__(self, name: str | None = "kl_divergence", dtype: Any = None) -> None:
        pass


class BinaryCrossentropy(MeanOfFunction):
    """Mean binary cross-entropy: mean(-y_true * log(y_pred) - (1 - y_true) * log(1 - y_pred)).

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.
        from_logits: True where the predictions are logits, the inputs of the sigmoid.
        label_smoothing: Label smoothing factor s: y becomes y * (1 - s) + 0.5 * s.

    Raises:
        ValueError: `label_smoothing` is not from 0 to 1.

    Example:
        >>> fastnn.metrics.BinaryCrossentropy()([[0, 1]], [[0.5, 0.75]])
        0.49041...
    """

    __fastnn_computation__ = of_node("binary_crossentropy", *described(losses.BinaryCrossentropy).names[1:])
    _direction = "down"
    from_logits: bool
    label_smoothing: float

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
    ) -> None:
        check_range(self, "label_smoothing", label_smoothing, 0, 1)


class CategoricalCrossentropy(MeanOfFunction):
    """Mean cross-entropy of one-hot labels: -sum(y_true * log(y_pred)) of each sample.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.
        from_logits: True where the predictions are logits, the inputs of the softmax.
        label_smoothing: Label smoothing factor s: y becomes y * (1 - s) + s / classes.
        axis: Axis of the classes.

    Raises:
        ValueError: `label_smoothing` is not from 0 to 1.

    Example:
        >>> fastnn.metrics.CategoricalCrossentropy()([[0, 1]], [[0.5, 0.5]])
        0.69314...
    """

    __fastnn_computation__ = of_node(
        "categorical_crossentropy",
        *described(losses.CategoricalCrossentropy).names[1:],
        counterpart="sparse_categorical_crossentropy",
    )
    _direction = "down"
    from_logits: bool
    label_smoothing: float
    axis: int

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
    ) -> None:
        check_range(self, "label_smoothing", label_smoothing, 0, 1)


class SparseCategoricalCrossentropy(MeanOfFunction):
    """Mean cross-entropy of integer labels: -log(y_pred[label]) of each sample.

    Args:
        name: Name of the metric.
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.
        from_logits: True where the predictions are logits, the inputs of the softmax.
        ignore_class: Label whose samples have a loss of 0, or None. They do not count where there are sample weights.
        axis: Axis of the classes.

    Example:
        >>> fastnn.metrics.SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])
        0.69314...
    """

    __fastnn_computation__ = of_node(
        "sparse_categorical_crossentropy",
        *described(losses.SparseCategoricalCrossentropy).names[1:],
        labels=True,
        counterpart="categorical_crossentropy",
    )
    _direction = "down"
    __fastnn_keras_newer_arguments__ = {"axis": -1, "ignore_class": None}
    from_logits: bool
    ignore_class: int | None
    axis: int

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        pass

    def __fastnn_mask__(self, y_true: Any, values: Any = None) -> Any:
        """Returns which of the targets are not `ignore_class`; None where no class is ignored."""
        return None if self.ignore_class is None else ops.not_equal(y_true, self.ignore_class)
