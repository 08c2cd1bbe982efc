"""The base class of losses, and losses made of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from fastnn import ops
from fastnn.configurable import Configurable, argument_names
from fastnn.engine.arrays import numeric
from fastnn.engine.emission import Emission
from fastnn.losses.values import Values, last_axis, same_rank, values_of
from fastnn.naming import lookup, snake_case
from fastnn.symbolic.tensors import is_traced

_REDUCTIONS = dict.fromkeys(("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none"))


class Loss(Configurable):
    """Base of all losses: called with (y_true, y_pred), it returns one number.

    A loss of your own says in `call(y_true, y_pred)` what each sample loses, with the functions of `fastnn.ops`.

    The arguments common to all: `reduction`, how samples become one number ("sum_over_batch_size" and "mean": their
    mean; "sum"; "mean_with_sample_weight": the mean by weights; "none" or None: not at all), `name`, and `dtype`.
    """

    keras_module = "keras.losses"
    keras_newer_arguments = {"dtype": None}
    keras_ignored_arguments = {"fn": ...}
    kind: ClassVar[str] = ""
    """The node's, and the function's name."""
    labels: ClassVar[bool] = False
    """Whether y_true are whole numbers, the numbers of classes."""
    counterpart: ClassVar[str] = ""
    """The loss of the same meaning whose targets are labels where these are one-hot rows, or the reverse; or ""."""
    reduction: str | None
    ignore_class: int | None = None
    """The label whose samples do not count, or None."""
    name: str

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None
    ) -> None:
        self.name = self.name or snake_case(type(self).__name__)

    def is_custom(self) -> bool:
        """Whether it is computed by Python code, and y_true may be of any shape."""
        return type(self).call is not Loss.call

    def emit(self, emission: Emission, y_true: int, y_pred: int) -> int:
        """Adds to a graph what the loss computes; returns the edge of its values."""
        if not self.is_custom():
            kind, arguments = self.node()
            return emission.graph.add(kind, self.name, arguments, [y_true, y_pred])[0]

        def values(true: Any, predicted: Any) -> Any:
            return ops.cast(self.call(*same_rank(true, predicted)), "float32")

        return emission.run(values, [y_true, y_pred], f"the loss {self.name!r}")[1][0]

    def store_arguments(self, arguments: dict[str, Any]) -> None:
        arguments.pop("dtype", None)
        super().store_arguments(arguments)
        if self.reduction is not None:
            lookup("reduction", self.reduction, _REDUCTIONS)
        last_axis(type(self).__name__, arguments.get("axis", -1))

    def node(self) -> tuple[str, dict[str, Any]]:
        """Kind and config of the node that stands for it in a graph."""
        config = {n: getattr(self, n) for n in argument_names(self) if n not in ("reduction", "name", "axis")}
        return self.kind, {name: value for name, value in config.items() if value is not None}

    def call(self, y_true: ArrayLike, y_pred: ArrayLike) -> Values:
        """One value for each sample."""
        kind, config = self.node()
        return values_of(kind, y_true, y_pred, self.labels, **config)

    def __call__(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> Any:
        """The loss of arrays.

        Args:
            y_true: What should come out.
            y_pred: What came out.
            sample_weight: A weight for each sample, or None.

        Returns:
            A float, or one value for each sample where `reduction` is "none".
        """
        if is_traced([y_true, y_pred, sample_weight]):
            return self._traced(y_true, y_pred, sample_weight)
        if self.is_custom():
            pair = numeric(y_true, f"{self.name}: y_true"), numeric(y_pred, f"{self.name}: y_pred")
            y_true, y_pred = same_rank(*(one.astype(np.float32) for one in pair))
        values = np.asarray(self.call(y_true, y_pred)).astype(np.float64)
        weights = None
        if sample_weight is not None:
            weights = numeric(sample_weight, f"{self.name}: sample_weight").astype(np.float64)
            weights = weights.reshape(weights.shape + (1,) * (values.ndim - weights.ndim))
            values = values * weights
        if self.reduction in (None, "none"):
            return values.astype(np.float32)
        if self.reduction == "sum":
            return float(values.sum())
        if self.reduction == "mean_with_sample_weight" and weights is not None:
            return float(values.sum() / np.broadcast_to(weights, values.shape).sum())
        return float(values.mean()) if values.size else 0.0

    def _traced(self, y_true: Any, y_pred: Any, sample_weight: Any) -> Any:
        values = self.call(*same_rank(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)))
        weights = None
        if sample_weight is not None:
            weights = ops.convert_to_tensor(sample_weight)
            for _ in range(len(values.shape) - len(weights.shape)):
                weights = ops.expand_dims(weights, -1)
            values = values * weights
        if self.reduction in (None, "none"):
            return values
        if self.reduction == "sum":
            return ops.sum(values)
        if self.reduction == "mean_with_sample_weight" and weights is not None:
            return ops.sum(values) / ops.sum(weights + ops.zeros_like(values))
        return ops.mean(values)


class FunctionLoss(Loss):
    """A Python function of (y_true, y_pred) as a loss.

    Args:
        fn: Returns a value for each sample, or one for all, computed with `fastnn.ops`.
        reduction: How samples become one number.
        name: A name; None: the function's.
        **kwargs: Further arguments of the function.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.name = name or str(getattr(fn, "__name__", "loss"))
        self._further = kwargs

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.fn(y_true, y_pred, **self._further)
