"""Layer that joins all axes but the batch."""

from __future__ import annotations

from typing import Any

from fastnn.engine.input_spec import InputSpec
from fastnn.engine.node_layer import NodeLayer


class Flatten(NodeLayer):
    """Layer that joins all axes but the batch.

    Shapes: input (batch, a, b, ...), output (batch, a * b * ...).

    Args:
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `data_format` is unknown.

    Example:
        >>> layers.Flatten()(np.ones((2, 28, 28, 3))).shape
        (2, 2352)
    """

    __fastnn_kind__ = "Flatten"
    data_format: str

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def __fastnn_input_spec__(self) -> InputSpec:
        """Returns the description of the input."""
        return InputSpec(min_ndim=1)
