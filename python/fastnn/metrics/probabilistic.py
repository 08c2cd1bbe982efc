"""Metrics of probabilities."""

from __future__ import annotations

from typing import Any

from fastnn.metrics.metric import NodeMetric


class Poisson(NodeMetric):
    """The loss of that name, as a metric."""

    kind = "poisson"

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class KLDivergence(NodeMetric):
    """The loss of that name, as a metric."""

    kind = "kl_divergence"

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class BinaryCrossentropy(NodeMetric):
    """The loss of that name, as a metric."""

    kind = "binary_crossentropy"

    def __init__(
        self, name: str | None = kind, dtype: Any = None, from_logits: bool = False, label_smoothing: float = 0.0
    ) -> None:
        pass


class CategoricalCrossentropy(NodeMetric):
    """The loss of that name, as a metric."""

    kind = "categorical_crossentropy"
    counterpart = "sparse_categorical_crossentropy"

    def __init__(
        self, name: str | None = kind, dtype: Any = None, from_logits: bool = False, label_smoothing: float = 0.0
    ) -> None:
        pass


class SparseCategoricalCrossentropy(NodeMetric):
    """The loss of that name, as a metric."""

    keras_newer_arguments = {"axis": -1, "ignore_class": None}
    kind = "sparse_categorical_crossentropy"
    counterpart = "categorical_crossentropy"
    labels = True

    def __init__(
        self, name: str | None = kind, dtype: Any = None, from_logits: bool = False, ignore_class: int | None = None
    ) -> None:
        pass
