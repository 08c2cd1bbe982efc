"""Layer that crops the center of images."""

from __future__ import annotations

from typing import Any

from fastnn.engine.emission import Emission
from fastnn.layers.preprocessing.image_layer import ImageLayer


class CenterCrop(ImageLayer):
    """Layer that crops the center of images.

    Of an image smaller than the output, the largest centered window with the aspect ratio of the output is resized.

    Shapes: input (batch, h, w, channels) or one image (h, w, channels), output (batch, height, width, channels) or
    (height, width, channels).

    Args:
        height: Positive integer, height of the output in pixels.
        width: Positive integer, width of the output in pixels.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layers.CenterCrop(24, 24)(np.zeros((2, 28, 28, 1))).shape
        (2, 24, 24, 1)
    """

    __fastnn_kind__ = "Resizing"
    height: int
    width: int

    def __init__(self, height: int, width: int, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def __fastnn_core_node__(self) -> tuple[str, dict[str, Any]] | None:
        """Returns the kind and the config of the node; None for a layer that passes its input on."""
        return self.__fastnn_kind__, {"height": self.height, "width": self.width, "crop_to_aspect_ratio": True}

    def __fastnn_add_core_node__(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the node to a graph; returns its output edges."""
        height, width = emission.graph.spec(edges[0])[0][1:3]
        if (height or 0) < self.height or (width or 0) < self.width:
            return super().__fastnn_add_core_node__(emission, edges)
        return emission.add(self, "CenterCrop", {"height": self.height, "width": self.width}, edges)
