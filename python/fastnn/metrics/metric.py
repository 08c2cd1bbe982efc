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
from fastnn.losses.reduction import per_sample
from fastnn.losses.values import Values, values_of, values_of_elements
from fastnn.naming import snake_case
from fastnn.symbolic.scalar import Scalar
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

    _direction: str | None = None
    name: str

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        pass

    def store_arguments(self, arguments: dict[str, Any]) -> None:
        """Checks the arguments and keeps them as attributes."""
        arguments.pop("dtype", None)
        super().store_arguments(arguments)
        if self.name is None:
            self.name = snake_case(type(self).__name__)
        self._variables: list[Variable] = []

    @property
    def dtype(self) -> str:
        """Element type of the values: "float32"."""
        return "float32"

    def add_variable(
        self, shape: Sequence[int], initializer: Any, dtype: Any = None, aggregation: Any = "sum",
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

    def add_weight(
        self, shape: Sequence[int] = (), initializer: Any = None, dtype: Any = None, name: str | None = None
    ) -> Variable:
        """Adds a variable, as `add_variable`; zeros by default."""
        return self.add_variable(shape, "zeros" if initializer is None else initializer, dtype, name=name)

    @property
    def variables(self) -> list[Any]:
        """Variables made by `add_variable`."""
        return list(self._variables)

    @property
    def direction(self) -> str | None:
        """The better direction: "up" for higher values, "down" for lower ones; None where that is not known.

        Callbacks read it that monitor a value with `mode="auto"`. A class says it as `_direction`, as in Keras.
        """
        return self._direction

    def is_custom(self) -> bool:
        """Returns True where Python code updates variables of the metric."""
        return bool(self._variables)

    def takes_weights(self) -> bool:
        """Returns True where the metric's own code applies the sample weights."""
        return bool(self._variables)

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
        """Sets the variables to 0."""
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
        """Returns the value for the data since the last `reset_state`."""
        raise NotImplementedError

    def stateless_update_state(self, metric_variables: Sequence[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Returns the values of the variables after `update_state`, which leaves the metric as it is.

        Args:
            metric_variables: Values in place of `variables`.
            *args: Arguments of `update_state`.
            **kwargs: The same, by name.
        """
        return self._with_values(metric_variables, lambda: self.update_state(*args, **kwargs))[1]

    def stateless_result(self, metric_variables: Sequence[Any]) -> Any:
        """Returns the result for other values of the variables.

        Args:
            metric_variables: Values in place of `variables`.
        """
        return self._with_values(metric_variables, self.result)[0]

    def stateless_reset_state(self) -> list[Any]:
        """Returns the values that `reset_state` gives to the variables, and leaves the metric as it is."""
        return self._with_values([variable.numpy() for variable in self.variables], self.reset_state)[1]

    def _with_values(self, values: Sequence[Any], function: Callable[[], Any]) -> tuple[Any, list[Any]]:
        """Returns what a function returns, and the variables after it, with other values of the variables."""
        variables = self.variables
        if len(values) != len(variables):
            raise ValueError(f"{self.name}: metric_variables expects {len(variables)} values, got {len(values)}")
        before = [variable.numpy() for variable in variables]
        try:
            for variable, value in zip(variables, values, strict=True):
                variable.assign(np.asarray(value))
            result = function()
            if isinstance(result, Variable):
                result = result.numpy()
            return result, [variable.numpy() for variable in variables]
        finally:
            for variable, value in zip(variables, before, strict=True):
                variable.assign(value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Adds data and returns the value, as `update_state` and `result`."""
        self.update_state(*args, **kwargs)
        return self.result()


class SumMetric(Metric):
    """Base of metrics that keep two sums in float64: of weighted values, and of weights.

    Their result is the quotient of both.

    Args:
        dtype: Accepted for Keras compatibility; ignored.
        name: Name of the metric; None: that of the class in snake case.

    Example:
        >>> metric = fastnn.metrics.Mean()
        >>> metric.update_state([1.0, 3.0])
        >>> float(metric.total), float(metric.count), isinstance(metric, fastnn.metrics.SumMetric)
        (4.0, 2.0, True)
    """

    def store_arguments(self, arguments: dict[str, Any]) -> None:
        """Checks the arguments and keeps them as attributes."""
        super().store_arguments(arguments)
        self._sums = [0.0, 0.0]

    def _sum(self, i: int) -> Scalar:
        def write(value: Any) -> None:
            self._sums[i] = float(value)

        return Scalar(f"{self.name}/{('total', 'count')[i]}", lambda: self._sums[i], write)

    @property
    def total(self) -> Any:
        """Sum of the weighted values, as a variable; it may be set to a number."""
        return self._sum(0)

    @total.setter
    def total(self, value: Any) -> None:
        self._sums[0] = float(value)

    @property
    def count(self) -> Any:
        """Sum of the weights, as a variable; it may be set to a number."""
        return self._sum(1)

    @count.setter
    def count(self, value: Any) -> None:
        self._sums[1] = float(value)

    @property
    def variables(self) -> list[Any]:
        """Sums, and the variables made by `add_variable`."""
        return [self.total, self.count, *super().variables]

    def reset_state(self) -> None:
        """Sets the sums to 0."""
        self._sums = [0.0, 0.0]
        super().reset_state()

    def result(self) -> Any:
        """Returns the mean of the data since the last `reset_state`; 0 without data."""
        total, count = self._sums
        return total / count if count else 0.0

    def _take(self, values: ArrayLike, sample_weight: ArrayLike | None, mask: Any = None) -> None:
        """Adds the values of samples to the sums, each axis after the first reduced to its mean."""
        weights = None if sample_weight is None else numeric(sample_weight, f"{self.name}: sample_weight")
        total, count = per_sample(self.name, np.asarray(values, np.float64), weights, mask, np.mean)
        self._sums[0] += float(total.sum())
        self._sums[1] += float(count.sum())


class NodeMetric(SumMetric):
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
    elementwise: ClassVar[bool] = False
    """True where each element has a value and a sample weight of its own."""

    def values(self, y_true: ArrayLike, y_pred: ArrayLike) -> Values:
        """Returns the value of each sample.

        Args:
            y_true: Targets.
            y_pred: Predictions.

        Returns:
            Values, of shape `(...)` for predictions of shape `(..., n)`; of the shape of the predictions where the
            metric is elementwise.
        """
        kind, config = self.node()
        return (values_of_elements if self.elementwise else values_of)(kind, y_true, y_pred, self.labels, **config)

    def node(self) -> tuple[str, dict[str, Any]]:
        """Returns kind and config of the node that computes the metric."""
        config = {name: getattr(self, name) for name in argument_names(self) if name not in ("name", "axis")}
        return self.kind, {name: value for name, value in config.items() if value is not None}

    def mask(self, y_true: Any) -> Any:
        """Returns which of the values count where there are sample weights; None: all. See `Loss.mask`."""
        return None

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
        self._take(self.values(y_true, y_pred), sample_weight, self.mask(y_true))
