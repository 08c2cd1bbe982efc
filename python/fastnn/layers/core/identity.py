"""Layer that returns its input."""

from __future__ import annotations

from typing import Any

from fastnn.engine.node_layer import NodeLayer


class Identity(NodeLayer):
    """Layer that returns its input.

    Shapes: input (batch, ...), output of the same shape.

    Args:
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Example:
        >>> layers.Identity()(np.array([[1.0, 2.0]]))
        array([[1., 2.]], dtype=float32)
    """

    __fastnn_built_at_once__ = True
    supports_masking = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
