"""Normalization to unit length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.engine.node_layer import NodeLayer


class UnitNormalization(NodeLayer):
    """x / sqrt(sum(x**2)): each sample's stretch along `axis` gets length 1.

    Shapes: the input's.

    Args:
        axis: The axis, or several, over which the length is taken.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> UnitNormalization()
    """

    kind = "UnitNormalization"
    supports_masking = True

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
