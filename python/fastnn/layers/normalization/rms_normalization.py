"""Normalization by the root mean square."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn import initializers
from fastnn.engine.node_layer import NodeLayer
from fastnn.symbolic.variable import Variable


class RMSNormalization(NodeLayer):
    """scale * x / sqrt(mean(x**2) + epsilon), with the mean of each sample's own values along `axis`.

    Shapes: the input's; `scale` has the sizes of `axis`.

    Args:
        axis: The axis, or several, over which the mean is taken.
        epsilon: Added to the mean.
        **kwargs: `name`, `trainable`, `input_shape`, as in `Layer`.

    Example:
        >>> RMSNormalization()
    """

    kind = "RMSNormalization"
    supports_masking = True
    scale: Variable

    def __init__(self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale_initializer = initializers.get("ones")
