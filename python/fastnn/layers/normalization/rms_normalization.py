"""Root mean square normalization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn import initializers
from fastnn.engine.node_layer import NodeLayer
from fastnn.symbolic.variable import Variable


class RMSNormalization(NodeLayer):
    """Root mean square normalization layer.

    Computes scale * x / sqrt(mean(x**2) + epsilon), with the mean of each sample along `axis`.

    Shapes: input (batch, ...), output of the same shape. Weights: `scale` of the sizes of `axis`.

    Args:
        axis: Integer or tuple of integers, the axes over which the mean is computed.
        epsilon: Positive number added to the mean square, against division by zero.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `axis` is the batch axis or does not exist.

    References:
        - Zhang, Sennrich, "Root Mean Square Layer Normalization", 2019.

    Example:
        >>> layers.RMSNormalization()(np.array([[3.0, 4.0]])).round(4)
        array([[0.8485, 1.1314]], dtype=float32)
    """

    __fastnn_kind__ = "RMSNormalization"
    supports_masking = True
    scale: Variable
    axis: int | Sequence[int]
    epsilon: float

    def __init__(self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale_initializer = initializers.get("ones")
