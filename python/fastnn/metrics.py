"""Metrics: numbers that tell how well a model does, of which a mean over samples is kept.

While a model trains the core keeps the sums; the objects here say which node computes the values, and serve by
themselves on arrays. Every loss is a metric too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn import initializers, losses
from fastnn.configurable import Configurable, lookup, snake_case
from fastnn.emission import Emission
from fastnn.layer import numeric
from fastnn.losses import binary_crossentropy as binary_crossentropy
from fastnn.losses import categorical_crossentropy as categorical_crossentropy
from fastnn.losses import categorical_hinge as categorical_hinge
from fastnn.losses import cosine_similarity as cosine_similarity
from fastnn.losses import hinge as hinge
from fastnn.losses import huber as huber
from fastnn.losses import kl_divergence as kl_divergence
from fastnn.losses import log_cosh as log_cosh
from fastnn.losses import mean_absolute_error as mean_absolute_error
from fastnn.losses import mean_absolute_percentage_error as mean_absolute_percentage_error
from fastnn.losses import mean_squared_error as mean_squared_error
from fastnn.losses import mean_squared_logarithmic_error as mean_squared_logarithmic_error
from fastnn.losses import poisson as poisson
from fastnn.losses import sparse_categorical_crossentropy as sparse_categorical_crossentropy
from fastnn.losses import squared_hinge as squared_hinge
from fastnn.losses import values_of
from fastnn.variable import Variable

Values = NDArray[np.float32]


def binary_accuracy(y_true: ArrayLike, y_pred: ArrayLike, threshold: float = 0.5) -> Values:
    """The share of a sample's outputs that lie on the right side of the threshold.

    Args:
        y_true: 0 or 1.
        y_pred: Chances, of the same shape.
        threshold: From which a chance means 1.

    Returns:
        An array of the shape without its last axis.
    """
    return values_of("binary_accuracy", y_true, y_pred, threshold=threshold)


def categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """1 where the largest output is the one that `y_true` (one-hot) marks, else 0."""
    return values_of("categorical_accuracy", y_true, y_pred)


def sparse_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """1 where the largest output is the one whose number `y_true` is, else 0."""
    return values_of("sparse_categorical_accuracy", y_true, y_pred, True)


def top_k_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike, k: int = 5) -> Values:
    """1 where the output that `y_true` (one-hot) marks is among the `k` largest, else 0."""
    return values_of("top_k_categorical_accuracy", y_true, y_pred, k=k)


def sparse_top_k_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike, k: int = 5) -> Values:
    """1 where the output whose number `y_true` is, is among the `k` largest, else 0."""
    return values_of("sparse_top_k_categorical_accuracy", y_true, y_pred, True, k=k)


class Metric(Configurable):
    """Base of all metrics: `update_state` takes data in, `result` says the number, `reset_state` begins anew.

    A metric of your own keeps its sums in variables (`add_variable`, in its constructor) and changes them in
    `update_state(y_true, y_pred, sample_weight=None)` with `assign` and `assign_add`, computing with `fastnn.ops`.
    While a model trains that is part of each step; `result` is called between runs of steps.

    Example:
        >>> class Largest(fastnn.metrics.Metric):
        ...     def __init__(self, name="largest", **kwargs):
        ...         super().__init__(name=name, **kwargs)
        ...         self.top = self.add_variable(shape=(), initializer="zeros", name="top")
        ...
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         self.top.assign(ops.maximum(self.top, ops.max(y_pred)))
        ...
        ...     def result(self):
        ...         return self.top
    """

    name: str
    total: float
    count: float

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        pass

    def _store(self, arguments: dict[str, Any]) -> None:
        arguments.pop("dtype", None)
        super()._store(arguments)
        if self.name is None:
            self.name = snake_case(type(self).__name__)
        self._variables: list[Variable] = []
        Metric.reset_state(self)

    def add_variable(
        self, shape: Sequence[int] = (), initializer: Any = "zeros", dtype: Any = None, aggregation: Any = None,
        name: str | None = None,
    ) -> Variable:  # fmt: skip
        """A variable for a metric of your own.

        Args:
            shape: Its sizes; (): one number.
            initializer: Its first values; `reset_state` sets it to 0.
            dtype: "float32", or an integer type.
            aggregation: Taken for Keras' sake.
            name: Its name.
        """
        values = initializers.get(initializer)
        made = Variable(values, f"{self.name}/{name or 'variable'}", False, shape=shape, dtype=dtype)
        self._variables.append(made)
        return made

    add_weight = add_variable

    @property
    def variables(self) -> list[Variable]:
        """Those made by `add_variable`."""
        return list(self._variables)

    def is_custom(self) -> bool:
        """Whether its sums are variables that Python code of the user's changes."""
        return bool(self._variables)

    def takes_weights(self) -> bool:
        """Whether its own code weighs the samples."""
        return self.is_custom() and bool(self._variables)

    def emit(self, emission: Emission, y_true: int, y_pred: int, weights: int | None) -> int | None:
        """Adds to a graph what the metric computes.

        Args:
            emission: The graph.
            y_true: The edge of what should come out.
            y_pred: That of what came out.
            weights: That of the weights of the samples, for a metric that takes them.

        Returns:
            The edge of its values, of which the mean is told; None where it keeps its own sums.
        """
        if not self.is_custom():
            raise TypeError(f"metric {self!r} cannot be computed from labels and outputs; use it by itself")

        def update(true: Any, predicted: Any, *sample_weight: Any) -> Any:
            self.update_state(true, predicted, *sample_weight)
            return predicted

        edges = [y_true, y_pred] if weights is None else [y_true, y_pred, weights]
        emission.run(update, edges, f"the metric {self.name!r}")
        return None

    def _argument_names(self) -> tuple[str, ...]:
        return tuple(name for name in super()._argument_names() if name != "dtype")

    def reset_state(self) -> None:
        """Forgets all data."""
        if not self._variables:
            self.total = 0.0
            self.count = 0.0
        for variable in self._variables:
            variable.assign(np.zeros(variable.shape))

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Takes data in."""
        raise NotImplementedError

    def result(self) -> Any:
        """The number for the data taken in since `reset_state`; 0 without data."""
        return self.total / self.count if self.count else 0.0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Takes data in and returns the number."""
        self.update_state(*args, **kwargs)
        return self.result()

    def _take(self, values: ArrayLike, sample_weight: ArrayLike | None) -> None:
        array = np.asarray(values, dtype=np.float64)
        if sample_weight is None:
            self.total += float(array.sum())
            self.count += array.size
            return
        weights = numeric(sample_weight, f"{self.name}: sample_weight").astype(np.float64)
        weights = np.broadcast_to(weights.reshape(weights.shape + (1,) * (array.ndim - weights.ndim)), array.shape)
        self.total += float((array * weights).sum())
        self.count += float(weights.sum())


class Mean(Metric):
    """The mean of the values taken in.

    Args:
        name: Its name.
        dtype: Taken for Keras' sake.

    Example:
        >>> m = fastnn.metrics.Mean(); m.update_state([1, 3]); m.result()
        2.0
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        pass

    def update_state(self, values: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        self._take(values, sample_weight)


class Sum(Metric):
    """The sum of the values taken in.

    Args:
        name: Its name.
        dtype: Taken for Keras' sake.
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        pass

    def update_state(self, values: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        self._take(values, sample_weight)

    def result(self) -> float:
        return self.total


class NodeMetric(Metric):
    """The mean over samples of the values that one node of the core yields."""

    kind: ClassVar[str] = ""
    labels: ClassVar[bool] = False

    def node(self) -> tuple[str, dict[str, Any]]:
        """Kind and config of the node that stands for it in a graph."""
        config = {name: getattr(self, name) for name in self._argument_names() if name not in ("name", "axis")}
        return self.kind, {name: value for name, value in config.items() if value is not None}

    def emit(self, emission: Emission, y_true: int, y_pred: int, weights: int | None) -> int | None:
        kind, arguments = self.node()
        return emission.graph.add(kind, self.name, arguments, [y_true, y_pred])[0]

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Takes samples in.

        Args:
            y_true: What should come out.
            y_pred: What came out.
            sample_weight: A weight for each sample, or None.
        """
        kind, config = self.node()
        self._take(values_of(kind, y_true, y_pred, self.labels, **config), sample_weight)


class BinaryAccuracy(NodeMetric):
    """The share of outputs on the right side of the threshold.

    Args:
        name: Its name.
        dtype: Taken for Keras' sake.
        threshold: From which a chance means 1.
    """

    kind = "binary_accuracy"

    def __init__(self, name: str | None = kind, dtype: Any = None, threshold: float = 0.5) -> None:
        pass


class CategoricalAccuracy(NodeMetric):
    """The share of samples whose largest output is the one that the one-hot label marks.

    Args:
        name: Its name.
        dtype: Taken for Keras' sake.
    """

    kind = "categorical_accuracy"

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class SparseCategoricalAccuracy(NodeMetric):
    """The share of samples whose largest output is the one whose number the label is.

    Args:
        name: Its name.
        dtype: Taken for Keras' sake.
    """

    kind = "sparse_categorical_accuracy"
    labels = True

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class TopKCategoricalAccuracy(NodeMetric):
    """The share of samples whose right output (one-hot) is among the `k` largest.

    Args:
        k: How many.
        name: Its name.
        dtype: Taken for Keras' sake.
    """

    kind = "top_k_categorical_accuracy"

    def __init__(self, k: int = 5, name: str | None = kind, dtype: Any = None) -> None:
        pass


class SparseTopKCategoricalAccuracy(NodeMetric):
    """The share of samples whose right output (a whole number) is among the `k` largest.

    Args:
        k: How many.
        name: Its name.
        dtype: Taken for Keras' sake.
    """

    kind = "sparse_top_k_categorical_accuracy"
    labels = True

    def __init__(self, k: int = 5, name: str | None = kind, dtype: Any = None) -> None:
        pass


class MeanSquaredError(NodeMetric):
    """The loss of that name, as a metric."""

    kind = "mean_squared_error"

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class RootMeanSquaredError(NodeMetric):
    """The square root of the mean squared error; on arrays only, not in `compile`."""

    kind = "mean_squared_error"

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        pass

    def result(self) -> float:
        return float(np.sqrt(super().result()))


class MeanAbsoluteError(NodeMetric):
    """The loss of that name, as a metric."""

    kind = "mean_absolute_error"

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class MeanAbsolutePercentageError(NodeMetric):
    """The loss of that name, as a metric."""

    kind = "mean_absolute_percentage_error"

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class MeanSquaredLogarithmicError(NodeMetric):
    """The loss of that name, as a metric."""

    kind = "mean_squared_logarithmic_error"

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class LogCoshError(NodeMetric):
    """The loss of that name, as a metric."""

    kind = "log_cosh"

    def __init__(self, name: str | None = "logcosh", dtype: Any = None) -> None:
        pass


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


class Hinge(NodeMetric):
    """The loss of that name, as a metric."""

    kind = "hinge"

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class SquaredHinge(NodeMetric):
    """The loss of that name, as a metric."""

    kind = "squared_hinge"

    def __init__(self, name: str | None = kind, dtype: Any = None) -> None:
        pass


class CategoricalHinge(NodeMetric):
    """The loss of that name, as a metric."""

    kind = "categorical_hinge"

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

    def __init__(
        self, name: str | None = kind, dtype: Any = None, from_logits: bool = False, label_smoothing: float = 0.0
    ) -> None:
        pass


class SparseCategoricalCrossentropy(NodeMetric):
    """The loss of that name, as a metric."""

    kind = "sparse_categorical_crossentropy"
    labels = True

    def __init__(
        self, name: str | None = kind, dtype: Any = None, from_logits: bool = False, ignore_class: int | None = None
    ) -> None:
        pass


class LossMetric(NodeMetric):
    """A loss object that stands as a metric: the mean of its values, by its own arguments."""

    def __init__(self, loss: losses.Loss, name: str | None = None) -> None:
        self.labels = loss.labels  # type: ignore[misc]
        self.name = name or loss.name

    def node(self) -> tuple[str, dict[str, Any]]:
        return self.loss.node()  # type: ignore[no-any-return]

    def is_custom(self) -> bool:
        return self.loss.is_custom()  # type: ignore[no-any-return]

    def emit(self, emission: Emission, y_true: int, y_pred: int, weights: int | None) -> int | None:
        return self.loss.emit(emission, y_true, y_pred)  # type: ignore[no-any-return]

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        if not self.is_custom():
            return super().update_state(y_true, y_pred, sample_weight)
        self._take(self.loss.call(np.asarray(y_true, np.float32), np.asarray(y_pred, np.float32)), sample_weight)


class MeanMetricWrapper(LossMetric):
    """The mean of the values that a Python function of (y_true, y_pred) yields.

    Args:
        fn: Returns a value for each sample, or one for all, computed with `fastnn.ops`.
        name: A name; None: the function's.
        dtype: Taken for Keras' sake.
        **kwargs: Further arguments of the function.
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        self.loss = losses.FunctionLoss(fn, name=name, **kwargs)
        self.name = self.loss.name


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
