"""Metrics by name.

One more metric is one more class in the list here; its names and its function stand in the class. Losses without a
class of metrics are found too, as the mean of their values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastnn import losses, object_forms
from fastnn.custom_objects import get_registered_object
from fastnn.losses.computation import described
from fastnn.losses.registry import ALIASES, CLASSES, FUNCTIONS
from fastnn.metrics.accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
)
from fastnn.metrics.auc import AUC
from fastnn.metrics.confusion import FalseNegatives, FalsePositives, Precision, Recall, TrueNegatives, TruePositives
from fastnn.metrics.correlation import ConcordanceCorrelation, PearsonCorrelation
from fastnn.metrics.f_scores import F1Score, FBetaScore
from fastnn.metrics.hinge_metrics import CategoricalHinge, Hinge, SquaredHinge
from fastnn.metrics.iou import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from fastnn.metrics.mean_of_function import LossMetric, MeanMetricWrapper
from fastnn.metrics.metric import Metric
from fastnn.metrics.probabilistic import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    KLDivergence,
    Poisson,
    SparseCategoricalCrossentropy,
)
from fastnn.metrics.r2_score import R2Score
from fastnn.metrics.reduction import Mean, Sum
from fastnn.metrics.regression import (
    CosineSimilarity,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    RootMeanSquaredError,
)
from fastnn.metrics.threshold_search import (
    PrecisionAtRecall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
)
from fastnn.naming import lookup, snake_case

_listed: tuple[type[Metric], ...] = (
    Accuracy, BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy, TopKCategoricalAccuracy,
    SparseTopKCategoricalAccuracy, MeanSquaredError, RootMeanSquaredError, MeanAbsoluteError,
    MeanAbsolutePercentageError, MeanSquaredLogarithmicError, LogCoshError, CosineSimilarity, Poisson, KLDivergence,
    Hinge, SquaredHinge, CategoricalHinge, BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy,
    Mean, Sum, FalseNegatives, FalsePositives, Precision, Recall, TrueNegatives, TruePositives, PrecisionAtRecall, RecallAtPrecision, SensitivityAtSpecificity, SpecificityAtSensitivity, AUC, F1Score, FBetaScore, R2Score, ConcordanceCorrelation, PearsonCorrelation, BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU,
)  # fmt: skip


def _by_name() -> dict[str, type[Metric]]:
    found: dict[str, type[Metric]] = {}
    for cls in _listed:
        for name in (*described(cls).names, cls.__name__, snake_case(cls.__name__)):
            found.setdefault(name, cls)
    return found


_classes = _by_name()
_losses = {name: CLASSES[kind] for name, kind in ({kind: kind for kind in CLASSES} | ALIASES).items()}
_by_shape = {"accuracy": "accuracy", "acc": "accuracy", "crossentropy": "crossentropy", "ce": "crossentropy"}
"""Names whose metric depends on the shapes of targets and outputs."""
_functions: dict[Any, str] = {
    # The metric of the same name may have other values, such as the opposite sign.
    function: name
    for name, function in FUNCTIONS.items()
    if name in _classes and "__fastnn_values__" not in vars(_classes[name])
} | {described(cls).function: described(cls).names[0] for cls in _listed if described(cls).function is not None}


def _named(known: str, name: str) -> Metric:
    if known in _classes:
        return _classes[known](name=name)
    return LossMetric(_losses[known](), name=name)


def get(identifier: Any) -> Any:
    """Returns the metric for a name, a config, a class, an object, a loss or a function.

    A metric that is found by its name bears that name.

    Args:
        identifier: Name such as "mae", config with "class_name" and "config", class or object of `Metric`, object of
            `fastnn.losses.Loss`, function of `fastnn.metrics`, or any function of (y_true, y_pred).

    Returns:
        The metric; None for None.

    Raises:
        ValueError: The name is unknown; the message suggests the closest one.
        TypeError: `identifier` is none of these.

    Example:
        >>> fastnn.metrics.get("mae").name
        'mae'
    """
    if isinstance(identifier, str):
        identifier = get_registered_object(identifier) or identifier
    if identifier is None or isinstance(identifier, Metric):
        return identifier
    if isinstance(identifier, str):
        if identifier in ("accuracy", "acc"):
            raise ValueError(
                f"metric {identifier!r} depends on the shapes of targets and outputs, and is resolved by compile; "
                "name one of binary_accuracy, categorical_accuracy and sparse_categorical_accuracy"
            )
        lookup("metric", identifier, {**_losses, **_classes, "accuracy": None, "acc": None})
        return _named(identifier, identifier)
    if isinstance(identifier, Mapping):
        return get(deserialize(identifier))
    if isinstance(identifier, losses.Loss):
        return LossMetric(identifier)
    if isinstance(identifier, type) and issubclass(identifier, Metric):
        return identifier()
    if callable(identifier) and identifier in _functions:
        return _named(_functions[identifier], _functions[identifier])
    if callable(identifier) and identifier in FUNCTIONS.values():
        return LossMetric(CLASSES[next(kind for kind, function in FUNCTIONS.items() if function is identifier)]())
    if callable(identifier):
        return MeanMetricWrapper(identifier)
    raise TypeError(f"metric expects a name or an object of fastnn.metrics, got {identifier!r}")


def serialize(metric: Any) -> Any:
    """Returns a metric as values of JSON, in the form of Keras' files.

    Args:
        metric: The metric, or a registered class or function.

    Returns:
        Dict with "module", "class_name", "config" and "registered_name".

    Example:
        >>> fastnn.metrics.serialize(fastnn.metrics.Mean('loss'))["class_name"]
        'Mean'
    """
    return object_forms.serialize(metric)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Returns the metric that `serialize` described.

    Args:
        config: Dict with "class_name" and "config"; or a name.
        custom_objects: Classes and functions by the names that the config uses for them.

    Raises:
        ValueError: The name is unknown; the message suggests the closest one.

    Example:
        >>> fastnn.metrics.deserialize(fastnn.metrics.serialize(fastnn.metrics.Mean('loss')))
        Mean(name='loss')
    """
    return object_forms.deserialize(config, custom_objects, "metrics")


def resolve(identifier: Any, true_shape: Sequence[int | None], output_shape: Sequence[int | None]) -> Metric:
    """Returns the metric for an identifier, as `get`, and for names that depend on shapes.

    "accuracy" and "acc", "crossentropy" and "ce" mean the binary form for one output, the sparse categorical form for
    class indices, and the categorical form for one-hot rows.

    Args:
        identifier: See `get`.
        true_shape: Shape of the targets.
        output_shape: Shape of the output.

    Returns:
        The metric.
    """
    word = _by_shape.get(identifier.lower()) if isinstance(identifier, str) else None
    if word is None:
        found: Metric = get(identifier)
        return found
    if output_shape[-1] == 1:
        kind = f"binary_{word}"
    elif len(true_shape) < len(output_shape) or true_shape[-1] == 1:
        kind = f"sparse_categorical_{word}"
    else:
        kind = f"categorical_{word}"
    return _named(kind, identifier)
