"""Counts that metrics keep: true and false positives and negatives, and confusion matrices.

The functions here take arrays as well as tensors. The counting is a node of the core, in a step and on arrays alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from fastnn import _core, ops
from fastnn.engine.eager_array import mask_of
from fastnn.losses.reduction import same_rank
from fastnn.precision import floatx
from fastnn.symbolic.tensors import is_traced, operators

LOWEST = -1e10
"""The score of predictions that are not among the largest."""


class Counts(NamedTuple):
    """Counts of one batch, each of shape `(thresholds,)`, or `(thresholds, labels)`."""

    true_positives: Any
    false_positives: Any
    true_negatives: Any
    false_negatives: Any


def thresholds_of(thresholds: Any, default: float = 0.5) -> list[float]:
    """Returns thresholds as a list.

    Args:
        thresholds: A number, several, or None.
        default: The threshold for None.

    Raises:
        ValueError: One is not between 0 and 1.
    """
    if thresholds is None:
        return [default]
    many = [thresholds] if isinstance(thresholds, (int, float, np.number)) else list(thresholds)
    wrong = [one for one in many if one is None or not 0 <= one <= 1]
    if wrong or not many:
        raise ValueError(f"thresholds expects numbers in [0, 1], got {wrong or many}")
    return [float(one) for one in many]


def counted(
    y_true: Any,
    y_pred: Any,
    thresholds: Sequence[float],
    sample_weight: Any = None,
    *,
    top_k: int | None = None,
    class_id: int | None = None,
    by_label: bool = False,
    label_weights: Any = None,
) -> Counts:
    """Returns how often predictions above each threshold, and those not above it, meet positive and negative labels.

    Args:
        y_true: Labels; 0 is negative, all else positive.
        y_pred: Predictions, of the same shape.
        thresholds: The thresholds.
        sample_weight: Weights of samples or of labels; or None.
        top_k: Count as positive only the `top_k` largest of the last axis; None: all.
        class_id: Count one class of the last axis; None: all.
        by_label: True to count each label of the last axis by itself.
        label_weights: A weight for each label of the last axis; or None.

    Raises:
        ValueError: The shapes do not fit.
    """
    mask = None if is_traced(y_pred) else mask_of(y_pred)
    true, guess = ops.cast(y_true, floatx()), ops.cast(y_pred, floatx())
    true, guess = same_rank(true, guess)
    _refuse_class_labels(tuple(true.shape), tuple(guess.shape))
    true, guess = _of_one_shape(true, guess)
    weights = _weights_of_labels(sample_weight, true)
    if mask is not None:
        weights = ops.multiply(_weights_of_labels(mask, true), 1.0 if weights is None else weights)
    if top_k is not None:
        guess = _only_largest(guess, top_k)
    if class_id is not None:
        if len(guess.shape) == 1:
            raise ValueError(f"class_id expects y_pred of shape (batch, classes), got shape {tuple(guess.shape)}")
        true, guess = true[..., class_id : class_id + 1], guess[..., class_id : class_id + 1]
        if weights is not None and weights.shape[-1] != 1:
            weights = weights[..., class_id : class_id + 1]
    if label_weights is not None:
        of_label = ops.cast(label_weights, floatx())
        weights = of_label if weights is None else ops.multiply(weights, of_label)
    inputs = [true, guess] if weights is None else [true, guess, ops.add(weights, ops.zeros_like(guess))]
    ordered = np.asarray(thresholds, dtype=floatx())
    if _are_even(thresholds):
        inputs[1] = ops.clip(guess, 0.0, 1.0)
    order = np.argsort(ordered, kind="stable")
    found = _node("confusion_counts", {"thresholds": ordered[order], "by_label": by_label}, inputs)
    if not np.array_equal(order, np.arange(len(order))):
        back = np.argsort(order, kind="stable")
        found = [ops.take(one, back, axis=0) for one in found]
    return Counts(*found)


def _refuse_class_labels(true: tuple[int | None, ...], guess: tuple[int | None, ...]) -> None:
    """Raises where predictions have an axis of classes that the labels lack."""
    if len(true) != len(guess) - 1 or guess[-1] == 1:
        return
    raise ValueError(
        f"metrics that count positives and negatives, such as Precision, Recall and AUC, expect y_true to have the "
        f"shape of y_pred, {_batch_shape(guess)}, got {_batch_shape(true)}; make rows of class labels with "
        f"utils.to_categorical(y, {guess[-1]}) and take the loss categorical_crossentropy, or use the metric 'accuracy'"
    )


def _batch_shape(shape: tuple[int | None, ...]) -> str:
    """Returns a shape for an error: (batch, 3)."""
    return f"({', '.join('batch' if size is None else str(size) for size in shape)}{',' * (len(shape) == 1)})"


def _are_even(thresholds: Any) -> bool:
    """Returns whether thresholds are spread evenly over [0, 1], which says that predictions are probabilities."""
    count = len(thresholds)
    return count >= 3 and bool(
        np.allclose(np.asarray(thresholds, np.float64), np.arange(count) / (count - 1), atol=1e-7)
    )


def confusion_matrix(y_true: Any, y_pred: Any, classes: int, sample_weight: Any = None) -> Any:
    """Returns how often each class was taken for each other, of shape `(classes, classes)`: true, then predicted.

    Args:
        y_true: Class indices.
        y_pred: Predicted class indices, of the same shape.
        classes: Number of classes; pairs with other numbers do not count.
        sample_weight: Weights that broadcast to the labels; or None.
    """
    inputs = [ops.cast(y_true, floatx()), ops.cast(y_pred, floatx())]
    if sample_weight is not None:
        inputs.append(ops.add(ops.cast(sample_weight, floatx()), ops.zeros_like(inputs[0])))
    return _node("confusion_matrix", {"classes": classes}, inputs)[0]


def _node(kind: str, config: dict[str, Any], inputs: list[Any]) -> list[Any]:
    """Returns the outputs of a node on arrays or tensors."""
    if is_traced(inputs):
        made = operators["node"](kind, config, inputs)
        return list(made) if isinstance(made, (list, tuple)) else [made]
    return list(
        _core.core_for(floatx()).apply(kind, config, [np.ascontiguousarray(one, dtype=floatx()) for one in inputs])
    )


def _of_one_shape(true: Any, guess: Any) -> tuple[Any, Any]:
    """Returns labels and predictions, which broadcast, in one shape."""
    if tuple(true.shape) == tuple(guess.shape):
        return true, guess
    if is_traced([true, guess]):
        return ops.add(true, ops.zeros_like(guess)), ops.add(guess, ops.zeros_like(true))
    try:
        both = np.broadcast_arrays(true, guess)
    except ValueError:
        raise ValueError(
            f"y_true and y_pred are expected to have one shape, got {tuple(true.shape)} and {tuple(guess.shape)}"
        ) from None
    return both[0], both[1]


def _weights_of_labels(weights: Any, true: Any) -> Any:
    """Returns weights, of samples or of labels, in a shape that broadcasts to the labels; None for None."""
    if weights is None:
        return None
    weights = ops.cast(weights, floatx())
    rank = len(true.shape)
    if len(weights.shape) == rank + 1 and weights.shape[-1] == 1:
        weights = ops.squeeze(weights, -1)
    while 0 < len(weights.shape) < rank:
        weights = ops.expand_dims(weights, -1)
    return weights


def _only_largest(guess: Any, count: int) -> Any:
    """Returns predictions of which all but the largest of the last axis are `LOWEST`."""
    places = ops.top_k(guess, count)[1]
    largest = ops.sum(ops.one_hot(places, guess.shape[-1]), axis=-2)
    return ops.where(ops.greater(largest, 0.0), guess, LOWEST)
