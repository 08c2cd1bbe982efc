"""Losses: as functions and objects on arrays, and as the nodes that training adds behind a model's output.

Each has one node of the core, which bears the name of the function here and yields one value a sample.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn import _core, ops
from fastnn.configurable import Configurable, lookup, snake_case
from fastnn.emission import Emission
from fastnn.layer import numeric
from fastnn.symbolic import is_traced, operators

Values = NDArray[np.float32]

_REDUCTIONS = dict.fromkeys(("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none"))


def values_of(kind: str, y_true: ArrayLike, y_pred: ArrayLike, labels: bool = False, **config: Any) -> Values:
    """One value for each sample (for each place of each sample, where there are more axes), by a node of the core.

    Args:
        kind: The node's.
        y_true: Of the shape of `y_pred`, or labels: of its shape without the last axis.
        y_pred: Of shape (..., classes).
        labels: Whether `y_true` are whole numbers, the numbers of classes.
        **config: The node's arguments.

    Raises:
        ValueError: The shapes do not fit.
    """
    if is_traced([y_true, y_pred]):
        return _traced_values(kind, y_true, y_pred, labels, config)  # type: ignore[no-any-return]
    predicted = numeric(y_pred, f"{kind}: y_pred").astype(np.float32)
    if predicted.ndim == 0:
        predicted = predicted[np.newaxis]
    true = numeric(y_true, f"{kind}: y_true")
    lead = predicted.shape[:-1]
    if labels:
        if true.shape == (*lead, 1):
            true = true[..., 0]
        if true.shape != lead:
            raise ValueError(f"{kind} expects y_true of shape {lead} (whole numbers), got {true.shape}")
        true = true.reshape(-1).astype(np.int32)
    else:
        if true.shape != predicted.shape:
            if true.shape == lead and predicted.shape[-1] == 1:
                true = true[..., np.newaxis]
            try:
                true = np.broadcast_to(true, predicted.shape)
            except ValueError:
                raise ValueError(f"{kind} expects y_true of shape {predicted.shape}, got {true.shape}") from None
        true = np.ascontiguousarray(true.reshape(-1, predicted.shape[-1]), dtype=np.float32)
    rows = np.ascontiguousarray(predicted.reshape(-1, predicted.shape[-1]))
    if not len(rows):
        return np.zeros(lead, dtype=np.float32)
    return _core.apply(kind, config, [true, rows])[0].reshape(lead)


def _traced_values(kind: str, y_true: Any, y_pred: Any, labels: bool, config: dict[str, Any]) -> Any:
    """The node on tensors; errors that may flow back into y_true are put together of functions that let them."""
    true, predicted = ops.cast(y_true, "int32" if labels else "float32"), ops.cast(y_pred, "float32")
    if labels:
        if len(true.shape) == len(predicted.shape) and true.shape[-1] == 1:
            true = ops.squeeze(true, -1)
    else:
        true, predicted = _same_rank(true, predicted)
        if kind == "mean_squared_error":
            return ops.mean(ops.square(predicted - true), -1)
        if kind == "mean_absolute_error":
            return ops.mean(ops.abs(predicted - true), -1)
        if kind == "cosine_similarity":
            return -ops.sum(ops.normalize(true) * ops.normalize(predicted), -1)
        if tuple(true.shape) != tuple(predicted.shape):
            true = true + ops.zeros_like(predicted)
    return operators["node"](kind, config, [true, predicted])


def _same_rank(true: Any, predicted: Any) -> tuple[Any, Any]:
    """y_true and y_pred with as many axes, where one has a last axis of size 1 more."""
    if len(true.shape) == len(predicted.shape) - 1 and predicted.shape[-1] == 1:
        return ops.expand_dims(true, -1), predicted
    if len(true.shape) == len(predicted.shape) + 1 and true.shape[-1] == 1:
        return ops.squeeze(true, -1), predicted
    return true, predicted


def mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """mean((y_true - y_pred)**2) over the last axis.

    Args:
        y_true: What should come out.
        y_pred: What came out, of the same shape.

    Returns:
        An array of the shape without its last axis.

    Example:
        >>> fastnn.losses.mean_squared_error([[0.0, 1.0]], [[1.0, 1.0]])
        array([0.5], dtype=float32)
    """
    return values_of("mean_squared_error", y_true, y_pred)


def mean_absolute_error(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """mean(|y_true - y_pred|) over the last axis."""
    return values_of("mean_absolute_error", y_true, y_pred)


def mean_absolute_percentage_error(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """100 * mean(|(y_true - y_pred) / y_true|) over the last axis."""
    return values_of("mean_absolute_percentage_error", y_true, y_pred)


def mean_squared_logarithmic_error(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """mean((log(y_true + 1) - log(y_pred + 1))**2) over the last axis."""
    return values_of("mean_squared_logarithmic_error", y_true, y_pred)


def huber(y_true: ArrayLike, y_pred: ArrayLike, delta: float = 1.0) -> Values:
    """Half the square of small errors, and errors larger than `delta` in proportion."""
    return values_of("huber", y_true, y_pred, delta=delta)


def log_cosh(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """mean(log(cosh(y_pred - y_true))) over the last axis."""
    return values_of("log_cosh", y_true, y_pred)


def poisson(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """mean(y_pred - y_true * log(y_pred)) over the last axis."""
    return values_of("poisson", y_true, y_pred)


def kl_divergence(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """sum(y_true * log(y_true / y_pred)) over the last axis."""
    return values_of("kl_divergence", y_true, y_pred)


def hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """mean(max(1 - y_true * y_pred, 0)) over the last axis; labels are -1 and 1 (0 counts as -1)."""
    return values_of("hinge", y_true, y_pred)


def squared_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """mean(max(1 - y_true * y_pred, 0)**2) over the last axis."""
    return values_of("squared_hinge", y_true, y_pred)


def categorical_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """max(0, 1 + the best wrong output - the right one); `y_true` is one-hot."""
    return values_of("categorical_hinge", y_true, y_pred)


def cosine_similarity(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Values:
    """Minus the cosine of the angle between the two, along the last axis."""
    _last_axis("cosine_similarity", axis)
    return values_of("cosine_similarity", y_true, y_pred)


def binary_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Values:
    """mean(-y_true * log(y_pred) - (1 - y_true) * log(1 - y_pred)) over the last axis.

    Args:
        y_true: 0 or 1, or chances.
        y_pred: Chances, or logits (what goes into the sigmoid) where `from_logits`.
        from_logits: Whether `y_pred` are logits.
        label_smoothing: How far labels are drawn towards 0.5.
        axis: -1.

    Returns:
        An array of the shape without its last axis.
    """
    _last_axis("binary_crossentropy", axis)
    return values_of("binary_crossentropy", y_true, y_pred, from_logits=from_logits, label_smoothing=label_smoothing)


def categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Values:
    """-sum(y_true * log(y_pred)) over the last axis; `y_true` is one-hot.

    Args:
        y_true: One-hot rows, or chances.
        y_pred: Chances, or logits (what goes into the softmax) where `from_logits`.
        from_logits: Whether `y_pred` are logits.
        label_smoothing: How far labels are drawn towards 1 / classes.
        axis: -1.

    Returns:
        An array of the shape without its last axis.
    """
    _last_axis("categorical_crossentropy", axis)
    return values_of(
        "categorical_crossentropy", y_true, y_pred, from_logits=from_logits, label_smoothing=label_smoothing
    )


def sparse_categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Values:
    """-log of the output at the label.

    Args:
        y_true: Whole numbers: which output is the right one.
        y_pred: Chances, or logits where `from_logits`.
        from_logits: Whether `y_pred` are logits.
        ignore_class: A label whose samples count as 0, or None.
        axis: -1.

    Returns:
        An array of the shape of the labels.
    """
    _last_axis("sparse_categorical_crossentropy", axis)
    config: dict[str, Any] = {"from_logits": from_logits}
    if ignore_class is not None:
        config["ignore_class"] = ignore_class
    return values_of("sparse_categorical_crossentropy", y_true, y_pred, True, **config)


def _last_axis(who: str, axis: int) -> None:
    if axis != -1:
        raise ValueError(f"{who} expects the classes in the last axis (axis=-1), got axis={axis!r}")


class Loss(Configurable):
    """Base of all losses: called with (y_true, y_pred), it returns one number.

    A loss of your own says in `call(y_true, y_pred)` what each sample loses, with the functions of `fastnn.ops`.

    The arguments common to all: `reduction`, how samples become one number ("sum_over_batch_size" and "mean": their
    mean; "sum"; "mean_with_sample_weight": the mean by weights; "none" or None: not at all), `name`, and `dtype`.
    """

    kind: ClassVar[str] = ""
    """The node's, and the function's name."""
    labels: ClassVar[bool] = False
    """Whether y_true are whole numbers, the numbers of classes."""
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
            return ops.cast(self.call(*_same_rank(true, predicted)), "float32")

        return emission.run(values, [y_true, y_pred], f"the loss {self.name!r}")[1][0]

    def _store(self, arguments: dict[str, Any]) -> None:
        arguments.pop("dtype", None)
        super()._store(arguments)
        if self.reduction is not None:
            lookup("reduction", self.reduction, _REDUCTIONS)
        _last_axis(type(self).__name__, arguments.get("axis", -1))

    def _argument_names(self) -> tuple[str, ...]:
        return tuple(name for name in super()._argument_names() if name != "dtype")

    def node(self) -> tuple[str, dict[str, Any]]:
        """Kind and config of the node that stands for it in a graph."""
        config = {n: getattr(self, n) for n in self._argument_names() if n not in ("reduction", "name", "axis")}
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
            y_true, y_pred = _same_rank(*(one.astype(np.float32) for one in pair))
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
        values = self.call(*_same_rank(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)))
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


class MeanSquaredError(Loss):
    """mean((y_true - y_pred)**2): the mean over a sample's outputs, then over samples.

    Args:
        reduction: See `Loss`.
        name: Its name.
        dtype: Taken for Keras' sake.

    Example:
        >>> fastnn.losses.MeanSquaredError()([[0.0, 1.0]], [[1.0, 1.0]])
        0.5
    """

    kind = "mean_squared_error"

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = kind, dtype: Any = None) -> None:
        pass


class MeanAbsoluteError(Loss):
    """mean(|y_true - y_pred|)."""

    kind = "mean_absolute_error"

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = kind, dtype: Any = None) -> None:
        pass


class MeanAbsolutePercentageError(Loss):
    """100 * mean(|(y_true - y_pred) / y_true|)."""

    kind = "mean_absolute_percentage_error"

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = kind, dtype: Any = None) -> None:
        pass


class MeanSquaredLogarithmicError(Loss):
    """mean((log(y_true + 1) - log(y_pred + 1))**2)."""

    kind = "mean_squared_logarithmic_error"

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = kind, dtype: Any = None) -> None:
        pass


class Huber(Loss):
    """Half the square of small errors, and errors larger than `delta` in proportion.

    Args:
        delta: Where the square ends.
        reduction: See `Loss`.
        name: Its name.
        dtype: Taken for Keras' sake.
    """

    kind = "huber"

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "huber_loss",
        dtype: Any = None,
    ) -> None:
        pass


class LogCosh(Loss):
    """mean(log(cosh(y_pred - y_true)))."""

    kind = "log_cosh"

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = kind, dtype: Any = None) -> None:
        pass


class Poisson(Loss):
    """mean(y_pred - y_true * log(y_pred))."""

    kind = "poisson"

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = kind, dtype: Any = None) -> None:
        pass


class KLDivergence(Loss):
    """sum(y_true * log(y_true / y_pred))."""

    kind = "kl_divergence"

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = kind, dtype: Any = None) -> None:
        pass


class Hinge(Loss):
    """mean(max(1 - y_true * y_pred, 0)), labels -1 and 1."""

    kind = "hinge"

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = kind, dtype: Any = None) -> None:
        pass


class SquaredHinge(Loss):
    """mean(max(1 - y_true * y_pred, 0)**2), labels -1 and 1."""

    kind = "squared_hinge"

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = kind, dtype: Any = None) -> None:
        pass


class CategoricalHinge(Loss):
    """max(0, 1 + the best wrong output - the right one), labels one-hot."""

    kind = "categorical_hinge"

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = kind, dtype: Any = None) -> None:
        pass


class CosineSimilarity(Loss):
    """Minus the cosine of the angle between y_true and y_pred.

    Args:
        axis: -1.
        reduction: See `Loss`.
        name: Its name.
        dtype: Taken for Keras' sake.
    """

    kind = "cosine_similarity"

    def __init__(
        self, axis: int = -1, reduction: str | None = "sum_over_batch_size", name: str = kind, dtype: Any = None
    ) -> None:
        pass


class BinaryCrossentropy(Loss):
    """The cross-entropy of outputs that each say yes or no.

    Args:
        from_logits: Whether outputs are logits: what goes into the sigmoid.
        label_smoothing: How far labels are drawn towards 0.5.
        axis: -1.
        reduction: See `Loss`.
        name: Its name.
        dtype: Taken for Keras' sake.
    """

    kind = "binary_crossentropy"

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = kind,
        dtype: Any = None,
    ) -> None:
        _smoothing(self)


class CategoricalCrossentropy(Loss):
    """The cross-entropy of outputs of which one is right, labels one-hot.

    Args:
        from_logits: Whether outputs are logits: what goes into the softmax.
        label_smoothing: How far labels are drawn towards 1 / classes.
        axis: -1.
        reduction: See `Loss`.
        name: Its name.
        dtype: Taken for Keras' sake.
    """

    kind = "categorical_crossentropy"

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = kind,
        dtype: Any = None,
    ) -> None:
        _smoothing(self)


class SparseCategoricalCrossentropy(Loss):
    """The cross-entropy of outputs of which one is right, labels whole numbers.

    Args:
        from_logits: Whether outputs are logits: what goes into the softmax.
        ignore_class: A label whose samples count as 0, or None.
        axis: -1.
        reduction: See `Loss`.
        name: Its name.
        dtype: Taken for Keras' sake.
    """

    kind = "sparse_categorical_crossentropy"
    labels = True

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = kind,
        dtype: Any = None,
    ) -> None:
        pass


def _smoothing(loss: Loss) -> None:
    if not 0 <= loss.label_smoothing <= 1:
        raise ValueError(f"{type(loss).__name__} expects label_smoothing from 0 to 1, got {loss.label_smoothing!r}")


CLASSES: dict[str, type[Loss]] = {
    cls.kind: cls
    for cls in (
        MeanSquaredError, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredLogarithmicError, Huber, LogCosh,
        Poisson, KLDivergence, Hinge, SquaredHinge, CategoricalHinge, CosineSimilarity, BinaryCrossentropy,
        CategoricalCrossentropy, SparseCategoricalCrossentropy,
    )
}  # fmt: skip
FUNCTIONS: dict[str, Callable[..., Values]] = {kind: globals()[kind] for kind in CLASSES}
ALIASES = {
    "mse": "mean_squared_error", "MSE": "mean_squared_error", "mae": "mean_absolute_error",
    "MAE": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error", "MAPE": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error", "MSLE": "mean_squared_logarithmic_error",
    "bce": "binary_crossentropy", "BCE": "binary_crossentropy", "kld": "kl_divergence", "KLD": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence", "logcosh": "log_cosh", "huber_loss": "huber",
    **{cls.__name__: kind for kind, cls in CLASSES.items()},
    **{snake_case(cls.__name__): kind for kind, cls in CLASSES.items() if snake_case(cls.__name__) != kind},
}  # fmt: skip


def get(identifier: str | Mapping[str, Any] | Loss | Callable[..., Any] | None) -> Loss | None:
    """The loss that a name, a config, a class, an object or a function of this module means.

    Raises:
        ValueError: The name is unknown; the message proposes the nearest.
        TypeError: It is nothing of the kind.

    Example:
        >>> fastnn.losses.get("mse").kind
        'mean_squared_error'
    """
    if identifier is None or isinstance(identifier, Loss):
        return identifier
    if isinstance(identifier, str):
        return lookup("loss", identifier, CLASSES, ALIASES)()  # type: ignore[no-any-return]
    if isinstance(identifier, Mapping):
        cls = lookup("loss", identifier["class_name"], CLASSES, ALIASES)
        return cls.from_config(identifier.get("config", {}))  # type: ignore[no-any-return]
    if isinstance(identifier, type) and issubclass(identifier, Loss):
        return identifier()
    for kind, function in FUNCTIONS.items():
        if identifier is function:
            return CLASSES[kind]()
    if callable(identifier):
        return FunctionLoss(identifier)
    raise TypeError(f"loss expects a name or an object of fastnn.losses, got {identifier!r}")


def __getattr__(name: str) -> Callable[..., Values]:
    if name in ALIASES and name not in ("huber_loss",):
        return FUNCTIONS[ALIASES[name]]
    raise AttributeError(f"module 'fastnn.losses' has no attribute {name!r}")
