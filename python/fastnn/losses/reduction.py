"""Weighting and reduction: per-sample values, sample weights and a mask become one number.

Owns the rules by which the shape of sample weights is matched to that of the values. They hold for NumPy arrays, where
sums are float64, and for symbolic tensors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn import ops
from fastnn.precision import floatx

REDUCTIONS = dict.fromkeys(("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none"))
"""The names of the reductions; None means "none"."""


def same_rank(one: Any, other: Any) -> tuple[Any, Any]:
    """Returns two arrays or tensors of equal rank, where the rank of one is greater by a last axis of size 1.

    The other one gets that axis if it has one axis; otherwise the axis is removed. In all other cases both stay as they
    are.
    """
    if len(one.shape) == len(other.shape) + 1 and one.shape[-1] == 1:
        return (one, _expanded(other)) if len(other.shape) == 1 else (_squeezed(one), other)
    if len(other.shape) == len(one.shape) + 1 and other.shape[-1] == 1:
        return (_expanded(one), other) if len(one.shape) == 1 else (one, _squeezed(other))
    return one, other


def weighted(who: str, values: Any, weights: Any) -> tuple[Any, Any]:
    """Returns values times weights, and the weights, both brought to the rank of one another.

    Args:
        who: Name of the loss, for the error.
        values: Per-sample values.
        weights: Sample weights.

    Raises:
        ValueError: The weights do not broadcast to the values.
    """
    values, weights = same_rank(values, weights)
    if isinstance(values, np.ndarray):
        try:
            return values * weights, weights
        except ValueError:
            raise ValueError(
                f"{who}: sample_weight of shape {weights.shape} does not broadcast to the values, of shape "
                f"{values.shape}; for one weight a row pass sample_weight.reshape(-1{', 1' * (values.ndim - 1)})"
            ) from None
    return values * weights, weights


def reduced(who: str, values: Any, weights: Any, mask: Any, reduction: str | None) -> Any:
    """Returns the reduction of weighted values.

    Args:
        who: Name of the loss, for errors.
        values: Per-sample values: a float64 array or a symbolic tensor.
        weights: Sample weights of the same kind, or None.
        mask: Mask of the values of the same kind: 1 where a value counts, else 0; or None.
        reduction: One of `REDUCTIONS`, or None.

    Returns:
        An array or tensor without axes; the weighted values where `reduction` is "none" or None.

    Raises:
        ValueError: The weights do not broadcast to the values.
    """
    mean = reduction in ("sum_over_batch_size", "mean")
    if mask is not None:
        factors = mask * _divided(_size(mask), _total(mask)) if mean else mask
        weights = factors if weights is None else weighted(who, factors, weights)[0]
    if weights is not None:
        values, weights = weighted(who, values, weights)
    if reduction in (None, "none") or len(values.shape) == 0:
        return values
    if reduction == "sum":
        return _total(values)
    if mean or weights is None:
        return _mean(values)
    return _divided(_total(values), _total(weights))


def per_sample(who: str, values: Any, weights: Any, mask: Any, summed: bool = False) -> tuple[Any, Any]:
    """Returns the weighted value and the weight of each sample, all axes but the first reduced.

    Weights with fewer axes than the values are those of the leading axes.

    Args:
        who: Name of the metric, for the error.
        values: Values: a float64 array or a symbolic tensor.
        weights: Sample weights of the same kind, or None.
        mask: Mask of the values, which counts where there are weights; or None.
        summed: True to reduce by sums, False by means.

    Raises:
        ValueError: The weights do not broadcast to the values.
    """
    counts = _ones_like_rows(values)
    if weights is not None:
        if mask is not None:
            weights = weighted(who, _of_shape(mask, values), weights)[0]
        values, weights = same_rank(values, weights)
        rank = len(weights.shape)
        values = _reduced_from(values, rank, summed)
        weights = _broadcast(who, weights, values)
        values = values * weights
        counts = _reduced_from(weights, 1, summed)
    return _reduced_from(values, 1, summed), counts


def total(x: Any) -> Any:
    """Returns the sum of all elements of an array or a tensor."""
    return _total(x)


def _reduced_from(x: Any, axis: int, summed: bool) -> Any:
    """Returns the sums or means over an axis and all that follow it."""
    axes = tuple(range(axis, len(x.shape)))
    if isinstance(x, np.ndarray):
        return (np.sum if summed else np.mean)(x, axis=axes)
    return (ops.sum if summed else ops.mean)(x, axis=axes) if axes else x


def _ones_like_rows(values: Any) -> Any:
    if isinstance(values, np.ndarray):
        return np.ones(values.shape[:1])
    # The number of rows is known in each step only.
    return ops.ones_like(_reduced_from(values, 1, False))


def _of_shape(mask: Any, values: Any) -> Any:
    """Returns a mask, which may have an axis of size 1 more than the values, in their shape."""
    if isinstance(values, np.ndarray):
        return np.asarray(mask, np.float64).reshape(values.shape)
    mask = ops.cast(mask, floatx())
    return _squeezed(mask) if len(mask.shape) > len(values.shape) else mask


def _broadcast(who: str, weights: Any, values: Any) -> Any:
    if not isinstance(values, np.ndarray):
        return weights + ops.zeros_like(values)
    try:
        return np.broadcast_to(weights, values.shape)
    except ValueError:
        raise ValueError(
            f"{who}: sample_weight of shape {weights.shape} does not broadcast to the values, of shape {values.shape}"
        ) from None


def _expanded(x: Any) -> Any:
    return x[..., np.newaxis] if isinstance(x, np.ndarray) else ops.expand_dims(x, -1)


def _squeezed(x: Any) -> Any:
    return x[..., 0] if isinstance(x, np.ndarray) else ops.squeeze(x, -1)


def _total(x: Any) -> Any:
    return x.sum() if isinstance(x, np.ndarray) else ops.sum(x)


def _mean(x: Any) -> Any:
    """Returns the mean; 0 for an array without elements."""
    if isinstance(x, np.ndarray):
        return x.mean() if x.size else np.float64(0.0)
    return ops.mean(x)


def _size(x: Any) -> Any:
    """Returns the number of elements; that of a symbolic tensor may be known in each step only."""
    return np.float64(x.size) if isinstance(x, np.ndarray) else ops.sum(ops.ones_like(x))


def _divided(total: Any, count: Any) -> Any:
    """Returns total / count; 0 where the count is 0."""
    if isinstance(total, (np.ndarray, np.generic)):
        return total / count if count != 0 else np.float64(0.0)
    return ops.divide_no_nan(total, count)
