"""Reductions of rows by group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn.ops import reduction, shaping
from fastnn.ops.conversion import cast, dtype
from fastnn.ops.keras_functions import as_in_keras
from fastnn.ops.logic import equal, where
from fastnn.ops.node import array
from fastnn.precision import is_float
from fastnn.symbolic.tensors import is_traced


def _members(segment_ids: Any, num_segments: int | None, who: str) -> tuple[Any, int]:
    if num_segments is None:
        if is_traced(segment_ids):
            raise ValueError(f"ops.{who} expects num_segments: the number of segments is unknown")
        num_segments = int(np.max(np.asarray(segment_ids), initial=-1)) + 1
    if len(segment_ids.shape if hasattr(segment_ids, "shape") else np.shape(segment_ids)) != 1:
        raise ValueError(f"ops.{who} expects segment_ids of rank 1")
    ids = shaping.expand_dims(cast(segment_ids, "int32"), 1)
    return equal(ids, np.arange(num_segments, dtype=np.int32)), num_segments


def _by_segment(op: Callable[..., Any], otherwise: Any, data: Any, ids: Any, count: int | None, who: str) -> Any:
    members, count = _members(ids, count, who)
    data = data if is_traced(data) else array(data)
    rank = len(data.shape)
    for _ in range(rank - 1):
        members = shaping.expand_dims(members, -1)
    if not is_float(dtype(data)):
        otherwise = {np.inf: 2**31 - 1, -np.inf: -(2**31)}.get(otherwise, otherwise)
    return op(where(members, shaping.expand_dims(data, 1), otherwise), 0)


@as_in_keras(module="math")
def segment_sum(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """Returns the sum of the rows of each segment. An empty segment has the sum 0.

    Args:
        data: Tensor or array of shape `(rows, ...)`.
        segment_ids: Segment of each row, integers of shape `(rows,)`; rows with an id outside the segments are ignored.
        num_segments: Number of segments; None: the largest id plus one, where the ids are not a symbolic tensor.
        sorted: Accepted for Keras compatibility; ignored.

    Returns:
        Tensor or array of shape `(num_segments, ...)`, without a batch.

    Raises:
        ValueError: The ids have another rank, or are symbolic without `num_segments`.

    Example:
        >>> ops.segment_sum([1, 2, 3], np.array([0, 1, 0]))
        array([4, 2], dtype=int32)
    """
    return _by_segment(reduction.sum, 0, data, segment_ids, num_segments, "segment_sum")


@as_in_keras(module="math")
def segment_prod(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """Returns the product of the rows of each segment. An empty segment has the product 1.

    Args:
        data: Tensor or array of shape `(rows, ...)`.
        segment_ids: Segment of each row, integers of shape `(rows,)`; rows with an id outside the segments are ignored.
        num_segments: Number of segments; None: the largest id plus one, where the ids are not a symbolic tensor.
        sorted: Accepted for Keras compatibility; ignored.

    Returns:
        Tensor or array of shape `(num_segments, ...)`, without a batch.

    Raises:
        ValueError: The ids have another rank, or are symbolic without `num_segments`.

    Example:
        >>> ops.segment_prod([1, 2, 3], np.array([0, 1, 0]))
        array([3, 2], dtype=int32)
    """
    return _by_segment(reduction.prod, 1, data, segment_ids, num_segments, "segment_prod")


@as_in_keras(module="math")
def segment_max(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """Returns the largest of the rows of each segment; -inf for an empty segment.

    Args:
        data: Tensor or array of shape `(rows, ...)`.
        segment_ids: Segment of each row, integers of shape `(rows,)`; rows with an id outside the segments are ignored.
        num_segments: Number of segments; None: the largest id plus one, where the ids are not a symbolic tensor.
        sorted: Accepted for Keras compatibility; ignored.

    Returns:
        Tensor or array of shape `(num_segments, ...)`, without a batch.

    Raises:
        ValueError: The ids have another rank, or are symbolic without `num_segments`.

    Example:
        >>> ops.segment_max([1, 2, 3], np.array([0, 1, 0]))
        array([3, 2], dtype=int32)
    """
    return _by_segment(reduction.max, -np.inf, data, segment_ids, num_segments, "segment_max")


@as_in_keras(module="math")
def segment_min(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """Returns the smallest of the rows of each segment; inf for an empty segment.

    Args:
        data: Tensor or array of shape `(rows, ...)`.
        segment_ids: Segment of each row, integers of shape `(rows,)`; rows with an id outside the segments are ignored.
        num_segments: Number of segments; None: the largest id plus one, where the ids are not a symbolic tensor.
        sorted: Accepted for Keras compatibility; ignored.

    Returns:
        Tensor or array of shape `(num_segments, ...)`, without a batch.

    Raises:
        ValueError: The ids have another rank, or are symbolic without `num_segments`.

    Example:
        >>> ops.segment_min([1, 2, 3], np.array([0, 1, 0]))
        array([1, 2], dtype=int32)
    """
    return _by_segment(reduction.min, np.inf, data, segment_ids, num_segments, "segment_min")
