"""The base class of metrics, and the metrics that are nodes of the core."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn import initializers
from fastnn.configurable import Configurable, argument_names
from fastnn.engine.arrays import numeric
from fastnn.engine.emission import Emission
from fastnn.losses.values import values_of
from fastnn.naming import snake_case
from fastnn.symbolic.variable import Variable

Values = NDArray[np.float32]


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

    keras_module = "keras.metrics"
    keras_newer_arguments = {"dtype": None}
    keras_ignored_arguments = {"fn": ...}
    name: str
    total: float
    count: float

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        pass

    def store_arguments(self, arguments: dict[str, Any]) -> None:
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


class NodeMetric(Metric):
    """The mean over samples of the values that one node of the core yields."""

    kind: ClassVar[str] = ""
    labels: ClassVar[bool] = False
    counterpart: ClassVar[str] = ""
    """The metric of the same meaning whose targets are labels where these are one-hot rows, or the reverse; or ""."""

    def node(self) -> tuple[str, dict[str, Any]]:
        """Kind and config of the node that stands for it in a graph."""
        config = {name: getattr(self, name) for name in argument_names(self) if name not in ("name", "axis")}
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
