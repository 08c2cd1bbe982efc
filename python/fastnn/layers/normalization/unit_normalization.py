"""Normalization of vectors to unit length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.engine.node_layer import NodeLayer


class UnitNormalization(NodeLayer):
    """Layer that scales vectors to a Euclidean norm of 1.

    Computes x / sqrt(sum(x**2)), with the sum of each sample along `axis`.

    Shapes: input (batch, ...), output of the same shape.

    Args:
        axis: Integer or tuple of integers, the axes over which the norm is computed.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `axis` is the batch axis or does not exist.

    Example:
        >>> layers.UnitNormalization()(np.array([[3.0, 4.0]]))
        array([[0.6, 0.8]], dtype=float32)
    """

    __fastnn_kind__ = "UnitNormalization"
    __fastnn_built_at_once__ = True
    __fastnn_always_lists__ = ("axis",)
    supports_masking = True
    axis: int | Sequence[int]

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
