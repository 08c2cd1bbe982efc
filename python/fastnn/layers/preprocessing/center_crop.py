"""Layer that crops the center of images."""

from __future__ import annotations

from typing import Any

from fastnn.engine.emission import Emission
from fastnn.layers.preprocessing.image_layer import ImageLayer


class CenterCrop(ImageLayer):
    """The window of this size in the middle of each image.

    Where an image is smaller, the largest window in its middle that has the output's shape is resized.

    Shapes: (batch, h, w, channels) -> (batch, height, width, channels).

    Args:
        height: Rows of the output.
        width: Columns of the output.
        data_format: "channels_last" or None.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: A size is below 1.

    Example:
        >>> CenterCrop(24, 24)(np.zeros((2, 28, 28, 1))).shape
        (2, 24, 24, 1)
    """

    kind = "Resizing"

    def __init__(self, height: int, width: int, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def _node(self) -> tuple[str, dict[str, Any]] | None:
        return self.kind, {"height": self.height, "width": self.width, "crop_to_aspect_ratio": True}

    def _emit_main(self, emission: Emission, edges: list[int]) -> list[int]:
        height, width = emission.graph.spec(edges[0])[0][1:3]
        if (height or 0) < self.height or (width or 0) < self.width:
            return super()._emit_main(emission, edges)
        return emission.add(self, "CenterCrop", {"height": self.height, "width": self.width}, edges)
