"""Layer that returns its input."""

from __future__ import annotations

from typing import Any

from fastnn.engine.node_layer import NodeLayer


class Identity(NodeLayer):
    """Passes its input on.

    Shapes: the input's.

    Args:
        **kwargs: `name`, `input_shape`, as in `Layer`.
    """

    supports_masking = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
