"""Reductions of rows by group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn.ops import reduction, shaping
from fastnn.ops.conversion import cast, dtype
from fastnn.ops.logic import equal, where
from fastnn.ops.node import array
from fastnn.symbolic.tensors import is_traced


def _members(segment_ids: Any, num_segments: int | None, who: str) -> tuple[Any, int]:
    if num_segments is None:
        if is_traced(segment_ids):
            raise ValueError(f"ops.{who} expects num_segments: how many there are is not known beforehand")
        num_segments = int(np.max(np.asarray(segment_ids), initial=-1)) + 1
    if len(segment_ids.shape if hasattr(segment_ids, "shape") else np.shape(segment_ids)) != 1:
        raise ValueError(f"ops.{who} expects segment_ids of one axis")
    ids = shaping.expand_dims(cast(segment_ids, "int32"), 1)
    return equal(ids, np.arange(num_segments, dtype=np.int32)), num_segments


def _by_segment(op: Callable[..., Any], otherwise: Any, data: Any, ids: Any, count: int | None, who: str) -> Any:
    members, count = _members(ids, count, who)
    data = data if is_traced(data) else array(data)
    rank = len(data.shape)
    for _ in range(rank - 1):
        members = shaping.expand_dims(members, -1)
    if dtype(data) != "float32":
        otherwise = {np.inf: 2**31 - 1, -np.inf: -(2**31)}.get(otherwise, otherwise)
    return op(where(members, shaping.expand_dims(data, 1), otherwise), 0)


def segment_sum(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The sum of the rows of each group.

    Args:
        data: Of shape (rows, ...).
        segment_ids: To which group each row belongs: whole numbers; one that is no group leaves the row out.
        num_segments: How many groups; None: as `segment_ids` say, where they are no symbolic tensor.
        sorted: No effect.

    Returns:
        Of shape (num_segments, ...), which has no batch.
    """
    return _by_segment(reduction.sum, 0, data, segment_ids, num_segments, "segment_sum")


def segment_prod(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The product of the rows of each group; as `segment_sum`."""
    return _by_segment(reduction.prod, 1, data, segment_ids, num_segments, "segment_prod")


def segment_max(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The largest of the rows of each group, -inf for a group without rows; as `segment_sum`."""
    return _by_segment(reduction.max, -np.inf, data, segment_ids, num_segments, "segment_max")


def segment_min(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The smallest of the rows of each group, inf for a group without rows; as `segment_sum`."""
    return _by_segment(reduction.min, np.inf, data, segment_ids, num_segments, "segment_min")
