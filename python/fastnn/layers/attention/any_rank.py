"""Attention of any rank, written with the functions of `fastnn.ops`.

The core has a node for sequences (batch, steps, size). What attends along other axes is computed here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from fastnn import ops

_NEVER = -1e9
"""The score of a key that a query may not attend to."""

Dropped = Callable[[Any], Any]
"""A function that drops attention weights in training."""


def joined_masks(*masks: Any) -> Any:
    """Returns the logical and of masks that can be broadcast together; None where all are None."""
    made = None
    for mask in masks:
        if mask is not None:
            mask = ops.cast(mask, "bool")
            made = mask if made is None else ops.logical_and(made, mask)
    return made


def causal_mask(queries: int | None, keys: int | None, who: str) -> Any:
    """Returns a mask (1, queries, keys) that is true where a key is not later than the query.

    Raises:
        ValueError: A number of steps is unknown.
    """
    if queries is None or keys is None:
        raise ValueError(f"{who} expects known numbers of steps for use_causal_mask, got {queries} and {keys}")
    return ops.expand_dims(ops.tril(ops.ones((queries, keys), dtype="bool")), 0)


def mean_by_scores(scores: Any, mask: Any, value: Any, drop: Dropped, zero: bool = False) -> tuple[Any, Any]:
    """Returns for each query the mean of the values, weighted by the softmax of the scores, and the weights.

    Args:
        scores: Tensor (batch, ..., queries, keys).
        mask: Tensor that can be broadcast to it, true where a query may attend, or None.
        value: Tensor (batch, ..., keys, width).
        drop: Drops weights in training.
        zero: Whether a query that may attend to nothing gets 0; otherwise it gets the mean of all values.
    """
    if mask is not None:
        scores = ops.where(mask, scores, _NEVER)
    weights = ops.softmax(scores, axis=-1)
    if zero and mask is not None:
        weights = ops.where(mask, weights, 0.0)
    return ops.matmul(drop(weights), value), weights


def dot_scores(query: Any, key: Any) -> Any:
    """Returns the dot product of each query with each key, (batch, ..., queries, keys)."""
    rank = len(key.shape)
    return ops.matmul(query, ops.transpose(key, (*range(rank - 2), rank - 1, rank - 2)))


def tanh_scores(query: Any, key: Any, scale: Any) -> Any:
    """Returns the sum of scale * tanh(query + key) for each query and key, (batch, ..., queries, keys)."""
    spread = ops.tanh(ops.add(ops.expand_dims(query, -2), ops.expand_dims(key, -3)))
    return ops.sum(spread if scale is None else ops.multiply(spread, scale), axis=-1)


class AttendedAxes:
    """Axes along which heads attend, in tensors (batch, axes..., heads, size).

    Args:
        axes: The attended axes, in order.
        rank: The number of axes of the query, the batch and the size of its elements included.
    """

    def __init__(self, axes: Sequence[int], rank: int) -> None:
        self._axes = [axis % rank for axis in axes]
        self._free = [axis for axis in range(1, rank - 1) if axis not in self._axes]
        self._heads = rank - 1

    @property
    def count(self) -> int:
        """The number of attended axes."""
        return len(self._axes)

    def sizes(self, tensor: Any) -> list[int | None]:
        """Returns the sizes of the attended axes."""
        return [tensor.shape[axis] for axis in self._axes]

    def heads_first(self, tensor: Any) -> Any:
        """Returns the tensor as (batch, free axes..., heads, steps, size), with the attended axes as one."""
        order = [0, *self._free, self._heads, *self._axes, self._heads + 1]
        moved = ops.transpose(tensor, order)
        kept = 2 + len(self._free)
        return self._reshaped(moved, [*moved.shape[1:kept], _product(self.sizes(tensor)), moved.shape[-1]])

    def heads_last(self, tensor: Any, query: Any) -> Any:
        """Returns what `heads_first` made of a tensor like the query to its axes."""
        kept = 2 + len(self._free)
        spread = self._reshaped(tensor, [*tensor.shape[1:kept], *self.sizes(query), tensor.shape[-1]])
        order = [0, *self._free, self._heads, *self._axes, self._heads + 1]
        return ops.transpose(spread, [order.index(axis) for axis in range(len(order))])

    def spread_scores(self, scores: Any, query: Any, key: Any) -> Any:
        """Returns scores (batch, free axes..., heads, queries, keys) with all attended axes."""
        kept = 2 + len(self._free)
        return self._reshaped(scores, [*scores.shape[1:kept], *self.sizes(query), *self.sizes(key)])

    def flat_mask(self, mask: Any, query: Any, key: Any) -> Any:
        """Returns a mask, given with the attended axes, as one that can be broadcast to scores.

        Axes that it lacks are put before the attended ones.
        """
        if mask is None:
            return None
        rank = 2 + len(self._free) + 2 * self.count
        while len(mask.shape) < rank:
            mask = ops.expand_dims(mask, -2 * self.count - 1)
        if self.count == 1:
            return mask
        full = [*self.sizes(query), *self.sizes(key)]
        mask = ops.logical_and(mask, ops.ones((*[1] * (rank - len(full)), *full), dtype="bool"))
        steps = [_product(self.sizes(query)), _product(self.sizes(key))]
        return ops.reshape(mask, (*_known(mask.shape[: rank - len(full)]), *steps))

    def _reshaped(self, tensor: Any, sizes: Sequence[int | None]) -> Any:
        if list(tensor.shape[1:]) == list(sizes):
            return tensor
        return ops.reshape(tensor, (-1, *_known(sizes)))


def _known(sizes: Sequence[int | None]) -> list[int]:
    return [-1 if size is None else size for size in sizes]


def _product(sizes: Sequence[int | None]) -> int | None:
    return None if None in sizes else math.prod(size for size in sizes if size is not None)
