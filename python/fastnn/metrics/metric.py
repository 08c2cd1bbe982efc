"""The base class of metrics, and the base of those that a node of the core computes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from fastnn import initializers
from fastnn.configurable import Configurable, argument_names
from fastnn.engine.arrays import numeric
from fastnn.engine.emission import Emission
from fastnn.losses.values import values_of
from fastnn.naming import snake_case
from fastnn.symbolic.variable import Variable


class Metric(Configurable):
    """Base class of all metrics: `update_state` adds data, `result` returns the value, `reset_state` starts again.

    A custom metric keeps its sums in variables, made by `add_variable` in its constructor. It changes them in
    `update_state(y_true, y_pred, sample_weight=None)` with `assign` and `assign_add`, computing with `fastnn.ops`.
    While a model trains, that is part of each step; `result` is called between runs of steps.

    Args:
        dtype: Accepted for Keras compatibility; ignored.
        name: Name of the metric; None: that of the class in snake case.

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
        >>> metric = Largest()
        >>> metric.update_state([0, 0], [2.0, 3.0])
        >>> float(metric.result())
        3.0
    """

    keras_module = "keras.metrics"
    keras_newer_arguments = {"dtype": None}
    keras_ignored_arguments = {"fn": ...}
    aliases: ClassVar[tuple[str, ...]] = ()
    """Further names under which `get` finds the metric."""

    name: str
    total: float
    count: float

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        pass

    def store_arguments(self, arguments: dict[str, Any]) -> None:
        """Checks the arguments and keeps them as attributes."""
        arguments.pop("dtype", None)
        super().store_arguments(arguments)
        if self.name is None:
            self.name = snake_case(type(self).__name__)
        self._variables: list[Variable] = []
        Metric.reset_state(self)

    def add_variable(
        self, shape: Sequence[int] = (), initializer: Any = "zeros", dtype: Any = None, aggregation: Any = None,
        name: str | None = None,
    ) -> Variable:  # fmt: skip
        """Adds a variable to a custom metric.

        Args:
            shape: Shape; (): a scalar.
            initializer: Initializer; `reset_state` sets the variable to 0.
            dtype: "float32" or an integer type; None: "float32".
            aggregation: Accepted for Keras compatibility; ignored.
            name: Name of the variable.

        Returns:
            The variable.
        """
        values = initializers.get(initializer)
        made = Variable(values, shape, dtype, False, name=f"{self.name}/{name or 'variable'}")
        self._variables.append(made)
        return made

    add_weight = add_variable

    @property
    def variables(self) -> list[Variable]:
        """Variables made by `add_variable`."""
        return list(self._variables)

    def is_custom(self) -> bool:
        """Returns True where Python code updates variables of the metric."""
        return bool(self._variables)

    def takes_weights(self) -> bool:
        """Returns True where the metric's own code applies the sample weights."""
        return self.is_custom() and bool(self._variables)

    def emit(self, emission: Emission, y_true: int, y_pred: int, weights: int | None) -> int | None:
        """Adds the metric to a graph.

        Args:
            emission: The graph.
            y_true: Edge of the targets.
            y_pred: Edge of the predictions.
            weights: Edge of the sample weights, for a metric that applies them itself; or None.

        Returns:
            The edge of the values, whose mean is reported; None where the metric keeps its own sums.

        Raises:
            TypeError: The metric is not a function of targets and predictions.
        """
        if not self.is_custom():
            raise TypeError(f"metric {self!r} cannot be computed from targets and outputs; use it outside of compile")

        def update(true: Any, predicted: Any, *sample_weight: Any) -> Any:
            self.update_state(true, predicted, *sample_weight)
            return predicted

        edges = [y_true, y_pred] if weights is None else [y_true, y_pred, weights]
        emission.run(update, edges, f"the metric {self.name!r}")
        return None

    def reset_state(self) -> None:
        """Sets the sums to 0."""
        if not self._variables:
            self.total = 0.0
            self.count = 0.0
        for variable in self._variables:
            variable.assign(np.zeros(variable.shape))

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Adds data.

        Args:
            *args: The data, as the subclass defines.
            **kwargs: The same, by name.
        """
        raise NotImplementedError

    def result(self) -> Any:
        """Returns the value for the data since the last `reset_state`; 0 without data."""
        return self.total / self.count if self.count else 0.0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Adds data and returns the value, as `update_state` and `result`."""
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


class NodeMetric(Metric):
    """Mean over samples of the values that one node of the core computes.

    Args:
        dtype: Accepted for Keras compatibility; ignored.
        name: Name of the metric; None: that of the class in snake case.

    Example:
        >>> metric = fastnn.metrics.MeanAbsoluteError()
        >>> metric.node(), isinstance(metric, fastnn.metrics.NodeMetric)
        (('mean_absolute_error', {}), True)
    """

    kind: ClassVar[str] = ""
    """Kind of the node."""
    function: ClassVar[Callable[..., Any]]
    """Function of the metric on arrays, where it is not that of a loss."""
    labels: ClassVar[bool] = False
    """True where y_true holds class indices; otherwise it has the shape of y_pred."""
    counterpart: ClassVar[str] = ""
    """Name of the same metric for the other form of targets: class indices or one-hot rows."""

    def node(self) -> tuple[str, dict[str, Any]]:
        """Returns kind and config of the node that computes the metric."""
        config = {name: getattr(self, name) for name in argument_names(self) if name not in ("name", "axis")}
        return self.kind, {name: value for name, value in config.items() if value is not None}

    def emit(self, emission: Emission, y_true: int, y_pred: int, weights: int | None) -> int | None:
        """Adds the node to a graph and returns the edge of its values; see `Metric.emit`."""
        kind, arguments = self.node()
        return emission.graph.add(kind, self.name, arguments, [y_true, y_pred])[0]

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds samples.

        Args:
            y_true: Targets.
            y_pred: Predictions.
            sample_weight: Weight of each sample, or None.
        """
        kind, config = self.node()
        self._take(values_of(kind, y_true, y_pred, self.labels, **config), sample_weight)
