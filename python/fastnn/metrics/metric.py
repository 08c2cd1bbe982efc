"""The base class of metrics."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastnn import initializers
from fastnn.configurable import Configurable, given_arguments, is_foreign
from fastnn.engine.eager_array import Number
from fastnn.engine.emission import Emission
from fastnn.engine.ownership import objects_within
from fastnn.engine.step_trace import Later, StepTrace
from fastnn.losses.computation import BY_CODE, Computation
from fastnn.naming import snake_case
from fastnn.symbolic.accumulator import Accumulator
from fastnn.symbolic.variable import Variable


class Metric(Configurable):
    """Base class of all metrics: `update_state` adds data, `result` returns the value, `reset_state` starts again.

    A custom metric keeps its sums in variables, made by `add_variable` in its constructor. It changes them in
    `update_state(y_true, y_pred, sample_weight=None)` with `assign` and `assign_add`, computing with `fastnn.ops`.
    While a model trains, that is part of each step; `result` is called between runs of steps.

    Args:
        dtype: Accepted for Keras compatibility; values are computed in float32 and summed in float64.
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

    __fastnn_keras_module__ = "keras.metrics"
    __fastnn_keras_newer_arguments__ = {"dtype": None}
    __fastnn_keras_ignored_arguments__ = {"fn": ...}
    __fastnn_computation__: Computation = BY_CODE
    __fastnn_understood__ = {"dtype": "float32"}

    _direction: str | None = None
    name: str

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        pass

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if is_foreign(cls) and "update_state" in vars(cls):
            cls.__fastnn_computation__ = BY_CODE
        # In a step of a user's own the variables hold what they held before it, so the result is read after it.
        for name, method in (("result", _result_after_step), ("update_state", _noted_by_step)):
            if name in vars(cls):
                setattr(cls, name, method(vars(cls)[name]))

    def __fastnn_store_arguments__(self, arguments: dict[str, Any]) -> None:
        """Checks the arguments and keeps them as attributes."""
        dtype = arguments.pop("dtype", None)
        super().__fastnn_store_arguments__(arguments)
        if self.name is None:
            self.name = snake_case(type(self).__name__)
        self._fastnn_dtype = None if dtype is None else str(getattr(dtype, "compute_dtype", dtype))
        self._fastnn_variables: list[Variable] = []

    @property
    def dtype(self) -> str:
        """Element type that was asked for; "float32" by default, in which values are computed in any case."""
        return self._fastnn_dtype or str(self.__fastnn_understood__["dtype"])

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments from which `from_config` makes an equal metric, as plain values."""
        config = super().get_config()
        understood = self.dtype == self.__fastnn_understood__["dtype"] and given_arguments(self) is not None
        return config if understood else {**config, "dtype": self.dtype}

    def add_variable(
        self, shape: Sequence[int] = (), initializer: Any = "zeros", dtype: Any = None, aggregation: Any = "sum",
        name: str | None = None,
    ) -> Variable:  # fmt: skip
        """Adds a variable to a custom metric.

        Args:
            shape: Shape; (): a scalar.
            initializer: Initializer; `reset_state` sets the variable to 0.
            dtype: A type of floats, which is that of the model that uses the metric, or an integer type; None: floats.
            aggregation: Accepted for Keras compatibility; ignored.
            name: Name of the variable.

        Returns:
            The variable.
        """
        values, path = initializers.get(initializer), f"{self.name}/{name or 'variable'}"
        counts = dtype is None or "float" in str(dtype)
        made = Accumulator(values, shape, name=path) if counts else Variable(values, shape, dtype, False, name=path)
        self._fastnn_variables.append(made)
        return made

    def add_weight(
        self, shape: Sequence[int] = (), initializer: Any = None, dtype: Any = None, name: str | None = None
    ) -> Variable:
        """Adds a variable, as `add_variable`; zeros by default.

        Args:
            shape: Shape; (): a scalar.
            initializer: Initializer; None: zeros. `reset_state` sets the variable to 0.
            dtype: A type of floats, which is that of the model that uses the metric, or an integer type; None: floats.
            name: Name of the variable.

        Returns:
            The variable.
        """
        return self.add_variable(shape, "zeros" if initializer is None else initializer, dtype, name=name)

    @property
    def variables(self) -> list[Any]:
        """Variables made by `add_variable` or held by attributes, lists and dicts too, and those of metrics held so."""
        own = {id(variable): variable for variable in self._fastnn_variables}
        further: list[Any] = []
        for one in objects_within(list(vars(self).values()), (Variable, Metric)):
            if isinstance(one, Variable):
                own.setdefault(id(one), one)
            else:
                further += one.variables
        return [*own.values(), *further]

    def __fastnn_emit__(
        self, emission: Emission, y_true: int, y_pred: int, weights: int | None, mask: int | None
    ) -> int | None:
        """Adds the metric to a graph.

        Args:
            emission: The graph.
            y_true: Edge of the targets.
            y_pred: Edge of the predictions.
            weights: Edge of the sample weights, for a metric that applies them itself; or None.
            mask: Edge of the mask of the predictions; or None. Only metrics of fastnn apply it.

        Returns:
            The edge of the values, whose mean is reported; None where the metric keeps its own sums.

        Raises:
            TypeError: The metric is not a function of targets and predictions.
        """

        def update(true: Any, predicted: Any, *sample_weight: Any) -> Any:
            self.update_state(true, predicted, *sample_weight)
            return predicted

        edges = [y_true, y_pred] if weights is None else [y_true, y_pred, weights]
        emission.run(update, edges, f"the metric {self.name!r}")
        if not self.variables:
            raise TypeError(
                f"metric {self!r} keeps its sums in Python and cannot be part of a step; keep them in variables made "
                "by add_variable(), or use it outside of compile"
            )
        return None

    def __fastnn_mask__(self, y_true: Any, values: Any = None) -> Any:
        """Returns which of the values count where there are sample weights; None: all. See the mask of a loss."""
        return None

    def reset_state(self) -> None:
        """Sets the variables to 0.

        Example:
            >>> total = fastnn.metrics.Sum()
            >>> total.update_state([1.0, 2.0])
            >>> total.reset_state()
            >>> float(total.result())
            0.0
        """
        for variable in self.variables:
            variable.assign(np.zeros(variable.shape))

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Adds data.

        Args:
            *args: The data, as the subclass defines.
            **kwargs: The same, by name.

        Example:
            >>> mean = fastnn.metrics.MeanSquaredError()
            >>> mean.update_state([[1.0]], [[3.0]])
            >>> mean.update_state([[1.0]], [[1.0]])
            >>> float(mean.result())
            2.0
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

        Example:
            >>> total = fastnn.metrics.Sum()
            >>> values = total.stateless_update_state([np.array(1.0)], [2.0, 3.0])
            >>> float(total.stateless_result(values)), float(total.result())
            (6.0, 0.0)
        """
        return _with_values(self, metric_variables, lambda: self.update_state(*args, **kwargs))[1]

    def stateless_result(self, metric_variables: Sequence[Any]) -> Any:
        """Returns the result for other values of the variables.

        Args:
            metric_variables: Values in place of `variables`.
        """
        return _with_values(self, metric_variables, self.result)[0]

    def stateless_reset_state(self) -> list[Any]:
        """Returns the values that `reset_state` gives to the variables, and leaves the metric as it is."""
        return _with_values(self, [variable.numpy() for variable in self.variables], self.reset_state)[1]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Adds data and returns the value, as `update_state` and `result`."""
        self.update_state(*args, **kwargs)
        return self.result()


def _result_after_step(result: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Returns a `result` that stands for the value after the step where a step of a user's own is traced.

    Outside of such a step it answers `.numpy()`, as a tensor does.
    """

    @functools.wraps(result)
    def method(self: Metric) -> Any:
        step = StepTrace.running()
        if step is None:
            value = result(self)
            return Number(value) if type(value) is float else value
        step.metrics[self] = None
        return Later(self, self.result)

    return method


def _noted_by_step(update: Callable[..., Any]) -> Callable[..., Any]:
    """Returns an `update_state` that tells a step of a user's own which metrics it updates."""

    @functools.wraps(update)
    def method(self: Metric, *args: Any, **kwargs: Any) -> Any:
        step = StepTrace.running()
        if step is not None:
            step.metrics[self] = None
        return update(self, *args, **kwargs)

    return method


def accumulator(metric: Metric, name: str, shape: Sequence[int] = ()) -> Accumulator:
    """Adds a variable of zeros to a metric, in which it counts."""
    made = metric.add_variable(shape, "zeros", name=name)
    assert isinstance(made, Accumulator)
    return made


def direction_of(metric: Metric) -> str | None:
    """Returns the better direction: "up" for higher values, "down" for lower ones; None where that is not known.

    Callbacks read it that monitor a value with `mode="auto"`. A class says it as `_direction`, as in Keras.
    """
    return metric._direction


def _with_values(metric: Metric, values: Sequence[Any], function: Callable[[], Any]) -> tuple[Any, list[Any]]:
    """Returns what a function returns, and the variables after it, with other values of the variables."""
    variables = metric.variables
    if len(values) != len(variables):
        raise ValueError(f"{metric.name}: metric_variables expects {len(variables)} values, got {len(values)}")
    before = [variable.exact() if isinstance(variable, Accumulator) else variable.numpy() for variable in variables]
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
