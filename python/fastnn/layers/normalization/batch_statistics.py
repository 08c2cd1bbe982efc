"""Training of batch normalization in the functions of `fastnn.ops`, for what the node of the core does not compute.

That are batch renormalization, and masks that reach beyond the axis of the channels. `batch_normalization.py` owns the
layer and its weights.
"""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn.precision import floatx

_TINY = 1e-7
"""Added to the number of places that count, against division by zero where none does."""


def normalize(layer: Any, x: Any, mask: Any = None) -> Any:
    """Returns the normalized tensor of a step of training, and moves the statistics of the layer.

    Args:
        layer: A `BatchNormalization`.
        x: The tensor.
        mask: The mask, with the axes of `x` but the last; None: every place counts.
    """
    rank = len(x.shape)
    axis = layer.axis % rank
    others = [one for one in range(rank) if one != axis]
    shape = [1] * rank
    shape[axis] = x.shape[axis]
    mean, variance = _moments(x, mask, others)
    scale, offset = (None if one is None else ops.reshape(one, shape) for one in (layer.gamma, layer.beta))
    deviation = ops.sqrt(variance + layer.epsilon)
    made = (x - ops.reshape(mean, shape)) / ops.reshape(deviation, shape)
    if layer.renorm:
        factor, shift = _corrections(layer, mean, deviation)
        made = made * ops.reshape(factor, shape) + ops.reshape(shift, shape)
        _follow(layer.renorm_mean, mean, layer.renorm_momentum)
        _follow(layer.renorm_stddev, deviation, layer.renorm_momentum)
        _follow(layer.moving_mean, mean, layer.momentum)
        followed = layer.moving_stddev * layer.momentum + deviation * (1.0 - layer.momentum)
        layer.moving_stddev.assign(followed)
        layer.moving_variance.assign(ops.relu(followed * followed - layer.epsilon))
    else:
        _follow(layer.moving_mean, mean, layer.momentum)
        _follow(layer.moving_variance, variance, layer.momentum)
    made = made if scale is None else made * scale
    return made if offset is None else made + offset


def _moments(x: Any, mask: Any, axes: list[int]) -> tuple[Any, Any]:
    """Returns the mean and the variance of the places that count, along axes."""
    if mask is None:
        return ops.mean(x, axis=axes), ops.var(x, axis=axes)
    counts = ops.cast(ops.logical_and(ops.expand_dims(mask, -1), ops.ones_like(x, dtype="bool")), floatx())
    number = ops.sum(counts, axis=axes, keepdims=True) + _TINY
    mean = ops.sum(ops.where(counts > 0, x, 0.0), axis=axes, keepdims=True) / number
    variance = ops.sum(counts * ops.square(ops.where(counts > 0, x - mean, 0.0)), axis=axes, keepdims=True) / number
    return ops.squeeze(mean, axes), ops.squeeze(variance, axes)


def _corrections(layer: Any, mean: Any, deviation: Any) -> tuple[Any, Any]:
    """Returns the factor and the shift that bring the statistics of a batch to those that were kept."""
    kept = ops.maximum(layer.renorm_stddev, layer.epsilon**0.5)
    factor, shift = deviation / kept, (mean - layer.renorm_mean) / kept
    limits = layer.renorm_clipping or {}
    if limits.get("rmin") is not None:
        factor = ops.maximum(factor, limits["rmin"])
    if limits.get("rmax") is not None:
        factor = ops.minimum(factor, limits["rmax"])
    if limits.get("dmax") is not None:
        shift = ops.clip(shift, -limits["dmax"], limits["dmax"])
    return ops.stop_gradient(factor), ops.stop_gradient(shift)


def _follow(kept: Any, new: Any, momentum: float) -> None:
    """Moves a statistic towards its new value."""
    kept.assign(kept * momentum + new * (1.0 - momentum))
