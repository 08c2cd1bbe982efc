"""Metrics by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastnn import losses
from fastnn.metrics.accuracy import (
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from fastnn.metrics.hinge_metrics import CategoricalHinge, Hinge, SquaredHinge
from fastnn.metrics.metric import Metric, NodeMetric, Values
from fastnn.metrics.probabilistic import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    KLDivergence,
    Poisson,
    SparseCategoricalCrossentropy,
)
from fastnn.metrics.reduction import LossMetric, Mean, MeanMetricWrapper, Sum
from fastnn.metrics.regression import (
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    RootMeanSquaredError,
)
from fastnn.naming import lookup

_node_classes: tuple[type[NodeMetric], ...] = (
    BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy, TopKCategoricalAccuracy,
    SparseTopKCategoricalAccuracy, MeanSquaredError, MeanAbsoluteError, MeanAbsolutePercentageError,
    MeanSquaredLogarithmicError, LogCoshError, Poisson, KLDivergence, Hinge, SquaredHinge, CategoricalHinge,
    BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy,
)  # fmt: skip


_classes: dict[str, Any] = {
    **{cls.kind: cls for cls in _node_classes},
    "mean": Mean, "sum": Sum, "root_mean_squared_error": RootMeanSquaredError,
}  # fmt: skip


_aliases = {
    **losses.ALIASES, **{cls.__name__: kind for kind, cls in _classes.items()}, "rmse": "root_mean_squared_error",
}  # fmt: skip


_functions: dict[Callable[..., Any], str] = {
    **{function: kind for kind, function in losses.FUNCTIONS.items()},
    **{
        function: function.__name__
        for function in (
            binary_accuracy, categorical_accuracy, sparse_categorical_accuracy, top_k_categorical_accuracy,
            sparse_top_k_categorical_accuracy,
        )
    },
}  # fmt: skip


def _named(kind: str, name: str) -> Metric:
    if kind in _classes:
        return _classes[kind](name=name)  # type: ignore[no-any-return]
    return LossMetric(losses.CLASSES[kind](), name=name)


def get(identifier: Any) -> Metric:
    """The metric that a name, a config, a class, an object, or a function or loss means; it bears the name given.

    Raises:
        ValueError: The name is unknown; the message proposes the nearest.
        TypeError: It is nothing of the kind.
    """
    if isinstance(identifier, Metric):
        return identifier
    if isinstance(identifier, str):
        members = {**losses.CLASSES, **_classes}
        kind = _aliases.get(identifier, identifier)
        lookup("metric", identifier, {**members, "accuracy": None, "acc": None}, _aliases)
        return _named(kind, identifier)
    if isinstance(identifier, Mapping):
        cls = lookup("metric", identifier["class_name"], _classes, _aliases)
        return cls.from_config(identifier.get("config", {}))  # type: ignore[no-any-return]
    if isinstance(identifier, losses.Loss):
        return LossMetric(identifier)
    if isinstance(identifier, type) and issubclass(identifier, Metric):
        return identifier()
    if callable(identifier) and identifier in _functions:
        return _named(_functions[identifier], _functions[identifier])
    if callable(identifier):
        return MeanMetricWrapper(identifier)
    raise TypeError(f"metric expects a name or an object of fastnn.metrics, got {identifier!r}")


def resolve(identifier: Any, true_shape: Sequence[int | None], output_shape: Sequence[int | None]) -> Metric:
    """As `get`, with "accuracy", "acc", "crossentropy" and "ce" read from the shapes of labels and outputs."""
    family = {"accuracy": "accuracy", "acc": "accuracy", "crossentropy": "crossentropy", "ce": "crossentropy"}
    word = family.get(identifier.lower()) if isinstance(identifier, str) else None
    if word is None:
        return get(identifier)
    if output_shape[-1] == 1:
        kind = f"binary_{word}"
    elif len(true_shape) < len(output_shape) or true_shape[-1] == 1:
        kind = f"sparse_categorical_{word}"
    else:
        kind = f"categorical_{word}"
    return _named(kind, identifier)


def __getattr__(name: str) -> Callable[..., Values]:
    return losses.__getattr__(name)
