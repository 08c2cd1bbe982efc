"""The base class of losses, and the loss made of a Python function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastnn import ops
from fastnn.configurable import Configurable, is_foreign
from fastnn.engine.arrays import numeric
from fastnn.engine.eager_array import Number, mask_of, with_mask
from fastnn.engine.emission import Emission
from fastnn.losses.computation import (
    BY_CODE,
    Computation,
    computation_of,
    described,
    function_arguments,
    node_arguments,
)
from fastnn.losses.reduction import REDUCTIONS, reduced, same_rank
from fastnn.losses.values import Values, values_of
from fastnn.naming import lookup, snake_case
from fastnn.precision import floatx
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import is_traced


class Loss(Configurable):
    """Base class of all losses: called with (y_true, y_pred), it returns one number.

    A custom loss returns the loss of each sample from `call(y_true, y_pred)`, computed with `fastnn.ops`.

    Args:
        name: Name of the loss; None: that of the class in snake case.
        reduction: How the values of the samples become one number: "sum_over_batch_size" or "mean" for their mean,
            "sum", "mean_with_sample_weight" for the weighted mean, "none" or None for the values themselves.
        dtype: Accepted for Keras compatibility; ignored.

    Raises:
        ValueError: `reduction` is unknown.

    Example:
        >>> class Cubic(fastnn.losses.Loss):
        ...     def call(self, y_true, y_pred):
        ...         return ops.mean(ops.abs(y_true - y_pred) ** 3, axis=-1)
        >>> Cubic()([[1.0, 2.0]], [[1.0, 4.0]])
        4.0
    """

    __fastnn_keras_module__ = "keras.losses"
    __fastnn_keras_newer_arguments__ = {"dtype": None}
    __fastnn_keras_ignored_arguments__ = {"fn": ...}
    __fastnn_computation__: Computation = BY_CODE

    name: str
    reduction: str | None

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None
    ) -> None:
        self.name = self.name or snake_case(type(self).__name__)

    @property
    def dtype(self) -> str:
        """Element type of the values: `fastnn.config.floatx()`."""
        return floatx()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # Losses of Keras 2 have a `__call__` in place of a `call`.
        if is_foreign(cls) and ("call" in vars(cls) or "__call__" in vars(cls)):
            cls.__fastnn_computation__ = BY_CODE

    def __fastnn_emit__(self, emission: Emission, y_true: int, y_pred: int) -> int:
        """Adds the loss to a graph.

        Args:
            emission: The graph.
            y_true: Edge of the targets.
            y_pred: Edge of the predictions.

        Returns:
            The edge of the values of the samples.
        """
        how = computation_of(self)
        if not how.by_code:
            return emission.graph.add(how.kind, self.name, node_arguments(self), [y_true, y_pred])[0]

        return self.__fastnn_emit_structure__(emission, Structure(None), [y_true], [y_pred])

    def __fastnn_emit_structure__(
        self, emission: Emission, structure: Structure, y_true: Sequence[int], y_pred: Sequence[int]
    ) -> int:
        """Adds a loss written in code to a graph, which reads several outputs.

        Args:
            emission: The graph.
            structure: The structure in which the code takes them.
            y_true: Edges of the targets.
            y_pred: Edges of the predictions.

        Returns:
            The edge of the values of the samples.
        """

        def values(*tensors: Any) -> Any:
            compute = self.call if type(self).__call__ is Loss.__call__ else self
            pairs = [
                same_rank(*pair) for pair in zip(tensors[: structure.count], tensors[structure.count :], strict=True)
            ]
            found = compute(structure.pack([true for true, _ in pairs]), structure.pack([made for _, made in pairs]))
            if found is None:
                raise TypeError(f"the loss {self.name!r} returned None; it must return what it computed")
            return ops.cast(found, floatx())

        return emission.run(values, [*y_true, *y_pred], f"the loss {self.name!r}")[1][0]

    def __fastnn_mask__(self, y_true: Any, values: Any = None) -> Any:
        """Returns which of the values count, as a bool array or tensor of their shape; None: all of them.

        Args:
            y_true: Targets.
            values: The values; None: they are not known.
        """
        return None

    def __fastnn_store_arguments__(self, arguments: dict[str, Any]) -> None:
        """Checks the arguments and keeps them as attributes."""
        arguments.pop("dtype", None)
        super().__fastnn_store_arguments__(arguments)
        if self.reduction is not None:
            lookup("reduction", self.reduction, REDUCTIONS)

    def call(self, y_true: ArrayLike, y_pred: ArrayLike) -> Values:
        """Returns the loss of each sample.

        Args:
            y_true: Targets.
            y_pred: Predictions.

        Returns:
            Values, of shape `(...)` for predictions of shape `(..., n)`.
        """
        how = described(type(self))
        if how.kind:
            return values_of(how.kind, y_true, y_pred, how.labels, getattr(self, "axis", -1), **node_arguments(self))
        if how.function is None:
            raise NotImplementedError(f"{type(self).__name__} expects a method call(y_true, y_pred)")
        return how.function(y_true, y_pred, **function_arguments(self))  # type: ignore[no-any-return]

    def __call__(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> Any:
        """Returns the loss of arrays or tensors.

        Args:
            y_true: Targets.
            y_pred: Predictions.
            sample_weight: Weights that broadcast to the values of the samples, or None. A last axis of size 1 may be
                missing or additional: weights of shape `(n,)` or `(n, 1)` weigh n values.

        Returns:
            A float; the weighted values of the samples where `reduction` is "none" or None.

        Raises:
            ValueError: The shapes do not fit.
        """
        if is_traced([y_true, y_pred, sample_weight]):
            return _of_tensors(self, y_true, y_pred, sample_weight)
        of_output = mask_of(y_pred)
        if computation_of(self).by_code:
            pair = numeric(y_true, f"{self.name}: y_true"), numeric(y_pred, f"{self.name}: y_pred")
            y_true, y_pred = same_rank(*(one.astype(floatx()) for one in pair))
        values = np.asarray(self.call(y_true, y_pred)).astype(np.float64)
        weights, mask = None, self.__fastnn_mask__(y_true, values)
        if sample_weight is not None:
            weights = numeric(sample_weight, f"{self.name}: sample_weight").astype(np.float64)
        if mask is not None:
            # Targets may have an axis of size 1 more than the values.
            mask = np.asarray(mask, np.float64).reshape(values.shape)
        if of_output is not None and of_output.shape == values.shape:
            mask = of_output.astype(np.float64) if mask is None else mask * of_output
        result = reduced(self.name, values, weights, mask, self.reduction)
        return Number(result) if np.ndim(result) == 0 else with_mask(result.astype(floatx()))


def _of_tensors(loss: Loss, y_true: Any, y_pred: Any, sample_weight: Any) -> Any:
    """Returns a loss of tensors."""
    y_true, y_pred = same_rank(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred))
    values = loss.call(y_true, y_pred)
    mask = loss.__fastnn_mask__(y_true, values)
    weights = None if sample_weight is None else ops.convert_to_tensor(sample_weight)
    if mask is not None:
        mask = ops.cast(mask, floatx())
        mask = ops.squeeze(mask, -1) if len(mask.shape) > len(values.shape) else mask
    return reduced(loss.name, values, weights, mask, loss.reduction)


class FunctionLoss(Loss):
    """Loss that calls a Python function of (y_true, y_pred).

    Args:
        fn: Returns the value of each sample, or one for all, computed with `fastnn.ops`.
        reduction: How the values of the samples become one number; see `Loss`.
        name: Name of the loss; None: that of the function.
        **kwargs: Further arguments of `fn`.

    Raises:
        ValueError: `reduction` is not known, or at the call the shapes do not fit.

    Example:
        >>> cubic = lambda y_true, y_pred: ops.mean(ops.abs(y_true - y_pred) ** 3, axis=-1)
        >>> fastnn.losses.FunctionLoss(cubic)([[1.0, 2.0]], [[1.0, 4.0]])
        4.0
    """

    fn: Callable[..., Any]

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.name = name or str(getattr(fn, "__name__", "loss"))
        self._fastnn_further = kwargs

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns what the function returns for (y_true, y_pred)."""
        return self.fn(y_true, y_pred, **self._fastnn_further)


def check_smoothing(loss: Loss, factor: float) -> None:
    """Raises a ValueError where a label smoothing factor is outside 0 to 1."""
    if not 0 <= factor <= 1:
        raise ValueError(f"{type(loss).__name__} expects label_smoothing from 0 to 1, got {factor!r}")
