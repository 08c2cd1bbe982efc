"""Per-sample values of losses and metrics, computed by nodes of the core.

Owns the rules by which the shapes of targets and predictions are matched.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn import _core, ops
from fastnn.engine.arrays import numeric
from fastnn.losses.reduction import same_rank
from fastnn.precision import floatx
from fastnn.symbolic.tensors import is_traced, operators

Values = NDArray[np.float32]
_OF_EQUAL_SHAPES = ("categorical_crossentropy", "binary_crossentropy", "binary_focal_crossentropy")
"""The losses whose targets have the shape of the predictions, as in Keras; those of the others are broadcast."""


def values_of(
    kind: str, y_true: ArrayLike, y_pred: ArrayLike, labels: bool = False, axis: int = -1, **config: Any
) -> Values:
    """Returns one value for each row along an axis, computed by a node of the core.

    Args:
        kind: Kind of the node.
        y_true: Targets that broadcast with `y_pred`, or class indices of its shape without the last axis. A last axis
            of size 1 may be missing or additional.
        y_pred: Predictions, of shape `(..., n)`.
        labels: True where `y_true` holds class indices.
        axis: Axis of the rows, such as that of the classes.
        **config: Arguments of the node.

    Returns:
        Values, of the shape of `y_pred` without the axis.

    Raises:
        ValueError: The shapes do not fit, or there is no such axis.
    """
    if axis != -1:
        y_true, y_pred = _with_axis_last(kind, y_true, y_pred, labels, axis)
    if is_traced([y_true, y_pred]):
        return _traced_values(kind, y_true, y_pred, labels, config)  # type: ignore[no-any-return]
    true, predicted = numeric(y_true, f"{kind}: y_true"), numeric(y_pred, f"{kind}: y_pred").astype(floatx())
    if labels:
        true = one_label_each(true, predicted)
        if predicted.ndim == 0 or true.shape != predicted.shape[:-1]:
            raise ValueError(f"{kind} expects y_true of shape {predicted.shape[:-1]} (integers), got {true.shape}")
        true = true.reshape(-1).astype(np.int32)
    else:
        true, predicted = same_rank(true, predicted)
        if kind in _OF_EQUAL_SHAPES and true.shape != predicted.shape:
            raise ValueError(
                f"{kind} expects y_true of shape {predicted.shape}, that of y_pred, got {true.shape}; turn class "
                f"indices into rows with utils.to_categorical(y_true, {predicted.shape[-1] if predicted.ndim else 1})"
            )
        try:
            true, predicted = np.broadcast_arrays(true, predicted)
        except ValueError:
            raise ValueError(f"{kind} expects y_true of shape {predicted.shape}, got {true.shape}") from None
        if predicted.ndim == 0:
            true, predicted = true[np.newaxis], predicted[np.newaxis]
        true = np.ascontiguousarray(true.reshape(-1, predicted.shape[-1]), dtype=floatx())
    lead = predicted.shape[:-1]
    rows = np.ascontiguousarray(predicted.reshape(-1, predicted.shape[-1]))
    if not len(rows):
        return np.zeros(lead, dtype=floatx())
    made: Values = _core.core_for(floatx()).apply(kind, config, [true, rows])[0].reshape(lead)
    return made


def values_of_elements(kind: str, y_true: ArrayLike, y_pred: ArrayLike, labels: bool = False, **config: Any) -> Values:
    """Returns one value for each element, in place of the mean over the last axis; see `values_of`."""
    if is_traced([y_true, y_pred]):
        true, predicted = ops.cast(y_true, floatx()), ops.cast(y_pred, floatx())
    else:
        true, predicted = numeric(y_true, f"{kind}: y_true"), numeric(y_pred, f"{kind}: y_pred")
    true, predicted = same_rank(true, predicted)
    if isinstance(predicted, np.ndarray):
        true, predicted = np.broadcast_arrays(true, predicted)
    return values_of(kind, ops.expand_dims(true, -1), ops.expand_dims(predicted, -1), labels, **config)


def _traced_values(kind: str, y_true: Any, y_pred: Any, labels: bool, config: dict[str, Any]) -> Any:
    """Returns the values of tensors; losses whose gradient may flow into y_true are computed by functions."""
    true, predicted = ops.cast(y_true, "int32" if labels else floatx()), ops.cast(y_pred, floatx())
    if labels:
        true = one_label_each(true, predicted)
    else:
        true, predicted = same_rank(true, predicted)
        if kind == "mean_squared_error":
            return ops.mean(ops.square(predicted - true), -1)
        if kind == "mean_absolute_error":
            return ops.mean(ops.abs(predicted - true), -1)
        if kind == "cosine_similarity":
            return -ops.sum(ops.normalize(true) * ops.normalize(predicted), -1)
        if tuple(true.shape) != tuple(predicted.shape):
            true, predicted = true + ops.zeros_like(predicted), predicted + ops.zeros_like(true)
    return operators["node"](kind, config, [true, predicted])


def one_label_each(true: Any, predicted: Any) -> Any:
    """Returns class indices without a last axis of size 1, where they have as many axes as the predictions."""
    if len(true.shape) == len(predicted.shape) and len(true.shape) > 0 and true.shape[-1] == 1:
        return true[..., 0] if isinstance(true, np.ndarray) else ops.squeeze(true, -1)
    return true


def _with_axis_last(kind: str, y_true: Any, y_pred: Any, labels: bool, axis: int) -> tuple[Any, Any]:
    """Returns targets and predictions with an axis moved to the end; class indices lack it, or have size 1 there."""
    true, predicted = (one if is_traced(one) else np.asarray(one) for one in (y_true, y_pred))
    rank = len(predicted.shape)
    if isinstance(axis, bool) or not isinstance(axis, int) or not -rank <= axis < rank:
        raise ValueError(f"{kind}: axis expects an integer from {-rank} to {rank - 1}, got {axis!r}")
    if not labels:
        true, predicted = same_rank(true, predicted)
        return ops.moveaxis(true, axis, -1), ops.moveaxis(predicted, axis, -1)
    if len(true.shape) == rank and true.shape[axis] == 1:
        true = ops.squeeze(true, axis)
    return true, ops.moveaxis(predicted, axis, -1)
